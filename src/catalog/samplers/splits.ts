/** Splits of rows for training and testing. */
import { invalidInput, requireChoice } from '../../errors.js';
import { Crs, TimeInterval } from '../../geo/index.js';
import { clipOutlines, outlinesOverlap } from '../clip.js';
import { byFootprint, components, groupBy } from '../group-by.js';
import { nearPairs } from '../intersect.js';
import { placeOutline } from '../place.js';
import { type CatalogRow, isDated } from '../row.js';
import { tableOfRows } from '../row-table.js';
import type { Region } from './area.js';
import { checkShares } from './folds.js';
import { CounterRandom, STREAM } from './random.js';

/** The rows of each part, and rows in no part. */
export interface RowSplit {
  readonly parts: readonly (readonly CatalogRow[])[];
  readonly left: readonly CatalogRow[];
}

/** The seed and stratification of `splitByFraction`. */
export interface FractionSplitOptions {
  /** A whole number from 0 on (default 0). */
  seed?: number;
  /** Stratifies the parts by class, as far as overlaps allow. */
  classOf?: (row: CatalogRow) => string | number | boolean;
}

/**
 * Splits rows at random. Rows whose footprints overlap are in the same part.
 * @param shares the share of each part, with a sum of 1 (numbers of rows are rounded down, and remaining rows go to the
 *   parts one by one from the first), or numbers of rows with the sum of all rows
 * @throws {TerrachipError} INVALID_OPTION for invalid shares; INVALID_INPUT if a part is empty since too many rows
 * overlap
 */
export function splitByFraction(
  rows: Iterable<CatalogRow>,
  shares: readonly number[],
  options: FractionSplitOptions = {},
): RowSplit {
  const all = [...rows];
  const { seed = 0, classOf } = options;
  const random = new CounterRandom(seed);
  const classes = groupBy(byPlace(all), ([first]) => (classOf === undefined ? '' : String(classOf(first))));
  const parts = shares.map((): CatalogRow[] => []);
  const wanted = partLengths(all.length, shares);
  const missing = wanted.map(() => 0);
  const ordered = [...classes].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [k, [, groups]] of ordered.entries()) {
    const members = groups.flat().length;
    // Missing or excess rows of a part are carried over to the next class.
    for (const [part, count] of wanted.entries()) missing[part] += (count * members) / all.length;
    assignGroups(groups, missing, parts, random, k);
  }
  const empty = parts.findIndex((part) => part.length === 0);
  if (empty >= 0 && wanted[empty] > 0) {
    throw invalidInput(
      'the rows',
      `overlap so much that part ${empty + 1} of ${shares.length} gets none`,
      'split the area by spatialFolds instead, which cuts through footprints',
    );
  }
  return { parts, left: [] };
}

/** Connected components of rows by overlap of their footprints. Rows of different groups may share edges only. */
function byPlace(rows: readonly CatalogRow[]): CatalogRow[][] {
  const footprints = byFootprint(rows);
  const table = tableOfRows(footprints.map(([first]) => first));
  const all = { table, rows: null };
  const near = (k: number): number[] =>
    Array.from(nearPairs({ table, rows: Uint32Array.of(k) }, all), ([, other]) => other);
  const isLinked = (a: number, b: number): boolean => outlinesOverlap(table.footprint(a), table.footprint(b));
  return components(footprints.length, near, isLinked).map((group) => group.flatMap((k) => footprints[k]));
}

/** The number of rows of each part, from shares or numbers. */
export function partLengths(total: number, shares: readonly number[]): number[] {
  const sum = shares.reduce((before, share) => before + share, 0);
  if (shares.every(Number.isInteger) && sum === total && shares.every((share) => share > 0))
    return [...shares];
  checkShares(shares, 'shares');
  // 1/3 of 9 may be slightly less than 3 in floating point.
  const lengths = shares.map((share) => Math.floor(share * total + 1e-9));
  let rest = total - lengths.reduce((before, length) => before + length, 0);
  for (let k = 0; rest > 0; k = (k + 1) % lengths.length) {
    lengths[k]++;
    rest--;
  }
  return lengths;
}

/** Assigns groups, largest first and ties in random order, to the part that lacks most rows. */
function assignGroups(
  groups: readonly CatalogRow[][],
  missing: number[],
  parts: readonly CatalogRow[][],
  random: CounterRandom,
  number: number,
): void {
  const order = [...random.permutation(groups.length, STREAM.split, number)].map((k) => groups[k]);
  order.sort((a, b) => b.length - a.length);
  for (const group of order) {
    const part = missing.reduce((best, count, k) => (count > missing[best] ? k : best), 0);
    parts[part].push(...group);
    missing[part] -= group.length;
  }
}

/**
 * Splits rows by region. Footprints are clipped to their region; a row across a border is in both parts.
 * @returns in `left` the rows in no region
 * @throws {TerrachipError} INVALID_INPUT for regions that overlap; they may touch
 */
export function splitByRegion(rows: Iterable<CatalogRow>, regions: readonly Region[]): RowSplit {
  const outlines = regions.map(({ geometry, crs = Crs.wgs84 }, k) =>
    placeOutline(geometry, Crs.parse(crs), `region ${k + 1}`),
  );
  for (const [k, outline] of outlines.entries()) {
    const other = outlines.findIndex((before, j) => j < k && outlinesOverlap(before, outline));
    if (other < 0) continue;
    const remedy = 'give regions that have at most their borders in common';
    throw invalidInput(`region ${k + 1}`, `overlaps with region ${other + 1}`, remedy);
  }
  const all = [...rows];
  const inAny = new Set<CatalogRow>();
  const parts = outlines.map((outline) =>
    all.flatMap((row): CatalogRow[] => {
      const footprint = clipOutlines(row.footprint, outline);
      if (footprint.length === 0) return [];
      inAny.add(row);
      return [{ ...row, footprint }];
    }),
  );
  return { parts, left: all.filter((row) => !inAny.has(row)) };
}

/** How `splitByTime` handles rows across a border. */
export interface TimeSplitOptions {
  /** Leaves out rows across a border (default), so that no image is in two parts, or clips them to both parts. */
  straddling?: 'drop' | 'clip';
}

/**
 * Splits rows by time. Rows without a date are in every part.
 * @param times consecutive intervals in order, without gaps, that together contain the rows' temporal extent; or shares
 *   of that extent, with a sum of 1
 * @returns in `left` the rows across a border that were left out
 * @throws {TerrachipError} INVALID_INPUT for intervals with a gap or an overlap, outside the rows' temporal extent, or
 *   that do not contain all of it
 */
export function splitByTime(
  rows: Iterable<CatalogRow>,
  times: readonly (TimeInterval | string)[] | readonly number[],
  options: TimeSplitOptions = {},
): RowSplit {
  const { straddling = 'drop' } = options;
  requireChoice('straddling', straddling, ['drop', 'clip']);
  const all = [...rows];
  const dated = all.filter(isDated);
  if (dated.length === 0) {
    const remedy = 'split them by place, or give rows with dates';
    throw invalidInput('the rows', 'have no dates to split by', remedy);
  }
  const extent = dated.map(({ interval }) => interval).reduce((union, interval) => union.union(interval));
  const intervals = isShares(times)
    ? intervalsOf(extent, times)
    : times.map((time) => (typeof time === 'string' ? TimeInterval.parse(time) : time));
  checkIntervals(intervals, extent);
  const left = new Set<CatalogRow>();
  const parts = intervals.map((part) =>
    all.flatMap((row): CatalogRow[] => {
      const shared = row.interval.intersection(part);
      if (shared === null) return [];
      if (shared.equals(row.interval) || !isDated(row)) return [row];
      if (straddling === 'clip') return [{ ...row, interval: shared }];
      left.add(row);
      return [];
    }),
  );
  return { parts, left: [...left] };
}

function isShares(times: readonly (TimeInterval | string)[] | readonly number[]): times is readonly number[] {
  return typeof times[0] === 'number';
}

function intervalsOf(extent: TimeInterval, shares: readonly number[]): TimeInterval[] {
  checkShares(shares, 'times');
  const span = extent.end - extent.start + 1;
  let passed = 0;
  let start = extent.start;
  return shares.map((share, k) => {
    passed += share;
    const end = k === shares.length - 1 ? extent.end : extent.start + Math.round(passed * span) - 1;
    const interval = new TimeInterval(start, Math.max(start, end));
    start = interval.end + 1;
    return interval;
  });
}

function checkIntervals(intervals: readonly TimeInterval[], extent: TimeInterval): void {
  const refuse = (interval: TimeInterval, problem: string): never => {
    const remedy = `give intervals that follow each other and together contain ${extent}`;
    throw invalidInput(`the time ${interval}`, problem, remedy);
  };
  for (const [k, interval] of intervals.entries()) {
    if (!interval.intersects(extent)) refuse(interval, 'is outside the time of all rows');
    if (k === 0) continue;
    const before = intervals[k - 1];
    if (interval.start <= before.end) refuse(interval, `overlaps with ${before}`);
    if (interval.start > before.end + 1) refuse(interval, `leaves a gap after ${before}`);
  }
  const [first, last] = [intervals[0], intervals[intervals.length - 1]];
  if (first === undefined || first.start > extent.start || last.end < extent.end)
    refuse(last ?? extent, 'is the last of intervals that do not contain the time of all rows');
}
