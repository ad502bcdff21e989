import type { KernelRun } from '../../gpu/index.js';
import type { MASK_VALUES } from '../mask-values.js';

export const module = import.meta.url;

export const run: KernelRun<typeof MASK_VALUES> = ({ values, mask }, { pixels, where_set }, start, end) => {
  let pixel = start % pixels;
  for (let i = start; i < end; i++) {
    if ((mask[pixel] !== 0) === (where_set === 1)) values[i] = Number.NaN;
    if (++pixel === pixels) pixel = 0;
  }
};
