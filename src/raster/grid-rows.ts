/** Bands on a grid, downloaded from the device strip by strip. */
import { type GeoBox, gridStrips, type RowRange } from '../geo/index.js';
import type { Backend, DeviceTensor } from '../gpu/index.js';

/** Bands on a grid, by rows: a warped raster, or an expression of several. */
export interface RowSource {
  readonly geobox: Pick<GeoBox, 'width' | 'height'>;
  readonly bandCount: number;
  /** Computes rows into float32 planes, one per band, NaN for no data; row `firstRow` is their first. */
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

/** All rows of a source in float32, from top to bottom. The next strip is computed while one is used. */
export async function* readStrips(
  backend: Backend,
  source: RowSource,
  signal?: AbortSignal,
): AsyncGenerator<GridStrip> {
  const reader = new RowReader(backend, source);
  const length = reader.strips[0].end * source.geobox.width;
  const targets = [0, 1].map(() => Array.from({ length: source.bandCount }, () => new Float32Array(length)));
  const { strips } = reader;
  const compute = async (k: number): Promise<void> => {
    if (k < strips.length) await reader.compute(strips[k], signal);
  };
  let computing = compute(0);
  try {
    for (const [k, rows] of strips.entries()) {
      signal?.throwIfAborted();
      await computing;
      const values = await reader.download(rows, targets[k % 2]);
      computing = compute(k + 1);
      // A failure is reported where it is awaited.
      computing.catch(() => undefined);
      yield { rows, values };
    }
  } finally {
    await Promise.allSettled([computing]);
    reader.dispose();
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
