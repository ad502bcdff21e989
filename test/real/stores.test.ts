import { existsSync, readFileSync } from 'node:fs';
import { decode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { openNetcdf, openNpy, openRaster, openZarr } from '../../src/raster/node/index.js';
import { sharedFolder, sharedPath } from '../support/files.js';

/** Test data of other projects; not part of this one, so absent on most machines. */
const absent = sharedFolder === null;

/** Minimum, maximum and mean of the valid values of all bands. */
async function statistics(
  path: string,
  bands?: number[],
): Promise<{ min: number; max: number; mean: number; size: number[] }> {
  const raster = await openRaster(path);
  const planes = await raster.readPlanes(bands === undefined ? {} : { bands });
  const values = planes.flatMap((plane) => [...plane]).filter((value) => Number.isFinite(value));
  await raster.close();
  return {
    min: values.reduce((least, value) => Math.min(least, value), Infinity),
    max: values.reduce((most, value) => Math.max(most, value), -Infinity),
    mean: values.reduce((sum, value) => sum + value, 0) / values.length,
    size: [raster.width, raster.height, raster.bands.length],
  };
}

describe.skipIf(absent)('netCDF and HDF5 as GDAL 3.6 reads them', () => {
  it.each([
    ['cogeotiff__rio-tiler/dataset_2d.nc', [2000, 1000, 1], 1, 1000, 500.5],
    ['gdal/hdf5/deflate.h5', [20, 20, 1], 74, 255, 126.765],
    ['gdal/hdf5/dummy_HDFEOS_with_utm_projection.h5', [20, 20, 1], 0, 255, 173.4],
    ['gdal/hdf5/float32_big_endian.h5', [1, 1, 1], 3.14, 3.14, 3.14],
    ['gdal/netcdf/byte.nc', [20, 20, 1], 74, 255, 126.765],
    ['gdal/netcdf/byte_chunked_multiple.nc', [20, 20, 1], 74, 255, 126.765],
    ['gdal/netcdf/netcdf-4d.nc', [10, 10, 8], 1, 1, 1],
    ['gdal/netcdf/rotated_pole.nc', [137, 108, 1], -9999, 1476, -6629.2],
    ['gdal/netcdf/scale_offset.nc', [21, 21, 1], -100, 100, 0],
    ['gdal/netcdf/trmm-nc4z.nc', [40, 40, 1], 0, 0.830517, 0.0739297],
    ['gdal/netcdf/trmm.nc', [40, 40, 1], 0, 0.830517, 0.0739297],
    ['gdal/netcdf/uint16_netcdf4_without_fill.nc', [20, 20, 1], 74, 255, 126.765],
    ['pydata__xarray-data/basin_mask.nc', [360, 180, 33], -100, 56, -32.7616],
  ])('%s', async (name, size, min, max, mean) => {
    const found = await statistics(sharedPath('netcdf-hdf5', name), [1]);
    expect(found.size).toEqual(size);
    for (const [value, wanted] of [
      [found.min, min],
      [found.max, max],
      [found.mean, mean],
    ]) {
      // The record has six digits.
      expect(Math.abs(value - wanted)).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(wanted)));
    }
  });

  it("have GDAL's grids", async () => {
    const place = async (name: string): Promise<unknown> => {
      const raster = await openRaster(sharedPath('netcdf-hdf5', name));
      await raster.close();
      return [raster.crs?.epsg, raster.transform?.toTuple().map((n) => Number(n.toFixed(6)))];
    };
    expect(await place('gdal/netcdf/byte.nc')).toEqual([26711, [60, 0, 440720, 0, 60, 3750120]]);
    expect(await place('gdal/netcdf/trmm-nc4z.nc')).toEqual([4326, [0.25, 0, -80, 0, -0.25, -10]]);
    expect(await place('corteva__rioxarray/input/tmmx_20190121.nc')).toEqual([
      4326,
      [0.041667, 0, -124.7875, 0, -0.041667, 49.420833],
    ]);
    const temperature = `${sharedPath('netcdf-hdf5', 'gdal/netcdf/cf_nasa_4326.nc')}#temp`;
    const raster = await openRaster(temperature);
    expect(raster.crs?.epsg).toBe(4326);
    await raster.close();
  });

  it('list the arrays of groups', async () => {
    const group = await openNetcdf(sharedPath('netcdf-hdf5', 'gdal/hdf5/groups.h5'));
    expect(await group.list()).toEqual(['MyGroup/Group_A/dset2', 'MyGroup/dset1']);
    await group.close();
  });
});

describe.skipIf(absent)('Zarr stores of other projects', () => {
  it.each(['v2/data.zarr', 'v3/data.zarr', 'v3/data.uncompressed.zarr.zip'])(
    'zarrita.js: arrays of int16 in %s count up, whatever their codec and order',
    async (name) => {
      const group = await openZarr(sharedPath('zarr/manzt__zarrita.js', name));
      let counted = 0;
      for (const path of await group.list()) {
        const array = await group.array(path);
        if (array === null || !/^[123]d.*\.i2(\.F)?$/.test(path) || /filled|delta/.test(path)) continue;
        // The metadata of one store list arrays whose folders were never committed.
        if (name.endsWith('.zarr') && !existsSync(`${group.name}/${path}`)) continue;
        const { data } = await array.read();
        expect([...data], path).toEqual(Array.from(data, (_, i) => data[0] + i));
        counted++;
      }
      expect(counted).toBeGreaterThan(5);
      await group.close();
    },
  );

  it('zarr_implementations: one image under four codecs has the original pixels', async () => {
    const folder = sharedPath('zarr/zarr-developers__zarr_implementations');
    const image = decode(readFileSync(`${folder}/data/reference_image.png`));
    const group = await openZarr(`${folder}/examples/zarr.zr`);
    for (const codec of ['blosc', 'gzip', 'raw', 'zlib']) {
      const { data, shape } = (await (await group.array(codec))?.read()) ?? { data: [], shape: [] };
      expect(shape).toEqual([512, 512, 3]);
      expect(Buffer.compare(Buffer.from(data), Buffer.from(image.data))).toBe(0);
    }
    await group.close();
  });

  it.each([
    ['byte_cf1.zr3', null, [60, 0, 440720, 0, 60, 3750120]],
    ['zarr_with_stac_proj_epsg.zarr', 26711, [60, 0, 440720, 0, -60, 3751320]],
    ['v3/spatial_proj_at_parent_level.zarr', 32631, [10, 0, 450000, 0, -10, 5000000]],
    ['v3/spatial_geotransform.zarr', undefined, [10, 0.1, 450000, 0.15, -10, 5000000]],
  ])('GDAL: %s lies where it says', async (name, epsg, transform) => {
    const raster = await openRaster(sharedPath('zarr/gdal', name));
    expect(raster.crs?.epsg).toBe(epsg);
    expect(raster.transform?.toTuple()).toEqual(transform);
    await raster.close();
  });

  it('GDAL: pyramid levels are overviews', async () => {
    const raster = await openRaster(`${sharedPath('zarr/gdal/v3/simple_multiscales_spatial')}#level0/ar`);
    expect([raster.width, raster.height]).toEqual([100, 200]);
    expect(raster.overviews).toEqual([
      [50, 100],
      [25, 50],
    ]);
    expect(raster.transform?.toTuple()).toEqual([10, 0, 1000, 0, -10, 2000]);
    await raster.close();
  });

  it.each([
    ['v3/nested_sharding.zarr', /shards inside of shards/],
    ['v3/transposed_sharding.zarr', /codecs before or after its sharding/],
    ['uint16_imagecodecs_tiff.zarr', /a codec that terrachip does not read/],
    ['array_attrs.zarr', /is not JSON/],
    ['blosc.zarr', /no array of numbers with two axes/],
  ])('GDAL: %s is refused with a sentence', async (name, message) => {
    const opened = openRaster(sharedPath('zarr/gdal', name)).then((raster) => raster.readPlanes());
    await expect(opened).rejects.toThrow(message);
  });

  it('rio-tiler: bands are times', async () => {
    const raster = await openRaster(sharedPath('zarr/cogeotiff__rio-tiler/dataset_3d.zarr'));
    expect(raster.bands.map(({ description }) => description)).toEqual([
      'time=2022-01-01T00:00:00.000Z',
      'time=2023-01-01T00:00:00.000Z',
    ]);
    await raster.close();
  });
});

describe.skipIf(absent)('.npy files of other projects', () => {
  const folder = sharedPath('npy/aplbrain__npyjs');
  const records = absent
    ? {}
    : (JSON.parse(readFileSync(`${folder}/records.json`, 'utf8')) as Record<
        string,
        (number | string | boolean)[]
      >);
  const names = Object.keys(records).filter((name) => !/100x100|65x65|large/.test(name));

  it.each(names)('npyjs: %s has the recorded last values', async (name) => {
    const array = await openNpy(`${folder}/${name}.npy`);
    const found: unknown[] = array.dtype === null ? await array.readText() : [...(await array.read()).data];
    const wanted = records[name].map((value) => (typeof value === 'boolean' ? Number(value) : value));
    expect(found.slice(-wanted.length)).toEqual(wanted);
    await array.close();
  });

  it.each([
    ['data_timeless/DEM.npy', 'float32', [101, 100, 1]],
    ['data_timeless/MAX_NDVI.npy', 'float64', [101, 100, 1]],
    ['mask/CLM.npy', 'uint8', [68, 101, 100, 1]],
    ['mask_timeless/LULC.npy', 'uint16', [101, 100, 1]],
  ])('eo-learn: a window of %s is part of the whole', async (name, type, shape) => {
    const array = await openNpy(sharedPath('npy/sentinel-hub__eo-learn/TestEOPatch', name));
    expect([array.storedType, array.shape]).toEqual([type, shape]);
    const { data } = await array.read();
    const axis = shape.length - 3;
    const window = await array.read([...shape.slice(0, axis).map(() => null), { start: 40, end: 43 }]);
    const row = data.length / shape.slice(0, axis + 1).reduce((product, n) => product * n, 1);
    const plane = row * shape[axis];
    const wanted = Array.from({ length: data.length / plane }, (_, k) => [
      ...data.subarray(k * plane + 40 * row, k * plane + 43 * row),
    ]).flat();
    expect([...window.data]).toEqual(wanted);
    await array.close();
  });
});
