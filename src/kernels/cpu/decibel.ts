import type { CpuTensors, KernelParameters } from '../../gpu/index.js';
import { SMALLEST_NORMAL } from '../float32.js';
import { FLAT_PIECE } from '../grid.js';

export const module = import.meta.url;

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
    // What a GPU may flush to zero has no decibel anywhere.
    else values[i] = value >= SMALLEST_NORMAL && value < Infinity ? 10 * Math.log10(value) : Number.NaN;
  }
}
