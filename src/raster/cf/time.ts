/** Times of the CF conventions: numbers of a unit since a date. */
import { invalidInput, TerrachipError } from '../../errors.js';
import { TimeInterval } from '../../geo/index.js';
import type { Attributes } from '../arrays/index.js';
import { textOf } from './attributes.js';

/** Milliseconds. Months and years are not among them: CF's are fractions of a year, which nobody means. */
const UNITS: Readonly<Record<string, number>> = {
  nanosecond: 1e-6,
  ns: 1e-6,
  microsecond: 1e-3,
  us: 1e-3,
  millisecond: 1,
  msec: 1,
  ms: 1,
  second: 1000,
  sec: 1000,
  s: 1000,
  minute: 60_000,
  min: 60_000,
  hour: 3_600_000,
  hr: 3_600_000,
  h: 3_600_000,
  day: 86_400_000,
  d: 86_400_000,
  week: 7 * 86_400_000,
};

/** Calendars whose dates since 1582 are those of the civil calendar. */
const CIVIL = ['standard', 'gregorian', 'proleptic_gregorian'];

/** The first day of the Gregorian calendar: before it, `standard` means the Julian one. */
const GREGORIAN_START = Date.UTC(1582, 9, 15);

const SINCE =
  /^\s*([A-Za-z]+)\s+since\s+(-?\d{1,4})-(\d{1,2})-(\d{1,2})(?:[T\s]+(\d{1,2})(?::(\d{1,2})(?::(\d{1,2}(?:\.\d*)?))?)?)?\s*(UTC|GMT|Z|[+-]\d{1,2}(?::?\d{2})?)?\s*$/i;

/** Whether units are those of a time. */
export function isTimeUnits(units: string | null): units is string {
  return units !== null && /\bsince\b/i.test(units);
}

/** Turns numbers into UTC milliseconds. */
export type TimeDecoder = (value: number) => number;

/**
 * The decoder of a time coordinate.
 * @param name names the variable, for messages
 * @throws {TerrachipError} INVALID_INPUT for units that are no time, UNSUPPORTED for calendars other than the civil one
 */
export function timeDecoder(name: string, attributes: Attributes): TimeDecoder {
  const units = textOf(attributes, 'units') ?? '';
  const calendar = (textOf(attributes, 'calendar') ?? 'standard').toLowerCase();
  if (!CIVIL.includes(calendar)) {
    throw new TerrachipError(
      'UNSUPPORTED',
      `${name} counts its time in the calendar "${calendar}", whose days are not those of the civil calendar`,
      'convert it (xarray: ds.convert_calendar("standard"))',
      { feature: `calendar ${calendar}` },
    );
  }
  const [, unit, year, month, day, hour, minute, second, zone] = SINCE.exec(units) ?? [];
  const word = unit?.toLowerCase();
  const length = word === undefined ? undefined : (UNITS[word] ?? UNITS[word.replace(/s$/, '')]);
  const start =
    length === undefined
      ? Number.NaN
      : epoch(Number(year), Number(month), Number(day), [hour, minute, second]);
  if (length === undefined || Number.isNaN(start)) {
    throw invalidInput(
      name,
      `has the time units ${JSON.stringify(units)}`,
      'write them as "days since 1970-01-01", in nanoseconds to weeks',
    );
  }
  if (calendar !== 'proleptic_gregorian' && start < GREGORIAN_START) {
    // Days from a Julian date: the dates of both calendars agree on the count of days only from 1582 on.
    const shifted = start + julianShift(Number(year), Number(month)) * 86_400_000;
    return (value) => Math.round(shifted - zoneOffset(zone) + value * length);
  }
  return (value) => Math.round(start - zoneOffset(zone) + value * length);
}

/** Dates reach 100 million days to both sides of 1970. */
const MAX_TIME = 8.64e15;

/** The instant of a number, or the interval of its bounds `[from, to)`; null for a number that is no time. */
export function decodeTime(
  decode: TimeDecoder,
  value: number,
  bounds: readonly [number, number] | null,
): TimeInterval | null {
  const [from, to] = (bounds ?? [value, value]).map(decode);
  // NaN fails the comparisons.
  if (!(Math.abs(from) <= MAX_TIME && Math.abs(to) <= MAX_TIME && from <= to)) return null;
  return new TimeInterval(from, Math.max(from, to - 1));
}

function epoch(year: number, month: number, day: number, time: readonly (string | undefined)[]): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return Number.NaN;
  const [hours, minutes, seconds] = time.map((part) => Number(part ?? 0));
  return date.getTime() + hours * 3_600_000 + minutes * 60_000 + Math.round(seconds * 1000);
}

function zoneOffset(zone: string | undefined): number {
  const [, sign, hours, minutes] = /^([+-])(\d{1,2}):?(\d{2})?$/.exec(zone ?? '') ?? [];
  if (sign === undefined) return 0;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 3_600_000 + Number(minutes ?? 0) * 60_000);
}

/** Days from the Gregorian date of a name to the Julian date of the same name. */
function julianShift(year: number, month: number): number {
  const y = month <= 2 ? year - 1 : year;
  return Math.floor(y / 100) - Math.floor(y / 400) - 2;
}
