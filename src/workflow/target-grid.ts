/** Grids of results, from options. */
import { invalidInput, invalidOption } from '../errors.js';
import { type Bounds, Crs, type CrsLike, GeoBox, suggestGrid, suggestGridWithin } from '../geo/index.js';
import { DeclaredRaster } from '../raster/declared.js';
import { openRaster, type Raster } from '../raster/node/index.js';
import { noReference } from '../raster/request.js';
import { orDispose } from '../resource.js';

/**
 * The grid of a result: another raster's, or one in a CRS (default: the source's). Bounds are in that CRS. With a
 * resolution, they are snapped outward to multiples of it. Missing parts are chosen as gdalwarp does.
 */
export type TargetGrid =
  | { like: string }
  | { crs?: CrsLike; bounds?: Bounds; size: readonly [number, number] }
  | { crs?: CrsLike; bounds?: Bounds; resolution?: number };

/**
 * The grid of a raster file.
 * @throws {TerrachipError} INVALID_INPUT for a raster that is not georeferenced
 */
export async function gridOf(path: string): Promise<GeoBox> {
  await using raster = await openRaster(path);
  return requireGeobox(raster);
}

/** The grid of a raster. @throws {TerrachipError} INVALID_INPUT for one that is not georeferenced */
export function requireGeobox(raster: Raster): GeoBox {
  if (raster.geobox === null) throw noReference(raster);
  return raster.geobox;
}

/**
 * A `.npy` array, which has no place of its own, lies on a grid of its size. Other rasters stay as they are.
 * @param grid null leaves the raster as it is
 * @throws {TerrachipError} INVALID_INPUT for an array of another size; the raster is then closed
 */
export async function placedOn(raster: Raster, grid: GeoBox | null): Promise<Raster> {
  if (grid === null || raster.geobox !== null || !/\.npy$/i.test(raster.name)) return raster;
  return orDispose(raster, async () => {
    const { name, width, height } = raster;
    if (width === grid.width && height === grid.height) return new DeclaredRaster(raster, { geobox: grid });
    const problem = `has ${width} × ${height} pixels, where the grid has ${grid.width} × ${grid.height}`;
    throw invalidInput(name, problem, 'give an array of the size of the grid, or a georeferenced raster');
  });
}

/**
 * @param source the grid of the source; without it a CRS, bounds, and a size or a resolution are needed
 * @throws {TerrachipError} INVALID_INPUT for an impossible grid, or a `like` that is not georeferenced; INVALID_OPTION
 *   for missing parts
 */
export async function targetGrid(grid: TargetGrid, source?: GeoBox): Promise<GeoBox> {
  if ('like' in grid) return gridOf(grid.like);
  if (grid.crs === undefined && source === undefined) throw incomplete('crs');
  const crs = grid.crs === undefined ? (source?.crs ?? Crs.wgs84) : Crs.parse(grid.crs);
  const { bounds } = grid;
  const size = 'size' in grid ? grid.size : undefined;
  const resolution = 'resolution' in grid ? grid.resolution : undefined;
  if (bounds !== undefined && size !== undefined) return GeoBox.fromSize(bounds, crs, size[0], size[1]);
  if (bounds !== undefined && resolution !== undefined)
    return GeoBox.fromBounds(bounds, crs, resolution, { boundsCrs: crs });
  if (source === undefined) throw incomplete(bounds === undefined ? 'bounds' : 'size or resolution');
  if (bounds !== undefined) return suggestGridWithin(source, crs, bounds);
  if (size !== undefined) return GeoBox.fromSize(suggestGrid(source, crs).bounds, crs, size[0], size[1]);
  return suggestGrid(source, crs, resolution);
}

function incomplete(missing: string): Error {
  return invalidOption(missing, 'is needed', 'give it, or like: a raster with that grid');
}
