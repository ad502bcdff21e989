import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { Affine, Crs, GeoBox, transformBounds } from '../../src/geo/node/index.js';
import { parseResampling } from '../../src/kernels/index.js';
import type { OnProgress } from '../../src/progress.js';
import { openRaster, toStored, UsedValues, writeCog } from '../../src/raster/node/index.js';
import { describeRaster, drawRaster, warpFile } from '../../src/workflow/index.js';
import { temporaryFolder } from '../support/files.js';

const folder = await temporaryFolder();
const geobox = new GeoBox(32632, new Affine(10, 0, 300000, 0, -10, 5000000), 60, 40);
const cpu = { backend: 'cpu', threads: 0 } as const;

describe('toStored', () => {
  it('rounds half up and clamps, as GDAL does', () => {
    // GDAL 3.6.2: 0.5 → 1, −0.5 → 0, −1.5 → −1 for integers.
    const { stored, validCount } = toStored(Float32Array.of(0.5, -0.5, -1.5, 1e9, -1e9, NaN), 'int16', -999);
    expect([...stored]).toEqual([1, 0, -1, 32767, -32768, -999]);
    expect(validCount).toBe(5);
  });

  it('moves data off the nodata value', () => {
    expect([...toStored(Float32Array.of(5, 5.4, 4), 'uint8', 5).stored]).toEqual([4, 4, 4]);
    expect([...toStored(Float32Array.of(0), 'uint8', 0).stored]).toEqual([1]);
  });

  it('keeps nearest values, and counts those equal to nodata as collisions', () => {
    // GDAL 3.6.2 and 3.10.3, -r near -dstnodata -1: a label of −1, 0 and 1 keeps its classes.
    const { stored, validCount, collisions } = toStored(Float32Array.of(-1, 0, 1, NaN), 'int16', -1, false);
    expect([...stored]).toEqual([-1, 0, 1, -1]);
    expect([validCount, collisions]).toEqual([2, 1]);
    expect(toStored(Float32Array.of(0.1, 0, NaN), 'float32', 0.1, false)).toMatchObject({
      validCount: 1,
      collisions: 1,
    });
    expect(toStored(Float32Array.of(5, 5.4, 4), 'uint8', 5)).toMatchObject({ validCount: 3, collisions: 0 });
  });

  it('keeps floats as they are', () => {
    const values = Float32Array.of(1.5, NaN);
    expect(toStored(values, 'float32', Number.NaN).stored).toBe(values);
    expect([...toStored(values, 'float64', -9999).stored]).toEqual([1.5, -9999]);
  });

  it('moves values off nodata that rounding or clamping made equal to it, also by nearest', () => {
    const result = toStored(Float32Array.of(300, 255, 254.6, NaN), 'uint8', 255, false);
    expect([...result.stored]).toEqual([254, 255, 254, 255]);
    expect(result).toMatchObject({ validCount: 2, collisions: 1 });
  });

  it('moves interpolated floats off nodata, beyond the tolerance of readers', () => {
    const { stored, collisions } = toStored(Float32Array.of(-9999, 1, NaN), 'float32', -9999);
    expect(collisions).toBe(0);
    expect(stored[0]).toBeGreaterThan(-9999);
    // GDAL treats floats as equal that differ by less than 2^-22 of their sum.
    expect(stored[0] + 9999).toBeGreaterThan(2 ** -22 * 2 * 9999);
    expect([...stored.subarray(1)]).toEqual([1, -9999]);
    expect(toStored(Float32Array.of(0), 'float32', 0).stored[0]).toBeGreaterThan(0);
  });

  it('without a nodata value writes 0 into gaps of integers, and keeps every value', () => {
    const { stored, validCount } = toStored(Float32Array.of(0, 255, NaN), 'uint8', null);
    expect([...stored]).toEqual([0, 255, 0]);
    expect(validCount).toBe(2);
  });
});

describe('UsedValues', () => {
  it.each([
    ['uint8', [], 255],
    ['uint8', [255, 0], 254],
    ['uint16', [65535, 65534, 3], 0],
    ['uint16', [65535, 65534, 0], 65533],
    ['int16', [-32768, 5], 32767],
    ['int8', [-128, 127, -127], -126],
    ['int32', [-2147483648], 2147483647],
    ['uint32', [4294967295], 0],
  ] as const)('of %s finds one besides %j', (dtype, used, expected) => {
    const values = new UsedValues(dtype);
    for (const value of used) values.add(value);
    expect(values.free()).toBe(expected);
  });

  it('reports when no value is unused', () => {
    const values = new UsedValues('uint8');
    for (let value = 0; value < 256; value++) values.add(value);
    expect(() => values.free()).toThrow(/dtype cannot be uint8: its values occur/);
  });
});

describe('warpFile', async () => {
  const source = join(folder, 'source.tif');
  const values = Int16Array.from({ length: 2400 }, (_, i) => (i % 60 < 3 ? -9999 : i));
  await writeCog(source, [values, values.map((v) => (v === -9999 ? v : v + 1))], {
    geobox,
    bands: 2,
    dtype: 'int16',
    nodata: -9999,
    scales: [0.1, 1],
    descriptions: ['first', ''],
  });

  it('by nearest keeps every value, for any nodata value', async () => {
    const destination = join(folder, 'picked.tif');
    const warnings: string[] = [];
    const onProgress: OnProgress = (event) => {
      if (event.type === 'warning') warnings.push(event.message);
    };
    await warpFile({ source, destination, grid: { like: source }, nodata: 100, onProgress, ...cpu });
    expect(warnings).toEqual([
      expect.stringMatching(
        /^2 valid pixels are equal to the nodata value 100 and became gaps; choose another `nodata`/,
      ),
    ]);
    const raster = await openRaster(destination);
    const [first] = await raster.readPlanes({ bands: [1] });
    expect([...first]).toEqual([...values].map((v) => (v === -9999 ? 100 : v)));
    await raster.close();
  });

  it('keeps integers that float32 cannot hold', async () => {
    const [large, destination] = [join(folder, 'large.tif'), join(folder, 'large-warped.tif')];
    const seconds = Float64Array.from({ length: 2400 }, (_, i) => 1_700_000_001 + i / 4);
    const numbers = Int32Array.from({ length: 2400 }, (_, i) =>
      i % 3 === 0 ? -(2 ** 31) + 1 : 20_210_715 + i,
    );
    const ids = Uint32Array.from(numbers, (value) => (value < 0 ? 9 : 4_000_000_000 + value));
    for (const [dtype, values, nodata] of [
      ['int32', numbers, -(2 ** 31) + 1],
      ['uint32', ids, 9],
      ['float64', seconds, -1.7976931348623157e308],
    ] as const) {
      await writeCog(large, [values], { geobox, bands: 1, dtype, nodata });
      const report = await warpFile({ source: large, destination, grid: { like: large }, ...cpu });
      expect(report).toMatchObject({ dtype, nodata });
      expect(report.validPixels).toEqual([values.filter((value) => value !== nodata).length]);
      const raster = await openRaster(destination);
      expect((await raster.readPlanes())[0]).toEqual(values);
      await raster.close();
    }
    // The grid of one source pixel in the middle of nine, by values from the first to the ninth.
    const [x, y] = geobox.transform.apply(0, 0);
    const [right, bottom] = geobox.transform.apply(3, 3);
    const grid = { crs: geobox.crs, bounds: [x, bottom, right, y], size: [1, 1] } as const;
    const nine = [0, 1, 2].flatMap((row) => [
      ...seconds.subarray(row * geobox.width, row * geobox.width + 3),
    ]);
    const wanted = { nearest: nine[4], min: nine[0], max: nine[8], med: nine[4], q1: nine[2], q3: nine[6] };
    for (const [resampling, value] of Object.entries(wanted)) {
      const options = { source: large, destination, grid, ...cpu };
      await warpFile({ ...options, resampling: parseResampling(resampling) });
      const raster = await openRaster(destination);
      expect([resampling, ...(await raster.readPlanes())[0]]).toEqual([resampling, value]);
      await raster.close();
    }
  });

  it('interpolates float64 with an error relative to differences, not to magnitudes', async () => {
    const [large, destination] = [join(folder, 'large.tif'), join(folder, 'large-warped.tif')];
    const columns = Float64Array.from({ length: 2400 }, (_, i) => 5e9 + 0.25 * (i % geobox.width));
    await writeCog(large, [columns], { geobox, bands: 1, dtype: 'float64' });
    const [x, y] = geobox.transform.apply(4, 4);
    const [right, bottom] = geobox.transform.apply(8, 6);
    const grid = { crs: geobox.crs, bounds: [x, bottom, right, y], size: [2, 1] } as const;
    for (const resampling of ['bilinear', 'cubic', 'average'] as const) {
      await warpFile({ source: large, destination, grid, resampling, ...cpu });
      const raster = await openRaster(destination);
      const [plane] = await raster.readPlanes();
      // Means of columns 4 and 5, and of 6 and 7.
      expect(plane[0] - 5e9).toBeCloseTo(0.25 * 4.5, 4);
      expect(plane[1] - 5e9).toBeCloseTo(0.25 * 6.5, 4);
      await raster.close();
    }
  });

  it('onto the same grid by nearest changes nothing', async () => {
    const destination = join(folder, 'same.tif');
    const report = await warpFile({ source, destination, grid: { like: source }, ...cpu });
    expect(report).toMatchObject({ width: 60, height: 40, dtype: 'int16', nodata: -9999, crs: 'EPSG:32632' });
    expect(report.validPixels).toEqual([57 * 40, 57 * 40]);
    const raster = await openRaster(destination);
    const [first, second] = await raster.readPlanes();
    expect(first).toEqual(values);
    expect(second[100]).toBe(values[100] + 1);
    expect(raster.bands[0]).toMatchObject({ nodata: -9999, scale: 0.1, description: 'first' });
    await raster.close();
  });

  it('accepts bounds with a size or resolution, bands, and a dtype', async () => {
    const destination = join(folder, 'part.tif');
    const grid = { crs: 32632, bounds: [300100, 4999700, 300300, 4999900] as const, size: [40, 40] as const };
    await warpFile({
      source,
      destination,
      grid,
      bands: [2],
      dtype: 'float32',
      resampling: 'bilinear',
      ...cpu,
    });
    const raster = await openRaster(destination);
    expect(raster.transform?.toTuple()).toEqual([5, 0, 300100, 0, -5, 4999900]);
    expect(raster.bands).toHaveLength(1);
    expect(raster.bands[0].nodata).toBe(-9999);
    await raster.close();
    const snapped = await warpFile({
      source,
      destination,
      grid: { crs: 32632, bounds: [300101, 4999701, 300299, 4999899], resolution: 20 },
      ...cpu,
    });
    expect([snapped.width, snapped.height]).toEqual([10, 10]);
  });

  it('warns of a missing datum grid', async () => {
    const warnings: string[] = [];
    const destination = join(folder, 'osgb.tif');
    await warpFile({
      source,
      destination,
      grid: {
        crs: 27700,
        bounds: transformBounds(geobox.bounds, geobox.crs, Crs.parse(27700)),
        size: [5, 5],
      },
      onProgress: (event) => {
        if (event.type === 'warning') warnings.push(event.message);
      },
      ...cpu,
    });
    expect(warnings).toEqual([expect.stringMatching(/EPSG:27700.*OSTN15.*2 m/)]);
  });

  it('refuses a grid outside the source, with the bounds of both', async () => {
    const destination = join(folder, 'elsewhere.tif');
    const warp = (crs: number, bounds: readonly [number, number, number, number]): Promise<unknown> =>
      warpFile({ source, destination, grid: { crs, bounds, size: [10, 10] }, ...cpu });
    // By pyproj the source is at 6.4569 to 6.4647, 45.1216 to 45.1253.
    const where =
      'source\\.tif does not overlap the grid: it lies at longitude 6\\.4569 to 6\\.4647, latitude 45\\.1216 to 45\\.1253, ';
    await expect(warp(4326, [100, 0, 101, 1])).rejects.toThrow(
      new RegExp(
        `${where}the grid at longitude 100 to 101, latitude 0 to 1; check that both show the same place`,
      ),
    );
    await expect(warp(4326, [45.122, 6.458, 45.124, 6.46])).rejects.toThrow(
      new RegExp(`${where}.*longitude and latitude seem to be swapped`),
    );
    await expect(warp(32650, [300000, 4999600, 300600, 5000000])).rejects.toThrow(
      /the grid at longitude 114/,
    );
    expect(await readdir(folder)).not.toContain('elsewhere.tif');
  });

  it('leaves nothing behind after a failure', async () => {
    const before = await readdir(folder);
    const grid = { crs: 32632, bounds: [300000, 4999600, 300600, 5000000] as const, resolution: 10 };
    const broken = join(folder, 'broken.tif');
    const attempts: [Parameters<typeof warpFile>[0], RegExp][] = [
      [{ source: join(folder, 'none.tif'), destination: broken, grid }, /none\.tif does not exist/],
      [{ source, destination: join(folder, 'no', 'x.tif'), grid }, /cannot be written/],
      [{ source, destination: broken, grid, bands: [3] }, /^bands cannot be 3; choose one of 1 to 2/],
      [
        { source, destination: broken, grid: { ...grid, resolution: 0.001 } },
        /larger than the limit of 500000000 pixels/,
      ],
      [
        { source: 'test/fixtures/geotiff/no-crs-uint8.tif', destination: broken, grid },
        /no coordinate reference system/,
      ],
      [{ source, destination: broken, grid, signal: AbortSignal.abort(new Error('enough')) }, /enough/],
    ];
    for (const [options, message] of attempts)
      await expect(warpFile({ ...options, ...cpu })).rejects.toThrow(message);
    expect(await readdir(folder)).toEqual(before);
  });
});

describe('describeRaster', () => {
  it('reads only headers, unless pixels are requested', async () => {
    const report = await describeRaster('test/fixtures/geotiff/scaled-uint16.tif');
    expect(report).toMatchObject({
      width: 12,
      height: 10,
      transform: [10, 0, 300000, 0, -10, 5000000],
      crs: { epsg: 32632 },
      compression: 'none',
      predictor: 1,
      overviews: [],
    });
    expect(report.bands[0]).toMatchObject({
      dtype: 'uint16',
      nodata: 65535,
      scale: 0.0001,
      sha256: null,
      mean: null,
    });
  });

  it("gives GDAL's checksum", async () => {
    const truth = JSON.parse(await readFile('test/fixtures/geotiff/truth.json', 'utf8'));
    for (const name of ['strips-deflate-float32-p3', 'pixel-interleaved-uint16-p2', 'overviews-uint8']) {
      const report = await describeRaster(`test/fixtures/geotiff/${name}.tif`, { checksum: true });
      expect(report.bands.map((band) => band.sha256)).toEqual(
        truth[name].bands.map((band: { sha256: string }) => band.sha256),
      );
      expect(report.bands[0].min).toBeLessThan(report.bands[0].max ?? -Infinity);
    }
  });

  it('writes nodata that JSON cannot represent as a string', async () => {
    const path = join(folder, 'nan.tif');
    await writeCog(path, [new Float32Array(2400)], {
      geobox,
      bands: 1,
      dtype: 'float32',
      nodata: Number.NaN,
    });
    expect((await describeRaster(path)).bands[0].nodata).toBe('nan');
  });
});

describe('drawRaster', () => {
  it('stretches between percentiles, and makes gaps transparent', async () => {
    const path = join(folder, 'ramp.tif');
    const ramp = Float32Array.from({ length: 2400 }, (_, i) => (i < 60 ? Number.NaN : i % 60));
    await writeCog(path, [ramp], { geobox, bands: 1, dtype: 'float32', nodata: Number.NaN });
    const target = join(folder, 'ramp.png');
    const report = await drawRaster(path, target, { size: 60, percentiles: [0, 100], plain: true });
    expect(report).toMatchObject({ width: 60, height: 40, stretch: [[0, 59]] });
    const { data, channels } = decode(await readFile(target));
    expect(channels).toBe(4);
    expect([...data.slice(0, 4)][3]).toBe(0);
    const at = (x: number, y: number): number[] => [...data.slice(4 * (60 * y + x), 4 * (60 * y + x) + 4)];
    expect(at(0, 5)).toEqual([0, 0, 0, 255]);
    expect(at(59, 5)).toEqual([255, 255, 255, 255]);
    expect(at(30, 20)[0]).toBe(Math.round((255 * 30) / 59));
  });

  it('uses a palette', async () => {
    const path = join(folder, 'classes.tif');
    const classes = Uint8Array.from({ length: 2400 }, (_, i) => [0, 1, 255][i % 3]);
    await writeCog(path, [classes], {
      geobox,
      bands: 1,
      dtype: 'uint8',
      nodata: 255,
      colourTable: [
        [10, 20, 30],
        [40, 50, 60],
      ],
    });
    const target = join(folder, 'classes.png');
    await drawRaster(path, target, { size: 60, plain: true });
    const { data } = decode(await readFile(target));
    expect([...data.slice(0, 12)]).toEqual([10, 20, 30, 255, 40, 50, 60, 255, 0, 0, 0, 0]);
  });

  it('reduces an image without overviews', async () => {
    const target = join(folder, 'small.png');
    const report = await drawRaster('test/fixtures/geotiff/strips-none-uint8.tif', target, {
      size: 20,
      plain: true,
    });
    expect([report.width, report.height]).toEqual([20, 14]);
  });

  it.each([
    [{ size: 0 }, /^size cannot be 0/],
    [{ bands: [1, 1] }, /^bands names 2 bands/],
    [{ percentiles: [50, 50] as const }, /^percentiles cannot be 50 and 50/],
  ])('refuses %o', async (options, message) => {
    await expect(
      drawRaster('test/fixtures/geotiff/strips-none-uint8.tif', join(folder, 'x.png'), options),
    ).rejects.toThrow(message);
  });
});
