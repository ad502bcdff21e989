import type { KernelRun } from '../../gpu/index.js';
import type { RESCALE } from '../rescale.js';

export const module = import.meta.url;

export const run: KernelRun<typeof RESCALE> = ({ values }, parameters, start, end) => {
  const { first, origin, factor, low, high, zero_is_missing } = parameters;
  for (let i = first + start; i < first + end; i++) {
    const value = values[i];
    if (!Number.isFinite(value) || (zero_is_missing === 1 && value === 0)) {
      values[i] = Number.NaN;
      continue;
    }
    const scaled = Math.fround(Math.fround(value - origin) * factor);
    values[i] = Math.min(Math.max(scaled, low), high);
  }
};
