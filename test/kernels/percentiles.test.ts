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
    'within a bin of numpy.nanpercentile: %s',
    async (_, { values: numbers, expected }) => {
      const values = Float32Array.from(numbers, (value) => value ?? Number.NaN);
      const count = numbers.filter((value) => value !== null).length;
      for (const bins of [64, 4096]) {
        const found = await of(values, truth.percents, { bins });
        expect(found.count).toBe(count);
        expect(found.binWidth).toBeCloseTo((expected[6] - expected[0]) / bins, 12);
        expect(found.values).toBeCloseToArray(expected, 1.001 * found.binWidth);
        expect([found.values?.[0], found.values?.[6]]).toEqual([expected[0], expected[6]]);
      }
    },
  );

  it('counts every value of a large array', async () => {
    const values = randomValues(8, 300_001, -50, 20, 0.2);
    const sorted = values.filter((value) => !Number.isNaN(value)).sort();
    const at = (percent: number): number => sorted[Math.round((percent / 100) * (sorted.length - 1))];
    const found = await of(values, [2, 50, 98], { range: [-50, 20], bins: 7000 });
    expect(found.binWidth).toBeCloseTo(0.01, 12);
    expect(found.count).toBe(sorted.length);
    expect(found.values).toBeCloseToArray([2, 50, 98].map(at), 0.011);
  });

  it('counts what lies beyond a range at its ends', async () => {
    const values = Float32Array.of(-1e30, 0.5, 0.5, 0.5, 1e30, Infinity, NaN);
    const found = await of(values, [0, 50, 100], { range: [0, 1], bins: 10 });
    expect(found.count).toBe(5);
    expect(found.values).toBeCloseToArray([0.05, 0.55, 0.95], 0.05);
  });

  it('finds nothing where there is nothing', async () => {
    const gaps = new Float32Array(5).fill(Number.NaN);
    expect(await of(gaps, [50])).toEqual({ values: null, binWidth: 0, count: 0 });
    expect(await of(gaps, [50], { range: [0, 1], bins: 4 })).toEqual({
      values: null,
      binWidth: 0.25,
      count: 0,
    });
  });

  it('knows the range of values exactly', async () => {
    for (const length of [1, 33, 70_000]) {
      const values = randomValues(length, length, -1e5, 1e-3, length === 1 ? 0 : 0.5);
      const valid = values.filter((value) => !Number.isNaN(value)).sort();
      const tensor = backend().upload(values);
      const expected = { low: valid[0], high: valid[valid.length - 1], count: valid.length };
      expect(await valueRange(backend(), tensor)).toEqual(expected);
      tensor.dispose();
    }
  });

  it('refuses what cannot be', async () => {
    const values = Float32Array.of(1, 2);
    await expect(of(values, [101])).rejects.toThrow(/percentile of 101/);
    await expect(of(values, [50], { bins: 1 })).rejects.toThrow(/1 bins/);
    await expect(of(values, [50], { range: [2, 1] })).rejects.toThrow(/range from 2 to 1/);
  });
});
