import type { CpuTensors, KernelParameters } from '../../gpu/index.js';
import { SMALLEST_NORMAL } from '../float32.js';
import { FLAT_PIECE } from '../grid.js';
import { decibelOf, exponential } from './powers.js';

export const module = import.meta.url;

/** The natural logarithm of a decibel. */
const UNITS_PER_DECIBEL = Math.LN10 / 10;

export function run(
  { values }: CpuTensors<'values'>,
  { count, to_linear }: KernelParameters<'count' | 'to_linear'>,
  start: number,
  end: number,
): void {
  const to = Math.min(count, end * FLAT_PIECE);
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  for (let i = start * FLAT_PIECE; i < to; i++) {
    const value = values[i];
    if (to_linear === 1) values[i] = exponential(value * UNITS_PER_DECIBEL);
    // What a GPU may flush to zero has no decibel anywhere.
    else values[i] = value >= SMALLEST_NORMAL && value < Infinity ? decibelOf(value, bits[i]) : Number.NaN;
  }
}
