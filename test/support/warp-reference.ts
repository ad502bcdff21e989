/**
 * A warp in float64 by the definition: the exact transform of every pixel in one loop, without a control grid or tiles.
 * It shares no code with the kernels.
 */
import { createPixelMapping, type GeoBox } from '../../src/geo/node/index.js';

export interface ReferenceResult {
  values: Float64Array;
  /** Exact source positions, x and y alternating. */
  positions: Float64Array;
}

/** @param source values of the source's grid, NaN for nodata */
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

/** Whether a position is so near a pixel edge that rounding may take either side. */
export function nearEdge(x: number, y: number, distance = 1e-3): boolean {
  return Math.abs(x - Math.round(x)) < distance || Math.abs(y - Math.round(y)) < distance;
}

/** The largest difference between neighbouring pixels around a position. */
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

/** The filters by their formulas: a weight by distance in pixels. */
export const FILTER_FORMULAS = {
  bilinear: (d: number): number => Math.max(0, 1 - d),
  cubic: (d: number): number => {
    if (d < 1) return 1.5 * d ** 3 - 2.5 * d ** 2 + 1;
    return d < 2 ? -0.5 * d ** 3 + 2.5 * d ** 2 - 4 * d + 2 : 0;
  },
  cubicspline: (d: number): number => {
    if (d < 1) return (4 - 6 * d ** 2 + 3 * d ** 3) / 6;
    return d < 2 ? (2 - d) ** 3 / 6 : 0;
  },
  lanczos: (d: number): number => {
    if (d === 0) return 1;
    return d < 3 ? (3 * Math.sin(Math.PI * d) * Math.sin((Math.PI * d) / 3)) / (Math.PI * d) ** 2 : 0;
  },
};

/**
 * A filter in float64 at exact positions: all source pixels with a weight, without nodata, renormalised; NaN where the
 * containing pixel is nodata. A scale below 1 widens the filter.
 */
export function referenceFilter(
  source: ArrayLike<number>,
  from: GeoBox,
  to: GeoBox,
  filter: keyof typeof FILTER_FORMULAS,
  scale = 1,
): Float64Array {
  const formula = FILTER_FORMULAS[filter];
  const { values, positions } = referenceWarp(source, from, to, 'nearest');
  const reach = Math.ceil(3 / scale) + 1;
  return values.map((nearest, k) => {
    if (Number.isNaN(nearest)) return nearest;
    const [x, y] = [positions[2 * k], positions[2 * k + 1]];
    let sum = 0;
    let weights = 0;
    for (let j = Math.floor(y) - reach; j <= Math.floor(y) + reach; j++) {
      for (let i = Math.floor(x) - reach; i <= Math.floor(x) + reach; i++) {
        if (i < 0 || j < 0 || i >= from.width || j >= from.height) continue;
        const value = source[j * from.width + i];
        if (Number.isNaN(value)) continue;
        const weight = formula(Math.abs(x - 0.5 - i) * scale) * formula(Math.abs(y - 0.5 - j) * scale);
        sum += weight * value;
        weights += weight;
      }
    }
    return sum / weights;
  });
}

/** The difference between the largest and the smallest value within a distance of a position. */
export function spreadAround(
  source: ArrayLike<number>,
  { width, height }: GeoBox,
  x: number,
  y: number,
  radius: number,
): number {
  let least = Infinity;
  let most = -Infinity;
  for (let j = Math.max(0, Math.floor(y - radius)); j <= Math.min(height - 1, y + radius); j++) {
    for (let i = Math.max(0, Math.floor(x - radius)); i <= Math.min(width - 1, x + radius); i++) {
      const value = source[j * width + i];
      if (Number.isNaN(value)) continue;
      least = Math.min(least, value);
      most = Math.max(most, value);
    }
  }
  return Math.max(0, most - least);
}

/** The corners (i, j) and (i + 1, j + 1) of every destination pixel in the source: x, y, x, y. */
export function referenceCorners(from: GeoBox, to: GeoBox): Float64Array {
  const mapping = createPixelMapping(to, from);
  const corners = new Float64Array(4 * to.pixelCount);
  const out = new Float64Array(2);
  for (let k = 0; k < to.pixelCount; k++) {
    for (const step of [0, 1]) {
      mapping.map((k % to.width) + step, Math.floor(k / to.width) + step, out);
      corners.set(out, 4 * k + 2 * step);
    }
  }
  return corners;
}
