import { describe, expect, it } from 'vitest';
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

  it('honours the crs member of older files', () => {
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
      /"EPSG:999999", which is not known/,
    ],
    [
      'a linked system',
      { ...polygon, crs: { type: 'link', properties: { href: 'x' } } },
      /links are not followed/,
    ],
  ])('refuses %s with a sentence', (_, document, message) => {
    expect(() => parseGeoJson(document, 'x.json')).toThrow(message);
  });

  it('refuses collections inside collections without end', () => {
    let geometry: object = polygon;
    for (let k = 0; k < 20; k++) geometry = { type: 'GeometryCollection', geometries: [geometry] };
    expect(() => parseGeoJson(geometry, 'x')).toThrow(/too deeply/);
  });

  it('names a file that does not exist', async () => {
    await expect(readAreas('/nowhere.geojson')).rejects.toThrow(/nowhere\.geojson does not exist/);
  });
});

describe('polygonArea', () => {
  it('is that of the ellipsoid, without holes', () => {
    // pyproj.Geod(ellps="WGS84").geometry_area_perimeter of a shapely polygon, pyproj 3.4.1.
    const areas = parseGeoJson(
      { type: 'Polygon', coordinates: [square(6, 49, 1), square(6.25, 49.25, 0.5)] },
      'x',
    );
    expect(polygonArea(areas.features[0].polygons, areas.crs)).toBeCloseTo(6042023627.97171, 2);
  });
});
