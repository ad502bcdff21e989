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
import { FOLDED, type Layer, LeastCounts, layersOf, planesOf, type ReducedLayers } from './reduced-layers.js';
import type { Source } from './source.js';

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
  readonly #layers: readonly Layer[];
  readonly #names: readonly string[];
  readonly #counts: boolean;
  readonly #free: DeviceTensor[] = [];
  /** Whether values are combined in float64, since float32 may not hold all values of the sources. */
  readonly #exact: boolean;

  /**
   * @param dtype of the result
   * @param sources all or some of the plan's sources, in the order for `first` and `last`
   * @param reduced default: all bands of the plan
   */
  constructor(
    plan: LoadPlan,
    method: MosaicMethod,
    dtype: Dtype,
    sources: readonly PlacedSource[] = plan.sources,
    reduced?: ReducedLayers,
  ) {
    const { backend, grid } = plan.context;
    const { maxTensorBytes } = backend.limits;
    this.rows = Math.min(
      gridStrips(grid, planesOf(plan, method, sources.length, reduced))[0].end,
      gridStrips(grid, FOLDED + 1, maxTensorBytes)[0].end,
    );
    this.#plan = plan;
    this.#counts = reduced?.count ?? false;
    this.#names = reduced?.names ?? plan.bandNames;
    this.#layers = layersOf(backend, plan, reduced);
    const hasExpressions = this.#layers.some(({ expression }) => expression !== null);
    this.#exact =
      !hasExpressions &&
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

  /** Values of each layer in a range of rows, NaN for no data; then the counts, if they are wanted. */
  async read(rows: RowRange, signal?: AbortSignal): Promise<(Float32Array | Float64Array)[]> {
    const sources = this.#sources.filter(({ window }) => meets(window, rows));
    if (this.#exact) return this.#pick(sources, rows, signal);
    const all = this.#layers.map((_, layer) => layer);
    const parts = this.#method === 'median' ? all.map((layer) => [layer]) : [all];
    const results: Float32Array[] = [];
    const least = this.#counts ? new LeastCounts(this.#lengthOf(rows)) : null;
    for (const layers of parts) results.push(...(await this.#reduce(sources, layers, rows, least, signal)));
    return least === null ? results : [...results, least.values];
  }

  dispose(): void {
    for (const plane of this.#free.splice(0)) plane.dispose();
    this.#quotient?.program.dispose();
    for (const { expression } of this.#layers) expression?.program.dispose();
  }

  #lengthOf({ start, end }: RowRange): number {
    return (end - start) * this.#plan.context.grid.width;
  }

  /** Picks values in float64, one source at a time. */
  async #pick(
    sources: readonly PlacedSource[],
    rows: RowRange,
    signal?: AbortSignal,
  ): Promise<Float64Array[]> {
    const size = this.#lengthOf(rows);
    const result = this.#layers.map(() => new Float64Array(size).fill(Number.NaN));
    const counts = this.#counts ? this.#layers.map(() => new Float64Array(size)) : [];
    for (const { source } of sources) {
      signal?.throwIfAborted();
      await this.#plan.keepOpen([source]);
      const bands = await source.readExactRows(rows, signal);
      for (const [layer, chosen] of result.entries()) {
        const values = bands[this.#layers[layer].bands[0]];
        for (let i = 0; i < size; i++) {
          const value = values[i];
          const better =
            Number.isNaN(chosen[i]) ||
            (this.#method === 'min' && value < chosen[i]) ||
            (this.#method === 'max' && value > chosen[i]);
          if (better) chosen[i] = value;
        }
        const count = counts[layer];
        if (count === undefined) continue;
        for (let i = 0; i < size; i++) if (!Number.isNaN(values[i])) count[i]++;
      }
      const isFull = !this.#counts && !result.some((values) => values.includes(Number.NaN));
      if (this.#method === 'first' && isFull) break;
    }
    if (!this.#counts) return result;
    const least = new LeastCounts(size);
    for (const count of counts) least.add(count);
    return [...result, Float64Array.from(least.values)];
  }

  /** @param least takes the number of sources with data of each layer; null to count none */
  async #reduce(
    sources: readonly PlacedSource[],
    wanted: readonly number[],
    rows: RowRange,
    least: LeastCounts | null,
    signal?: AbortSignal,
  ): Promise<Float32Array[]> {
    const method = this.#method;
    // A mean is a sum, divided at the end.
    const step = method === 'mean' ? 'sum' : method;
    const counts: (DeviceTensor | null)[] = wanted.map(() => null);
    const values: (DeviceTensor | null)[] = wanted.map(() => null);
    try {
      for (const group of this.#groups(sources)) {
        signal?.throwIfAborted();
        const layers = await this.#readGroup(group, wanted, rows, signal);
        for (const [i] of wanted.entries()) {
          const planes = layers.map((layer) => layer[i]);
          if (method === 'mean' || method === 'count' || least !== null)
            counts[i] = this.#fold(counts[i], planes, 'count', 'sum');
          if (method !== 'count') values[i] = this.#fold(values[i], planes, step, step);
        }
        this.#free.push(...layers.flat());
        if (method === 'first' && least === null && (await this.#isFull(values, rows))) break;
      }
      const results: Float32Array[] = [];
      for (const [i] of wanted.entries()) {
        results.push(await this.#finish(values[i], counts[i], rows));
        least?.add(await this.#download(counts[i], rows, 0));
      }
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

  /** One plane per source and layer. */
  async #readGroup(
    group: readonly PlacedSource[],
    wanted: readonly number[],
    rows: RowRange,
    signal?: AbortSignal,
  ): Promise<DeviceTensor[][]> {
    const layers: DeviceTensor[][] = group.map(() => []);
    try {
      for (let k = 0; k < group.length; k += FOLDED) {
        const part = group.slice(k, k + FOLDED);
        await this.#plan.keepOpen(part.map(({ source }) => source));
        for (const [i] of part.entries()) layers[k + i] = wanted.map(() => this.#take());
        const reads = part.map(({ source }, i) =>
          this.#readLayers(source, wanted, rows, layers[k + i], signal),
        );
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

  /** Reads the bands that some layers need, and computes those that are expressions. */
  async #readLayers(
    source: Source,
    wanted: readonly number[],
    rows: RowRange,
    planes: readonly DeviceTensor[],
    signal?: AbortSignal,
  ): Promise<void> {
    const layers = wanted.map((layer) => this.#layers[layer]);
    const { bandNames, context } = this.#plan;
    // Bands of a file are read together, unless bands are read one by one.
    const needed = context.byBand
      ? [...new Set(layers.flatMap(({ bands }) => bands))]
      : bandNames.map((_, band) => band);
    const taken: DeviceTensor[] = [];
    const places = needed.map((band) => {
      const shown = layers.findIndex(({ bands, expression }) => expression === null && bands[0] === band);
      if (shown >= 0) return planes[shown];
      const plane = this.#take();
      taken.push(plane);
      return plane;
    });
    try {
      await source.readRows(rows, needed, places, signal);
      const bands = Object.fromEntries(needed.map((band, k) => [this.#names[band], places[k]]));
      for (const [k, { expression }] of layers.entries()) {
        if (expression !== null)
          evaluateExpression(this.#backend, { expression, bands, destination: planes[k] });
      }
    } finally {
      this.#free.push(...taken);
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
    const method = this.#method;
    if (method === 'count') return this.#download(counts, rows, 0);
    if (values === null || counts === null || this.#quotient === null)
      return this.#download(values, rows, Number.NaN);
    const destination = this.#take();
    const bands = { a: values, b: counts };
    evaluateExpression(this.#backend, { expression: this.#quotient, bands, destination });
    const result = await this.#download(destination, rows, Number.NaN);
    this.#free.push(destination);
    return result;
  }

  /** @param missing the values without a plane */
  async #download(plane: DeviceTensor | null, rows: RowRange, missing: number): Promise<Float32Array> {
    const length = this.#lengthOf(rows);
    if (plane === null) return new Float32Array(length).fill(missing);
    const result = new Float32Array(this.rows * this.#plan.context.grid.width);
    await this.#backend.download(plane, result);
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
