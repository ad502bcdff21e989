import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Affine, GeoBox } from '../../src/geo/node/index.js';
import { parseGeoJson, Rasterizer } from '../../src/vector/index.js';
import { isFlat } from '../../src/vector/ring.js';

const crs = { type: 'name', properties: { name: 'EPSG:32632' } };

/** Burns a polygon given in pixel coordinates, in strips; `#` inside. */
function burn(coordinates: number[][][], options: { allTouched?: boolean; strip?: number } = {}): string[] {
  const size = 8;
  const geobox = new GeoBox('EPSG:32632', new Affine(1, 0, 0, 0, 1, 0), size, size);
  const rasterizer = new Rasterizer(
    parseGeoJson({ type: 'Polygon', coordinates, crs }, 'test'),
    geobox,
    options,
  );
  const target = new Uint8Array(size * size);
  for (let start = 0; start < size; start += options.strip ?? size) {
    const end = Math.min(size, start + (options.strip ?? size));
    rasterizer.burn({ start, end }, target.subarray(start * size, end * size), [1]);
  }
  return Array.from({ length: size }, (_, y) =>
    [...target.subarray(y * size, (y + 1) * size)].map((value) => '.#'[value]).join(''),
  );
}

const box = (x0: number, y0: number, x1: number, y1: number): number[][] => [
  [x0, y0],
  [x1, y0],
  [x1, y1],
  [x0, y1],
  [x0, y0],
];

describe('Rasterizer', () => {
  it('burns pixels whose centres are inside, without holes', () => {
    expect(burn([box(0.6, 0.6, 6.4, 6.4), box(2.6, 2.6, 4.6, 4.6)])).toEqual([
      '........',
      '.#####..',
      '.#####..',
      '.##..#..',
      '.##..#..',
      '.#####..',
      '........',
      '........',
    ]);
  });

  it('assigns a centre on an edge to the polygon below and to the left', () => {
    const left = burn([box(0.5, 0.5, 3.5, 3.5)]);
    const right = burn([box(3.5, 0.5, 6.5, 3.5)]);
    expect(left.slice(0, 4)).toEqual(['.###....', '.###....', '.###....', '........']);
    expect(right.slice(0, 4)).toEqual(['....###.', '....###.', '....###.', '........']);
  });

  it('allTouched adds pixels that the outline crosses, not those that it borders on', () => {
    expect(burn([box(2.6, 2.6, 2.9, 2.9)]).join('')).not.toContain('#');
    expect(burn([box(2.6, 2.6, 2.9, 2.9)], { allTouched: true })[2]).toBe('..#.....');
    expect(burn([box(2, 2, 4, 4)], { allTouched: true })).toEqual(burn([box(2, 2, 4, 4)]));
    // As rasterio.features.rasterize with all_touched does it (GDAL 3.6).
    const slim = [
      [0.2, 0.3],
      [7.4, 5.2],
      [7.6, 5.4],
      [0.2, 0.3],
    ];
    expect(burn([slim], { allTouched: true })).toEqual([
      '##......',
      '.##.....',
      '..###...',
      '....##..',
      '.....###',
      '.......#',
      '........',
      '........',
    ]);
  });

  it('is equal to a test of each centre, for any strips', () => {
    // Irrational shares keep edges off the centres, where the last bit of a crossing would decide.
    const coordinate = (share: number): fc.Arbitrary<number> =>
      fc.integer({ min: -3 * 4096, max: 11 * 4096 }).map((steps) => (steps + share) / 4096);
    const ring = fc.array(fc.tuple(coordinate(Math.SQRT1_2), coordinate(Math.LN2)), {
      minLength: 3,
      maxLength: 9,
    });
    fc.assert(
      fc.property(ring, fc.integer({ min: 1, max: 8 }), (open, strip) => {
        const closed = [...open, open[0]].map(([x, y]): [number, number] => [x, y]);
        fc.pre(!isFlat(closed));
        const found = burn([closed], { strip });
        for (let y = 0; y < 8; y++) {
          for (let x = 0; x < 8; x++) {
            expect(found[y][x]).toBe(inside(closed, x + 0.5, y + 0.5) ? '#' : '.');
          }
        }
      }),
    );
  });

  it('the last of overlapping features wins', () => {
    const geobox = new GeoBox('EPSG:32632', new Affine(1, 0, 0, 0, 1, 0), 4, 1);
    const feature = (x0: number, x1: number): object => ({
      type: 'Feature',
      properties: {},
      geometry: { type: 'Polygon', coordinates: [box(x0, 0, x1, 1)] },
    });
    const features = [feature(0, 3), feature(2, 4)];
    const rasterizer = new Rasterizer(
      parseGeoJson({ type: 'FeatureCollection', features, crs }, 'test'),
      geobox,
    );
    const target = new Uint8Array(4);
    rasterizer.burn({ start: 0, end: 1 }, target, [1, 2]);
    expect([...target]).toEqual([1, 1, 2, 2]);
  });

  it('densifies long edges by the projection, and skips distant features', () => {
    // 6° of a parallel: a straight line between its ends would be 4 km off in the middle of zone 32.
    const geobox = GeoBox.fromBounds([8.9, 49.9, 9.1, 50.1], 'EPSG:32632', 100);
    const far = [box(-120, 30, -110, 40)];
    const near = [box(6, 45, 12, 50)];
    const areas = parseGeoJson({ type: 'MultiPolygon', coordinates: [far, near] }, 'test');
    const rasterizer = new Rasterizer(areas, geobox);
    expect(rasterizer.isNear).toBe(true);
    const target = new Uint8Array(geobox.pixelCount);
    rasterizer.burn({ start: 0, end: geobox.height }, target, [1]);
    const share = target.reduce((sum, value) => sum + value, 0) / target.length;
    expect(share).toBeGreaterThan(0.48);
    expect(share).toBeLessThan(0.52);
    expect(new Rasterizer(parseGeoJson({ type: 'Polygon', coordinates: far }, 'far'), geobox).isNear).toBe(
      false,
    );
  });
});

/** Even-odd, by a ray to the left (Shimrat 1962). */
function inside(ring: readonly number[][], x: number, y: number): boolean {
  let odd = false;
  for (let k = 1; k < ring.length; k++) {
    const [[xa, ya], [xb, yb]] = [ring[k - 1], ring[k]];
    if (ya > y === yb > y) continue;
    const [x0, y0, x1, y1] = ya < yb ? [xa, ya, xb, yb] : [xb, yb, xa, ya];
    if (((y - y0) * (x1 - x0)) / (y1 - y0) + x0 < x) odd = !odd;
  }
  return odd;
}

describe('Rasterizer.fractions', () => {
  /** Shares of the pixels of a grid of 6 × 4, computed in strips. */
  function shares(coordinates: number[][][], strip = 4): number[][] {
    const geobox = new GeoBox('EPSG:32632', new Affine(1, 0, 0, 0, 1, 0), 6, 4);
    const rasterizer = new Rasterizer(parseGeoJson({ type: 'Polygon', coordinates, crs }, 'test'), geobox);
    const result = Array.from({ length: 4 }, () => new Array<number>(6).fill(0));
    for (let start = 0; start < 4; start += strip) {
      rasterizer.fractions(0, { start, end: Math.min(4, start + strip) }, (row, first, end, fraction) => {
        for (let x = first; x < end; x++) {
          expect(result[row][x]).toBe(0);
          result[row][x] = fraction;
        }
      });
    }
    return result;
  }

  const rows = (expected: number[][]) =>
    expected.map((row) => row.map((share): unknown => expect.closeTo(share, 12)));

  it('gives the share of each pixel inside a rectangle, without its hole', () => {
    // 0.4 of column 0, all of columns 1 and 2, 0.7 of column 3; 0.8 of row 0, all of row 1, 0.5 of row 2.
    const outer = box(0.6, 0.2, 3.7, 2.5);
    // Half of column 1 and a quarter of column 2 in row 1.
    const hole = box(1.5, 1, 2.25, 2);
    const expected = [
      [0.32, 0.8, 0.8, 0.56, 0, 0],
      [0.4, 0.5, 0.75, 0.7, 0, 0],
      [0.2, 0.5, 0.5, 0.35, 0, 0],
      [0, 0, 0, 0, 0, 0],
    ];
    for (const rings of [
      [outer, hole],
      [[...outer].reverse(), hole],
      [outer, [...hole].reverse()],
    ]) {
      expect(shares(rings)).toEqual(rows(expected));
      expect(shares(rings, 1)).toEqual(rows(expected));
    }
  });

  it('cuts pixels by sloping edges, also beyond the grid', () => {
    // Below the line x = 2 y − 2, where y runs downwards.
    const triangle = [
      [-2, 0],
      [6, 4],
      [-2, 4],
      [-2, 0],
    ];
    // In row y it runs from column 2 y − 2, of which 3/4 are below it, to column 2 y − 1, of which 1/4 is.
    expect(shares([triangle])).toEqual(
      rows([
        [0, 0, 0, 0, 0, 0],
        [0.75, 0.25, 0, 0, 0, 0],
        [1, 1, 0.75, 0.25, 0, 0],
        [1, 1, 1, 1, 0.75, 0.25],
      ]),
    );
  });

  it('adds up to the area of any simple polygon', () => {
    const size = 8;
    const geobox = new GeoBox('EPSG:32632', new Affine(1, 0, 0, 0, 1, 0), size, size);
    const radius = fc.double({ min: 0.2, max: 3.9, noNaN: true });
    fc.assert(
      fc.property(fc.array(radius, { minLength: 3, maxLength: 12 }), (radii) => {
        const corners = radii.map((r, k) => {
          const angle = (2 * Math.PI * k) / radii.length;
          return [4 + r * Math.cos(angle), 4 + r * Math.sin(angle)];
        });
        const ring = [...corners, corners[0]];
        let twice = 0;
        for (let k = 0; k < corners.length; k++)
          twice += ring[k][0] * ring[k + 1][1] - ring[k + 1][0] * ring[k][1];
        const areas = parseGeoJson({ type: 'Polygon', coordinates: [ring], crs }, 'test');
        let sum = 0;
        new Rasterizer(areas, geobox).fractions(0, { start: 0, end: size }, (_, start, end, fraction) => {
          sum += (end - start) * fraction;
        });
        expect(sum).toBeCloseTo(Math.abs(twice) / 2, 9);
      }),
    );
  });
});
