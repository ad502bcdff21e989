/**
 * Mosaics sources in strips of a grid. A few sources are read at a time and folded into the result, so that memory does
 * not grow with their number. A median needs all sources at once, and reads bands one by one. Groups of sources depend
 * on their order, not on the strip, so that all strip heights give the same values.
 */
import { type Dtype, gridStrips, type PixelWindow, type RowRange } from '../../geo/index.js';
import type { Backend, DeviceTensor } from '../../gpu/index.js';
import {
  type DeviceExpression,
  evaluateExpression,
  type MosaicMethod,
  mosaic,
  parseExpression,
  uploadExpression,
  valueRange,
} from '../../kernels/index.js';
import { mayExceedFloat32 } from '../../raster/warp-source.js';
import { groupBy } from '../group-by.js';
import type { LoadPlan, PlacedSource } from './plan.js';

/** Sources per group, which are read concurrently and folded together. */
const FOLDED = 4;

/** Methods that pick a value of a source. */
export const PICKING: readonly MosaicMethod[] = ['first', 'last', 'min', 'max'];

/** Mosaics the sources of a plan, one strip at a time. Dispose of it when done. */
export class StripReducer {
  /** Rows per strip. */
  readonly rows: number;
  readonly #plan: LoadPlan;
  readonly #sources: readonly PlacedSource[];
  readonly #places: ReadonlyMap<PlacedSource, number>;
  readonly #method: MosaicMethod;
  readonly #backend: Backend;
  readonly #quotient: DeviceExpression | null;
  readonly #free: DeviceTensor[] = [];
  /** Whether values are combined in float64, since float32 may not hold all values of the sources. */
  readonly #exact: boolean;

  /**
   * @param dtype of the result
   * @param sources all or some of the plan's sources, in the order for `first` and `last`
   */
  constructor(
    plan: LoadPlan,
    method: MosaicMethod,
    dtype: Dtype,
    sources: readonly PlacedSource[] = plan.sources,
  ) {
    const { backend, grid } = plan.context;
    const bands = plan.bandNames.length;
    const planes = method === 'median' ? sources.length + 1 : bands * (FOLDED + 3);
    const { maxTensorBytes } = backend.limits;
    this.rows = Math.min(
      gridStrips(grid, planes)[0].end,
      gridStrips(grid, FOLDED + 1, maxTensorBytes)[0].end,
    );
    this.#plan = plan;
    this.#exact =
      mayExceedFloat32({ dtype }) &&
      PICKING.includes(method) &&
      plan.context.options.units === undefined &&
      plan.bands?.some(({ info }) => mayExceedFloat32(info)) === true;
    // `last` is `first` in reverse order, and need not read hidden sources.
    this.#sources = method === 'last' ? [...sources].reverse() : sources;
    this.#places = new Map(this.#sources.map((placed, k) => [placed, k]));
    this.#method = method === 'last' ? 'first' : method;
    this.#backend = backend;
    this.#quotient =
      method === 'mean' ? uploadExpression(backend, parseExpression('a / b', ['a', 'b'])) : null;
  }

  /** Values of each band in a range of rows, NaN for no data. */
  async read(rows: RowRange, signal?: AbortSignal): Promise<(Float32Array | Float64Array)[]> {
    const sources = this.#sources.filter(({ window }) => meets(window, rows));
    if (this.#exact) return this.#pick(sources, rows, signal);
    const bands = this.#plan.bandNames.map((_, band) => band);
    if (this.#method !== 'median') return this.#reduce(sources, bands, rows, signal);
    const results: Float32Array[] = [];
    for (const band of bands) results.push(...(await this.#reduce(sources, [band], rows, signal)));
    return results;
  }

  dispose(): void {
    for (const plane of this.#free.splice(0)) plane.dispose();
    this.#quotient?.program.dispose();
  }

  /** Picks values in float64, one source at a time. */
  async #pick(
    sources: readonly PlacedSource[],
    rows: RowRange,
    signal?: AbortSignal,
  ): Promise<Float64Array[]> {
    const { bandNames, context } = this.#plan;
    const size = (rows.end - rows.start) * context.grid.width;
    const result = bandNames.map(() => new Float64Array(size).fill(Number.NaN));
    for (const { source } of sources) {
      signal?.throwIfAborted();
      await this.#plan.keepOpen([source]);
      const bands = await source.readExactRows(rows, signal);
      for (const [band, values] of bands.entries()) {
        const chosen = result[band];
        for (let i = 0; i < size; i++) {
          const value = values[i];
          const better =
            Number.isNaN(chosen[i]) ||
            (this.#method === 'min' && value < chosen[i]) ||
            (this.#method === 'max' && value > chosen[i]);
          if (better) chosen[i] = value;
        }
      }
      if (this.#method === 'first' && !result.some((values) => values.includes(Number.NaN))) break;
    }
    return result;
  }

  async #reduce(
    sources: readonly PlacedSource[],
    bands: readonly number[],
    rows: RowRange,
    signal?: AbortSignal,
  ): Promise<Float32Array[]> {
    const method = this.#method;
    // A mean is a sum, divided at the end.
    const step = method === 'mean' ? 'sum' : method;
    const counts: (DeviceTensor | null)[] = bands.map(() => null);
    const values: (DeviceTensor | null)[] = bands.map(() => null);
    try {
      for (const group of this.#groups(sources)) {
        signal?.throwIfAborted();
        const layers = await this.#readGroup(group, bands, rows, signal);
        for (const [i] of bands.entries()) {
          const planes = layers.map((layer) => layer[i]);
          if (method === 'mean' || method === 'count')
            counts[i] = this.#fold(counts[i], planes, 'count', 'sum');
          if (method !== 'count') values[i] = this.#fold(values[i], planes, step, step);
        }
        this.#free.push(...layers.flat());
        if (method === 'first' && (await this.#isFull(values, rows))) break;
      }
      const results: Float32Array[] = [];
      for (const [i] of bands.entries()) results.push(await this.#finish(values[i], counts[i], rows));
      return results;
    } finally {
      for (const plane of [...values, ...counts]) if (plane !== null) this.#free.push(plane);
    }
  }

  /** Groups of sources by their position among all sources, so that all strips have the same groups. */
  #groups(sources: readonly PlacedSource[]): PlacedSource[][] {
    if (this.#method === 'median') return sources.length === 0 ? [] : [[...sources]];
    const groupOf = (placed: PlacedSource): number => Math.floor((this.#places.get(placed) ?? 0) / FOLDED);
    return [...groupBy(sources, groupOf).values()];
  }

  /** One plane per source and band. */
  async #readGroup(
    group: readonly PlacedSource[],
    bands: readonly number[],
    rows: RowRange,
    signal?: AbortSignal,
  ): Promise<DeviceTensor[][]> {
    const layers: DeviceTensor[][] = group.map(() => []);
    try {
      for (let k = 0; k < group.length; k += FOLDED) {
        const part = group.slice(k, k + FOLDED);
        await this.#plan.keepOpen(part.map(({ source }) => source));
        for (const [i] of part.entries()) layers[k + i] = bands.map(() => this.#take());
        const reads = part.map(({ source }, i) => source.readRows(rows, bands, layers[k + i], signal));
        // All reads must end before the planes are reused.
        const ends = await Promise.allSettled(reads);
        for (const end of ends) if (end.status === 'rejected') throw end.reason;
      }
      return layers;
    } catch (error) {
      this.#free.push(...layers.flat());
      throw error;
    }
  }

  /** Folds planes into the previous result, and frees that. */
  #fold(
    before: DeviceTensor | null,
    planes: readonly DeviceTensor[],
    method: MosaicMethod,
    join: MosaicMethod,
  ): DeviceTensor {
    if (before !== null && method !== join) {
      const joined = this.#fold(null, planes, method, method);
      const both = this.#fold(before, [joined], join, join);
      this.#free.push(joined);
      return both;
    }
    const destination = this.#take();
    mosaic(this.#backend, { layers: before === null ? planes : [before, ...planes], method, destination });
    if (before !== null) this.#free.push(before);
    return destination;
  }

  async #finish(
    values: DeviceTensor | null,
    counts: DeviceTensor | null,
    rows: RowRange,
  ): Promise<Float32Array> {
    const length = (rows.end - rows.start) * this.#plan.context.grid.width;
    const method = this.#method;
    const result = new Float32Array(this.rows * this.#plan.context.grid.width);
    if (values === null && counts === null)
      return result.subarray(0, length).fill(method === 'count' ? 0 : Number.NaN);
    if (values !== null && counts !== null && this.#quotient !== null) {
      const destination = this.#take();
      const bands = { a: values, b: counts };
      evaluateExpression(this.#backend, { expression: this.#quotient, bands, destination });
      await this.#backend.download(destination, result);
      this.#free.push(destination);
    } else {
      await this.#backend.download(values ?? counts ?? this.#take(), result);
    }
    return result.subarray(0, length);
  }

  /** Whether every pixel has a value, so that further sources would be hidden. */
  async #isFull(values: readonly (DeviceTensor | null)[], rows: RowRange): Promise<boolean> {
    if (rows.end - rows.start !== this.rows) return false;
    for (const plane of values) {
      if (plane === null) return false;
      if ((await valueRange(this.#backend, plane)).count < plane.length) return false;
    }
    return true;
  }

  #take(): DeviceTensor {
    return this.#free.pop() ?? this.#backend.allocate([this.rows, this.#plan.context.grid.width], 'float32');
  }
}

function meets({ y, height }: PixelWindow, rows: RowRange): boolean {
  return y < rows.end && y + height > rows.start;
}
