/**
 * Cases that other libraries do not test: the antimeridian, poles, instants at the edge of a query, solar days far
 * from Greenwich, NaN gaps, negative decibels, alpha bands and overlapping tiles, from files to pixels.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  buildRasterCatalog,
  GeoCatalog,
  gridSampler,
  loadRaster,
  loadRasterTimeseries,
  openCatalog,
  randomSampler,
  SampleArea,
  solarDay,
  writeCatalog,
} from '../../src/catalog/node/index.js';
import { Crs, createChipLayout, createTransform, GeoBox, TimeInterval } from '../../src/geo/node/index.js';
import { describeBackends } from '../support/backends.js';
import { catalogRow, idsOf } from '../support/catalog.js';
import { temporaryFolder } from '../support/files.js';
import { gridAt, writeRow } from '../support/raster-rows.js';
import { chipsOf, stitchOn } from '../support/stitched.js';
import { buildTiff, double, short } from '../support/tiff-builder.js';

const folder = await temporaryFolder();
const NAN = Number.NaN;

describe('across the antimeridian', async () => {
  // 60 × 30 km at 17° south, from 179.7° east to 179.8° west, and an area on the other side of the globe.
  const geobox = gridAt(787_000, 8_118_000, 60, 30, 1000, 32760);
  await writeRow(folder, 'fiji', {
    data: { geobox, bands: [Float32Array.from({ length: 1800 }, (_, k) => k)] },
  });
  await writeRow(folder, 'greenwich', {
    data: { geobox: gridAt(200_000, 8_118_000, 60, 30, 1000, 32730), bands: [new Float32Array(1800)] },
  });
  const { catalog } = await buildRasterCatalog([
    join(folder, 'fiji-data.tif'),
    join(folder, 'greenwich-data.tif'),
  ]);
  const path = join(folder, 'antimeridian.parquet');
  await writeCatalog(catalog, path);

  it('antimeridian item: its footprint is two polygons, cut at ±180°', () => {
    const [row] = catalog.where("id = 'fiji-data'");
    expect(row.footprint).toHaveLength(2);
    const longitudes = row.footprint.map(([ring]) => ring.map(([x]) => x));
    const [east, west] = longitudes[0][0] > 0 ? longitudes : [longitudes[1], longitudes[0]];
    expect(Math.min(...east)).toBeGreaterThan(179.6);
    expect(Math.max(...east)).toBe(180);
    expect(Math.min(...west)).toBe(-180);
    expect(Math.max(...west)).toBeLessThan(-179.6);
  });

  it('antimeridian query: from both sides, in degrees and metres, in memory and in a file', async () => {
    const file = await openCatalog(path);
    for (const where of [
      { geometry: [179.75, -17.05, 179.9, -17] as const },
      { geometry: [-179.95, -17.05, -179.9, -17] as const },
      { geometry: [179.9, -17.05, -179.9, -17] as const },
      { geometry: [179.9, -17.05, 180.1, -17] as const },
      // On the cut at the antimeridian, which is not an edge of the footprint.
      { geometry: { type: 'Point', coordinates: [180, -17.05] } },
      { geometry: { type: 'Point', coordinates: [-180, -17.05] } },
      { geometry: geobox.bounds, crs: geobox.crs },
      { geometry: [-20_037_508 - 5_000, -1_930_000, -20_037_508 + 5_000, -1_920_000] as const, crs: 3857 },
    ]) {
      expect(idsOf(catalog.query(where))).toEqual(['fiji-data']);
      expect(idsOf(await file.query(where))).toEqual(['fiji-data']);
    }
    const elsewhere = { geometry: [-179, -17.05, 179, -17] as const };
    expect(idsOf(catalog.query(elsewhere))).toEqual(idsOf(await file.query(elsewhere)));
    expect(idsOf(catalog.query(elsewhere))).not.toContain('fiji-data');
    await file.dispose();
  });

  it('antimeridian intersection: gives the common part once', () => {
    const across = GeoCatalog.from([
      catalogRow('across', [
        [
          [
            [179.9, -18],
            [180, -18],
            [180, -16],
            [179.9, -16],
            [179.9, -18],
          ],
        ],
        [
          [
            [-180, -18],
            [-179.9, -18],
            [-179.9, -16],
            [-180, -16],
            [-180, -18],
          ],
        ],
      ]),
    ]);
    const overlap = catalog.intersect(across);
    expect(overlap).toHaveLength(1);
    const longitudes = overlap
      .row(0)
      .footprint.flat(2)
      .map(([x]) => x);
    expect(Math.min(...longitudes.filter((x) => x > 0))).toBeCloseTo(179.9, 9);
    expect(Math.max(...longitudes.filter((x) => x < 0))).toBeCloseTo(-179.9, 9);
  });

  it('antimeridian grid: pixels, chips and random chips on both sides', async () => {
    const degrees = gridAt(179.8, -17.02, 40, 10, 0.01, 4326);
    const tensor = await loadRaster(catalog, degrees, { resampling: 'nearest' });
    expect([...tensor.data].filter(Number.isNaN)).toHaveLength(0);
    const toUtm = createTransform(Crs.wgs84, geobox.crs);
    const toPixel = geobox.transform.inverse();
    for (const k of [0, 15, 25, 39]) {
      const [x, y] = toPixel.apply(...toUtm.forward(...degrees.transform.apply(k + 0.5, 0.5)));
      expect(tensor.data[k]).toBe(60 * Math.floor(y) + Math.floor(x));
    }
    const area = SampleArea.of(catalog.where("id = 'fiji-data'"), { like: geobox });
    expect([area.geobox.width, area.geobox.height]).toEqual([60, 30]);
    expect(gridSampler(area, { size: 10 })).toHaveLength(18);
    const sides = new Set(
      [...randomSampler(area, { size: 4, count: 40 })].map(({ slice }) =>
        Math.sign(GeoBox.fromSize(slice.bounds, slice.crs, 1, 1).footprint(1)[0][0]),
      ),
    );
    expect(sides).toEqual(new Set([1, -1]));
  });
});

describe('at a pole', async () => {
  // 40 × 40 km around the north pole.
  const geobox = gridAt(-20_000, 20_000, 40, 40, 1000, 3413);
  await writeRow(folder, 'pole', { data: { geobox, bands: [new Float32Array(1600).fill(7)] } });
  const { catalog } = await buildRasterCatalog(join(folder, 'pole-data.tif'));

  it('pole: the footprint contains it, and queries, loaders and samplers find it from any longitude', async () => {
    for (const longitude of [-180, -100, 0, 77, 179.99])
      expect(catalog.query({ geometry: { type: 'Point', coordinates: [longitude, 89.99] } })).toHaveLength(1);
    expect(catalog.query({ geometry: { type: 'Point', coordinates: [0, 90] } })).toHaveLength(1);
    expect(catalog.query({ geometry: { type: 'Point', coordinates: [0, -90] } })).toHaveLength(0);
    expect(catalog.query({ geometry: [-500, -500, 500, 500], crs: 3413 })).toHaveLength(1);
    expect(catalog.query({ geometry: [-500, -500, 500, 500], crs: 3031 })).toHaveLength(0);
    expect(catalog.query({ geometry: [-180, 80, 180, 89.5] })).toHaveLength(0);
    const other = gridAt(-3000, 3000, 6, 6, 1000, 3995);
    const tensor = await loadRaster(catalog, other, { resampling: 'nearest' });
    expect(new Set(tensor.data)).toEqual(new Set([7]));
    expect(gridSampler(SampleArea.of(catalog, { like: geobox }), { size: 20 })).toHaveLength(4);
  });
});

describe('instants and days', () => {
  it('instant item at the edge of a query: both ends are included', async () => {
    const at = '2021-07-15T10:30:00.000Z';
    const catalog = GeoCatalog.from([
      catalogRow('instant', [0, 0, 1, 1], TimeInterval.instant(Date.parse(at))),
    ]);
    const inside = [at, `${at}/${at}`, `${at}/..`, `../${at}`, '2021-07-15T10:30:00Z/2021-07-16'];
    const outside = ['2021-07-15T10:30:00.001Z/..', '../2021-07-15T10:29:59.999Z'];
    for (const interval of inside) expect(catalog.query({ interval })).toHaveLength(1);
    for (const interval of outside) expect(catalog.query({ interval })).toHaveLength(0);
    // The same in a file, by its index and by row-group statistics.
    const path = join(folder, 'instant.parquet');
    await writeCatalog(catalog, path);
    for (const index of ['use', 'ignore'] as const) {
      const file = await openCatalog(path, { index });
      for (const interval of inside) expect(await file.query({ interval })).toHaveLength(1);
      for (const interval of outside) expect(await file.query({ interval })).toHaveLength(0);
      await file.dispose();
    }
    // An instant matches itself, and its sampler's slice.
    expect(catalog.intersect(catalog)).toHaveLength(1);
    const area = SampleArea.of(catalog, { crs: 3857, resolution: 10_000 });
    for (const { slice } of gridSampler(area, { size: 4 })) expect(catalog.query(slice)).toHaveLength(1);
  });

  it('solar day at 179° and −179°: negative hours are rounded down, not towards zero', async () => {
    const day = (text: string, longitude: number): string =>
      new Date(solarDay(Date.parse(text), longitude)).toISOString().slice(0, 10);
    expect([day('2021-07-01T22:30:00Z', 179), day('2021-07-01T22:30:00Z', -179)]).toEqual([
      '2021-07-02',
      '2021-07-01',
    ]);
    // −1° is one hour back when rounded down, none when truncated.
    expect([day('2021-07-02T00:30:00Z', -1), day('2021-07-02T00:30:00Z', 1)]).toEqual([
      '2021-07-01',
      '2021-07-02',
    ]);
    // Two scenes of one overpass at 179° east, before and after midnight of Greenwich, are one step.
    const grid = gridAt(713_000, 8_118_000, 2, 2, 1000, 32760);
    const rows = await Promise.all(
      ['2021-07-01T23:59:30Z', '2021-07-02T00:00:10Z'].map((interval, k) =>
        writeRow(
          folder,
          `pass-${k}`,
          { data: { geobox: grid, bands: [Uint8Array.of(k, k, k, k)] } },
          { interval },
        ),
      ),
    );
    const series = await loadRasterTimeseries(rows, grid, { steps: 'solarDay', method: 'count' });
    expect([...series.data]).toEqual([2, 2, 2, 2]);
  });
});

describeBackends('gaps and edges of mosaics', (backend) => {
  const line = gridAt(500_000, 5_000_010, 4, 1);
  const load = async (rows: Parameters<typeof loadRaster>[0], options: object): Promise<number[]> => [
    ...(
      await loadRaster(rows, line, { backend: backend(), order: 'given', resampling: 'nearest', ...options })
    ).data,
  ];

  it('NaN nodata mosaic: a NaN gap is filled by the source behind it', async () => {
    const rows = [
      await writeRow(folder, 'nan-a', {
        data: { geobox: line, bands: [Float32Array.of(1, NAN, NAN, 4)], options: { nodata: NAN } },
      }),
      // Undeclared NaN, and a declared number.
      await writeRow(folder, 'nan-b', { data: { geobox: line, bands: [Float32Array.of(10, 20, NAN, 40)] } }),
      await writeRow(folder, 'nan-c', {
        data: { geobox: line, bands: [Float32Array.of(100, 200, 300, -9999)], options: { nodata: -9999 } },
      }),
    ];
    expect(await load(rows, { method: 'first' })).toEqual([1, 20, 300, 4]);
    expect(await load(rows, { method: 'last' })).toEqual([100, 200, 300, 40]);
    expect(await load(rows, { method: 'mean' })).toBeCloseToArray([37, 110, 300, 22], 1e-4);
    expect(await load(rows, { method: 'count' })).toEqual([3, 2, 1, 2]);
  });

  it('negative SAR values in a union: a maximum of decibels is not 0 where one scene ends', async () => {
    const left = gridAt(500_000, 5_000_010, 2, 1);
    const right = gridAt(500_010, 5_000_010, 2, 1);
    const union = GeoCatalog.from([
      await writeRow(folder, 'db-a', { vv: { geobox: left, bands: [Float32Array.of(-12, -20)] } }),
    ]).union(
      GeoCatalog.from([
        await writeRow(folder, 'db-b', { vv: { geobox: right, bands: [Float32Array.of(-15, -9)] } }),
      ]),
    );
    expect(await load(union, { method: 'max' })).toEqual([-12, -15, -9, NAN]);
    expect(await load(union, { method: 'sum' })).toEqual([-12, -35, -9, NAN]);
  });

  it('alpha mask: pixels with alpha 0 are nodata, and are filled by the source behind them', async () => {
    const path = join(folder, `alpha-${backend().info.kind}.tif`);
    // Two bytes a pixel, of which the second is alpha (ExtraSamples 2), on the pixels of `line`.
    const fields = {
      258: short(8, 8),
      262: short(1),
      277: short(2),
      338: short(2),
      33550: double(10, 10, 0),
      33922: double(0, 0, 0, 500_000, 5_000_010, 0),
      34735: short(1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, 32631),
    };
    await writeFile(path, buildTiff(4, 1, Uint8Array.of(1, 255, 2, 0, 3, 1, 4, 0), { fields }));
    const { catalog } = await buildRasterCatalog(path);
    const rows = [
      catalog.row(0),
      await writeRow(folder, 'behind', { data: { geobox: line, bands: [Uint8Array.of(9, 9, 9, 9)] } }),
    ];
    // The alpha band is not loaded.
    expect(await load(catalog, {})).toEqual([1, NAN, 3, NAN]);
    expect(await load(rows, { bands: [1] })).toEqual([1, 9, 3, 9]);
    expect(await load(rows.slice(0, 1), { bands: [1], method: 'count' })).toEqual([1, 0, 1, 0]);
  });

  it('deduplication of overlapping MGRS tiles: both are kept, and there is no gap between them', async () => {
    const scene = (tile: string): string => `S2A_MSIL2A_20210718T103629_N0500_R008_${tile}_20230203T084100`;
    const at = { interval: '2021-07-18T10:36:29Z', collection: 'sentinel-2-l2a' };
    const west = await writeRow(
      folder,
      scene('T31UGR'),
      { data: { geobox: gridAt(500_000, 5_000_010, 3, 1), bands: [Uint8Array.of(1, 1, 1)] } },
      at,
    );
    const east = await writeRow(
      folder,
      scene('T32ULA'),
      { data: { geobox: gridAt(500_010, 5_000_010, 3, 1), bands: [Uint8Array.of(2, 2, 2)] } },
      at,
    );
    const older = {
      ...west,
      id: west.id.replace('N0500', 'N0301').replace('20230203T084100', '20210718T130000'),
    };
    const [a, b] = [GeoCatalog.from([west, older]), GeoCatalog.from([east, west])];
    expect(idsOf(a.union(b))).toEqual([west.id, older.id, east.id]);
    const newest = a.union(b, { dedupe: 'newest' });
    expect(idsOf(newest).sort()).toEqual([west.id, east.id].sort());
    expect(await load(newest, { method: 'count' })).toEqual([1, 2, 2, 1]);
  });
});

describeBackends('edges of stitched maps', (backend) => {
  it('scene edge pixel of a Hann stitch has the value of its chips, not 0', async () => {
    const scene = { width: 20, height: 14, size: 8, stride: 4, classes: 1 };
    const layout = createChipLayout(20, 14, 8, 4);
    const predictions = chipsOf(layout, 1, (x, y) => 1 + x + 100 * y);
    const result = await stitchOn(backend(), { ...scene, predictions, window: { window: 'hann' } });
    expect([result[0], result[19], result[13 * 20], result[13 * 20 + 19]]).toBeCloseToArray(
      [1, 20, 1301, 1320],
      2e-3,
    );
    expect(result.every((value) => value >= 1)).toBe(true);
  });

  it.each([
    ['L = crop', 8],
    ['L = crop + 1', 9],
    ['L = crop + stride', 13],
    ['L = crop + stride + 1', 14],
    ['area < chip', 5],
  ])('terratorch coverage check: every pixel is predicted, and by an average: %s', async (_, side) => {
    const layout = createChipLayout(side, side, 8, 5);
    const options = { width: side, height: side, size: 8, stride: 5, classes: 1 };
    const predictions = chipsOf(layout, 1, (x, y) => x + 10 * y);
    const counts = await stitchOn(backend(), { ...options, predictions, reduction: 'counts' });
    expect(Math.min(...counts)).toBeGreaterThan(0);
    const expected = Float64Array.from(
      { length: side * side },
      (_, k) => (k % side) + 10 * Math.floor(k / side),
    );
    expect(await stitchOn(backend(), { ...options, predictions })).toBeCloseToArray(expected, 1e-4);
  });

  it('area < chip: one chip, whose pixels beyond the area are marked', async () => {
    const small = gridAt(500_000, 5_000_010, 3, 2);
    const sampler = gridSampler(SampleArea.of(small), { size: 8 });
    expect([...sampler].map(({ window }) => window)).toEqual([{ x: 0, y: 0, width: 8, height: 8 }]);
    expect(sampler.report).toEqual({ emptyPlaces: 0, droppedPixels: 0, addedPixels: 64 - 6 });
    const [chip] = randomSampler(SampleArea.of(small), { size: 8, count: 1 });
    expect(chip.window.x <= 0 && chip.window.x + 8 >= 3 && chip.window.y <= 0 && chip.window.y + 8 >= 2).toBe(
      true,
    );
  });
});
