import { describe, expect, it } from 'vitest';
import { TimeInterval } from '../../src/geo/index.js';

const DAY = 86_400_000;
const july15 = Date.UTC(2021, 6, 15);

describe('TimeInterval', () => {
  it('keeps the precision of what it parses', () => {
    expect(TimeInterval.parse('2021-07-15')).toEqual(new TimeInterval(july15, july15 + DAY - 1));
    expect(TimeInterval.parse('2021-02').end).toBe(Date.UTC(2021, 2, 1) - 1);
    expect(TimeInterval.parse('2021-07-15T05:50:12.5Z')).toEqual(TimeInterval.instant(july15 + 21012500));
    expect(TimeInterval.parse('2021-07-15T05:50+02:00').start).toBe(july15 + (3 * 60 + 50) * 60_000);
    // A space for the T, as items of Sentinel-1 RTC on the Planetary Computer have it.
    const spaced = TimeInterval.parse('2025-03-11 04:42:31.719576+00:00');
    expect(spaced.toJSON()[0]).toBe('2025-03-11T04:42:31.719Z');
  });

  it('takes years, months and days at either end, as STAC clients do', () => {
    expect(TimeInterval.parse('2021').toJSON()).toEqual([
      '2021-01-01T00:00:00.000Z',
      '2021-12-31T23:59:59.999Z',
    ]);
    expect(TimeInterval.parse('2021/2022').toJSON()).toEqual([
      '2021-01-01T00:00:00.000Z',
      '2022-12-31T23:59:59.999Z',
    ]);
    expect(TimeInterval.parse('../2021-07').toJSON()).toEqual(['..', '2021-07-31T23:59:59.999Z']);
    expect(TimeInterval.parse('2021-07-01T00:00:00+02:00/..').toJSON()).toEqual([
      '2021-06-30T22:00:00.000Z',
      '..',
    ]);
    expect(TimeInterval.parse('2020-02/2020-02-29').end).toBe(Date.UTC(2020, 2, 1) - 1);
    // As RFC 3339 allows, in lower case too.
    expect(TimeInterval.parse('2021-07-15t05:50:12z').start).toBe(july15 + 21012000);
    // The first century is no two-digit year.
    expect(TimeInterval.parse('0021-07').toJSON()[0]).toBe('0021-07-01T00:00:00.000Z');
  });

  it('ends where dates do', () => {
    const last = 8.64e15;
    expect(new TimeInterval(-last, last).toJSON()[1]).toBe('+275760-09-13T00:00:00.000Z');
    expect(() => new TimeInterval(0, last + 1000)).toThrow(/within 100 million days of 1970/);
    expect(() => new TimeInterval(-last - 1000, 0)).toThrow(/within 100 million days of 1970/);
  });

  it('opens ends to infinity', () => {
    expect(TimeInterval.parse('2021-07-15/..').end).toBe(Infinity);
    expect(TimeInterval.parse('../2021-07-15').start).toBe(-Infinity);
    expect(TimeInterval.parse('2021-07-01/2021-07-15').end).toBe(july15 + DAY - 1);
    expect(TimeInterval.always.toJSON()).toEqual(['..', '..']);
  });

  it('is closed at both ends', () => {
    const a = new TimeInterval(0, 10);
    expect(a.intersects(TimeInterval.instant(10))).toBe(true);
    expect(a.intersection(new TimeInterval(10, 20))).toEqual(TimeInterval.instant(10));
    expect(a.intersection(new TimeInterval(11, 20))).toBeNull();
    expect(a.union(new TimeInterval(20, 30))).toEqual(new TimeInterval(0, 30));
    expect(a.pad(5)).toEqual(new TimeInterval(-5, 15));
    expect(a.contains(0) && a.contains(10) && !a.contains(11)).toBe(true);
  });

  it.each([
    '21',
    '20210715',
    '2021-13',
    '2021-02-29',
    '2021-04-31',
    '2021-07-15T25:00Z',
    'yesterday',
    'a/b/c',
    '2021-07-15/2021-07-01',
  ])('refuses %s', (text) => {
    expect(() => TimeInterval.parse(text)).toThrow(/; .*\.$/);
  });
});
