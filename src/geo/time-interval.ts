import { invalidInput } from '../errors.js';

const DATE_TIME =
  /^(\d{4})(?:-(\d{2})(?:-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}:\d{2})?)?)?)?$/i;

/** Milliseconds: what dates of JavaScript reach on both sides of 1970 (ECMA-262, time values). */
const MAX_TIME = 8.64e15;

/**
 * A time interval, closed at both ends, in integer UTC milliseconds. Instants (`start === end`) are valid; open
 * ends are ±Infinity, never sentinel dates.
 */
export class TimeInterval {
  readonly start: number;
  readonly end: number;

  /** @throws {TerrachipError} INVALID_INPUT when an end is NaN, fractional or no date, or the start lies after the end. */
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
   * Parses `2021-07-15`, `2021-07`, `2021`, `2021-07-15T05:50:12Z`, `A/B` and `A/..`. A date keeps its precision: it is
   * the whole day (or month, or year), not its first instant. A time without a zone is UTC, as STAC requires; a space may stand
   * for the T, as some catalogs write it.
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

  /** The overlap, or null when the intervals do not meet. */
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
  const match = DATE_TIME.exec(part.trim());
  if (match === null) throw notATime(text);
  const [, year, month, day, hour, minute, second, fraction, zone] = match;
  // Date.UTC takes the years 0 to 99 for 1900 to 1999.
  const utc = (m: number, d: number): number => new Date(0).setUTCFullYear(Number(year), m - 1, d);
  if (month === undefined) return new TimeInterval(utc(1, 1), utc(13, 1) - 1);
  if (day === undefined) {
    if (Number(month) < 1 || Number(month) > 12) throw notATime(text);
    return new TimeInterval(utc(Number(month), 1), utc(Number(month) + 1, 1) - 1);
  }
  const start = utc(Number(month), Number(day));
  // Date.UTC rolls the 31st of April over to May: a date that comes back changed was never one.
  if (new Date(start).toISOString().slice(0, 10) !== `${year}-${month}-${day}`) throw notATime(text);
  if (hour === undefined) return new TimeInterval(start, start + 86_400_000 - 1);
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second ?? 0) > 59) throw notATime(text);
  const milliseconds = Math.floor(Number(`0.${fraction ?? '0'}`) * 1000);
  let time =
    start + Number(hour) * 3_600_000 + Number(minute) * 60_000 + Number(second ?? 0) * 1000 + milliseconds;
  if (zone !== undefined && zone.toUpperCase() !== 'Z') {
    const sign = zone.startsWith('-') ? -1 : 1;
    time -= sign * (Number(zone.slice(1, 3)) * 3_600_000 + Number(zone.slice(4, 6)) * 60_000);
  }
  return TimeInterval.instant(time);
}
