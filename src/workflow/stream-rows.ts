/** Rows from a device into a file, streamed: memory does not grow with the height of the result. */
import { type Dtype, type GeoBox, isFloat, type RowRange, type TypedArray } from '../geo/index.js';
import type { Backend, DeviceTensor } from '../gpu/index.js';
import type { OperationOptions } from '../progress.js';
import { type CogOptions, CogWriter, toStored, UsedValues } from '../raster/node/index.js';

/** Rows that are computed in one step: a row of the result's tiles. */
const ROWS = 512;

/** Where rows come from: a warped raster, or what is computed from several. */
export interface RowSource {
  readonly bandCount: number;
  /** Whether float32 may not hold the values, so that rows come from `readExactRows`. */
  readonly exceedsFloat32: boolean;
  /** Rows of each band in float64 with NaN for no data. */
  readExactRows(rows: RowRange, signal?: AbortSignal): Promise<Float64Array[]>;
  /** Computes rows into planes of float32 with NaN for no data, whose first row is row `firstRow`. */
  readRows(
    rows: RowRange,
    planes: readonly DeviceTensor[],
    firstRow: number,
    signal?: AbortSignal,
  ): Promise<void>;
}

export interface StreamTarget {
  destination: string;
  /** What is written. Its nodata value is what gaps become; null: a mask says where they are. */
  cog: CogOptions & { nodata: number | null };
  /** Whether values are interpolated: see `toStored`. */
  resampled: boolean;
  /** The band, from 0, that is 0 in gaps because it is the alpha band of the others; null for none. */
  alpha: number | null;
  /** What progress calls it. */
  stage: string;
}

export interface Streamed {
  /** Valid pixels of each band. */
  readonly validPixels: number[];
  readonly nodata: number | null;
  /** Whether the file has a mask. */
  readonly mask: boolean;
}

/**
 * Computes, converts and writes all rows, a strip at a time: while one is being computed, the one before is converted,
 * compressed and written. One mask serves all bands: where bands of integers have gaps in different places and no nodata
 * value, all is computed again with a value that does not occur.
 * @throws {TerrachipError} INVALID_OPTION where no such value is left, or for a nodata value that the type cannot hold
 */
export async function streamCog(
  backend: Backend,
  source: RowSource,
  target: StreamTarget,
  options: OperationOptions,
): Promise<Streamed> {
  const { cog, alpha } = target;
  const alphaIsMask = alpha !== null && (cog.dtype === 'uint8' || cog.dtype === 'uint16');
  let { nodata } = cog;
  for (;;) {
    const mask = nodata === null && !alphaIsMask ? 'auto' : false;
    const writer = await CogWriter.create(target.destination, { ...cog, nodata, mask });
    try {
      const rows = new StripWriter(writer, { ...target, cog: { ...cog, nodata } }, mask !== false);
      await streamRows(backend, source, rows, target, options);
      if (rows.gapsDiffer) {
        nodata = rows.freeValue();
        continue;
      }
      await writer.finish();
      if (rows.collisions > 0) {
        options.onProgress?.({
          type: 'warning',
          message: `${rows.collisions} valid pixels are equal to the nodata value ${nodata} and became gaps; choose another \`nodata\`, or none for a mask`,
        });
      }
      return { validPixels: rows.validPixels, nodata, mask: writer.hasMask };
    } finally {
      await writer.abort();
    }
  }
}

/** Strips of float32 or float64 values into a file of another type. */
class StripWriter {
  readonly validPixels: number[];
  collisions = 0;
  /** Whether one mask cannot say where the bands have data, and no nodata value does. */
  gapsDiffer = false;
  readonly #writer: CogWriter;
  readonly #target: StreamTarget;
  readonly #masked: boolean;
  /** Of bands that may turn out to differ in their gaps. */
  readonly #used: UsedValues | null;

  constructor(writer: CogWriter, target: StreamTarget, masked: boolean) {
    const { bands, dtype } = target.cog;
    this.validPixels = new Array<number>(bands).fill(0);
    this.#writer = writer;
    this.#target = target;
    this.#masked = masked;
    this.#used = masked && bands > 1 && !isFloat(dtype) ? new UsedValues(dtype) : null;
  }

  freeValue(): number {
    return this.#used?.free() ?? Number.NaN;
  }

  /** @param strips rows of each band, which may be overwritten */
  write(strips: readonly Floats[]): Promise<void> {
    const { dtype, nodata } = this.#target.cog;
    const mask = this.#masked ? this.#maskOf(strips, dtype) : null;
    const values = strips.map((strip, band): TypedArray => {
      const gap = band === this.#target.alpha ? null : nodata;
      const { stored, validCount, collisions } = toStored(strip, dtype, gap, this.#target.resampled);
      if (band === this.#target.alpha && isFloat(dtype)) zeroGaps(stored);
      this.validPixels[band] += validCount;
      this.collisions += collisions;
      if (this.#used !== null) {
        for (let i = 0; i < strip.length; i++) if (!Number.isNaN(strip[i])) this.#used.add(stored[i]);
      }
      return stored;
    });
    // What is going to be computed again need not be written.
    return this.gapsDiffer ? Promise.resolve() : this.#writer.writeRows(values, mask);
  }

  /** 1 where a band has data. */
  #maskOf(strips: readonly Floats[], dtype: Dtype): Uint8Array {
    const bands = strips.filter((_, band) => band !== this.#target.alpha);
    const first = bands[0] ?? strips[0];
    const mask = new Uint8Array(first.length);
    for (let i = 0; i < mask.length; i++) if (!Number.isNaN(first[i])) mask[i] = 1;
    for (const values of bands.slice(1)) {
      for (let i = 0; i < mask.length; i++) {
        if (Number.isNaN(values[i]) === (mask[i] === 0)) continue;
        // NaN says by itself where a single band has none.
        if (!isFloat(dtype)) this.gapsDiffer = true;
        mask[i] = 1;
      }
    }
    return mask;
  }
}

function zeroGaps(values: TypedArray): void {
  for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i])) values[i] = 0;
}

async function streamRows(
  backend: Backend,
  source: RowSource,
  rowsOf: StripWriter,
  { cog, stage }: StreamTarget,
  { signal, onProgress }: OperationOptions,
): Promise<void> {
  const { width, height } = cog.geobox;
  const reader = source.exceedsFloat32 ? exactReader(source) : deviceReader(backend, source, cog.geobox);
  const computeStrip = async (k: number): Promise<void> => {
    const start = k * ROWS;
    if (start < height) await reader.compute(k, { start, end: Math.min(height, start + ROWS) }, signal);
  };
  let computing = computeStrip(0);
  let writing: Promise<void> = Promise.resolve();
  try {
    for (let k = 0; k * ROWS < height; k++) {
      signal?.throwIfAborted();
      await computing;
      const rows = Math.min(ROWS, height - k * ROWS);
      const strips = await reader.take(k);
      computing = computeStrip(k + 1);
      computing.catch(() => undefined);
      const values = strips.map((strip) => strip.subarray(0, rows * width));
      await writing;
      writing = rowsOf.write(values);
      writing.catch(() => undefined);
      const done = k * ROWS + rows;
      onProgress?.({ type: 'progress', stage, done, total: height, unit: 'rows' });
    }
    await writing;
  } finally {
    await Promise.allSettled([computing, writing]);
    reader.dispose();
  }
}

type Floats = Float32Array | Float64Array;

/** Computes strips, of which two are under way, and hands out their values. */
interface StripReader {
  compute(k: number, rows: RowRange, signal?: AbortSignal): Promise<void>;
  /** The values of a strip that is computed, an array a band; they stay until the next but one is taken. */
  take(k: number): Promise<readonly Floats[]>;
  dispose(): void;
}

function deviceReader(backend: Backend, source: RowSource, { width, height }: GeoBox): StripReader {
  const shape = [Math.min(ROWS, height), width];
  const allocate = (): DeviceTensor[] =>
    Array.from({ length: source.bandCount }, () => backend.allocate(shape, 'float32'));
  const strips = [allocate(), allocate()];
  // Downloads alternate too: one may still be written while the next arrives.
  const downloads = strips.map((planes) => planes.map((plane) => new Float32Array(plane.length)));
  return {
    compute: (k, rows, signal) => source.readRows(rows, strips[k % 2], rows.start, signal),
    async take(k) {
      await Promise.all(strips[k % 2].map((plane, band) => backend.download(plane, downloads[k % 2][band])));
      return downloads[k % 2];
    },
    dispose() {
      for (const plane of strips.flat()) plane.dispose();
    },
  };
}

function exactReader(source: RowSource): StripReader {
  let computed: Float64Array[] = [];
  return {
    async compute(_, rows, signal) {
      computed = await source.readExactRows(rows, signal);
    },
    take: async () => computed,
    dispose: () => undefined,
  };
}
