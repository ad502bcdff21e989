/** Measures of rings in their own coordinates. */
import type { Bounds } from '../geo/index.js';
import type { Ring } from './features.js';

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
