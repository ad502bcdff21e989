import { describe, expect, it } from 'vitest';
import {
  type CatalogRow,
  calendarUnit,
  type LoadTimeseriesOptions,
  loadRasterTimeseries,
  solarDay,
  timeWindows,
} from '../../src/catalog/node/index.js';
import { TimeInterval } from '../../src/geo/node/index.js';
import { CpuBackend } from '../../src/gpu/index.js';
import { describeBackends } from '../support/backends.js';
import { boxOutline } from '../support/catalog.js';
import { temporaryFolder } from '../support/files.js';
import { gridAt, writeRow } from '../support/raster-rows.js';

const folder = await temporaryFolder();
const NAN = Number.NaN;
const grid = gridAt(500_000, 5_000_010, 2, 1);

const times: [string, string, number, number][] = [
  ['a', '2021-06-29T10:00:00Z', 1, 10],
  ['b', '2021-07-02T10:00:00Z', 2, NAN],
  ['c', '2021-07-02T10:00:00Z', 4, 40],
  ['d', '2021-07-30T10:00:00Z', NAN, 50],
  ['e', '2021-09-01T00:00:00Z', 6, 60],
];
const rows: CatalogRow[] = [];
for (const [id, interval, ...values] of times) {
  rows.push(
    await writeRow(
      folder,
      id,
      { data: { geobox: grid, bands: [Float32Array.from(values), Float32Array.from(values, (v) => -v)] } },
      { interval },
    ),
  );
}

describeBackends('loadRasterTimeseries', (backend) => {
  const load = (options: LoadTimeseriesOptions = {}, from: Iterable<CatalogRow> = rows) =>
    loadRasterTimeseries(from, grid, { backend: backend(), resampling: 'nearest', ...options });

  it('groups by exact time: (band, time, y, x) with times and bands', async () => {
    const tensor = await load({ method: 'mean' });
    expect(tensor.dimensions).toEqual(['band', 'time', 'y', 'x']);
    expect(tensor.shape).toEqual([2, 4, 1, 2]);
    expect(tensor.times?.map((time) => time.toJSON()[0].slice(0, 10))).toEqual([
      '2021-06-29',
      '2021-07-02',
      '2021-07-30',
      '2021-09-01',
    ]);
    expect(tensor.bandNames).toEqual(['B1', 'B2']);
    const first = [1, 10, 3, 40, NAN, 50, 6, 60];
    expect([...tensor.data]).toEqual([...first, ...first.map((value) => -value)]);
    expect([...tensor.plane(1).plane(3).data]).toEqual([-6, -60]);
    expect(tensor.plane(0).times).toHaveLength(4);
  });

  it.each<[LoadTimeseriesOptions['method'], number[]]>([
    ['first', [1, 10, 2, 40, 6, 60]],
    ['last', [1, 10, 4, 50, 6, 60]],
    ['mean', [1, 10, 3, 45, 6, 60]],
    ['median', [1, 10, 3, 45, 6, 60]],
    ['count', [1, 1, 2, 2, 1, 1]],
    // The middle of July is nearer to the 30th than to the 2nd.
    ['nearest', [1, 10, 2, 50, 6, 60]],
  ])('steps by month, of which only those with rows: %s', async (method, expected) => {
    const tensor = await load({ steps: 'month', method, bands: [1] });
    expect([...tensor.data]).toEqual(expected);
    expect(tensor.times?.map(String)).toEqual([
      '2021-06-01T00:00:00.000Z/2021-06-30T23:59:59.999Z',
      '2021-07-01T00:00:00.000Z/2021-07-31T23:59:59.999Z',
      '2021-09-01T00:00:00.000Z/2021-09-30T23:59:59.999Z',
    ]);
  });

  it('takes the nearest source that has data at each pixel, within a tolerance', async () => {
    const steps = ['2021-07-01T00:00:00Z', '2021-08-01T00:00:00Z'].map((text) => TimeInterval.parse(text));
    const week = 7 * 86_400_000;
    const tensor = await load({ steps, method: 'nearest', tolerance: week, bands: [1] });
    // b and c are nearer to July than a; b has a gap. In August only d is within a week.
    expect([...tensor.data]).toEqual([2, 40, NAN, 50]);
    const none = await load({ steps, bands: [1] });
    expect([...none.data]).toEqual([NAN, NAN, NAN, NAN]);
    expect(none.times).toHaveLength(2);
  });

  it('keeps integers as integers', async () => {
    const tensor = await load({ steps: 'year', method: 'max', bands: [1], dtype: 'uint8' });
    expect(tensor.dtype).toBe('uint8');
    expect([...tensor.data]).toEqual([6, 60]);
  });

  it('groups the scenes of one overpass by solar day', async () => {
    // 23:50 and 00:10 UTC at longitude 150 are on one solar day.
    const place = { footprint: [boxOutline([150, 0, 151, 1])] };
    const pair = [
      { ...rows[0], ...place, interval: TimeInterval.parse('2021-07-01T23:50:00Z') },
      { ...rows[2], ...place, interval: TimeInterval.parse('2021-07-02T00:10:00Z') },
    ];
    expect((await load({ steps: 'day' }, pair)).shape[1]).toBe(2);
    const solar = await load({ steps: 'solarDay', bands: [1] }, pair);
    expect(solar.shape[1]).toBe(1);
    expect(String(solar.times?.[0])).toBe('2021-07-01T23:50:00.000Z/2021-07-02T00:10:00.000Z');
  });

  it('refuses rows without a date, no rows, and impossible steps', async () => {
    const forever = { ...rows[0], interval: TimeInterval.always };
    await expect(load({}, [forever])).rejects.toThrow(/a has no step in time/);
    await expect(load({ bands: [1] }, [])).rejects.toThrow(/a catalog of 0 rows has none at longitude/);
    await expect(load({ steps: 'decade' } as object)).rejects.toThrow(/steps cannot be "decade"/);
    await expect(load({ steps: 'day', tolerance: 5 })).rejects.toThrow(
      /tolerance cannot be given with steps by day/,
    );
    await expect(load({ maxBytes: 63 })).rejects.toMatchObject({ code: 'TOO_LARGE' });
  });
});

describe('time steps', () => {
  /** 60 scenes 30 hours apart over the same two pixels, some with gaps. */
  const start = Date.parse('2021-03-01T10:00:00Z');
  const scenes = Promise.all(
    Array.from({ length: 60 }, async (_, k) => {
      const values = [(7 * k) % 41, k % 3 === 0 ? NAN : (11 * k) % 29];
      const interval = new Date(start + k * 30 * 3_600_000).toISOString();
      const file = { geobox: grid, bands: [Float32Array.from(values)] };
      const row = await writeRow(folder, `season${k}`, { data: file }, { interval });
      return { row, values, time: Date.parse(interval) };
    }),
  );
  type Scenes = Awaited<typeof scenes>;

  /** By the definition, in float64. */
  function combined(members: Scenes, pixel: number, method: string, middle: number): number {
    const byTime = [...members].sort((a, b) => a.time - b.time);
    const near = [...byTime].sort((a, b) => Math.abs(a.time - middle) - Math.abs(b.time - middle));
    const known = (method === 'nearest' ? near : byTime)
      .map(({ values }) => values[pixel])
      .filter((value) => !Number.isNaN(value));
    if (method === 'count') return known.length;
    if (known.length === 0) return NAN;
    const sorted = [...known].sort((a, b) => a - b);
    const half = (sorted.length - 1) / 2;
    const sum = known.reduce((total, value) => total + value, 0);
    switch (method) {
      case 'last':
        return known[known.length - 1];
      case 'sum':
        return sum;
      case 'mean':
        return sum / known.length;
      case 'median':
        return (sorted[Math.floor(half)] + sorted[Math.ceil(half)]) / 2;
      case 'min':
        return sorted[0];
      case 'max':
        return sorted[sorted.length - 1];
      default:
        return known[0];
    }
  }

  const sixteen = [...timeWindows(TimeInterval.parse('2021-02-20/2021-06-10'), { length: 16 * 86_400_000 })];
  const methods = ['nearest', 'first', 'last', 'mean', 'median', 'min', 'max', 'sum', 'count'] as const;

  it.each(methods)('by day, month and 16 days do not depend on the order of the rows: %s', async (method) => {
    const all = await scenes;
    const shuffled = all.map(({ row }, k) => all[(k * 37) % 60].row ?? row);
    for (const steps of ['day', 'month', sixteen] as const) {
      const tensor = await loadRasterTimeseries(shuffled, grid, { steps, method, resampling: 'nearest' });
      const intervals =
        typeof steps === 'string'
          ? [...new Set(all.map(({ time }) => calendarUnit(time, steps).start))].map((at) =>
              calendarUnit(at, steps),
            )
          : steps;
      expect(tensor.times?.map(String)).toEqual(intervals.map(String));
      const expected = intervals.flatMap(({ start, end }) => {
        const members = all.filter(({ time }) => start <= time && time <= end);
        return [0, 1].map((pixel) => combined(members, pixel, method, start + (end - start) / 2));
      });
      expect(tensor.data).toBeCloseToArray(expected, 1e-5);
    }
  });

  it('keep steps without rows, and put a row on a boundary into one step', async () => {
    const [{ row }] = await scenes;
    const edge = sixteen[2].start;
    const at = (time: number) => ({ ...row, interval: TimeInterval.instant(time) });
    const on = await loadRasterTimeseries([at(edge)], grid, { steps: sixteen, method: 'count' });
    expect([...on.data].filter((_, i) => i % 2 === 0)).toEqual([0, 0, 1, 0, 0, 0]);
    const before = await loadRasterTimeseries([at(edge - 1)], grid, { steps: sixteen, method: 'count' });
    expect([...before.data].filter((_, i) => i % 2 === 0)).toEqual([0, 1, 0, 0, 0, 0]);
    const values = await loadRasterTimeseries([at(edge)], grid, {
      steps: sixteen,
      dtype: 'int16',
      nodata: -1,
    });
    expect([...values.data].filter((_, i) => i % 2 === 0)).toEqual([-1, -1, 0, -1, -1, -1]);
  });

  it('use the backend memory of one step for any number of steps, and free it', async () => {
    const all = await scenes;
    const peakOf = async (rows: readonly CatalogRow[]): Promise<number> => {
      const backend = new CpuBackend();
      await loadRasterTimeseries(rows, grid, { steps: 'time', backend });
      const { allocatedBytes, peakAllocatedBytes } = backend.counters;
      expect(allocatedBytes).toBe(0);
      backend.dispose();
      return peakAllocatedBytes;
    };
    const rows = all.map(({ row }) => row);
    expect(await peakOf(rows)).toBe(await peakOf(rows.slice(0, 2)));
  });

  it('mask each source before a step is combined', async () => {
    const scl = async (id: string, time: string, value: number, classes: number[]) =>
      writeRow(
        folder,
        id,
        {
          red: { geobox: grid, bands: [Float32Array.of(value, value)], names: ['B04'] },
          scl: { geobox: grid, bands: [Uint8Array.from(classes)], names: ['SCL'] },
        },
        { interval: time },
      );
    const rows = [
      await scl('clear', '2021-07-01T10:00:00Z', 1, [4, 4]),
      await scl('cloudy', '2021-07-20T10:00:00Z', 2, [9, 4]),
    ];
    const mask = { band: 'SCL', classes: [9] };
    const options = { steps: 'month', bands: ['B04'], mask } as const;
    expect([...(await loadRasterTimeseries(rows, grid, { ...options, method: 'last' })).data]).toEqual([
      1, 2,
    ]);
    // The middle of July is the 16th: the 20th is nearest where it is clear.
    expect([...(await loadRasterTimeseries(rows, grid, { ...options, method: 'nearest' })).data]).toEqual([
      1, 2,
    ]);
  });

  it('have all strips of a solar day when 0 is not declared as nodata (odc-stac#235)', async () => {
    const wide = gridAt(500_000, 5_000_010, 6, 1);
    const strips = await Promise.all(
      [0, 1, 2].map((k) => {
        const values = Uint16Array.from({ length: 6 }, (_, x) => (Math.floor(x / 2) === k ? 100 + x : 0));
        const file = { data: { geobox: wide, bands: [values] } };
        return writeRow(folder, `strip${k}`, file, { interval: `2021-07-01T10:00:0${k}Z` });
      }),
    );
    const load = (options: LoadTimeseriesOptions) =>
      loadRasterTimeseries(strips, wide, { steps: 'solarDay', resampling: 'nearest', ...options });
    const told = await load({ sourceNodata: 0, dtype: 'uint16' });
    expect(told.nodata).toBe(0);
    expect([...told.data]).toEqual([100, 101, 102, 103, 104, 105]);
    expect([...(await load({ method: 'max' })).data]).toEqual([100, 101, 102, 103, 104, 105]);
  });

  it('have two solar days for an overpass across the antimeridian', async () => {
    const [{ row }] = await scenes;
    const interval = TimeInterval.parse('2021-07-01T22:30:00Z');
    const lies = (id: string, west: number) => ({
      ...row,
      id,
      interval,
      footprint: [boxOutline([west, 0, west + 1, 1])],
    });
    const both = await loadRasterTimeseries([lies('east', 178.5), lies('west', -179.5)], grid, {
      steps: 'solarDay',
    });
    expect(both.shape[1]).toBe(2);
    const one = await loadRasterTimeseries([lies('east', 178.5), lies('near', 177)], grid, {
      steps: 'solarDay',
    });
    expect(one.shape[1]).toBe(1);
    // A scene cut at the antimeridian has the position of its larger part.
    const footprint = [boxOutline([179, 0, 180, 1]), boxOutline([-180, 0, -179.8, 1])];
    const cut = await loadRasterTimeseries([lies('east', 178.5), { ...row, interval, footprint }], grid, {
      steps: 'solarDay',
    });
    expect(cut.shape[1]).toBe(1);
  });
});

describe('solar days', () => {
  const day = (text: string, longitude: number): string =>
    new Date(solarDay(Date.parse(text), longitude)).toISOString().slice(0, 10);

  it('round the hours down, also west of Greenwich, where truncation is one day off', () => {
    expect(day('2021-07-02T00:30:00Z', -1)).toBe('2021-07-01');
    expect(day('2021-07-02T00:30:00Z', -14.9)).toBe('2021-07-01');
    expect(day('2021-07-02T01:00:00Z', -1)).toBe('2021-07-02');
    expect(day('2021-07-02T00:30:00Z', 1)).toBe('2021-07-02');
  });

  it('differ on the two sides of the antimeridian, at 179° and −179°', () => {
    expect(day('2021-07-01T22:30:00Z', 179)).toBe('2021-07-02');
    expect(day('2021-07-01T22:30:00Z', -179)).toBe('2021-07-01');
    expect(day('2021-07-01T22:30:00Z', 181)).toBe('2021-07-01');
    expect(day('2021-07-01T11:30:00Z', -179)).toBe('2021-06-30');
  });

  it('calendar units have both ends', () => {
    const at = Date.parse('2024-02-29T13:45:10Z');
    expect(String(calendarUnit(at, 'hour'))).toBe('2024-02-29T13:00:00.000Z/2024-02-29T13:59:59.999Z');
    expect(String(calendarUnit(at, 'day'))).toBe('2024-02-29T00:00:00.000Z/2024-02-29T23:59:59.999Z');
    expect(String(calendarUnit(at, 'week'))).toBe('2024-02-26T00:00:00.000Z/2024-03-03T23:59:59.999Z');
    expect(String(calendarUnit(at, 'month'))).toBe('2024-02-01T00:00:00.000Z/2024-02-29T23:59:59.999Z');
    expect(String(calendarUnit(at, 'quarter'))).toBe('2024-01-01T00:00:00.000Z/2024-03-31T23:59:59.999Z');
    expect(String(calendarUnit(at, 'year'))).toBe('2024-01-01T00:00:00.000Z/2024-12-31T23:59:59.999Z');
  });
});
