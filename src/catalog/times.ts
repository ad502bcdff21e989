/** Rows nearest to a time, and keys that group rows of different times by place. */
import { invalidInput, invalidOption } from '../errors.js';
import { TimeInterval } from '../geo/index.js';
import { boxOf } from './boxes.js';
import { groupBy } from './group-by.js';
import type { CatalogRow } from './row.js';
import { numbersOf, type RowTable, type RowView } from './row-table.js';

/** A moment or a period: UTC milliseconds, `2021-07-15`, `2021-07-15T05:50:12Z`, or an interval. */
export type TimeLike = TimeInterval | Date | string | number;

/** Options of `nearestInTime`. */
export interface NearestOptions {
  /** Number of rows; with `perPlace`, of each place. Default: 1. */
  readonly count?: number;
  /** Greatest distance in milliseconds. Default: any. */
  readonly within?: number;
  /**
   * The nearest of each place, rather than of all: true for places by `placeOf`, or a function that gives their keys.
   */
  readonly perPlace?: boolean | ((row: CatalogRow) => string);
}

/** @throws {TerrachipError} INVALID_INPUT for an invalid time */
export function intervalOf(time: TimeLike): TimeInterval {
  if (time instanceof TimeInterval) return time;
  if (typeof time === 'string') return TimeInterval.parse(time);
  const moment = Math.round(typeof time === 'number' ? time : time.getTime());
  if (!Number.isFinite(moment)) {
    throw invalidInput(`the time ${String(time)}`, 'is not valid', 'give UTC milliseconds or a date as text');
  }
  return TimeInterval.instant(moment);
}

/** Both ends of a time in UTC milliseconds, closed. */
type Span = Pick<TimeInterval, 'start' | 'end'>;

/** Milliseconds between two closed intervals; 0 if they overlap. */
export function gapBetween(a: Span, b: Span): number {
  return Math.max(0, b.start - a.end, a.start - b.end);
}

/** Numbers of the rows nearest to a time, in the order of the view. Ties go to the interval with the nearest middle. */
export function nearestRows(view: RowView, time: TimeLike, options: NearestOptions): Uint32Array {
  const { count = 1, within = Infinity, perPlace = false } = options;
  if (!Number.isInteger(count) || count < 1)
    throw invalidOption('count', `is ${count}`, 'give a whole number from 1 on');
  if (!(within >= 0)) throw invalidOption('within', `is ${within}`, 'give milliseconds from 0 on');
  const wanted = intervalOf(time);
  const { table } = view;
  const placeOfRow = perPlace === true ? placeOf : perPlace;
  const near = Array.from(numbersOf(view)).filter((row) => gapBetween(timesOf(table, row), wanted) <= within);
  const groups = groupBy(near, (row) => (placeOfRow === false ? '' : placeOfRow(table.row(row))));
  const chosen = new Set<number>();
  for (const group of groups.values()) {
    const sorted = group.sort((p, q) => compareDistance(timesOf(table, p), timesOf(table, q), wanted));
    for (const row of sorted.slice(0, count)) chosen.add(row);
  }
  return Uint32Array.from(numbersOf(view)).filter((row) => chosen.has(row));
}

/** Negative if the first interval is nearer to the wanted one. */
export function compareDistance(a: Span, b: Span, wanted: TimeInterval): number {
  const byGap = gapBetween(a, wanted) - gapBetween(b, wanted);
  if (byGap !== 0) return byGap;
  const [p, q] = [middleDistance(a, wanted), middleDistance(b, wanted)];
  return p === q ? 0 : p - q;
}

/** Infinite for an interval without ends, so that it is the last choice. */
function middleDistance(a: Span, b: Span): number {
  const distance = Math.abs((a.start + a.end) / 2 - (b.start + b.end) / 2);
  return Number.isNaN(distance) ? Infinity : distance;
}

function timesOf({ starts, ends }: RowTable, row: number): Span {
  return { start: starts[row], end: ends[row] };
}

/**
 * A key of the place of repeated acquisitions: the collection with the tile or the path and row if an item names them,
 * else with its box, to 1e-4 degrees.
 */
export function placeOf(row: CatalogRow): string {
  const { collection, properties, footprint } = row;
  const named = PLACE_PROPERTIES.map((names) => names.map((name) => properties[name])).find((values) =>
    values.every((value) => typeof value === 'string' || typeof value === 'number'),
  );
  const place =
    named?.join('/') ??
    boxOf(footprint)
      ?.map((degrees) => degrees.toFixed(4))
      .join();
  return `${collection}|${place ?? ''}`;
}

const PLACE_PROPERTIES: readonly (readonly string[])[] = [
  ['grid:code'],
  ['s2:mgrs_tile'],
  ['mgrs:utm_zone', 'mgrs:latitude_band', 'mgrs:grid_square'],
  ['sentinel:utm_zone', 'sentinel:latitude_band', 'sentinel:grid_square'],
  ['landsat:wrs_path', 'landsat:wrs_row'],
];

/** Milliseconds by which intervals are widened; a number widens both ends. */
export type Padding = number | { readonly before: number; readonly after: number };

/** @throws {TerrachipError} INVALID_INPUT for an interval that would end before it starts */
export function paddedTable(table: RowTable, padding: Padding): RowTable {
  const { before, after } = typeof padding === 'number' ? { before: padding, after: padding } : padding;
  if (!Number.isFinite(before) || !Number.isFinite(after)) {
    throw invalidOption(
      'padInterval',
      `got ${before} before and ${after} after`,
      'give milliseconds: 3 * 86_400_000 are three days',
    );
  }
  const starts = table.starts.map((start) => start - Math.round(before));
  const ends = table.ends.map((end) => end + Math.round(after));
  const crossing = starts.findIndex((start, row) => start > ends[row]);
  if (crossing >= 0) {
    throw invalidInput(
      `the row "${table.row(crossing).id}"`,
      'would end before it starts once its interval is shortened',
      'shorten it by less',
    );
  }
  return {
    length: table.length,
    index: table.index,
    starts,
    ends,
    row: (k) => ({ ...table.row(k), interval: new TimeInterval(starts[k], ends[k]) }),
    footprint: (k) => table.footprint(k),
  };
}
