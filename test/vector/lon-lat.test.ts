import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Affine, Crs, createTransform, GeoBox } from '../../src/geo/node/index.js';
import { type Polygon, Polygonizer, parseGeoJson, Rasterizer, type Ring } from '../../src/vector/index.js';
import { LonLatPolygons } from '../../src/vector/lon-lat.js';

/** Twice the signed area: positive when counter-clockwise. */
function signedArea(ring: Ring): number {
  return ring.slice(1).reduce((sum, [x, y], k) => sum + ring[k][0] * y - x * ring[k][1], 0);
}

function rectangle(x0: number, y0: number, x1: number, y1: number): Int32Array {
  return Int32Array.from([x0, y0, x0, y1, x1, y1, x1, y0, x0, y0]);
}

/** The ground areas of a map. */
function areasOf(map: Uint8Array, geobox: GeoBox): { value: number; polygons: Polygon[] }[] {
  const lonLat = new LonLatPolygons(geobox);
  const found: { value: number; polygons: Polygon[] }[] = [];
  const polygonizer = new Polygonizer({
    width: geobox.width,
    onPolygon: ({ value, rings }) => found.push({ value, polygons: lonLat.convert(rings) }),
  });
  polygonizer.addRows(map);
  polygonizer.finish();
  return found;
}

/** Checks the rules of RFC 7946 for polygons. */
function requireProper(polygons: readonly Polygon[]): void {
  for (const [exterior, ...holes] of polygons) {
    expect(signedArea(exterior)).toBeGreaterThan(0);
    for (const hole of holes) expect(signedArea(hole)).toBeLessThan(0);
    for (const ring of [exterior, ...holes]) {
      expect(ring.length).toBeGreaterThan(3);
      expect(ring.at(-1)).toEqual(ring[0]);
      for (const [x, y] of ring) expect(Math.abs(x) <= 180 && Math.abs(y) <= 90).toBe(true);
      for (const [k, [x]] of ring.slice(1).entries()) {
        // Only an edge along a pole is that long.
        const step = Math.abs(x - ring[k][0]);
        if (step > 180) expect(Math.abs(ring[k][1])).toBe(90);
      }
    }
  }
}

const utm = new GeoBox('EPSG:32632', new Affine(10, 0, 300_000, 0, -10, 5_600_000), 4000, 4000);

describe('LonLatPolygons', () => {
  it('turns exteriors counter-clockwise and holes clockwise, on grids north up and south up', () => {
    const rings = [rectangle(0, 0, 50, 60), Int32Array.from([10, 10, 20, 10, 20, 20, 10, 20, 10, 10])];
    const southUp = new GeoBox('EPSG:32632', new Affine(10, 0, 300_000, 0, 10, 5_500_000), 100, 100);
    for (const geobox of [utm, southUp]) {
      const polygons = new LonLatPolygons(geobox).convert(rings);
      expect(polygons).toHaveLength(1);
      expect(polygons[0]).toHaveLength(2);
      requireProper(polygons);
    }
  });

  it('rounds to 7 decimals, and to more where pixels are small', () => {
    const [[ring]] = new LonLatPolygons(utm).convert([rectangle(0, 0, 1, 1)]);
    const { forward } = createTransform(utm.crs, Crs.wgs84);
    const [longitude, latitude] = forward(300_000, 5_600_000);
    expect(ring[0]).toEqual([Number(longitude.toFixed(7)), Number(latitude.toFixed(7))]);
    const fine = new GeoBox('EPSG:32632', new Affine(0.001, 0, 300_000, 0, -0.001, 5_600_000), 4, 4);
    const [[small]] = new LonLatPolygons(fine).convert([rectangle(0, 0, 1, 1)]);
    expect(small).toHaveLength(5);
    expect(Math.abs(small[0][1] - small[1][1])).toBeGreaterThan(8e-9);
  });

  it('densifies long edges to a hundredth of a pixel', () => {
    const [[ring]] = new LonLatPolygons(utm).convert([rectangle(0, 0, 4000, 4000)]);
    expect(ring.length).toBeGreaterThan(40);
    const { forward } = createTransform(Crs.wgs84, utm.crs);
    const toPixel = utm.transform.inverse();
    for (let k = 1; k < ring.length; k++) {
      const [a, b] = [ring[k - 1], ring[k]];
      const [x, y] = toPixel.apply(...forward((a[0] + b[0]) / 2, (a[1] + b[1]) / 2));
      const off = Math.min(Math.abs(x), Math.abs(x - 4000), Math.abs(y), Math.abs(y - 4000));
      expect(off).toBeLessThan(0.012);
    }
  });

  it('is burnt back to the same map', () => {
    const grids = [
      ['EPSG:32632', new Affine(10, 0, 300_000, 0, -10, 5_600_000)],
      ['EPSG:32632', new Affine(8, 6, 300_000, 6, -8, 5_600_000)],
      ['EPSG:3035', new Affine(100, 0, 4_000_000, 0, -100, 3_000_000)],
      ['EPSG:4326', new Affine(0.001, 0, 6, 0, -0.001, 50)],
    ] as const;
    const maps = fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 60, maxLength: 60 });
    fc.assert(
      fc.property(fc.constantFrom(...grids), maps, ([crs, transform], values) => {
        const geobox = new GeoBox(crs, transform, 10, 6);
        const areas = areasOf(Uint8Array.from(values), geobox);
        for (const { polygons } of areas) requireProper(polygons);
        const features = areas.map(({ value, polygons }) => ({
          type: 'Feature',
          properties: { value },
          geometry: { type: 'MultiPolygon', coordinates: polygons },
        }));
        const collection = parseGeoJson({ type: 'FeatureCollection', features }, 'test');
        const burned = new Uint8Array(60).fill(9);
        new Rasterizer(collection, geobox).burn(
          { start: 0, end: 6 },
          burned,
          areas.map(({ value }) => value),
        );
        expect([...burned]).toEqual(values);
      }),
      { numRuns: 60 },
    );
  });

  it('cuts at the antimeridian, and gives holes to the part that has them', () => {
    const geobox = new GeoBox('EPSG:32601', new Affine(1000, 0, 100_000, 0, -1000, 1_000_000), 300, 100);
    const rings = [
      rectangle(0, 0, 300, 100),
      // The antimeridian is near column 70: one hole on each side, and one across it.
      Int32Array.from([10, 10, 20, 10, 20, 20, 10, 20, 10, 10]),
      Int32Array.from([200, 10, 220, 10, 220, 20, 200, 20, 200, 10]),
      Int32Array.from([50, 40, 100, 40, 100, 60, 50, 60, 50, 40]),
    ];
    const polygons = new LonLatPolygons(geobox).convert(rings);
    requireProper(polygons);
    expect(polygons).toHaveLength(2);
    expect(polygons.map((polygon) => polygon.length)).toEqual([2, 2]);
    const sides = polygons.map(([exterior]) => Math.sign(exterior[Math.floor(exterior.length / 2)][0]));
    expect(sides.sort()).toEqual([-1, 1]);
    const total = polygons.flat().reduce((sum, ring) => sum + signedArea(ring) / 2, 0);
    // The same grid in the middle of a zone has as many square degrees.
    const middle = new GeoBox('EPSG:32602', new Affine(1000, 0, 100_000, 0, -1000, 1_000_000), 300, 100);
    const [plain] = new LonLatPolygons(middle).convert(rings);
    expect(total).toBeCloseTo(
      plain.reduce((sum, ring) => sum + signedArea(ring) / 2, 0),
      5,
    );
  });

  it('does not cut polygons that only touch the antimeridian', () => {
    const east = new GeoBox('EPSG:4326', new Affine(1, 0, 170, 0, -1, 10), 20, 20);
    const lonLat = new LonLatPolygons(east);
    expect(lonLat.convert([rectangle(0, 0, 10, 10)])).toHaveLength(1);
    const beyond = lonLat.convert([rectangle(10, 0, 20, 10)]);
    expect(beyond).toHaveLength(1);
    requireProper(beyond);
    for (const [x] of beyond[0][0]) expect(x).toBeLessThanOrEqual(-170);
    expect(lonLat.convert([rectangle(5, 0, 15, 10)])).toHaveLength(2);
  });

  it('accepts grids around the whole globe', () => {
    for (const west of [-180, 0]) {
      const world = new GeoBox('EPSG:4326', new Affine(1, 0, west, 0, -1, 90), 360, 180);
      const polygons = new LonLatPolygons(world).convert([rectangle(0, 0, 360, 180)]);
      requireProper(polygons);
      const area = polygons.flat().reduce((sum, ring) => sum + signedArea(ring) / 2, 0);
      expect(area).toBeCloseTo(360 * 180, 6);
    }
  });

  it.each([
    ['EPSG:3413', 'inside', 0.5],
    ['EPSG:3413', 'at a corner', 0],
    ['EPSG:3031', 'inside', 0.5],
  ])('%s: bounds areas around a pole by it, which lies %s of a pixel', (crs, _, shift) => {
    const size = 40;
    const c = (shift - size / 2) * 25_000;
    const geobox = new GeoBox(crs, new Affine(25_000, 0, c, 0, -25_000, -c), size, size);
    const around = new LonLatPolygons(geobox).convert([rectangle(10, 10, 30, 30)]);
    requireProper(around);
    expect(around).toHaveLength(1);
    const latitudes = around[0][0].map(([, latitude]) => Math.abs(latitude));
    expect(Math.max(...latitudes)).toBe(90);
    // A ring around the pole, with the pole in its hole, and a part on one side of it.
    const hole = Int32Array.from([15, 15, 25, 15, 25, 25, 15, 25, 15, 15]);
    const annulus = new LonLatPolygons(geobox).convert([rectangle(10, 10, 30, 30), hole]);
    requireProper(annulus);
    const area = (polygons: readonly Polygon[]): number =>
      polygons.flat().reduce((sum, ring) => sum + signedArea(ring) / 2, 0);
    const inner = new LonLatPolygons(geobox).convert([rectangle(15, 15, 25, 25)]);
    expect(area(annulus)).toBeCloseTo(area(around) - area(inner), 4);
  });

  it('accepts a corner on a pole', () => {
    const geobox = new GeoBox('EPSG:3413', new Affine(25_000, 0, -500_000, 0, -25_000, 500_000), 40, 40);
    const quarters = [
      rectangle(10, 10, 20, 20),
      rectangle(20, 10, 30, 20),
      rectangle(10, 20, 20, 30),
      rectangle(20, 20, 30, 30),
    ].map((quarter) => new LonLatPolygons(geobox).convert([quarter]));
    for (const quarter of quarters) requireProper(quarter);
    const area = quarters.flat(2).reduce((sum, ring) => sum + signedArea(ring) / 2, 0);
    const whole = new LonLatPolygons(geobox).convert([rectangle(10, 10, 30, 30)]);
    expect(area).toBeCloseTo(
      whole.flat().reduce((sum, ring) => sum + signedArea(ring) / 2, 0),
      3,
    );
  });

  it('refuses grids without longitude and latitude', () => {
    const beyond = new GeoBox('EPSG:4326', new Affine(1, 0, 0, 0, -1, 95), 10, 10);
    expect(() => new LonLatPolygons(beyond).convert([rectangle(0, 0, 10, 10)])).toThrow(
      /leaves the domain of EPSG:4326 at pixel 0, 0 has no longitude and latitude; clip the map/,
    );
  });
});
