/** Loads rows of a catalog onto one grid. */
import { invalidOption, requireChoice } from '../../errors.js';
import { bytesPerElement } from '../../geo/dtype.js';
import { bandTensor } from '../../geo/geotensor.js';
import {
  allocateArray,
  canHold,
  DTYPES,
  type Dtype,
  type GeoBox,
  type GeoTensor,
  isFloat,
  type TypedArray,
  type TypedArrayByDtype,
  unitRows,
} from '../../geo/index.js';
import { keepsValues, MOSAIC_METHODS, type MosaicMethod } from '../../kernels/index.js';
import { toStored, UsedValues } from '../../raster/index.js';
import { requireNodata } from '../../raster/stored-values.js';
import { Resource } from '../../resource.js';
import type { CatalogRow } from '../row.js';
import type { LoadRasterOptions } from './options.js';
import { LoadPlan } from './plan.js';
import { PICKING, StripReducer } from './reduce.js';
import type { LoadTarget } from './rows.js';

/** Methods that suit categories; a count is of sources, not of their values. */
const OF_CATEGORIES: readonly MosaicMethod[] = [...PICKING, 'count'];

/**
 * Reprojects the rows of a catalog that overlap a slice onto its grid, and mosaics them.
 *
 * Sources may have any coordinate reference systems and grids. Nodata values, mask or alpha bands and `mask` are
 * applied to each source's own pixels before resampling. A pixel without a source is nodata, never 0. The result does
 * not depend on how the work is split into strips.
 *
 * @param catalog a `GeoCatalog`, which is queried, or any rows
 * @param target the grid, or a slice with a grid and a time
 * @returns (band, y, x): float32 with NaN for no data, or `dtype` with a nodata value
 * @throws {TerrachipError} INVALID_OPTION or INVALID_INPUT for missing bands, interpolated categories, a quality band
 * that is not filled for its product, or no row that overlaps the grid; TOO_LARGE above `maxBytes`, before allocation
 */
export async function loadRaster<D extends Dtype = 'float32'>(
  catalog: Iterable<CatalogRow>,
  target: LoadTarget,
  options: LoadRasterOptions<D> = {},
): Promise<GeoTensor<D>> {
  const stream = await streamRaster(catalog, target, options);
  try {
    const { geobox, bandNames, stored } = stream;
    const data = stored.allocate(bandNames.length * geobox.pixelCount);
    let row = 0;
    for await (const strip of stream) {
      const size = strip.geobox.pixelCount;
      for (const [band] of bandNames.entries()) {
        const values = strip.data.subarray(band * size, (band + 1) * size);
        data.set(values, band * geobox.pixelCount + row * geobox.width);
      }
      row += strip.geobox.height;
    }
    return bandTensor<D>({ data, geobox, nodata: stored.settle(data), bandNames });
  } finally {
    await stream.dispose();
  }
}

/**
 * Loads the result of `loadRaster` in strips, so that memory does not grow with the height of the grid. Strips are
 * tensors (band, y, x) from the first row to the last, each with its own part of the grid.
 * @throws {TerrachipError} as `loadRaster`
 */
export async function streamRaster<D extends Dtype = 'float32'>(
  catalog: Iterable<CatalogRow>,
  target: LoadTarget,
  options: LoadRasterOptions<D> = {},
): Promise<RasterStream<D>> {
  const { method = 'first', dtype = 'float32' as D } = options;
  requireChoice('method', method, MOSAIC_METHODS);
  requireChoice('dtype', dtype, DTYPES);
  const plan = await LoadPlan.make(catalog, target, options, method === 'median');
  try {
    return new RasterStream(plan, method, dtype, options);
  } catch (error) {
    await plan.dispose();
    throw error;
  }
}

/** @throws {TerrachipError} INVALID_OPTION for a method that computes values from those of categories */
export function requireMethod(
  { bands, bandNames }: Pick<LoadPlan, 'bands' | 'bandNames'>,
  method: MosaicMethod,
): void {
  if (OF_CATEGORIES.includes(method)) return;
  const k = bands?.findIndex(({ categorical }) => categorical) ?? -1;
  if (k < 0) return;
  throw invalidOption(
    'method',
    `cannot be ${method} for the band "${bandNames[k]}", which holds categories`,
    `use ${OF_CATEGORIES.join(', ')}, or load it by itself`,
  );
}

/** Strips of a raster; can be iterated once. */
export class RasterStream<D extends Dtype = Dtype> extends Resource implements AsyncIterable<GeoTensor<D>> {
  readonly geobox: GeoBox;
  readonly bandNames: readonly string[];
  readonly dtype: D;
  readonly nodata: number | null;
  /** @internal */
  readonly plan: LoadPlan;
  /** @internal */
  readonly stored: StoredValues<D>;
  readonly #method: MosaicMethod;
  readonly #options: LoadRasterOptions;

  /** @internal */
  constructor(plan: LoadPlan, method: MosaicMethod, dtype: D, options: LoadRasterOptions) {
    super();
    this.plan = plan;
    this.geobox = plan.context.grid;
    this.bandNames = plan.bandNames;
    this.dtype = dtype;
    this.#method = method;
    this.#options = options;
    this.stored = new StoredValues(plan, method, dtype, options.nodata);
    this.nodata = this.stored.nodata;
  }

  async *[Symbol.asyncIterator](): AsyncIterator<GeoTensor<D>> {
    const { geobox, bandNames, dtype, nodata, plan, stored } = this;
    const { signal, onProgress } = this.#options;
    const reducer = new StripReducer(plan, this.#method, dtype);
    try {
      for (const rows of unitRows(geobox.height, reducer.rows)) {
        signal?.throwIfAborted();
        const planes = await reducer.read(rows, signal);
        const height = rows.end - rows.start;
        const size = height * geobox.width;
        const data = allocateArray(dtype, bandNames.length * size);
        for (const [band, values] of planes.entries()) {
          const place = band * geobox.pixelCount + rows.start * geobox.width;
          data.set(stored.convert(values, band, place), band * size);
        }
        const box = geobox.window(0, rows.start, geobox.width, height);
        onProgress?.({ type: 'progress', stage: 'load', done: rows.end, total: geobox.height, unit: 'rows' });
        yield bandTensor<D>({ data, geobox: box, nodata, bandNames });
      }
      stored.warn(onProgress);
    } finally {
      reducer.dispose();
      await this.dispose();
    }
  }

  /** Closes all files. A finished iteration closes them too. */
  async dispose(): Promise<void> {
    await this.plan.dispose();
  }
}

/** Converts computed values to the type of a result, and chooses its nodata value. */
export class StoredValues<D extends Dtype> {
  /** Null if every pixel has a value. */
  readonly nodata: number | null;
  readonly #plan: LoadPlan;
  readonly #dtype: D;
  /** Whether the nodata value is a default, which may be replaced if valid pixels have it. */
  readonly #givesWay: boolean;
  /** Whether each band's values are computed, not picked from a source. */
  readonly #computed: readonly boolean[];
  /** Number of valid values equal to the nodata value. */
  #collisions = 0;
  /** 1 for pixels without data in a result that is complete in memory. */
  #gaps: Uint8Array | null = null;

  /**
   * @throws {TerrachipError} INVALID_OPTION for a nodata value that the type cannot hold, or a method that does not suit
   * categories
   */
  constructor(plan: LoadPlan, method: MosaicMethod, dtype: D, wanted?: number) {
    requireMethod(plan, method);
    if (wanted !== undefined) requireNodata(dtype, wanted);
    const { bands, bandNames } = plan;
    this.#plan = plan;
    this.#dtype = dtype;
    // The count of a pixel without sources is 0.
    const counts = method === 'count';
    this.#givesWay = !counts && wanted === undefined && !isFloat(dtype);
    const declared = bands?.[0]?.info.nodata ?? null;
    const held = declared !== null && canHold(dtype, declared) ? declared : null;
    const standard = isFloat(dtype) ? Number.NaN : (held ?? new UsedValues(dtype).free());
    this.nodata = counts ? null : (wanted ?? standard);
    const picked = PICKING.includes(method);
    this.#computed = bandNames.map((_, k) => {
      const resampling = bands?.[k]?.resampling;
      return !counts && (!picked || resampling === undefined || !keepsValues(resampling));
    });
  }

  /** An array for a complete result, for `settle`. @throws {TerrachipError} TOO_LARGE above `maxBytes` */
  allocate(length: number): TypedArrayByDtype[D] {
    this.#plan.requireSize(length * (bytesPerElement(this.#dtype) + (this.#givesWay ? 1 : 0)));
    if (this.#givesWay) this.#gaps = new Uint8Array(length);
    return allocateArray(this.#dtype, length);
  }

  /**
   * @param place index of the first value in the result
   * @throws {TerrachipError} INVALID_OPTION for a valid value equal to the default nodata value, in a stream
   */
  convert(values: Float32Array | Float64Array, band: number, place: number): TypedArray {
    const { stored, collisions } = toStored(values, this.#dtype, this.nodata, this.#computed[band]);
    this.#collisions += collisions;
    const gaps = this.#gaps;
    if (gaps !== null) {
      for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i])) gaps[place + i] = 1;
    } else if (this.#givesWay && collisions > 0) {
      throw invalidOption(
        'nodata',
        `is not given, and valid pixels hold ${this.nodata}, the default for ${this.#dtype}`,
        'give a value that does not occur, or choose a float type',
      );
    }
    return stored;
  }

  /**
   * The nodata value of the complete result; writes a new one into its gaps if valid pixels have the default.
   * @throws {TerrachipError} INVALID_OPTION for a result with gaps and all values of its type
   */
  settle(data: TypedArray): number | null {
    const gaps = this.#gaps;
    if (gaps === null || this.#collisions === 0) return this.nodata;
    if (!gaps.includes(1)) return null;
    const used = new UsedValues(this.#dtype);
    for (let i = 0; i < data.length; i++) if (gaps[i] === 0) used.add(data[i]);
    const free = used.free();
    for (let i = 0; i < data.length; i++) if (gaps[i] === 1) data[i] = free;
    return free;
  }

  /** Warns about valid values that equal the requested nodata value. */
  warn(onProgress: LoadRasterOptions['onProgress']): void {
    if (this.#givesWay || this.#collisions === 0) return;
    onProgress?.({
      type: 'warning',
      message: `${this.#collisions} valid pixels are equal to the nodata value ${this.nodata} and became gaps; choose another nodata`,
    });
  }
}
