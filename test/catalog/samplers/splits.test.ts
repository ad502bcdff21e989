import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CatalogRow } from '../../../src/catalog/row.js';
import { splitByFraction, splitByRegion, splitByTime } from '../../../src/catalog/samplers/index.js';
import { partLengths } from '../../../src/catalog/samplers/splits.js';
import { type Bounds, Crs, createTransform, TimeInterval } from '../../../src/geo/node/index.js';
import { EAST, near, row, UTM } from './rows.js';

/** torchgeo's four tiles in a row, in kilometres. */
const TILES = ['a', 'b', 'c', 'd'].map((id, k) => row(id, [k * 1000, 0, k * 1000 + 1000, 1000]));

function ids(part: readonly CatalogRow[]): string[] {
  return part.map(({ id }) => id).sort();
}

describe('torchgeo tests/datasets/test_splits.py test_random_bbox_assignment', () => {
  it.each([
    [
      [2, 1, 1],
      [2, 1, 1],
    ],
    [
      [1 / 3, 1 / 3, 1 / 3],
      [2, 1, 1],
    ],
  ])('%j of four tiles side by side: %j', (shares, lengths) => {
    const { parts, left } = splitByFraction(TILES, shares, { seed: 3 });
    expect(parts.map(({ length }) => length)).toEqual(lengths);
    expect(ids(parts.flat())).toEqual(['a', 'b', 'c', 'd']);
    expect(left).toEqual([]);
  });

  it('invalid_inputs', () => {
    expect(() => splitByFraction(TILES, [2, 2, 1])).toThrow(
      'shares add up to 5; give shares that add up to 1',
    );
    expect(() => splitByFraction(TILES, [1 / 2, 3 / 4, -1 / 4])).toThrow('give at least two shares above 0');
  });

  it('proportions (torchgeo#3191): the remainder is dealt out one by one', () => {
    expect(partLengths(10, [0.8, 0.1, 0.1])).toEqual([8, 1, 1]);
    expect(partLengths(11, [0.5, 0.25, 0.25])).toEqual([6, 3, 2]);
    expect(partLengths(9, [1 / 3, 1 / 3, 1 / 3])).toEqual([3, 3, 3]);
    expect(partLengths(7, [0.7, 0.2, 0.1])).toEqual([5, 2, 0]);
    // 0.29 of 100 is a little less than 29 in floating point.
    expect(partLengths(100, [0.42, 0.29, 0.29])).toEqual([42, 29, 29]);
  });
});

describe('splitByFraction', () => {
  it('never has overlapping rows in two parts (torchgeo#2067, #3251)', () => {
    const boxes = fc.array(fc.tuple(fc.integer({ min: 0, max: 99 }), fc.integer({ min: 1, max: 4 })), {
      minLength: 12,
      maxLength: 30,
    });
    fc.assert(
      fc.property(boxes, fc.integer({ min: 0, max: 99 }), (places, seed) => {
        const ends = new Map<string, readonly [number, number]>();
        const rows = places.map(([x, width], k) => {
          ends.set(`r${k}`, [x, x + width]);
          return row(`r${k}`, [x * 100, 0, (x + width) * 100, 100]);
        });
        let parts: readonly (readonly CatalogRow[])[];
        try {
          ({ parts } = splitByFraction(rows, [0.5, 0.5], { seed }));
        } catch (error) {
          expect(String(error)).toContain('overlap so much that part');
          return;
        }
        expect(parts.flat()).toHaveLength(rows.length);
        for (const a of parts[0]) {
          for (const b of parts[1]) {
            const [p, q] = [ends.get(a.id) ?? [0, 0], ends.get(b.id) ?? [0, 0]];
            expect(p[0] < q[1] && q[0] < p[1]).toBe(false);
          }
        }
      }),
    );
  });

  it('keeps all dates of a footprint together', () => {
    const rows = TILES.flatMap((tile) => [1, 2, 3].map((day) => ({ ...tile, id: `${tile.id}${day}` })));
    const { parts } = splitByFraction(rows, [0.5, 0.5], { seed: 1 });
    expect(parts.map(({ length }) => length)).toEqual([6, 6]);
    for (const part of parts) expect(new Set(part.map(({ id }) => id[0])).size).toBe(2);
  });

  it('depends only on its seed', () => {
    const rows = Array.from({ length: 20 }, (_, k) => row(`r${k}`, [k * 10, 0, k * 10 + 10, 10]));
    const part = (seed: number): string[] => ids(splitByFraction(rows, [0.5, 0.5], { seed }).parts[0]);
    expect(part(1)).toEqual(part(1));
    expect(part(1)).not.toEqual(part(2));
  });

  it('gives each part its share of every class', () => {
    const rows = Array.from({ length: 40 }, (_, k) =>
      row(`r${k}`, [k * 10, 0, k * 10 + 10, 10], { properties: { cover: k < 30 ? 'forest' : 'water' } }),
    );
    const { parts } = splitByFraction(rows, [0.8, 0.2], {
      classOf: ({ properties }) => String(properties.cover),
    });
    const counts = parts.map((part) => part.filter(({ properties }) => properties.cover === 'water').length);
    expect(counts).toEqual([8, 2]);
    expect(parts.map(({ length }) => length)).toEqual([32, 8]);
  });

  it('is an error when everything overlaps', () => {
    const rows = [0, 1, 2].map((k) => row(`r${k}`, [k * 10, 0, k * 10 + 20, 10]));
    expect(() => splitByFraction(rows, [0.5, 0.5])).toThrow(
      'the rows overlap so much that part 2 of 2 gets none; split the area by spatialFolds',
    );
  });
});

describe('torchgeo tests/datasets/test_splits.py test_roi_split', () => {
  const region = (bounds: Bounds): { geometry: Bounds; crs: number } => ({
    geometry: near(bounds),
    crs: UTM,
  });

  it('clips rows across a border to both sides', () => {
    const { parts, left } = splitByRegion(TILES, [
      region([0, 0, 2000, 1000]),
      region([2000, 0, 3500, 1000]),
      region([3500, 0, 4000, 1000]),
    ]);
    expect(parts.map(ids)).toEqual([['a', 'b'], ['c', 'd'], ['d']]);
    expect(left).toEqual([]);
    const { forward } = createTransform(Crs.wgs84, Crs.parse(UTM));
    const eastings = ({ footprint }: CatalogRow): number[] =>
      footprint.flat(2).map(([x, y]) => forward(x, y)[0] - EAST);
    // Rounding in degrees: a tenth of a millimetre.
    expect(Math.max(...eastings(parts[1][1]))).toBeCloseTo(3500, 3);
    expect(Math.min(...eastings(parts[2][0]))).toBeCloseTo(3500, 3);
  });

  it('names regions that overlap', () => {
    expect(() => splitByRegion(TILES, [region([0, 0, 2000, 1000]), region([1000, 0, 3000, 1000])])).toThrow(
      'region 2 overlaps with region 1',
    );
  });

  it('reports rows outside every region', () => {
    const { parts, left } = splitByRegion(TILES, [region([0, 0, 900, 900])]);
    expect(parts.map(ids)).toEqual([['a']]);
    expect(ids(left)).toEqual(['b', 'c', 'd']);
  });
});

describe('torchgeo tests/datasets/test_splits.py test_time_series_split', () => {
  const rows = [0, 10, 20, 30].map((start, k) =>
    row('abcd'[k], [0, 0, 10, 10], { interval: new TimeInterval(start, start + 9) }),
  );
  const intervals = (...ends: [number, number][]): TimeInterval[] =>
    ends.map(([a, b]) => new TimeInterval(a, b - 1));

  it.each([
    ['intervals', intervals([0, 20], [20, 35], [35, 40])],
    ['fractions', [1 / 2, 3 / 8, 1 / 8]],
  ])('%s: rows across a border in both, when clipped', (_, times) => {
    const { parts } = splitByTime(rows, times as TimeInterval[], { straddling: 'clip' });
    expect(parts.map(ids)).toEqual([['a', 'b'], ['c', 'd'], ['d']]);
    expect(parts[1][1].interval).toEqual(new TimeInterval(30, 34));
    expect(parts[2][0].interval).toEqual(new TimeInterval(35, 39));
  });

  it('drops rows across a border, and reports them', () => {
    const { parts, left } = splitByTime(rows, intervals([0, 20], [20, 35], [35, 40]));
    expect(parts.map(ids)).toEqual([['a', 'b'], ['c'], []]);
    expect(ids(left)).toEqual(['d']);
  });

  it.each([
    ['gap', intervals([0, 15], [20, 40]), /leaves a gap after/],
    ['overlap', intervals([0, 10], [10, 20], [15, 40]), /overlaps with/],
    ['out of bounds', intervals([0, 40], [40, 45]), /is outside the time of all rows/],
    ['cover', intervals([0, 20], [20, 35]), /do not contain the time of all rows/],
    ['fractions', [1 / 2, 1 / 2, 1 / 2], /times add up to 1.5/],
  ])('invalid_input: %s', (_, times, message) => {
    expect(() => splitByTime(rows, times as TimeInterval[])).toThrow(message);
  });

  it('gives rows without a date to every part', () => {
    const dem = row('dem', [0, 0, 10, 10], { interval: TimeInterval.always });
    const { parts } = splitByTime([...rows, dem], intervals([0, 20], [20, 40]));
    expect(parts.map(ids)).toEqual([
      ['a', 'b', 'dem'],
      ['c', 'd', 'dem'],
    ]);
    expect(() => splitByTime([dem], [0.5, 0.5])).toThrow('the rows have no dates to split by');
  });
});
