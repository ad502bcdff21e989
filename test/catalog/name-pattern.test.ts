import { describe, expect, it } from 'vitest';
import { dateReader } from '../../src/catalog/date-format.js';
import { nameReader } from '../../src/catalog/name-pattern.js';
import { TimeInterval } from '../../src/geo/index.js';

const iso = (interval: TimeInterval | null): string => String(interval);

describe('dateReader', () => {
  // The precisions of torchgeo's disambiguate_timestamp; ends are the last millisecond of the unit.
  it.each([
    ['%Y', '2021', '2021-01-01T00:00:00.000Z/2021-12-31T23:59:59.999Z'],
    ['%Y-%m', '2021-02', '2021-02-01T00:00:00.000Z/2021-02-28T23:59:59.999Z'],
    ['%Y%m%d', '20200229', '2020-02-29T00:00:00.000Z/2020-02-29T23:59:59.999Z'],
    ['%Y%j', '2020366', '2020-12-31T00:00:00.000Z/2020-12-31T23:59:59.999Z'],
    ['%Y%m%dT%H', '20210715T05', '2021-07-15T05:00:00.000Z/2021-07-15T05:59:59.999Z'],
    ['%Y%m%dT%H%M', '20210715T0550', '2021-07-15T05:50:00.000Z/2021-07-15T05:50:59.999Z'],
    ['%Y%m%dT%H%M%S', '20210715T055012', '2021-07-15T05:50:12.000Z/2021-07-15T05:50:12.999Z'],
    ['%Y%m%dT%H%M%S.%f', '20210715T055012.25', '2021-07-15T05:50:12.250Z/2021-07-15T05:50:12.250Z'],
    ['%d %b %y', '1 Dec 69', '1969-12-01T00:00:00.000Z/1969-12-01T23:59:59.999Z'],
    ['%B %Y (100%%)', 'march 2021 (100%)', '2021-03-01T00:00:00.000Z/2021-03-31T23:59:59.999Z'],
  ])('%s reads %s as the whole unit', (format, text, interval) => {
    expect(iso(dateReader(format)(text))).toBe(interval);
  });

  it.each([
    ['%Y%m%d', '20210230'],
    ['%Y%m%d', '20211301'],
    ['%Y%m%d', '2021071'],
    ['%Y%m%d', '20210715x'],
    ['%Y%j', '2021366'],
    ['%Y%m%dT%H', '20210715T24'],
    ['%b %Y', 'Foo 2021'],
  ])('%s finds no date in %s', (format, text) => {
    expect(dateReader(format)(text)).toBeNull();
  });

  it('refuses formats without a year, or with unknown or repeated fields', () => {
    expect(() => dateReader('%m%d')).toThrow(/"%m%d" has no year; write it as %Y%m%d/);
    expect(() => dateReader('%Y%U')).toThrow(/has %U, which is not known; use %Y %y %m/);
    expect(() => dateReader('%Y%Y')).toThrow(/has %Y twice/);
  });
});

describe('nameReader', () => {
  it('parses names', () => {
    const read = nameReader({ filenameRegex: /^(?<tile>T\w+)_(?<date>\d{8})_(?<band>B\d+)_/ });
    expect(read('T32ULA_20210715_B04_10m.tif')).toEqual({
      stem: 'T32ULA_20210715_10m',
      interval: TimeInterval.parse('2021-07-15'),
      band: 'B04',
      properties: { tile: 'T32ULA' },
    });
    expect(read('readme.tif')).toBeNull();
  });

  it("accepts Python's syntax for groups", () => {
    const read = nameReader({
      filenameRegex: String.raw`_(?P<start>\d{6})-(?P<stop>\d{6})`,
      dateFormat: '%Y%m',
    });
    expect(iso(read('x_202101-202103.tif')?.interval ?? null)).toBe(
      '2021-01-01T00:00:00.000Z/2021-03-31T23:59:59.999Z',
    );
    expect(() => read('x_202103-202101.tif')).toThrow(/stops \(202101\) before it starts \(202103\)/);
    expect(() => read('x_202113-202201.tif')).toThrow(/has "202113" for a date; write dates as %Y%m/);
  });

  it('gives no date without an expression', () => {
    const read = nameReader({});
    expect(read('a.b.tif')).toEqual({
      stem: 'a.b',
      interval: TimeInterval.always,
      band: null,
      properties: {},
    });
    expect(read('store.zarr')?.stem).toBe('store');
    expect(read('v1.2')?.stem).toBe('v1.2');
  });

  it.each<[string, object, RegExp]>([
    [
      'no group',
      { filenameRegex: '\\d+' },
      /filenameRegex has none of the groups date, start and stop, band/,
    ],
    ['other groups only', { filenameRegex: '(?<tile>.)' }, /none of the groups/],
    ['a start without a stop', { filenameRegex: '(?<start>.)' }, /only one of the groups start and stop/],
    ['too many dates', { filenameRegex: '(?<start>.)(?<stop>.)(?<date>.)' }, /date beside start and stop/],
    ['no expression', { filenameRegex: '(' }, /filenameRegex is no regular expression/],
    [
      'a format without dates',
      { filenameRegex: '(?<band>.)', dateFormat: '%Y' },
      /dateFormat has no meaning/,
    ],
    ['a format alone', { dateFormat: '%Y' }, /dateFormat has no meaning without `filenameRegex`/],
  ])('refuses %s', (_, options, message) => {
    expect(() => nameReader(options)).toThrow(message);
  });
});
