import { describe, expect, it } from 'vitest';
import {
  type CatalogRow,
  calendarUnit,
  type LoadTimeseriesOptions,
  loadRasterTimeseries,
  solarDay,
} from '../../src/catalog/node/index.js';
import { TimeInterval } from '../../src/geo/node/index.js';
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

  it('steps by exact time: (band, time, y, x) that knows its times and bands', async () => {
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

  it('groups the scenes of one overpass by solar day, wherever they lie', async () => {
    // 23:50 and 00:10 UTC at longitude 150: the same morning of the sun.
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
    await expect(load({ bands: [1] }, [])).rejects.toThrow(/has no step: no row meets the slice/);
    await expect(load({ steps: 'decade' } as object)).rejects.toThrow(/steps cannot be "decade"/);
    await expect(load({ steps: 'day', tolerance: 5 })).rejects.toThrow(
      /tolerance cannot be given with steps by day/,
    );
    await expect(load({ maxBytes: 63 })).rejects.toMatchObject({ code: 'TOO_LARGE' });
  });
});

describe('solar days', () => {
  const day = (text: string, longitude: number): string =>
    new Date(solarDay(Date.parse(text), longitude)).toISOString().slice(0, 10);

  it('rounds the hours down, also west of Greenwich, where truncation is a day off', () => {
    expect(day('2021-07-02T00:30:00Z', -1)).toBe('2021-07-01');
    expect(day('2021-07-02T00:30:00Z', -14.9)).toBe('2021-07-01');
    expect(day('2021-07-02T01:00:00Z', -1)).toBe('2021-07-02');
    expect(day('2021-07-02T00:30:00Z', 1)).toBe('2021-07-02');
  });

  it('has two dates beside the antimeridian, 179 and −179', () => {
    expect(day('2021-07-01T22:30:00Z', 179)).toBe('2021-07-02');
    expect(day('2021-07-01T22:30:00Z', -179)).toBe('2021-07-01');
    expect(day('2021-07-01T22:30:00Z', 181)).toBe('2021-07-01');
    expect(day('2021-07-01T11:30:00Z', -179)).toBe('2021-06-30');
  });

  it('knows units of the calendar by both ends', () => {
    const at = Date.parse('2024-02-29T13:45:10Z');
    expect(String(calendarUnit(at, 'hour'))).toBe('2024-02-29T13:00:00.000Z/2024-02-29T13:59:59.999Z');
    expect(String(calendarUnit(at, 'day'))).toBe('2024-02-29T00:00:00.000Z/2024-02-29T23:59:59.999Z');
    expect(String(calendarUnit(at, 'week'))).toBe('2024-02-26T00:00:00.000Z/2024-03-03T23:59:59.999Z');
    expect(String(calendarUnit(at, 'month'))).toBe('2024-02-01T00:00:00.000Z/2024-02-29T23:59:59.999Z');
    expect(String(calendarUnit(at, 'quarter'))).toBe('2024-01-01T00:00:00.000Z/2024-03-31T23:59:59.999Z');
    expect(String(calendarUnit(at, 'year'))).toBe('2024-01-01T00:00:00.000Z/2024-12-31T23:59:59.999Z');
  });
});
