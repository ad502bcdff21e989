import type { CpuTensors, KernelParameters } from '../../gpu/index.js';
import { FLAT_PIECE } from '../grid.js';

export const module = import.meta.url;

export function run(
  { scores, labels }: CpuTensors<'scores' | 'labels'>,
  { count, classes, nodata }: KernelParameters<'count' | 'classes' | 'nodata'>,
  start: number,
  end: number,
): void {
  const to = Math.min(count, end * FLAT_PIECE);
  for (let i = start * FLAT_PIECE; i < to; i++) {
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
}
