import { describe, expect, it } from 'vitest';
import { Crs, createTransform } from '../../src/geo/node/index.js';
import { crsOf, tryCrsOf } from '../../src/raster/cf/grid-mapping.js';
import { decodeTime, timeDecoder } from '../../src/raster/cf/index.js';

function iso(units: string, value: number, calendar?: string): string {
  const decode = timeDecoder('time', calendar === undefined ? { units } : { units, calendar });
  return new Date(decode(value)).toISOString();
}

/** Expected dates are those of cftime.num2date. */
describe('CF time', () => {
  it.each([
    ['days since 2000-02-28', 1.5, undefined, '2000-02-29T12:00:00.000Z'],
    ['hours since 1900-01-01 00:00:00.0', 1_060_008, undefined, '2020-12-04T00:00:00.000Z'],
    ['seconds since 1970-01-01T00:00:00Z', 1_626_343_812, 'proleptic_gregorian', '2021-07-15T10:10:12.000Z'],
    ['minutes since 2021-07-15 12:00 +02:00', 30, 'gregorian', '2021-07-15T10:30:00.000Z'],
    ['milliseconds since 2021-1-5', 250, undefined, '2021-01-05T00:00:00.250Z'],
    ['days since 0001-01-01', 738_000, 'proleptic_gregorian', '2021-07-30T00:00:00.000Z'],
    ['days since 0001-01-01', 738_000, 'standard', '2021-07-28T00:00:00.000Z'],
    ['days since 1200-02-28', 300_000, 'standard', '2021-07-20T00:00:00.000Z'],
    ['days since 1500-03-01', 200_000, undefined, '2047-10-09T00:00:00.000Z'],
    ['days since 1582-10-04', 1, 'standard', '1582-10-15T00:00:00.000Z'],
  ])('%s, %d, %s', (units, value, calendar, wanted) => {
    expect(iso(units, value, calendar)).toBe(wanted);
  });

  it.each([
    ['days since 2015-02-28 12:00', 1, 'noleap', '2015-03-01T12:00:00.000Z'],
    ['days since 2016-02-28', 1, 'noleap', '2016-03-01T00:00:00.000Z'],
    ['hours since 0001-01-01', 17_520_000, '365_day', '2001-01-01T00:00:00.000Z'],
    ['days since 2016-02-28', 1, 'all_leap', '2016-02-29T00:00:00.000Z'],
    ['days since 2015-02-28', 2, '366_day', '2015-03-01T00:00:00.000Z'],
    ['days since 2000-01-30', 1, '360_day', '2000-02-01T00:00:00.000Z'],
    ['days since 2000-02-30', 2.25, '360_day', '2000-03-02T06:00:00.000Z'],
    ['days since 2000-01-01', 366, '360_day', '2001-01-07T00:00:00.000Z'],
    ['months since 2000-11-15', 3, undefined, '2001-02-15T00:00:00.000Z'],
    ['months since 1850-01-01', 2000, 'noleap', '2016-09-01T00:00:00.000Z'],
    ['years since 2000-01-01 06:00', -2, undefined, '1998-01-01T06:00:00.000Z'],
    ['months since 1850-01-30', 1, '360_day', null],
    ['months since 2000-01-31', 1, undefined, null],
    ['months since 2000-01-01', 0.5, undefined, null],
    ['days since 2015-02-28', 1, 'all_leap', null],
    ['days since 2001-02-28', 1, '360_day', null],
  ])('%s, %d, %s is the civil date of the same name', (units, value, calendar, wanted) => {
    const attributes = calendar === undefined ? { units } : { units, calendar };
    const time = decodeTime(timeDecoder('time', attributes), value, null);
    expect(time === null ? null : time.toJSON()[0]).toBe(wanted);
  });

  // The day number of cftime.DatetimeJulian(2000, 1, 1) and of (1900, 2, 29), which only that calendar has.
  it.each([
    ['days since 2000-01-01', 0, '2000-01-14T00:00:00.000Z'],
    ['days since 1900-02-29', 1, '1900-03-14T00:00:00.000Z'],
  ])('%s, %d in the Julian calendar is the same day', (units, value, wanted) => {
    expect(iso(units, value, 'julian')).toBe(wanted);
  });

  it('refuses other calendars and units', () => {
    expect(() => iso('days since 2000-01-01', 1, 'none')).toThrow(
      /in the calendar "none", which is not known/,
    );
    for (const units of [
      'constructor since 2000-01-01',
      'fortnights since 2000-01-01',
      'days since 2000-02-30',
      'days since yesterday',
    ]) {
      expect(() => iso(units, 1)).toThrow(/has the time units/);
    }
    expect(() => iso('days since 2000-02-30', 1, 'noleap')).toThrow(/has the time units/);
  });

  it('makes intervals from bounds, closed at their last millisecond', () => {
    const decode = timeDecoder('time', { units: 'days since 2021-01-01' });
    expect(decodeTime(decode, 0.5, [0, 1])?.toJSON()).toEqual([
      '2021-01-01T00:00:00.000Z',
      '2021-01-01T23:59:59.999Z',
    ]);
    expect(decodeTime(decode, Number.NaN, null)).toBe(null);
  });
});

describe('grid mappings', () => {
  it('are read from WKT, codes or parameters', () => {
    expect(crsOf({ 'proj:code': 'EPSG:32633' })?.epsg).toBe(32633);
    expect(crsOf({ 'proj:epsg': 3035 })?.epsg).toBe(3035);
    expect(crsOf({ 'proj:projjson': { id: { authority: 'EPSG', code: 3857 } } })?.epsg).toBe(3857);
    const laea = crsOf({
      grid_mapping_name: 'lambert_azimuthal_equal_area',
      latitude_of_projection_origin: 52,
      longitude_of_projection_origin: 10,
      false_easting: 4321000,
      false_northing: 3210000,
      semi_major_axis: 6378137,
      inverse_flattening: 298.257222101,
    });
    const known = crsOf({ 'proj:code': 'EPSG:3035' });
    if (laea === null || known === null) throw new Error('no CRS');
    const [x, y] = [laea, known].map(
      (crs) => crs.projection.forward({ x: 0.1, y: 0.85 }) as { x: number; y: number },
    );
    expect(Math.hypot(x.x - y.x, x.y - y.y)).toBeLessThan(1e-3);
    expect(tryCrsOf({ grid_mapping_name: 'rotated_mercator' })).toEqual({
      crs: null,
      problem: 'has a grid mapping that is not known ("rotated_mercator")',
    });
    expect(tryCrsOf({ grid_mapping_name: 'rotated_latitude_longitude' }).problem).toMatch(/cannot be used/);
    // The shift is found by the datum's name: 23.73, 37.97 in EPSG:4121 by pyproj.
    const named = crsOf({
      grid_mapping_name: 'latitude_longitude',
      horizontal_datum_name: 'Greek Geodetic Reference System 1987',
      semi_major_axis: 6378137,
      inverse_flattening: 298.257222101,
    });
    const [longitude, latitude] = createTransform(Crs.wgs84, named ?? Crs.wgs84).forward(23.73, 37.97);
    expect(longitude).toBeCloseTo(23.728305471, 6);
    expect(latitude).toBeCloseTo(37.967401013, 6);
    expect(crsOf({})).toBe(null);
  });

  // Positions by PROJ's ob_tran.
  it('may have a rotated pole', () => {
    const rotated = crsOf({
      grid_mapping_name: 'rotated_latitude_longitude',
      grid_north_pole_latitude: 39.25,
      grid_north_pole_longitude: -162,
      earth_radius: 6371229,
    });
    if (rotated === null) throw new Error('no CRS');
    const { forward } = createTransform(rotated, Crs.wgs84);
    const { forward: backward } = createTransform(Crs.wgs84, rotated);
    for (const [from, to] of [
      [
        [-5, 3],
        [9.59292292343558, 53.46581720709658],
      ],
      [
        [12.5, -20],
        [31.528512293375744, 29.60672393119057],
      ],
    ]) {
      // biome-ignore format: pairs
      for (const axis of [0, 1]) {
        expect(forward(from[0], from[1])[axis]).toBeCloseTo(to[axis], 9);
        expect(backward(to[0], to[1])[axis]).toBeCloseTo(from[axis], 9);
      }
    }
  });
});
