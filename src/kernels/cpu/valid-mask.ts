import type { CpuTensors, KernelParameters } from '../../gpu/index.js';
import { FLAT_PIECE } from '../grid.js';

export const module = import.meta.url;

export function run(
  { plane, mask }: CpuTensors<'plane' | 'mask'>,
  { count, planes, first }: KernelParameters<'count' | 'planes' | 'first'>,
  start: number,
  end: number,
): void {
  const from = start * FLAT_PIECE;
  const to = Math.min(count, end * FLAT_PIECE);
  if (first === 1) mask.fill(1, from, to);
  for (let k = 0; k < planes; k++) {
    for (let i = from; i < to; i++) if (!Number.isFinite(plane[k * count + i])) mask[i] = 0;
  }
}
