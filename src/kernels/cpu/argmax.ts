import type { KernelRun } from '../../gpu/index.js';
import type { ARGMAX } from '../argmax.js';

export const module = import.meta.url;

export const run: KernelRun<typeof ARGMAX> = ({ scores, labels }, { count, classes, nodata }, start, end) => {
  for (let i = start; i < end; i++) {
    let best = 0;
    for (let c = 0; c < classes; c++) {
      const score = scores[c * count + i];
      if (!Number.isFinite(score)) {
        best = nodata;
        break;
      }
      if (score > scores[best * count + i]) best = c;
    }
    labels[i] = best;
  }
};
