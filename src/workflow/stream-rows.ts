/** Writes rows from a device into a COG in strips: memory does not grow with the height of the result. */
import { dirname } from 'node:path';
import { bytesPerElement } from '../geo/dtype.js';
import { type Dtype, isFloat, type TypedArray } from '../geo/index.js';
import type { Backend, BackendInfo } from '../gpu/index.js';
import type { BackendChoice } from '../gpu/node/index.js';
import { requireSpace } from '../io/node/disk-space.js';
import { type OperationOptions, pixelsOf, reportPlan, reportProgress } from '../progress.js';
import {
  type CogOptions,
  CogWriter,
  type ExactRowSource,
  type GridStrip,
  readExactStrips,
  toStored,
  UsedValues,
} from '../raster/node/index.js';

type Floats = Float32Array | Float64Array;

/** Options of operations that write a COG. */
export interface CogOutputOptions extends OperationOptions {
  /** The COG to write. */
  destination: string;
  backend?: BackendChoice;
  /** Worker threads of the CPU backend. */
  threads?: number;
  /** `deflate` (default), `zstd` or `none`. */
  compression?: CogOptions['compression'];
  /** Compression level: 1 to 9 for deflate (default 6), 1 to 22 for zstd (default 9). */
  level?: number;
  bigTiff?: CogOptions['bigTiff'];
  /** Resampling of overviews. Default: `nearest` for classes and for values copied from the source, else `average`. */
  overviews?: CogOptions['overviews'];
  /** Largest allowed result, in pixels (default 500 million). */
  maxPixels?: number;
}

/** The written COG. */
export interface CogReport {
  destination: string;
  width: number;
  height: number;
  crs: string;
  dtype: Dtype;
  /** Null where an alpha band or a mask marks the gaps. */
  nodata: number | null;
  /** Whether the file has a mask. */
  mask: boolean;
  /** Valid pixels of each band. */
  validPixels: number[];
  backend: BackendInfo;
}

/** A source that cuts its rows into strips itself. */
export interface StripSource {
  /** All rows from top to bottom, NaN for no data. A strip may be overwritten after the next has come. */
  strips(signal?: AbortSignal): AsyncIterable<GridStrip<Floats>>;
}

export interface StreamTarget {
  /** The COG to write. Gaps get its nodata value; null: a mask marks them. */
  cog: Omit<CogOptions, 'compression' | 'level' | 'bigTiff'> & { nodata: number | null };
  /** Whether values are interpolated: see `toStored`. */
  resampled: boolean;
  /** Index of the alpha band, from 0, which is 0 in gaps; null for none. */
  alpha: number | null;
  /** Index of a band that has a value at each pixel, from 0: it gets no nodata. Default: none. */
  full?: number;
  /** The name of the stage in progress events; null where the source reports them. */
  stage: string | null;
  /** What is read, for the plan; without it none is reported. */
  reads?: string;
  /** Memory of the job, where it is planned. */
  memoryBytes?: number;
}

/**
 * Computes, converts and writes all rows in strips. While one strip is computed, the previous one is converted and
 * written. A file has one mask for all bands: where integer bands have different gaps and no nodata value, the whole
 * raster is computed again with an unused value as nodata.
 * @throws {TerrachipError} DISK before any work where the file does not fit; INVALID_OPTION where every value is used, or for
 * a nodata value that the type cannot hold
 */
export async function streamCog(
  backend: Backend,
  source: ExactRowSource | StripSource,
  target: StreamTarget,
  options: CogOutputOptions,
): Promise<CogReport> {
  const { alpha } = target;
  const { destination, compression, level, bigTiff } = options;
  const cog = { ...target.cog, compression, level, bigTiff };
  const alphaIsMask = alpha !== null && (cog.dtype === 'uint8' || cog.dtype === 'uint16');
  const disk = await requireSpace(dirname(destination), cogBytes(cog));
  const { width: columns, height: lines } = cog.geobox;
  const { stage, reads, memoryBytes } = target;
  if (stage !== null && reads !== undefined) {
    const writes = `${pixelsOf(columns, lines, cog.bands)} of ${cog.dtype} to ${destination}`;
    reportPlan(options, stage, { reads, writes, disk, memoryBytes });
  }
  let { nodata } = cog;
  for (;;) {
    const mask = nodata === null && !alphaIsMask ? 'auto' : false;
    await using writer = await CogWriter.create(destination, { ...cog, nodata, mask });
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
    const { width, height, crs } = cog.geobox;
    return {
      destination,
      width,
      height,
      crs: crs.toString(),
      dtype: cog.dtype,
      nodata,
      mask: writer.hasMask,
      validPixels: rows.validPixels,
      backend: backend.info,
    };
  }
}

/**
 * Bytes of a COG, about: half of its values where they are compressed, and a third more for overviews. They are written
 * twice where the places of tiles are not known in advance: with compression or a mask.
 */
export function cogBytes({ geobox, bands, dtype, nodata, compression, overviews }: CogOptions): number {
  const isKnown = compression === 'none';
  const stored = geobox.pixelCount * bands * bytesPerElement(dtype) * (isKnown ? 1 : 0.5);
  if (overviews === 'none') return Math.ceil(stored);
  const hasNodata = nodata !== undefined && nodata !== null;
  return Math.ceil((isKnown && hasNodata ? 1 : 2) * stored * (4 / 3));
}

/** Converts strips of float32 or float64 values to the file's type and writes them. */
class StripWriter {
  readonly validPixels: number[];
  collisions = 0;
  /** Whether integer bands have different gaps, which one mask cannot store. */
  gapsDiffer = false;
  /** The values in use, to find a free one for nodata; null where gaps cannot differ. */
  readonly #used: UsedValues | null;

  constructor(
    private readonly writer: CogWriter,
    private readonly target: StreamTarget,
    private readonly masked: boolean,
  ) {
    const { bands, dtype } = target.cog;
    this.validPixels = new Array<number>(bands).fill(0);
    this.#used = masked && bands > 1 && !isFloat(dtype) ? new UsedValues(dtype) : null;
  }

  freeValue(): number {
    return this.#used?.free() ?? Number.NaN;
  }

  /** @param strips rows of each band, which may be overwritten */
  write(strips: readonly Floats[]): Promise<void> {
    const { dtype, nodata } = this.target.cog;
    const mask = this.masked ? this.#maskOf(strips, dtype) : null;
    const values = strips.map((strip, band): TypedArray => {
      const gap = band === this.target.alpha || band === this.target.full ? null : nodata;
      const { stored, validCount, collisions } = toStored(strip, dtype, gap, this.target.resampled);
      if (band === this.target.alpha && isFloat(dtype)) zeroGaps(stored);
      this.validPixels[band] += validCount;
      this.collisions += collisions;
      if (this.#used !== null) {
        for (let i = 0; i < strip.length; i++) if (!Number.isNaN(strip[i])) this.#used.add(stored[i]);
      }
      return stored;
    });
    // With different gaps, all rows are computed again: nothing is written.
    return this.gapsDiffer ? Promise.resolve() : this.writer.writeRows(values, mask);
  }

  /** 1 where a band has data. */
  #maskOf(strips: readonly Floats[], dtype: Dtype): Uint8Array {
    const bands = strips.filter((_, band) => band !== this.target.alpha && band !== this.target.full);
    const first = bands[0] ?? strips[0];
    const mask = new Uint8Array(first.length);
    for (let i = 0; i < mask.length; i++) if (!Number.isNaN(first[i])) mask[i] = 1;
    for (const values of bands.slice(1)) {
      for (let i = 0; i < mask.length; i++) {
        if (Number.isNaN(values[i]) === (mask[i] === 0)) continue;
        // Float bands mark their own gaps by NaN.
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
  source: ExactRowSource | StripSource,
  rowsOf: StripWriter,
  { cog, stage }: StreamTarget,
  options: OperationOptions,
): Promise<void> {
  let writing: Promise<void> = Promise.resolve();
  try {
    const strips =
      'strips' in source ? source.strips(options.signal) : readExactStrips(backend, source, options.signal);
    for await (const { rows, values } of strips) {
      await writing;
      writing = rowsOf.write(values);
      writing.catch(() => undefined);
      if (stage !== null) reportProgress(options, stage, rows.end, cog.geobox.height, 'rows');
    }
    await writing;
  } finally {
    await Promise.allSettled([writing]);
  }
}
