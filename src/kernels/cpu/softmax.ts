import type { TypedArray } from '../../geo/index.js';
import type { KernelRun } from '../../gpu/index.js';
import type { SOFTMAX } from '../softmax.js';
import { exponential } from './powers.js';

export const module = import.meta.url;

/** Pixels per batch, so that intermediate values fit the cache. */
const BATCH = 1024;

/** A row is a pixel of an item. */
export const run: KernelRun<typeof SOFTMAX> = ({ values }, { classes, pixels }, start, end) => {
  const largest = new Float64Array(BATCH);
  const total = new Float64Array(BATCH);
  const powers = new Float64Array(classes * BATCH);
  for (let row = start; row < end; ) {
    const item = Math.floor(row / pixels);
    const last = Math.min(end, (item + 1) * pixels);
    for (; row < last; row += BATCH) {
      const first = item * classes * pixels + row - item * pixels;
      softmaxBatch(values, first, Math.min(BATCH, last - row), pixels, largest, total, powers);
    }
    row = last;
  }
};

/** `count` neighbouring pixels: values of the first class start at `first`, those of the next class are `step` further. */
function softmaxBatch(
  values: TypedArray,
  first: number,
  count: number,
  step: number,
  largest: Float64Array,
  total: Float64Array,
  powers: Float64Array,
): void {
  const classes = powers.length / BATCH;
  largest.fill(-Infinity);
  total.fill(0);
  for (let c = 0; c < classes; c++) {
    const from = first + c * step;
    for (let i = 0; i < count; i++) {
      const value = values[from + i];
      // NaN propagates to all classes of the pixel.
      largest[i] = Math.max(largest[i], value - value === 0 ? value : Number.NaN);
    }
  }
  for (let c = 0; c < classes; c++) {
    const from = first + c * step;
    for (let i = 0; i < count; i++) {
      const below = values[from + i] - largest[i];
      const power = exponential(below);
      powers[c * BATCH + i] = power;
      total[i] += power;
    }
  }
  for (let c = 0; c < classes; c++) {
    const from = first + c * step;
    for (let i = 0; i < count; i++) {
      // The same NaN bits on every backend.
      values[from + i] = Number.isNaN(total[i]) ? Number.NaN : powers[c * BATCH + i] / total[i];
    }
  }
}
