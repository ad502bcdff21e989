/** Rows for training and for testing. */
import { invalidInput, invalidOption } from '../../errors.js';
import { Crs, TimeInterval } from '../../geo/index.js';
import { clipOutlines } from '../clip.js';
import { placeOutline } from '../place.js';
import type { CatalogRow } from '../row.js';
import type { Region } from './area.js';
import { checkShares } from './folds.js';
import { CounterRandom, STREAM } from './random.js';
import { byPlace, overlap } from './same-place.js';

/** Rows by part, and those that belong to none. */
export interface RowSplit {
  readonly parts: readonly (readonly CatalogRow[])[];
  readonly left: readonly CatalogRow[];
}

/** How rows are split by shares. */
export interface FractionSplitOptions {
  /** A whole number from 0 on (default 0). */
  seed?: number;
  /** Gives each part rows of every class in the same proportion, as far as places allow. */
  classOf?: (row: CatalogRow) => string | number | boolean;
}

/**
 * Deals out rows at random. Rows whose footprints overlap go to one part together: no place is in two parts.
 * @param shares of each part, adding up to 1 (each share of the rows is rounded down, and what is left goes to the parts
 *   one by one from the first), or numbers of rows that add up to all of them
 * @throws {TerrachipError} INVALID_OPTION for impossible shares; INVALID_INPUT where too many rows overlap to be parted
 */
export function splitByFraction(
  rows: Iterable<CatalogRow>,
  shares: readonly number[],
  options: FractionSplitOptions = {},
): RowSplit {
  const all = [...rows];
  const { seed = 0, classOf } = options;
  const random = new CounterRandom(seed);
  const classes = new Map<string, CatalogRow[][]>();
  for (const group of byPlace(all)) {
    const name = classOf === undefined ? '' : String(classOf(group[0]));
    classes.set(name, [...(classes.get(name) ?? []), group]);
  }
  const parts = shares.map((): CatalogRow[] => []);
  const wanted = partLengths(all.length, shares);
  const room = wanted.map(() => 0);
  for (const [k, name] of [...classes.keys()].sort().entries()) {
    const groups = classes.get(name) ?? [];
    const members = groups.flat().length;
    // What a class could not give to a part, or gave too much, the next ones make up for.
    for (const [part, count] of wanted.entries()) room[part] += (count * members) / all.length;
    dealGroups(groups, room, parts, random, k);
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

/** Numbers of rows, from shares or from numbers. */
export function partLengths(total: number, shares: readonly number[]): number[] {
  const sum = shares.reduce((before, share) => before + share, 0);
  if (shares.every(Number.isInteger) && sum === total && shares.every((share) => share > 0))
    return [...shares];
  checkShares(shares, 'shares');
  // A share like 1/3 of 9 may be a little less than 3 in floating point.
  const lengths = shares.map((share) => Math.floor(share * total + 1e-9));
  let rest = total - lengths.reduce((before, length) => before + length, 0);
  for (let k = 0; rest > 0; k = (k + 1) % lengths.length) {
    lengths[k]++;
    rest--;
  }
  return lengths;
}

/** Large groups first, in random order among equals, each to the part that has most room. */
function dealGroups(
  groups: readonly CatalogRow[][],
  room: number[],
  parts: readonly CatalogRow[][],
  random: CounterRandom,
  number: number,
): void {
  const order = [...random.permutation(groups.length, STREAM.split, number)].map((k) => groups[k]);
  order.sort((a, b) => b.length - a.length);
  for (const group of order) {
    const part = room.reduce((best, space, k) => (space > room[best] ? k : best), 0);
    parts[part].push(...group);
    room[part] -= group.length;
  }
}

/**
 * Rows by region, each clipped to it; a row across a border is in both parts, with what lies in each.
 * @returns in `left` the rows that lie in no region
 * @throws {TerrachipError} INVALID_INPUT for regions that overlap; they may touch
 */
export function splitByRegion(rows: Iterable<CatalogRow>, regions: readonly Region[]): RowSplit {
  const outlines = regions.map(({ geometry, crs }, k) =>
    placeOutline(geometry, crs === undefined ? Crs.wgs84 : Crs.parse(crs), `region ${k + 1}`),
  );
  for (const [k, outline] of outlines.entries()) {
    const other = outlines.findIndex((before, j) => j < k && overlap(before, outline));
    if (other >= 0) {
      throw invalidInput(
        `region ${k + 1}`,
        `overlaps with region ${other + 1}`,
        'give regions that have at most their borders in common',
      );
    }
  }
  const all = [...rows];
  const inAny = new Set<CatalogRow>();
  const parts = outlines.map((outline) =>
    all.flatMap((row): CatalogRow[] => {
      if (!overlap(row.footprint, outline)) return [];
      inAny.add(row);
      return [{ ...row, footprint: clipOutlines(row.footprint, outline) }];
    }),
  );
  return { parts, left: all.filter((row) => !inAny.has(row)) };
}

/** How rows are split by time. */
export interface TimeSplitOptions {
  /** Rows across a border: left out (default), so that no image is in two parts, or clipped to both. */
  straddling?: 'drop' | 'clip';
}

/**
 * Rows by time. Rows without a date belong to every part.
 * @param times intervals in order, each beginning where the one before ends, that together hold the time of all rows;
 *   or shares of that time, which add up to 1
 * @returns in `left` the rows across a border that were left out
 * @throws {TerrachipError} INVALID_INPUT for intervals with a gap, an overlap, a part outside of the rows' time, or that
 *   do not hold all of it
 */
export function splitByTime(
  rows: Iterable<CatalogRow>,
  times: readonly (TimeInterval | string)[] | readonly number[],
  options: TimeSplitOptions = {},
): RowSplit {
  const { straddling = 'drop' } = options;
  if (straddling !== 'drop' && straddling !== 'clip')
    throw invalidOption('straddling', `cannot be ${String(straddling)}`, 'give drop or clip');
  const all = [...rows];
  const dated = all.filter(isDated);
  if (dated.length === 0)
    throw invalidInput(
      'the rows',
      'have no dates to split by',
      'split them by place, or give rows with dates',
    );
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

function isDated({ interval }: CatalogRow): boolean {
  return Number.isFinite(interval.end - interval.start);
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
    throw invalidInput(
      `the time ${interval}`,
      problem,
      `give intervals that follow each other and together hold ${extent}`,
    );
  };
  for (const [k, interval] of intervals.entries()) {
    if (!interval.intersects(extent)) refuse(interval, 'lies outside of the time of all rows');
    if (k === 0) continue;
    const before = intervals[k - 1];
    if (interval.start <= before.end) refuse(interval, `overlaps with ${before}`);
    if (interval.start > before.end + 1) refuse(interval, `leaves a gap after ${before}`);
  }
  const [first, last] = [intervals[0], intervals[intervals.length - 1]];
  if (first === undefined || first.start > extent.start || last.end < extent.end)
    refuse(last ?? extent, 'is the last of intervals that do not hold the time of all rows');
}
