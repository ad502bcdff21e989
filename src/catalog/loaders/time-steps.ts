/** Which rows belong to one step of a time series. */
import { invalidInput, invalidOption } from '../../errors.js';
import { TimeInterval } from '../../geo/index.js';
import type { Polygon, Ring } from '../../vector/index.js';
import type { CatalogRow } from '../row.js';
import { rowName } from './bands.js';

/** Units of the calendar, in UTC. */
export const CALENDAR_UNITS = ['hour', 'day', 'week', 'month', 'quarter', 'year'] as const;
/** A unit of the calendar in UTC, by which rows become steps of time. */
export type CalendarUnit = (typeof CALENDAR_UNITS)[number];

/**
 * How rows become steps: `time` a step for each distinct interval; a unit of the calendar in UTC (weeks begin on
 * Monday); `solarDay` the days of the sun where each row lies, so that neighbouring scenes of one overpass are together;
 * or the steps themselves, which stay even where they are empty. A row counts where the middle of its interval lies.
 */
export type TimeSteps = 'time' | CalendarUnit | 'solarDay' | readonly TimeInterval[];

/** A step and the places of its rows. */
export interface TimeStep {
  /** Of a calendar step the whole unit; of `time` and `solarDay` what its rows span. */
  readonly interval: TimeInterval;
  readonly members: readonly number[];
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Steps in the order of time. @throws {TerrachipError} INVALID_INPUT for a row without a date */
export function timeSteps(rows: readonly CatalogRow[], steps: TimeSteps, tolerance: number): TimeStep[] {
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
    const { key, interval } = stepOf(row, middles[k], steps);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { start: Number(key.split('/')[0]), interval, members: [k] });
    else {
      group.members.push(k);
      group.interval = group.interval.union(interval);
    }
  }
  return [...groups.values()]
    .sort((a, b) => a.start - b.start || a.interval.end - b.interval.end)
    .map(({ interval, members }) => ({ interval, members }));
}

function stepOf(
  row: CatalogRow,
  middle: number,
  steps: 'time' | CalendarUnit | 'solarDay',
): { key: string; interval: TimeInterval } {
  const { interval } = row;
  if (steps === 'time') return { key: `${interval.start}/${interval.end}`, interval };
  if (steps === 'solarDay') return { key: String(solarDay(middle, longitudeOf(row.footprint))), interval };
  const unit = calendarUnit(middle, steps);
  return { key: String(unit.start), interval: unit };
}

/** The unit of the calendar around a time, both ends inside. @throws {TerrachipError} INVALID_OPTION */
export function calendarUnit(time: number, unit: CalendarUnit): TimeInterval {
  const date = new Date(time);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  const between = (from: number, to: number): TimeInterval => new TimeInterval(from, to - 1);
  const midnight = dateOf(year, month, day);
  switch (unit) {
    case 'hour': {
      const start = Math.floor(time / HOUR) * HOUR;
      return between(start, start + HOUR);
    }
    case 'day':
      return between(midnight, midnight + DAY);
    case 'week': {
      const monday = midnight - ((date.getUTCDay() + 6) % 7) * DAY;
      return between(monday, monday + 7 * DAY);
    }
    case 'month':
      return between(dateOf(year, month, 1), dateOf(year, month + 1, 1));
    case 'quarter': {
      const first = 3 * Math.floor(month / 3);
      return between(dateOf(year, first, 1), dateOf(year, first + 3, 1));
    }
    case 'year':
      return between(dateOf(year, 0, 1), dateOf(year + 1, 0, 1));
    default:
      throw invalidOption(
        'steps',
        `cannot be "${String(unit)}"`,
        `choose time, solarDay, ${CALENDAR_UNITS.join(', ')}, or give intervals`,
      );
  }
}

/** `Date.UTC` takes years from 0 to 99 for those of the twentieth century. */
function dateOf(year: number, month: number, day: number): number {
  return new Date(0).setUTCFullYear(year, month, day);
}

/**
 * The day of the sun at a longitude: midnight UTC of its date. The sun's clock is a whole number of hours from UTC, one
 * for each 15°, rounded down: −1 at longitude −1, 11 at 179, −12 at −179.
 * @param time UTC milliseconds
 * @param longitude degrees
 */
export function solarDay(time: number, longitude: number): number {
  const east = ((((longitude + 180) % 360) + 360) % 360) - 180;
  return Math.floor((time + Math.floor(east / 15) * HOUR) / DAY) * DAY;
}

/** The longitude of an outline's centre, in degrees; across the antimeridian, what is west of it counts on from 180. */
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
  // Points and lines have no area.
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

/** Middles may lie between two milliseconds. */
function holds({ start, end }: TimeInterval, time: number): boolean {
  return start <= time && time <= end;
}
