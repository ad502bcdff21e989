import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { percentiles, valueRange } from '../../src/kernels/index.js';
import { describeBackends } from '../support/backends.js';
import { randomValues } from '../support/random.js';

/** Made by scripts/truth/pixels.py; null is NaN. */
const truth = JSON.parse(readFileSync('test/fixtures/pixels/percentiles.json', 'utf8')) as {
  percents: number[];
  cases: { name: string; values: (number | null)[]; expected: number[] }[];
};

describeBackends('percentiles', (backend) => {
  const of = async (
    values: Float32Array,
    percents: readonly number[],
    options?: Parameters<typeof percentiles>[3],
  ) => {
    const tensor = backend().upload(values);
    try {
      return await percentiles(backend(), tensor, percents, options);
    } finally {
      tensor.dispose();
    }
  };

  it.each(truth.cases.map(({ name, ...rest }) => [name, rest] as const))(
    'are within one bin of numpy.nanpercentile: %s',
    async (_, { values: numbers, expected }) => {
      const values = Float32Array.from(numbers, (value) => value ?? Number.NaN);
      const count = numbers.filter((value) => value !== null).length;
      for (const bins of [64, 4096]) {
        const found = await of(values, truth.percents, { bins });
        expect(found.count).toBe(count);
        expect(found.binWidth).toBeLessThanOrEqual((expected[6] - expected[0]) / bins);
        expect(found.values).toBeCloseToArray(expected, 1.01 * found.binWidth + 1e-12);
        expect([found.values?.[0], found.values?.[6]]).toEqual([expected[0], expected[6]]);
      }
    },
  );

  it('count every value of a large array', async () => {
    const values = randomValues(8, 300_001, -50, 20, 0.2);
    const sorted = values.filter((value) => !Number.isNaN(value)).sort();
    const at = (percent: number): number => sorted[Math.round((percent / 100) * (sorted.length - 1))];
    const found = await of(values, [2, 50, 98], { bins: 7000 });
    expect(found.binWidth).toBeCloseTo(0.01, 6);
    expect(found.count).toBe(sorted.length);
    expect(found.values).toBeCloseToArray([2, 50, 98].map(at), 0.0111);
  });

  it('refines the histogram when outliers take most of the range', async () => {
    // numpy.nanpercentile(np.r_[-3.4e38, 3.4e38, np.arange(1001) / 1000], [25, 50, 75]), float64
    const values = Float32Array.of(-3.4e38, 3.4e38, ...Array.from({ length: 1001 }, (_, i) => i / 1000));
    const found = await of(values, [25, 50, 75]);
    expect(found.binWidth).toBeLessThan(0.001);
    expect(found.values).toBeCloseToArray([0.2495, 0.5, 0.7505], 1.01 * found.binWidth);
    const ends = await of(values, [0, 100]);
    expect(ends.values).toEqual([Math.fround(-3.4e38), Math.fround(3.4e38)]);
  });

  it('are exact for a few values', async () => {
    const values = Float32Array.of(5, 5, 5, 5, 5, 5, 5, 1e9, NaN, Infinity);
    const found = await of(values, [50], { bins: 64 });
    expect(found.values).toBeCloseToArray([5], 1e-5);
    expect(found.count).toBe(8);
    const next = await of(Float32Array.of(1, 1, 1 + 2 ** -23, 1 + 2 ** -23), [50, 60]);
    expect(next.values).toBeCloseToArray([1, 1], 2 ** -22);
  });

  it('are null without values', async () => {
    const gaps = new Float32Array(5).fill(Number.NaN);
    expect(await of(gaps, [50])).toEqual({ values: null, binWidth: 0, count: 0 });
  });

  it('have the exact range', async () => {
    for (const length of [1, 33, 70_000]) {
      const values = randomValues(length, length, -1e5, 1e-3, length === 1 ? 0 : 0.5);
      const valid = values.filter((value) => !Number.isNaN(value)).sort();
      const tensor = backend().upload(values);
      const expected = { low: valid[0], high: valid[valid.length - 1], count: valid.length };
      expect(await valueRange(backend(), tensor)).toEqual(expected);
      tensor.dispose();
    }
  });

  it('refuse impossible options', async () => {
    const values = Float32Array.of(1, 2);
    await expect(of(values, [101])).rejects.toThrow(/percentile of 101/);
    await expect(of(values, [50], { bins: 63 })).rejects.toThrow(/63 bins/);
    await expect(of(values, [50], { bins: 64.5 })).rejects.toThrow(/64.5 bins/);
  });
});
