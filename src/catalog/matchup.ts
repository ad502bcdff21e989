/**
 * Matches of rows in several catalogs: scenes of other sensors near each primary scene in space and time, and pairs of
 * scenes of one place at two times.
 */
import { invalidOption } from '../errors.js';
import { Crs } from '../geo/index.js';
import { type Polygon, polygonArea } from '../vector/index.js';
import { clipOutlines, outlinesOverlap } from './clip.js';
import type { GeoCatalog } from './geo-catalog.js';
import { pointOutline } from './geometry.js';
import { outlineCovers, outlinesIntersect, preparePolygons } from './relate.js';
import type { CatalogRow } from './row.js';
import { compareDistance, gapBetween } from './times.js';

/** A spatial predicate, or a least intersection over union from 0 to 1. */
export type SpaceRule = 'intersects' | 'contains' | 'centroid' | { readonly iou: number };

/** Milliseconds: only the nearest row within `nearest`, or all rows from `before` to `after`. */
export type TimeRule = { readonly nearest: number } | { readonly before: number; readonly after: number };

/** How far apart in place and time two rows may be to match. */
export interface MatchupOptions {
  /** Default: `intersects`, which needs a shared area. `contains`: the primary covers the other. */
  readonly space?: SpaceRule;
  readonly time: TimeRule;
  /** `all` (default): every role has a row. `any`: at least one has. */
  readonly join?: 'all' | 'any';
}

/** A primary row and its matched row of each role. */
export interface Matchup {
  readonly primary: CatalogRow;
  readonly members: Readonly<Record<string, CatalogRow>>;
  /** The intersection of their footprints. */
  readonly footprint: readonly Polygon[];
  /** Milliseconds from the middle of the primary's time to that of each member. */
  readonly offsets: Readonly<Record<string, number>>;
}

/**
 * Matches each row of a catalog with rows of other catalogs, by role, that are near it in space and time. Several rows
 * of a role give a matchup for each combination.
 * @throws {TerrachipError} INVALID_OPTION for a negative time or an `iou` outside 0 to 1
 */
export function matchup(
  primary: GeoCatalog,
  secondaries: Readonly<Record<string, GeoCatalog>>,
  { space = 'intersects', time, join = 'all' }: MatchupOptions,
): Matchup[] {
  checkRules(space, time);
  const matchups: Matchup[] = [];
  for (const row of primary) {
    const candidates = Object.entries(secondaries).map(
      ([role, catalog]) => [role, candidatesFor(row, catalog, space, time)] as const,
    );
    const present = candidates.filter(([, rows]) => rows.length > 0);
    if (present.length === 0 || (join === 'all' && present.length < candidates.length)) continue;
    for (const members of combinations(present)) matchups.push(matchupOf(row, members));
  }
  return matchups;
}

function checkRules(space: SpaceRule, time: TimeRule): void {
  if (typeof space === 'object' && !(space.iou >= 0 && space.iou <= 1))
    throw invalidOption('iou', `is ${space.iou}`, 'give a share from 0 to 1');
  const limits = 'nearest' in time ? [time.nearest] : [time.before, time.after];
  if (!limits.every((limit) => limit >= 0))
    throw invalidOption('time', `has limits ${limits.join(', ')}`, 'give milliseconds from 0 on');
}

function candidatesFor(row: CatalogRow, catalog: GeoCatalog, space: SpaceRule, time: TimeRule): CatalogRow[] {
  if (row.footprint.length === 0) return [];
  const [before, after] = 'nearest' in time ? [time.nearest, time.nearest] : [time.before, time.after];
  const near = catalog
    .query({ geometry: row.footprint }, { touch: true })
    .filter(
      (other) =>
        other.interval.end >= row.interval.start - before &&
        other.interval.start <= row.interval.end + after &&
        matchesSpace(row, other, space),
    );
  const rows = [...near];
  if ('before' in time) return rows;
  const [nearest] = rows.sort((p, q) => compareDistance(p.interval, q.interval, row.interval));
  return nearest === undefined ? [] : [nearest];
}

function matchesSpace(primary: CatalogRow, other: CatalogRow, space: SpaceRule): boolean {
  if (typeof space === 'object') return isSimilar(primary.footprint, other.footprint, space.iou);
  if (space === 'intersects') return outlinesOverlap(primary.footprint, other.footprint);
  const [p, q] = [preparePolygons(primary.footprint), preparePolygons(other.footprint)];
  if (space === 'contains') return outlineCovers(p, q);
  const [x0, y0, x1, y1] = q[0].box;
  const middle = preparePolygons([pointOutline([(x0 + x1) / 2, (y0 + y1) / 2])]);
  return outlinesIntersect(p, middle, true);
}

/** Compares areas on the ground; a geometry without area is similar only to itself. */
function isSimilar(a: readonly Polygon[], b: readonly Polygon[], iou: number): boolean {
  const shared = polygonArea(clipOutlines(a, b), Crs.wgs84);
  const all = polygonArea(a, Crs.wgs84) + polygonArea(b, Crs.wgs84) - shared;
  if (all === 0) return JSON.stringify(a) === JSON.stringify(b);
  return shared > 0 && shared / all >= iou;
}

function* combinations(
  roles: readonly (readonly [string, readonly CatalogRow[]])[],
): Iterable<Record<string, CatalogRow>> {
  const [first, ...rest] = roles;
  if (first === undefined) {
    yield {};
    return;
  }
  const [role, rows] = first;
  for (const row of rows) for (const others of combinations(rest)) yield { [role]: row, ...others };
}

function matchupOf(primary: CatalogRow, members: Readonly<Record<string, CatalogRow>>): Matchup {
  const rows = Object.values(members);
  const middle = ({ interval }: CatalogRow): number => (interval.start + interval.end) / 2;
  return {
    primary,
    members,
    footprint: rows.reduce((shared, { footprint }) => clipOutlines(shared, footprint), primary.footprint),
    offsets: Object.fromEntries(
      Object.entries(members).map(([role, row]) => [role, middle(row) - middle(primary)]),
    ),
  };
}

/** Conditions on the two rows of a pair. */
export interface TemporalPairOptions {
  /**
   * Least time in milliseconds between the end of the first and the start of the second. Default: 0; the second always
   * starts after the end of the first.
   */
  readonly minGap?: number;
  /** Greatest such time. Default: any. */
  readonly maxGap?: number;
  /** Least share of the smaller footprint that the other covers, from 0 to 1. Default: any area. */
  readonly minOverlap?: number;
  /** Pairs each first row only with the next one, not with all later ones. Default: false. */
  readonly nearest?: boolean;
}

/** Two rows of one place at two times. */
export interface TemporalPair {
  readonly first: CatalogRow;
  readonly second: CatalogRow;
  /** The intersection of the two footprints. */
  readonly footprint: readonly Polygon[];
  /** Milliseconds between the end of the first and the start of the second. */
  readonly gap: number;
}

/**
 * Pairs of rows that overlap in space, the second after the first.
 * @param before the catalog of first rows
 * @param after the catalog of second rows; may be the same
 * @throws {TerrachipError} INVALID_OPTION
 */
export function temporalPairs(
  before: GeoCatalog,
  after: GeoCatalog,
  { minGap = 0, maxGap = Infinity, minOverlap = 0, nearest = false }: TemporalPairOptions = {},
): TemporalPair[] {
  if (!(minGap >= 0 && maxGap >= minGap))
    throw invalidOption(
      'minGap',
      `is ${minGap} with a \`maxGap\` of ${maxGap}`,
      'give milliseconds in order',
    );
  if (!(minOverlap >= 0 && minOverlap <= 1))
    throw invalidOption('minOverlap', `is ${minOverlap}`, 'give a share from 0 to 1');
  const pairs: TemporalPair[] = [];
  for (const first of before) {
    if (first.footprint.length === 0) continue;
    const candidates = [
      ...after.query({ geometry: first.footprint }).filter((second) => {
        if (second.interval.start <= first.interval.end) return false;
        const gap = gapBetween(first.interval, second.interval);
        return gap >= minGap && gap <= maxGap;
      }),
    ].sort((p, q) => p.interval.start - q.interval.start);
    for (const second of candidates) {
      const footprint = clipOutlines(first.footprint, second.footprint);
      if (footprint.length === 0 || shareOfSmaller(footprint, first, second) < minOverlap) continue;
      pairs.push({ first, second, footprint, gap: gapBetween(first.interval, second.interval) });
      if (nearest) break;
    }
  }
  return pairs;
}

function shareOfSmaller(shared: readonly Polygon[], first: CatalogRow, second: CatalogRow): number {
  const smaller = Math.min(...[first, second].map(({ footprint }) => polygonArea(footprint, Crs.wgs84)));
  return smaller === 0 ? 1 : polygonArea(shared, Crs.wgs84) / smaller;
}
