import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { GeoCatalog } from '../../src/catalog/index.js';
import { Affine, Crs, GeoBox, GeoTensor, TimeInterval } from '../../src/geo/node/index.js';
import { catalogRow } from '../support/catalog.js';

const box = new GeoBox(32632, new Affine(10, 0, 300_000, 0, -20, 5_500_000), 2, 3);

it('objects print a short description', () => {
  const crs = Crs.parse(32632);
  expect(String(crs)).toBe('EPSG:32632');
  expect(inspect(crs)).toBe('Crs(EPSG:32632)');
  const text = 'GeoBox(EPSG:32632, 2 × 3 pixels of 10 × 20, [300000, 5499940, 300020, 5500000])';
  expect([String(box), inspect(box)]).toEqual([text, text]);
  const tensor = new GeoTensor<'float32'>({
    data: new Float32Array(12),
    shape: [2, 3, 2],
    dimensions: ['band', 'y', 'x'],
    geobox: box,
    nodata: Number.NaN,
    bandNames: ['VV', 'VH'],
  });
  expect(inspect({ tensor })).toBe(
    `{\n  tensor: GeoTensor(float32 (band 2, y 3, x 2) of VV, VH, nodata NaN, ${text})\n}`,
  );
  expect(`${tensor.plane(1)}`).toBe(`GeoTensor(float32 (y 3, x 2), nodata NaN, ${text})`);
});

it('the pixel size of a rotated grid is the length of its sides', () => {
  // Sides of 5 along (3, 4) and (4, -3).
  const turned = new GeoBox(32632, new Affine(3, 4, 0, 4, -3, 0), 1, 1);
  expect(String(turned)).toBe('GeoBox(EPSG:32632, 1 × 1 pixels of 5 × 5, [0, -3, 7, 4])');
});

it('catalogs print their number of rows, bounds and time', () => {
  expect(String(GeoCatalog.empty)).toBe('GeoCatalog(0 rows)');
  const july = TimeInterval.parse('2021-07');
  const row = (id: string, box: [number, number, number, number]) => catalogRow(id, box, july);
  const catalog = GeoCatalog.from([row('a', [5.75, 49.5, 6, 50]), row('b', [6, 49.5, 6.5, 50.25])]);
  expect(inspect(catalog)).toBe(
    'GeoCatalog(2 rows, [5.75, 49.5, 6.5, 50.25], 2021-07-01T00:00:00.000Z/2021-07-31T23:59:59.999Z)',
  );
  expect(String(catalog.filter(({ id }) => id === 'a'))).toMatch(/^GeoCatalog\(1 row, /);
});
