/** Bands on a grid, downloaded from the device strip by strip. */
import { type GeoBox, gridStrips, type RowRange } from '../geo/index.js';
import type { Backend, DeviceTensor } from '../gpu/index.js';

/** Bands on a grid, by rows: a warped raster, or an expression of several. */
export interface RowSource {
  readonly geobox: Pick<GeoBox, 'width' | 'height'>;
  readonly bandCount: number;
  /**
   * Computes rows into float32 planes, one per band, NaN for no data; row `firstRow` is their first. Calls may overlap, with
   * planes of their own.
   */
  readRows(
    rows: RowRange,
    planes: readonly DeviceTensor[],
    firstRow: number,
    signal?: AbortSignal,
  ): Promise<void>;
}

/** A source that also gives rows in float64, for values that float32 does not hold. */
export interface ExactRowSource extends RowSource {
  /** Whether values may need float64, from `readExactRows`. */
  readonly exceedsFloat32: boolean;
  /** Rows of each band in float64 with NaN for no data. */
  readExactRows(rows: RowRange, signal?: AbortSignal): Promise<Float64Array[]>;
}

/** Some rows of a grid. */
export interface GridStrip<T extends Float32Array | Float64Array = Float32Array> {
  readonly rows: RowRange;
  /** Values (row, x) in C order, one array per band, NaN for no data. Overwritten by the strip after the next. */
  readonly values: readonly T[];
}

/** Reads rows in any order through the same device planes. Dispose of it when done. */
export class RowReader {
  /** The strips of the grid; no read may have more rows. */
  readonly strips: readonly RowRange[];
  readonly #backend: Backend;
  readonly #source: RowSource;
  readonly #planes: DeviceTensor[];

  constructor(backend: Backend, source: RowSource) {
    const { bandCount, geobox } = source;
    this.strips = gridStrips(geobox, bandCount);
    this.#backend = backend;
    this.#source = source;
    const shape = [this.strips[0].end, geobox.width];
    this.#planes = Array.from({ length: bandCount }, () => backend.allocate(shape, 'float32'));
  }

  /** Values of some rows, one array per band, NaN for no data. */
  async read(rows: RowRange, signal?: AbortSignal): Promise<Float32Array[]> {
    await this.compute(rows, signal);
    return this.download(rows);
  }

  /** Computes rows on the device, for `download`. */
  compute(rows: RowRange, signal?: AbortSignal): Promise<void> {
    return this.#source.readRows(rows, this.#planes, rows.start, signal);
  }

  /** @param targets arrays of a whole plane, one per band (default: new ones) */
  async download({ start, end }: RowRange, targets: readonly Float32Array[] = []): Promise<Float32Array[]> {
    const length = (end - start) * this.#source.geobox.width;
    return Promise.all(
      this.#planes.map(async (plane, band) => {
        const values = targets[band] ?? new Float32Array(plane.length);
        await this.#backend.download(plane, values);
        return values.subarray(0, length);
      }),
    );
  }

  dispose(): void {
    for (const plane of this.#planes.splice(0)) plane.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Strips that are computed at a time: the first tiles of one are read while the last of the other are warped. */
export const STRIPS_COMPUTED = 2;

/** All rows of a source in float32, from top to bottom. The next strips are computed while one is used. */
export async function* readStrips(
  backend: Backend,
  source: RowSource,
  signal?: AbortSignal,
): AsyncGenerator<GridStrip> {
  const count = Math.min(STRIPS_COMPUTED, gridStrips(source.geobox, source.bandCount).length);
  const readers = Array.from({ length: count }, () => new RowReader(backend, source));
  const [{ strips }] = readers;
  const length = strips[0].end * source.geobox.width;
  const targets = readers.map(() => Array.from({ length: source.bandCount }, () => new Float32Array(length)));
  const computing: Promise<void>[] = [];
  const compute = (k: number): void => {
    if (k >= strips.length) return;
    const done = readers[k % count].compute(strips[k], signal);
    // A failure is reported where it is awaited.
    done.catch(() => undefined);
    computing[k % count] = done;
  };
  for (let k = 0; k < count; k++) compute(k);
  try {
    for (const [k, rows] of strips.entries()) {
      signal?.throwIfAborted();
      await computing[k % count];
      const values = await readers[k % count].download(rows, targets[k % count]);
      compute(k + count);
      yield { rows, values };
    }
  } finally {
    await Promise.allSettled(computing);
    for (const reader of readers) reader.dispose();
  }
}

/** As `readStrips`, in float64 if the values need it. */
export async function* readExactStrips(
  backend: Backend,
  source: ExactRowSource,
  signal?: AbortSignal,
): AsyncGenerator<GridStrip<Float32Array | Float64Array>> {
  if (!source.exceedsFloat32) return yield* readStrips(backend, source, signal);
  const strips = gridStrips(source.geobox, 2 * source.bandCount);
  let computing = source.readExactRows(strips[0], signal);
  try {
    for (const [k, rows] of strips.entries()) {
      signal?.throwIfAborted();
      const values = await computing;
      if (k + 1 < strips.length) computing = source.readExactRows(strips[k + 1], signal);
      computing.catch(() => undefined);
      yield { rows, values };
    }
  } finally {
    await Promise.allSettled([computing]);
  }
}

/** Reads all rows of a source into arrays of the whole grid, one per band. */
export async function readWhole(
  backend: Backend,
  source: RowSource,
  targets: readonly Float32Array[],
  { signal, onRows }: { signal?: AbortSignal; onRows?: (done: number) => void } = {},
): Promise<void> {
  for await (const { rows, values } of readStrips(backend, source, signal)) {
    for (const [band, part] of values.entries()) targets[band].set(part, rows.start * source.geobox.width);
    onRows?.(rows.end);
  }
}
