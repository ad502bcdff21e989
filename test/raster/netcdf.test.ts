import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TimeInterval } from '../../src/geo/node/index.js';
import { ArrayRaster, openNetcdf, openRaster } from '../../src/raster/index.js';
import { temporaryFolder } from '../support/files.js';
import { hashValues, serveFolder, storePath, storeTruth } from '../support/stores.js';

const folder = await temporaryFolder();

describe.each(['records.nc', 'one-record.nc', 'plain.h5'])('%s', (file) => {
  it.each(Object.entries(storeTruth[file]))('%s has its values', async (name, truth) => {
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
  it('of version 4 opens as a raster with its place, times and scaling', async () => {
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

  it('of version 3 has records, float32 coordinates and dates', async () => {
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

  it('comes from a web server in version 3, and is refused in version 4', async () => {
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
