import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { GeoCatalog } from '../../src/catalog/node/index.js';
import { Affine, Crs, createTransform, GeoBox } from '../../src/geo/node/index.js';
import { writeCog } from '../../src/raster/node/index.js';
import { readFeatures } from '../../src/vector/node/index.js';
import { type ZonalOptions, zonalFile, zonalStatistics } from '../../src/workflow/index.js';
import { ValueCounts } from '../../src/workflow/zonal/values.js';
import { temporaryFolder } from '../support/files.js';
import { seeded } from '../support/random.js';
import { gridAt, writeRow } from '../support/raster-rows.js';

const folder = await temporaryFolder();
const geobox = new GeoBox('EPSG:32632', new Affine(10, 0, 500_000, 0, -10, 5_500_000), 6, 5);

/** The pixel in column x and row y is 10 y + x; the one in column 2 and row 1 has no data. */
const values = Int16Array.from({ length: 30 }, (_, k) => 10 * Math.floor(k / 6) + (k % 6));
values[8] = -1;
const raster = join(folder, 'numbers.tif');
await writeCog(raster, [values], { geobox, bands: 1, dtype: 'int16', nodata: -1, overviews: 'none' });

/** A rectangle in pixel coordinates, on the ground. */
const box = (x0: number, y0: number, x1: number, y1: number) => [
  [
    [x0, y0],
    [x1, y0],
    [x1, y1],
    [x0, y1],
    [x0, y0],
  ].map(([x, y]) => [500_000 + 10 * x, 5_500_000 - 10 * y]),
];

const feature = (coordinates: number[][][], properties: Record<string, unknown> = {}) => ({
  type: 'Feature',
  properties,
  geometry: { type: 'Polygon', coordinates },
});

async function zonesOf(name: string, ...features: object[]): Promise<string> {
  const path = join(folder, `${name}.geojson`);
  const crs = { type: 'name', properties: { name: 'EPSG:32632' } };
  await writeFile(path, JSON.stringify({ type: 'FeatureCollection', crs, features }));
  return path;
}

const zones = await zonesOf(
  'zones',
  // Columns 1 to 3 and rows 0 to 2: 1 2 3, 11 – 13, 21 22 23.
  feature(box(0.6, 0.2, 3.7, 2.8), { name: 'a, b', id: 7 }),
  // Column 0 and rows 3 and 4: 30, 40.
  feature(box(0, 3, 1, 5), { name: 'c', id: 8 }),
  // Right of the raster.
  feature(box(8, 0, 9, 1), { name: 'd', id: null }),
);

/** Ascending values, some of them several times. */
const sorted = [3, 3, 3, 5, 8, 8, 13, 21];

describe('zonalStatistics', () => {
  it('takes pixels whose centres are in a zone, without nodata pixels', async () => {
    const rows = await zonalStatistics({
      source: raster,
      zones,
      statistics: ['count', 'nodata', 'min', 'max', 'mean', 'sum', 'std', 'variety', 'majority', 'minority'],
    });
    expect(rows.map(({ zone, band, date }) => [zone, band, date])).toEqual([
      [1, '1', null],
      [2, '1', null],
      [3, '1', null],
    ]);
    const [first, second, third] = rows.map(({ statistics }) => statistics);
    const inFirst = [1, 2, 3, 11, 13, 21, 22, 23];
    expect(first).toMatchObject({ count: 8, nodata: 1, min: 1, max: 23, sum: 96, mean: 12, variety: 8 });
    // Population standard deviation: the root of the mean square distance from 12.
    expect(first.std).toBeCloseTo(Math.sqrt(inFirst.reduce((sum, v) => sum + (v - 12) ** 2, 0) / 8), 12);
    expect(first).toMatchObject({ majority: 1, minority: 1 });
    expect(second).toMatchObject({ count: 2, nodata: 0, min: 30, max: 40, mean: 35, std: 5 });
    expect(third).toEqual({
      count: 0,
      nodata: 0,
      min: null,
      max: null,
      mean: null,
      sum: null,
      std: null,
      variety: 0,
      majority: null,
      minority: null,
    });
  });

  it('computes percentiles as numpy.percentile does, and the most and least frequent value', async () => {
    const source = join(folder, 'sorted.tif');
    const grid = new GeoBox('EPSG:32632', geobox.transform, 4, 2);
    const mixed = Float32Array.from([8, 3, 21, 3, 13, 8, 5, 3]);
    await writeCog(source, [mixed], { geobox: grid, bands: 1, dtype: 'float32', overviews: 'none' });
    const [{ statistics }] = await zonalStatistics({
      source,
      zones: await zonesOf('all', feature(box(0, 0, 4, 2))),
      statistics: ['median', 'p0', 'p10', 'p90', 'p100', 'majority', 'minority', 'variety'],
    });
    // Ranks 0.1 · 7 = 0.7 and 0.9 · 7 = 6.3 from 0; the median is between ranks 3 and 4.
    expect(statistics).toMatchObject({ median: (sorted[3] + sorted[4]) / 2, p0: 3, p10: 3, p100: 21 });
    expect(statistics.p90).toBeCloseTo(13 + 0.3 * (21 - 13), 12);
    // 3 occurs three times; the smallest of 5, 13 and 21, which occur once.
    expect(statistics).toMatchObject({ majority: 3, minority: 5, variety: 5 });
  });

  it('weights pixels by the share of their area inside', async () => {
    const [{ statistics }] = await zonalStatistics({
      source: raster,
      // 0.5 of column 3 and 0.25 of column 4 in row 0 (values 3, 4), as much of row 1 times 0.4 (values 13, 14).
      zones: await zonesOf('parts', feature(box(3.5, 0, 4.25, 1.4))),
      coverage: 'fraction',
      statistics: ['count', 'sum', 'mean', 'min', 'max', 'median', 'majority'],
    });
    const shares = [
      [3, 0.5],
      [4, 0.25],
      [13, 0.2],
      [14, 0.1],
    ];
    const sum = shares.reduce((total, [value, share]) => total + value * share, 0);
    expect(statistics.count).toBeCloseTo(1.05, 9);
    expect(statistics.sum).toBeCloseTo(sum, 9);
    expect(statistics.mean).toBeCloseTo(sum / 1.05, 9);
    // The second value reaches half of the area, 0.525.
    expect(statistics).toMatchObject({ min: 3, max: 14, median: 4, majority: 3 });
  });

  it('supports touched pixels, zones in other CRSs, expressions, and areas on the ground', async () => {
    const { forward } = createTransform(geobox.crs, Crs.wgs84);
    const ring = box(0.6, 0.2, 3.7, 2.8)[0].map(([x, y]) => forward(x, y));
    const path = join(folder, 'lonlat.geojson');
    await writeFile(path, JSON.stringify(feature([ring])));
    const rows = await zonalStatistics({
      source: raster,
      zones: path,
      bands: [1],
      expressions: ['b1 * 2 + 1'],
      coverage: 'touched',
      statistics: ['count', 'sum', 'area'],
    });
    // Columns 0 to 3 of rows 0 to 2, without 12: 6 + 46 + 86 − 12.
    expect(rows.map(({ band }) => band)).toEqual(['1', 'b1 * 2 + 1']);
    expect(rows[0].statistics).toMatchObject({ count: 11, sum: 126 });
    expect(rows[1].statistics).toMatchObject({ count: 11, sum: 263 });
    // At the central meridian, the scale of UTM is 0.9996.
    expect(rows[0].statistics.area).toBeCloseTo((11 * 100) / 0.9996 ** 2, 2);
  });

  it('leaves out pixels by a band of classes', async () => {
    const source = join(folder, 'scene.tif');
    const grid = new GeoBox('EPSG:32632', geobox.transform, 3, 2);
    const bands = [Uint8Array.of(10, 20, 30, 40, 50, 60), Uint8Array.of(4, 8, 4, 3, 4, 10)];
    const options = { geobox: grid, bands: 2, dtype: 'uint8', overviews: 'none' } as const;
    await writeCog(source, bands, { ...options, descriptions: ['B04', 'SCL'] });
    const all = await zonesOf('scene', feature(box(0, 0, 3, 2)));
    const run = async (mask: ZonalOptions['mask']) => {
      const statistics = ['count', 'nodata', 'sum'] as const;
      const [row] = await zonalStatistics({ source, zones: all, bands: ['B04'], mask, statistics });
      return row.statistics;
    };
    // Classes 3, 8 and 10 are a shadow, a cloud and cirrus.
    expect(await run('scl')).toEqual({ count: 3, nodata: 3, sum: 10 + 30 + 50 });
    expect(await run({ band: 'SCL', classes: [4] })).toEqual({ count: 3, nodata: 3, sum: 20 + 40 + 60 });
  });

  it('adds up zones across strips and in distant parts of a raster', async () => {
    const source = join(folder, 'tall.tif');
    const [width, height] = [8, 1400];
    const grid = new GeoBox('EPSG:32632', geobox.transform, width, height);
    // The value of a pixel is its row, so that a zone of n columns and rows a to b − 1 sums up to n (a + b − 1) (b − a) / 2.
    const rowsOf = Uint16Array.from({ length: width * height }, (_, k) => Math.floor(k / width));
    await writeCog(source, [rowsOf], { geobox: grid, bands: 1, dtype: 'uint16', overviews: 'none' });
    const tall = await zonesOf(
      'tall',
      feature(box(3, 1190, 7, 1400)),
      feature(box(0, 400, 2, 700)),
      feature(box(1, 500.5, 2, 530)),
      // Beyond the last row.
      feature(box(0, 1390, 1, 1500)),
    );
    for (const coverage of ['centre', 'fraction'] as const) {
      const statistics = ['count', 'sum', 'min', 'median', 'variety'] as const;
      const found = await zonalStatistics({ source, zones: tall, coverage, statistics });
      const [late, early, cut, below] = found.map((row) => row.statistics);
      expect(late.count).toBeCloseTo(840, 6);
      expect(late.sum).toBeCloseTo((4 * (1190 + 1399) * 210) / 2, 3);
      expect(late).toMatchObject({ min: 1190, variety: 210 });
      expect(early.sum).toBeCloseTo((2 * (400 + 699) * 300) / 2, 3);
      expect(early.median).toBe(coverage === 'centre' ? 549.5 : 549);
      // In row 500, the centres are on the edge, and belong to the polygon below it.
      expect(cut.count).toBeCloseTo(coverage === 'centre' ? 30 : 29.5, 6);
      expect(below).toMatchObject({ min: 1390, variety: 10 });
    }
  });

  it('refuses zones elsewhere, unknown statistics, bands and options of catalogs', async () => {
    const far = await zonesOf('far', feature(box(100, 0, 101, 1)));
    const run = (options: Partial<Parameters<typeof zonalStatistics>[0]>) =>
      zonalStatistics({ source: raster, zones, ...options });
    await expect(run({ zones: far })).rejects.toThrow(/far\.geojson does not overlap/);
    await expect(run({ statistics: JSON.parse('["avg"]') })).rejects.toThrow(/statistics cannot hold "avg"/);
    await expect(run({ statistics: JSON.parse('["p101"]') })).rejects.toThrow(/cannot hold "p101"/);
    await expect(run({ bands: ['red'] })).rejects.toThrow(/numbers\.tif has no band "red"; choose one of 1/);
    await expect(run({ expressions: ['1 + 1'] })).rejects.toThrow(/"1 \+ 1" uses no band; name a band/);
    await expect(run({ by: 'date' })).rejects.toThrow(/by has no meaning for the raster/);
  });

  it('writes CSV with the attributes of the zones', async () => {
    const destination = join(folder, 'zones.csv');
    const report = await zonalFile({ source: raster, zones, destination });
    expect(report).toMatchObject({ rows: 3, zones: 3, emptyZones: 1, bands: ['1'], dates: [] });
    expect(await readFile(destination, 'utf8')).toBe(
      'zone,name,id,band,count,min,mean,max\r\n' +
        '1,"a, b",7,1,8,1,12,23\r\n' +
        '2,c,8,1,2,30,35,40\r\n' +
        '3,d,,1,0,,,\r\n',
    );
  });
});

describe('zonalFile', () => {
  const read = async (path: string): Promise<Record<string, unknown>[]> => {
    const bytes = await readFile(path);
    return parquetReadObjects({ file: new Uint8Array(bytes).buffer, geoparquet: false });
  };

  it('writes a plain Parquet table with typed columns', async () => {
    const destination = join(folder, 'zones.parquet');
    await zonalFile({
      source: raster,
      zones,
      destination,
      properties: ['id'],
      statistics: ['count', 'mean'],
    });
    expect(await read(destination)).toEqual([
      { zone: 1n, id: 7n, band: '1', count: 8n, mean: 12 },
      { zone: 2n, id: 8n, band: '1', count: 2n, mean: 35 },
      { zone: 3n, id: null, band: '1', count: 0n, mean: null },
    ]);
  });

  it('writes outlines in longitude and latitude, and attributes beside statistics of the same name', async () => {
    const named = await zonesOf('named', feature(box(0, 0, 2, 2), { count: 5, tags: ['x'], zone: 'A' }));
    const destination = join(folder, 'outlines.parquet');
    const options = { source: raster, zones: named, statistics: ['count'] as const };
    await zonalFile({ ...options, destination, geometry: true });
    const { features } = await readFeatures(destination);
    const { forward } = createTransform(geobox.crs, Crs.wgs84);
    const [west, north] = forward(500_000, 5_500_000);
    const [, south] = forward(500_000, 5_499_980);
    const [[ring]] = features[0].polygons;
    expect(ring.map(([x, y]) => [x.toFixed(6), y.toFixed(6)])).toContainEqual([
      west.toFixed(6),
      north.toFixed(6),
    ]);
    expect(Math.min(...ring.map(([, y]) => y))).toBeCloseTo(south, 6);
    expect(features[0].properties).toMatchObject({
      zone: 1,
      zone_count: 5,
      tags: '["x"]',
      zone_zone: 'A',
      band: '1',
      count: 4,
    });
    const json = join(folder, 'outlines.geojson');
    await zonalFile({ ...options, destination: json });
    expect(JSON.parse(await readFile(json, 'utf8')).features[0].properties.count).toBe(4);
  });

  it('refuses other extensions, its inputs, and properties that no zone has, and leaves no file', async () => {
    const run = (destination: string, properties?: string[]) =>
      zonalFile({ source: raster, zones, destination, properties });
    await expect(run(join(folder, 'zones.xlsx'))).rejects.toThrow(/ends with \.xlsx, but would be written/);
    await expect(run(zones)).rejects.toThrow(/is also an input/);
    await expect(run(join(folder, 'none.csv'), ['code'])).rejects.toThrow(
      /zones\.geojson has no zone with the property code; choose some of name, id/,
    );
    expect((await readdir(folder)).filter((name) => name.startsWith('none'))).toEqual([]);
  });
});

describe('zonalStatistics of a catalog', async () => {
  const grid = gridAt(500_000, 5_000_020, 3, 2);
  const scene = (id: string, interval: string, red: number[], nir: number[], scl: number[]) =>
    writeRow(
      folder,
      id,
      {
        B04: {
          geobox: grid,
          bands: [Float32Array.from(red)],
          names: ['B04'],
          options: { nodata: Number.NaN },
        },
        B08: {
          geobox: grid,
          bands: [Float32Array.from(nir)],
          names: ['B08'],
          options: { nodata: Number.NaN },
        },
        SCL: { geobox: grid, bands: [Uint8Array.from(scl)], names: ['SCL'] },
      },
      { interval },
    );
  const catalog = GeoCatalog.from([
    await scene('late', '2021-07-09', [1, 1, 1, 1, 1, 1], [3, 3, 3, 3, 3, 3], [9, 4, 4, 3, 4, 4]),
    await scene('early', '2021-07-04', [1, 2, 1, 1, 1, 1], [1, 6, 1, 4, 1, 1], [4, 4, 4, 4, 8, 10]),
  ]);
  const path = join(folder, 'fields.geojson');
  const crs = { type: 'name', properties: { name: 'EPSG:32631' } };
  const ring = (x0: number, x1: number) => [
    [
      [500_000 + x0, 5_000_000],
      [500_000 + x1, 5_000_000],
      [500_000 + x1, 5_000_020],
      [500_000 + x0, 5_000_020],
      [500_000 + x0, 5_000_000],
    ],
  ];
  // Columns 0 and 1, and column 2.
  const features = [feature(ring(0, 20), { field: 'A' }), feature(ring(20, 30), { field: 'B' })];
  await writeFile(path, JSON.stringify({ type: 'FeatureCollection', crs, features }));

  it('has a row for each date and zone, without clouds', async () => {
    const rows = await zonalStatistics({
      source: catalog,
      zones: path,
      expressions: ['NDVI'],
      mask: 'scl',
      by: 'date',
      statistics: ['count', 'nodata', 'mean'],
    });
    expect(
      rows.map(({ date, properties, statistics: { count, nodata, mean } }) => [
        date,
        properties.field,
        count,
        nodata,
        mean,
      ]),
    ).toEqual([
      // NDVI 0, 0.5, 0.6 of the clear pixels; one is a cloud.
      ['2021-07-04', 'A', 3, 1, expect.closeTo(1.1 / 3, 6)],
      ['2021-07-04', 'B', 1, 1, 0],
      // NDVI 0.5 everywhere; a cloud and a shadow in A.
      ['2021-07-09', 'A', 2, 2, 0.5],
      ['2021-07-09', 'B', 2, 0, 0.5],
    ]);
  });

  it('draws the series beside the table, by the number of a band', async () => {
    const files = { destination: join(folder, 'drawn.csv'), plot: { output: join(folder, 'drawn.svg') } };
    // The first asset of a row is its main file: B04.
    const options = { source: catalog, zones: path, bands: [1], statistics: ['mean', 'max'] as const };
    const { plot } = await zonalFile({ ...options, ...files, by: 'date' });
    expect(plot).toMatchObject({ statistic: 'mean', dates: 2, zones: [1, 2], bands: ['1'] });
    expect(await readFile(files.plot.output, 'utf8')).toContain('mean of 1');
    // On the early date, the second pixel of six has the value 2.
    expect((await readFile(files.destination, 'utf8')).split('\r\n')[1]).toBe('1,A,2021-07-04,1,1.25,2');
    await expect(zonalFile({ ...options, ...files })).rejects.toThrow(/plot needs a series of dates/);
    const other = { ...files.plot, statistic: 'std' as const };
    await expect(zonalFile({ ...options, ...files, by: 'date', plot: other })).rejects.toThrow(
      /statistic is std, which the rows do not have/,
    );
  });

  it('combines all rows without dates, on a given grid', async () => {
    const rows = await zonalStatistics({
      source: catalog,
      zones: path,
      bands: ['B08'],
      method: 'max',
      resampling: 'nearest',
      grid: { crs: 'EPSG:32631', resolution: 5 },
      statistics: ['count', 'max', 'min'],
    });
    expect(rows.map(({ date, band, statistics }) => [date, band, statistics])).toEqual([
      [null, 'B08', { count: 16, max: 6, min: 3 }],
      [null, 'B08', { count: 8, max: 3, min: 3 }],
    ]);
  });

  it('requires bands, and reports zones without rows', async () => {
    await expect(zonalStatistics({ source: catalog, zones: path })).rejects.toThrow(/bands are needed/);
    await expect(zonalStatistics({ source: catalog, zones, bands: ['B08'] })).rejects.toThrow(
      /has no row near the zones of .*zones\.geojson/,
    );
  });
});

describe('ValueCounts', () => {
  it('gives the same values with and without a file', async () => {
    const random = seeded(7);
    const numbers = Float64Array.from({ length: 3000 }, () => Math.floor(random() * 400) / 4);
    const gather = async (limit: number) => {
      await using counts = new ValueCounts(2, join(folder, 'values'), limit);
      for (let k = 0; k < numbers.length; k += 50) {
        counts.add(k % 100 === 0 ? 0 : 1, numbers, k, k + 50, 0.5);
        await counts.settle();
      }
      const found: [number, number][][] = [[], []];
      for (const group of [0, 1]) await counts.forEach(group, (...pair) => found[group].push(pair));
      return found;
    };
    const found = await gather(64);
    expect(found).toEqual(await gather(2 ** 20));
    expect(found[0].map(([value]) => value)).toEqual(
      [...new Set(numbers.filter((_, k) => k % 100 < 50))].sort((a, b) => a - b),
    );
    expect(found.flat().reduce((sum, [, weight]) => sum + weight, 0)).toBe(1500);
    expect((await readdir(folder)).filter((name) => name.startsWith('values'))).toEqual([]);
  });
});
