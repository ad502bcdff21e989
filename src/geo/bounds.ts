import { invalidInput } from '../errors.js';
import { type Crs, createTransform } from './crs.js';

/** `[minX, minY, maxX, maxY]`, x or longitude first. */
export type Bounds = readonly [number, number, number, number];

/** @throws {TerrachipError} INVALID_INPUT unless the four numbers are finite and enclose an area. */
export function checkBounds(bounds: Bounds, what = 'the bounds'): Bounds {
  const [minX, minY, maxX, maxY] = bounds;
  if (bounds.length !== 4 || !bounds.every(Number.isFinite) || minX >= maxX || minY >= maxY) {
    throw invalidInput(
      `${what} [${bounds.join(', ')}]`,
      'do not enclose an area',
      'give them as minimum x, minimum y, maximum x, maximum y',
    );
  }
  return bounds;
}

export function unionBounds(a: Bounds, b: Bounds): Bounds {
  return [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])];
}

export function intersectBounds(a: Bounds, b: Bounds): Bounds | null {
  const r: Bounds = [Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.min(a[2], b[2]), Math.min(a[3], b[3])];
  return r[0] < r[2] && r[1] < r[3] ? r : null;
}

/** Points along the outline of a rectangle, counter-clockwise from the lower left, without repeating the first. */
export function outline(bounds: Bounds, pointsPerEdge: number): [number, number][] {
  const [x0, y0, x1, y1] = bounds;
  const points: [number, number][] = [];
  const n = Math.max(1, pointsPerEdge);
  for (let i = 0; i < n; i++) points.push([x0 + ((x1 - x0) * i) / n, y0]);
  for (let i = 0; i < n; i++) points.push([x1, y0 + ((y1 - y0) * i) / n]);
  for (let i = 0; i < n; i++) points.push([x1 - ((x1 - x0) * i) / n, y1]);
  for (let i = 0; i < n; i++) points.push([x0, y1 - ((y1 - y0) * i) / n]);
  return points;
}

/** Parallels bend most around a pole: there a step of half a degree bulges by 1e-5 of the distance from it. */
function stepsAlong(longitudes: number): number {
  return Math.ceil(2 * Math.min(360, longitudes));
}

/** How many points an edge is cut into before it is transformed: curved edges then bulge by less than a pixel. */
export const DENSIFY_POINTS = 21;

/**
 * The bounds of a rectangle in another CRS: its outline, densified, and its inside sampled on a coarse lattice
 * (an extreme can lie inside, as at a pole). Points outside the target's domain are left out.
 * @throws {TerrachipError} INVALID_INPUT when no point can be transformed.
 */
export function transformBounds(bounds: Bounds, from: Crs, to: Crs, densify = DENSIFY_POINTS): Bounds {
  const transform = createTransform(from, to);
  if (transform.isIdentity) return bounds;
  const [x0, y0, x1, y1] = bounds;
  const points = outline(bounds, from.isGeographic ? Math.max(densify, stepsAlong(x1 - x0)) : densify);
  for (let j = 1; j < densify; j++) {
    for (let i = 1; i < densify; i++) {
      points.push([x0 + ((x1 - x0) * i) / densify, y0 + ((y1 - y0) * j) / densify]);
    }
  }
  let result: Bounds | null = null;
  for (const [x, y] of points) {
    const [tx, ty] = transform.forward(x, y);
    if (Number.isNaN(tx)) continue;
    const point: Bounds = [tx, ty, tx, ty];
    result = result === null ? point : unionBounds(result, point);
  }
  if (result === null) {
    throw invalidInput(
      `the bounds [${bounds.join(', ')}] in ${from}`,
      `lie outside the domain of ${to}`,
      'choose a coordinate reference system that covers the area',
    );
  }
  return result;
}
