/** CF times: numbers of a unit since a date. */
import { invalidInput, isTerrachipError, unsupported } from '../../errors.js';
import { TimeInterval } from '../../geo/index.js';
import { memberOf } from '../../json/keys.js';
import type { Attributes } from '../arrays/index.js';
import { textOf } from './attributes.js';

const DAY = 86_400_000;

/** Milliseconds. */
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

/** Calendar months. By CF they are twelfths of 365.2422 days, but writers do not mean that. */
const MONTHS: Readonly<Record<string, number>> = { month: 1, mon: 1, year: 12, yr: 12 };

/** Calendars whose dates since 1582 are those of the civil calendar. */
const CIVIL = ['standard', 'gregorian', 'proleptic_gregorian'];

/** The first day of the Gregorian calendar: before it, `standard` means the Julian one. */
const GREGORIAN_START = Date.UTC(1582, 9, 15);

const SINCE =
  /^\s*([A-Za-z]+)\s+since\s+(-?\d{1,4})-(\d{1,2})-(\d{1,2})(?:[T\s]+(\d{1,2})(?::(\d{1,2})(?::(\d{1,2}(?:\.\d*)?))?)?)?\s*(UTC|GMT|Z|[+-]\d{1,2}(?::?\d{2})?)?\s*$/i;

/** Whether units are units of time. */
export function isTimeUnits(units: string | null): units is string {
  return units !== null && /\bsince\b/i.test(units);
}

/** Converts numbers to UTC milliseconds; NaN for no date. */
export type TimeDecoder = (value: number) => number;

/**
 * The decoder of a time coordinate. Dates of model calendars (noleap, 360_day, …) become the civil dates of the same
 * name, or NaN if there is none. Whole months and years are calendar ones.
 * @param name names the variable, for messages
 * @throws {TerrachipError} INVALID_INPUT for units of no time, UNSUPPORTED for unknown calendars
 */
export function timeDecoder(name: string, attributes: Attributes): TimeDecoder {
  const units = textOf(attributes, 'units') ?? '';
  const calendar = (textOf(attributes, 'calendar') ?? 'standard').toLowerCase();
  const model = modelCalendar(calendar);
  if (!CIVIL.includes(calendar) && calendar !== 'julian' && model === null) {
    throw unsupported(
      `calendar ${calendar}`,
      `${name} counts its time in the calendar "${calendar}", which is not known`,
      'convert it (xarray: ds.convert_calendar("standard"))',
    );
  }
  const [, unit, ...parts] = SINCE.exec(units) ?? [];
  const [year, month, day] = parts.slice(0, 3).map(Number);
  const word = unit?.toLowerCase() ?? '';
  const length = memberOf(UNITS, word) ?? memberOf(UNITS, word.replace(/s$/, '')) ?? Number.NaN;
  const months = memberOf(MONTHS, word.replace(/s$/, ''));
  const sinceMidnight = timeOfDay(parts.slice(3, 6)) - zoneOffset(parts[6]);
  const civil = model === null ? calendar : 'proleptic_gregorian';
  const midnight = model === null ? epoch(year, month, day, calendar) : model.toDays(year, month, day) * DAY;
  if ((Number.isNaN(length) && months === undefined) || !Number.isFinite(midnight)) {
    throw invalidInput(
      name,
      `has the time units ${JSON.stringify(units)}`,
      'write them as "days since 1970-01-01", in nanoseconds to years',
    );
  }
  if (months !== undefined) {
    // Writers do not agree on the length of a fraction of a month.
    return (value) => {
      const count = month - 1 + value * months;
      const date = [year + Math.floor(count / 12), count - 12 * Math.floor(count / 12) + 1, day] as const;
      return Number.isInteger(count) ? Math.round(epoch(...date, civil) + sinceMidnight) : Number.NaN;
    };
  }
  if (model === null) return (value) => Math.round(midnight + sinceMidnight + value * length);
  return (value) => {
    const time = Math.round(midnight + sinceMidnight + value * length);
    const days = Math.floor(time / DAY);
    return Number.isFinite(days)
      ? epoch(...model.toDate(days), 'proleptic_gregorian') + time - days * DAY
      : Number.NaN;
  };
}

/** As `timeDecoder`; null instead of an error. */
export function tryTimeDecoder(name: string, attributes: Attributes): TimeDecoder | null {
  try {
    return timeDecoder(name, attributes);
  } catch (error) {
    if (isTerrachipError(error, 'INVALID_INPUT', 'UNSUPPORTED')) return null;
    throw error;
  }
}

/** JavaScript's dates reach 100 million days to both sides of 1970. */
const MAX_TIME = 8.64e15;

/** The instant of a number, or the interval of its bounds `[from, to)`; null for no time. */
export function decodeTime(
  decode: TimeDecoder,
  value: number,
  bounds?: readonly [number, number] | null,
): TimeInterval | null {
  const [from, to] = (bounds ?? [value, value]).map(decode);
  // NaN fails the comparisons.
  if (!(Math.abs(from) <= MAX_TIME && Math.abs(to) <= MAX_TIME && from <= to)) return null;
  return new TimeInterval(from, Math.max(from, to - 1));
}

/** The midnight of a date as UTC milliseconds; NaN for no date. */
function epoch(year: number, month: number, day: number, calendar: string): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const isJulian =
    calendar === 'julian' || (calendar !== 'proleptic_gregorian' && date.getTime() < GREGORIAN_START);
  // In the Julian calendar every fourth year is a leap year.
  if (isJulian && month === 2 && day === 29 && year % 4 === 0) {
    return epoch(year, 2, 28, calendar) + DAY;
  }
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return Number.NaN;
  return date.getTime() + (isJulian ? julianShift(year, month) * DAY : 0);
}

function timeOfDay(parts: readonly (string | undefined)[]): number {
  const [hours, minutes, seconds] = parts.map((part) => Number(part ?? 0));
  return hours * 3_600_000 + minutes * 60_000 + Math.round(seconds * 1000);
}

function zoneOffset(zone: string | undefined): number {
  const [, sign, hours, minutes] = /^([+-])(\d{1,2}):?(\d{2})?$/.exec(zone ?? '') ?? [];
  if (sign === undefined) return 0;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 3_600_000 + Number(minutes ?? 0) * 60_000);
}

/** Days from a Gregorian date to the Julian date of the same name. */
function julianShift(year: number, month: number): number {
  const y = month <= 2 ? year - 1 : year;
  return Math.floor(y / 100) - Math.floor(y / 400) - 2;
}

/** Days of each month, in the calendars of climate models, whose years are all alike. */
const LEAP = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const COMMON = LEAP.map((days, month) => (month === 1 ? 28 : days));
const EVEN = LEAP.map(() => 30);

const MODELS: Readonly<Record<string, readonly number[]>> = {
  noleap: COMMON,
  '365_day': COMMON,
  all_leap: LEAP,
  '366_day': LEAP,
  '360_day': EVEN,
};

interface ModelCalendar {
  /** Days since 1 January of year 0; NaN for a date outside the calendar. */
  toDays(year: number, month: number, day: number): number;
  /** The date of a whole number of days. */
  toDate(days: number): readonly [year: number, month: number, day: number];
}

/** A calendar by CF's name; null for one whose years differ. */
function modelCalendar(name: string): ModelCalendar | null {
  if (!Object.hasOwn(MODELS, name)) return null;
  const months = MODELS[name];
  const starts = months.map((_, month) => months.slice(0, month).reduce((sum, days) => sum + days, 0));
  const yearDays = starts[11] + months[11];
  return {
    toDays: (year, month, day) =>
      day >= 1 && day <= (months[month - 1] ?? 0)
        ? year * yearDays + starts[month - 1] + day - 1
        : Number.NaN,
    toDate(days) {
      const year = Math.floor(days / yearDays);
      const rest = days - year * yearDays;
      const month = starts.findLastIndex((start) => start <= rest);
      return [year, month + 1, rest - starts[month] + 1];
    },
  };
}
