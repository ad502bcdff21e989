/**
 * The order of rows in a file: along a Hilbert curve (Hilbert 1891, doi:10.1007/BF01199431) over longitude and
 * latitude, so that rows which lie together are stored together and the boxes of row groups are small.
 */
import type { Bounds } from '../../geo/index.js';

const BITS = 16;
const SIDE = 2 ** BITS;

/** How far along the curve the middle of a box lies: an integer below 2^32. */
export function hilbertKey([x0, y0, x1, y1]: Bounds): number {
  let x = cell((x0 + x1 + 360) / 720);
  let y = cell((y0 + y1 + 180) / 360);
  let key = 0;
  for (let side = SIDE / 2; side >= 1; side /= 2) {
    const right = (x & side) > 0 ? 1 : 0;
    const up = (y & side) > 0 ? 1 : 0;
    key += side * side * ((3 * right) ^ up);
    if (up === 1) continue;
    if (right === 1) {
      x = SIDE - 1 - x;
      y = SIDE - 1 - y;
    }
    [x, y] = [y, x];
  }
  return key;
}

function cell(share: number): number {
  return Math.min(SIDE - 1, Math.max(0, Math.floor(share * SIDE)));
}

/** Positions of keys in ascending order; equal keys keep theirs. Keys are integers below 2^32. */
export function orderOfKeys(keys: Uint32Array): Uint32Array {
  let order = Uint32Array.from(keys, (_, k) => k);
  // Sorted by the lower half of the bits, then by the upper half.
  for (const shift of [0, 16]) {
    const starts = new Uint32Array(SIDE + 1);
    for (const key of keys) starts[((key >>> shift) & (SIDE - 1)) + 1]++;
    for (let k = 1; k <= SIDE; k++) starts[k] += starts[k - 1];
    const sorted = new Uint32Array(keys.length);
    for (const position of order) sorted[starts[(keys[position] >>> shift) & (SIDE - 1)]++] = position;
    order = sorted;
  }
  return order;
}
