import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { axisChips, GRID_POLICIES, type GridPolicy } from '../../../src/catalog/samplers/grid.js';
import { gridSampler, SampleArea, spatialFolds } from '../../../src/catalog/samplers/index.js';
import { GeoBox, TimeInterval } from '../../../src/geo/node/index.js';
import { EAST, from, NORTH, near, row, UTM } from './rows.js';

const metres = { crs: UTM, resolution: 1 };

/** An area of `width × height` pixels of 1 m. */
function box(width: number, height = width): SampleArea {
  return SampleArea.of(GeoBox.fromSize(near([0, 0, width, height]), UTM, width, height));
}

describe('torchgeo tests/samplers/test_utils.py test_tile_to_chips', () => {
  // Lengths of 10; sizes and strides are doubled, so that 2.5 is a whole number of pixels.
  it.each([
    [10, 1, 1],
    [8, 1, 3],
    [6, 2, 3],
    [4, 3, 3],
    [3, 3, 4],
    [2.5, 3, 4],
  ])('size %s, stride %s: %s', (size, stride, count) => {
    for (const policy of ['pad', 'centre'] as const)
      expect(axisChips(20, 2 * size, 2 * stride, policy)).toHaveLength(count);
  });
});

describe('torchgeo tests/samplers/test_single.py TestGridGeoSampler', () => {
  it('test_len: rows and columns by the formula; overlapping rows are sampled once', () => {
    const area = SampleArea.of([row('a', [0, 0, 100, 100]), row('b', [0, 0, 100, 100])], {
      crs: UTM,
      resolution: 10,
    });
    expect(gridSampler(area, { size: 8, stride: 1, policy: 'pad' })).toHaveLength(9);
    expect(gridSampler(area, { size: [6, 8], stride: [2, 1], policy: 'pad' })).toHaveLength(9);
  });

  it('test_roi: chips outside of it are left out', () => {
    const area = SampleArea.of([row('a', [0, 0, 100, 100])], metres, {
      roi: { geometry: near([0, 0, 50, 20]), crs: UTM },
    });
    const chips = [...gridSampler(area, { size: 10 })];
    expect(chips).toHaveLength(10);
    for (const chip of chips) {
      const [x0, y0, x1, y1] = from(chip.slice.bounds);
      expect(x0 >= 0 && y0 >= 0 && x1 <= 50 && y1 <= 20).toBe(true);
    }
  });

  it('test_roi, outside: an error that says so', () => {
    const roi = { geometry: near([0, 200, 50, 250]), crs: UTM };
    expect(() => SampleArea.of([row('a', [0, 0, 100, 100])], metres, { roi })).toThrow(
      'the region of interest is outside the area to sample',
    );
  });

  it('test_toi: chips are clipped to it', () => {
    const interval = TimeInterval.parse('2021-07-01T03:00:00Z/2021-07-01T09:00:00Z');
    const rows = [
      row('a', [0, 0, 100, 100], { interval: '2021-07-01' }),
      row('b', [0, 0, 9, 9], { interval: '2021-07-02' }),
    ];
    const [chip] = gridSampler(SampleArea.of(rows, metres, { interval }), { size: 50 });
    expect(chip.slice.interval.equals(interval)).toBe(true);
    const later = TimeInterval.parse('2021-07-03');
    expect(() => SampleArea.of(rows, metres, { interval: later })).toThrow(
      'the catalog in 2021-07-03T00:00:00.000Z/2021-07-03T23:59:59.999Z has no rows',
    );
  });

  it('test_small_area: one padded chip, unlike torchgeo', () => {
    const area = SampleArea.of([row('a', [0, 0, 10, 10])], { crs: UTM, resolution: 10 });
    const sampler = gridSampler(area, { size: 2, stride: 10 });
    expect([...sampler].map(({ window }) => window)).toEqual([{ x: 0, y: 0, width: 2, height: 2 }]);
    expect(sampler.report).toMatchObject({ addedPixels: 3, droppedPixels: 0 });
  });

  it('test_tiles_side_by_side: a shared edge adds no chip', () => {
    const rows = [row('a', [0, 0, 10, 10]), row('b', [0, 10, 10, 20])];
    const sampler = gridSampler(SampleArea.of(rows, metres), { size: 2, stride: 10, policy: 'pad' });
    expect([...sampler].map(({ slice }) => from(slice.bounds))).toEqual([
      [0, 18, 2, 20],
      [0, 8, 2, 10],
    ]);
    expect(gridSampler(SampleArea.of(rows, metres), { size: 10 })).toHaveLength(2);
  });

  it('test_integer_multiple', () => {
    const sampler = gridSampler(SampleArea.of([row('a', [0, 0, 10, 10])], metres), { size: 10, stride: 10 });
    expect([...sampler].map(({ slice }) => from(slice.bounds))).toEqual([[0, 0, 10, 10]]);
  });

  it('test_float_multiple: the last chip beyond the area by pad, inside of it by cover', () => {
    const area = SampleArea.of([row('a', [0, 0, 6, 5])], metres);
    const bounds = (policy: GridPolicy): number[][] =>
      [...gridSampler(area, { size: 5, policy })].map(({ slice }) => from(slice.bounds));
    expect(bounds('pad')).toEqual([
      [0, 0, 5, 5],
      [5, 0, 10, 5],
    ]);
    expect(bounds('cover')).toEqual([
      [0, 0, 5, 5],
      [1, 0, 6, 5],
    ]);
  });
});

describe('torchgeo 0.10: GriddedPatchSampler', () => {
  it('centres the grid on the area', () => {
    // xmin −= (stride (n − 1) + k − W) / 2 = (3 · 2 + 4 − 9) / 2 = 0.5, not a whole pixel.
    expect(axisChips(9, 4, 3, 'centre')).toEqual([
      [0, 4],
      [3, 4],
      [6, 4],
    ]);
    // (4 · 2 + 4 − 10) / 2 = 1.
    expect(axisChips(10, 4, 4, 'centre')).toEqual([
      [-1, 4],
      [3, 4],
      [7, 4],
    ]);
  });

  it('leaves out chips that the footprint only touches', () => {
    const rows = [row('a', [0, 0, 10, 10]), row('b', [20, 10, 30, 20])];
    const sampler = gridSampler(SampleArea.of(rows, metres), { size: 10 });
    expect([...sampler].map(({ slice }) => from(slice.bounds))).toEqual([
      [20, 10, 30, 20],
      [0, 0, 10, 10],
    ]);
    expect(sampler.report).toEqual({ emptyPlaces: 4, droppedPixels: 0, addedPixels: 0 });
  });
});

describe('gridSampler', () => {
  it('is anchored to whole multiples of the resolution for any footprint', () => {
    const area = SampleArea.of([row('a', [3, 4, 207, 196])], { crs: UTM, resolution: 10 });
    expect(from(area.geobox.bounds)).toEqual([0, 0, 210, 200]);
    const [chip] = gridSampler(area, { size: 5 });
    expect(from(chip.geobox.bounds)).toEqual([0, 150, 50, 200]);
    expect(chip.slice.resolution).toBe(10);
  });

  it('takes the pixels of a given grid', () => {
    const like = GeoBox.fromSize([EAST + 3, NORTH + 4, EAST + 23, NORTH + 14], UTM, 4, 2);
    const area = SampleArea.of([row('a', [3, 4, 48, 19])], { like });
    expect(from(area.geobox.bounds)).toEqual([3, 4, 48, 19]);
  });

  it('aligns one grid with the pixels of another', () => {
    const source = GeoBox.fromSize(near([0, 0, 100, 50]), UTM, 50, 25);
    expect(SampleArea.of(source).geobox.equals(source)).toBe(true);
    const coarse = SampleArea.of(source, { crs: UTM, resolution: 10 });
    expect([coarse.geobox.width, coarse.geobox.height]).toEqual([10, 5]);
    const roi = { geometry: near([20, 0, 60, 50]), crs: UTM };
    expect(SampleArea.of(source, undefined, { roi }).geobox.width).toBe(20);
  });

  it('counts the pixels that clip and drop leave out, and those that pad adds', () => {
    const reports = GRID_POLICIES.map((policy) => {
      const sampler = gridSampler(box(10, 7), { size: 4, policy });
      return [policy, sampler.length, sampler.report.droppedPixels, sampler.report.addedPixels];
    });
    expect(reports).toEqual([
      ['cover', 6, 0, 0],
      ['centre', 6, 0, 12 * 8 - 70],
      ['pad', 6, 0, 12 * 8 - 70],
      ['clip', 6, 0, 0],
      ['drop', 2, 70 - 8 * 4, 0],
    ]);
  });

  it('refuses too many chips before it makes any', () => {
    const area = SampleArea.of(GeoBox.fromSize([0, 0, 1e6, 1e6], UTM, 1_000_000, 1_000_000));
    expect(() => gridSampler(area, { size: 8 })).toThrow(
      'a grid with a stride of 8 × 8 pixels has 15625000000 places, above the limit of 16777216; choose a larger stride',
    );
    expect(() => spatialFolds(area, { folds: 2, block: 64, chip: 8 })).toThrow(
      'the area has 244140625 blocks of 64 pixels, above the limit of 4194304; choose larger blocks',
    );
  });

  it('makes no empty chip when the next one would start at the end', () => {
    expect(axisChips(9, 1, 9, 'clip')).toEqual([[0, 1]]);
    expect(axisChips(9, 2, 4, 'clip')).toEqual([
      [0, 2],
      [4, 2],
      [8, 1],
    ]);
  });

  it('reports pixels between chips', () => {
    expect(gridSampler(box(10), { size: 2, stride: 4, policy: 'pad' }).report.droppedPixels).toBe(100 - 36);
  });

  it('keeps a hole of a region', () => {
    const outer = near([0, 0, 30, 30]);
    const hole = near([10, 10, 20, 20]);
    const ring = ([x0, y0, x1, y1]: readonly number[]): [number, number][] => [
      [x0, y0],
      [x1, y0],
      [x1, y1],
      [x0, y1],
      [x0, y0],
    ];
    const geometry = { type: 'Polygon', coordinates: [ring(outer), ring(hole).reverse()] };
    expect(gridSampler(SampleArea.of({ geometry, crs: UTM }, metres), { size: 10 })).toHaveLength(8);
  });

  it('samples on both sides of the antimeridian in a projection without a seam there', () => {
    const ring = (x0: number, x1: number): [number, number][] => [
      [x0, 10],
      [x1, 10],
      [x1, 10.1],
      [x0, 10.1],
      [x0, 10],
    ];
    const footprint = [[ring(179.95, 180)], [ring(-180, -179.95)]];
    const area = SampleArea.of([{ ...row('a', [0, 0, 1, 1]), footprint }], { crs: 32660, resolution: 100 });
    // 0.1° of longitude at 10° north is 10.96 km, 0.1° of latitude 11.06 km.
    expect(area.geobox.width).toBeGreaterThan(108);
    expect(area.geobox.width).toBeLessThan(114);
    expect(area.has(area.geobox.width >> 1, area.geobox.height >> 1)).toBe(true);
    expect(gridSampler(area, { size: 32 }).length).toBe(16);
  });

  it('has chips at a pole', () => {
    const cap: [number, number][] = [
      [-180, 89.9],
      [-90, 89.9],
      [0, 89.9],
      [90, 89.9],
      [180, 89.9],
      [180, 90],
      [-180, 90],
      [-180, 89.9],
    ];
    const rows = [{ ...row('a', [0, 0, 1, 1]), footprint: [[cap]] }];
    const area = SampleArea.of(rows, { crs: 3413, resolution: 1000 });
    expect(area.has(area.geobox.width >> 1, area.geobox.height >> 1)).toBe(true);
  });
});

describe('properties of grids', () => {
  const cases = fc.record({
    width: fc.integer({ min: 1, max: 60 }),
    height: fc.integer({ min: 1, max: 60 }),
    size: fc.integer({ min: 1, max: 20 }),
    stride: fc.integer({ min: 1, max: 20 }),
  });

  it('cover covers every pixel, and its chips stay inside sufficiently large areas', () => {
    fc.assert(
      fc.property(cases, ({ width, height, size, stride }) => {
        fc.pre(stride <= size);
        const sampler = gridSampler(box(width, height), { size, stride });
        const seen = new Uint8Array(width * height);
        for (const { window } of sampler) {
          if (width >= size) expect(window.x >= 0 && window.x + size <= width).toBe(true);
          if (height >= size) expect(window.y >= 0 && window.y + size <= height).toBe(true);
          for (let y = Math.max(0, window.y); y < Math.min(height, window.y + size); y++)
            seen.fill(1, y * width + Math.max(0, window.x), y * width + Math.min(width, window.x + size));
        }
        expect(seen.every((value) => value === 1)).toBe(true);
        expect(sampler.report.droppedPixels).toBe(0);
      }),
    );
  });

  it('the counts of dropped and added pixels are equal to counts per pixel', () => {
    fc.assert(
      fc.property(cases, fc.constantFrom(...GRID_POLICIES), ({ width, height, size, stride }, policy) => {
        fc.pre(policy !== 'cover' || stride <= size);
        const sampler = gridSampler(box(width, height), { size, stride, policy });
        const seen = new Uint8Array(width * height);
        let added = 0;
        for (const { window } of sampler) {
          for (let y = window.y; y < window.y + window.height; y++) {
            for (let x = window.x; x < window.x + window.width; x++) {
              if (x >= 0 && y >= 0 && x < width && y < height) seen[y * width + x] = 1;
              else added++;
            }
          }
        }
        expect(sampler.report.addedPixels).toBe(added);
        expect(sampler.report.droppedPixels).toBe(seen.filter((value) => value === 0).length);
      }),
    );
  });
});
