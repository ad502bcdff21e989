import { invalidInput } from '../errors.js';

/** ISO 8601 dates: calendar, ordinal and week dates, with and without hyphens. */
const DATE =
  /^(?<year>\d{4})(?:-(?<month>\d\d)(?:-(?<day>\d\d))?|(?<basicMonth>\d\d)(?<basicDay>\d\d)|-?(?<ordinal>\d{3})|-?W(?<week>\d\d)(?:-?(?<weekday>[1-7]))?)?$/i;
const TIME =
  /^(?<hour>\d\d)(?::?(?<minute>\d\d)(?::?(?<second>\d\d)(?:[.,](?<fraction>\d+))?)?)?\s*(?<zone>Z|UTC|GMT|[+\u2212-]\d\d(?::?\d\d)?)?$/i;

const DAY = 86_400_000;

/** Range of JavaScript dates on both sides of 1970, in milliseconds (ECMA-262, time values). */
const MAX_TIME = 8.64e15;

/**
 * A closed time interval in integer UTC milliseconds. Instants (`start === end`) are valid; open ends are ±Infinity.
 */
export class TimeInterval {
  readonly start: number;
  readonly end: number;

  /** @throws {TerrachipError} INVALID_INPUT if an end is NaN, fractional or out of range, or the start is after the end. */
  constructor(start: number, end: number) {
    const valid = (t: number): boolean =>
      (Number.isInteger(t) && Math.abs(t) <= MAX_TIME) || t === Infinity || t === -Infinity;
    if (!valid(start) || !valid(end) || start > end || start === Infinity || end === -Infinity) {
      throw invalidInput(
        `the time interval [${start}, ${end}]`,
        'is not one of integer milliseconds, within 100 million days of 1970, with its start before its end',
        'give both ends in order, infinite where open',
      );
    }
    this.start = start;
    this.end = end;
  }

  static readonly always = new TimeInterval(-Infinity, Infinity);

  static instant(time: number): TimeInterval {
    return new TimeInterval(time, time);
  }

  /**
   * Parses `2021-07-15`, `2021-07`, `2021`, `2021-07-15T05:50:12Z`, `A/B` and `A/..`, and the other forms of ISO 8601
   * (`20210715T055012Z`, `2021-196`, `2021-W28-4`, `05:50:12,5+0200`). A date is the whole day (or week, month or year),
   * not its first instant. A time without a zone is UTC, as STAC requires. A space may replace the T. Fractions of
   * milliseconds are cut off.
   */
  static parse(text: string): TimeInterval {
    const parts = text.trim().split('/');
    if (parts.length > 2) throw notATime(text);
    if (parts.length === 1) return parseMoment(parts[0], text);
    const [from, to] = parts;
    const start = from === '..' || from === '' ? -Infinity : parseMoment(from, text).start;
    const end = to === '..' || to === '' ? Infinity : parseMoment(to, text).end;
    if (start > end) throw invalidInput(`"${text}"`, 'ends before it starts', 'give both ends in order');
    return new TimeInterval(start, end);
  }

  contains(time: number): boolean {
    return time >= this.start && time <= this.end;
  }

  intersects(other: TimeInterval): boolean {
    return this.start <= other.end && other.start <= this.end;
  }

  /** The overlap, or null if there is none. */
  intersection(other: TimeInterval): TimeInterval | null {
    if (!this.intersects(other)) return null;
    return new TimeInterval(Math.max(this.start, other.start), Math.min(this.end, other.end));
  }

  union(other: TimeInterval): TimeInterval {
    return new TimeInterval(Math.min(this.start, other.start), Math.max(this.end, other.end));
  }

  /** The interval widened by `milliseconds` on both sides. */
  pad(milliseconds: number): TimeInterval {
    return new TimeInterval(this.start - milliseconds, this.end + milliseconds);
  }

  equals(other: TimeInterval): boolean {
    return this.start === other.start && this.end === other.end;
  }

  /** Both ends in ISO 8601 UTC; an open end is `..`, as STAC writes it. */
  toJSON(): [string, string] {
    return [isoTime(this.start), isoTime(this.end)];
  }

  toString(): string {
    return this.toJSON().join('/');
  }
}

function isoTime(time: number): string {
  return Number.isFinite(time) ? new Date(time).toISOString() : '..';
}

function notATime(text: string): Error {
  return invalidInput(
    `"${text}"`,
    'is not a date, a time or an interval',
    'write it as 2021, 2021-07, 2021-07-15, 2021-07-15T05:50:12Z or 2021-07-01/2021-07-31',
  );
}

function parseMoment(part: string, text: string): TimeInterval {
  const [, date, time] = /^(.*?)(?:(?:T|\s+)(\d.*))?$/is.exec(part.trim()) ?? [];
  const day = parseDate(date ?? '', text);
  if (time === undefined) return day;
  if (day.end - day.start !== DAY - 1) throw notATime(text);
  return TimeInterval.instant(day.start + timeOfDay(time, text));
}

/** The whole day, week, month or year of a date. */
function parseDate(date: string, text: string): TimeInterval {
  const { groups } = DATE.exec(date) ?? {};
  if (groups === undefined) throw notATime(text);
  const year = Number(groups.year);
  // Date.UTC would read the years 0 to 99 as 1900 to 1999.
  const utc = (month: number, day: number): number => new Date(0).setUTCFullYear(year, month - 1, day);
  const days = (start: number, count: number): TimeInterval =>
    new TimeInterval(start, start + count * DAY - 1);
  const require = (isValid: boolean): void => {
    if (!isValid) throw notATime(text);
  };
  if (groups.ordinal !== undefined) {
    const ordinal = Number(groups.ordinal);
    require(ordinal >= 1 && utc(1, ordinal) < utc(13, 1));
    return days(utc(1, ordinal), 1);
  }
  if (groups.week !== undefined) {
    // Week 1 contains the 4th of January; weeks begin on Monday.
    const first = 4 - ((new Date(utc(1, 4)).getUTCDay() + 6) % 7);
    const monday = utc(1, first + 7 * (Number(groups.week) - 1));
    // A week belongs to the year of its Thursday.
    require(Number(groups.week) >= 1 && new Date(monday + 3 * DAY).getUTCFullYear() === year);
    const { weekday } = groups;
    return weekday === undefined ? days(monday, 7) : days(monday + (Number(weekday) - 1) * DAY, 1);
  }
  const [month, day] = [groups.month ?? groups.basicMonth, groups.day ?? groups.basicDay];
  if (month === undefined) return new TimeInterval(utc(1, 1), utc(13, 1) - 1);
  require(Number(month) >= 1 && Number(month) <= 12);
  if (day === undefined) return new TimeInterval(utc(Number(month), 1), utc(Number(month) + 1, 1) - 1);
  const start = utc(Number(month), Number(day));
  // Days that do not exist, such as the 31st of April, become another date.
  require(new Date(start).toISOString().slice(0, 10) === `${groups.year}-${month}-${day}`);
  return days(start, 1);
}

/** Milliseconds since midnight, UTC. Accepts 24:00 and leap seconds. */
function timeOfDay(time: string, text: string): number {
  const { groups } = TIME.exec(time) ?? {};
  if (groups === undefined) throw notATime(text);
  const [hour, minute, second] = [groups.hour, groups.minute, groups.second].map((part = '0') =>
    Number(part),
  );
  const isEnd = hour === 24 && minute === 0 && second === 0;
  if ((hour > 23 && !isEnd) || minute > 59 || second > 60) throw notATime(text);
  const milliseconds = Number((groups.fraction ?? '').slice(0, 3).padEnd(3, '0'));
  const [, sign, hours, minutes = '0'] = /^([+\u2212-])(\d\d):?(\d\d)?$/.exec(groups.zone ?? '') ?? [];
  const shift = sign === undefined ? 0 : (sign === '+' ? 1 : -1) * (60 * Number(hours) + Number(minutes));
  if (Number(hours ?? 0) > 23 || Number(minutes) > 59) throw notATime(text);
  return ((60 * hour + minute - shift) * 60 + second) * 1000 + milliseconds;
}
