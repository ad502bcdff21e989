import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Affine, GeoBox, PixelAreas } from '../../src/geo/node/index.js';
import { type PixelPolygon, Polygonizer, type PolygonizerOptions } from '../../src/vector/index.js';
import { seeded } from '../support/random.js';

/** All areas of a map, added in strips of the given heights. */
function areasOf(
  map: Uint8Array | Int16Array,
  width: number,
  options: Partial<PolygonizerOptions> = {},
  pieces: readonly number[] = [map.length / width],
): PixelPolygon[] {
  const found: PixelPolygon[] = [];
  const polygonizer = new Polygonizer({ ...options, width, onPolygon: (area) => found.push(area) });
  let row = 0;
  for (let k = 0; row * width < map.length; k++) {
    const rows = pieces[k % pieces.length];
    polygonizer.addRows(map.subarray(row * width, (row + rows) * width));
    row += rows;
  }
  polygonizer.finish();
  return found;
}

/** Even-odd at the centre of a pixel (Shimrat 1962). */
function holds(area: PixelPolygon, x: number, y: number): boolean {
  let odd = false;
  for (const ring of area.rings) {
    for (let k = 2; k < ring.length; k += 2) {
      const [xa, ya, xb, yb] = ring.subarray(k - 2, k + 2);
      if (ya > y !== yb > y && xa < x && xa === xb) odd = !odd;
    }
  }
  return odd;
}

/** Few classes give large, merging areas, many give small ones. */
const maps = fc
  .record({
    width: fc.integer({ min: 1, max: 30 }),
    classes: fc.integer({ min: 2, max: 4 }),
    seed: fc.nat(),
    rare: fc.double({ min: 0.02, max: 0.5, noNaN: true }),
    pixels: fc.integer({ min: 1, max: 600 }),
  })
  .map(({ width, classes, seed, rare, pixels }) => {
    const random = seeded(seed);
    const map = Uint8Array.from({ length: Math.ceil(pixels / width) * width }, () =>
      random() < rare ? Math.floor(classes * random()) : 0,
    );
    return { width, map };
  });

describe('Polygonizer', () => {
  it('gives each pixel to one area of its value, and none to nodata', () => {
    fc.assert(
      fc.property(maps, ({ width, map }) => {
        const areas = areasOf(map, width, { nodata: 3 });
        for (const [k, value] of map.entries()) {
          const [x, y] = [(k % width) + 0.5, Math.floor(k / width) + 0.5];
          const around = areas.filter((area) => holds(area, x, y));
          expect(around.map((area) => area.value)).toEqual(value === 3 ? [] : [value]);
        }
        for (const area of areas) {
          const pixels = Array.from(map).filter((_, k) =>
            holds(area, (k % width) + 0.5, Math.floor(k / width) + 0.5),
          );
          expect(area.pixels).toBe(pixels.length);
        }
      }),
    );
  });

  it('finds the same areas in the same order for any split of rows', () => {
    fc.assert(
      fc.property(
        maps,
        fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1 }),
        ({ width, map }, pieces) => {
          expect(areasOf(map, width, {}, pieces)).toEqual(areasOf(map, width));
        },
      ),
    );
  });

  it('finds the number of areas that SciPy finds', () => {
    // python3 -c "import numpy as np; from scipy import ndimage; v = 1
    // m = np.zeros(48 * 64, np.uint8)
    // for i in range(m.size): v = (v * 1664525 + 1013904223) % 2**32; m[i] = v * 3 // 2**32
    // m = m.reshape(48, 64); print([int(ndimage.label(m == k)[1]) for k in range(3)])"
    const random = seeded(1);
    const map = Uint8Array.from({ length: 48 * 64 }, () => Math.floor(3 * random()));
    const areas = areasOf(map, 64);
    const counts = [0, 1, 2].map((value) => areas.filter((area) => area.value === value).length);
    expect(counts).toEqual([380, 393, 371]);
  });

  it('begins rings at the top left, exterior first, holes from top to bottom', () => {
    const rows = ['.......', '.#####.', '.#.#.#.', '.#####.', '.#.###.', '.#####.'];
    const map = Uint8Array.from(rows.join(''), (c) => (c === '#' ? 1 : 0));
    const [area] = areasOf(map, 7, { values: [1] });
    expect(area.rings.map((ring) => [...ring])).toEqual([
      [1, 1, 1, 6, 6, 6, 6, 1, 1, 1],
      [2, 2, 3, 2, 3, 3, 2, 3, 2, 2],
      [4, 2, 5, 2, 5, 3, 4, 3, 4, 2],
      [2, 4, 3, 4, 3, 5, 2, 5, 2, 4],
    ]);
  });

  it('accepts negative classes', () => {
    const areas = areasOf(Int16Array.from([-1, -1, 0, 1]), 2, { nodata: -1 });
    expect(areas.map((area) => area.value)).toEqual([0, 1]);
  });

  it('sums ground areas', () => {
    const geobox = new GeoBox('EPSG:32632', new Affine(10, 0, 300_000, 0, -10, 5_500_000), 20, 10);
    const areas = new PixelAreas(geobox);
    const map = Uint8Array.from({ length: 200 }, (_, k) => (k % 20 < 10 ? 1 : 0));
    const found = areasOf(map, 20, { areas });
    expect(found.map((area) => area.pixels)).toEqual([100, 100]);
    let expected = 0;
    for (let y = 0; y < 10; y++) for (let x = 0; x < 10; x++) expected += areas.at(x, y);
    const whole = found.find((area) => area.value === 1);
    expect(whole?.squareMetres).toBeCloseTo(expected, 6);
    expect(areasOf(map, 20)[0].squareMetres).toBeNull();
  });

  it('keeps only open outlines in memory', () => {
    const random = seeded(2);
    const found: number[] = [];
    const polygonizer = new Polygonizer({
      width: 64,
      values: [1],
      onPolygon: ({ rings }) => found.push(rings[0].length),
    });
    for (let row = 0; row < 4000; row++) {
      // Every fourth row is empty, and closes all outlines.
      polygonizer.addRows(Uint8Array.from({ length: 64 }, () => (row % 4 > 0 && random() < 0.5 ? 1 : 0)));
    }
    polygonizer.finish();
    expect(found.length).toBeGreaterThan(20_000);
    expect(polygonizer.peakCorners).toBeLessThan(400);
  });

  it('is an error when open outlines exceed their limit', () => {
    const comb = Uint8Array.from({ length: 20_000 }, (_, k) => (k < 10_000 ? 1 : k % 2));
    expect(() => areasOf(comb, 10_000, { maxCorners: 5000 })).toThrow(
      /more than 5000 corners at a time; remove the smallest areas first/,
    );
    expect(areasOf(comb, 10_000).length).toBe(5001);
  });
});
