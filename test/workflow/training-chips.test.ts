import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GeoCatalog } from '../../src/catalog/node/index.js';
import type { ProgressEvent } from '../../src/progress.js';
import { openNpy, openRaster, openZarr, writeCog } from '../../src/raster/node/index.js';
import { readFeatures } from '../../src/vector/node/index.js';
import { type ExportChipsOptions, exportChips } from '../../src/workflow/index.js';
import { contents, temporaryFolder } from '../support/files.js';
import { gridAt, writeRow } from '../support/raster-rows.js';

const folder = await temporaryFolder();

const SIZE = 32;
const [LEFT, TOP] = [500_000, 5_000_000];
const [WIDTH, HEIGHT] = [200, 150];

/** The value of a band of an image at a pixel; no data in a corner. */
const valueAt = (image: number, band: number, x: number, y: number): number =>
  x < 40 && y < 40
    ? Number.NaN
    : Math.fround(1000 * image + 100 * band + Math.sin(x * 0.3) * Math.cos(y * 0.2));

const pixels = (image: number, band: number): Float32Array =>
  Float32Array.from({ length: WIDTH * HEIGHT }, (_, k) =>
    valueAt(image, band, k % WIDTH, Math.floor(k / WIDTH)),
  );

/** Two images of one place, on two days. */
const geobox = gridAt(LEFT, TOP, WIDTH, HEIGHT);
const rowOf = (id: string, image: number, interval: string) =>
  writeRow(
    folder,
    id,
    {
      main: {
        geobox,
        bands: [pixels(image, 1), pixels(image, 2)],
        names: ['red', 'nir'],
        options: { nodata: Number.NaN },
      },
    },
    { interval },
  );
const catalog = GeoCatalog.from([
  await rowOf('first', 1, '2021-07-15'),
  await rowOf('second', 2, '2021-07-20'),
]);

/** Classes in pixels of 20 m, whose corner is 100 m left of and above the images; 9 is nodata. */
const CLASSES = 110;
const classAt = (column: number, row: number): number =>
  column > 100 ? 9 : row < 20 ? 1 : column % 7 === 0 ? 3 : 2;
const landCover = join(folder, 'classes.tif');
await writeCog(
  landCover,
  [Uint8Array.from({ length: CLASSES * 90 }, (_, k) => classAt(k % CLASSES, Math.floor(k / CLASSES)))],
  { geobox: gridAt(LEFT - 100, TOP + 100, CLASSES, 90, 20), bands: 1, dtype: 'uint8', nodata: 9 },
);
/** The label of a pixel: that of the class pixel that contains its centre. */
const labelAt = (x: number, y: number): number => {
  const found = classAt(Math.floor((x + 0.5 + 10) / 2), Math.floor((y + 0.5 + 10) / 2));
  return found === 9 ? 255 : found;
};

const common = { catalog, size: SIZE } as const;

interface Row {
  readonly properties: Readonly<Record<string, unknown>>;
  /** The upper left pixel of the chip. */
  readonly x: number;
  readonly y: number;
}

async function indexOf(output: string): Promise<Row[]> {
  const { features } = await readFeatures(join(output, 'index.parquet'));
  return features.map(({ properties }) => ({
    properties,
    x: (Number(properties.left) - LEFT) / 10,
    y: (TOP - Number(properties.top)) / 10,
  }));
}

async function jsonOf(output: string, name: string): Promise<unknown> {
  return JSON.parse(await readFile(join(output, name), 'utf8'));
}

/** The values of the images in a window, (band, y, x). */
const expectedImage = (image: number, x: number, y: number): number[] =>
  [1, 2].flatMap((band) =>
    Array.from({ length: SIZE ** 2 }, (_, k) =>
      valueAt(image, band, x + (k % SIZE), y + Math.floor(k / SIZE)),
    ),
  );

const expectedLabel = (x: number, y: number): number[] =>
  Array.from({ length: SIZE ** 2 }, (_, k) => labelAt(x + (k % SIZE), y + Math.floor(k / SIZE)));

const imageOf = ({ properties }: Row): number => (String(properties.start).startsWith('2021-07-15') ? 1 : 2);

async function readTiff(path: string): Promise<number[]> {
  await using raster = await openRaster(path);
  return (await raster.readPlanes({})).flatMap((plane) => Array.from(plane, Number));
}

async function readNumpy(path: string): Promise<number[]> {
  await using array = await openNpy(path);
  return Array.from((await array.read()).data, Number);
}

describe('exportChips', () => {
  it('writes chips of a grid at each time, labels by nearest, an index and statistics', async () => {
    const output = join(folder, 'grid');
    const report = await exportChips({ ...common, labels: landCover, output });
    const index = await indexOf(output);
    // Along x 0, 32, … 160, 168, along y 0, 32, … 96, 118; one of them has no data; on two days.
    expect(index).toHaveLength(2 * (7 * 5 - 1));
    expect(report).toMatchObject({ bands: ['red', 'nir'], withoutData: 2, withoutLabels: 0, unitsKept: 0 });
    expect(new Set(index.map(({ x, y }) => `${x},${y}`)).size).toBe(34);
    const values: [number[], number[]] = [[], []];
    const pixelsOfClass = new Map<number, number>();
    for (const row of index) {
      const { x, y, properties } = row;
      const image = expectedImage(imageOf(row), x, y);
      expect(await readTiff(join(output, String(properties.image)))).toEqual(image);
      const label = expectedLabel(x, y);
      expect(await readTiff(join(output, String(properties.label)))).toEqual(label);
      const valid = image.slice(0, SIZE ** 2).filter((value) => !Number.isNaN(value));
      expect(properties).toMatchObject({
        split: 'train',
        crs: 'EPSG:32631',
        valid: valid.length / SIZE ** 2,
      });
      const labelled = label.filter((value) => value !== 255);
      expect(properties.labelled).toBe(labelled.length / SIZE ** 2);
      for (const value of [1, 2, 3]) {
        const count = labelled.filter((each) => each === value).length;
        expect(properties[`class_${value}`]).toBe(count / labelled.length);
        pixelsOfClass.set(value, (pixelsOfClass.get(value) ?? 0) + count);
      }
      for (const band of [0, 1])
        for (const value of image.slice(band * SIZE ** 2, (band + 1) * SIZE ** 2))
          if (!Number.isNaN(value)) values[band].push(value);
    }
    const { bands, splits } = (await jsonOf(output, 'statistics.json')) as {
      bands: { name: string; pixels: number; mean: number; std: number; min: number; max: number }[];
      splits: { classes: { value: number; pixels: number }[] }[];
    };
    for (const [k, { name, pixels: count, mean, std, min, max }] of bands.entries()) {
      const own = values[k];
      const average = own.reduce((sum, value) => sum + value, 0) / own.length;
      const variance = own.reduce((sum, value) => sum + (value - average) ** 2, 0) / own.length;
      expect({ name, count }).toEqual({ name: ['red', 'nir'][k], count: own.length });
      expect(mean).toBeCloseTo(average, 9);
      expect(std).toBeCloseTo(Math.sqrt(variance), 9);
      expect([min, max]).toEqual([
        own.reduce((a, b) => Math.min(a, b)),
        own.reduce((a, b) => Math.max(a, b)),
      ]);
    }
    expect(splits[0].classes.map(({ value, pixels: n }) => [value, n])).toEqual([...pixelsOfClass].sort());
    const first = await openRaster(join(output, String(index[0].properties.image)));
    expect(first.bands.map(({ description }) => description)).toEqual(['red', 'nir']);
    expect(first.geobox?.bounds).toEqual(
      ['left', 'bottom', 'right', 'top'].map((side) => index[0].properties[side]),
    );
    await first.dispose();
  });

  it('writes .npy and Zarr with the same values, without the chips that are left out', async () => {
    const plain = join(folder, 'npy');
    const packed = join(folder, 'packed');
    await exportChips({ ...common, labels: landCover, format: 'npy', output: plain });
    await exportChips({ ...common, labels: landCover, format: 'zarr', output: packed });
    const [ofFiles, ofZarr] = [await indexOf(plain), await indexOf(packed)];
    expect(ofZarr.map(({ properties }) => properties.id)).toEqual(
      ofFiles.map(({ properties }) => properties.id),
    );
    await using group = await openZarr(join(packed, 'train.zarr'));
    const [images, labels] = [await group.array('image'), await group.array('label')];
    expect(images?.shape).toEqual([68, 2, SIZE, SIZE]);
    expect(labels?.shape).toEqual([68, SIZE, SIZE]);
    for (const [k, row] of ofFiles.entries()) {
      const { x, y, properties } = row;
      const image = expectedImage(imageOf(row), x, y);
      expect(await readNumpy(join(plain, String(properties.image)))).toEqual(image);
      expect(await readNumpy(join(plain, String(properties.label)))).toEqual(expectedLabel(x, y));
      expect(ofZarr[k]).toMatchObject({ x, y, properties: { chip: k, image: 'train.zarr/image' } });
      const stored = await images?.read([{ start: k, end: k + 1 }, null, null, null]);
      expect(Array.from(stored?.data ?? [], Number)).toEqual(image);
    }
  });

  it('puts splits into blocks, whose chips are at least the buffer apart', async () => {
    const output = join(folder, 'split');
    const options = { size: 16, block: 48, split: [0.6, 0.2, 0.2], sampler: 'random', count: 30 } as const;
    const report = await exportChips({ catalog, ...options, seed: 3, every: 'all', output });
    expect(report.splits.map(({ name, chips }) => [name, chips])).toEqual([
      ['train', 18],
      ['val', 6],
      ['test', 6],
    ]);
    const index = await indexOf(output);
    const diagonal = Math.hypot(16, 16);
    for (const a of index) {
      for (const b of index) {
        if (a.properties.split === b.properties.split) continue;
        const gap = (from: number, to: number): number => Math.max(0, Math.abs(from - to) - 16);
        expect(Math.hypot(gap(a.x, b.x), gap(a.y, b.y))).toBeGreaterThanOrEqual(diagonal);
      }
    }
    const again = join(folder, 'split-again');
    await exportChips({ catalog, ...options, seed: 3, every: 'all', output: again });
    expect(await contents(again)).toEqual(await contents(output));
    const other = join(folder, 'split-other');
    await exportChips({ catalog, ...options, seed: 4, every: 'all', output: other });
    const placesOf = (rows: readonly Row[]): string => rows.map(({ x, y }) => `${x},${y}`).join(' ');
    expect(placesOf(await indexOf(other))).not.toBe(placesOf(index));
  });

  it('draws random chips again that have too little data, at all times of a place', async () => {
    const output = join(folder, 'random');
    await exportChips({ ...common, sampler: 'random', count: 40, minValid: 1, labels: landCover, output });
    const index = await indexOf(output);
    expect(index).toHaveLength(40);
    expect(index.every(({ properties: { valid } }) => valid === 1)).toBe(true);
    expect(new Set(index.map(imageOf))).toEqual(new Set([1, 2]));
  });

  it('balances classes, and writes no chip twice', async () => {
    const output = join(folder, 'balanced');
    const polygons = join(folder, 'rare.geojson');
    // One chip of the grid of 16 pixels has a tenth of class 7, and two have class 5; all others are background.
    const square = (x: number, y: number, size: number): number[][] =>
      [
        [0, 0],
        [size, 0],
        [size, size],
        [0, size],
        [0, 0],
      ].map(([dx, dy]) => [LEFT + 10 * (x + dx), TOP - 10 * (y + dy)]);
    const feature = (kind: string, ...ring: [number, number, number]) => ({
      type: 'Feature',
      properties: { kind },
      geometry: { type: 'Polygon', coordinates: [square(...ring)] },
    });
    const crs = { type: 'name', properties: { name: 'urn:ogc:def:crs:EPSG::32631' } };
    const features = [feature('rare', 65, 65, 5), feature('some', 100, 100, 8), feature('some', 132, 52, 8)];
    await writeFile(polygons, JSON.stringify({ type: 'FeatureCollection', crs, features }));
    const report = await exportChips({
      catalog,
      ...{ size: 16, sampler: 'balanced', count: 12, every: 'all', output, labels: polygons },
      ...{ labelProperty: 'kind', labelClasses: { rare: 7, some: 5 } },
    });
    const index = await indexOf(output);
    expect(new Set(index.map(({ x, y }) => `${x},${y}`)).size).toBe(index.length);
    // Four draws of each of three classes: one chip has the first, two have the second.
    expect(report.splits[0].classes.map(({ value, name, chips }) => [value, name, chips])).toEqual([
      [0, null, 7],
      [5, 'some', 2],
      [7, 'rare', 1],
    ]);
    const [rare] = index.filter(({ properties }) => Number(properties.class_7) > 0);
    expect({ x: rare.x, y: rare.y }).toEqual({ x: 64, y: 64 });
    const label = await readTiff(join(output, String(rare.properties.label)));
    const inside = (k: number): boolean => {
      const [x, y] = [k % 16, Math.floor(k / 16)];
      return x >= 1 && x < 6 && y >= 1 && y < 6;
    };
    expect(label).toEqual(Array.from({ length: 256 }, (_, k) => (inside(k) ? 7 : 0)));
  });

  it('resumes an interrupted run to the same bytes, and names options that differ', async () => {
    const whole = join(folder, 'whole');
    const options = { ...common, labels: landCover, stride: 24, unitChips: 8, format: 'zarr' } as const;
    await exportChips({ ...options, output: whole });
    const output = join(folder, 'resumed');
    const controller = new AbortController();
    const onProgress = (event: ProgressEvent): void => {
      if (event.type === 'progress' && event.unit === 'units' && event.done === 3) controller.abort();
    };
    await expect(
      exportChips({ ...options, output, signal: controller.signal, onProgress }),
    ).rejects.toThrow();
    await expect(readFile(join(output, 'chips.json'))).rejects.toThrow();
    const refused = exportChips({ ...options, minValid: 0.5, stride: 32, output, resume: true });
    await expect(refused).rejects.toThrow(
      /has units that were made with other values of `stride`, `minValid`/,
    );
    const resumed = await exportChips({ ...options, output, resume: true });
    expect(resumed.unitsKept).toBe(3);
    expect(await contents(output)).toEqual(await contents(whole));
    const { splits, finishedBefore } = await exportChips({ ...options, output, resume: true });
    expect({ splits, finishedBefore }).toEqual({ splits: resumed.splits, finishedBefore: true });
    const other = exportChips({ ...options, minValid: 0.5, output, resume: true });
    await expect(other).rejects.toThrow(/exists already, and was made with other values of `minValid`/);
    await expect(exportChips({ ...options, output })).rejects.toThrow(/exists already/);
  });

  it.each<[string, Partial<ExportChipsOptions>, RegExp]>([
    ['random chips without a number', { sampler: 'random' }, /count is needed for random chips/],
    ['a number of chips of a grid', { count: 3 }, /count has no meaning for the sampler grid/],
    [
      'balanced chips without labels',
      { sampler: 'balanced', count: 3 },
      /sampler cannot be balanced without `labels`/,
    ],
    ['options of labels without any', { labelBand: 2 }, /labelBand has no meaning without `labels`/],
    [
      'a property of a raster',
      { labels: landCover, labelProperty: 'x' },
      /labelProperty has no meaning for the raster/,
    ],
    ['a band that labels lack', { labels: landCover, labelBand: 2 }, /labelBand cannot be 2/],
    ['four splits', { split: [0.25, 0.25, 0.25, 0.25] }, /split cannot be 4 shares/],
    ['shares of more than all', { split: [0.9, 0.2] }, /split add up to 1\.1/],
    ['blocks without splits', { block: 100 }, /block has no meaning without `split`/],
    ['integers without nodata', { dtype: 'uint8' }, /nodata is needed for uint8/],
    ['bands that no row has', { bands: ['blue'] }, /has no row with blue/],
    ['a share above 1', { minValid: 2 }, /minValid cannot be 2/],
    ['a time without rows', { select: { datetime: '1999' } }, /has no row at that place and time/],
  ])('refuses %s', async (_, options, message) => {
    await expect(exportChips({ ...common, output: join(folder, 'no'), ...options })).rejects.toThrow(message);
  });

  it('refuses labels that are not classes, or that mean no label', async () => {
    const output = join(folder, 'no');
    const place = gridAt(LEFT, TOP, WIDTH, HEIGHT);
    const heights = join(folder, 'heights.tif');
    await writeCog(heights, [pixels(1, 1)], {
      geobox: place,
      bands: 1,
      dtype: 'float32',
      nodata: Number.NaN,
    });
    await expect(exportChips({ ...common, labels: heights, output })).rejects.toThrow(/which is no class/);
    const full = join(folder, 'full.tif');
    const classes = new Uint8Array(WIDTH * HEIGHT).fill(255);
    await writeCog(full, [classes], { geobox: place, bands: 1, dtype: 'uint8' });
    const meant = exportChips({ ...common, labels: full, output });
    await expect(meant).rejects.toThrow(/has the class 255, which stands for pixels without a label/);
    const report = await exportChips({ ...common, labels: full, ignore: -1, output: join(folder, 'full') });
    expect(report.splits[0].classes).toMatchObject([{ value: 255 }]);
  });
});
