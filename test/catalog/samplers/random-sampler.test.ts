import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomSampler, SampleArea } from '../../../src/catalog/samplers/index.js';
import { type Bounds, GeoBox } from '../../../src/geo/node/index.js';
import { from, near, row, UTM } from './rows.js';

const metres = { crs: UTM, resolution: 1 };
const tens = { crs: UTM, resolution: 10 };

function isWithin([x0, y0, x1, y1]: readonly number[], [a, b, c, d]: readonly number[]): boolean {
  return x0 >= a && y0 >= b && x1 <= c && y1 <= d;
}

describe('torchgeo tests/samplers/test_single.py TestRandomGeoSampler', () => {
  const rows = [row('a', [0, 0, 100, 100]), row('b', [0, 0, 100, 100])];

  it.each([3, [2, 2], [3, 4], [4, 3]] as const)('test_iter: chips of %s pixels are in the area', (size) => {
    const sampler = randomSampler(SampleArea.of(rows, tens), { size, count: 10 });
    expect([...sampler]).toHaveLength(10);
    const [width, height] = typeof size === 'number' ? [size, size] : size;
    for (const { slice } of sampler) {
      const [x0, y0, x1, y1] = from(slice.bounds);
      expect(isWithin([x0, y0, x1, y1], [0, 0, 100, 100])).toBe(true);
      expect([x1 - x0, y1 - y0]).toEqual([width * 10, height * 10]);
    }
  });

  it('test_roi', () => {
    const roi = { geometry: near([0, 0, 50, 50]), crs: UTM };
    const sampler = randomSampler(SampleArea.of(rows, tens, { roi }), { size: 2, count: 10 });
    for (const { slice } of sampler) expect(isWithin(from(slice.bounds), [0, 0, 50, 50])).toBe(true);
  });

  it('test_small_area: areas smaller than a chip are left out when others are larger', () => {
    const area = SampleArea.of([row('a', [0, 0, 10, 10]), row('b', [20, 20, 21, 21])], metres);
    for (const { slice } of randomSampler(area, { size: 2, count: 10 }))
      expect(isWithin(from(slice.bounds), [0, 0, 10, 10])).toBe(true);
  });

  it('test_small_area: a single small area is one padded chip', () => {
    const area = SampleArea.of([row('a', [0, 0, 10, 10])], metres);
    for (const { slice } of randomSampler(area, { size: 16, count: 10 })) {
      const [x0, y0, x1, y1] = from(slice.bounds);
      expect(isWithin([0, 0, 10, 10], [x0, y0, x1, y1])).toBe(true);
    }
  });

  it('test_point_data: points are sampled by their pixels', () => {
    const area = SampleArea.of([row('a', [0, 0, 0, 0]), row('b', [25, 15, 25, 15])], tens);
    const seen = new Set(
      [...randomSampler(area, { size: 1, count: 20 })].map(({ slice }) => from(slice.bounds).join()),
    );
    expect(seen).toEqual(new Set(['0,-10,10,0', '20,10,30,20']));
  });

  it('test_weighted_sampling: rows without area have no weight', () => {
    const area = SampleArea.of([row('a', [0, 0, 0, 0]), row('b', [0, 0, 10, 10])], tens);
    for (const { slice } of randomSampler(area, { size: 1, count: 10 }))
      expect(from(slice.bounds)).toEqual([0, 0, 10, 10]);
  });

  it('test_random_seed', () => {
    const area = SampleArea.of([row('a', [0, 0, 100, 100])], metres);
    const places = (seed: number): string[] =>
      [...randomSampler(area, { size: 5, count: 5, seed })].map(({ slice }) => slice.bounds.join());
    expect(places(0)).toEqual(places(0));
    expect(places(0)).not.toEqual(places(1));
  });
});

describe('randomSampler', () => {
  it('weights an area once for any number of overlapping rows (torchgeo#3552)', () => {
    // Two areas of the same size; one is covered by nine rows that differ by a metre.
    const often = Array.from({ length: 9 }, (_, k) => row(`a${k}`, [0, 0, 100, 100 - k]));
    const area = SampleArea.of([...often, row('b', [500, 0, 600, 100])], metres);
    const left = [...randomSampler(area, { size: 1, count: 2000 })].filter(
      ({ slice }) => from(slice.bounds)[0] < 300,
    );
    // Standard deviation: 22.
    expect(Math.abs(left.length - 1000)).toBeLessThan(110);
  });

  it('stays inside regions of any shape and number of parts (torchgeo#260, #536, #1190)', () => {
    const ring = (...corners: [number, number][]) => [
      [...corners, corners[0]].map(([x, y]) => near([x, y, x, y]).slice(0, 2)),
    ];
    const geometry = {
      type: 'MultiPolygon' as const,
      coordinates: [ring([0, 0], [200, 0], [0, 200]), ring([400, 400], [440, 400], [440, 430], [400, 430])],
    };
    const area = SampleArea.of([row('a', [0, 0, 500, 500])], metres, { roi: { geometry, crs: UTM } });
    let ofSecond = 0;
    for (const { slice } of randomSampler(area, { size: 10, count: 300, seed: 4 })) {
      const bounds = from(slice.bounds);
      const [x0, y0, x1, y1] = bounds;
      const inSecond = isWithin(bounds, [400, 400, 440, 430]);
      if (inSecond) ofSecond++;
      // The centre of a chip's upper right pixel is below the slanted side.
      else expect(x0 >= 0 && y0 >= 0 && x1 + y1 <= 201).toBe(true);
    }
    expect(ofSecond).toBeGreaterThan(0);
  });

  it('draws a batch from several tiles (torchgeo#3548)', () => {
    const tiles = [0, 1, 2, 3].map((k) => row(`t${k}`, [1000 * k, 0, 1000 * k + 100, 100]));
    const chips = [...randomSampler(SampleArea.of(tiles, metres), { size: 5, count: 64, seed: 2 })];
    for (let first = 0; first < 64; first += 16) {
      const batch = chips.slice(first, first + 16);
      const seen = new Set(batch.map(({ slice }) => Math.floor(from(slice.bounds)[0] / 1000)));
      expect(seen.size).toBeGreaterThan(2);
    }
  });

  it('draws every possible chip with equal probability', () => {
    const area = SampleArea.of([row('a', [0, 0, 12, 11])], metres);
    const counts = new Map<string, number>();
    for (const { window } of randomSampler(area, { size: 10, count: 6000 })) {
      const key = `${window.x},${window.y}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual(['0,0', '0,1', '1,0', '1,1', '2,0', '2,1']);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });

  /** The number of draws of each pixel in a row. */
  function drawn(area: SampleArea, count: number, coverage: number): Map<number, number> {
    const counts = new Map<number, number>();
    for (const { window } of randomSampler(area, { size: 1, count, coverage }))
      counts.set(window.x, (counts.get(window.x) ?? 0) + 1);
    return counts;
  }

  it('draws overlaps as often as single rows in a sparse area', () => {
    // 16 pixels in 10 000, two of them covered twice: drawn from the rows' windows.
    const rows = [row('a', [0, 0, 4, 1]), row('b', [2, 0, 6, 1]), row('c', [9990, 0, 10_000, 1])];
    const counts = drawn(SampleArea.of(rows, metres), 4800, 0.6);
    expect(counts.size).toBe(16);
    // 300, and a standard deviation of 17.
    for (const count of counts.values()) expect(Math.abs(count - 300)).toBeLessThan(85);
  });

  it('draws pixels on both sides of a seam, for any order of rows', () => {
    const far = row('far', [9990, 0, 10_000, 1]);
    const rows = [row('right', [4, 0, 8, 1]), row('left', [0, 0, 4, 1])];
    for (const order of [rows, [...rows].reverse()])
      expect(drawn(SampleArea.of([...order, far], metres), 600, 0.6).size).toBe(18);
  });

  it('is uniform over a union of overlapping rectangles, by a chi-square test', () => {
    const area = SampleArea.of(
      [
        row('a', [0, 0, 60, 40]),
        row('b', [20, 10, 90, 50]),
        row('c', [20, 10, 90, 50]),
        row('d', [30, 30, 50, 100]),
        row('far', [150, 0, 160, 100]),
      ],
      metres,
    );
    const inUnion = (x: number, y: number): boolean =>
      (x < 60 && y < 40) ||
      (x >= 20 && x < 90 && y >= 10 && y < 50) ||
      (x >= 30 && x < 50 && y >= 30 && y < 100) ||
      (x >= 150 && x < 160 && y < 100);
    const counts = new Map<string, number>();
    const expected = new Map<string, number>();
    const cell = (x: number, y: number): string => `${Math.floor(x / 10)},${Math.floor(y / 10)}`;
    let total = 0;
    for (let x = 0; x < 160; x++) {
      for (let y = 0; y < 100; y++) {
        if (!inUnion(x, y)) continue;
        expected.set(cell(x, y), (expected.get(cell(x, y)) ?? 0) + 1);
        total++;
      }
    }
    const count = 20_000;
    for (const { geobox } of randomSampler(area, { size: 1, count, seed: 11 })) {
      const [x, y] = from(geobox.bounds);
      expect(inUnion(x, y)).toBe(true);
      counts.set(cell(x, y), (counts.get(cell(x, y)) ?? 0) + 1);
    }
    let chiSquare = 0;
    for (const [key, pixels] of expected) {
      const wanted = (count * pixels) / total;
      chiSquare += ((counts.get(key) ?? 0) - wanted) ** 2 / wanted;
    }
    // The 99.9th percentile for the degrees of freedom (Wilson and Hilferty 1931).
    const degrees = expected.size - 1;
    const limit = degrees * (1 - 2 / (9 * degrees) + 3.09 * Math.sqrt(2 / (9 * degrees))) ** 3;
    expect(degrees).toBeGreaterThan(50);
    expect(chiSquare).toBeLessThan(limit);
  });

  it('draws chips across the seam of neighbours', () => {
    const area = SampleArea.of([row('a', [0, 0, 20, 20]), row('b', [20, 0, 40, 20])], metres);
    const across = [...randomSampler(area, { size: 20, count: 100 })].filter(
      ({ window }) => window.x > 0 && window.x < 20,
    );
    // All but two of the 21 positions.
    expect(across.length).toBeGreaterThan(70);
  });

  it("finds the only chip in tiles of the chip's size", () => {
    const rows = Array.from({ length: 50 }, (_, k) => row(`t${k}`, [k * 1000, 0, k * 1000 + 256, 256]));
    const area = SampleArea.of(rows, metres);
    const seen = [...randomSampler(area, { size: 256, count: 200 })].map(
      ({ slice }) => from(slice.bounds)[0] % 1000,
    );
    expect(new Set(seen)).toEqual(new Set([0]));
  });

  it('draws chips beyond the area with a lower coverage', () => {
    const area = SampleArea.of([row('a', [0, 0, 100, 100])], metres);
    const shares = [...randomSampler(area, { size: 20, count: 200, coverage: 0.6 })].map(
      ({ window }) => area.count(window) / 400,
    );
    expect(Math.min(...shares)).toBeGreaterThanOrEqual(0.6);
    expect(Math.min(...shares)).toBeLessThan(0.8);
  });

  it('is an error when no chip fits', () => {
    const strips = [0, 1, 2].map((k) => row(`s${k}`, [0, k * 100, 300, k * 100 + 5]));
    const sampler = randomSampler(SampleArea.of(strips, metres), { size: 20, count: 1 });
    expect(() => sampler.at(0)).toThrow(
      'the area has no place for a chip of 20 × 20 pixels with a coverage of 1; choose smaller chips',
    );
    const cross = SampleArea.of([row('a', [0, 48, 100, 52]), row('b', [48, 0, 52, 100])], metres);
    expect(() => randomSampler(cross, { size: 10, count: 1 }).at(0)).toThrow('none was found in 10000 tries');
  });

  it('refuses impossible options', () => {
    const area = SampleArea.of([row('a', [0, 0, 10, 10])], metres);
    expect(() => randomSampler(area, { size: 1, count: -1 })).toThrow('count cannot be -1');
    expect(() => randomSampler(area, { size: 1, count: 1, coverage: 0 })).toThrow('coverage cannot be 0');
    expect(() => randomSampler(area, { size: 1, count: 1 }).at(1)).toThrow(
      'index 1 is not in a sequence of 1',
    );
  });

  it('samples a grid', () => {
    const box = GeoBox.fromSize(near([0, 0, 64, 64]), UTM, 64, 64);
    for (const { window } of randomSampler(SampleArea.of(box), { size: 32, count: 20 }))
      expect(isWithin([window.x, window.y, window.x + 32, window.y + 32], [0, 0, 64, 64])).toBe(true);
  });
});

describe('workers', () => {
  it('share one sequence, for any number of workers', () => {
    const boxes = fc.array(
      fc.tuple(
        fc.integer({ min: 0, max: 80 }),
        fc.integer({ min: 0, max: 80 }),
        fc.integer({ min: 5, max: 60 }),
      ),
      { minLength: 1, maxLength: 5 },
    );
    fc.assert(
      fc.property(boxes, fc.integer({ min: 0, max: 2 ** 32 }), (places, seed) => {
        const rows = places.map(([x, y, side], k) => row(`r${k}`, [x, y, x + side, y + side] as Bounds));
        const area = SampleArea.of(rows, metres);
        const sampler = randomSampler(area, { size: 4, count: 15, seed });
        const whole = [...sampler].map(({ window }) => window);
        for (const window of whole) expect(area.count(window)).toBe(16);
        for (const workers of [1, 2, 7]) {
          const parts = Array.from({ length: workers }, (_, k) => [...sampler.share(k, workers)]);
          const merged = whole.map((_, index) => parts[index % workers][Math.floor(index / workers)]);
          expect(merged.map(({ window }) => window)).toEqual(whole);
          expect(merged.map(({ index }) => index)).toEqual([...whole.keys()]);
          expect(parts.reduce((sum, part) => sum + part.length, 0)).toBe(15);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('refuse an invalid share', () => {
    const area = SampleArea.of([row('a', [0, 0, 10, 10])], metres);
    expect(() => randomSampler(area, { size: 1, count: 9 }).share(2, 2)).toThrow(
      'share cannot be worker 2 of 2',
    );
  });
});
