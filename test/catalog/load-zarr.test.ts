import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadPointSeries, loadZarr } from '../../src/catalog/node/index.js';
import { TimeInterval } from '../../src/geo/node/index.js';
import { writeCog } from '../../src/raster/node/index.js';
import { describeBackends } from '../support/backends.js';
import { temporaryFolder } from '../support/files.js';
import { gridAt } from '../support/raster-rows.js';
import { writeZarrStore, zarrCoordinate } from '../support/zarr-store.js';

const folder = await temporaryFolder();
const NAN = Number.NaN;

// Three days of two bands over 3 × 2 pixels of 1°, from south to north: value = 100 band + 10 day + pixel, in tenths.
const values = Int16Array.from({ length: 36 }, (_, i) => {
  const [day, band, pixel] = [Math.floor(i / 12), Math.floor(i / 6) % 2, i % 6];
  return i === 5 ? -99 : 100 * (band + 1) + 10 * day + pixel;
});
const lat = zarrCoordinate([44.5, 45.5], 'lat', { units: 'degrees_north' });
const lon = zarrCoordinate([2.5, 3.5, 4.5], 'lon', { units: 'degrees_east' });
const time = zarrCoordinate([0, 1, 2], 'time', { units: 'days since 2021-07-01' });
const cube = await writeZarrStore(folder, 'cube.zarr', {
  value: {
    data: values,
    shape: [3, 2, 2, 3],
    dimensions: ['time', 'level', 'lat', 'lon'],
    attributes: { _FillValue: -99, scale_factor: 0.1, add_offset: 1 },
  },
  time,
  level: zarrCoordinate([850, 500], 'level', { units: 'hPa' }),
  lat,
  lon,
});

describeBackends('loadZarr', (backend) => {
  it('warps a window in space and time: (band, time, y, x) with its time axis', async () => {
    const to = gridAt(2, 46, 3, 2, 1, 4326);
    const interval = TimeInterval.parse('2021-07-02/2021-07-03');
    const tensor = await loadZarr(cube, { target: to, interval, resampling: 'nearest', backend: backend() });
    expect(tensor.dimensions).toEqual(['band', 'time', 'y', 'x']);
    expect(tensor.shape).toEqual([2, 2, 2, 3]);
    expect(tensor.bandNames).toEqual(['850', '500']);
    expect(tensor.times?.map((step) => step.toJSON()[0])).toEqual([
      '2021-07-02T00:00:00.000Z',
      '2021-07-03T00:00:00.000Z',
    ]);
    // Day 1 of band 0, north first.
    expect(tensor.data.subarray(0, 6)).toBeCloseToArray([12.3, 12.4, 12.5, 12, 12.1, 12.2], 1e-5);
    const slice = { bounds: to.bounds, crs: to.crs, resolution: 1, interval };
    const same = await loadZarr(cube, { target: slice, resampling: 'nearest', backend: backend() });
    expect([...same.data]).toEqual([...tensor.data]);
  });
});

describe('integers of a cube that float32 cannot hold', async () => {
  const identifiers = await writeZarrStore(folder, 'identifiers.zarr', {
    id: {
      data: Int32Array.of(1, 2, 3, 16_777_217, 16_777_218, -1),
      shape: [1, 2, 3],
      dimensions: ['time', 'lat', 'lon'],
      attributes: { _FillValue: -1 },
    },
    time: zarrCoordinate([0], 'time', { units: 'days since 2021-07-01' }),
    lat,
    lon,
  });

  it('are refused, not rounded; others are loaded', async () => {
    const rounded =
      /identifiers\.zarr.* holds 16777217, a whole number that float32.* cannot hold; read it by/;
    await expect(loadZarr(identifiers)).rejects.toThrow(rounded);
    await expect(loadPointSeries(identifiers, [[2.5, 45.5]])).rejects.toThrow(rounded);
    const { values: series } = await loadPointSeries(identifiers, [
      [3.5, 45.5],
      [4.5, 45.5],
      [2.5, 44.5],
    ]);
    expect([...series]).toEqual([16_777_218, NAN, 1]);
  });
});

describe('loadZarr without a target', () => {
  it('gives the stored pixels that bounds touch', async () => {
    const tensor = await loadZarr(cube, { bounds: [3.2, 44.2, 4.8, 45.8], select: { level: [500] } });
    expect(tensor.shape).toEqual([1, 3, 2, 2]);
    expect(tensor.geobox.bounds).toEqual([3, 44, 5, 46]);
    // From south to north, as the grid says.
    expect(tensor.geobox.transform.e).toBe(1);
    expect(tensor.data.subarray(0, 4)).toBeCloseToArray([21.1, 21.2, 21.4, 21.5], 1e-5);
    const stored = await loadZarr(cube, { unscale: false, interval: TimeInterval.parse('2021-07-01') });
    expect([...stored.data.subarray(0, 6)]).toEqual([100, 101, 102, 103, 104, NAN]);
  });

  it('gives the series at points, NaN outside', async () => {
    const series = await loadPointSeries(cube, [
      [4.9, 45.9],
      [2.1, 44.1],
      [9, 45],
    ]);
    expect(series.shape).toEqual([3, 2, 3]);
    expect(series.bandNames).toEqual(['850', '500']);
    expect(series.times).toHaveLength(3);
    const [first, second] = [series.values.subarray(0, 6), series.values.subarray(6, 12)];
    expect(first).toBeCloseToArray([NAN, 12.5, 13.5, 21.5, 22.5, 23.5], 1e-5);
    expect(second).toBeCloseToArray([11, 12, 13, 21, 22, 23], 1e-5);
    expect(series.values.subarray(12).every(Number.isNaN)).toBe(true);
    const utm = await loadPointSeries(cube, [[500_000, 4_930_000]], { crs: 32631, select: { level: [850] } });
    // Longitude 3 is the edge of the second column; latitude 44.5 is in the first row.
    expect(utm.values).toBeCloseToArray([11.1, 12.1, 13.1], 1e-5);
  });

  it('refuses missing bands and times', async () => {
    const refuse = (options: object, path = cube) => expect(loadZarr(path, options)).rejects;
    await refuse({ interval: TimeInterval.parse('2022-01') }).toThrow(/has no step in 2022-01-01/);
    await refuse({ select: { level: [700] } }).toThrow(/names level = 700.*choose some of 850, 500/);
    await refuse({ select: { depth: [1] } }).toThrow(/names depth = 1.*choose some of level/);
    await refuse({ bounds: [100, 0, 101, 1] }).toThrow(/does not overlap/);
    await refuse({ maxBytes: 100 }).toThrow(/144 bytes, above the limit of 100/);
    const target = gridAt(2, 46, 3, 2, 1, 4326);
    await refuse({ target, bounds: target.bounds }).toThrow(/bounds are given with a target/);
    const flat = await writeZarrStore(folder, 'flat.zarr', {
      value: { data: new Int16Array(6), shape: [2, 3], dimensions: ['lat', 'lon'] },
      lat,
      lon,
    });
    await refuse({}, flat).toThrow(/has no time axis/);
    const image = join(folder, 'image.tif');
    await writeCog(image, [new Uint8Array(6)], {
      geobox: target,
      bands: 1,
      dtype: 'uint8',
      overviews: 'none',
    });
    await refuse({}, image).toThrow(/is an image, not a store of arrays; use loadRaster/);
  });
});
