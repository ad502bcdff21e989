/** Halving rows for overviews. */
import { allocateArray, dtypeOf, isFloat, type TypedArray } from '../../geo/index.js';

export const OVERVIEW_METHODS = ['average', 'mode', 'nearest', 'none'] as const;
/**
 * `average` for measurements: the mean of the valid pixels among four, invalid where none is valid. `mode` for
 * classes: the most frequent valid value, the lowest among equals. `nearest` takes the upper left pixel.
 */
export type OverviewMethod = (typeof OVERVIEW_METHODS)[number];

/**
 * Rows of one band at half the resolution. Odd sizes round up: the last row and column then stand for fewer pixels.
 * @param rows `height × width` values
 */
export function halve(
  rows: TypedArray,
  width: number,
  height: number,
  nodata: number | null,
  method: Exclude<OverviewMethod, 'none'>,
): TypedArray {
  const halfWidth = Math.ceil(width / 2);
  const halfHeight = Math.ceil(height / 2);
  const dtype = dtypeOf(rows);
  const result: TypedArray = allocateArray(dtype, halfWidth * halfHeight);
  const round = !isFloat(dtype);
  const empty = nodata ?? (round ? 0 : Number.NaN);
  const four = [0, 0, 0, 0];
  for (let y = 0; y < halfHeight; y++) {
    const top = 2 * y * width;
    const bottom = 2 * y + 1 < height ? top + width : top;
    for (let x = 0; x < halfWidth; x++) {
      const left = 2 * x;
      const right = left + 1 < width ? left + 1 : left;
      if (method === 'nearest') {
        result[y * halfWidth + x] = rows[top + left];
        continue;
      }
      let count = 0;
      const a = rows[top + left];
      if (isValid(a, nodata)) four[count++] = a;
      if (right !== left) {
        const b = rows[top + right];
        if (isValid(b, nodata)) four[count++] = b;
      }
      if (bottom !== top) {
        const c = rows[bottom + left];
        if (isValid(c, nodata)) four[count++] = c;
        if (right !== left) {
          const d = rows[bottom + right];
          if (isValid(d, nodata)) four[count++] = d;
        }
      }
      if (count === 0) result[y * halfWidth + x] = empty;
      else if (method === 'mode') result[y * halfWidth + x] = mostFrequent(four, count);
      else {
        let sum = 0;
        for (let i = 0; i < count; i++) sum += four[i];
        const mean = sum / count;
        result[y * halfWidth + x] = round ? Math.floor(mean + 0.5) : mean;
      }
    }
  }
  return result;
}

function isValid(value: number, nodata: number | null): boolean {
  return !Number.isNaN(value) && value !== nodata;
}

function mostFrequent(values: readonly number[], count: number): number {
  let best = values[0];
  let bestCount = 0;
  for (let i = 0; i < count; i++) {
    let same = 0;
    for (let j = 0; j < count; j++) if (values[j] === values[i]) same++;
    if (same > bestCount || (same === bestCount && values[i] < best)) {
      best = values[i];
      bestCount = same;
    }
  }
  return best;
}
