import type { KernelRun } from '../../gpu/index.js';
import type { HISTOGRAM } from '../percentiles.js';

export const module = import.meta.url;

/** A row is a group: a histogram of a contiguous part of the values. */
export const run: KernelRun<typeof HISTOGRAM> = ({ values, counts }, parameters, start, end) => {
  const { count, groups, bins, low, high, factor } = parameters;
  for (let group = start; group < end; group++) {
    const to = Math.floor(((group + 1) * count) / groups);
    for (let i = Math.floor((group * count) / groups); i < to; i++) {
      const value = values[i];
      if (!Number.isFinite(value)) continue;
      let slot = bins + 1;
      if (value < low) slot = 0;
      else if (value <= high)
        slot = 1 + Math.min(bins - 1, Math.floor(Math.fround(Math.fround(0.5 * value - 0.5 * low) * factor)));
      counts[group * (bins + 2) + slot]++;
    }
  }
};
