/** Any rows of a catalog on one grid. */

import { invalidOption } from '../../errors.js';
import { bytesPerElement, isDtype } from '../../geo/dtype.js';
import {
  allocateArray,
  canHold,
  type Dtype,
  type GeoBox,
  GeoTensor,
  isFloat,
  type TypedArray,
  unitRows,
} from '../../geo/index.js';
import { keepsValues, MOSAIC_METHODS, type MosaicMethod } from '../../kernels/index.js';
import { toStored, UsedValues } from '../../raster/index.js';
import { requireNodata } from '../../raster/stored-values.js';
import { Resource } from '../../resource.js';
import type { CatalogRow } from '../row.js';
import type { LoadRasterOptions } from './options.js';
import { LoadPlan, type LoadTarget } from './plan.js';
import { PICKING, StripReducer } from './reduce.js';

/** Methods that make sense of categories; a count is of sources, not of their values. */
const OF_CATEGORIES: readonly MosaicMethod[] = [...PICKING, 'count'];

/**
 * The rows of a catalog that meet a slice, each truly reprojected onto its grid, combined where they overlap.
 *
 * Sources may be in any coordinate reference systems and on any grids. Before they are combined, each loses what its
 * nodata value, its mask or alpha band and `mask` say is invalid, on its own pixels; a pixel that no source covers is
 * no data, never 0. The result depends on the rows and the options, not on how the work was cut.
 *
 * @param catalog a `GeoCatalog`, which is queried, or any rows
 * @param target the grid, or a slice: its grid and its time
 * @returns (band, y, x): float32 with NaN for no data, or `dtype` with a nodata value; its `bandNames` are the bands'
 * @throws {TerrachipError} INVALID_OPTION or INVALID_INPUT for bands that are not there, categories that would be
 * interpolated, a quality band that is not filled for its product, or rows of which none reaches the grid; TOO_LARGE above `maxBytes`, before anything is
 * allocated
 */
export async function loadRaster<D extends Dtype = 'float32'>(
  catalog: Iterable<CatalogRow>,
  target: LoadTarget,
  options: LoadRasterOptions<D> = {},
): Promise<GeoTensor<D>> {
  const stream = await streamRaster(catalog, target, options);
  try {
    const { geobox, bandNames, dtype, stored } = stream;
    const length = bandNames.length * geobox.pixelCount;
    stream.plan.requireSize(length, bytesPerElement(dtype) + stored.bytesPerGap);
    const data = allocateArray(dtype, length);
    stored.rememberGaps(length);
    let row = 0;
    for await (const strip of stream) {
      const size = strip.geobox.pixelCount;
      for (const [band] of bandNames.entries()) {
        const values = strip.data.subarray(band * size, (band + 1) * size);
        data.set(values, band * geobox.pixelCount + row * geobox.width);
      }
      row += strip.geobox.height;
    }
    const shape = [bandNames.length, geobox.height, geobox.width];
    const nodata = stored.settle(data);
    return new GeoTensor<D>({ data, shape, dimensions: ['band', 'y', 'x'], geobox, nodata, bandNames });
  } finally {
    await stream.close();
  }
}

/**
 * What `loadRaster` loads, strip by strip: memory does not grow with the height of the grid. Its strips are tensors
 * (band, y, x) from the first row to the last, each on its own part of the grid.
 * @throws {TerrachipError} as `loadRaster`
 */
export async function streamRaster<D extends Dtype = 'float32'>(
  catalog: Iterable<CatalogRow>,
  target: LoadTarget,
  options: LoadRasterOptions<D> = {},
): Promise<RasterStream<D>> {
  const { method = 'first', dtype = 'float32' as D } = options;
  if (!MOSAIC_METHODS.includes(method)) {
    throw invalidOption('method', `cannot be "${method}"`, `choose one of ${MOSAIC_METHODS.join(', ')}`);
  }
  if (!isDtype(dtype))
    throw invalidOption('dtype', `cannot be "${String(dtype)}"`, 'choose float32, uint16, …');
  const plan = await LoadPlan.make(catalog, target, options, method === 'median');
  try {
    requireMethod(plan, method);
    return new RasterStream(plan, method, dtype, options);
  } catch (error) {
    await plan.close();
    throw error;
  }
}

/** @throws {TerrachipError} INVALID_OPTION for a method that computes values from those of categories */
export function requireMethod({ bands, bandNames }: LoadPlan, method: MosaicMethod): void {
  if (OF_CATEGORIES.includes(method)) return;
  const k = bands?.findIndex(({ categorical }) => categorical) ?? -1;
  if (k < 0) return;
  throw invalidOption(
    'method',
    `cannot be ${method} for the band "${bandNames[k]}", which holds categories`,
    `use ${OF_CATEGORIES.join(', ')}, or load it by itself`,
  );
}

/** Strips of a raster, once. */
export class RasterStream<D extends Dtype = Dtype> extends Resource implements AsyncIterable<GeoTensor<D>> {
  readonly geobox: GeoBox;
  readonly bandNames: readonly string[];
  readonly dtype: D;
  readonly nodata: number | null;
  /** @internal */
  readonly plan: LoadPlan;
  /** @internal */
  readonly stored: StoredValues;
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
    this.stored = new StoredValues(method, dtype, options.nodata, plan);
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
        const shape = [bandNames.length, height, geobox.width];
        const box = geobox.window(0, rows.start, geobox.width, height);
        onProgress?.({ type: 'progress', stage: 'load', done: rows.end, total: geobox.height, unit: 'rows' });
        yield new GeoTensor<D>({
          data,
          shape,
          dimensions: ['band', 'y', 'x'],
          geobox: box,
          nodata,
          bandNames,
        });
      }
      stored.warn(onProgress);
    } finally {
      reducer.dispose();
      await this.close();
    }
  }

  /** Closes all files. What has been iterated to its end is closed already. */
  async close(): Promise<void> {
    await this.plan.close();
  }
}

/** Computed values in the type of a result, and what "no data" is there. */
export class StoredValues {
  /** Null where every pixel has a value. */
  readonly nodata: number | null;
  readonly #dtype: Dtype;
  /** Whether the nodata value was not asked for: it gives way to values that occur. */
  readonly #givesWay: boolean;
  /** Whether each band's values are computed, not picked. */
  readonly #computed: readonly boolean[];
  /** Valid values that are equal to the nodata value. */
  #collisions = 0;
  /** 1 where a result that is whole in memory has no data. */
  #gaps: Uint8Array | null = null;

  /** @throws {TerrachipError} INVALID_OPTION for a nodata value that the type cannot hold */
  constructor(
    method: MosaicMethod,
    dtype: Dtype,
    wanted: number | undefined,
    { bands, bandNames }: Pick<LoadPlan, 'bands' | 'bandNames'>,
  ) {
    if (wanted !== undefined) requireNodata(dtype, wanted);
    this.#dtype = dtype;
    // A pixel without sources has a count: 0.
    const counts = method === 'count';
    this.#givesWay = !counts && wanted === undefined && !isFloat(dtype);
    const declared = bands?.[0]?.info.nodata ?? null;
    if (counts) this.nodata = null;
    else if (wanted !== undefined) this.nodata = wanted;
    else if (isFloat(dtype)) this.nodata = Number.NaN;
    else
      this.nodata = declared !== null && canHold(dtype, declared) ? declared : new UsedValues(dtype).free();
    const picked = PICKING.includes(method);
    this.#computed = bandNames.map((_, k) => {
      const resampling = bands?.[k]?.resampling;
      return !counts && (!picked || resampling === undefined || !keepsValues(resampling));
    });
  }

  /** Bytes a value that `rememberGaps` takes. */
  get bytesPerGap(): 0 | 1 {
    return this.#givesWay ? 1 : 0;
  }

  /** Before a result of so many values is converted that `settle` will get. */
  rememberGaps(length: number): void {
    if (this.#givesWay) this.#gaps = new Uint8Array(length);
  }

  /**
   * @param place where the values begin in the result
   * @throws {TerrachipError} INVALID_OPTION where a value occurs that was taken for no data unasked, and gaps are not
   * remembered
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
        `is not given, and valid pixels hold ${this.nodata}, which would stand for it in ${this.#dtype}`,
        'give a value that does not occur, or choose a float type',
      );
    }
    return stored;
  }

  /**
   * The nodata value of the whole result, whose gaps get it: another one where that of before occurs.
   * @throws {TerrachipError} INVALID_OPTION where all values of the type occur, and gaps
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

  /** Tells of values that became gaps because the nodata value was asked for. */
  warn(onProgress: LoadRasterOptions['onProgress']): void {
    if (this.#givesWay || this.#collisions === 0) return;
    onProgress?.({
      type: 'warning',
      message: `${this.#collisions} valid pixels are equal to the nodata value ${this.nodata} and became gaps; choose another nodata`,
    });
  }
}
