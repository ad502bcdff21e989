import type { CpuTensors, KernelParameters } from '../../gpu/index.js';
import { FLAT_PIECE } from '../grid.js';

export const module = import.meta.url;

/** The smallest normal float32: what is below may be flushed to zero on a GPU, and has no decibel anywhere. */
const SMALLEST_NORMAL = 2 ** -126;

export function run(
  { values }: CpuTensors<'values'>,
  { count, to_linear }: KernelParameters<'count' | 'to_linear'>,
  start: number,
  end: number,
): void {
  const to = Math.min(count, end * FLAT_PIECE);
  for (let i = start * FLAT_PIECE; i < to; i++) {
    const value = values[i];
    if (to_linear === 1) values[i] = 10 ** (value / 10);
    else values[i] = value >= SMALLEST_NORMAL && value < Infinity ? 10 * Math.log10(value) : Number.NaN;
  }
}
