/** Gaps, masks and alpha bands in warps and calculations. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { Affine, GeoBox } from '../../src/geo/node/index.js';
import { type CogOptions, openRaster, writeCog } from '../../src/raster/node/index.js';
import { requirePlausible } from '../../src/workflow/band-checks.js';
import { calculate, describeRaster, drawRaster, polygonizeFile, warpFile } from '../../src/workflow/index.js';
import { temporaryFolder } from '../support/files.js';

const folder = await temporaryFolder();
const cpu = { backend: 'cpu', threads: 0 } as const;
/** 40 × 40 pixels, and a grid around them of which 1600 of 3600 pixels have a source. */
const geobox = new GeoBox(32632, new Affine(10, 0, 500000, 0, -10, 5500000), 40, 40);
const around = { crs: 32632, bounds: [499900, 5499500, 500500, 5500100], size: [60, 60] } as const;
const COUNT = 1600;
const RGB = ['red', 'green', 'blue'];

let files = 0;
const newPath = (): string => join(folder, `${files++}.tif`);

async function write(
  bands: readonly (Uint8Array | Uint16Array | Int16Array | Float32Array)[],
  options: Partial<CogOptions> = {},
  mask: Uint8Array | null = null,
): Promise<string> {
  const path = newPath();
  const dtype = options.dtype ?? 'uint8';
  const settings = { geobox, bands: bands.length, dtype, overviews: 'none', ...options } as const;
  await writeCog(path, bands, { ...settings, mask: mask !== null }, mask);
  return path;
}

/** Stored bands, and their numbers of valid pixels. */
async function look(path: string) {
  const raster = await openRaster(path);
  try {
    const planes = await raster.readPlanes();
    const mask = await raster.readMask();
    const { nodata } = raster.bands[0];
    const valid = planes.map(
      (plane) => plane.filter((v, i) => v !== nodata && !Number.isNaN(v) && mask?.[i] !== 0).length,
    );
    return { raster, planes, valid, mask, colours: raster.bands.map((band) => band.colourInterpretation) };
  } finally {
    await raster.close();
  }
}

const counted = (values: ArrayLike<number>, wanted: number): number =>
  Array.from(values).filter((value) => value === wanted).length;

describe('gaps without a nodata value', () => {
  const chequered = Uint8Array.from({ length: COUNT }, (_, i) => (i % 3 === 0 ? 255 : 0));
  const white = counted(chequered, 255);

  it('0 and 255 of a mask are kept, and the outside is masked', async () => {
    const [source, destination] = [await write([chequered]), newPath()];
    const report = await warpFile({ source, destination, grid: around, ...cpu });
    expect(report).toMatchObject({ nodata: null, mask: true, validPixels: [COUNT] });
    const { planes, mask, valid, raster } = await look(destination);
    expect(raster.bands[0].nodata).toBeNull();
    expect(valid).toEqual([COUNT]);
    expect(counted(planes[0], 255)).toBe(white);
    expect(counted(mask ?? [], 0)).toBe(3600 - COUNT);
  });

  it('of a picture keep every colour and the colour interpretation', async () => {
    const bands = [0, 1, 2].map((band) =>
      Uint8Array.from({ length: COUNT }, (_, i) => (i % 4 === 0 ? 255 : (i * (band + 1)) % 256)),
    );
    const [source, destination] = [await write(bands, { colourInterpretations: RGB }), newPath()];
    const report = await warpFile({ source, destination, grid: { like: source }, ...cpu });
    // Without gaps no mask is needed.
    expect(report).toMatchObject({ nodata: null, mask: false, validPixels: [COUNT, COUNT, COUNT] });
    const { planes, colours, raster } = await look(destination);
    expect(colours).toEqual(RGB);
    expect(raster.mask).toBeNull();
    expect(planes).toEqual(bands);
  });

  it('calc keeps the values of classes', async () => {
    const [path, destination] = [await write([chequered]), newPath()];
    const bands = [{ name: 'A', path }];
    const settings = { bands, destination, dtype: 'uint8', ...cpu } as const;
    const report = await calculate({ ...settings, expressions: ['where(A == 0, 255, 0)'] });
    expect(report).toMatchObject({ nodata: null, mask: false, validPixels: [COUNT] });
    expect(counted((await look(destination)).planes[0], 255)).toBe(COUNT - white);
    const gaps = await calculate({ ...settings, expressions: ['where(A == 0, 255, nan)'] });
    expect(gaps).toMatchObject({ nodata: null, mask: true, validPixels: [COUNT - white] });
    const { planes, mask } = await look(destination);
    expect(counted(mask ?? [], 0)).toBe(white);
    expect(counted(planes[0], 255)).toBe(COUNT - white);
  });

  it('bands with different gaps use a value that does not occur', async () => {
    const [path, destination] = [await write([chequered]), newPath()];
    const report = await calculate({
      bands: [{ name: 'A', path }],
      destination,
      dtype: 'uint8',
      expressions: ['where(A == 0, 255, nan)', 'where(A == 0, nan, 254)'],
      ...cpu,
    });
    // One end of the range occurs, the other does not.
    expect(report).toMatchObject({ nodata: 0, mask: false, validPixels: [COUNT - white, white] });
    const { planes } = await look(destination);
    expect([...planes[0]]).toEqual(Array.from(chequered, (v) => (v === 0 ? 255 : 0)));
    expect([...planes[1]]).toEqual(Array.from(chequered, (v) => (v === 0 ? 0 : 254)));
  });

  it('are an error when no value is unused', async () => {
    const all = Uint8Array.from({ length: COUNT }, (_, i) => i % 256);
    const path = await write([all]);
    const destination = newPath();
    await expect(
      calculate({
        bands: [{ name: 'A', path }],
        destination,
        dtype: 'uint8',
        expressions: ['where(A == 7, nan, A)', 'where(A == 8, nan, A)'],
        ...cpu,
      }),
    ).rejects.toThrow(/dtype cannot be uint8: its values occur, and none is left/);
    await expect(openRaster(destination)).rejects.toThrow();
  });

  it('floats use NaN, or a mask without nodata', async () => {
    const [source, destination] = [
      await write([Float32Array.from(chequered)], { dtype: 'float32' }),
      newPath(),
    ];
    const report = await warpFile({ source, destination, grid: around, ...cpu });
    expect(report).toMatchObject({ nodata: Number.NaN, mask: false });
    const masked = await warpFile({ source, destination, grid: around, nodata: null, ...cpu });
    expect(masked).toMatchObject({ nodata: null, mask: true, validPixels: [COUNT] });
    expect((await look(destination)).valid).toEqual([COUNT]);
  });

  it('a mask of the source becomes a mask of the result', async () => {
    const mask = Uint8Array.from(chequered, (_, i) => (i < 600 ? 0 : 1));
    const [source, destination] = [await write([chequered], {}, mask), newPath()];
    const report = await warpFile({ source, destination, grid: { like: source }, ...cpu });
    expect(report).toMatchObject({ nodata: null, mask: true, validPixels: [COUNT - 600] });
    expect((await look(destination)).mask).toEqual(mask.map((value) => 255 * value));
  });
});

describe('a nodata value', () => {
  it.each([
    ['uint8', 300],
    ['uint8', -1],
    ['uint8', Number.NaN],
    ['int16', 40000],
    ['uint16', 0.5],
    ['float32', 1e39],
  ] as const)('of %s cannot be %d', async (dtype, nodata) => {
    const source = await write([new Uint8Array(COUNT)]);
    const sentence = new RegExp(`nodata cannot be ${String(nodata).replace('+', '\\+')} in ${dtype}; give a`);
    const destination = newPath();
    const grid = { like: source };
    await expect(warpFile({ source, destination, grid, dtype, nodata, ...cpu })).rejects.toThrow(sentence);
    const bands = [{ name: 'A', path: source }];
    await expect(
      calculate({ expressions: ['A'], bands, destination, dtype, nodata, ...cpu }),
    ).rejects.toThrow(sentence);
    await expect(write([new Float32Array(COUNT)], { dtype, nodata })).rejects.toThrow(sentence);
  });

  it('is ignored when the type of the source or result cannot hold it', async () => {
    const values = Int16Array.from({ length: COUNT }, (_, i) => (i < 100 ? -9999 : i % 256));
    const [source, destination] = [await write([values], { dtype: 'int16', nodata: -9999 }), newPath()];
    const report = await warpFile({ source, destination, grid: { like: source }, dtype: 'uint8', ...cpu });
    expect(report).toMatchObject({ nodata: null, mask: true, validPixels: [COUNT - 100] });
  });

  it('is never produced by clamping or interpolation', async () => {
    const values = Int16Array.from({ length: COUNT }, (_, i) => (i % 2 === 0 ? 300 : -9999));
    const [source, destination] = [await write([values], { dtype: 'int16', nodata: -9999 }), newPath()];
    const grid = { like: source };
    await warpFile({ source, destination, grid, dtype: 'uint8', nodata: 255, ...cpu });
    const { planes, valid } = await look(destination);
    expect(valid).toEqual([COUNT / 2]);
    expect(counted(planes[0], 254)).toBe(COUNT / 2);
    // Half a pixel on, 0 and 2 give 1, which is nodata, and becomes 0 as in GDAL.
    const ramp = Uint8Array.from({ length: COUNT }, (_, i) => (i % 2 === 0 ? 0 : 2));
    const odd = await write([ramp], { nodata: 1 });
    const half = { crs: 32632, bounds: [500005, 5499600, 500395, 5500000], size: [39, 40] } as const;
    const report = await warpFile({ source: odd, destination, grid: half, resampling: 'bilinear', ...cpu });
    expect(report).toMatchObject({ nodata: 1, mask: false, validPixels: [39 * 40] });
    expect([...(await look(destination)).planes[0]]).toEqual(new Array(39 * 40).fill(0));
  });
});

describe('pictures with an alpha band', () => {
  const left = (i: number): boolean => i % 40 < 20;
  const alpha = Uint8Array.from({ length: COUNT }, (_, i) => (left(i) ? 255 : 0));
  /** White where it is transparent. */
  const colour = Uint8Array.from({ length: COUNT }, (_, i) => (left(i) ? 100 : 255));
  const bands = [colour, colour, colour, alpha];
  const RGBA = [...RGB, 'alpha'];
  const options = {
    colourInterpretations: RGBA,
    descriptions: ['R', 'G', 'B', 'opacity'],
    metadata: { ACQUIRED: '2024-05-01 <noon>', STATISTICS_MEAN: '1' },
    bandMetadata: [{ WAVELENGTH: '665' }],
  };

  it('stay RGBA: alpha is 0 outside and where the source has 0', async () => {
    const [source, destination] = [await write(bands, options), newPath()];
    const report = await warpFile({ source, destination, grid: around, ...cpu });
    expect(report).toMatchObject({ nodata: null, mask: false, validPixels: [800, 800, 800, 800] });
    const { planes, colours, raster } = await look(destination);
    expect(colours).toEqual(RGBA);
    expect(raster.mask).toBe('alpha');
    expect([counted(planes[3], 255), counted(planes[3], 0)]).toEqual([800, 2800]);
    expect(counted(planes[0], 100)).toBe(800);
    expect(raster.bands.map((band) => band.description)).toEqual(['R', 'G', 'B', 'opacity']);
    expect(raster.metadata['']).toMatchObject({ ACQUIRED: '2024-05-01 <noon>' });
    expect(raster.metadata['']).not.toHaveProperty('STATISTICS_MEAN');
    expect(raster.bands[0].metadata['']).toEqual({ WAVELENGTH: '665' });
  });

  it.each(['bilinear', 'cubic', 'lanczos', 'average'] as const)(
    'have no colour of transparent pixels in them by %s, nor in overviews',
    async (resampling) => {
      const [source, destination] = [await write(bands, options), newPath()];
      const grid = { crs: 32632, bounds: [499997, 5499597, 500397, 5499997], size: [160, 160] } as const;
      const overviews = { overviews: 'average' as const };
      await warpFile({ source, destination, grid, resampling, ...overviews, ...cpu });
      const { planes } = await look(destination);
      expect(new Set(planes[3])).toEqual(new Set([0, 255]));
      expect(planes[0]).toEqual(planes[3].map((value) => (value === 255 ? 100 : 0)));
      const path = await write(bands, { ...options, blockSize: 16, overviews: 'average' });
      const raster = await openRaster(path);
      for (const level of [1, 2]) {
        const [red, , , opacity] = await raster.readPlanes({ level });
        expect(red).toEqual(opacity.map((value) => (value === 0 ? 0 : 100)));
      }
      await raster.close();
    },
  );

  it('with a nodata value keep both: alpha has no nodata', async () => {
    const [source, destination] = [await write(bands, { ...options, nodata: 255 }), newPath()];
    const report = await warpFile({ source, destination, grid: around, ...cpu });
    expect(report).toMatchObject({ nodata: 255, mask: false, validPixels: [800, 800, 800, 800] });
    const { planes } = await look(destination);
    expect([counted(planes[3], 255), counted(planes[3], 0)]).toEqual([800, 2800]);
    expect([counted(planes[0], 100), counted(planes[0], 255)]).toEqual([800, 2800]);
  });

  it('give a mask when the alpha band is left out, and bands by colour name in another order', async () => {
    const [source, destination] = [await write(bands, options), newPath()];
    const report = await warpFile({ source, destination, grid: around, bands: [3, 2], ...cpu });
    expect(report).toMatchObject({ nodata: null, mask: true, validPixels: [800, 800] });
    expect((await look(destination)).colours).toEqual(['blue', 'green']);
  });

  it('keep the alpha band as values for calc', async () => {
    const [path, destination] = [await write(bands, options), newPath()];
    const band = { name: 'A', path, band: 4 };
    const report = await calculate({ expressions: ['A + 1'], bands: [band], destination, ...cpu });
    expect(report.validPixels).toEqual([COUNT]);
  });
});

describe('pixels hidden by a mask or an alpha band', async () => {
  const data = (i: number): boolean => i % 40 >= 10;
  const visible = Uint8Array.from({ length: COUNT }, (_, i) => (data(i) ? 255 : 0));
  const values = Uint16Array.from({ length: COUNT }, (_, i) => (data(i) ? 10 + (i % 50) : 60000));
  const shown = values.filter((_, i) => data(i));
  const named = { dtype: 'uint16', colourInterpretations: ['gray', 'alpha'] } as const;
  const sources = [
    ['a mask', await write([values], { dtype: 'uint16' }, visible)],
    ['an alpha band', await write([values, Uint16Array.from(visible)], named)],
    ['nodata', await write([values], { dtype: 'uint16', nodata: 60000 })],
  ] as const;

  it.each(sources)('%s: polygonize leaves them out', async (_, source) => {
    const same = await write([Uint8Array.from({ length: COUNT }, () => 3)], {}, visible);
    const destination = join(folder, 'areas.geojson');
    const ones = await polygonizeFile({ source: same, destination });
    expect(ones.values).toEqual([{ value: 3, areas: 1, km2: expect.closeTo(0.12, 3) }]);
    const found = await polygonizeFile({ source, destination, values: [60000] });
    expect(found.areas).toBe(0);
  });

  it.each(sources)(
    '%s: a picture is stretched over the others, and is transparent there',
    async (_, source) => {
      const target = join(folder, 'picture.png');
      const report = await drawRaster(source, target, { percentiles: [0, 100], plain: true });
      expect(report.stretch).toEqual([[10, 59]]);
      const { data: pixels } = decode(await readFile(target));
      expect(Array.from({ length: COUNT }, (_value, i) => pixels[4 * i + 3])).toEqual([...visible]);
    },
  );

  it.each(sources)('%s: statistics leave them out', async (_, source) => {
    const { bands } = await describeRaster(source, { checksum: true });
    const mean = shown.reduce((sum, value) => sum + value, 0) / shown.length;
    expect(bands[0]).toMatchObject({ min: 10, max: 59, mean: expect.closeTo(mean, 9) });
  });

  it.each(sources)('%s: unit checks leave them out', async (_, source) => {
    const raster = await openRaster(source);
    await requirePlausible(raster, raster.bands[0], 'display_8bit', 'red');
    await expect(
      requirePlausible(raster, { ...raster.bands[0], scale: 10 }, 'display_8bit', 'red'),
    ).rejects.toThrow(/its values go from 100 to 590/);
    await raster.close();
  });
});
