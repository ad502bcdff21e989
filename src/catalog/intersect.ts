/** The overlaps of two catalogs' rows: a spatial join with the intersection of each pair. */
import { clipOutlines, outlinesOverlap } from './clip.js';
import { isFlat } from './relate.js';
import type { CatalogRow } from './row.js';
import { boundsOfView, boundsText, numbersOf, type RowView, timeOfView } from './row-table.js';

/** How two catalogs are joined by `intersect`. */
export interface IntersectOptions {
  /** Pairs rows of any times; each overlap has the time of its row of the first catalog. Default: false. */
  readonly spatialOnly?: boolean;
  /**
   * Keeps overlaps without area: points, and lines inside a polygon. Default: false, as in torchgeo and in GeoPandas'
   * overlay.
   */
  readonly keepFlat?: boolean;
}

/** Pairs of row numbers whose boxes touch, in the order of the first view, then of the second. */
export function* nearPairs(left: RowView, right: RowView): Iterable<[number, number]> {
  const place = placeIn(right);
  for (const a of numbersOf(left)) {
    const near = new Set<number>();
    for (const box of left.table.index.boxesOf(a)) {
      right.table.index.search(box, (b) => {
        if (place === null || place.has(b)) near.add(b);
      });
    }
    const order = place === null ? (b: number): number => b : (b: number): number => place.get(b) ?? 0;
    for (const b of [...near].sort((p, q) => order(p) - order(q))) yield [a, b];
  }
}

/** The position of each row in a view; null for all rows in order. */
function placeIn({ rows }: RowView): Map<number, number> | null {
  return rows === null ? null : new Map(Array.from(rows, (row, k) => [row, k]));
}

function overlapInTime(left: RowView, a: number, right: RowView, b: number): boolean {
  return left.table.starts[a] <= right.table.ends[b] && right.table.starts[b] <= left.table.ends[a];
}

export function intersectViews(
  left: RowView,
  right: RowView,
  { spatialOnly = false, keepFlat = false }: IntersectOptions,
): CatalogRow[] {
  const rows: CatalogRow[] = [];
  for (const [a, b] of nearPairs(left, right)) {
    if (!spatialOnly && !overlapInTime(left, a, right, b)) continue;
    const footprint = clipOutlines(left.table.footprint(a), right.table.footprint(b)).filter(
      (polygon) => keepFlat || !isFlat(polygon),
    );
    if (footprint.length > 0)
      rows.push(overlapOf(left.table.row(a), right.table.row(b), footprint, spatialOnly));
  }
  return rows;
}

/** The row of an overlap, with the assets and properties of all parents; names that are taken get the prefix `2:`. */
function overlapOf(
  left: CatalogRow,
  right: CatalogRow,
  footprint: CatalogRow['footprint'],
  spatialOnly: boolean,
): CatalogRow {
  const parents = [...(left.parents ?? [left]), ...(right.parents ?? [right])];
  const collections = parents.map(({ collection }) => collection).filter((name) => name !== '');
  const shared = left.interval.intersection(right.interval);
  return {
    id: parents.map(({ id }) => id).join('+'),
    collection: [...new Set(collections)].join('+'),
    footprint,
    interval: spatialOnly || shared === null ? left.interval : shared,
    href: left.href,
    assets: mergedByName(parents.map(({ assets }) => assets)),
    properties: mergedByName(parents.map(({ properties }) => properties)),
    parents,
  };
}

function mergedByName<T>(sides: readonly Readonly<Record<string, T>>[]): Record<string, T> {
  const merged = new Map<string, T>();
  for (const [k, side] of sides.entries()) {
    for (const [name, value] of Object.entries(side)) {
      if (merged.get(name) === value) continue;
      merged.set(merged.has(name) ? `${k + 1}:${name}` : name, value);
    }
  }
  return Object.fromEntries(merged);
}

/** Counts of overlapping pairs, and why an intersection is empty. */
export interface IntersectionReport {
  /** Number of rows of each catalog. */
  readonly rows: readonly [number, number];
  /** Pairs whose footprints overlap, at any time. */
  readonly pairsInSpace: number;
  /** Pairs that overlap in space and time. */
  readonly pairs: number;
  /** The overlaps of `pairs` without area (points, lines), which `intersect` keeps only with `keepFlat`. */
  readonly flatPairs: number;
  /** The shortest time in milliseconds between two rows that overlap in space only; null without such a pair. */
  readonly shortestGap: number | null;
  /** The report as a sentence. */
  readonly message: string;
}

export function explainIntersection(left: RowView, right: RowView): IntersectionReport {
  let [pairsInSpace, pairs, flatPairs, gap] = [0, 0, 0, Infinity];
  for (const [a, b] of nearPairs(left, right)) {
    if (!outlinesOverlap(left.table.footprint(a), right.table.footprint(b))) continue;
    pairsInSpace++;
    if (overlapInTime(left, a, right, b)) {
      pairs++;
      if (left.table.footprint(a).every(isFlat) || right.table.footprint(b).every(isFlat)) flatPairs++;
    } else {
      const before = right.table.starts[b] - left.table.ends[a];
      gap = Math.min(gap, Math.max(before, left.table.starts[a] - right.table.ends[b]));
    }
  }
  const rows = [left.rows?.length ?? left.table.length, right.rows?.length ?? right.table.length] as const;
  const shortestGap = Number.isFinite(gap) ? gap : null;
  return { rows, pairsInSpace, pairs, flatPairs, shortestGap, message: sentence() };

  function sentence(): string {
    const empty = rows.indexOf(0);
    if (empty >= 0) return `The ${['first', 'second'][empty]} catalog has no rows.`;
    if (pairs > 0 && flatPairs === pairs)
      return `${pairs} pairs of rows overlap, but the overlap is points or lines, which intersect keeps with keepFlat only.`;
    if (pairs > 0) return `${pairs} pairs of rows overlap in space and time, ${pairsInSpace} in space.`;
    if (pairsInSpace === 0)
      return `No footprints overlap: the first catalog is within ${whereIs(left)}, the second within ${whereIs(right)}.`;
    return (
      `${pairsInSpace} pairs of rows overlap in space, but none in time: the first catalog spans ${timeOfView(left)}, ` +
      `the second ${timeOfView(right)}, and the nearest pair is ${duration(shortestGap ?? 0)} apart. ` +
      'Widen one of them with padInterval, or ask for spatialOnly.'
    );
  }
}

function whereIs(view: RowView): string {
  const bounds = boundsOfView(view);
  return bounds === null ? 'no place' : boundsText(bounds);
}

function duration(milliseconds: number): string {
  const days = milliseconds / 86_400_000;
  return days >= 1 ? `${Number(days.toFixed(2))} days` : `${Number((24 * days).toFixed(2))} hours`;
}
