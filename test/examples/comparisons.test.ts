/** The examples B, E, F, H, I, J and K: sources of different kinds on one grid. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { changes } from '../../examples/change-detection.js';
import { type LabelledImage, labelledImages } from '../../examples/image-label-pairs.js';
import { ndviSeries } from '../../examples/ndvi-series.js';
import { stackOnSlice } from '../../examples/optical-dem-climate.js';
import { fuse } from '../../examples/radar-optical-fusion.js';
import { atOneSlice } from '../../examples/two-resolutions.js';
import { anomalyPolygons } from '../../examples/uncertain-anomalies.js';
import {
  Crs,
  createTransform,
  GeoBox,
  type GeoSlice,
  ringArea,
  TimeInterval,
} from '../../src/geo/node/index.js';
import { openRaster } from '../../src/raster/node/index.js';
import { temporaryFolder } from '../support/files.js';
import { grid, pixels, writeCube, writeTile } from './data.js';

const root = await temporaryFolder();

async function newFolder(name: string): Promise<string> {
  const folder = join(root, name);
  await mkdir(folder);
  return folder;
}

/** Longitude and latitude of a position in pixels. */
function lonLat(box: GeoBox, x: number, y: number): [number, number] {
  return createTransform(box.crs, Crs.wgs84).forward(...box.transform.apply(x, y));
}

function sliceOf(box: GeoBox, interval: string): GeoSlice {
  return {
    bounds: box.bounds,
    crs: box.crs,
    resolution: box.resolution[0],
    interval: TimeInterval.parse(interval),
  };
}

describe('B: NDVI at a point', () => {
  it('is equal to NDVI of the pixel at each step', async () => {
    const box = grid(0, 0, 30, 20);
    const red = (step: number, x: number): number => 0.1 + 0.01 * step + 0.001 * x;
    const nir = (step: number, _: number, y: number): number => (step === 2 ? Number.NaN : 0.4 + 0.002 * y);
    const dates = ['2021-06-01', '2021-06-11', '2021-06-21', '2021-07-01T10:30:00Z'];
    const archive = await writeCube(join(root, 'archive.zarr'), box, dates, { red, nir });
    const series = await ndviSeries(archive, lonLat(box, 17.2, 5.9), { red: 'red', nir: 'nir' });
    expect(series.map(({ time }) => time)).toEqual([
      '2021-06-01T00:00:00.000Z',
      '2021-06-11T00:00:00.000Z',
      '2021-06-21T00:00:00.000Z',
      '2021-07-01T10:30:00.000Z',
    ]);
    for (const [step, { ndvi }] of series.entries()) {
      const [r, n] = [red(step, 17), nir(step, 17, 5)];
      if (step === 2) expect(ndvi).toBeNaN();
      else expect(ndvi).toBeCloseTo((n - r) / (n + r), 6);
    }
  });
});

describe("E: anomalies with a model's uncertainty", () => {
  it('exceed the threshold by some standard deviations', async () => {
    const folder = await newFolder('anomalies');
    const box = grid(0, 0, 40, 40);
    const high = (x: number, y: number): boolean => x >= 10 && x < 20 && y >= 5 && y < 15;
    const means = Float32Array.from(pixels(box, (x, y) => (high(x, y) ? 9 : 3)));
    // Uncertain in the upper rows, on a coarser grid.
    const coarse = grid(0, 0, 8, 8, 50);
    const spreads = Float32Array.from(pixels(coarse, (_, y) => (y < 2 ? 3 : 1)));
    const options = { nodata: Number.NaN };
    const mean = await writeTile(join(folder, 'mean.tif'), box, [means], options);
    const spread = await writeTile(join(folder, 'spread.tif'), coarse, [spreads], options);
    const outputs = { mask: join(folder, 'mask.tif'), polygons: join(folder, 'anomalies.geojson') };
    const km2 = await anomalyPolygons(mean, spread, { least: 4, sigmas: 2 }, outputs);

    const raster = await openRaster(outputs.mask);
    const [mask] = await raster.readPlanes();
    await raster.close();
    // 9 − 2 · spread > 4 where the spread, interpolated between coarse centres at rows 7.5 and 12.5, is below 2.5:
    // 3 − 2 (y + 0.5 − 7.5) / 5 < 2.5 from row 9 on.
    const expected = pixels(box, (x, y) => (high(x, y) && y + 0.5 > 8.75 ? 1 : 0));
    expect([...mask]).toEqual([...expected]);

    const { features } = JSON.parse(await readFile(outputs.polygons, 'utf8')) as {
      features: { geometry: { coordinates: [number, number][][] } }[];
    };
    expect(features).toHaveLength(1);
    const ring = [
      [10, 9],
      [20, 9],
      [20, 15],
      [10, 15],
    ].map(([x, y]) => lonLat(box, x, y));
    expect(ringArea(features[0].geometry.coordinates[0])).toBeCloseTo(ringArea(ring), -1);
    expect(km2).toBeCloseTo(ringArea(ring) / 1e6, 5);
  });
});

describe('F: change detection over two epochs', () => {
  it('compares each overlap on a common grid', async () => {
    const folder = await newFolder('changes');
    await mkdir(join(folder, 'before'));
    await mkdir(join(folder, 'after'));
    const old = grid(0, 0, 40, 40);
    const young = [grid(200, 0, 40, 20), grid(2000, 0, 10, 10)];
    await writeTile(join(folder, 'before', 'scene.tif'), old, [pixels(old, () => 1000)]);
    // Fallen by 400 in the left three columns of the overlap, and no data in its last row.
    const now = pixels(young[0], (x, y) => (y === 19 ? 0 : x < 3 ? 600 : 950));
    await writeTile(join(folder, 'after', 'near.tif'), young[0], [now]);
    await writeTile(join(folder, 'after', 'far.tif'), young[1], [pixels(young[1], () => 1)]);
    const maps = join(folder, 'maps');
    await mkdir(maps);
    const found = await changes(
      join(folder, 'before', '*.tif'),
      join(folder, 'after', '*.tif'),
      { crs: 32631, resolution: 10, band: 1, threshold: 100 },
      maps,
    );
    const path = join(maps, 'scene+near.tif');
    expect(found).toEqual([{ id: 'scene+near', path, seen: 20 * 19, changed: 3 * 19 }]);
    const map = await openRaster(path);
    const [difference] = await map.readPlanes();
    await map.close();
    const overlap = grid(200, 0, 20, 20);
    expect(map.geobox?.equals(overlap)).toBe(true);
    const expected = pixels(overlap, (x, y) => (y === 19 ? 999 : x < 3 ? 400 : 50));
    expect([...difference]).toEqual([...expected].map((fall) => (fall === 999 ? Number.NaN : -fall)));
  });
});

describe('H: images with labels', () => {
  it('gives a mask on the pixels of each image that intersects a label', async () => {
    const folder = await newFolder('labels');
    const boxes = { a: grid(0, 0, 30, 30), b: grid(300, 0, 30, 30), c: grid(5000, 0, 30, 30) };
    for (const [name, box] of Object.entries(boxes))
      await writeTile(join(folder, `${name}.tif`), box, [pixels(box, () => 5)]);
    const rectangle = (value: number, x0: number, y0: number, x1: number, y1: number): object => ({
      type: 'Feature',
      properties: { crop: value },
      geometry: {
        type: 'Polygon',
        coordinates: [
          [
            [x0, y1],
            [x1, y1],
            [x1, y0],
            [x0, y0],
            [x0, y1],
          ].map(([x, y]) => lonLat(boxes.a, x, y)),
        ],
      },
    });
    // In pixels of the first image: the second label is on both images.
    const features = [rectangle(3, 4, 6, 14, 10), rectangle(7, 25, 20, 33, 24)];
    const labels = join(folder, 'labels.geojson');
    await writeFile(labels, JSON.stringify({ type: 'FeatureCollection', features }));
    const pairs: LabelledImage[] = [];
    for await (const pair of labelledImages(join(folder, '?.tif'), labels, 'crop')) pairs.push(pair);
    expect(pairs.map(({ id }) => id)).toEqual(['a', 'b']);
    const [first, second] = pairs;
    expect(first.image.geobox.equals(boxes.a)).toBe(true);
    expect(first.image.data.every((value) => value === 5)).toBe(true);
    expect(first.labels.boxes.map(({ value, box, pixels: count }) => [value, box, count])).toEqual([
      [3, [4, 6, 14, 10], 40],
      [7, [25, 20, 30, 24], 20],
    ]);
    const expected = pixels(boxes.a, (x, y) => {
      if (x >= 4 && x < 14 && y >= 6 && y < 10) return 3;
      return x >= 25 && y >= 20 && y < 24 ? 7 : 0;
    });
    expect([...first.labels.classes.data]).toEqual([...expected]);
    expect(second.labels.boxes.map(({ value, box }) => [value, box])).toEqual([[7, [0, 20, 3, 24]]]);
  });
});

describe('I: radar and optical within three days', () => {
  it('pairs scenes near in time, on common pixels', async () => {
    const folder = await newFolder('fusion');
    const radar = grid(0, 0, 30, 30);
    const optical = grid(100, -50, 30, 30);
    const write = async (
      sensor: string,
      date: string,
      band: string,
      box: GeoBox,
      level: number,
    ): Promise<string> =>
      writeTile(join(folder, `${sensor}_${date}_${band}.tif`), box, [
        pixels(box, (x, y) => level + x + 100 * y),
      ]);
    for (const [date, level] of [
      ['20210701', 1000],
      ['20210710', 5000],
    ] as const) {
      await write('S1', date, 'VV', radar, level);
      await write('S1', date, 'VH', radar, level + 20_000);
    }
    await write('S2', '20210703', 'B04', optical, 300);
    await write('S2', '20210720', 'B04', optical, 400);
    const pairs = await fuse(join(folder, 'S1_*.tif'), join(folder, 'S2_*.tif'), {
      crs: 32631,
      resolution: 10,
    });
    expect(pairs).toHaveLength(1);
    const [{ id, image: stack }] = pairs;
    expect(id).toContain('20210701');
    expect(id).toContain('20210703');
    expect(stack.shape).toEqual([3, 25, 20]);
    expect(stack.geobox.equals(grid(100, -50, 20, 25))).toBe(true);
    const expected = [
      pixels(stack.geobox, (x, y) => 1000 + x + 10 + 100 * (y + 5)),
      pixels(stack.geobox, (x, y) => 21_000 + x + 10 + 100 * (y + 5)),
      pixels(stack.geobox, (x, y) => 300 + x + 100 * y),
    ];
    expect([...stack.data]).toEqual(expected.flatMap((plane) => [...plane]));
  });
});

describe('J: 10 m and 500 m at one slice', () => {
  it('loads both on the same pixels', async () => {
    const folder = await newFolder('resolutions');
    const fine = grid(0, 0, 200, 200);
    const coarse = grid(-1000, 1000, 8, 8, 500);
    await writeTile(join(folder, 'fine_20210703.tif'), fine, [pixels(fine, (x, y) => 1 + x + 50 * y)]);
    await writeTile(join(folder, 'coarse_20210701.tif'), coarse, [
      pixels(coarse, (x, y) => 1000 + 500 * x + 1000 * y),
    ]);
    const slice = sliceOf(grid(500, -500, 100, 100), '2021-07-01/2021-07-05');
    const found = await atOneSlice(join(folder, 'fine_*.tif'), join(folder, 'coarse_*.tif'), slice);
    expect(found.fine.geobox.equals(found.coarse.geobox)).toBe(true);
    const { geobox } = found.fine;
    expect([...found.fine.data]).toEqual([...pixels(geobox, (x, y) => 1 + x + 50 + 50 * (y + 50))]);
    // Linear values stay linear when interpolated between pixel centres.
    const linear = Array.from({ length: 10_000 }, (_, i) => {
      const [x, y] = [500 + 10 * ((i % 100) + 0.5), 500 + 10 * (Math.floor(i / 100) + 0.5)];
      return 1000 + 500 * ((x + 1000) / 500 - 0.5) + 1000 * ((y + 1000) / 500 - 0.5);
    });
    for (const [i, value] of linear.entries()) expect(found.coarse.data[i]).toBeCloseTo(value, 1);
    // 50 × 50 pixels: the mean of linear values is the value in the middle.
    const middles = [0, 1].flatMap((row) =>
      [0, 1].map((column) => 1 + 50 + 50 * column + 24.5 + 50 * (50 + 50 * row + 24.5)),
    );
    for (const [i, value] of middles.entries()) expect(found.averaged.data[i]).toBeCloseTo(value, 1);
  });
});

describe('K: an image, terrain and weather', () => {
  it('are loaded on one grid', async () => {
    const folder = await newFolder('stack');
    const box = grid(0, 0, 40, 40);
    for (const [date, level] of [
      ['20210702', 100],
      ['20210704', 300],
      ['20210801', 9000],
    ] as const)
      await writeTile(join(folder, `S2_${date}.tif`), box, [pixels(box, (x) => level + x)]);
    const dem = grid(-300, 300, 40, 40, 30);
    const heights = Float32Array.from(pixels(dem, (x, y) => 100 + 3 * x + 6 * y));
    await writeTile(join(folder, 'dem.tif'), dem, [heights], { nodata: -9999 });
    const [west, north] = lonLat(box, 0, 0);
    const degrees = GeoBox.fromSize([west - 0.1, north - 0.1, west + 0.1, north + 0.1], 4326, 8, 8);
    // Linear in longitude: 280 K plus 1000 K per degree, and 1 K colder each day.
    const cube = await writeCube(
      join(folder, 'climate.zarr'),
      degrees,
      ['2021-07-01', '2021-07-02', '2021-07-03', '2021-07-30'],
      { t2m: (step, x) => 280 - step + 1000 * (0.025 * (x + 0.5)) },
    );
    const slice = sliceOf(box, '2021-07-01/2021-07-05');
    const stack = await stackOnSlice(join(folder, 'S2_*.tif'), join(folder, 'dem.tif'), cube, slice);
    expect(stack.shape).toEqual([3, 40, 40]);
    expect(stack.bandNames?.slice(1)).toEqual(['elevation', 't2m']);
    for (let i = 0; i < 1600; i++) {
      const [x, y] = [i % 40, Math.floor(i / 40)];
      expect(stack.data[i]).toBe(200 + x);
      const [column, row] = [(300 + 10 * (x + 0.5)) / 30 - 0.5, (300 + 10 * (y + 0.5)) / 30 - 0.5];
      expect(stack.data[1600 + i]).toBeCloseTo(100 + 3 * column + 6 * row, 2);
      const [longitude] = lonLat(box, x + 0.5, y + 0.5);
      // Days 0, 1 and 2 are in the slice.
      expect(stack.data[3200 + i]).toBeCloseTo(279 + 1000 * (longitude - (west - 0.1)), 1);
    }
  });
});
