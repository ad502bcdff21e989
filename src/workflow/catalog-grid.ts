/** The pixel grid of the rows of a catalog. */
import { requireBand } from '../catalog/loaders/bands.js';
import { sortRows } from '../catalog/loaders/rows.js';
import type { BandChoice, CatalogRow } from '../catalog/node/index.js';
import { type CrsLike, GeoBox } from '../geo/index.js';
import { openRaster } from '../raster/node/index.js';
import { gridOf, requireGeobox } from './target-grid.js';

/** A grid of any size: that of a raster, or pixels of a size in a CRS, aligned to its multiples. */
export type RowGrid = { like: string } | { crs: CrsLike; resolution: number };

/**
 * The grid that pixels of rows are read on; it is continued in all directions.
 * @param grid default: the grid of the file with `band` of the first row in time
 * @throws {TerrachipError} INVALID_INPUT for a raster that is not georeferenced, or a row without the band
 */
export async function gridOfRows(
  rows: Iterable<CatalogRow>,
  band: BandChoice,
  grid: RowGrid | undefined,
  signal: AbortSignal | undefined,
): Promise<GeoBox> {
  if (grid !== undefined) {
    if ('like' in grid) return gridOf(grid.like);
    const { crs, resolution } = grid;
    return GeoBox.fromBounds([0, 0, resolution, resolution], crs, resolution, { boundsCrs: crs });
  }
  const [row] = sortRows([...rows], 'time');
  const { asset } = requireBand(row, band);
  if (asset.geobox !== undefined) return asset.geobox;
  await using raster = await openRaster(asset.href, { signal });
  return requireGeobox(raster);
}
