import { describe, expect, it } from 'vitest';
import { decibelOf, exponential } from '../../src/kernels/cpu/powers.js';
import { seeded } from '../support/random.js';

describe('powers for float32', () => {
  it('decibels are equal to Math.log10 from the smallest number to the largest', () => {
    const random = seeded(11);
    const words = Int32Array.from({ length: 20000 }, () => 0x00800000 + Math.floor(random() * 0x7effffff));
    // 1 and its neighbours, where the logarithm is nearly 0; both ends of the range.
    words.set([0x3f7fffff, 0x3f800000, 0x3f800001, 0x00800000, 0x7f7fffff]);
    const values = new Float32Array(words.buffer);
    for (const [i, value] of values.entries()) {
      const expected = 10 * Math.log10(value);
      expect(Math.abs(decibelOf(value, words[i]) - expected)).toBeLessThanOrEqual(1e-11 * Math.abs(expected));
    }
  });

  it('decibels of 0.5 to 2 are exact to 1e-11', () => {
    const words = Int32Array.from({ length: 2 ** 16 }, (_, i) => 0x3f000000 + i * 251);
    const values = new Float32Array(words.buffer);
    for (const [i, value] of values.entries()) {
      const expected = 10 * Math.log10(value);
      const difference = Math.abs(decibelOf(value, words[i]) - expected);
      if (difference > 1e-11 * Math.abs(expected)) expect([value, difference]).toEqual([value, 0]);
    }
  });

  it('exponentials are equal to Math.exp', () => {
    const random = seeded(12);
    for (let i = 0; i < 20000; i++) {
      const x = i === 0 ? 0 : 240 * (random() - 0.5);
      expect(Math.abs(exponential(x) / Math.exp(x) - 1)).toBeLessThan(1e-11);
    }
    expect(exponential(0)).toBe(1);
  });

  it('exponentials beyond float32 are 0 and infinity, and NaN stays', () => {
    expect([-1e4, -Infinity, 1e4, Infinity, Number.NaN].map(exponential)).toEqual([
      0,
      0,
      Infinity,
      Infinity,
      Number.NaN,
    ]);
  });
});
