/** The grids that results are asked for on. */
import { type Bounds, Crs, type CrsLike, GeoBox } from '../geo/index.js';
import { noReference, openRaster } from '../raster/index.js';

/** The grid of a result: another raster's, or bounds in a CRS with a size or a resolution. */
export type TargetGrid =
  | { like: string }
  | { crs: CrsLike; bounds: Bounds; size: readonly [number, number] }
  | { crs: CrsLike; bounds: Bounds; resolution: number };

/** @throws {TerrachipError} INVALID_INPUT for an impossible grid, or a raster without a place */
export async function targetGrid(grid: TargetGrid): Promise<GeoBox> {
  if ('like' in grid) {
    const like = await openRaster(grid.like);
    try {
      if (like.geobox === null) throw noReference(like);
      return like.geobox;
    } finally {
      await like.close();
    }
  }
  const crs = Crs.parse(grid.crs);
  if ('resolution' in grid) return GeoBox.fromBounds(grid.bounds, crs, grid.resolution, { boundsCrs: crs });
  return GeoBox.fromSize(grid.bounds, crs, grid.size[0], grid.size[1]);
}
