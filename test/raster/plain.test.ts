import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Affine, GeoBox, type PixelWindow } from '../../src/geo/index.js';
import { CpuBackend } from '../../src/gpu/index.js';
import {
  CogWriter,
  createBlockCache,
  openRaster,
  WarpedRaster,
  writeCog,
} from '../../src/raster/node/index.js';
import { temporaryFolder } from '../support/files.js';

const folder = await temporaryFolder();
const TRANSFORM = new Affine(10, 0, 300_000, 0, -10, 5_000_000);
const [WIDTH, HEIGHT] = [150, 110];
const geobox = new GeoBox(32632, TRANSFORM, WIDTH, HEIGHT);
const bands = [1, 2].map((band) =>
  Int16Array.from({ length: WIDTH * HEIGHT }, (_, k) => (k % 11 === 0 ? -5 : band * ((k * 37) % 1000))),
);

/** The values of a window, cut out of the whole band. */
function cut(values: Int16Array, { x, y, width, height }: PixelWindow): number[] {
  return Array.from({ length: width * height }, (_, k) => {
    const [row, column] = [Math.floor(k / width), k % width];
    return values[(y + row) * WIDTH + x + column];
  });
}

const plain = join(folder, 'plain.tif');
const OPTIONS = {
  geobox,
  bands: 2,
  dtype: 'int16',
  nodata: -5,
  scales: [0.5, 0.5],
  blockSize: 64,
  interleave: 'band',
  compression: 'none',
  overviews: 'none',
} as const;
await writeCog(plain, bands, OPTIONS);

describe('tiles without compression', () => {
  it.each([
    { x: 0, y: 0, width: WIDTH, height: HEIGHT },
    { x: 10, y: 70, width: 120, height: 3 },
    { x: 64, y: 60, width: 64, height: 50 },
    { x: 149, y: 109, width: 1, height: 1 },
  ])('are read from the file: $width × $height pixels', async (window) => {
    const cache = createBlockCache();
    await using raster = await openRaster(plain, { cache });
    const planes = await raster.readPlanes({ window });
    expect(planes.map((plane) => [...plane])).toEqual(bands.map((values) => cut(values, window)));
    expect([cache.bytes, cache.counters.blocksDecoded]).toEqual([0, 0]);
    // Whole rows of 64 pixels of two bytes, in each column of tiles and band.
    const columns = Math.floor((window.x + window.width - 1) / 64) - Math.floor(window.x / 64) + 1;
    expect(cache.counters.bytesRead).toBe(2 * columns * window.height * 64 * 2);
  });

  it('are read into arrays of the caller', async () => {
    await using raster = await openRaster(plain);
    const window = { x: 3, y: 5, width: 80, height: 70 };
    const into = [new Int16Array(80 * 70), new Int16Array(new SharedArrayBuffer(2 * 80 * 70))];
    const planes = await raster.readPlanes({ window, into });
    expect(planes.every((plane, k) => plane === into[k])).toBe(true);
    expect(into.map((plane) => [...plane])).toEqual(bands.map((values) => cut(values, window)));
    // Arrays that do not fit are not used.
    const [first] = await raster.readPlanes({ window, bands: [1], into: [new Int16Array(3)] });
    expect([...first]).toEqual(cut(bands[0], window));
  });

  it('are written band by band too, to the same bytes', async () => {
    const path = join(folder, 'by-band.tif');
    await using writer = await CogWriter.create(path, OPTIONS);
    for (const [band, values] of bands.entries()) {
      await writer.writeBand(band, values.subarray(0, 70 * WIDTH));
      await expect(writer.writeBand(1 - band, values)).rejects.toThrow(/cannot add/);
      await writer.writeBand(band, values.subarray(70 * WIDTH));
      if (band === 0) await expect(writer.writeBand(0, values)).rejects.toThrow(/cannot add/);
    }
    await writer.finish();
    expect(await readFile(path)).toEqual(await readFile(plain));
  });

  it('that are missing in the file are refused', async () => {
    const short = join(folder, 'short.tif');
    const bytes = await readFile(plain);
    await writeFile(short, bytes.subarray(0, bytes.length - 5000));
    await using raster = await openRaster(short);
    await expect(raster.readPlanes()).rejects.toThrow(/truncated|damaged|cut short/);
  });
});

describe('a grid of the same pixels', () => {
  it.each(['nearest', 'bilinear', 'cubic'] as const)('gets their values by %s', async (resampling) => {
    using backend = new CpuBackend();
    await using raster = await openRaster(plain);
    const shifted = new GeoBox(32632, TRANSFORM.compose(Affine.translation(20, 9)), 100, 90);
    const warped = new WarpedRaster(backend, raster, { geobox: shifted, resampling });
    const planes = [0, 1].map(() => backend.allocate([40, 100], 'float32'));
    await warped.readRows({ start: 30, end: 70 }, planes, 30);
    expect(warped.counters.warpedPixels).toBe(0);
    const window = { x: 20, y: 39, width: 100, height: 40 };
    for (const [k, plane] of planes.entries()) {
      const expected = cut(bands[k], window).map((value) => (value === -5 ? Number.NaN : value * 0.5));
      expect([...(await backend.download(plane))]).toEqual(expected);
      plane.dispose();
    }
  });

  it('that extends beyond them is warped, to the same values', async () => {
    using backend = new CpuBackend();
    await using raster = await openRaster(plain);
    const wider = new GeoBox(32632, TRANSFORM.compose(Affine.translation(-10, 9)), 100, 90);
    const warped = new WarpedRaster(backend, raster, { geobox: wider, resampling: 'bilinear', bands: [1] });
    const plane = backend.allocate([90, 100], 'float32');
    await warped.readRows({ start: 0, end: 90 }, [plane], 0);
    const inside = cut(bands[0], { x: 0, y: 9, width: 90, height: 90 });
    const expected = Array.from({ length: 9000 }, (_, k) => {
      const [row, column] = [Math.floor(k / 100), k % 100];
      const value = column < 10 ? -5 : inside[row * 90 + column - 10];
      return value === -5 ? Number.NaN : value * 0.5;
    });
    expect(warped.counters.warpedPixels).toBe(9000);
    expect([...(await backend.download(plane))]).toEqual(expected);
    plane.dispose();
  });
});
