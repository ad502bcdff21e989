/** Rasters and polygons on the map's grid, read by strips. */
import { type GeoBox, gridsMeet, noOverlap, type RowRange } from '../../geo/index.js';
import { CpuBackend } from '../../gpu/index.js';
import type { Resampling } from '../../kernels/index.js';
import {
  openRaster,
  type Raster,
  RowReader,
  type UnitConversion,
  WarpedRaster,
} from '../../raster/node/index.js';
import { noReference } from '../../raster/request.js';
import { isVectorPath, Rasterizer, type ReadVectorOptions, readAreas } from '../../vector/node/index.js';

/** Values on a grid. */
export interface GridLayer {
  /** The values of rows, (row, x), NaN where unknown. The rows must be in one strip of `gridStrips`. */
  readRows(rows: RowRange, signal?: AbortSignal): Promise<Float32Array>;
  dispose(): Promise<void>;
}

export interface RasterLayerOptions {
  band: number;
  resampling: Resampling;
  /** Apply the band's scale and offset (default true). */
  unscale?: boolean;
  convert?: UnitConversion | null;
}

/** A band of a raster, resampled onto a grid. */
export class RasterLayer implements GridLayer {
  readonly raster: Raster;
  readonly #backend = new CpuBackend();
  readonly #rows: RowReader;

  /** @throws {TerrachipError} INVALID_INPUT for a raster without a CRS, or for a missing band */
  constructor(raster: Raster, geobox: GeoBox, options: RasterLayerOptions) {
    this.raster = raster;
    const warped = new WarpedRaster(this.#backend, raster, {
      geobox,
      resampling: options.resampling,
      bands: [options.band],
      unscale: options.unscale,
      prepare: options.convert?.source,
      finish: options.convert?.resampled,
    });
    this.#rows = new RowReader(this.#backend, warped);
  }

  async readRows(rows: RowRange, signal?: AbortSignal): Promise<Float32Array> {
    const [values] = await this.#rows.read(rows, signal);
    return values;
  }

  async dispose(): Promise<void> {
    this.#rows.dispose();
    this.#backend.dispose();
    await this.raster.dispose();
  }
}

/** Polygons burned onto a grid at pixel centres; other pixels have the value `outside`. */
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

  async dispose(): Promise<void> {
    // The polygons are in memory.
  }
}

/** Opens a raster. @throws {TerrachipError} INVALID_INPUT if it does not overlap the map's grid */
export async function openOverlapping(path: string, geobox: GeoBox, signal?: AbortSignal): Promise<Raster> {
  const raster = await openRaster(path, { signal });
  try {
    if (raster.geobox === null) throw noReference(raster);
    if (!gridsMeet(raster.geobox, geobox)) throw noOverlap(path, raster.geobox, 'the map', geobox);
    return raster;
  } catch (error) {
    await raster.dispose();
    throw error;
  }
}

/** A mask: polygons, or the pixels of a raster with values above 0. NaN and nodata are outside. */
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
    await raster.dispose();
    throw error;
  }
}
