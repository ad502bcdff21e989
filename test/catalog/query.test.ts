import { describe, expect, it } from 'vitest';
import { GeoCatalog, type PlaceAndTime } from '../../src/catalog/index.js';
import { type Bounds, Crs, createTransform, GeoBox, TimeInterval } from '../../src/geo/node/index.js';
import type { Polygon } from '../../src/vector/index.js';
import { boxOutline, catalogRow, idsOf } from '../support/catalog.js';

const luxembourg: Bounds = [5.7333, 49.4426, 6.5282, 50.183];

/** Across the antimeridian, and cut at it. */
const fiji: Polygon[] = [boxOutline([177, -19, 180, -16]), boxOutline([-180, -19, -178, -16])];

const world = GeoCatalog.from([
  catalogRow('west', [5, 49, 6, 50], '2021-07-14'),
  catalogRow('east', [6, 49, 7, 50], '2021-07-15'),
  catalogRow('static', [5, 49, 7, 51]),
  catalogRow('fiji', fiji, '2021-07-15'),
  catalogRow('cap', [-180, 80, 180, 90], '2021-07-15'),
]);

const ask = (where: PlaceAndTime, options?: Parameters<GeoCatalog['query']>[1]): string[] =>
  idsOf(world.query(where, options));

describe('GeoCatalog.query', () => {
  it('finds rows by bounds and time, in their order', () => {
    expect(ask({ geometry: luxembourg })).toEqual(['west', 'east', 'static']);
    expect(ask({ geometry: luxembourg, interval: '2021-07-15' })).toEqual(['east', 'static']);
    expect(ask({ interval: '2021-07-15' })).toEqual(['east', 'static', 'fiji', 'cap']);
    expect(ask({ geometry: [0, 0, 1, 1] })).toEqual([]);
  });

  it('takes a slice', () => {
    const slice = {
      bounds: [280_000, 5_500_000, 290_000, 5_510_000] as const,
      crs: Crs.fromEpsg(32632),
      resolution: 10,
      interval: TimeInterval.parse('2021-07-14'),
    };
    expect(idsOf(world.query(slice))).toEqual(['west', 'static']);
  });

  it('drops rows that only touch, unless asked to keep them', () => {
    expect(ask({ geometry: [7, 49, 8, 50] })).toEqual([]);
    expect(ask({ geometry: [7, 49, 8, 50] }, { touch: true })).toEqual(['east', 'static']);
  });

  it('supports within and contains', () => {
    expect(ask({ geometry: [5, 49, 7, 50] }, { predicate: 'within' })).toEqual(['west', 'east']);
    expect(ask({ geometry: [5.5, 49, 6, 49.5] }, { predicate: 'contains' })).toEqual(['west', 'static']);
    // A row within the geometry does not contain it.
    expect(ask({ geometry: [4, 48, 8, 52] }, { predicate: 'contains' })).toEqual([]);
  });

  it('takes GeoJSON geometries, points and lines among them', () => {
    const point = { type: 'Point', coordinates: [5.5, 49.5] };
    expect(ask({ geometry: point })).toEqual(['west', 'static']);
    expect(ask({ geometry: { type: 'Feature', geometry: point, properties: {} } })).toEqual([
      'west',
      'static',
    ]);
    const line = {
      type: 'LineString',
      coordinates: [
        [5.5, 49.5],
        [6.5, 49.6],
      ],
    };
    expect(ask({ geometry: line })).toEqual(['west', 'east', 'static']);
    expect(ask({ geometry: { type: 'Point', coordinates: [5, 49] } })).toEqual([]);
    expect(ask({ geometry: { type: 'Point', coordinates: [5, 49] } }, { touch: true })).toEqual([
      'west',
      'static',
    ]);
  });

  it('takes bounds across the antimeridian, from either side or with west greater than east', () => {
    for (const geometry of [
      [176, -18, 179, -17],
      [-179, -18, -177, -17],
      [179, -18, -179, -17],
      [179, -18, 181, -17],
      [-181, -18, -179, -17],
    ] as const) {
      expect(ask({ geometry })).toEqual(['fiji']);
    }
    expect(ask({ geometry: [176, -20, -177, -15] }, { predicate: 'within' })).toEqual(['fiji']);
    expect(ask({ geometry: [179, -18, -179, -17] }, { predicate: 'contains' })).toEqual(['fiji']);
    // One side alone is not within.
    expect(ask({ geometry: [176, -20, 180, -15] }, { predicate: 'within' })).toEqual([]);
    // A box around the globe would have found it.
    expect(ask({ geometry: [-170, -18, 170, -17] })).toEqual([]);
    // In UTM 60 and in a projection around the antimeridian.
    expect(ask({ geometry: [800_000, 8_000_000, 900_000, 8_100_000], crs: 32760 })).toEqual(['fiji']);
  });

  it('finds rows at a pole from a polar projection', () => {
    expect(ask({ geometry: [-1000, -1000, 1000, 1000], crs: 3413 })).toEqual(['cap']);
    const antarctic = GeoCatalog.from([catalogRow('south', [-180, -90, 180, -85])]);
    const found = antarctic.query({ geometry: [-1000, -1000, 1000, 1000], crs: 3031 });
    expect(idsOf(found)).toEqual(['south']);
    expect(antarctic.query({ geometry: [-1000, -1000, 1000, 1000], crs: 3413 })).toHaveLength(0);
    // The part beyond the pole does not count.
    expect(ask({ geometry: [0, 85, 10, 90.05] }, { predicate: 'contains' })).toEqual(['cap']);
    // Pixels of a grid in degrees reach half a pixel beyond it, also across the antimeridian.
    for (const geometry of [
      [10, 89, 11, 90.05],
      [179, 89, -179, 90.05],
      [-180.05, 89, 180.05, 90.05],
    ] as const)
      expect(ask({ geometry })).toEqual(['cap']);
  });

  it('densifies the edges of projected bounds', () => {
    // In UTM, the straight line between two positions at 60° north passes 0.034° north of it in the middle.
    const crs = Crs.fromEpsg(32632);
    const { forward } = createTransform(Crs.wgs84, crs);
    const [x0, y0] = forward(6, 60);
    const [x1] = forward(12, 60);
    const geometry: Bounds = [x0, y0 - 300_000, x1, y0];
    const catalog = GeoCatalog.from([
      catalogRow('below the edge', [8.99, 60.01, 9.01, 60.02]),
      catalogRow('above it', [8.99, 60.04, 9.01, 60.05]),
      catalogRow('above its end', [6.01, 60.01, 6.02, 60.02]),
    ]);
    expect(idsOf(catalog.query({ geometry, crs }))).toEqual(['below the edge']);
  });

  it('compares footprints, not only bounding boxes', () => {
    const triangle: Polygon = [
      [
        [0, 0],
        [10, 0],
        [0, 10],
        [0, 0],
      ],
    ];
    const catalog = GeoCatalog.from([catalogRow('triangle', [triangle])]);
    expect(catalog.query({ geometry: [6, 6, 9, 9] })).toHaveLength(0);
    expect(catalog.query({ geometry: [4, 4, 9, 9] })).toHaveLength(1);
  });

  it('gives the same rows for a filtered catalog', () => {
    const rows = Array.from({ length: 5000 }, (_, k) =>
      catalogRow(String(k), [k % 100, Math.floor(k / 100), (k % 100) + 1, Math.floor(k / 100) + 1]),
    );
    const all = GeoCatalog.from(rows);
    const even = all.filter(({ id }) => Number(id) % 2 === 0);
    const few = even.filter(({ id }) => Number(id) < 1000);
    const where = { geometry: [10.5, 2.5, 14.5, 12.5] as const };
    const wanted = idsOf(all.query(where));
    expect(wanted).toHaveLength(55);
    expect(idsOf(even.query(where))).toEqual(wanted.filter((id) => Number(id) % 2 === 0));
    expect(idsOf(few.query(where))).toEqual(wanted.filter((id) => Number(id) % 2 === 0 && Number(id) < 1000));
  });

  it('refuses impossible queries, with the reason', () => {
    const refused = (where: PlaceAndTime, options?: Parameters<GeoCatalog['query']>[1]) =>
      expect(() => world.query(where, options));
    refused({}).toThrow(/neither a place nor a time/);
    refused({ geometry: [Number.NaN, 0, 1, 1] }).toThrow(/NaN, 0, 1, 1.*do not enclose an area/);
    refused({ geometry: [5, 50, 6, 49] }).toThrow(/do not enclose an area/);
    refused({ geometry: [500_000, 0, 400_000, 1000], crs: 32632 }).toThrow(/do not enclose an area/);
    refused({ interval: '2021-07-15/2021-07-14' }).toThrow(
      '"2021-07-15/2021-07-14" ends before it starts; give both ends in order',
    );
    refused({ geometry: luxembourg }, { predicate: 'near' as 'within' }).toThrow(
      /"near".*intersects, within/,
    );
    refused({ geometry: [5, 5, 6, 6], crs: 'EPSG:1' }).toThrow(/EPSG:1/);
    refused({ geometry: [1e8, 5e6, 2e8, 6e6], crs: 32632 }).toThrow(/leaves the domain of EPSG:32632/);
    refused({ geometry: { type: 'Circle' } }).toThrow(/holds a "Circle", which is no geometry/);
    refused({ geometry: [5e5, 5e6, 6e5, 6e6] }).toThrow(/no longitude and latitude|beyond a pole/);
  });

  it('gives an empty catalog, with no bounds and no time', () => {
    const none = world.query({ geometry: [0, 0, 1, 1] });
    expect(none).toHaveLength(0);
    expect(none.bounds).toBeNull();
    expect(none.temporalExtent).toBeNull();
    expect(none.query({ geometry: luxembourg })).toHaveLength(0);
    expect(GeoCatalog.empty.query({ geometry: luxembourg })).toHaveLength(0);
  });

  it('refuses footprints that are not in degrees', () => {
    expect(() => GeoCatalog.from([catalogRow('utm', [500_000, 5_000_000, 600_000, 5_100_000])])).toThrow(
      /the row "utm" has the position 500000/,
    );
  });

  it('finds the scene of the Luxembourg flood by its grid', () => {
    const grid = GeoBox.fromBounds(luxembourg, 'EPSG:32632', 10);
    expect(ask({ geometry: grid.bounds, crs: grid.crs })).toEqual(['west', 'east', 'static']);
  });
});
