/** Cubes: order and direction of axes, further axes, packing, and reads. */
import { describe, expect, it } from 'vitest';
import { loadPointSeries, loadZarr } from '../../src/catalog/node/index.js';
import { TimeInterval } from '../../src/geo/node/index.js';
import { temporaryFolder } from '../support/files.js';
import { gridAt } from '../support/raster-rows.js';
import { serveFolder } from '../support/stores.js';
import { writeZarrStore, type ZarrArrayFile, zarrCoordinate } from '../support/zarr-store.js';

const folder = await temporaryFolder();
const NAN = Number.NaN;
const LAT = { units: 'degrees_north' };
const LON = { units: 'degrees_east' };
const DAYS = { units: 'days since 2021-07-01' };

/** The value at a time, a latitude and a longitude. */
const valueAt = (day: number, lat: number, lon: number): number => 1000 * day + 10 * lat + lon / 100;

const lats = [44.5, 45.5, 46.5];
const lons = [2.5, 3.5, 4.5, 5.5];
const days = [0, 1, 2];

/** A cube of those values with its axes in the given order, each ascending or descending. */
function cubeOf(order: readonly ('time' | 'lat' | 'lon')[], down: readonly string[] = []) {
  const axes: Record<string, readonly number[]> = { time: days, lat: lats, lon: lons };
  for (const name of down) axes[name] = [...axes[name]].reverse();
  const [a, b, c] = order.map((name) => axes[name]);
  const values = a.flatMap((p) =>
    b.flatMap((q) =>
      c.map((r) => {
        const at = Object.fromEntries(order.map((name, k) => [name, [p, q, r][k]]));
        return valueAt(at.time, at.lat, at.lon);
      }),
    ),
  );
  const cube: Record<string, ZarrArrayFile> = {
    value: { data: Float64Array.from(values), shape: [a.length, b.length, c.length], dimensions: order },
    time: zarrCoordinate(axes.time, 'time', DAYS),
    lat: zarrCoordinate(axes.lat, 'lat', LAT),
    lon: zarrCoordinate(axes.lon, 'lon', LON),
  };
  return cube;
}

describe('axes in any order and direction', () => {
  const orders = [
    ['time', 'lat', 'lon'],
    ['lat', 'lon', 'time'],
    ['lon', 'lat', 'time'],
    ['lon', 'time', 'lat'],
  ] as const;
  const cases = orders.flatMap((order) =>
    [[], ['lat'], ['lon'], ['time'], ['lat', 'time', 'lon']].map((down) => ({ order, down })),
  );

  it.each(cases)('$order, with $down descending', async ({ order, down }) => {
    const name = `${order.join('')}-${down.join('')}.zarr`;
    const path = await writeZarrStore(folder, name, cubeOf(order, down));
    const to = gridAt(2, 47, 4, 3, 1, 4326);
    const expected = days.flatMap((day) =>
      [...lats].reverse().flatMap((lat) => lons.map((lon) => valueAt(day, lat, lon))),
    );
    const warped = await loadZarr(path, { target: to, resampling: 'nearest' });
    expect(warped.shape).toEqual([1, 3, 3, 4]);
    expect(warped.data).toBeCloseToArray(Float32Array.from(expected));
    expect(warped.times?.map((time) => time.toJSON()[0].slice(0, 10))).toEqual([
      '2021-07-01',
      '2021-07-02',
      '2021-07-03',
    ]);
    // The stored pixels are on the cube's grid.
    const native = await loadZarr(path, { bounds: [3.1, 45.1, 4.9, 45.9] });
    expect(native.shape).toEqual([1, 3, 1, 2]);
    for (const [i, value] of native.data.entries()) {
      const [lon, lat] = native.geobox.transform.apply((i % 2) + 0.5, 0.5);
      expect(value).toBe(Math.fround(valueAt(Math.floor(i / 2), lat, lon)));
    }
    const { values } = await loadPointSeries(path, [[5.2, 44.9]]);
    expect([...values]).toEqual(days.map((day) => Math.fround(valueAt(day, 44.5, 5.5))));
  });
});

describe('a globe from 0 to 360', () => {
  const circle = Array.from({ length: 36 }, (_, k) => 5 + 10 * k);
  const cube = writeZarrStore(folder, 'globe.zarr', {
    value: {
      data: Float32Array.from({ length: 72 }, (_, i) => circle[i % 36]),
      shape: [1, 2, 36],
      dimensions: ['time', 'lat', 'lon'],
    },
    time: zarrCoordinate([0], 'time', DAYS),
    lat: zarrCoordinate([-45, 45], 'lat', LAT),
    lon: zarrCoordinate(circle, 'lon', LON),
  });

  it('has values at negative longitudes', async () => {
    const { values } = await loadPointSeries(await cube, [
      [-4, 40],
      [356, 40],
      [716, 40],
      [-180, -40],
      [179, 40],
      [4, 95],
    ]);
    expect([...values]).toEqual([355, 355, 355, 185, 175, NAN]);
  });

  it('is read on both sides of Greenwich, onto a grid or on its own pixels', async () => {
    const to = gridAt(-30, 90, 6, 2, 10, 4326);
    const { data } = await loadZarr(await cube, { target: to, resampling: 'nearest' });
    expect([...data.subarray(0, 6)]).toEqual([335, 345, 355, 5, 15, 25]);
    const west = await loadZarr(await cube, { bounds: [-28, 10, -11, 20] });
    expect([...west.data]).toEqual([335, 345]);
    expect(west.geobox.bounds).toEqual([330, 0, 350, 90]);
    // Across the seam the stored pixels are not adjacent: whole rows are read.
    const both = await loadZarr(await cube, { bounds: [-8, 10, 8, 20] });
    expect(both.geobox.bounds).toEqual([0, 0, 360, 90]);
  });
});

describe('axes other than time, y and x', () => {
  const levels = writeZarrStore(folder, 'members.zarr', {
    value: {
      data: Float32Array.from({ length: 48 }, (_, i) => i),
      shape: [2, 3, 2, 2, 2],
      dimensions: ['time', 'level', 'member', 'lat', 'lon'],
    },
    time: zarrCoordinate([0, 1], 'time', DAYS),
    level: zarrCoordinate([1000, 850, 500], 'level'),
    lat: zarrCoordinate([1, 2], 'lat', LAT),
    lon: zarrCoordinate([0.5, 1.5], 'lon', LON),
  });

  it('become bands, named and selected by their labels', async () => {
    const all = await loadZarr(await levels);
    expect(all.shape).toEqual([6, 2, 2, 2]);
    expect(all.bandNames?.slice(0, 3)).toEqual([
      'level=1000, member=0',
      'level=1000, member=1',
      'level=850, member=0',
    ]);
    // Band (850, 1) at the second time: 24 + (1 · 2 + 1) · 4.
    const one = await loadZarr(await levels, {
      select: { level: [850], member: ['1'] },
      interval: TimeInterval.parse('2021-07-02'),
    });
    expect(one.bandNames).toEqual(['level=850, member=1']);
    expect([...one.data]).toEqual([36, 37, 38, 39]);
  });
});

describe('CF packing', () => {
  const place = {
    time: zarrCoordinate([0], 'time', DAYS),
    lat: zarrCoordinate([1.5, 0.5], 'lat', LAT),
    lon: zarrCoordinate([0.5, 1.5], 'lon', LON),
  };
  const pixel = (data: ZarrArrayFile['data'], attributes: object) => ({
    ...place,
    value: { data, shape: [1, 2, 2], dimensions: ['time', 'lat', 'lon'], attributes },
  });
  const cases: [string, ZarrArrayFile['data'], object, number[]][] = [
    [
      'scale, offset and fill value',
      Int16Array.of(0, 10, -32768, -5),
      { scale_factor: 0.5, add_offset: 273, _FillValue: -32768 },
      [273, 278, NAN, 270.5],
    ],
    ['a missing value', Int16Array.of(1, 2, 3, 4), { missing_value: 3 }, [1, 2, NAN, 4]],
    [
      // As float32, 1e20 is 100000002004087730000.
      'a fill value of fewer digits than float32 has',
      Float32Array.of(1, 1e20, NAN, 4),
      { _FillValue: 1e20 },
      [1, NAN, NAN, 4],
    ],
    [
      'a scaled float with a fill value',
      Float32Array.of(1, 0.1, 3, 4),
      { missing_value: 0.1, scale_factor: 10 },
      [10, NAN, 30, 40],
    ],
  ];

  it.each(cases)('%s', async (name, data, attributes, expected) => {
    const path = await writeZarrStore(folder, `${name}.zarr`, pixel(data, attributes));
    const to = gridAt(0, 2, 2, 2, 1, 4326);
    expect([...(await loadZarr(path, { target: to, resampling: 'nearest' })).data]).toEqual(expected);
    expect([...(await loadZarr(path)).data]).toEqual(expected);
    const points = [
      [0.5, 1.5],
      [1.5, 1.5],
      [0.5, 0.5],
      [1.5, 0.5],
    ] as const;
    expect([...(await loadPointSeries(path, points)).values]).toEqual(expected);
    // Stored and physical values have the same gaps.
    const stored = [...(await loadZarr(path, { unscale: false })).data];
    expect(stored.map(Number.isNaN)).toEqual(expected.map(Number.isNaN));
  });
});

describe('times', () => {
  const hours = { units: 'hours since 2021-07-01' };
  const make = (name: string, times: number[], more: Record<string, ZarrArrayFile> = {}, attributes = {}) =>
    writeZarrStore(folder, name, {
      value: {
        data: Float32Array.from(times.flatMap((_, k) => [k, k, k, k])),
        shape: [times.length, 2, 2],
        dimensions: ['time', 'lat', 'lon'],
      },
      time: zarrCoordinate(times, 'time', { ...hours, ...attributes }),
      lat: zarrCoordinate([1, 2], 'lat', LAT),
      lon: zarrCoordinate([1, 2], 'lon', LON),
      ...more,
    });
  const stepsOf = async (path: string, interval: string): Promise<number[]> => {
    const { values } = await loadPointSeries(path, [[1, 1]], { interval: TimeInterval.parse(interval) });
    return [...values];
  };

  it('match an interval closed at both ends', async () => {
    const path = await make('hours.zarr', [0, 6, 12, 18, 24]);
    expect(await stepsOf(path, '2021-07-01T06:00:00Z/2021-07-01T18:00:00Z')).toEqual([1, 2, 3]);
    expect(await stepsOf(path, '2021-07-01T06:00:00.001Z/2021-07-01T17:59:59.999Z')).toEqual([2]);
    // The whole day ends before the next midnight.
    expect(await stepsOf(path, '2021-07-01')).toEqual([0, 1, 2, 3]);
    expect(await stepsOf(path, '../2021-07-01T00:00:00Z')).toEqual([0]);
    await expect(stepsOf(path, '2021-07-02T00:00:01Z')).rejects.toThrow(/has no step in 2021-07-02T00:00:01/);
  });

  it('with bounds match an interval that they intersect', async () => {
    const bounds: ZarrArrayFile = {
      data: Float64Array.of(0, 24, 24, 48),
      shape: [2, 2],
      dimensions: ['time', 'side'],
    };
    const path = await make('daily.zarr', [12, 36], { time_bounds: bounds }, { bounds: 'time_bounds' });
    expect(await stepsOf(path, '2021-07-01T20:00:00Z/2021-07-01T23:00:00Z')).toEqual([0]);
    expect(await stepsOf(path, '2021-07-02')).toContain(1);
  });

  it('are sorted, and a repeated time is two steps', async () => {
    const path = await make('mixed.zarr', [12, 0, 6, 6]);
    expect(await stepsOf(path, '2021-07')).toEqual([1, 2, 3, 0]);
    const tensor = await loadZarr(path);
    expect(tensor.times?.map((time) => new Date(time.start).getUTCHours())).toEqual([0, 6, 6, 12]);
  });
});

describe('reads', () => {
  it('fetch each chunk under the requested pixels and steps once', async () => {
    // 40 steps of 8 × 8 pixels in chunks of 10 × 4 × 4: 4 · 2 · 2 of them.
    const size = 40 * 64;
    await writeZarrStore(folder, 'chunks.zarr', {
      value: {
        data: Int16Array.from({ length: size }, (_, i) => i),
        shape: [40, 8, 8],
        chunks: [10, 4, 4],
        dimensions: ['time', 'lat', 'lon'],
      },
      time: zarrCoordinate(
        Array.from({ length: 40 }, (_, k) => k),
        'time',
        DAYS,
      ),
      lat: zarrCoordinate([8, 7, 6, 5, 4, 3, 2, 1], 'lat', LAT),
      lon: zarrCoordinate([1, 2, 3, 4, 5, 6, 7, 8], 'lon', LON),
    });
    const { url, requests } = await serveFolder(folder);
    const chunksOf = async (task: (path: string) => Promise<unknown>): Promise<string[]> => {
      requests.length = 0;
      await task(`${url}/chunks.zarr#value`);
      return requests.filter((path) => /value\/\d/.test(path)).map((path) => path.split('/').at(-1) ?? '');
    };
    // Rows 0 to 3 are latitudes 8 to 5: the upper left chunks.
    const points = [
      [1, 8],
      [2, 6],
      [3.4, 5],
    ] as const;
    const series = await chunksOf((path) => loadPointSeries(path, points));
    expect(series.sort()).toEqual(['0.0.0', '1.0.0', '2.0.0', '3.0.0']);
    const window = await chunksOf((path) =>
      loadZarr(path, { bounds: [4.6, 0.6, 6, 2], interval: TimeInterval.parse('2021-07-12/2021-07-14') }),
    );
    expect(window).toEqual(['1.1.1']);
    // Warping reads a margin of one or two pixels, here of the same chunk.
    const to = gridAt(0.5, 1.5, 1, 1, 1, 4326);
    const warped = await chunksOf((path) =>
      loadZarr(path, { target: to, interval: TimeInterval.parse('2021-08'), resampling: 'nearest' }),
    );
    expect(warped.sort()).toEqual(['3.1.0']);
  });

  it('stop at an abort signal', async () => {
    const path = await writeZarrStore(folder, 'ended.zarr', cubeOf(['time', 'lat', 'lon']));
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(loadZarr(path, { signal })).rejects.toThrow('enough');
    await expect(loadPointSeries(path, [[3, 45]], { signal })).rejects.toThrow('enough');
    await expect(loadPointSeries(path, [[3, 45]], { maxBytes: 11 })).rejects.toThrow(
      /12 bytes, above the limit of 11/,
    );
  });
});
