/** Rasters and polygons on the map's grid, read by strips. */
import { type GeoBox, gridsMeet, noOverlap, type RowRange } from '../../geo/index.js';
import { CpuBackend } from '../../gpu/index.js';
import type { Resampling } from '../../kernels/index.js';
import { openRaster, type Raster, RowReader, WarpedRaster } from '../../raster/node/index.js';
import { disposable, orDispose, Resource } from '../../resource.js';
import { isVectorPath, Rasterizer, type ReadVectorOptions, readAreas } from '../../vector/node/index.js';
import { placedOn, requireGeobox } from '../target-grid.js';

/** Values on a grid. */
export interface GridLayer extends Resource {
  /** The values of rows, (row, x), NaN where unknown. The rows must be in one strip of `gridStrips`. */
  readRows(rows: RowRange, signal?: AbortSignal): Promise<Float32Array>;
}

export interface RasterLayerOptions {
  band: number;
  resampling: Resampling;
  /** Apply the band's scale and offset (default true). */
  unscale?: boolean;
}

/** A band of a raster, resampled onto a grid. */
export class RasterLayer extends Resource implements GridLayer {
  readonly #backend = new CpuBackend();
  readonly #rows: RowReader;

  private constructor(
    readonly raster: Raster,
    geobox: GeoBox,
    options: RasterLayerOptions,
  ) {
    super();
    const warped = new WarpedRaster(this.#backend, raster, {
      geobox,
      resampling: options.resampling,
      bands: [options.band],
      unscale: options.unscale,
    });
    this.#rows = new RowReader(this.#backend, warped);
  }

  /** @throws {TerrachipError} INVALID_INPUT for a raster that does not overlap the grid, or for a missing band */
  static async open(
    path: string,
    geobox: GeoBox,
    options: RasterLayerOptions,
    signal?: AbortSignal,
  ): Promise<RasterLayer> {
    const raster = await placedOn(await openRaster(path, { signal }), geobox);
    return orDispose(raster, async () => {
      const own = requireGeobox(raster);
      if (!gridsMeet(own, geobox)) throw noOverlap(path, own, 'the map', geobox);
      return new RasterLayer(raster, geobox, options);
    });
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

/** Polygons burned onto a grid at pixel centres; other pixels are 0. @param values of each feature */
export function areaLayer(rasterizer: Rasterizer, values: readonly number[]): GridLayer {
  const readRows = async ({ start, end }: RowRange): Promise<Float32Array> => {
    const result = new Float32Array((end - start) * rasterizer.geobox.width);
    rasterizer.burn({ start, end }, result, values);
    return result;
  };
  // The polygons are in memory.
  return disposable({ readRows }, async () => undefined);
}

/** A mask: polygons, or the pixels of a raster with values above 0. NaN and nodata are outside. */
export async function openMask(
  path: string,
  geobox: GeoBox,
  read: ReadVectorOptions = {},
): Promise<GridLayer> {
  if (!isVectorPath(path))
    return RasterLayer.open(path, geobox, { band: 1, resampling: 'nearest', unscale: false }, read.signal);
  const areas = await readAreas(path, read);
  return areaLayer(
    new Rasterizer(areas, geobox),
    areas.features.map(() => 1),
  );
}
