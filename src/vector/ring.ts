/** Measures of rings in their own coordinates. */
import type { Bounds } from '../geo/index.js';
import type { Position, Ring } from './features.js';

/** In square units of its coordinates; positive where the ring runs counter-clockwise. */
export function signedArea(ring: Ring): number {
  const [[x0, y0]] = ring;
  let sum = 0;
  for (let k = 1; k < ring.length; k++) {
    const [[xa, ya], [xb, yb]] = [ring[k - 1], ring[k]];
    sum += (xa - x0) * (yb - y0) - (xb - x0) * (ya - y0);
  }
  return sum / 2;
}

export function ringBounds(ring: Ring): Bounds {
  let [x0, y0] = [Infinity, Infinity];
  let [x1, y1] = [-Infinity, -Infinity];
  for (const [x, y] of ring) {
    x0 = Math.min(x0, x);
    y0 = Math.min(y0, y);
    x1 = Math.max(x1, x);
    y1 = Math.max(y1, y);
  }
  return [x0, y0, x1, y1];
}

/** Whether a ring encloses nothing: its positions lie on one line, or lead there and back, within their rounding. */
export function isFlat(ring: Ring): boolean {
  const [x0, y0, x1, y1] = ringBounds(ring);
  const largest = Math.max(Math.abs(x0), Math.abs(y0), Math.abs(x1), Math.abs(y1));
  const tolerance = 4 * Number.EPSILON * largest * (x1 - x0 + y1 - y0);
  if (Math.abs(signedArea(ring)) > tolerance) return false;
  // The two halves of a figure of eight cancel out, and yet they enclose something.
  const path: Position[] = [];
  for (const position of ring) {
    const before = path.at(-2);
    const isSpike = before !== undefined && before[0] === position[0] && before[1] === position[1];
    if (isSpike) path.pop();
    else path.push(position);
  }
  return path.every((position, k) => {
    const triangle = k < 1 ? 0 : Math.abs(signedArea([path[0], path[k - 1], position, path[0]]));
    return triangle <= tolerance;
  });
}
