import type { Piece } from './warp.js';

/** A filter's weights by distance, and its extent in pixels. */
export interface Filter {
  readonly weights: ArrayLike<number>;
  readonly length: number;
  /** Pixels on either side of a position. */
  readonly tapsX: number;
  readonly tapsY: number;
  /** Table entries per pixel. */
  readonly stepsX: number;
  readonly stepsY: number;
}

/** A filter's weight at a distance in table entries, by linear interpolation; zero beyond the end. */
function filterWeight({ weights, length }: Filter, distance: number): number {
  const at = Math.abs(distance);
  const index = Math.floor(at);
  if (index + 1 >= length) return 0;
  const weight = weights[index];
  return weight + (weights[index + 1] - weight) * (at - index);
}

/** Weights along x, kept between calls. */
let along = new Float64Array(16);

/** The weighted mean of a filter's pixels; pixels outside or without data are skipped and weights renormalised. */
export function filteredValue(piece: Piece, x0: number, y0: number, wx: number, wy: number): number {
  const { source, width, height, filter } = piece;
  const { tapsX, tapsY } = filter;
  if (along.length < 2 * tapsX) along = new Float64Array(2 * tapsX);
  const left = Math.max(1 - tapsX, -x0);
  const right = Math.min(tapsX, width - 1 - x0);
  for (let i = left; i <= right; i++) along[i + tapsX - 1] = filterWeight(filter, (i - wx) * filter.stepsX);
  const top = Math.max(1 - tapsY, -y0);
  const bottom = Math.min(tapsY, height - 1 - y0);
  let sum = 0;
  let total = 0;
  for (let j = top; j <= bottom; j++) {
    const rowWeight = filterWeight(filter, (j - wy) * filter.stepsY);
    // Skipped, since the value may be infinite.
    if (rowWeight === 0) continue;
    const row = (y0 + j) * width + x0;
    let rowSum = 0;
    let rowTotal = 0;
    for (let i = left; i <= right; i++) {
      const value = source[row + i];
      if (Number.isNaN(value)) continue;
      const weight = along[i + tapsX - 1];
      if (weight === 0) continue;
      rowSum += weight * value;
      rowTotal += weight;
    }
    sum += rowWeight * rowSum;
    total += rowWeight * rowTotal;
  }
  // With negative weights the sum may be zero or negative: no data.
  return total < 1e-6 ? Number.NaN : sum / total;
}
