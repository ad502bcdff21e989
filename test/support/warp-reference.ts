/**
 * A warp in plain float64, written from the definition alone: the exact transform of every pixel, one loop, no
 * control grid, no tiles. Slow, and shares nothing with the kernels.
 */
import { createPixelMapping, type GeoBox } from '../../src/geo/node/index.js';

export interface ReferenceResult {
  values: Float64Array;
  /** Exact source positions, x and y alternating. */
  positions: Float64Array;
}

/** @param source values of the source's grid, NaN for no data */
export function referenceWarp(
  source: ArrayLike<number>,
  from: GeoBox,
  to: GeoBox,
  resampling: 'nearest' | 'bilinear',
): ReferenceResult {
  const mapping = createPixelMapping(to, from);
  const values = new Float64Array(to.width * to.height).fill(Number.NaN);
  const positions = new Float64Array(2 * values.length);
  const at = (x: number, y: number): number =>
    x < 0 || y < 0 || x >= from.width || y >= from.height ? Number.NaN : source[y * from.width + x];
  const position = new Float64Array(2);
  for (let row = 0; row < to.height; row++) {
    for (let column = 0; column < to.width; column++) {
      const k = row * to.width + column;
      mapping.map(column + 0.5, row + 0.5, position);
      const [x, y] = position;
      positions.set(position, 2 * k);
      if (!(x >= 0 && y >= 0 && x <= from.width && y <= from.height)) continue;
      const containing = at(
        Math.min(Math.floor(x), from.width - 1),
        Math.min(Math.floor(y), from.height - 1),
      );
      if (Number.isNaN(containing)) continue;
      if (resampling === 'nearest') {
        values[k] = containing;
        continue;
      }
      let sum = 0;
      let weights = 0;
      for (let j = Math.floor(y - 0.5); j <= Math.floor(y - 0.5) + 1; j++) {
        for (let i = Math.floor(x - 0.5); i <= Math.floor(x - 0.5) + 1; i++) {
          const value = at(i, j);
          if (Number.isNaN(value)) continue;
          const weight = (1 - Math.abs(x - 0.5 - i)) * (1 - Math.abs(y - 0.5 - j));
          sum += weight * value;
          weights += weight;
        }
      }
      values[k] = sum / weights;
    }
  }
  return { values, positions };
}

/** Whether a position lies so near to a pixel edge that rounding may decide for either side. */
export function nearEdge(x: number, y: number, distance = 1e-3): boolean {
  return Math.abs(x - Math.round(x)) < distance || Math.abs(y - Math.round(y)) < distance;
}

/** The largest difference between neighbours among the pixels around a position: how fast values change there. */
export function localGradient(
  source: ArrayLike<number>,
  width: number,
  height: number,
  x: number,
  y: number,
): number {
  let least = Infinity;
  let most = -Infinity;
  for (let j = Math.floor(y) - 1; j <= Math.floor(y) + 1; j++) {
    for (let i = Math.floor(x) - 1; i <= Math.floor(x) + 1; i++) {
      if (i < 0 || j < 0 || i >= width || j >= height) continue;
      const value = source[j * width + i];
      if (Number.isNaN(value)) continue;
      least = Math.min(least, value);
      most = Math.max(most, value);
    }
  }
  return Math.max(0, most - least);
}
