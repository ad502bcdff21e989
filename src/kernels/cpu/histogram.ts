import type { CpuTensors, KernelParameters } from '../../gpu/index.js';

export const module = import.meta.url;

/** A row is a group: a histogram of its own, of values that lie together. */
export function run(
  { values, counts }: CpuTensors<'values' | 'counts'>,
  parameters: KernelParameters<'count' | 'groups' | 'bins' | 'low' | 'factor'>,
  start: number,
  end: number,
): void {
  const { count, groups, bins } = parameters;
  const low = Math.fround(parameters.low);
  const factor = Math.fround(parameters.factor);
  for (let group = start; group < end; group++) {
    const to = Math.floor(((group + 1) * count) / groups);
    for (let i = Math.floor((group * count) / groups); i < to; i++) {
      const value = values[i];
      if (!Number.isFinite(value)) continue;
      const position = Math.fround(Math.fround(value - low) * factor);
      counts[group * bins + Math.floor(Math.max(0, Math.min(bins - 1, position)))]++;
    }
  }
}
