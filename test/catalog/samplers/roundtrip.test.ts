/**
 * Cases of geopatcher's tests/test_roundtrip.py by their names: a raster is cut into chips, each is loaded alone, and the
 * chips are stitched.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadRaster } from '../../../src/catalog/node/index.js';
import { axisChips } from '../../../src/catalog/samplers/grid.js';
import { gridSampler, randomSampler, SampleArea } from '../../../src/catalog/samplers/index.js';
import type { Reduction } from '../../../src/kernels/index.js';
import { describeBackends } from '../../support/backends.js';
import { temporaryFolder } from '../../support/files.js';
import { gridAt, writeRow } from '../../support/raster-rows.js';
import { stitchOn } from '../../support/stitched.js';
import { EAST, NORTH } from './rows.js';

const folder = await temporaryFolder();

describeBackends('geopatcher tests/test_roundtrip.py', (backend) => {
  /** Splits a field into chips by a sampler, loads each, and merges them. */
  async function roundTrip(
    [width, height, size, stride]: readonly [number, number, number, number],
    field: Float32Array,
    reduction: Reduction,
  ): Promise<Float32Array> {
    const geobox = gridAt(EAST, NORTH, width, height);
    const row = await writeRow(folder, 'field', { data: { geobox, bands: [field] } });
    const chips = gridSampler(SampleArea.of(geobox), { size, stride });
    const predictions = new Float32Array(chips.length * size * size);
    for (const chip of chips) {
      const tensor = await loadRaster([row], chip.geobox, { backend: backend() });
      predictions.set(tensor.data, chip.index * size * size);
    }
    return stitchOn(backend(), { width, height, size, stride, classes: 1, predictions, reduction });
  }

  const numbers = (length: number): Float32Array => Float32Array.from({ length }, (_, k) => k);
  /** Whole chips side by side. */
  const aligned = fc
    .record({
      size: fc.integer({ min: 1, max: 9 }),
      across: fc.integer({ min: 1, max: 4 }),
      down: fc.integer({ min: 1, max: 4 }),
    })
    .map(({ size, across, down }) => [size * across, size * down, size, size] as const);

  it.each([
    ['test_disjoint_sum_reconstructs_field', 'sum'],
    ['test_disjoint_mean_reconstructs_field', 'average'],
    ['test_disjoint_overlap_add_reconstructs_field', 'last'],
  ] as const)('%s', async (_, reduction) => {
    await fc.assert(
      fc.asyncProperty(aligned, async (shape) => {
        const field = numbers(shape[0] * shape[1]);
        expect([...(await roundTrip(shape, field, reduction))]).toEqual([...field]);
      }),
      { numRuns: 8 },
    );
  });

  it('overlapping chips reproduce the field to rounding, also when they do not divide it', async () => {
    for (const shape of [
      [23, 17, 8, 5],
      [9, 30, 8, 8],
      [16, 16, 8, 4],
      // L = crop + 1, where terratorch's last row and column stay uncovered.
      [9, 9, 8, 4],
    ] as const) {
      const field = numbers(shape[0] * shape[1]);
      expect(await roundTrip(shape, field, 'average')).toBeCloseToArray(field, 1e-4);
    }
  });

  it('test_constant_field_preserves_constant', async () => {
    for (const fill of [-1000, -0.1, 0, 999.5]) {
      const field = new Float32Array(20 * 13).fill(fill);
      for (const reduction of ['max', 'min', 'first', 'last'] as const)
        expect([...(await roundTrip([20, 13, 8, 6], field, reduction))]).toEqual([...field]);
      expect(await roundTrip([20, 13, 8, 6], field, 'average')).toBeCloseToArray(
        field,
        1e-6 * Math.abs(fill),
      );
    }
  });
});

describe('geopatcher tests/test_roundtrip.py, anchors', () => {
  it('test_regular_stride_anchor_count_matches_formula', () => {
    const cases = fc.record({
      length: fc.integer({ min: 2, max: 64 }),
      size: fc.integer({ min: 2, max: 12 }),
      stride: fc.integer({ min: 2, max: 8 }),
    });
    fc.assert(
      fc.property(cases, ({ length, size, stride }) => {
        expect(axisChips(length, size, stride, 'drop')).toHaveLength(
          Math.max(Math.floor((length - size) / stride) + 1, 1),
        );
      }),
    );
  });

  it('test_random_sampler_split_is_deterministic_under_seed', () => {
    const area = SampleArea.of(gridAt(EAST, NORTH, 32, 32));
    const anchors = (seed: number): string =>
      [...randomSampler(area, { size: 8, count: 10, seed })]
        .map(({ window: { x, y } }) => `${x},${y}`)
        .join(' ');
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 31 - 1 }), (seed) => {
        expect(anchors(seed)).toBe(anchors(seed));
        expect(anchors(seed)).not.toBe(anchors(seed + 1));
      }),
      { numRuns: 40 },
    );
  });
});
