/** The examples A, C, D and G: composites. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cloudFreeComposite } from '../../examples/cloud-free-composite.js';
import { writeCloudMasks } from '../../examples/cloud-masks.js';
import { monthlyArchive } from '../../examples/monthly-archive.js';
import { ndviSeries } from '../../examples/ndvi-series.js';
import { binToSentinel2 } from '../../examples/spectral-binning.js';
import { Crs, createTransform } from '../../src/geo/node/index.js';
import { openRaster } from '../../src/raster/node/index.js';
import { temporaryFolder } from '../support/files.js';
import { grid, pixels, writeTile } from './data.js';

const CLEAR = 4;
const CLOUD = 9;

const root = await temporaryFolder();

async function newFolder(name: string): Promise<string> {
  const folder = join(root, name);
  await mkdir(folder);
  return folder;
}

describe('A: a cloud-free monthly composite', () => {
  const box = grid(0, 0, 24, 24);
  const coarse = grid(0, 0, 12, 12, 20);
  const dates = ['20210703', '20210713', '20210723', '20210802'];
  const LEVELS = [1000, 1800, 3000, 60_000];
  /** The second date has a cloud over four pixels of 20 m. */
  const isCloud = (x: number, y: number): boolean => x >= 4 && x < 6 && y >= 4 && y < 6;
  /** Dilated by a disc of one pixel of 20 m: corners are not included. */
  const isHidden = (x: number, y: number): boolean =>
    [
      [0, 0],
      [1, 0],
      [-1, 0],
      [0, 1],
      [0, -1],
    ].some(([dx, dy]) => isCloud((x >> 1) + dx, (y >> 1) + dy));

  it('is the median of cloud-free pixels', async () => {
    const folder = await newFolder('composite');
    for (const [k, date] of dates.entries()) {
      const red = pixels(box, (x, y) => (k === 1 && isHidden(x, y) ? 50_000 : LEVELS[k] + 10 * x + y));
      await writeTile(join(folder, `S2_${date}_B04.tif`), box, [red]);
      await writeTile(join(folder, `S2_${date}_B08.tif`), box, [red.map((value) => value + 500)]);
      const classes = pixels(coarse, (x, y) => (k === 1 && isCloud(x, y) ? CLOUD : CLEAR));
      await writeTile(join(folder, `S2_${date}_SCL.tif`), coarse, [Uint8Array.from(classes)]);
    }
    const output = join(folder, 'composite.tif');
    await cloudFreeComposite(folder, box, '2021-07', output);
    const raster = await openRaster(output);
    const [red, nir] = await raster.readPlanes();
    expect(raster.bands.map(({ description }) => description)).toEqual(['B04', 'B08']);
    await raster.close();
    // The median of three is the middle one, of two their mean. August is not in July.
    const expected = pixels(box, (x, y) => (isHidden(x, y) ? (1000 + 3000) / 2 : 1800) + 10 * x + y);
    expect([...red]).toEqual([...expected]);
    expect([...nir]).toEqual([...expected].map((value) => value + 500));
  });
});

describe('C: an archive of months', () => {
  it('has one step per month, the median of cloud-free pixels, in tiles', async () => {
    const folder = await newFolder('archive');
    const box = grid(0, 0, 40, 24);
    const scenes = [
      { date: '20201210', level: 100, cloud: false },
      { date: '20201220', level: 300, cloud: false },
      { date: '20210105', level: 500, cloud: false },
      { date: '20210115', level: 60_000, cloud: true },
      { date: '20210301', level: 900, cloud: false },
    ];
    for (const { date, level, cloud } of scenes) {
      const red = pixels(box, (x, y) => level + x + 100 * y);
      await writeTile(join(folder, `S2_${date}_B04.tif`), box, [red]);
      await writeTile(join(folder, `S2_${date}_B08.tif`), box, [red.map((value) => 2 * value)]);
      const classes = new Uint8Array(box.pixelCount).fill(cloud ? CLOUD : CLEAR);
      await writeTile(join(folder, `S2_${date}_SCL.tif`), box, [classes]);
    }
    const output = join(folder, 'archive.zarr');
    const months = await monthlyArchive(folder, output, { crs: 32631, resolution: 10, tile: 16 });
    expect(months.map(({ start }) => new Date(start).toISOString().slice(0, 7))).toEqual([
      '2020-12',
      '2021-01',
      '2021-02',
      '2021-03',
    ]);
    for (const [band, factor] of [
      ['B04', 1],
      ['B08', 2],
    ] as const) {
      const raster = await openRaster(`${output}#${band}`);
      expect(raster.geobox?.equals(box)).toBe(true);
      const steps = await raster.readPlanes();
      await raster.close();
      const expected = [200, 500, Number.NaN, 900].map((level) =>
        Array.from(
          { length: box.pixelCount },
          (_, i) => factor * (level + (i % 40) + 100 * Math.floor(i / 40)),
        ),
      );
      expect(steps.map((plane) => [...plane])).toEqual(expected);
    }
    // Example B reads this archive: (2 r − r) / (2 r + r).
    const place = createTransform(box.crs, Crs.wgs84).forward(500_105, 4_999_905);
    const series = await ndviSeries(output, place);
    expect(series.map(({ time }) => time)).toEqual(
      ['2020-12', '2021-01', '2021-02', '2021-03'].map((month) => `${month}-01T00:00:00.000Z`),
    );
    expect(series.map(({ ndvi }) => Number(ndvi.toFixed(6)))).toEqual([0.333333, 0.333333, NaN, 0.333333]);
  });
});

describe('D: hyperspectral to Sentinel-2', () => {
  it('is the mean of channels weighted by spectral response', async () => {
    const folder = await newFolder('spectral');
    const box = grid(0, 0, 20, 300);
    const channels = [1, 2, 3, 4].map((k) => pixels(box, (x, y) => 100 * k + x + (y % 7)));
    // No data in one pixel of the last channel.
    channels[3][41] = 0;
    const cube = await writeTile(join(folder, 'cube.tif'), box, channels, { scales: [0.5, 0.5, 0.5, 0.5] });
    const output = join(folder, 'binned.tif');
    await binToSentinel2(cube, { B03: [1, 3, 0, 0], B04: [0, 0, 0.2, 0.2] }, output);
    const raster = await openRaster(output);
    const [green, red] = await raster.readPlanes();
    expect(raster.bands.map(({ description }) => description)).toEqual(['B03', 'B04']);
    await raster.close();
    for (let i = 0; i < box.pixelCount; i++) {
      const rest = (i % 20) + (Math.floor(i / 20) % 7);
      expect(green[i]).toBeCloseTo(0.5 * ((100 + 3 * 200) / 4 + rest), 3);
      if (i === 41) expect(red[i]).toBeNaN();
      else expect(red[i]).toBeCloseTo(0.5 * (350 + rest), 3);
    }
  });
});

describe('G: a cloud mask beside each tile', () => {
  it('is on the pixels of its image', async () => {
    const folder = await newFolder('masks');
    const tiles = [
      { date: '20210703', box: grid(0, 0, 20, 20), coarse: grid(0, 0, 10, 10, 20) },
      { date: '20210705', box: grid(300, 100, 12, 12), coarse: grid(300, 100, 6, 6, 20) },
    ];
    for (const { date, box, coarse } of tiles) {
      await writeTile(join(folder, `S2_${date}_B04.tif`), box, [pixels(box, () => 7)]);
      const classes = pixels(coarse, (x, y) => (x === 0 && y === 0 ? 0 : x === y ? CLOUD : CLEAR));
      await writeTile(join(folder, `S2_${date}_SCL.tif`), coarse, [Uint8Array.from(classes)]);
    }
    const written = await writeCloudMasks(folder);
    expect(written).toHaveLength(2);
    for (const [k, path] of written.entries()) {
      const { box } = tiles[k];
      const raster = await openRaster(path);
      expect(raster.geobox?.equals(box)).toBe(true);
      expect(raster.bands[0].nodata).toBe(255);
      const [mask] = await raster.readPlanes();
      await raster.close();
      const expected = pixels(box, (x, y) => (x >> 1 === y >> 1 ? (x < 2 ? 255 : 1) : 0));
      expect([...mask]).toEqual([...expected]);
    }
  });
});
