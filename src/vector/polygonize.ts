/** Areas of equal pixels as polygons along pixel edges. */
import type { Polygon, Position } from './geojson.js';

/** Steps along pixel edges: east, south, west, north, with y downwards. */
const DX = [1, 0, -1, 0];
const DY = [0, 1, 0, -1];

/**
 * The outlines of the areas whose pixels are 1, in pixel coordinates (y downwards). Areas, and the holes in them, are
 * 4-connected: what touches only at a corner is apart, so that every ring is simple. Each polygon starts with its
 * exterior ring, counter-clockwise on a north-up map, and goes on with its holes, clockwise (RFC 7946).
 * @param mask `height × width` values, row by row
 */
export function polygonize(mask: Uint8Array, width: number, height: number): Polygon[] {
  const labels = labelAreas(mask, width, height);
  const polygons: Position[][][] = [];
  // Each boundary is walked with its pixels to the right of the way, y downwards. A top edge starts a walk; it is
  // the exterior of its area when it is the first of that area in reading order, else a hole.
  const walked = new Uint8Array(width * height);
  for (let k = 0; k < mask.length; k++) {
    const isTopEdge = labels[k] > 0 && (k < width || labels[k - width] !== labels[k]);
    if (!isTopEdge || walked[k] === 1) continue;
    const ring = walk(labels, width, height, k, walked);
    const area = labels[k] - 1;
    if (polygons[area] === undefined) polygons[area] = [ring];
    else polygons[area].push(ring);
  }
  return polygons;
}

/** Numbers the 4-connected areas from 1, in reading order of their first pixels; 0 elsewhere. */
function labelAreas(mask: Uint8Array, width: number, height: number): Int32Array {
  const labels = new Int32Array(width * height);
  const stack: number[] = [];
  let count = 0;
  for (let start = 0; start < mask.length; start++) {
    if (mask[start] !== 1 || labels[start] !== 0) continue;
    count++;
    labels[start] = count;
    stack.push(start);
    for (let k = stack.pop(); k !== undefined; k = stack.pop()) {
      const column = k % width;
      for (let direction = 0; direction < 4; direction++) {
        const inside =
          column + DX[direction] >= 0 &&
          column + DX[direction] < width &&
          k + DY[direction] * width >= 0 &&
          k + DY[direction] * width < mask.length;
        const next = k + DX[direction] + DY[direction] * width;
        if (inside && mask[next] === 1 && labels[next] === 0) {
          labels[next] = count;
          stack.push(next);
        }
      }
    }
  }
  return labels;
}

/** The boundary that has the top edge of pixel `start`, and marks the top edges on it. */
function walk(
  labels: Int32Array,
  width: number,
  height: number,
  start: number,
  walked: Uint8Array,
): Position[] {
  const area = labels[start];
  const inArea = (column: number, row: number): boolean =>
    column >= 0 && row >= 0 && column < width && row < height && labels[row * width + column] === area;
  const [x0, y0] = [start % width, Math.floor(start / width)];
  const ring: Position[] = [];
  let [x, y, direction] = [x0, y0, 0];
  do {
    if (direction === 0) walked[y * width + x] = 1;
    x += DX[direction];
    y += DY[direction];
    // The two pixels ahead: beyond the edge's end, to the left and to the right of the way.
    const left = pixelAhead(x, y, direction, -1);
    const right = pixelAhead(x, y, direction, 0);
    const before = direction;
    // Where two pixels of one area touch at a corner, the left turn keeps the gaps beside it in rings of their own.
    if (inArea(...left)) direction = (direction + 3) % 4;
    else if (!inArea(...right)) direction = (direction + 1) % 4;
    if (direction !== before) ring.push([x, y]);
  } while (x !== x0 || y !== y0 || direction !== 0);
  ring.push(ring[0]);
  return ring.reverse();
}

/** The pixel ahead of vertex `(x, y)` on the left (−1) or on the right (0) of a way in `direction`. */
function pixelAhead(x: number, y: number, direction: number, side: -1 | 0): [number, number] {
  switch (direction) {
    case 0:
      return [x, y + side];
    case 1:
      return [x - 1 - side, y];
    case 2:
      return [x - 1, y - 1 - side];
    default:
      return [x + side, y - 1];
  }
}
