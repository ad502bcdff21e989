/** Any rows of a catalog on one grid. */
import { invalidOption } from '../../errors.js';
import {
  allocateArray,
  bytesPerElement,
  type Dtype,
  type GeoBox,
  GeoTensor,
  isDtype,
  isFloat,
  type TypedArray,
  unitRows,
} from '../../geo/index.js';
import { keepsValues, MOSAIC_METHODS, type MosaicMethod } from '../../kernels/index.js';
import { storableNodata, toStored } from '../../raster/index.js';
import type { CatalogRow } from '../row.js';
import type { LoadRasterOptions } from './options.js';
import { LoadPlan, type LoadTarget } from './plan.js';
import { StripReducer } from './reduce.js';

/** Methods whose results are values of a source. */
const PICKING: readonly MosaicMethod[] = ['first', 'last', 'min', 'max'];

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
 * interpolated, or a quality band that is not filled for its product; TOO_LARGE above `maxBytes`, before anything is
 * allocated
 */
export async function loadRaster(
  catalog: Iterable<CatalogRow>,
  target: LoadTarget,
  options: LoadRasterOptions = {},
): Promise<GeoTensor> {
  const stream = await streamRaster(catalog, target, options);
  try {
    const { geobox, bandNames, dtype, nodata } = stream;
    stream.plan.requireSize(bandNames.length * geobox.pixelCount, bytesPerElement(dtype));
    const data: TypedArray = allocateArray(dtype, bandNames.length * geobox.pixelCount);
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
    return new GeoTensor({ data, shape, dimensions: ['band', 'y', 'x'], geobox, nodata, bandNames });
  } finally {
    await stream.close();
  }
}

/**
 * What `loadRaster` loads, strip by strip: memory does not grow with the height of the grid. Its strips are tensors
 * (band, y, x) from the first row to the last, each on its own part of the grid.
 * @throws {TerrachipError} as `loadRaster`
 */
export async function streamRaster(
  catalog: Iterable<CatalogRow>,
  target: LoadTarget,
  options: LoadRasterOptions = {},
): Promise<RasterStream> {
  const { method = 'first', dtype = 'float32' } = options;
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
export class RasterStream implements AsyncIterable<GeoTensor> {
  readonly geobox: GeoBox;
  readonly bandNames: readonly string[];
  readonly dtype: Dtype;
  readonly nodata: number | null;
  /** @internal */
  readonly plan: LoadPlan;
  readonly #method: MosaicMethod;
  readonly #options: LoadRasterOptions;

  /** @internal */
  constructor(plan: LoadPlan, method: MosaicMethod, dtype: Dtype, options: LoadRasterOptions) {
    this.plan = plan;
    this.geobox = plan.context.grid;
    this.bandNames = plan.bandNames;
    this.dtype = dtype;
    this.#method = method;
    this.#options = options;
    this.nodata = nodataOf(plan, method, dtype, options.nodata);
  }

  async *[Symbol.asyncIterator](): AsyncIterator<GeoTensor> {
    const { geobox, bandNames, dtype, nodata, plan } = this;
    const { signal, onProgress } = this.#options;
    const stored = new StoredValues(this.#method, dtype, nodata, plan);
    const reducer = new StripReducer(plan, this.#method);
    try {
      for (const rows of unitRows(geobox.height, reducer.rows)) {
        signal?.throwIfAborted();
        const planes = await reducer.read(rows, signal);
        const height = rows.end - rows.start;
        const size = height * geobox.width;
        const data: TypedArray = allocateArray(dtype, bandNames.length * size);
        for (const [band, values] of planes.entries()) data.set(stored.convert(values, band), band * size);
        const shape = [bandNames.length, height, geobox.width];
        const box = geobox.window(0, rows.start, geobox.width, height);
        onProgress?.({ type: 'progress', stage: 'load', done: rows.end, total: geobox.height, unit: 'rows' });
        yield new GeoTensor({ data, shape, dimensions: ['band', 'y', 'x'], geobox: box, nodata, bandNames });
      }
      if (stored.collisions > 0) {
        onProgress?.({
          type: 'warning',
          message: `${stored.collisions} valid pixels are equal to the nodata value ${nodata} and became gaps; choose another nodata`,
        });
      }
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

/** What "no data" is in a result. */
export function nodataOf(plan: LoadPlan, method: MosaicMethod, dtype: Dtype, wanted?: number): number | null {
  // A pixel without sources has a count: 0.
  if (method === 'count') return null;
  if (wanted !== undefined) {
    const nodata = storableNodata(dtype, wanted);
    if (Object.is(nodata, wanted)) return nodata;
    throw invalidOption('nodata', `cannot be ${wanted} in ${dtype}`, 'give a value that the type holds');
  }
  return isFloat(dtype) ? Number.NaN : storableNodata(dtype, plan.bands?.[0]?.info.nodata ?? null);
}

/** Computed values in the type of a result. */
export class StoredValues {
  /** Valid values that are equal to the nodata value. */
  collisions = 0;
  readonly #dtype: Dtype;
  readonly #nodata: number;
  /** Whether each band's values are computed, not picked. */
  readonly #computed: readonly boolean[];

  constructor(method: MosaicMethod, dtype: Dtype, nodata: number | null, { bands, bandNames }: LoadPlan) {
    this.#dtype = dtype;
    this.#nodata = nodata ?? Number.NaN;
    const picked = PICKING.includes(method);
    this.#computed = bandNames.map((_, k) => {
      const resampling = bands?.[k]?.resampling;
      return method !== 'count' && (!picked || resampling === undefined || !keepsValues(resampling));
    });
  }

  convert(values: Float32Array, band: number): TypedArray {
    const { stored, collisions } = toStored(values, this.#dtype, this.#nodata, this.#computed[band]);
    this.collisions += collisions;
    return stored;
  }
}
