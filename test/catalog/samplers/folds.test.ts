import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Chip,
  gridSampler,
  randomSampler,
  SampleArea,
  spatialFolds,
} from '../../../src/catalog/samplers/index.js';
import { row, UTM } from './rows.js';

const metres = { crs: UTM, resolution: 1 };

/** The distance between two chips in pixels: 0 where they touch or overlap. */
function distance(a: Chip, b: Chip): number {
  const [p, q] = [a.geobox.bounds, b.geobox.bounds];
  const gap = (axis: 0 | 1): number => Math.max(0, p[axis] - q[axis + 2], q[axis] - p[axis + 2]);
  return Math.hypot(gap(0), gap(1));
}

describe('spatialFolds', () => {
  it('keeps chips of different folds apart by the buffer', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 3, max: 12 }),
        fc.integer({ min: 0, max: 20 }),
        fc.integer({ min: 0, max: 1000 }),
        (chip, more, seed) => {
          const area = SampleArea.of([row('a', [0, 0, 200, 150]), row('b', [150, 100, 330, 300])], metres);
          const buffer = Math.ceil(chip * Math.SQRT2) + more;
          const folds = spatialFolds(area, { folds: 3, block: 2 * chip + buffer + 1, chip, buffer, seed });
          const chips = [0, 1, 2].map((fold) => [
            ...randomSampler(folds.fold(fold), { size: chip, count: 12, seed }),
          ]);
          for (const [i, j] of [
            [0, 1],
            [0, 2],
            [1, 2],
          ]) {
            for (const a of chips[i])
              for (const b of chips[j]) expect(distance(a, b)).toBeGreaterThanOrEqual(buffer);
          }
          // Training chips are as far from test chips.
          for (const a of randomSampler(folds.rest(1), { size: chip, count: 12, seed }))
            for (const b of chips[1]) expect(distance(a, b)).toBeGreaterThanOrEqual(buffer);
        },
      ),
      { numRuns: 25 },
    );
  });

  it.each([
    [115, 118],
    [150, 152],
    [182, 185],
  ])('keeps chips apart where little of a block belongs to the area (columns %i to %i)', (from, to) => {
    // The area fills one block, and has a strip narrower than a chip in the next one.
    const area = SampleArea.of([row('a', [0, 0, 100, 100]), row('b', [from, 0, to, 100])], metres);
    const folds = spatialFolds(area, { folds: 2, block: 100, chip: 20 });
    const [first, second] = [folds.fold(0), folds.fold(1)];
    const takes = [
      (fold: SampleArea) => randomSampler(fold, { size: 20, count: 100, coverage: 0.05 }),
      ...(['cover', 'clip', 'drop'] as const).map(
        (policy) => (fold: SampleArea) => gridSampler(fold, { size: 20, stride: 7, policy }),
      ),
    ];
    for (const take of takes) {
      const [a, b] = [[...take(first)], [...take(second)]];
      expect(a.length + b.length).toBeGreaterThan(0);
      for (const one of a)
        for (const other of b) expect(distance(one, other)).toBeGreaterThanOrEqual(folds.buffer);
    }
    const [small, large] = [...folds.blocks].sort((a, b) => a.pixels - b.pixels);
    expect([small.pixels, large.pixels]).toEqual([70 * (to - from), 4900]);
    const strip = folds.fold(small.fold);
    const grid = gridSampler(strip, { size: 20 });
    expect(grid.report.droppedPixels).toBe(0);
    expect(grid.length).toBe(4);
    for (const { window } of grid) expect(window.width).toBe(20);
    for (const { window } of randomSampler(strip, { size: 20, count: 20, coverage: 0.05 }))
      expect(strip.count(window)).toBeGreaterThanOrEqual(20);
  });

  it('keeps chips inside nested folds, and inside folds clipped to a region', () => {
    const area = SampleArea.of([row('a', [0, 0, 600, 600])], metres);
    const outer = spatialFolds(area, { folds: 3, block: 150, chip: 16, seed: 3 });
    const inner = spatialFolds(outer.rest(0), { folds: 2, block: 70, chip: 16, seed: 4 });
    const roi = { geometry: outer.rest(0).geobox.bounds, crs: UTM };
    const part = inner.fold(1).inRegion(roi);
    const areas = [inner.fold(0), part ?? inner.fold(1), outer.fold(0)];
    const chips = areas.map((one) => [...randomSampler(one, { size: 16, count: 40, coverage: 0.2 })]);
    for (const [k, own] of chips.entries()) {
      for (const chip of own)
        for (const other of chips.slice(k + 1).flat())
          expect(distance(chip, other)).toBeGreaterThanOrEqual(23);
    }
    // Some inner blocks are narrower than a chip once clipped to the outer ones.
    expect(() => gridSampler(inner.fold(0), { size: 16 })).toThrow(/size cannot be 16 × 16 in blocks of/);
    for (const chip of gridSampler(inner.fold(0), { size: 16, policy: 'drop' }))
      for (const other of chips[2]) expect(distance(chip, other)).toBeGreaterThanOrEqual(23);
  });

  it('torchgeo test_random_grid_cell_assignment, test_random_bbox_splitting: splits the area by shares', () => {
    const area = SampleArea.of([row('a', [0, 0, 1000, 1000])], metres);
    const { blocks, buffer } = spatialFolds(area, { folds: [0.6, 0.2, 0.2], block: 50, chip: 8 });
    expect(buffer).toBe(12);
    expect(blocks).toHaveLength(400);
    const counts = [0, 1, 2].map((fold) => blocks.filter((block) => block.fold === fold).length);
    expect(counts).toEqual([240, 80, 80]);
    for (const { pixels } of blocks) expect(pixels).toBe(38 * 38);
  });

  it('grids stay inside the blocks of their fold', () => {
    const area = SampleArea.of([row('a', [0, 0, 300, 200])], metres);
    const folds = spatialFolds(area, { folds: 5, block: 50, chip: 10 });
    const grids = [0, 1, 2, 3, 4].map((fold) => [...gridSampler(folds.fold(fold), { size: 10 })]);
    // Blocks of 34 pixels without the buffer's half of 8: 4 × 4 chips, the last shifted inwards.
    expect(grids.map(({ length }) => length)).toEqual([5, 5, 5, 5, 4].map((blocks) => blocks * 16));
    for (const [k, chips] of grids.entries()) {
      for (const other of grids.slice(k + 1).flat())
        for (const chip of chips) expect(distance(chip, other)).toBeGreaterThanOrEqual(15);
    }
    expect(() => gridSampler(folds.fold(0), { size: 10, policy: 'pad' })).toThrow(
      'policy cannot be pad in blocks',
    );
  });

  it('gives every fold at least one block', () => {
    const area = SampleArea.of([row('a', [0, 0, 200, 50])], metres);
    const { blocks } = spatialFolds(area, { folds: [0.98, 0.01, 0.01], block: 50, chip: 10 });
    expect(new Set(blocks.map(({ fold }) => fold))).toEqual(new Set([0, 1, 2]));
  });

  it.each([
    [
      { folds: 2, block: 100, chip: 10, buffer: 14 },
      'buffer cannot be 14 for chips of 10 × 10 pixels; give a whole number of pixels from 15',
    ],
    [
      { folds: 2, block: 24, chip: 10 },
      'block cannot be 24 with a buffer of 15 pixels and chips of 10 × 10; give a whole number of pixels from 26',
    ],
    [{ folds: 1, block: 100, chip: 10 }, 'folds cannot be 1'],
    [{ folds: [0.5, 0.6], block: 100, chip: 10 }, 'folds add up to 1.1; give shares that add up to 1'],
    [{ folds: [0.5, 0.75, -0.25], block: 100, chip: 10 }, 'give at least two shares above 0'],
    [{ folds: 5, block: 100, chip: 10 }, 'the area has 4 blocks of 100 pixels, fewer than 5 folds'],
  ])('refuses %o', (options, message) => {
    const area = SampleArea.of([row('a', [0, 0, 200, 200])], metres);
    expect(() => spatialFolds(area, options)).toThrow(message);
  });
});
