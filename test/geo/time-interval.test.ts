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
    // A space in place of the T, as in Sentinel-1 RTC items on the Planetary Computer.
    const spaced = TimeInterval.parse('2025-03-11 04:42:31.719576+00:00');
    expect(spaced.toJSON()[0]).toBe('2025-03-11T04:42:31.719Z');
  });

  it('expands years, months and days at either end, as STAC clients do', () => {
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
    // A year of the first century is not a two-digit year.
    expect(TimeInterval.parse('0021-07').toJSON()[0]).toBe('0021-07-01T00:00:00.000Z');
  });

  // As Python's datetime.fromisoformat (3.11) reads them; ordinal dates as strptime('%Y%j') does.
  it.each([
    ['2021-07-15t10:10:10z', '2021-07-15T10:10:10.000Z'],
    ['2021-07-15T10:10:10,5Z', '2021-07-15T10:10:10.500Z'],
    ['2021-07-15T10:10:10+0200', '2021-07-15T08:10:10.000Z'],
    ['2021-07-15T10:10:10+02', '2021-07-15T08:10:10.000Z'],
    ['20210715T10+0530', '2021-07-15T04:30:00.000Z'],
    ['20210715T101010.123456789Z', '2021-07-15T10:10:10.123Z'],
    ['2021-07-15T101010', '2021-07-15T10:10:10.000Z'],
    ['2021-W28-4T10:10:10Z', '2021-07-15T10:10:10.000Z'],
    ['2021W284', '2021-07-15T00:00:00.000Z'],
    ['2020-W53-7', '2021-01-03T00:00:00.000Z'],
    ['20210715', '2021-07-15T00:00:00.000Z'],
    ['2021-196', '2021-07-15T00:00:00.000Z'],
    ['2020366', '2020-12-31T00:00:00.000Z'],
    // RFC 3339, section 5.6: a leap second; ISO 8601: midnight at the end of a day.
    ['2016-12-31T23:59:60Z', '2017-01-01T00:00:00.000Z'],
    ['2021-07-15T24:00:00Z', '2021-07-16T00:00:00.000Z'],
    ['2021-07-15 10:10:10 UTC', '2021-07-15T10:10:10.000Z'],
  ])('takes %s of ISO 8601', (text, start) => {
    expect(TimeInterval.parse(text).toJSON()[0]).toBe(start);
  });

  it('expands weeks and ordinal days to their span', () => {
    expect(TimeInterval.parse('2021-W28')).toEqual(
      new TimeInterval(Date.UTC(2021, 6, 12), Date.UTC(2021, 6, 19) - 1),
    );
    expect(TimeInterval.parse('2021-196')).toEqual(new TimeInterval(july15, july15 + DAY - 1));
  });

  it("is refused beyond JavaScript's dates", () => {
    const last = 8.64e15;
    expect(new TimeInterval(-last, last).toJSON()[1]).toBe('+275760-09-13T00:00:00.000Z');
    expect(() => new TimeInterval(0, last + 1000)).toThrow(/within 100 million days of 1970/);
    expect(() => new TimeInterval(-last - 1000, 0)).toThrow(/within 100 million days of 1970/);
  });

  it('has infinite open ends', () => {
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
    '202107',
    '2021-366',
    '2021-000',
    '2021-W53',
    '2021-07T10:00Z',
    '2021-07-15T10:00+25',
    '2021-07-15T24:01Z',
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
