import type { CpuTensors, KernelParameters } from '../../gpu/index.js';

export const module = import.meta.url;

/** A row is a group: a histogram of its own, of values that lie together. */
export function run(
  { values, counts }: CpuTensors<'values' | 'counts'>,
  parameters: KernelParameters<'count' | 'groups' | 'bins' | 'low' | 'high' | 'factor'>,
  start: number,
  end: number,
): void {
  const { count, groups, bins } = parameters;
  const low = Math.fround(parameters.low);
  const high = Math.fround(parameters.high);
  const factor = Math.fround(parameters.factor);
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
}
