import { describe, expect, it } from 'vitest';
import { Histogram, otsuThreshold } from '../../../src/workflow/evaluate/otsu.js';

function histogram(values: readonly number[]): Histogram {
  const result = new Histogram(0, 10, 1);
  result.add(Float32Array.from(values));
  return result;
}

describe('otsuThreshold', () => {
  it('separates two groups, by hand', () => {
    // Bins 1, 2 | 7, 8: any edge from 3 to 7 separates the groups equally well; the lowest is taken.
    expect(otsuThreshold(histogram([1.5, 1.5, 2.5, 7.5, 8.5, 8.5]))).toBe(3);
    // Between-class variance n₁ n₂ (m₁ − m₂)²: {0} | {4, 9}: 1·2·6.5² = 84.5; {0, 4} | {9}: 2·1·7² = 98.
    expect(otsuThreshold(histogram([0.5, 4.5, 9.5]))).toBe(5);
  });

  it('counts values beyond the range in the outermost bins, and leaves out values that are not finite', () => {
    const { counts } = histogram([-5, 0, 9.99, 10, 99, Number.NaN, Infinity]);
    expect([...counts]).toEqual([2, 0, 0, 0, 0, 0, 0, 0, 0, 3]);
  });

  it('has no threshold for a constant', () => {
    expect(otsuThreshold(histogram([3.2, 3.4]))).toBeNull();
    expect(otsuThreshold(histogram([]))).toBeNull();
  });

  it('gives bin edges without accumulated rounding', () => {
    expect(new Histogram(-50, 20, 10).edge(349)).toBe(-15.1);
  });
});
