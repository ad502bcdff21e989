import { describe, expect, it } from 'vitest';
import { Crs } from '../../src/geo/index.js';
import { parseGeoJsonFeatures } from '../../src/vector/geojson.js';
import { parseGeoJson, polygonArea, readAreas } from '../../src/vector/node/index.js';

const square = (x: number, y: number, size: number): number[][] => [
  [x, y],
  [x + size, y],
  [x + size, y + size],
  [x, y + size],
  [x, y],
];
const polygon = { type: 'Polygon', coordinates: [square(6, 49, 1)] };

describe('parseGeoJson', () => {
  it('reads collections, features and geometries', () => {
    const feature = { type: 'Feature', properties: { name: 'a' }, geometry: polygon };
    const collection = {
      type: 'FeatureCollection',
      features: [feature, { type: 'Feature', properties: null, geometry: null }],
    };
    for (const document of [collection, feature]) {
      const { features, crs } = parseGeoJson(document, 'x.geojson');
      expect(features).toEqual([{ polygons: [polygon.coordinates], properties: { name: 'a' } }]);
      expect(crs.epsg).toBe(4326);
    }
    const multi = { type: 'MultiPolygon', coordinates: [polygon.coordinates, [square(8, 49, 1)]] };
    const nested = { type: 'GeometryCollection', geometries: [polygon, multi] };
    expect(parseGeoJson(nested, 'x.geojson').features[0].polygons).toHaveLength(3);
  });

  it('follows the crs member of older files', () => {
    const utm = {
      ...polygon,
      coordinates: [square(300_000, 5_500_000, 100)],
      crs: { type: 'name', properties: { name: 'urn:ogc:def:crs:EPSG::32632' } },
    };
    expect(parseGeoJson(utm, 'x').crs.epsg).toBe(32632);
    const crs84 = {
      ...polygon,
      crs: { type: 'name', properties: { name: 'urn:ogc:def:crs:OGC:1.3:CRS84' } },
    };
    expect(parseGeoJson(crs84, 'x').crs.epsg).toBe(4326);
  });

  it.each<[string, unknown, RegExp]>([
    ['no object', 7, /x\.json is not as it should be/],
    ['no type', {}, /type/],
    [
      'a line',
      {
        type: 'LineString',
        coordinates: [
          [0, 0],
          [1, 1],
        ],
      },
      /x\.json holds a LineString, which has no area; give polygons/,
    ],
    ['nothing', { type: 'FeatureCollection', features: [] }, /holds no polygon/],
    ['features of another kind', { type: 'FeatureCollection', features: [{ type: 'X' }] }, /feature 0/],
    ['an open ring', { type: 'Polygon', coordinates: [square(0, 0, 1).slice(0, 2)] }, /not closed/],
    [
      'a short ring',
      { type: 'Polygon', coordinates: [square(0, 0, 1).slice(3)] },
      /fewer than four|not closed/,
    ],
    ['text for numbers', { type: 'Polygon', coordinates: [[['a', 'b']]] }, /not two numbers/],
    ['no rings', { type: 'Polygon', coordinates: null }, /no list of rings/],
    [
      'metres',
      { type: 'Polygon', coordinates: [square(3e5, 5e6, 10)] },
      /300000, 5000000, which is no longitude/,
    ],
    [
      'the antimeridian',
      {
        type: 'Polygon',
        coordinates: [
          [
            [179, 0],
            [-179, 0],
            [-179, 1],
            [179, 0],
          ],
        ],
      },
      /across the antimeridian/,
    ],
    [
      'an unknown system',
      { ...polygon, crs: { type: 'name', properties: { name: 'EPSG:999999' } } },
      /cannot be used \(EPSG:999999 is not a known/,
    ],
    [
      'a linked system',
      { ...polygon, crs: { type: 'link', properties: { href: 'x' } } },
      /links are not followed/,
    ],
  ])('refuses %s with a sentence', (_, document, message) => {
    expect(() => parseGeoJson(document, 'x.json')).toThrow(message);
  });

  it("takes the CRS option when the file names none; the file's CRS wins", () => {
    const crs = Crs.fromEpsg(32632);
    const utm = { type: 'Polygon', coordinates: [square(300_000, 5_500_000, 100)] };
    expect(parseGeoJson(utm, 'x', { crs }).crs.epsg).toBe(32632);
    const warnings: string[] = [];
    const named = { ...utm, crs: { type: 'name', properties: { name: 'EPSG:32633' } } };
    const found = parseGeoJson(named, 'x', {
      crs,
      onProgress: (event) => event.type === 'warning' && warnings.push(event.message),
    });
    expect(found.crs.epsg).toBe(32633);
    expect(warnings).toEqual([
      'x says that its coordinate reference system is EPSG:32633, so that EPSG:32632 is not used',
    ]);
  });

  it('takes the code of an old crs member, and the CRS option for an unusable one', () => {
    const utm = { type: 'Polygon', coordinates: [square(300_000, 5_500_000, 100)] };
    const old = { ...utm, crs: { type: 'EPSG', properties: { code: 32632 } } };
    expect(parseGeoJson(old, 'x').crs.epsg).toBe(32632);
    const warnings: string[] = [];
    const named = { ...utm, crs: { type: 'name', properties: { name: 'LOCAL:1' } } };
    const found = parseGeoJson(named, 'x', {
      crs: Crs.fromEpsg(32633),
      onProgress: (event) => event.type === 'warning' && warnings.push(event.message),
    });
    expect(found.crs.epsg).toBe(32633);
    expect(warnings).toEqual([
      'x has a coordinate reference system that cannot be used, so that EPSG:32633 is taken',
    ]);
  });

  // GDAL and geopandas write empty geometries so; RFC 7946 §3.1 lets readers treat them as null.
  it('skips empty geometries without a warning', () => {
    const warnings: string[] = [];
    const empty = ['Point', 'MultiPoint', 'LineString', 'MultiLineString', 'Polygon', 'MultiPolygon'];
    const geometries = [
      ...empty.map((type) => ({ type, coordinates: [] })),
      { type: 'Polygon', coordinates: [[]] },
      { type: 'MultiPolygon', coordinates: [[], [[]]] },
      { type: 'MultiLineString', coordinates: [[]] },
      { type: 'MultiPoint', coordinates: [[]] },
      { type: 'GeometryCollection', geometries: [] },
      null,
      polygon,
    ];
    const features = geometries.map((geometry, k) => ({ type: 'Feature', properties: { k }, geometry }));
    const found = parseGeoJsonFeatures({ type: 'FeatureCollection', features }, 'x', {
      onProgress: (event) => event.type === 'warning' && warnings.push(event.message),
    });
    expect(found.features.map(({ properties }) => properties)).toEqual([{ k: 12 }]);
    expect(warnings).toEqual([]);
  });

  it('skips unusable features, with a warning that names the feature', () => {
    const closed = square(6, 49, 1);
    const ring = (change: unknown): unknown[] => closed.map((position, k) => (k === 2 ? change : position));
    const geometries: readonly [unknown, string | null][] = [
      [
        { type: 'Polygon', coordinates: [ring([7, null])] },
        'has a position that is not two numbers; the polygon',
      ],
      [{ type: 'Polygon', coordinates: [ring(null)] }, 'has a position that is not two numbers; the polygon'],
      [
        { type: 'Polygon', coordinates: [ring(['7', 50])] },
        'has a position that is not two numbers; the polygon',
      ],
      [
        { type: 'Polygon', coordinates: [ring([7, 95])] },
        'has the position 7, 95, which is no longitude and latitude; the polygon',
      ],
      [
        { type: 'Polygon', coordinates: [[closed[0], closed[0], closed[0], closed[0]]] },
        'has a ring that encloses no area; the polygon',
      ],
      [
        { type: 'Polygon', coordinates: [[closed[0], closed[1], closed[1], closed[0]]] },
        'has a ring that encloses no area; the polygon',
      ],
      [
        {
          type: 'Polygon',
          coordinates: [
            [
              [0.1, 0.1],
              [0.2, 0.2],
              [0.3, 0.3],
              [0.1, 0.1],
            ],
          ],
        },
        'has a ring that encloses no area; the polygon',
      ],
      [
        {
          type: 'Polygon',
          coordinates: [
            [
              [0, 0],
              [1, 0],
              [1, 1],
              [1, 0],
              [0, 0],
            ],
          ],
        },
        'has a ring that encloses no area; the polygon',
      ],
      [
        { type: 'Polygon', coordinates: [closed.slice(0, 3).concat([closed[0]]).slice(1, 3)] },
        'has a ring that is not closed and too short; the polygon',
      ],
      [{ type: 'LineString', coordinates: [[1, 1]] }, 'has a line of fewer than two positions; the line'],
      [{ type: 'Point', coordinates: [null, null] }, 'has a position that is not two numbers; the point'],
      [{ type: 'Blob', coordinates: [] }, 'holds a "Blob", which is no geometry of GeoJSON; the feature'],
      [{ type: 'Polygon', coordinates: null }, 'has no list of rings where one belongs; the feature'],
      [7, 'is not as it should be: geometry'],
      // Other parts are kept; figures of eight and repeated positions enclose an area.
      [
        { type: 'MultiPolygon', coordinates: [[ring(null)], [closed]] },
        'has a position that is not two numbers; the polygon',
      ],
      [
        {
          type: 'Polygon',
          coordinates: [
            [
              [0, 0],
              [2, 2],
              [2, 0],
              [0, 2],
              [0, 0],
            ],
          ],
        },
        null,
      ],
      [{ type: 'Polygon', coordinates: [closed.flatMap((position) => [position, position])] }, null],
      [{ type: 'Polygon', coordinates: [closed.map(([x, y]) => [x, y, 5, 6])] }, null],
      [{ type: 'Polygon', coordinates: [square(179, 49, 1).map(([x, y]) => [x + 5e-10, y])] }, null],
    ];
    const features: unknown[] = geometries.map(([geometry], k) => ({
      type: 'Feature',
      properties: { k },
      geometry,
    }));
    const warnings: string[] = [];
    const found = parseGeoJsonFeatures({ type: 'FeatureCollection', features: [...features, null, 7] }, 'x', {
      onProgress: (event) => event.type === 'warning' && warnings.push(event.message),
    });
    expect(found.features.map(({ properties }) => properties.k)).toEqual([14, 15, 16, 17, 18]);
    expect(found.features[3].polygons).toEqual([[closed]]);
    expect(Math.max(...found.features[4].polygons[0][0].map(([x]) => x))).toBe(180);
    const problems = geometries.flatMap(([, problem], k) =>
      problem === null ? [] : [`x: feature ${k} ${problem}`],
    );
    expect(warnings).toHaveLength(problems.length + 2);
    for (const [k, problem] of problems.entries()) expect(warnings[k].slice(0, problem.length)).toBe(problem);
  });

  it('closes an open ring, as GDAL does, with a warning', () => {
    const warnings: string[] = [];
    const open = { type: 'Polygon', coordinates: [square(6, 49, 1).slice(0, 4)] };
    const { features } = parseGeoJson(open, 'x', {
      onProgress: (event) => event.type === 'warning' && warnings.push(event.message),
    });
    expect(features[0].polygons).toEqual([[square(6, 49, 1)]]);
    expect(warnings).toEqual(['x: the geometry has a ring that is not closed; its ends were joined']);
  });

  it('refuses collections nested too deeply', () => {
    let geometry: object = polygon;
    for (let k = 0; k < 20; k++) geometry = { type: 'GeometryCollection', geometries: [geometry] };
    expect(() => parseGeoJson(geometry, 'x')).toThrow(/too deeply/);
  });

  it('names a missing file', async () => {
    await expect(readAreas('/nowhere.geojson')).rejects.toThrow(/nowhere\.geojson does not exist/);
  });
});

describe('polygonArea', () => {
  it('is the area on the ellipsoid, without holes', () => {
    // pyproj.Geod(ellps="WGS84").geometry_area_perimeter of a shapely polygon, pyproj 3.4.1.
    const areas = parseGeoJson(
      { type: 'Polygon', coordinates: [square(6, 49, 1), square(6.25, 49.25, 0.5)] },
      'x',
    );
    expect(polygonArea(areas.features[0].polygons, areas.crs)).toBeCloseTo(6042023627.97171, 2);
  });
});
