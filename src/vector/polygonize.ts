import { positionsOf } from './edges.js';
import type { Polygon, Position } from './features.js';
import { Polygonizer } from './polygonizer.js';

/**
 * The outlines of the areas whose pixels are 1, in pixel coordinates (y downwards), in reading order of their first
 * pixels; each as `PixelPolygon` has it. For maps of many classes, or too large for memory, see `Polygonizer`.
 * @param mask `height × width` values, row by row
 */
export function polygonize(mask: Uint8Array, width: number, height: number): Polygon[] {
  const polygons: Position[][][] = [];
  const polygonizer = new Polygonizer({
    width,
    values: [1],
    onPolygon: ({ rings }) => polygons.push(rings.map(positionsOf)),
  });
  polygonizer.addRows(mask.subarray(0, width * height));
  polygonizer.finish();
  // An area's first pixel lies under the topmost, leftmost position of its exterior.
  return polygons.sort(([[p]], [[q]]) => p[1] - q[1] || p[0] - q[0]);
}
