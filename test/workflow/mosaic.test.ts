import { readdirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type CatalogRow, GeoCatalog } from '../../src/catalog/node/index.js';
import { Crs, createTransform, type GeoBox } from '../../src/geo/node/index.js';
import { openRaster } from '../../src/raster/node/index.js';
import { type MosaicCatalogOptions, type MosaicPlan, mosaicCatalog } from '../../src/workflow/index.js';
import { temporaryFolder } from '../support/files.js';
import { gridAt, writeRow } from '../support/raster-rows.js';

const folder = await temporaryFolder();
const grid = gridAt(500_000, 5_000_020, 3, 2);
const NAN = Number.NaN;

/** A scene of Sentinel-2 with two bands of 10 m, and classes at 10 m. */
function scene(
  id: string,
  interval: string,
  red: readonly number[],
  nir: readonly number[],
  scl: readonly number[],
  geobox: GeoBox = grid,
): Promise<CatalogRow> {
  const band = (name: string, values: readonly number[]) => ({
    geobox,
    bands: [Float32Array.from(values)],
    names: [name],
    options: { nodata: NAN },
    asset: { geobox },
  });
  return writeRow(
    folder,
    id,
    {
      B04: band('B04', red),
      B08: band('B08', nir),
      SCL: { geobox, bands: [Uint8Array.from(scl)], names: ['SCL'], asset: { geobox } },
    },
    { interval },
  );
}

/** Class 4 is vegetation, 8 and 9 are clouds, 3 is their shadow. */
const rows = [
  await scene('b', '2021-07-04', [1, 2, 3, 4, 5, 6], [3, 2, 9, 4, 5, 6], [4, 4, 4, 4, 9, 9]),
  await scene('c', '2021-07-09', [7, 4, 8, 10, NAN, 1], [7, 4, 8, 30, 5, 1], [4, 4, 9, 4, 4, 3]),
  await scene('a', '2021-07-14', [4, 6, 5, 1, 9, 1], [12, 2, 5, 3, 1, 1], [4, 4, 4, 4, 4, 8]),
  await scene('d', '2021-07-19', [2, 0, 5, 1, 7, 3], [2, 4, 15, 7, 7, 1], [4, 4, 4, 4, 4, 8]),
];
const catalog = GeoCatalog.from(rows);

/** Values of red without clouds, from the first date to the last. */
const CLEAR = [[1, 7, 4, 2], [2, 4, 6, 0], [3, 5, 5], [4, 10, 1, 1], [9, 7], []];

const mean = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;

/** As numpy.nanmedian. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return Number.isInteger(half)
    ? mean([sorted[half - 1] ?? NAN, sorted[half] ?? NAN])
    : sorted[Math.floor(half)];
}

let files = 0;

async function mosaic(options: Partial<MosaicCatalogOptions> = {}) {
  const destination = options.destination ?? join(folder, `mosaic-${files++}.tif`);
  const all = {
    catalog,
    bands: ['B04'],
    mask: 'scl',
    backend: 'cpu',
    threads: 0,
    ...options,
    destination,
  } as const;
  const report = await mosaicCatalog(all);
  if (report.format === 'Zarr') return { report, bands: [] };
  await using raster = await openRaster(destination);
  const bands = (await raster.readPlanes()).map((plane) => [...plane]);
  const names = raster.bands.map(({ description }) => description);
  return { report, bands, names, geobox: raster.geobox, info: raster.bands };
}

describe('mosaicCatalog', () => {
  it('takes the median of pixels without clouds, of an even number as NumPy does', async () => {
    const { report, bands, geobox } = await mosaic();
    expect(bands).toEqual([CLEAR.map(median)]);
    expect(bands[0].slice(0, 3)).toEqual([(2 + 4) / 2, (2 + 4) / 2, 5]);
    expect(geobox?.equals(grid)).toBe(true);
    expect(report).toMatchObject({ rows: 4, validPixels: [5], bands: ['B04'], method: 'median' });
    expect(report.interval).toEqual(['2021-07-04T00:00:00.000Z', '2021-07-19T23:59:59.999Z']);
  });

  it.each([
    ['mean', CLEAR.map((values) => (values.length === 0 ? NAN : Math.fround(mean(values))))],
    ['first', [1, 2, 3, 4, 9, NAN]],
    ['last', [2, 0, 5, 1, 7, NAN]],
    ['min', [1, 0, 3, 1, 7, NAN]],
    ['max', [7, 6, 5, 10, 9, NAN]],
    ['sum', [14, 12, 13, 16, 16, NAN]],
    ['count', [4, 4, 3, 4, 2, 0]],
  ] as const)('combines by %s', async (method, expected) => {
    const { bands } = await mosaic({ method });
    expect(bands).toEqual([expected]);
  });

  it('counts rows, and combines them in another order', async () => {
    for (const method of ['first', 'median', 'mean'] as const) {
      const { bands, names, report } = await mosaic({ method, count: true });
      expect(names).toEqual(['B04', 'count']);
      expect(bands[1]).toEqual([4, 4, 3, 4, 2, 0]);
      expect(report.validPixels).toEqual([5, 6]);
    }
    const order = (a: CatalogRow, b: CatalogRow) => a.id.localeCompare(b.id);
    const { bands } = await mosaic({ method: 'first', order });
    expect(bands).toEqual([[4, 6, 5, 1, 9, NAN]]);
  });

  it('computes expressions for each row before it combines them', async () => {
    const { bands, names } = await mosaic({
      bands: ['B08'],
      expressions: ['ratio = B08 / B04', 'B08 + B04'],
      method: 'max',
      count: true,
    });
    expect(names).toEqual(['B08', 'ratio', 'B08 + B04', 'count']);
    // In the first pixel the ratios are 3, 1, 3, 1; in the second, the last date has no data, since red is 0.
    expect(bands[1]).toEqual([3, 1, 3, 7, 1, NAN].map(Math.fround));
    expect(bands[2]).toEqual([16, 8, 20, 40, 14, NAN]);
    expect(bands[3]).toEqual([4, 3, 3, 4, 2, 0]);
    const [ratio] = (await mosaic({ bands: [], expressions: ['B08 / B04'] })).bands;
    expect(ratio.slice(0, 2)).toEqual([median([3, 1, 3, 1]), median([1, 1, Math.fround(2 / 6)])]);
  });

  it('selects rows by time and properties, and reports a selection without rows', async () => {
    const { bands, report } = await mosaic({ select: { datetime: '2021-07-10/..', where: "id = 'a'" } });
    expect(bands).toEqual([[4, 6, 5, 1, 9, NAN]]);
    expect(report.rows).toBe(1);
    await expect(mosaic({ select: { datetime: '2022' } })).rejects.toThrow(/has no row at the chosen time/);
    const far = { crs: 'EPSG:32631', bounds: [0, 0, 100, 100], resolution: 10 } as const;
    await expect(mosaic({ grid: far })).rejects.toThrow(/has no row on the grid/);
  });

  it('writes integers with nodata, and counts without gaps beside them', async () => {
    const { bands, report } = await mosaic({ dtype: 'uint8', count: true });
    // 2.5 is rounded half up.
    expect(bands).toEqual([
      [3, 3, 5, 3, 8, 255],
      [4, 4, 3, 4, 2, 0],
    ]);
    expect(report.nodata).toBe(255);
    const zero = await mosaic({
      dtype: 'uint8',
      method: 'min',
      nodata: 0,
      count: true,
      select: { datetime: '2021-07-09' },
    });
    expect(zero.bands[1]).toEqual([1, 1, 0, 1, 0, 0]);
  });

  describe('in tiles', async () => {
    const values = (box: GeoBox, k: number) =>
      Array.from({ length: box.pixelCount }, (_, i) => ((i * 7919 + k * 104_729) % 1000) - 300);
    const scenes = async (name: string, height: number) => {
      const box = gridAt(400_000, 5_400_000, 150, height);
      const reds = [0, 1, 2].map((k) => values(box, k));
      const made: CatalogRow[] = [];
      for (const [k, red] of reds.entries()) {
        const scl = red.map((v) => (v % 3 === 0 ? 9 : 4));
        made.push(await scene(`${name}${k}`, `2020-01-0${k + 1}`, red, red, scl, box));
      }
      const expected = Array.from({ length: box.pixelCount }, (_, i) =>
        median(reds.map((red) => red[i]).filter((v) => v % 3 !== 0)),
      );
      return { catalog: GeoCatalog.from(made), expected };
    };
    const low = await scenes('low', 128);
    const tall = await scenes('tall', 256);

    it('gives the same pixels for any size of tiles', async () => {
      const whole = await mosaic({ catalog: low.catalog });
      const small = await mosaic({ catalog: low.catalog, tile: 64 });
      expect(whole.bands).toEqual([low.expected]);
      expect(small.bands).toEqual(whole.bands);
      const { sourcePixelsRead, maskedPixels } = small.report.counters;
      expect(sourcePixelsRead).toBe(3 * 150 * 128);
      expect(maskedPixels).toBe(whole.report.counters.maskedPixels);
    });

    it('plans no more memory for a taller grid', async () => {
      const plans: MosaicPlan[] = [];
      const onPlan = (plan: MosaicPlan) => plans.push(plan);
      for (const { catalog, expected } of [low, tall])
        expect((await mosaic({ catalog, tile: 64, onPlan })).bands).toEqual([expected]);
      expect(plans.map(({ tiles }) => tiles)).toEqual([6, 12]);
      expect(plans[1].memory.bytes).toBe(plans[0].memory.bytes);
    });

    it('refuses what does not fit into the memory, and names a tile that does', async () => {
      let least = 0;
      const onPlan = ({ memory: { bytes } }: MosaicPlan) => {
        least = bytes;
      };
      await mosaic({ catalog: tall.catalog, tile: 64, onPlan });
      const run = mosaic({ catalog: tall.catalog, memory: least + 1000 });
      await expect(run).rejects.toThrow(/the mosaic of the catalog needs about .*; give `tile` 64/);
      await expect(mosaic({ memory: 2 ** 20 })).rejects.toThrow(/may take 1 MiB; take a machine with more/);
      await expect(mosaic({ maxPixels: 5 })).rejects.toThrow(/raise `maxPixels`/);
    });
  });

  it('writes a Zarr store with a variable for each band', async () => {
    const destination = join(folder, 'mosaic.zarr');
    const options = { destination, count: true, expressions: ['ratio = B08 / B04'], tile: 64 };
    const { report } = await mosaic(options);
    expect(report).toMatchObject({
      format: 'Zarr',
      bands: ['B04', 'ratio', 'count'],
      validPixels: [5, 5, 6],
    });
    const read = async (name: string) => {
      await using raster = await openRaster(`${destination}#${name}`);
      expect(raster.geobox?.equals(grid)).toBe(true);
      return (await raster.readPlanes()).map((plane) => [...plane]);
    };
    expect(await read('B04')).toEqual([CLEAR.map(median)]);
    expect(await read('count')).toEqual([[4, 3, 3, 4, 2, 0]]);
    await expect(mosaic(options)).rejects.toThrow(/exists already/);
    const unnamed = { destination: join(folder, 'other.zarr'), expressions: ['B08 / B04'] };
    await expect(mosaic(unnamed)).rejects.toThrow(/cannot name a variable; name the expression/);
    expect((await readdir(folder)).filter((name) => name.startsWith('other'))).toEqual([]);
  });

  it.each(['tif', 'zarr'])('leaves nothing behind when it is stopped or fails: %s', async (ending) => {
    const destination = join(folder, `stopped.${ending}`);
    const here = async () => (await readdir(folder)).filter((name) => name.startsWith('stopped'));
    const controller = new AbortController();
    const seen: string[][] = [];
    const onPlan = () => controller.abort(new Error('enough'));
    await expect(mosaic({ destination, onPlan, signal: controller.signal })).rejects.toThrow('enough');
    expect(await here()).toEqual([]);
    // Stopped after the first of several tiles.
    const late = new AbortController();
    const onProgress: MosaicCatalogOptions['onProgress'] = (event) => {
      if (event.type !== 'progress' || event.done !== 1 || event.total === 1) return;
      seen.push(readdirSync(folder).filter((name) => name.startsWith('stopped')));
      late.abort(new Error('late'));
    };
    const grid = {
      crs: 'EPSG:32631',
      bounds: [500_000, 5_000_000, 500_020, 5_000_010],
      resolution: 0.1,
    } as const;
    const stopped = mosaic({ destination, grid, tile: 64, onProgress, signal: late.signal });
    await expect(stopped).rejects.toThrow('late');
    expect(seen).toHaveLength(1);
    expect(seen[0][0]).toMatch(/\.tmp$/);
    expect(await here()).toEqual([]);
  });

  it('never writes over a file of the catalog', async () => {
    await expect(mosaic({ destination: rows[0].assets.B04.href })).rejects.toThrow(/is also an input/);
    await expect(mosaic({ destination: join(folder, 'mosaic.png') })).rejects.toThrow(/ends with \.png/);
  });
});

describe('mosaicCatalog of scenes that differ', () => {
  const box = gridAt(600_000, 5_000_020, 4, 2);
  const constant = (geobox: GeoBox, value: number) => ({
    geobox,
    bands: [new Uint16Array(geobox.pixelCount).fill(value)],
    names: ['red'],
    options: { nodata: 0 },
    asset: { geobox },
  });
  const classes = (geobox: GeoBox, name: string, values: readonly number[]) => ({
    geobox,
    bands: [Uint16Array.from(values)],
    names: [name],
    asset: { geobox },
  });
  const of = (...made: CatalogRow[]) => ({ catalog: GeoCatalog.from(made), bands: ['red'], mask: undefined });

  it('scales each row by its own metadata, and takes the grid of most rows', async () => {
    // The neighbouring zone: constant values do not change.
    const { forward } = createTransform(Crs.parse('EPSG:32631'), Crs.parse('EPSG:32632'));
    const [x, y] = forward(600_000, 5_000_020);
    const far = gridAt(Math.round(x) - 300, Math.round(y) + 300, 60, 60, 10, 'EPSG:32632');
    const scaled = (offset: number) => ({ scale: 0.0001, offset });
    const old = await writeRow(folder, 'old', { red: { ...constant(box, 2000), describe: scaled(0) } });
    const harmonised = { red: { ...constant(box, 3400), describe: scaled(-0.1) } };
    const later = await writeRow(folder, 'new', harmonised);
    const other = await writeRow(folder, 'far', { red: { ...constant(far, 4000), describe: scaled(-0.1) } });
    const all = of(old, later, other);
    const { bands, geobox } = await mosaic({ ...all, grid: { bounds: box.bounds } });
    // 0.2, 0.24 and 0.3.
    for (const value of bands[0]) expect(value).toBeCloseTo(0.24, 6);
    expect(geobox?.equals(box)).toBe(true);
    const [means] = (await mosaic({ ...all, grid: { bounds: box.bounds }, method: 'mean' })).bands;
    for (const value of means) expect(value).toBeCloseTo((0.2 + 0.24 + 0.3) / 3, 6);
    // The extent of all rows, with the pixel size of most.
    const whole = await mosaic(all);
    expect(whole.geobox?.resolution).toEqual([10, 10]);
    expect(whole.geobox?.crs.toString()).toBe('EPSG:32631');
    expect(whole.report.validPixels[0]).toBeGreaterThanOrEqual(58 * 58);
  });

  it('masks by coarser classes, and dilates masks by pixels of these', async () => {
    const coarse = gridAt(600_000, 5_000_020, 2, 1, 20);
    const row = await writeRow(folder, 'coarse', {
      red: constant(box, 7),
      SCL: classes(coarse, 'SCL', [4, 9]),
    });
    const [clear] = (await mosaic({ ...of(row), mask: 'scl' })).bands;
    expect(clear).toEqual([7, 7, NAN, NAN, 7, 7, NAN, NAN]);
    const [grown] = (await mosaic({ ...of(row), mask: 'clouds', dilate: 1, count: true })).bands;
    expect(grown).toEqual(new Array(8).fill(NAN));
  });

  it('masks Landsat by the bits of each satellite, and refuses rows without a cloud band', async () => {
    // Bits 3 and 4 are a cloud and its shadow, bit 2 is cirrus on Landsat 8 and nothing on Landsat 7; bit 6 is clear.
    const quality = [64, 8, 16, 4, 64, 64, 12, 64];
    const landsat = (id: string, value: number) =>
      writeRow(folder, id, { red: constant(box, value), qa_pixel: classes(box, 'QA_PIXEL', quality) });
    const catalog = GeoCatalog.from([await landsat('LC08_x', 2), await landsat('LE07_x', 6)]);
    const run = { catalog, bands: ['red'], mask: 'clouds', method: 'mean', count: true } as const;
    const { bands } = await mosaic(run);
    expect(bands[0]).toEqual([4, NAN, NAN, 6, 4, 4, NAN, 4]);
    expect(bands[1]).toEqual([2, 0, 0, 1, 2, 2, 0, 2]);
    const bare = await writeRow(folder, 'bare', { red: constant(box, 1) });
    const mixed = { ...run, catalog: GeoCatalog.from([...catalog, bare]) };
    await expect(mosaic(mixed)).rejects.toThrow(/bare has neither of the bands SCL and QA_PIXEL/);
    const warnings: string[] = [];
    const onProgress: MosaicCatalogOptions['onProgress'] = (event) => {
      if (event.type === 'warning') warnings.push(event.message);
    };
    const { report } = await mosaic({ ...mixed, skipUnreadable: true, onProgress });
    expect([report.rows, report.skippedRows]).toEqual([2, 1]);
    expect(warnings).toEqual([expect.stringMatching(/bare was left out/)]);
  });
});
