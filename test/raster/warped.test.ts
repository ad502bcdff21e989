import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Affine, GeoBox, type RowRange } from '../../src/geo/node/index.js';
import type { Backend } from '../../src/gpu/index.js';
import {
  checkPlausible,
  openRaster,
  type Raster,
  unitConversion,
  WarpedRaster,
  writeCog,
} from '../../src/raster/node/index.js';
import { describeBackends } from '../support/backends.js';
import { temporaryFolder } from '../support/files.js';
import { randomValues } from '../support/random.js';
import { buildTiff, double, short } from '../support/tiff-builder.js';
import { referenceWarp } from '../support/warp-reference.js';

const folder = await temporaryFolder();
const from = new GeoBox(32631, new Affine(10, 0, 690000, 0, -10, 5003000), 1500, 1300);
const to = new GeoBox(32632, new Affine(10, 0, 216000, 0, -10, 5004000), 1400, 1350);
const bands = [randomValues(1, 1500 * 1300, -20, 0, 0.02), randomValues(2, 1500 * 1300, -30, -10)];
const path = join(folder, 'source.tif');
await writeCog(path, bands, {
  geobox: from,
  bands: 2,
  dtype: 'float32',
  blockSize: 128,
  compression: 'none',
  overviews: 'none',
});

/** Rows of one band, warped in strips of the given sizes. */
async function inStrips(
  backend: Backend,
  raster: Raster,
  strips: RowRange[],
): Promise<{ values: Float32Array; warped: WarpedRaster }> {
  const warped = new WarpedRaster(backend, raster, { geobox: to, resampling: 'bilinear', bands: [1] });
  const values = new Float32Array(to.width * to.height);
  for (const strip of strips) {
    const plane = backend.allocate([strip.end - strip.start, to.width], 'float32');
    await warped.readRows(strip, [plane], strip.start);
    values.set((await backend.download(plane)) as Float32Array, strip.start * to.width);
    plane.dispose();
  }
  return { values, warped };
}

function stripsOf(sizes: number[]): RowRange[] {
  const strips: RowRange[] = [];
  for (let start = 0, k = 0; start < to.height; k++) {
    const end = Math.min(to.height, start + sizes[k % sizes.length]);
    strips.push({ start, end });
    start = end;
  }
  return strips;
}

describeBackends('WarpedRaster', (backend) => {
  it('gives the same bytes for any strips, equal to the reference', async () => {
    const raster = await openRaster(path);
    const whole = await inStrips(backend(), raster, stripsOf([to.height]));
    const pieces = await inStrips(backend(), raster, stripsOf([256, 48, 208, 333, 1]));
    expect(Buffer.compare(Buffer.from(pieces.values.buffer), Buffer.from(whole.values.buffer))).toBe(0);
    expect(pieces.warped.counters.warpedPixels).toBe(to.pixelCount);
    // Every 37th row: a row of 370 m has its centres on the row of 10 m in its middle.
    const sparse = new GeoBox(32632, new Affine(10, 0, 216000, 0, -370, 5004000), to.width, 36);
    const reference = referenceWarp(bands[0], from, sparse, 'bilinear').values;
    let compared = 0;
    let largest = 0;
    for (const [k, expected] of reference.entries()) {
      const row = 37 * Math.floor(k / to.width) + 18;
      const difference = Math.abs(whole.values[row * to.width + (k % to.width)] - expected);
      if (Number.isNaN(difference)) continue;
      largest = Math.max(largest, difference);
      compared++;
    }
    expect(largest).toBeLessThan(0.01);
    expect(compared).toBeGreaterThan(10_000);
    await raster.close();
  });

  it('warps several bands at once', async () => {
    const raster = await openRaster(path);
    const warped = new WarpedRaster(backend(), raster, { geobox: to, resampling: 'nearest', bands: [2, 1] });
    const rows = { start: 600, end: 610 };
    const planes = [0, 1].map(() => backend().allocate([10, to.width], 'float32'));
    await warped.readRows(rows, planes, rows.start);
    const part = new GeoBox(32632, new Affine(10, 0, 216000, 0, -10, 5004000 - 6000), to.width, 10);
    const reference = referenceWarp(bands[1], from, part, 'nearest').values;
    const result = await backend().download(planes[0]);
    let same = 0;
    for (let k = 0; k < result.length; k++) if (Object.is(result[k], Math.fround(reference[k]))) same++;
    expect(same / result.length).toBeGreaterThan(0.999);
    for (const plane of planes) plane.dispose();
    await raster.close();
  });

  it('is NaN outside the source', async () => {
    const raster = await openRaster(path);
    const far = new GeoBox(32632, new Affine(10, 0, 600000, 0, -10, 6000000), 300, 20);
    const warped = new WarpedRaster(backend(), raster, { geobox: far, resampling: 'nearest', bands: [1] });
    const plane = backend().allocate([20, 300], 'float32');
    await warped.readRows({ start: 0, end: 20 }, [plane], 0);
    const values = (await backend().download(plane)) as Float32Array;
    expect(values.every(Number.isNaN)).toBe(true);
    expect(warped.counters.sourcePixelsRead).toBe(0);
    plane.dispose();
    await raster.close();
  });

  it('compares nodata with stored values, then applies scale and offset', async () => {
    const box = new GeoBox(32632, new Affine(10, 0, 0, 0, -10, 0), 4, 1);
    const scaled = join(folder, `scaled-${backend().info.kind}.tif`);
    await writeCog(scaled, [Uint16Array.of(0, 10, 20, 30)], {
      geobox: box,
      bands: 1,
      dtype: 'uint16',
      nodata: 0,
      scales: [0.5],
      offsets: [100],
    });
    const raster = await openRaster(scaled);
    const plane = backend().allocate([1, 4], 'float32');
    const read = async (unscale: boolean): Promise<Float32Array> => {
      const warped = new WarpedRaster(backend(), raster, { geobox: box, resampling: 'nearest', unscale });
      await warped.readRows({ start: 0, end: 1 }, [plane], 0);
      return (await backend().download(plane)) as Float32Array;
    };
    expect(await read(true)).toBeCloseToArray([NaN, 105, 110, 115]);
    expect(await read(false)).toBeCloseToArray([NaN, 10, 20, 30]);
    plane.dispose();
    await raster.close();
  });

  it.each([
    ['lanczos', 'off'],
    ['cubic', 0.3],
    ['average', 'off'],
    ['med', 'off'],
    ['sum', 'off'],
  ] as const)('%s with antialias %s gives the same bytes for any strips', async (resampling, antialias) => {
    const raster = await openRaster(path);
    const coarse = new GeoBox(32632, new Affine(34, 0, 217000, 0, -34, 5003500), 390, 370);
    const read = async (sizes: number[]): Promise<Float32Array> => {
      const options = { geobox: coarse, resampling, antialias, bands: [1] };
      const warped = new WarpedRaster(backend(), raster, options);
      const values = new Float32Array(coarse.pixelCount);
      for (let start = 0, k = 0; start < coarse.height; k++) {
        const end = Math.min(coarse.height, start + sizes[k % sizes.length]);
        const plane = backend().allocate([end - start, coarse.width], 'float32');
        await warped.readRows({ start, end }, [plane], start);
        values.set((await backend().download(plane)) as Float32Array, start * coarse.width);
        plane.dispose();
        start = end;
      }
      return values;
    };
    const whole = await read([coarse.height]);
    expect(whole.some(Number.isNaN)).toBe(true);
    expect(whole.filter((v) => !Number.isNaN(v)).length).toBeGreaterThan(100_000);
    const pieces = await read([7, 100, 1, 41]);
    expect(Buffer.compare(Buffer.from(pieces.buffer), Buffer.from(whole.buffer))).toBe(0);
    await raster.close();
  });

  it('antialias gdal widens filters by the scale of the whole grids', async () => {
    const raster = await openRaster(path);
    // Three source pixels per pixel, rotated by the convergence of two UTM zones; and the same size.
    for (const [resolution, scale] of [
      [30, 1 / 3],
      [10, 1],
    ]) {
      const geobox = new GeoBox(32632, new Affine(resolution, 0, 222000, 0, -resolution, 5000000), 60, 40);
      const [a, b] = await Promise.all(
        (['gdal', scale] as const).map(async (antialias) => {
          const warped = new WarpedRaster(backend(), raster, {
            geobox,
            resampling: 'bilinear',
            antialias,
            bands: [1],
          });
          const plane = backend().allocate([40, 60], 'float32');
          await warped.readRows({ start: 0, end: 40 }, [plane], 0);
          const values = (await backend().download(plane)) as Float32Array;
          plane.dispose();
          return values;
        }),
      );
      expect(a.some((v) => !Number.isNaN(v))).toBe(true);
      expect(a).toBeCloseToArray(b);
    }
    await raster.close();
  });

  it('a pixel that covers the source reads it in one window', async () => {
    const raster = await openRaster(path);
    const geobox = new GeoBox(32631, new Affine(15000, 0, 690000, 0, -13000, 5003000), 1, 1);
    for (const [resampling, expected] of [
      ['average', bands[1].reduce((sum, v) => sum + v, 0) / bands[1].length],
      ['max', bands[1].reduce((most, v) => Math.max(most, v), -Infinity)],
    ] as const) {
      const warped = new WarpedRaster(backend(), raster, { geobox, resampling, bands: [2] });
      const plane = backend().allocate([1, 1], 'float32');
      await warped.readRows({ start: 0, end: 1 }, [plane], 0);
      expect((await backend().download(plane))[0]).toBeCloseTo(expected, 4);
      plane.dispose();
    }
    await raster.close();
  });

  it('does not average categories', async () => {
    const box = new GeoBox(32632, new Affine(10, 0, 0, 0, -10, 0), 4, 1);
    const classes = join(folder, `classes-${backend().info.kind}.tif`);
    await writeCog(classes, [Uint8Array.of(1, 1, 3, 0)], {
      geobox: box,
      bands: 1,
      dtype: 'uint8',
      nodata: 0,
      colourTable: [
        [0, 0, 0],
        [9, 9, 9],
      ],
    });
    const raster = await openRaster(classes);
    expect(() => new WarpedRaster(backend(), raster, { geobox: box, resampling: 'average' })).toThrow(
      /resampling cannot be average for .*classes-.*, whose band 1 holds categories .*; use nearest or mode/,
    );
    const half = new GeoBox(32632, new Affine(40, 0, 0, 0, -10, 0), 1, 1);
    const warped = new WarpedRaster(backend(), raster, { geobox: half, resampling: 'mode' });
    const plane = backend().allocate([1, 1], 'float32');
    await warped.readRows({ start: 0, end: 1 }, [plane], 0);
    expect([...(await backend().download(plane))]).toEqual([1]);
    plane.dispose();
    await raster.close();
  });

  it('masked pixels are nodata for every kind of resampling', async () => {
    const box = new GeoBox(32632, new Affine(10, 0, 0, 0, -10, 0), 8, 6);
    const masked = join(folder, `masked-${backend().info.kind}.tif`);
    const mask = Uint8Array.from({ length: 48 }, (_, i) => (i % 5 === 0 ? 0 : 1));
    const values = Int16Array.from({ length: 48 }, (_, i) => i);
    await writeCog(masked, [values], { geobox: box, bands: 1, dtype: 'int16', mask: true }, mask);
    const raster = await openRaster(masked);
    for (const resampling of ['nearest', 'cubic', 'lanczos', 'average', 'min'] as const) {
      const warped = new WarpedRaster(backend(), raster, { geobox: box, resampling });
      const plane = backend().allocate([6, 8], 'float32');
      await warped.readRows({ start: 0, end: 6 }, [plane], 0);
      const expected = Float32Array.from(values, (v, i) => (mask[i] === 0 ? Number.NaN : v));
      // On its own grid every value is unchanged, except by smoothing splines.
      expect(await backend().download(plane), resampling).toBeCloseToArray(expected, 1e-4);
      plane.dispose();
    }
    await raster.close();
  });

  // Counts of pixels with data, and sums of their values, by gdalwarp -et 0 (GDAL 3.6.2).
  it.each([
    [
      '+proj=robin +lon_0=0',
      new Affine(200_000, 0, -17_000_000, 0, -200_000, 8_600_000),
      170,
      86,
      12776,
      413_936_012,
    ],
    [
      '+proj=ortho +lat_0=30 +lon_0=10',
      new Affine(200_000, 0, -7_000_000, 0, -200_000, 7_000_000),
      70,
      70,
      3188,
      77_460_526,
    ],
  ] as const)('gives nodata off the globe of %s', async (map, transform, width, height, count, sum) => {
    const globe = join(folder, `globe-${backend().info.kind}.tif`);
    const box = new GeoBox(4326, new Affine(1, 0, -180, 0, -1, 90), 360, 180);
    const numbers = Float32Array.from({ length: 360 * 180 }, (_, i) => i);
    await writeCog(globe, [numbers], { geobox: box, bands: 1, dtype: 'float32', overviews: 'none' });
    const raster = await openRaster(globe);
    const geobox = new GeoBox(`${map} +datum=WGS84 +units=m +no_defs`, transform, width, height);
    const warped = new WarpedRaster(backend(), raster, { geobox, resampling: 'nearest' });
    const plane = backend().allocate([height, width], 'float32');
    await warped.readRows({ start: 0, end: height }, [plane], 0);
    const valid = [...(await backend().download(plane))].map(Number).filter((value) => !Number.isNaN(value));
    expect(valid.length).toBe(count);
    expect(valid.reduce((total, value) => total + value, 0)).toBe(sum);
    plane.dispose();
    await raster.close();
  });

  it('pixels with alpha 0 are nodata, except in the alpha band', async () => {
    const values = [10, 20, 30, 40, 50];
    const alpha = [255, 0, 255, 255, 0];
    const transparent = join(folder, `alpha-${backend().info.kind}.tif`);
    const pixels = Uint8Array.from(values.flatMap((value, k) => [value, alpha[k]]));
    const fields = {
      258: short(8, 8),
      262: short(1),
      277: short(2),
      338: short(2),
      33550: double(10, 10, 0),
      33922: double(0, 0, 0, 0, 0, 0),
      34735: short(1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, 32632),
    };
    await writeFile(transparent, buildTiff(5, 1, pixels, { fields }));
    const raster = await openRaster(transparent);
    // A quarter of a pixel to the east, so that opaque neighbours contribute.
    const east = new GeoBox(32632, new Affine(10, 0, 2.5, 0, -10, 0), 4, 1);
    const warped = new WarpedRaster(backend(), raster, { geobox: east, resampling: 'bilinear' });
    const planes = [1, 2].map(() => backend().allocate([1, 4], 'float32'));
    await warped.readRows({ start: 0, end: 1 }, planes, 0);
    const [colour, opacity] = await Promise.all(planes.map((plane) => backend().download(plane)));
    expect([...colour]).toEqual([10, Number.NaN, 32.5, 40]);
    expect([...opacity]).toEqual([191.25, 63.75, 255, 191.25]);
    for (const plane of planes) plane.dispose();
    await raster.close();
  });

  it('harmonises Sentinel-2 before it resamples: 0 is nodata, and negative results become 0', async () => {
    const box = new GeoBox(32632, new Affine(10, 0, 0, 0, -10, 0), 4, 1);
    const offset = join(folder, `offset-${backend().info.kind}.tif`);
    await writeCog(offset, [Uint16Array.of(500, 3000, 0, 1700)], { geobox: box, bands: 1, dtype: 'uint16' });
    const raster = await openRaster(offset);
    // Half a pixel to the east: the mean of two neighbours where both have data.
    const shifted = new GeoBox(32632, new Affine(10, 0, 4.99, 0, -10, 0), 4, 1);
    const { source } = unitConversion('dn_offset_1000', 'dn_harmonised', 'x');
    const warped = new WarpedRaster(backend(), raster, {
      geobox: shifted,
      resampling: 'bilinear',
      prepare: source,
    });
    const plane = backend().allocate([1, 4], 'float32');
    await warped.readRows({ start: 0, end: 1 }, [plane], 0);
    // 500 becomes 0 before the mean with 2000: 1000 (0.499 of the way); the mean first would give 750.
    expect(await backend().download(plane)).toBeCloseToArray(
      Float32Array.of(0.499 * 2000, 2000, Number.NaN, 700),
      0.01 * 2000,
    );
    plane.dispose();
    await raster.close();
  });

  it('refuses a raster without a grid, and a missing band', async () => {
    const raster = await openRaster('test/fixtures/geotiff/no-crs-uint8.tif');
    expect(() => new WarpedRaster(backend(), raster, { geobox: to, resampling: 'nearest' })).toThrow(
      /no-crs-uint8\.tif has no coordinate reference system/,
    );
    await raster.close();
    const other = await openRaster(path);
    expect(
      () => new WarpedRaster(backend(), other, { geobox: to, resampling: 'nearest', bands: [3] }),
    ).toThrow(/has no band 3/);
    await other.close();
  });
});

describe('units', () => {
  it('are converted only where a conversion exists', () => {
    expect(unitConversion('dB', 'dB', 'x')).toEqual({ source: null, resampled: null });
    expect(unitConversion('linear_power', 'dB', 'x').resampled).not.toBeNull();
    expect(unitConversion('dn_offset_1000', 'dn_harmonised', 'x').source).not.toBeNull();
    expect(unitConversion('reflectance', 'dn_harmonised', 'x').source).not.toBeNull();
    expect(() => unitConversion('m', 'dB', 'scene.json: DEM')).toThrow(
      /scene\.json: DEM is in m, but dB is wanted/,
    );
  });

  it.each([
    ['linear_power', [0.1, -0.2, 3], /negative values \(down to -0\.2\)/],
    ['dB', [0.01, 0.2, 5], /none of its values is below −1 \(they go from 0\.01 to 5\), as it is with power/],
    ['dB', [0, -0.002, 0.2, 5], /as it is with power/],
    ['reflectance', [3, 2500, 4000], /its median is 2500/],
    ['dn_harmonised', [0.1, 0.3, 0.9], /as of reflectance/],
    ['display_8bit', [0, 128, 300], /go from 0 to 300, beyond 0 to 255/],
    ['m', [1, 20000], /go from 1 to 20000 m/],
    ['class', [1, 2.5], /not whole numbers/],
  ] as const)('%s cannot be %o', (units, values, message) => {
    expect(() => checkPlausible(units, Float64Array.from(values), 'a.tif')).toThrow(message);
  });

  it('accept possible values, gaps included', () => {
    checkPlausible('dB', Float64Array.of(NaN, -20, 3), 'a');
    checkPlausible('linear_power', Float64Array.of(0, 0.3, 20), 'a');
    checkPlausible('reflectance', Float64Array.of(0.1, 0.4, 2.4), 'a');
    checkPlausible('dn_harmonised', Float64Array.of(0, 1, 12000), 'a');
    checkPlausible('display_8bit', Float64Array.of(0, 87, 255), 'a');
    checkPlausible('m', Float64Array.of(-430, 8848), 'a');
    checkPlausible('dB', new Float64Array(0), 'a');
  });
});
