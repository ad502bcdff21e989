import { describe, expect, it } from 'vitest';
import { GeoCatalog } from '../../src/catalog/index.js';
import { TimeInterval } from '../../src/geo/node/index.js';
import { catalogRow, idsOf } from '../support/catalog.js';

const catalog = GeoCatalog.from([
  catalogRow('clear', [0, 0, 1, 1], '2021-07-14T10:00:00Z', {
    collection: 's2',
    properties: { 'eo:cloud_cover': 5, platform: 'sentinel-2a', tile: { zone: 31, band: 'U' } },
  }),
  catalogRow('cloudy', [1, 0, 2, 1], '2021-07-15T10:00:00Z', {
    collection: 's2',
    properties: { 'eo:cloud_cover': 80, platform: 'sentinel-2b', checked: true },
  }),
  catalogRow("o'clock", [2, 0, 3, 1], '2021-08-01T00:00:00Z', {
    collection: 's1',
    properties: { platform: 'sentinel-1a', 'eo:cloud_cover': null, 'odd name': 1 },
  }),
  catalogRow('dem', [0, 0, 3, 1], TimeInterval.always, { collection: 'dem', href: 'dem/tile.tif' }),
]);

describe('GeoCatalog.where', () => {
  it.each([
    ['eo:cloud_cover < 20', ['clear']],
    ['eo:cloud_cover >= 5 and eo:cloud_cover <= 80', ['clear', 'cloudy']],
    ['eo:cloud_cover between 5 and 79', ['clear']],
    ['20 > eo:cloud_cover', ['clear']],
    ['eo:cloud_cover <> 5', ['cloudy']],
    ['not eo:cloud_cover < 20', ['cloudy']],
    ['not (eo:cloud_cover < 20)', ['cloudy']],
    ['eo:cloud_cover is null', ["o'clock", 'dem']],
    ['eo:cloud_cover is not null', ['clear', 'cloudy']],
    ["eo:cloud_cover < 20 or platform = 'sentinel-1a'", ['clear', "o'clock"]],
    ["collection = 's2' or collection = 's1' and platform like '%1a'", ['clear', 'cloudy', "o'clock"]],
    ["(collection = 's2' or collection = 's1') and platform like '%1a'", ["o'clock"]],
    ["platform in ('sentinel-2a', 'sentinel-1a')", ['clear', "o'clock"]],
    ["platform not in ('sentinel-2a', 'sentinel-1a')", ['cloudy']],
    ["platform like 'sentinel-_a'", ['clear', "o'clock"]],
    ["platform like 'sentinel-__'", ['clear', 'cloudy', "o'clock"]],
    ["platform not like '%2%'", ["o'clock"]],
    ["id = 'o''clock'", ["o'clock"]],
    ['"odd name" = 1', ["o'clock"]],
    ['tile.zone = 31', ['clear']],
    ["tile.band = 'U'", ['clear']],
    ['checked = true', ['cloudy']],
    ["href like 'dem/%'", ['dem']],
    ["eo:cloud_cover IS NULL AND id = 'dem'", ['dem']],
  ])('%s', (expression, ids) => {
    expect(idsOf(catalog.where(expression))).toEqual(ids);
  });

  it.each([
    ["start >= '2021-07-15'", ['cloudy', "o'clock"]],
    ["start > '2021-07-15'", ["o'clock"]],
    ["start = '2021-07-14'", ['clear']],
    ["start = '2021-07'", ['clear', 'cloudy']],
    ["start <= '2021-07-14'", ['clear', 'dem']],
    ["start < '2021-07-14T10:00:00Z'", ['dem']],
    ["end > '2021-07-31' and start < '2021-08-02'", ["o'clock", 'dem']],
    ['start = end', ['clear', 'cloudy', "o'clock"]],
  ])('a day is a day: %s', (expression, ids) => {
    expect(idsOf(catalog.where(expression))).toEqual(ids);
  });

  it('takes a function', () => {
    expect(idsOf(catalog.where(({ id }) => id.startsWith('c')))).toEqual(['clear', 'cloudy']);
  });

  it.each([
    ['', /its end where/],
    ['eo:cloud_cover <', /its end where a number/],
    ['eo:cloud_cover < 20 eo:cloud_cover', /"eo:cloud_cover" where the end/],
    ['eo:cloud_cover 20', /where a comparison/],
    ['(eo:cloud_cover < 20', /where "\)" belongs/],
    [
      'eo:cloudcover < 20',
      /names "eo:cloudcover", which no row has; use one of id, collection.*eo:cloud_cover/,
    ],
    ["eo:cloud_cover < '20'", /compares eo:cloud_cover, a number in the row "clear", with a text/],
    ["start = 'soon'", /"soon" is not a date/],
    ['start < 20', /a time.*with a number/],
    ['platform like 20', /where a text/],
    ['eo:cloud_cover < 20; drop table', /cannot be read from "; drop table" on/],
    ['process.exit(1)', /where a comparison/],
    ['tile = 3', /compares tile, a list or an object/],
    [`${'('.repeat(200)}1=1${')'.repeat(200)}`, /nested deeper than 100/],
    ['x'.repeat(30_000), /30000 characters/],
  ])('refuses %s', (expression, message) => {
    expect(() => catalog.where(expression)).toThrow(message);
  });

  it('matches long patterns without exponential backtracking', () => {
    const row = catalogRow('a'.repeat(20_000), [0, 0, 1, 1]);
    expect(GeoCatalog.from([row]).where(`id like '${'%a'.repeat(200)}b'`)).toHaveLength(0);
  });

  it('accepts any property for an empty catalog', () => {
    expect(GeoCatalog.empty.where('anything = 1')).toHaveLength(0);
  });
});
