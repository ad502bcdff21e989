/** Measures of rings and polygons. */
import { boundsOfPaths } from '../geo/bounds.js';
import { Crs, createTransform, ringArea } from '../geo/index.js';
import type { Polygon, Position, Ring } from './features.js';

/** The signed area in square units of its coordinates; positive if the ring, closed or open, runs counter-clockwise. */
export function signedArea(ring: Ring): number {
  const [[x0, y0]] = ring;
  let sum = 0;
  for (let k = 1; k < ring.length; k++) {
    const [[xa, ya], [xb, yb]] = [ring[k - 1], ring[k]];
    sum += (xa - x0) * (yb - y0) - (xb - x0) * (ya - y0);
  }
  return sum / 2;
}

/** Whether a ring, closed or open, contains a position: even-odd, by a ray (Shimrat 1962, doi:10.1145/368637.368653). */
export function ringContains(ring: Ring, [x, y]: Position): boolean {
  let inside = false;
  for (const [k, [xa, ya]] of ring.entries()) {
    const [xb, yb] = ring[(k + 1) % ring.length];
    if (ya > y !== yb > y && x < ((xb - xa) * (y - ya)) / (yb - ya) + xa) inside = !inside;
  }
  return inside;
}

/** Whether a ring has no area: its positions are on one line, or go back and forth, within their rounding. */
export function isFlat(ring: Ring): boolean {
  const bounds = boundsOfPaths([ring]);
  const [x0, y0, x1, y1] = bounds;
  const tolerance = 4 * Number.EPSILON * Math.max(...bounds.map(Math.abs)) * (x1 - x0 + y1 - y0);
  if (Math.abs(signedArea(ring)) > tolerance) return false;
  // The two halves of a figure of eight cancel out although they have an area.
  const path: Position[] = [];
  for (const position of ring) {
    const before = path.at(-2);
    const isSpike = before !== undefined && before[0] === position[0] && before[1] === position[1];
    if (isSpike) path.pop();
    else path.push(position);
  }
  return path.every(
    (position, k) => k === 0 || Math.abs(signedArea([path[0], path[k - 1], position])) <= tolerance,
  );
}

/** The area of polygons on the WGS 84 ellipsoid in m², with edges as geodesics; holes are subtracted. */
export function polygonArea(polygons: readonly Polygon[], crs: Crs): number {
  const { forward } = createTransform(crs, Crs.wgs84);
  return polygons.reduce((total, polygon) => {
    const [whole, ...holes] = polygon.map((ring) => ringArea(ring.map(([x, y]) => forward(x, y))));
    return total + whole - holes.reduce((sum, area) => sum + area, 0);
  }, 0);
}
