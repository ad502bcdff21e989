/** Groups rows into the steps of a time series. */
import { invalidInput, invalidOption } from '../../errors.js';
import { TimeInterval } from '../../geo/index.js';
import type { Polygon, Ring } from '../../vector/index.js';
import { type CatalogRow, rowName } from '../row.js';

/** Calendar units, in UTC. */
export const CALENDAR_UNITS = ['hour', 'day', 'week', 'month', 'quarter', 'year'] as const;
/** A calendar unit in UTC by which rows are grouped. */
export type CalendarUnit = (typeof CALENDAR_UNITS)[number];

/**
 * Steps of a time series: `time` one per distinct interval; a calendar unit in UTC (weeks begin on Monday); `solarDay`
 * the local solar day of each row, so that neighbouring scenes of an overpass are together; or given intervals, which
 * are kept even if empty. A row belongs to the step that contains the middle of its interval.
 */
export type TimeSteps = 'time' | CalendarUnit | 'solarDay' | readonly TimeInterval[];

/** A step and the indexes of its rows. */
export interface TimeStep {
  /** The whole calendar unit; for `time` and `solarDay` the union of its rows' intervals. */
  readonly interval: TimeInterval;
  readonly members: readonly number[];
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/**
 * Steps in chronological order; given intervals in their own.
 * @throws {TerrachipError} INVALID_INPUT for a row without a date
 */
export function stepsOfRows(rows: readonly CatalogRow[], steps: TimeSteps, tolerance: number): TimeStep[] {
  const middles = rows.map(requireMiddle);
  if (typeof steps !== 'string') {
    return steps.map((interval) => {
      const window = interval.pad(tolerance);
      return { interval, members: middles.flatMap((middle, k) => (holds(window, middle) ? [k] : [])) };
    });
  }
  if (tolerance !== 0) {
    throw invalidOption('tolerance', `cannot be given with steps by ${steps}`, 'give the steps as intervals');
  }
  const groups = new Map<string, { start: number; interval: TimeInterval; members: number[] }>();
  for (const [k, row] of rows.entries()) {
    const interval =
      steps === 'time' || steps === 'solarDay' ? row.interval : calendarUnit(middles[k], steps);
    const start = steps === 'solarDay' ? solarDay(middles[k], longitudeOf(row.footprint)) : interval.start;
    const key = steps === 'time' ? String(interval) : String(start);
    const group = groups.get(key) ?? { start, interval, members: [] };
    groups.set(key, group);
    group.members.push(k);
    group.interval = group.interval.union(interval);
  }
  return [...groups.values()].sort((a, b) => a.start - b.start || a.interval.end - b.interval.end);
}

/** The closed interval of the calendar unit that contains a time. @throws {TerrachipError} INVALID_OPTION */
export function calendarUnit(time: number, unit: CalendarUnit): TimeInterval {
  const date = new Date(time);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  const between = (from: number, to: number): TimeInterval => new TimeInterval(from, to - 1);
  const months = (first: number, count: number): TimeInterval =>
    between(dateOf(year, first, 1), dateOf(year, first + count, 1));
  const midnight = dateOf(year, month, day);
  const hour = Math.floor(time / HOUR) * HOUR;
  const monday = midnight - ((date.getUTCDay() + 6) % 7) * DAY;
  switch (unit) {
    case 'hour':
      return between(hour, hour + HOUR);
    case 'day':
      return between(midnight, midnight + DAY);
    case 'week':
      return between(monday, monday + 7 * DAY);
    case 'month':
      return months(month, 1);
    case 'quarter':
      return months(3 * Math.floor(month / 3), 3);
    case 'year':
      return months(0, 12);
    default:
      throw invalidOption(
        'steps',
        `cannot be "${String(unit)}"`,
        `choose time, solarDay, ${CALENDAR_UNITS.join(', ')}, or give intervals`,
      );
  }
}

/** `Date.UTC` reads the years 0 to 99 as 1900 to 1999. */
function dateOf(year: number, month: number, day: number): number {
  return new Date(0).setUTCFullYear(year, month, day);
}

/**
 * The solar day at a longitude, as midnight UTC of its date. Solar time differs from UTC by one hour per 15°, rounded
 * down: −1 at longitude −1, 11 at 179, −12 at −179.
 * @param time UTC milliseconds
 * @param longitude degrees
 */
export function solarDay(time: number, longitude: number): number {
  const east = ((((longitude + 180) % 360) + 360) % 360) - 180;
  return Math.floor((time + Math.floor(east / 15) * HOUR) / DAY) * DAY;
}

/** The longitude of an outline's centroid in degrees; above 180 for some outlines across the antimeridian. */
export function longitudeOf(footprint: readonly Polygon[]): number {
  const rings = footprint.flatMap(([outer]) => (outer === undefined ? [] : [outer]));
  const xs = rings.flat().map(([x]) => x);
  const crosses = xs.includes(180) && xs.includes(-180) && !rings.some(spansWorld);
  let [weighted, total] = [0, 0];
  for (const ring of rings) {
    const shift = crosses && ring.every(([x]) => x <= 0) ? 360 : 0;
    const { x, area } = centreOf(ring);
    weighted += (x + shift) * area;
    total += area;
  }
  if (total > 0) return weighted / total;
  // Points and lines: the mean of their positions.
  return xs.length === 0 ? 0 : xs.reduce((sum, x) => sum + x, 0) / xs.length;
}

function spansWorld(ring: Ring): boolean {
  const xs = ring.map(([x]) => x);
  return Math.min(...xs) === -180 && Math.max(...xs) === 180;
}

function centreOf(ring: Ring): { x: number; area: number } {
  const [x0, y0] = ring[0];
  let [moment, twice] = [0, 0];
  for (let k = 0; k + 1 < ring.length; k++) {
    const [ax, ay] = [ring[k][0] - x0, ring[k][1] - y0];
    const [bx, by] = [ring[k + 1][0] - x0, ring[k + 1][1] - y0];
    const cross = ax * by - bx * ay;
    twice += cross;
    moment += (ax + bx) * cross;
  }
  return twice === 0 ? { x: x0, area: 0 } : { x: x0 + moment / (3 * twice), area: Math.abs(twice) / 2 };
}

function requireMiddle(row: CatalogRow): number {
  const { start, end } = row.interval;
  if (Number.isFinite(start) && Number.isFinite(end)) return start + (end - start) / 2;
  throw invalidInput(
    rowName(row),
    `has no step in time (${row.interval})`,
    'load it with loadRaster, or leave it out of the catalog',
  );
}

/** Unlike `TimeInterval`, takes fractional milliseconds, which middles may have. */
function holds({ start, end }: TimeInterval, time: number): boolean {
  return start <= time && time <= end;
}
