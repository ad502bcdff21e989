import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { Affine, GeoBox } from '../../src/geo/node/index.js';
import { openRaster, writeCog } from '../../src/raster/node/index.js';
import { type CalculateOptions, calculate } from '../../src/workflow/index.js';
import { temporaryFolder } from '../support/files.js';

const folder = await temporaryFolder();
const cpu = { backend: 'cpu', threads: 0 } as const;
const geobox = new GeoBox(32632, new Affine(10, 0, 300000, 0, -10, 5000000), 30, 1100);
const count = 30 * 1100;
const red = Uint16Array.from({ length: count }, (_, i) => (i % 7 === 0 ? 0 : 200 + (i % 500)));
const infrared = Uint16Array.from({ length: count }, (_, i) => (i % 11 === 0 ? 0 : 100 + ((i * 13) % 4000)));
const path = (name: string): string => join(folder, `${name}.tif`);

const run = (options: Partial<CalculateOptions>) =>
  calculate({
    ...cpu,
    expressions: ['NDVI'],
    bands: [
      { name: 'B04', path: path('optical'), band: 1 },
      { name: 'B08', path: path('optical'), band: 2 },
    ],
    destination: path('result'),
    ...options,
  });

async function read(name: string) {
  const raster = await openRaster(path(name));
  try {
    return { raster, planes: await raster.readPlanes() };
  } finally {
    await raster.close();
  }
}

beforeAll(async () => {
  const settings = { geobox, bands: 2, dtype: 'uint16', nodata: 0 } as const;
  await writeCog(path('optical'), [red, infrared], {
    ...settings,
    scales: [0.0001, 0.0002],
    offsets: [0, 0],
  });
  const coarse = new GeoBox(32632, new Affine(20, 0, 300000, 0, -20, 5000000), 15, 550);
  const classes = Uint8Array.from({ length: 15 * 550 }, (_, i) => i % 5);
  await writeCog(path('classes'), [classes], { geobox: coarse, bands: 1, dtype: 'uint8' });
});

describe('calculate', () => {
  it('writes an index over several strips from physical values', async () => {
    const report = await run({});
    const { raster, planes } = await read('result');
    expect(raster.geobox?.equals(geobox)).toBe(true);
    expect(raster.bands[0]).toMatchObject({ dtype: 'float32', nodata: NaN, description: 'NDVI' });
    const expected = Array.from(red, (value, i) => {
      const [a, b] = [value * 1e-4, infrared[i] * 2e-4];
      return value === 0 || infrared[i] === 0 ? Number.NaN : (b - a) / (b + a);
    });
    expect(planes[0]).toBeCloseToArray(expected, 1e-6);
    const valid = expected.filter((value) => !Number.isNaN(value)).length;
    expect(report).toMatchObject({ width: 30, height: 1100, validPixels: [valid], expressions: ['NDVI'] });
  });

  it('supports stored values, several expressions and another dtype', async () => {
    await run({
      stored: true,
      expressions: ['B08 - B04', 'where(valid(B04), B04 > 300, nan)'],
      dtype: 'int16',
      nodata: -9999,
    });
    const { planes } = await read('result');
    expect(planes[0].every((v, i) => v === (red[i] * infrared[i] === 0 ? -9999 : infrared[i] - red[i]))).toBe(
      true,
    );
    expect(planes[1].every((v, i) => v === (red[i] === 0 ? -9999 : Number(red[i] > 300)))).toBe(true);
  });

  it('makes class overviews for expressions with class results', async () => {
    const wide = new GeoBox(32632, new Affine(10, 0, 300000, 0, -10, 5000000), 1041, 700);
    const values = Uint8Array.from({ length: 1041 * 700 }, (_, i) => (i * 7 + Math.floor(i / 1041) * 3) % 40);
    await writeCog(path('mixed'), [values], { geobox: wide, bands: 1, dtype: 'uint8' });
    const expressions = ['where(A < 20, 1, where(A < 30, 7, 20))'];
    const bands = [{ name: 'A', path: path('mixed') }];
    for (const dtype of ['uint8', 'float32'] as const) {
      await run({ expressions, bands, dtype });
      const raster = await openRaster(path('result'));
      expect(raster.overviews.length).toBe(2);
      for (const level of [0, 1, 2]) {
        const [plane] = await raster.readPlanes({ level });
        expect([...new Set(plane)].sort((a, b) => a - b)).toEqual([1, 7, 20]);
      }
      await raster.close();
    }
    // Measurements are averaged, with integer results.
    await run({ expressions: ['A * 0.5'], bands });
    const averaged = await openRaster(path('result'));
    const [half] = await averaged.readPlanes({ level: 1 });
    expect(half.some((value) => !Number.isInteger(2 * value))).toBe(true);
    await averaged.close();
    await run({ expressions: ['A * 10'], bands, dtype: 'int16' });
    const picked = await openRaster(path('result'));
    const [tens] = await picked.readPlanes({ level: 1 });
    expect(tens.every((value) => value % 10 === 0)).toBe(true);
    await picked.close();
  });

  it('computes exactly with dates, times and ids that float32 cannot hold', async () => {
    const box = new GeoBox(32632, new Affine(10, 0, 500000, 0, -10, 5500000), 40, 2);
    const dates = Float64Array.from({ length: 80 }, (_, i) =>
      i === 7 ? 9_999_999_999 : 20_210_715 + (i % 40),
    );
    const flags = Uint32Array.from({ length: 80 }, (_, i) => 2 ** 30 + (i % 2) * 2 ** 31 + i);
    const settings = { geobox: box, bands: 1 } as const;
    await writeCog(path('dates'), [dates], { ...settings, dtype: 'float64', nodata: 9_999_999_999 });
    await writeCog(path('flags'), [flags], { ...settings, dtype: 'uint32' });
    await writeCog(path('bytes'), [new Uint8Array(80).fill(3)], { ...settings, dtype: 'uint8', nodata: 0 });
    const bands = [
      { name: 'D', path: path('dates') },
      { name: 'F', path: path('flags') },
      { name: 'A', path: path('bytes') },
    ];
    const expressions = ['D - 20210715', 'D', 'where(D == 20210717, 1, 0)', 'bits(F, 31, 1)', 'F + A'];
    const report = await run({ expressions, bands });
    expect(report).toMatchObject({ dtype: 'float64', validPixels: [79, 79, 79, 80, 80] });
    const { planes } = await read('result');
    const column = (i: number): number => (i === 7 ? Number.NaN : i % 40);
    expect([...planes[0]]).toEqual(Array.from(dates, (_, i) => column(i)));
    expect([...planes[1]]).toEqual(Array.from(dates, (_, i) => column(i) + 20_210_715));
    expect([...planes[2]]).toEqual(
      Array.from(dates, (_, i) => (i === 7 ? Number.NaN : Number(i % 40 === 2))),
    );
    expect([...planes[3]]).toEqual(Array.from(flags, (_, i) => i % 2));
    expect([...planes[4]]).toEqual(Array.from(flags, (value) => value + 3));
    // A constant of the expression does not fit either.
    await run({ expressions: ['A + 20210715'], bands: bands.slice(2), dtype: 'int32' });
    expect([...(await read('result')).planes[0]]).toEqual(new Array(80).fill(20_210_718));
  });

  it('scales float64 before it is rounded', async () => {
    const box = new GeoBox(32632, new Affine(10, 0, 500000, 0, -10, 5500000), 4, 1);
    const stored = Int32Array.of(2_000_000_001, 2_000_000_002, -5, 7);
    const scaling = { scales: [0.001], offsets: [-2_000_000] };
    await writeCog(path('scaled'), [stored], {
      geobox: box,
      bands: 1,
      dtype: 'int32',
      nodata: 7,
      ...scaling,
    });
    await run({ expressions: ['A'], bands: [{ name: 'A', path: path('scaled') }] });
    const { planes } = await read('result');
    expect(planes[0]).toBeCloseToArray([0.001, 0.002, -2_000_000.005, Number.NaN], 1e-9);
  });

  it('refuses bands shifted by a fraction of a pixel, northward or eastward', async () => {
    const box = (size: number, dx: number, dy: number): GeoBox =>
      new GeoBox(32632, new Affine(size, 0, 500000 + dx, 0, -size, 5500000 + dy), 8, 8);
    for (const [name, size, dx, dy] of [
      ['a', 10, 0, 0],
      ['near', 10, 0.001, -0.001],
      ['north4', 10, 0, 4],
      ['east5', 10, 5, 0],
      ['fine', 0.5, 0, 0],
      ['fine-north1', 0.5, 0, 1],
    ] as const) {
      const settings = { geobox: box(size, dx, dy), bands: 1, dtype: 'uint8' } as const;
      await writeCog(path(name), [new Uint8Array(64)], settings);
    }
    const difference = (a: string, b: string) =>
      run({
        expressions: ['A - B'],
        bands: [
          { name: 'A', path: path(a) },
          { name: 'B', path: path(b) },
        ],
      });
    await expect(difference('a', 'north4')).rejects.toThrow(
      /north4\.tif is on another grid \(8 × 8 pixels of 10 × -10 from \(500000, 5500004\)/,
    );
    await expect(difference('a', 'east5')).rejects.toThrow(/is on another grid/);
    await expect(difference('fine', 'fine-north1')).rejects.toThrow(/is on another grid/);
    expect((await difference('a', 'near')).validPixels).toEqual([64]);
  });

  it('resamples only with a resampling option', async () => {
    const bands = [
      { name: 'B04', path: path('optical') },
      { name: 'SCL', path: path('classes') },
    ];
    const options = { bands, stored: true, expressions: ['where(SCL == 3, nan, B04)'] };
    await expect(run({ ...options, destination: path('refused') })).rejects.toThrow(
      /classes\.tif is on another grid \(15 × 550 .*\) than the result \(30 × 1100 .*\); choose a resampling .* `resampling`/,
    );
    expect(existsSync(path('refused'))).toBe(false);
    await run({ ...options, resampling: 'nearest' });
    const { planes } = await read('result');
    const expected = Array.from(red, (value, i) => {
      const [x, y] = [Math.floor((i % 30) / 2), Math.floor(i / 60)];
      return value === 0 || (y * 15 + x) % 5 === 3 ? Number.NaN : value;
    });
    expect(planes[0]).toBeCloseToArray(expected);
    await run({ ...options, resampling: 'nearest', like: path('classes') });
    expect((await read('result')).raster.width).toBe(15);
  });

  it.each<[string, Partial<CalculateOptions>, RegExp]>([
    [
      'a band twice',
      { bands: [1, 2].map((band) => ({ name: 'a', path: 'x.tif', band })) },
      /^bands gives a twice/,
    ],
    ['no band', { expressions: ['1'], bands: [] }, /^bands is not given/],
    ['no expression', { expressions: [] }, /no expression/],
    ['a band too many', { expressions: ['B04'] }, /^bands gives B08, which no expression uses/],
    ['an unknown band', { expressions: ['B03 - B04 - B08'] }, /names B03, .* at column 1/],
    [
      'a band that the file lacks',
      { expressions: ['a'], bands: [{ name: 'a', path: path('optical'), band: 3 }] },
      /has no band 3/,
    ],
    ['a grid too large', { maxPixels: 1000 }, /larger than the limit of 1000/],
  ])('refuses %s', async (_, options, message) => {
    await expect(run({ ...options, destination: path('refused') })).rejects.toThrow(message);
    expect(existsSync(path('refused'))).toBe(false);
  });
});
