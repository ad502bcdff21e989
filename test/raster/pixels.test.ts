import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Affine, GeoBox, type TypedArray } from '../../src/geo/index.js';
import { CpuBackend } from '../../src/gpu/index.js';
import { MemorySource } from '../../src/io/index.js';
import {
  type CogOptions,
  GeoTiffRaster,
  openRaster,
  physicalValues,
  readPixels,
  WarpedRaster,
  writeCog,
} from '../../src/raster/node/index.js';
import { temporaryFolder } from '../support/files.js';
import { seeded } from '../support/random.js';
import { buildTiff, long, short } from '../support/tiff-builder.js';

const folder = await temporaryFolder();
const geobox = new GeoBox(32632, new Affine(10, 0, 300000, 0, -10, 5000000), 24, 10);
const COUNT = 240;
const random = seeded(3);
const some = <T extends TypedArray>(values: T, of: readonly number[]): T => {
  for (let i = 0; i < values.length; i++) values[i] = of[Math.floor(random() * of.length)];
  return values;
};
const mask = Uint8Array.from({ length: COUNT }, () => (random() < 0.3 ? 0 : 1));

const cases: readonly (readonly [string, TypedArray, Partial<CogOptions>, Uint8Array | null])[] = [
  ['nodata', some(new Int16Array(COUNT), [-9999, -9998, 0, 5]), { dtype: 'int16', nodata: -9999 }, null],
  ['NaN', some(new Float32Array(COUNT), [NaN, 0, 5]), { dtype: 'float32' }, null],
  // Equal within GDAL's tolerance.
  [
    'nearly nodata',
    some(new Float32Array(COUNT), [-9999, -9999.001, -9998.9, NaN, Infinity]),
    { dtype: 'float32', nodata: -9999 },
    null,
  ],
  ['float64', some(new Float64Array(COUNT), [NaN, 1e300, 5]), { dtype: 'float64', nodata: 1e300 }, null],
  // Text of 15 digits matches the lowest float32 in files of float64, as in GDAL 3.6.2.
  [
    'float64, nodata of few digits',
    some(new Float64Array(COUNT), [-3.4028234663852886e38, -3.40282e38, 5]),
    { dtype: 'float64', nodata: -3.40282346638529e38 },
    null,
  ],
  ['a mask', some(new Uint8Array(COUNT), [0, 255]), { dtype: 'uint8' }, mask],
  ['a mask and nodata', some(new Uint8Array(COUNT), [0, 7, 255]), { dtype: 'uint8', nodata: 7 }, mask],
];

describe('readPixels', () => {
  it.each(cases)('has the same validity as a warp: %s', async (name, values, options, hidden) => {
    const path = join(folder, `${name}.tif`);
    const settings = { geobox, bands: 1, dtype: 'uint8', mask: hidden !== null, ...options } as const;
    await writeCog(path, [values], { ...settings, scales: [2], offsets: [1] }, hidden);
    const raster = await openRaster(path);
    const backend = new CpuBackend();
    const warped = new WarpedRaster(backend, raster, { geobox, resampling: 'nearest' });
    const plane = backend.allocate([geobox.height, geobox.width], 'float32');
    await warped.readRows({ start: 0, end: geobox.height }, [plane], 0);
    const pixels = await readPixels(raster);
    expect(pixels.planes).toEqual([values]);
    expect(Float32Array.from(physicalValues(pixels, 0, raster.bands[0]))).toEqual(
      await backend.download(plane),
    );
    expect(pixels.valid[0].filter((value) => value === 0).length).toBeGreaterThan(20);
    backend.dispose();
    await raster.close();
  });

  it("prefers given band properties to the file's", async () => {
    const path = join(folder, 'known.tif');
    await writeCog(path, [Uint8Array.from({ length: COUNT }, (_, i) => i)], {
      geobox,
      bands: 1,
      dtype: 'uint8',
      nodata: 3,
    });
    const raster = await openRaster(path);
    const gaps = async (bands: Parameters<typeof readPixels>[1]): Promise<number> =>
      (await readPixels(raster, bands)).valid[0].indexOf(0);
    expect(await gaps({ bands: [1] })).toBe(3);
    expect(await gaps({ bands: [{ index: 1, nodata: 9 }] })).toBe(9);
    expect(await gaps({ bands: [{ index: 1, nodata: null }] })).toBe(-1);
    await raster.close();
  });

  it('uses the full-resolution mask for an overview without a mask', async () => {
    // 8 × 4 pixels of which the left half is hidden, and an overview of half the size.
    const plain = new MemorySource(buildTiff(8, 4, new Uint8Array(32).fill(1), {}));
    const overview = new MemorySource(
      buildTiff(4, 2, new Uint8Array(8).fill(1), { fields: { 254: long(1) } }),
    );
    const bits = new MemorySource(
      buildTiff(8, 4, new Uint8Array(4).fill(0b00001111), { fields: { 258: short(1) } }),
    );
    const raster = await GeoTiffRaster.open(plain, { sidecars: { overviews: overview, mask: bits } });
    expect(raster.overviews).toEqual([[4, 2]]);
    const { valid } = await readPixels(raster, { level: 1 });
    expect([...valid[0]]).toEqual([0, 0, 1, 1, 0, 0, 1, 1]);
    const part = await readPixels(raster, { level: 1, window: { x: 1, y: 1, width: 2, height: 1 } });
    expect([...part.valid[0]]).toEqual([0, 1]);
    await raster.close();
  });
});
