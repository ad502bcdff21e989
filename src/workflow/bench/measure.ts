/** Times of tasks and their medians. */

/** The middle of some numbers. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** A quantile by linear interpolation, as in NumPy. @param q from 0 to 1 */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const position = q * (sorted.length - 1);
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (position - below);
}

/** Runs a task and returns its wall-clock seconds. */
export async function timeTask(task: () => unknown): Promise<number> {
  const start = performance.now();
  await task();
  return (performance.now() - start) / 1000;
}

/** Median, quartiles and least of some seconds, to four digits. */
export interface Timing {
  seconds: number;
  quartiles: [lower: number, upper: number];
  fastest: number;
}

export function summarize(seconds: readonly number[]): Timing {
  const rounded = (value: number): number => Number(value.toPrecision(4));
  const [middle, lower, upper] = [0.5, 0.25, 0.75].map((q) => rounded(quantile(seconds, q)));
  return { seconds: middle, quartiles: [lower, upper], fastest: rounded(Math.min(...seconds)) };
}
