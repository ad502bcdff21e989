/** Cases of geopatcher's tests/test_aggregation.py and tests/test_streaming_golden.py, by their names, on our stitching. */
import { expect, it } from 'vitest';
import { createChipLayout } from '../../src/geo/index.js';
import {
  evaluateExpression,
  mosaic,
  parseExpression,
  type Reduction,
  uploadExpression,
  WINDOW_NAMES,
} from '../../src/kernels/index.js';
import { describeBackends } from '../support/backends.js';
import { randomValues, seeded } from '../support/random.js';
import { stitchOn } from '../support/stitched.js';

const NAN = Number.NaN;
const boxcar = { window: 'boxcar' } as const;

/** Two chips of 2 × 2 in a row, apart or overlapping by one pixel, with one value per class. */
const disjoint = { width: 4, height: 2, size: 2, stride: 2, classes: 1 };
const overlapping = { width: 3, height: 2, size: 2, stride: 1, classes: 1 };
const constant = (...values: readonly number[]): Float32Array =>
  Float32Array.from(values.flatMap((value) => new Array<number>(4).fill(value)));

describeBackends('geopatcher tests/test_aggregation.py', (backend) => {
  const rowOf = async (options: Parameters<typeof stitchOn>[1]): Promise<number[]> => {
    const result = await stitchOn(backend(), { window: boxcar, ...options });
    return [...result.subarray(0, options.width)];
  };

  it('TestSpatialSum test_disjoint_patches', async () => {
    const predictions = constant(1, 3);
    expect(await rowOf({ ...disjoint, predictions, reduction: 'sum' })).toEqual([1, 1, 3, 3]);
    const all = await stitchOn(backend(), { ...disjoint, predictions, reduction: 'sum' });
    expect(all.reduce((sum, value) => sum + value)).toBe(4 * 1 + 4 * 3);
  });

  it('TestSpatialMean test_overlap_mean', async () => {
    expect(await rowOf({ ...overlapping, predictions: constant(2, 6) })).toEqual([2, 4, 6]);
  });

  it('TestSpatialVariance test_variance_zero_for_constant_patches: no variance of a single chip', async () => {
    const options = { ...overlapping, reduction: 'variance' as const };
    expect(await rowOf({ ...options, predictions: constant(5, 5) })).toEqual([NAN, 0, NAN]);
    expect(await rowOf({ ...options, predictions: constant(2, 6) })).toEqual([NAN, 8, NAN]);
  });

  it('TestSpatialOverlapAdd test_uniform_weights_reconstruct', async () => {
    expect(await rowOf({ ...disjoint, predictions: constant(1, 5) })).toEqual([1, 1, 5, 5]);
  });

  it('TestSpatialOverlapAdd test_multiband_raster_trailing_axis', async () => {
    const predictions = constant(1, 2, 3, 10, 20, 30);
    const result = await stitchOn(backend(), { ...disjoint, classes: 3, predictions });
    const plane = (left: number, right: number): number[] => [
      left,
      left,
      right,
      right,
      left,
      left,
      right,
      right,
    ];
    expect([...result]).toEqual([...plane(1, 10), ...plane(2, 20), ...plane(3, 30)]);
  });

  it.each(WINDOW_NAMES)('TestSpatialOverlapAdd test_normalisation_with_overlap: %s', async (window) => {
    const result = await stitchOn(backend(), {
      ...overlapping,
      predictions: constant(3, 3),
      window: { window },
    });
    expect(result).toBeCloseToArray(new Float32Array(6).fill(3), 1e-6);
  });

  it('TestSpatialInvVarWeightedMean test_two_patches_gaussian_merge: by two sums and a quotient', async () => {
    // Σ μ/σ² and Σ 1/σ² of chips with (3, variance 4) and (8, variance 1).
    const predictions = constant(3 / 4, 1 / 4, 8, 1);
    const options = { ...overlapping, classes: 2, predictions, window: boxcar, reduction: 'sum' as const };
    const sums = await stitchOn(backend(), options);
    const bands = {
      a: backend().upload(sums.slice(0, 6), [2, 3]),
      b: backend().upload(sums.slice(6), [2, 3]),
    };
    const destination = backend().allocate([2, 3], 'float32');
    const expression = uploadExpression(backend(), parseExpression('a / b', ['a', 'b']));
    evaluateExpression(backend(), { expression, bands, destination });
    const mean = (await backend().download(destination)) as Float32Array;
    for (const tensor of [bands.a, bands.b, destination, expression.program]) tensor.dispose();
    expect(mean.subarray(0, 3)).toBeCloseToArray([3, (3 / 4 + 8) / (1 / 4 + 1), 8], 1e-6);
    // The variance of the result.
    expect(1 / sums[7]).toBeCloseTo(1 / (1 / 4 + 1 / 1), 6);
  });

  it('TestSpatialByIndex test_returns_anchor_keyed_dict: slots give the position of each chip', async () => {
    const predictions = constant(1, 2);
    expect(await rowOf({ ...disjoint, predictions, order: [1, 0] })).toEqual([1, 1, 2, 2]);
    expect(await rowOf({ ...disjoint, predictions, missing: [0] })).toEqual([NAN, NAN, 2, 2]);
  });

  it('TestSpatialMedian test_median_value: of layers', async () => {
    const layers = [1, 5, 3].map((value) => backend().upload(constant(value), [2, 2]));
    const destination = backend().allocate([2, 2], 'float32');
    mosaic(backend(), { layers, method: 'median', destination });
    expect([...((await backend().download(destination)) as Float32Array)]).toEqual([3, 3, 3, 3]);
    for (const tensor of [...layers, destination]) tensor.dispose();
  });
});

/** 64 × 64 in chips of 16 every 12, as in geopatcher: overlaps of 4 pixels. */
const scene = { width: 64, height: 64, size: 16, stride: 12, classes: 1 };
const chips = 25;
const predictions = randomValues(41, chips * 256, 8, 12);

/** The scene rotated by 180°: its chips are in reverse order, since the layout is symmetric. */
function turned(values: Float32Array): Float32Array {
  return values.slice().reverse();
}

describeBackends('geopatcher tests/test_streaming_golden.py', (backend) => {
  const stitched = (reduction: Reduction, values = predictions, rest: object = {}): Promise<Float32Array> =>
    stitchOn(backend(), { ...scene, predictions: values, reduction, ...rest });

  it('the layout is the same from either end', () => {
    const { columnStarts } = createChipLayout(64, 64, 16, 12);
    expect([...columnStarts]).toEqual([...columnStarts].map((start) => 48 - start).reverse());
  });

  it.each([1, 7, 8, 16, 64])(
    'test_overlap_add_streaming_matches_in_memory, test_overlap_add_streaming_chunk_size_invariant: %i rows',
    async (rows) => {
      const whole = await stitched('average');
      for (let rowStart = 0; rowStart < 64; rowStart += rows) {
        const count = Math.min(rows, 64 - rowStart);
        const part = await stitched('average', predictions, { rowStart, rows: count });
        expect([...part]).toEqual([...whole.subarray(rowStart * 64, (rowStart + count) * 64)]);
      }
    },
  );

  it('test_overlap_add_streaming_empty_patches_returns_zero_array: gives nodata, not 0', async () => {
    const missing = Array.from({ length: chips }, (_, k) => k);
    expect((await stitched('average', predictions, { missing })).every(Number.isNaN)).toBe(true);
  });

  it.each(['max', 'min', 'counts'] as const)(
    'test_exactly_commutative_aggregations_are_bit_identical_under_permutation: %s',
    async (reduction) => {
      expect([...turned(await stitched(reduction, turned(predictions)))]).toEqual([
        ...(await stitched(reduction)),
      ]);
    },
  );

  it.each(['sum', 'average', 'weights'] as const)(
    'test_summation_aggregations_are_permutation_invariant_to_fp: %s',
    async (reduction) => {
      const back = turned(await stitched(reduction, turned(predictions)));
      // Up to four numbers of about 12.
      expect(back).toBeCloseToArray(await stitched(reduction), 4e-6);
    },
  );

  it.each(['average', 'sum', 'variance', 'first', 'last'] as const)(
    'the order in which chips come changes no bit: %s',
    async (reduction) => {
      const order = Array.from({ length: chips }, (_, k) => (k * 7 + 3) % chips);
      expect([...(await stitched(reduction, predictions, { order }))]).toEqual([
        ...(await stitched(reduction)),
      ]);
    },
  );

  it('test_variance_permutation_invariant_under_overlap', async () => {
    const variance = await stitched('variance');
    expect(variance.filter((value) => value > 0).length).toBeGreaterThan(1000);
    expect(turned(await stitched('variance', turned(predictions)))).toBeCloseToArray(variance, 1e-5);
  });

  it('test_welford_variance_no_worse_than_naive_on_ill_conditioned_data', async () => {
    // Whole numbers about 2²³, which float32 still holds, varying by 256: their squares say little about that even in
    // float64, and nothing in float32.
    const random = seeded(43);
    const values = Float32Array.from(predictions, () => 2 ** 23 + Math.floor(random() * 256));
    const found = await stitched('variance', values);
    const counts = await stitched('counts');
    const naive = new Float32Array(found.length);
    const expected = Float64Array.from(found, (_, pixel) => {
      const [x, y] = [pixel % 64, Math.floor(pixel / 64)];
      const own: number[] = [];
      for (let chip = 0; chip < chips; chip++) {
        const [dx, dy] = [x - 12 * (chip % 5), y - 12 * Math.floor(chip / 5)];
        if (dx >= 0 && dy >= 0 && dx < 16 && dy < 16) own.push(values[chip * 256 + dy * 16 + dx]);
      }
      const mean = own.reduce((sum, value) => sum + value, 0) / own.length;
      const sum = own.reduce((total, value) => Math.fround(total + value), 0);
      const squares = own.reduce((total, value) => Math.fround(total + Math.fround(value * value)), 0);
      naive[pixel] = (squares - Math.fround((sum * sum) / own.length)) / (own.length - 1);
      expect(own).toHaveLength(counts[pixel]);
      return own.reduce((total, value) => total + (value - mean) ** 2, 0) / (own.length - 1);
    });
    const worst = (values: ArrayLike<number>): number =>
      expected.reduce((most, value, k) => Math.max(most, Math.abs(value - values[k]) || 0), 0);
    expect(worst(found)).toBeLessThan(0.005);
    expect(worst(naive)).toBeGreaterThan(100_000);
  });
});
