import { describe, expect, it } from 'vitest';
import { GeoCatalog, temporalPairs } from '../../src/catalog/index.js';
import { type Bounds, TimeInterval } from '../../src/geo/node/index.js';
import { catalogRow, idsOf } from '../support/catalog.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const A: Bounds = [0, 0, 1, 1];
const B: Bounds = [5, 0, 6, 1];

const series = GeoCatalog.from([
  catalogRow('a1', A, '2021-07-01T10:00:00Z'),
  catalogRow('a2', A, '2021-07-11T10:00:00Z'),
  catalogRow('a3', A, '2021-07-21T10:00:00Z'),
  catalogRow('b1', B, '2021-07-04T10:00:00Z'),
  catalogRow('b2', B, '2021-07-14T10:00:00Z'),
]);

describe('time of a query', () => {
  const row = (time: string): GeoCatalog => GeoCatalog.from([catalogRow('x', A, time)]);

  it.each([
    // An instant at either edge, which torchgeo loses.
    ['2021-07-15T00:00:00Z', '2021-07-15T00:00:00Z/2021-07-16T00:00:00Z', 1],
    ['2021-07-16T00:00:00Z', '2021-07-15T00:00:00Z/2021-07-16T00:00:00Z', 1],
    ['2021-07-15T00:00:00Z', '2021-07-15T00:00:00Z', 1],
    ['2021-07-15T00:00:00.001Z', '2021-07-15T00:00:00Z', 0],
    // An interval that ends where the query starts, and one that starts where it ends.
    ['2021-07-14T00:00:00Z/2021-07-15T00:00:00Z', '2021-07-15T00:00:00Z/2021-07-16T00:00:00Z', 1],
    ['2021-07-16T00:00:00Z/2021-07-17T00:00:00Z', '2021-07-15T00:00:00Z/2021-07-16T00:00:00Z', 1],
    // A day ends a millisecond before the next.
    ['2021-07-14', '2021-07-15', 0],
    ['2021-07-14/..', '2030-01-01', 1],
    ['2021-07-14', '../2021-07-14', 1],
  ])('%s matches %s: %i', (time, interval, count) => {
    expect(row(time).query({ interval })).toHaveLength(count);
    expect(row(time).query({ geometry: A, interval })).toHaveLength(count);
    expect(row(time).query({ interval: TimeInterval.parse(interval) })).toHaveLength(count);
  });

  it('time zones are accepted', () => {
    const local = row('2021-07-15T00:30:00+02:00');
    expect(local.query({ interval: '2021-07-14' })).toHaveLength(1);
    expect(local.query({ interval: '2021-07-15' })).toHaveLength(0);
  });

  it('static rows match any time', () => {
    const catalog = GeoCatalog.from([catalogRow('dem', A)]);
    expect(catalog.query({ interval: '1850-01-01' })).toHaveLength(1);
    expect(catalog.temporalExtent?.equals(TimeInterval.always)).toBe(true);
  });
});

describe('padInterval', () => {
  it('widens intervals by milliseconds, and leaves the other catalog unchanged', () => {
    const wide = series.padInterval(3 * DAY);
    expect(wide.query({ geometry: A, interval: '2021-07-14' })).toHaveLength(1);
    expect(series.query({ geometry: A, interval: '2021-07-14' })).toHaveLength(0);
    expect(wide.row(0).interval.toString()).toBe('2021-06-28T10:00:00.000Z/2021-07-04T10:00:00.000Z');
    const after = series.padInterval({ before: 0, after: DAY });
    expect(after.row(0).interval.toString()).toBe('2021-07-01T10:00:00.000Z/2021-07-02T10:00:00.000Z');
  });

  it('pads a filtered catalog', () => {
    const part = series.query({ geometry: B }).padInterval(DAY);
    expect(idsOf(part)).toEqual(['b1', 'b2']);
    expect(part.temporalExtent?.toString()).toBe('2021-07-03T10:00:00.000Z/2021-07-15T10:00:00.000Z');
  });

  it('keeps open ends open, and refuses to reverse an interval', () => {
    expect(
      GeoCatalog.from([catalogRow('dem', A)])
        .padInterval(DAY)
        .row(0)
        .interval.toString(),
    ).toBe('../..');
    const days = GeoCatalog.from([
      catalogRow('x', A, '2021-07-01'),
      catalogRow('y', B, '2021-07-01T10:00:00Z'),
    ]);
    expect(() => days.padInterval(-HOUR)).toThrow(/"y" would end before it starts/);
    expect(days.query({ geometry: A }).padInterval(-HOUR)).toHaveLength(1);
    expect(() => days.padInterval(Number.NaN)).toThrow(/padInterval got NaN/);
  });
});

describe('nearestInTime', () => {
  it('takes the nearest row of all, or of each footprint', () => {
    expect(idsOf(series.nearestInTime('2021-07-12T10:00:00Z'))).toEqual(['a2']);
    expect(idsOf(series.nearestInTime('2021-07-12T10:00:00Z', { perPlace: true }))).toEqual(['a2', 'b2']);
    expect(idsOf(series.nearestInTime('2021-07-12T10:00:00Z', { perPlace: true, within: DAY }))).toEqual([
      'a2',
    ]);
    expect(idsOf(series.nearestInTime('2021-07-05', { count: 2 }))).toEqual(['a1', 'b1']);
    expect(idsOf(series.nearestInTime(Date.UTC(2030, 0)))).toEqual(['a3']);
    expect(idsOf(series.nearestInTime(new Date(0), { within: DAY }))).toEqual([]);
  });

  it('groups footprints by tile, for any coverage of the swath', () => {
    const rows = [
      catalogRow('whole', [0, 0, 1, 1], '2021-07-01', { properties: { 'grid:code': 'MGRS-31UGR' } }),
      catalogRow('part', [0, 0, 0.4, 1], '2021-07-03', { properties: { 'grid:code': 'MGRS-31UGR' } }),
      catalogRow('other', [0, 0, 1, 1], '2021-07-01', { properties: { 'grid:code': 'MGRS-32ULA' } }),
    ];
    const near = GeoCatalog.from(rows).nearestInTime('2021-07-03', { perPlace: true });
    expect(idsOf(near)).toEqual(['part', 'other']);
    const byId = GeoCatalog.from(rows).nearestInTime('2021-07-03', { perPlace: ({ id }) => id.slice(0, 1) });
    expect(byId).toHaveLength(3);
  });

  it('among rows whose interval contains the time prefers the nearest midpoint, static rows last', () => {
    const rows = [
      catalogRow('static', A),
      catalogRow('year', A, '2021-01-01/2021-12-31'),
      catalogRow('day', A, '2021-07-15'),
    ];
    expect(idsOf(GeoCatalog.from(rows).nearestInTime('2021-07-15T12:00:00Z'))).toEqual(['day']);
    expect(idsOf(GeoCatalog.from(rows).nearestInTime('2021-07-16', { count: 2 }))).toEqual([
      'static',
      'year',
    ]);
  });

  it('refuses an invalid time, count or limit', () => {
    expect(() => series.nearestInTime('soon')).toThrow(/"soon" is not a date/);
    expect(() => series.nearestInTime(Number.NaN)).toThrow(/the time NaN is not valid/);
    expect(() => series.nearestInTime(0, { count: 0 })).toThrow(/count is 0/);
    expect(() => series.nearestInTime(0, { within: -1 })).toThrow(/within is -1/);
  });
});

describe('temporalPairs', () => {
  const pairIds = (...args: Parameters<typeof temporalPairs>): string[] =>
    temporalPairs(...args).map(({ first, second }) => `${first.id}-${second.id}`);

  it('pairs each row with later ones of its footprint', () => {
    expect(pairIds(series, series)).toEqual(['a1-a2', 'a1-a3', 'a2-a3', 'b1-b2']);
    expect(pairIds(series, series, { nearest: true })).toEqual(['a1-a2', 'a2-a3', 'b1-b2']);
    expect(pairIds(series, series, { minGap: 15 * DAY })).toEqual(['a1-a3']);
    expect(pairIds(series, series, { maxGap: 12 * DAY })).toEqual(['a1-a2', 'a2-a3', 'b1-b2']);
    const [pair] = temporalPairs(series, series);
    expect(pair.gap).toBe(10 * DAY);
  });

  it('requires a minimum overlap', () => {
    const before = GeoCatalog.from([catalogRow('before', [0, 0, 1, 1], '2021-07-01')]);
    const after = GeoCatalog.from([
      catalogRow('sliver', [0.95, 0, 2, 1], '2021-07-11'),
      catalogRow('half', [0.5, 0, 1.5, 1], '2021-07-21'),
    ]);
    expect(pairIds(before, after)).toEqual(['before-sliver', 'before-half']);
    expect(pairIds(before, after, { minOverlap: 0.4, nearest: true })).toEqual(['before-half']);
  });

  it('refuses a minimum above the maximum', () => {
    expect(() => temporalPairs(series, series, { minGap: 2, maxGap: 1 })).toThrow(/minGap is 2/);
    expect(() => temporalPairs(series, series, { minOverlap: 2 })).toThrow(/minOverlap is 2/);
  });
});

describe('sortBy', () => {
  it('is a stable sort by a key', () => {
    const byTime = series.sortBy(({ interval }) => interval.start);
    expect(idsOf(byTime)).toEqual(['a1', 'b1', 'a2', 'b2', 'a3']);
    expect(idsOf(series.sortBy(({ interval }) => interval.start, { descending: true }))).toEqual([
      'a3',
      'b2',
      'a2',
      'b1',
      'a1',
    ]);
    expect(idsOf(series.sortBy(({ id }) => id.slice(0, 1)))).toEqual(idsOf(series));
    // A query keeps the order.
    expect(idsOf(byTime.query({ geometry: A }))).toEqual(['a1', 'a2', 'a3']);
    expect(byTime.row(1).id).toBe('b1');
    expect(() => byTime.row(5)).toThrow(/the row 5 is not one of the 5 rows/);
  });
});
