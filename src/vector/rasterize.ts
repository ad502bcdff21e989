import type { PolygonRings } from './geojson.js';

/**
 * Marks the pixels whose centres lie inside polygons given in pixel coordinates: by the even-odd rule within a
 * polygon, so that holes stay empty. A centre on an edge belongs to the pixel span that starts there.
 * @param mask `height × width` values, row by row, that become `value` inside
 */
export function rasterize(
  polygons: readonly PolygonRings[],
  mask: Uint8Array,
  width: number,
  height: number,
  value = 1,
): void {
  for (const rings of polygons) {
    const crossings = new Map<number, number[]>();
    for (const ring of rings) {
      for (let k = 0; k + 1 < ring.length; k++) addCrossings(ring[k], ring[k + 1], height, crossings);
    }
    for (const [row, xs] of crossings) {
      xs.sort((a, b) => a - b);
      for (let k = 0; k + 1 < xs.length; k += 2) {
        const from = Math.max(0, Math.ceil(xs[k] - 0.5));
        const to = Math.min(width, Math.ceil(xs[k + 1] - 0.5));
        if (to > from) mask.fill(value, row * width + from, row * width + to);
      }
    }
  }
}

/** Where an edge crosses the middle lines of rows; its upper end belongs to it, its lower end does not. */
function addCrossings(
  [x0, y0]: readonly [number, number],
  [x1, y1]: readonly [number, number],
  height: number,
  crossings: Map<number, number[]>,
): void {
  if (y0 === y1) return;
  const first = Math.max(0, Math.ceil(Math.min(y0, y1) - 0.5));
  const end = Math.min(height, Math.ceil(Math.max(y0, y1) - 0.5));
  for (let row = first; row < end; row++) {
    const x = x0 + ((x1 - x0) * (row + 0.5 - y0)) / (y1 - y0);
    const known = crossings.get(row);
    if (known === undefined) crossings.set(row, [x]);
    else known.push(x);
  }
}
