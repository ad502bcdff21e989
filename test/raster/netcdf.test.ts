import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TimeInterval, type TypedArray } from '../../src/geo/node/index.js';
import type { ProgressEvent } from '../../src/progress.js';
import { ArrayRaster, openNetcdf, openRaster } from '../../src/raster/node/index.js';
import { temporaryFolder } from '../support/files.js';
import { type NetcdfVariable, writeNetcdf4 } from '../support/netcdf.js';
import { hashValues, serveFolder, storePath, storeTruth } from '../support/stores.js';

const folder = await temporaryFolder();

describe.each(['records.nc', 'one-record.nc', 'plain.h5'])('%s', (file) => {
  it.each(Object.entries(storeTruth[file]))('%s has the recorded values', async (name, truth) => {
    const group = await openNetcdf(storePath(file));
    const array = await group.array(name);
    expect(array?.shape).toEqual(truth.shape);
    const { data } = (await array?.read()) ?? { data: [] };
    expect(hashValues(data)).toBe(truth.sha256);
    const part = await array?.read([{ start: 1, end: 3 }]);
    const row = data.length / truth.shape[0];
    expect([...(part?.data ?? [])]).toEqual([...data.slice(row, 3 * row)]);
    await group.close();
  });
});

describe('netCDF', () => {
  it('of version 4 opens as a raster with its grid, times and scaling', async () => {
    const group = await openNetcdf(storePath('scene.nc'));
    expect(group.format).toBe('netCDF-4');
    await group.close();
    const raster = await openRaster(storePath('scene.nc'));
    if (!(raster instanceof ArrayRaster)) throw new Error('another class');
    expect(raster.crs?.epsg).toBe(32632);
    expect(raster.transform?.toTuple()).toEqual([10, 0, 300000, 0, -10, 5000000]);
    expect(raster.bands[5]).toMatchObject({
      index: 6,
      dtype: 'int16',
      nodata: -9999,
      scale: 0.0001,
      offset: -0.1,
      description: 'time=2021-07-15T10:30:00.000Z, band=B8A',
    });
    const planes = await raster.readPlanes();
    expect(hashValues(planes.flatMap((plane) => [...plane]))).toBe(storeTruth['scene.nc'].reflectance.sha256);
    await raster.close();
  });

  it('of version 3 opens with records, float32 coordinates and dates', async () => {
    const raster = await openRaster(`${storePath('records.nc')}#level`);
    if (!(raster instanceof ArrayRaster)) throw new Error('another class');
    expect(raster.crs?.epsg).toBe(4326);
    const [a, , c, , e, f] = raster.transform?.toTuple() ?? [];
    expect([a, c, e, f].map((n) => Number((n ?? 0).toFixed(6)))).toEqual([0.1, 4.95, 0.1, 49.95]);
    expect(raster.bandCoordinates(2)).toEqual({ time: TimeInterval.instant(Date.UTC(2000, 1, 29, 12)) });
    expect(raster.bandCoordinates(4)).toEqual({ time: TimeInterval.instant(Date.UTC(2001, 1, 28, 12)) });
    await raster.close();
    await expect(openRaster(storePath('records.nc'))).rejects.toThrow(
      /holds 3 rasters; .*counts, level, rain/,
    );
  });

  it('is read from a web server in version 3, and refused in version 4', async () => {
    const { url } = await serveFolder('test/fixtures/stores');
    const raster = await openRaster(`${url}/one-record.nc`);
    expect(raster.bands).toHaveLength(4);
    await raster.close();
    await expect(openRaster(`${url}/scene.nc`)).rejects.toThrow(/is HDF5 on a web server; download it first/);
  });

  it.each(['records.nc', 'scene.nc'])('%s is refused when it is damaged', async (name) => {
    const bytes = await readFile(storePath(name));
    const path = join(folder, name);
    await writeFile(path, bytes.subarray(0, Math.floor(bytes.length / 3)));
    await expect(openRaster(path)).rejects.toThrow(/get (it|the file) again/);
    await expect(openNetcdf(join(folder, 'absent.nc'))).rejects.toThrow(/does not exist/);
  });
});

describe('missing values', () => {
  let count = 0;
  /** Six values of two rows as a raster. */
  const rasterOf = async (
    data: TypedArray | BigInt64Array,
    attributes: Record<string, string | number | TypedArray | BigInt64Array>,
  ): Promise<{ nodata: number | null; values: number[] }> => {
    const axis = (name: string, values: number[], units: string): [string, NetcdfVariable] => [
      name,
      { data: Float64Array.from(values), dimensions: [name], shape: [values.length], attributes: { units } },
    ];
    const path = await writeNetcdf4(join(folder, `missing-${count++}.nc`), {
      ...Object.fromEntries([axis('y', [50, 49], 'degrees_north'), axis('x', [1, 2, 3], 'degrees_east')]),
      v: { data, dimensions: ['y', 'x'], shape: [2, 3], attributes },
    });
    const raster = await openRaster(`${path}#v`);
    const [plane] = await raster.readPlanes();
    await raster.close();
    return { nodata: raster.bands[0].nodata, values: [...plane] };
  };
  const short = (...values: number[]): Int16Array => Int16Array.from(values);

  // The same values as netCDF4-python masks.
  it('are all values of _FillValue and missing_value', async () => {
    const data = short(-32768, -9999, -1, 0, 5, 900);
    expect(await rasterOf(data, { _FillValue: short(-32768), missing_value: short(-9999, -1) })).toEqual({
      nodata: -32768,
      values: [-32768, -32768, -32768, 0, 5, 900],
    });
    expect(await rasterOf(data, { missing_value: short(-9999) })).toMatchObject({
      nodata: -9999,
      values: [-32768, -9999, -1, 0, 5, 900],
    });
    const floats = Float32Array.of(-9.99, 1e20, 2, 3, 4, 5);
    expect(
      (await rasterOf(floats, { _FillValue: Float32Array.of(1e20), missing_value: -9.99 })).values,
    ).toEqual([...Float32Array.of(1e20, 1e20, 2, 3, 4, 5)]);
  });

  it("are netCDF's default fill values when none is declared, except for bytes", async () => {
    expect(await rasterOf(short(-32767, 1, 2, 3, 4, 5), {})).toMatchObject({ nodata: -32767 });
    expect(await rasterOf(short(-32767, -5, 2, 3, 4, 5), { missing_value: short(-5) })).toEqual({
      nodata: -5,
      values: [-5, -5, 2, 3, 4, 5],
    });
    expect(await rasterOf(new Float32Array(6), {})).toMatchObject({ nodata: 9.969209968386869e36 });
    expect(await rasterOf(new Int8Array(6), {})).toMatchObject({ nodata: null });
    // Neither this one nor the largest integer has a float64 of its own.
    const wide = BigInt64Array.of(-(2n ** 63n) + 2n, 1n, 2n, 3n, 4n, 2n ** 63n - 1n);
    await expect(rasterOf(wide, {})).rejects.toThrow(/9223372036854775807, which float64 cannot hold/);
    wide[5] = 5n;
    expect(await rasterOf(wide, {})).toEqual({ nodata: -(2 ** 63), values: [-(2 ** 63), 1, 2, 3, 4, 5] });
    wide[0] = 2n ** 63n - 1n;
    expect(await rasterOf(wide, { _FillValue: BigInt64Array.of(wide[0]) })).toMatchObject({
      nodata: 2 ** 63,
    });
    expect(await rasterOf(short(-32767, 1, 2, 3, 4, 5), { _NoFill: 'true' })).toMatchObject({ nodata: null });
  });

  it('are values outside the valid range, in packed or unpacked units', async () => {
    const data = short(-5, 0, 450, 900, 901, -32768);
    const packed = { _FillValue: short(-32768), scale_factor: 0.1, add_offset: 5 };
    const wanted = [-32768, 0, 450, 900, -32768, -32768];
    expect((await rasterOf(data, { ...packed, valid_range: short(0, 900) })).values).toEqual(wanted);
    expect((await rasterOf(data, { ...packed, valid_min: short(0), valid_max: short(900) })).values).toEqual(
      wanted,
    );
    // A floating-point range of packed integers is in unpacked units: 5 to 95.
    expect((await rasterOf(data, { ...packed, valid_range: Float64Array.of(5, 95) })).values).toEqual(wanted);
    // Without a fill value, a value outside the range is used.
    expect(await rasterOf(Uint8Array.of(0, 1, 2, 3, 4, 255), { valid_max: Uint8Array.of(3) })).toEqual({
      nodata: 4,
      values: [0, 1, 2, 3, 4, 4],
    });
    expect(
      (await rasterOf(Float64Array.of(-1, 0, 1, 2, 3, 4), { valid_min: 0, _NoFill: 'true' })).values,
    ).toEqual([Number.NaN, 0, 1, 2, 3, 4]);
  });

  it('follow _Unsigned', async () => {
    const bytes = Int8Array.of(0, 1, 127, -128, -2, -1);
    const signs = { _Unsigned: 'true', _FillValue: Int8Array.of(-1) };
    expect(await rasterOf(bytes, { ...signs, valid_range: Int8Array.of(1, -3) })).toEqual({
      nodata: 255,
      values: [255, 1, 127, 128, 255, 255],
    });
  });

  it('ignore a valid range beyond the type, with a warning', async () => {
    const events: ProgressEvent[] = [];
    const path = await writeNetcdf4(join(folder, 'beyond.nc'), {
      v: {
        data: short(1, 2, 3, 4),
        dimensions: [],
        shape: [2, 2],
        attributes: { valid_range: Int32Array.of(100_000, 200_000) },
      },
    });
    const raster = await openRaster(path, { onProgress: (event) => events.push(event) });
    expect([...(await raster.readPlanes())[0]]).toEqual([1, 2, 3, 4]);
    expect(events).toEqual([
      {
        type: 'warning',
        message: expect.stringMatching(/#v has a valid range \(100000 to 200000\) that its type/),
      },
    ]);
  });
});

describe('labels', () => {
  it('are rows of characters, or single characters', async () => {
    const labelled = async (data: string[], shape: number[], dimensions: string[]): Promise<unknown> => {
      const path = await writeNetcdf4(join(folder, `labels-${shape.length}.nc`), {
        band: { data, dimensions, shape },
        v: { data: new Float32Array(8), dimensions: ['band', 'y', 'x'], shape: [2, 2, 2] },
        y: { data: Float64Array.of(50, 49), dimensions: ['y'], shape: [2] },
        x: { data: Float64Array.of(1, 2), dimensions: ['x'], shape: [2] },
      });
      const raster = await openRaster(`${path}#v`);
      await raster.close();
      return raster.bands.map(({ description }) => description);
    };
    expect(await labelled([...'nir red '], [2, 4], ['band', 'length'])).toEqual(['band=nir', 'band=red']);
    expect(await labelled([...'nr'], [2], ['band'])).toEqual(['band=n', 'band=r']);
  });
});

describe('times', () => {
  it('that are not dates leave out times but keep the bands, with a warning', async () => {
    for (const [units, calendar, dates, message] of [
      ['days since 2001-02-28', '360_day', ['2001-02-28T00:00:00.000Z', null], /1 of 2 times are no dates/],
      ['days since 2001-02-28', 'none', [null, null], /in the calendar "none", which is not known/],
    ] as const) {
      const warnings: string[] = [];
      const path = await writeNetcdf4(join(folder, `times-${calendar}.nc`), {
        time: {
          data: Int32Array.of(0, 1),
          dimensions: ['time'],
          shape: [2],
          attributes: { units, calendar },
        },
        y: { data: Float64Array.of(2, 1), dimensions: ['y'], shape: [2] },
        x: { data: Float64Array.of(1, 2), dimensions: ['x'], shape: [2] },
        v: { data: new Float32Array(8), dimensions: ['time', 'y', 'x'], shape: [2, 2, 2] },
      });
      const raster = await openRaster(`${path}#v`, {
        onProgress: (event) => event.type === 'warning' && warnings.push(event.message),
      });
      if (!(raster instanceof ArrayRaster)) throw new Error('another class');
      expect([1, 2].map((band) => raster.bandCoordinates(band).time)).toEqual(
        dates.map((date, i) => (date === null ? i : TimeInterval.parse(date))),
      );
      expect(warnings).toEqual([expect.stringMatching(message)]);
      await raster.close();
    }
  });
});

describe('HDF5', () => {
  it('names an unsupported filter, and reports that the file is valid', async () => {
    const raster = await openRaster(storePath('unread.h5'));
    await expect(raster.readPlanes()).rejects.toThrow(
      /#lzf is compressed by the HDF5 filter lzf \(32000\).*the file is sound; .*h5repack -f GZIP=5/,
    );
    await raster.close();
    await expect(openRaster(storePath('half.h5'))).rejects.toThrow(
      /holds no array that terrachip reads: half holds float16; store it as another type/,
    );
  });
});
