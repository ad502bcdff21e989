import type { KernelRun } from '../../gpu/index.js';
import type { DECIBEL } from '../decibel.js';
import { SMALLEST_NORMAL } from '../float32.js';
import { decibelOf, exponential } from './powers.js';

export const module = import.meta.url;

/** The natural logarithm of a decibel. */
const UNITS_PER_DECIBEL = Math.LN10 / 10;

export const run: KernelRun<typeof DECIBEL> = ({ values }, { to_linear }, start, end) => {
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  for (let i = start; i < end; i++) {
    const value = values[i];
    if (to_linear === 1) values[i] = exponential(value * UNITS_PER_DECIBEL);
    // Subnormal powers, which a GPU may flush to zero, become NaN on every backend.
    else values[i] = value >= SMALLEST_NORMAL && value < Infinity ? decibelOf(value, bits[i]) : Number.NaN;
  }
};
