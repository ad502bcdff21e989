/** Boxes in longitude and latitude around outlines: what spatial indexes hold. */
import type { Bounds } from '../geo/index.js';
import type { Polygon } from '../vector/index.js';

/** The box around some polygons; null for none. */
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

/** The boxes that an index holds for an outline: one on either side for what was cut at the antimeridian. */
export function indexBoxes(footprint: readonly Polygon[]): Bounds[] {
  const whole = boxOf(footprint);
  if (whole === null) return [];
  if (whole[0] > -180 || whole[2] < 180 || footprint.length < 2) return [whole];
  const isWest = (polygon: Polygon): boolean => (boxOf([polygon])?.[0] ?? 0) < 0;
  const west = boxOf(footprint.filter(isWest));
  const east = boxOf(footprint.filter((polygon) => !isWest(polygon)));
  return west !== null && east !== null && west[2] < east[0] ? [west, east] : [whole];
}

/** A box as STAC and GeoJSON have it: of what lies across the antimeridian the west is greater than the east. Null for nothing. */
export function bboxOf(footprint: readonly Polygon[]): Bounds | null {
  const [west, east] = indexBoxes(footprint);
  if (west === undefined) return null;
  if (east === undefined) return west;
  // As RFC 7946 §5.2 has it: what begins in the east ends in the west.
  return [east[0], Math.min(west[1], east[1]), west[2], Math.max(west[3], east[3])];
}

/** Of the outlines of one item's files, which may have grids of their own, the one with the largest box. */
export function largestOutline(outlines: readonly (readonly Polygon[])[]): readonly Polygon[] {
  const sizeOf = (footprint: readonly Polygon[]): number =>
    indexBoxes(footprint).reduce((sum, [x0, y0, x1, y1]) => sum + (x1 - x0) * (y1 - y0), 0);
  return outlines.reduce((a, b) => (sizeOf(b) > sizeOf(a) ? b : a));
}
