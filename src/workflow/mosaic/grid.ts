/** The grid of a mosaic, from options and the rows found. */
import { requireBand } from '../../catalog/loaders/bands.js';
import type { BandChoice, CatalogRow } from '../../catalog/node/index.js';
import { boundsOfPaths, nearestTurn, outline, unionBounds } from '../../geo/bounds.js';
import { type Bounds, Crs, GeoBox, suggestGrid, transformBounds } from '../../geo/index.js';
import { openRaster } from '../../raster/node/index.js';
import { requireGeobox, type TargetGrid, targetGrid } from '../target-grid.js';

/** Share of a pixel by which an edge may lie beyond another. */
const ROUNDING = 1e-6;

/** A grid that options say without rows; null if rows are needed. @throws {TerrachipError} as `targetGrid` */
export async function givenGrid(grid: TargetGrid): Promise<GeoBox | null> {
  if ('like' in grid) return targetGrid(grid);
  const sized = 'size' in grid ? grid.size : 'resolution' in grid ? grid.resolution : undefined;
  return grid.crs === undefined || grid.bounds === undefined || sized === undefined ? null : targetGrid(grid);
}

/**
 * The grid of rows. What is missing is chosen: the CRS of most rows, their extent, and the pixels of the file with the
 * smallest ones in that CRS, with its edges, so that its pixels are copied; if none is in that CRS, the size that gdalwarp
 * chooses for the first.
 * @param band the band whose files decide the pixels
 */
export async function gridOfRows(
  rows: readonly CatalogRow[],
  band: BandChoice,
  grid: Exclude<TargetGrid, { like: string }>,
  signal?: AbortSignal,
): Promise<GeoBox> {
  const boxes: GeoBox[] = [];
  for (const row of rows) boxes.push(await boxOf(row, band, signal));
  const crs = grid.crs === undefined ? mostFrequent(boxes.map((box) => box.crs)) : Crs.parse(grid.crs);
  const bounds = grid.bounds ?? extentOf(boxes, crs);
  if ('size' in grid) return GeoBox.fromSize(bounds, crs, grid.size[0], grid.size[1]);
  const { resolution } = grid;
  if (resolution !== undefined) return GeoBox.fromBounds(bounds, crs, resolution, { boundsCrs: crs });
  const [finest] = boxes
    .filter((box) => box.crs.equals(crs))
    .sort((a, b) => Math.max(...a.resolution) - Math.max(...b.resolution));
  return pixelsAround(finest ?? suggestGrid(boxes[0], crs), bounds);
}

async function boxOf(row: CatalogRow, band: BandChoice, signal?: AbortSignal): Promise<GeoBox> {
  const { asset } = requireBand(row, band);
  if (asset.geobox !== undefined) return asset.geobox;
  await using raster = await openRaster(asset.href, { signal });
  return requireGeobox(raster);
}

/** The first of the most frequent. */
function mostFrequent(systems: readonly Crs[]): Crs {
  const counts = new Map<string, { crs: Crs; count: number }>();
  for (const crs of systems) {
    const known = counts.get(String(crs)) ?? { crs, count: 0 };
    known.count++;
    counts.set(String(crs), known);
  }
  const [{ crs }] = [...counts.values()].sort((a, b) => b.count - a.count);
  return crs;
}

/** Bounds around all boxes, in a CRS. */
function extentOf(boxes: readonly GeoBox[], crs: Crs): Bounds {
  const [first, ...others] = boxes.map((box) =>
    box.crs.equals(crs) ? box.bounds : transformBounds(box.bounds, box.crs, crs),
  );
  return others.reduce((extent, bounds) => unionBounds(extent, nearestTurn(bounds, first, crs)), first);
}

/** The pixels of a grid, which is continued, that bounds in its CRS touch. */
function pixelsAround(grid: GeoBox, bounds: Bounds): GeoBox {
  const toPixel = grid.transform.inverse();
  const corners = outline(bounds, 1).map(([x, y]) => toPixel.apply(x, y));
  const [x0, y0, x1, y1] = boundsOfPaths([corners]);
  const [x, y] = [Math.floor(x0 + ROUNDING), Math.floor(y0 + ROUNDING)];
  return grid.window(x, y, Math.ceil(x1 - ROUNDING) - x, Math.ceil(y1 - ROUNDING) - y);
}
