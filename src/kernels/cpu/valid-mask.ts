import type { CpuTensors, KernelParameters } from '../../gpu/index.js';
import { FLAT_PIECE } from '../grid.js';

export const module = import.meta.url;

export function run(
  { plane, mask }: CpuTensors<'plane' | 'mask'>,
  { count, first }: KernelParameters<'count' | 'first'>,
  start: number,
  end: number,
): void {
  const to = Math.min(count, end * FLAT_PIECE);
  for (let i = start * FLAT_PIECE; i < to; i++) {
    const valid = Number.isFinite(plane[i]) ? 1 : 0;
    mask[i] = first === 1 ? valid : mask[i] & valid;
  }
}
