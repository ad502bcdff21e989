/** Statistics of the values of bands: those of chips are computed one by one, and then combined. */

/** Moments and extremes of some values. */
export interface Moments {
  /** The number of values. */
  readonly count: number;
  /** 0 without values, as are the next three. */
  readonly mean: number;
  /** The sum of the squared differences from the mean. */
  readonly squares: number;
  readonly min: number;
  readonly max: number;
}

/** The moments of no values. */
export const NO_MOMENTS: Moments = { count: 0, mean: 0, squares: 0, min: 0, max: 0 };

/** The moments of values in float64, without NaN and `nodata`: first the mean, then the differences from it. */
export function momentsOf(values: ArrayLike<number>, nodata: number): Moments {
  let [count, sum, min, max] = [0, 0, Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (Number.isNaN(value) || value === nodata) continue;
    count++;
    sum += value;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  if (count === 0) return NO_MOMENTS;
  const mean = sum / count;
  let squares = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!Number.isNaN(value) && value !== nodata) squares += (value - mean) ** 2;
  }
  return { count, mean, squares, min, max };
}

/** The moments of the values of both (Chan, Golub and LeVeque 1979). */
export function combineMoments(a: Moments, b: Moments): Moments {
  if (a.count === 0) return b;
  if (b.count === 0) return a;
  const count = a.count + b.count;
  const difference = b.mean - a.mean;
  return {
    count,
    mean: a.mean + (difference * b.count) / count,
    squares: a.squares + b.squares + (difference ** 2 * a.count * b.count) / count,
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
  };
}

/** Numbers of pixels by class. */
export type ClassCounts = ReadonlyMap<number, number>;

/** Counts the pixels of each class, without those of `ignore`. */
export function countClasses(labels: ArrayLike<number>, ignore: number): ClassCounts {
  const counts = new Map<number, number>();
  for (let start = 0; start < labels.length; ) {
    const value = labels[start];
    let end = start + 1;
    while (end < labels.length && labels[end] === value) end++;
    if (value !== ignore) counts.set(value, (counts.get(value) ?? 0) + end - start);
    start = end;
  }
  return counts;
}

/** The sum of the counts of all classes. */
export function totalOf(counts: ClassCounts): number {
  let total = 0;
  for (const count of counts.values()) total += count;
  return total;
}
