/** Rasters and polygons on the map's grid, strip by strip. */

import { type GeoBox, gridsMeet, noOverlap, type RowRange } from '../../geo/index.js';
import { CpuBackend, type DeviceTensor } from '../../gpu/index.js';
import type { Resampling } from '../../kernels/index.js';
import {
  openRaster,
  type Raster,
  type UnitConversion,
  type UnitStep,
  WarpedRaster,
} from '../../raster/node/index.js';
import { noReference } from '../../raster/request.js';
import { isVectorPath, Rasterizer, type ReadVectorOptions, readAreas } from '../../vector/node/index.js';

/** Rows of a strip: a whole number of the blocks that share a pixel area. */
export const STRIP_ROWS = 512;

/** Values on a grid. */
export interface GridLayer {
  /** Values of some rows, (row, x) in C order, NaN where unknown; they are overwritten by the next call. */
  readRows(rows: RowRange, signal?: AbortSignal): Promise<Float32Array>;
  close(): Promise<void>;
}

export interface RasterLayerOptions {
  band: number;
  resampling: Resampling;
  /** Whether stored values become physical ones (default true). */
  unscale?: boolean;
  convert?: UnitConversion | null;
}

/** A band of a raster, resampled onto a grid. */
export class RasterLayer implements GridLayer {
  readonly raster: Raster;
  readonly #backend = new CpuBackend();
  readonly #warped: WarpedRaster;
  readonly #plane: DeviceTensor;
  readonly #convert: UnitStep | null;
  readonly #width: number;

  /** @throws {TerrachipError} INVALID_INPUT for a raster without a CRS, or a band it does not have */
  constructor(raster: Raster, geobox: GeoBox, options: RasterLayerOptions) {
    this.raster = raster;
    this.#warped = new WarpedRaster(this.#backend, raster, {
      geobox,
      resampling: options.resampling,
      bands: [options.band],
      ...(options.unscale === undefined ? {} : { unscale: options.unscale }),
      prepare: options.convert?.source ?? null,
    });
    this.#width = geobox.width;
    this.#plane = this.#backend.allocate([Math.min(STRIP_ROWS, geobox.height), geobox.width], 'float32');
    this.#convert = options.convert?.resampled ?? null;
  }

  async readRows(rows: RowRange, signal?: AbortSignal): Promise<Float32Array> {
    await this.#warped.readRows(rows, [this.#plane], rows.start, signal);
    this.#convert?.(this.#backend, this.#plane);
    const values = await this.#backend.download(this.#plane);
    return Float32Array.from(values.subarray(0, (rows.end - rows.start) * this.#width));
  }

  async close(): Promise<void> {
    this.#plane.dispose();
    this.#backend.dispose();
    await this.raster.close();
  }
}

/** Polygons burned onto a grid at pixel centres; `outside` where there is none. */
export class AreaLayer implements GridLayer {
  readonly #rasterizer: Rasterizer;
  readonly #values: readonly number[];
  readonly #outside: number;

  constructor(rasterizer: Rasterizer, values: readonly number[], outside: number) {
    this.#rasterizer = rasterizer;
    this.#values = values;
    this.#outside = outside;
  }

  async readRows(rows: RowRange): Promise<Float32Array> {
    const result = new Float32Array((rows.end - rows.start) * this.#rasterizer.geobox.width);
    result.fill(this.#outside);
    this.#rasterizer.burn(rows, result, this.#values);
    return result;
  }

  async close(): Promise<void> {
    // Nothing is open: the polygons are in memory.
  }
}

/** Opens a raster for use on a grid that it must overlap. @throws {TerrachipError} INVALID_INPUT */
export async function openOverlapping(path: string, geobox: GeoBox, signal?: AbortSignal): Promise<Raster> {
  const raster = await openRaster(path, signal === undefined ? {} : { signal });
  try {
    if (raster.geobox === null) throw noReference(raster);
    if (!gridsMeet(raster.geobox, geobox)) throw noOverlap(path, raster.geobox, 'the map', geobox);
    return raster;
  } catch (error) {
    await raster.close();
    throw error;
  }
}

/** A mask from polygons, or from a raster where values above 0 are in. NaN and nodata are out. */
export async function openMask(
  path: string,
  geobox: GeoBox,
  read: ReadVectorOptions = {},
): Promise<GridLayer> {
  if (isVectorPath(path)) {
    const areas = await readAreas(path, read);
    return new AreaLayer(
      new Rasterizer(areas, geobox),
      areas.features.map(() => 1),
      0,
    );
  }
  const raster = await openOverlapping(path, geobox, read.signal);
  try {
    return new RasterLayer(raster, geobox, { band: 1, resampling: 'nearest', unscale: false });
  } catch (error) {
    await raster.close();
    throw error;
  }
}
