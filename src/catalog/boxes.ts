/** Bounding boxes of outlines in longitude and latitude, for spatial indexes. */
import type { Bounds } from '../geo/index.js';
import type { Polygon } from '../vector/index.js';

/** The bounding box of polygons; null for none. */
export function boxOf(polygons: readonly Polygon[]): Bounds | null {
  let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [outer] of polygons) {
    for (const [x, y] of outer) {
      if (x < x0) x0 = x;
      if (x > x1) x1 = x;
      if (y < y0) y0 = y;
      if (y > y1) y1 = y;
    }
  }
  return x0 > x1 ? null : [x0, y0, x1, y1];
}

/** The boxes of an outline in an index: two, one per side, for an outline that is cut at the antimeridian. */
export function indexBoxes(footprint: readonly Polygon[]): Bounds[] {
  const whole = boxOf(footprint);
  if (whole === null) return [];
  if (whole[0] > -180 || whole[2] < 180 || footprint.length < 2) return [whole];
  const isWest = (polygon: Polygon): boolean => (boxOf([polygon])?.[0] ?? 0) < 0;
  const west = boxOf(footprint.filter(isWest));
  const east = boxOf(footprint.filter((polygon) => !isWest(polygon)));
  return west !== null && east !== null && west[2] < east[0] ? [west, east] : [whole];
}

/** The `bbox` of STAC and GeoJSON; its west is greater than its east across the antimeridian. Null for no polygons. */
export function bboxOf(footprint: readonly Polygon[]): Bounds | null {
  const [west, east] = indexBoxes(footprint);
  if (west === undefined) return null;
  if (east === undefined) return west;
  // RFC 7946, section 5.2.
  return [east[0], Math.min(west[1], east[1]), west[2], Math.max(west[3], east[3])];
}

/** The outline with the largest box; the files of one item may have different grids. */
export function largestOutline(outlines: readonly (readonly Polygon[])[]): readonly Polygon[] {
  const sizeOf = (footprint: readonly Polygon[]): number =>
    indexBoxes(footprint).reduce((sum, [x0, y0, x1, y1]) => sum + (x1 - x0) * (y1 - y0), 0);
  return outlines.reduce((a, b) => (sizeOf(b) > sizeOf(a) ? b : a));
}
