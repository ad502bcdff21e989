import type { KernelRun } from '../../gpu/index.js';
import type { VALID_MASK } from '../valid-mask.js';

export const module = import.meta.url;

export const run: KernelRun<typeof VALID_MASK> = ({ plane, mask }, { count, planes, first }, start, end) => {
  if (first === 1) mask.fill(1, start, end);
  for (let k = 0; k < planes; k++) {
    const first = k * count;
    for (let i = start; i < end; i++) {
      const value = plane[first + i];
      // The difference is 0 for finite numbers only.
      if (value - value !== 0) mask[i] = 0;
    }
  }
};
