import type { CpuTensors, KernelParameters } from '../../gpu/index.js';
import { FLAT_PIECE } from '../grid.js';

export const module = import.meta.url;

export function run(
  { values, mask }: CpuTensors<'values' | 'mask'>,
  { count, pixels, where_set }: KernelParameters<'count' | 'pixels' | 'where_set'>,
  start: number,
  end: number,
): void {
  const to = Math.min(count, end * FLAT_PIECE);
  let pixel = (start * FLAT_PIECE) % pixels;
  for (let i = start * FLAT_PIECE; i < to; i++) {
    if ((mask[pixel] !== 0) === (where_set === 1)) values[i] = Number.NaN;
    if (++pixel === pixels) pixel = 0;
  }
}
