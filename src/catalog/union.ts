/** Duplicate rows in a union, and which one is kept. */
import { invalidOption } from '../errors.js';
import { intersectBounds } from '../geo/bounds.js';
import type { Bounds } from '../geo/index.js';
import { boxOf } from './boxes.js';
import type { CatalogRow, CatalogValue } from './row.js';

/** Which rows are duplicates, and which row is kept. */
export interface DedupePolicy {
  /** Rows with equal keys may be duplicates. */
  key(row: CatalogRow): string;
  /** Whether two rows with equal keys are duplicates. Default: always. */
  isSame?(first: CatalogRow, second: CatalogRow): boolean;
  /** The row that replaces two duplicates: either of them, or a new one. */
  merge(first: CatalogRow, second: CatalogRow): CatalogRow;
}

/**
 * `none`: keeps all rows. `item`: rows with equal collection and id are duplicates, without a collection those with
 * equal id and file; the first is kept, with additional assets of the others. `newest`: as `item`, and the newest
 * processing of a scene is kept.
 */
export const DEDUPE_POLICIES = ['none', 'item', 'newest'] as const;
/** Which rows of a union are kept: the name of a policy, or a custom one. */
export type Dedupe = (typeof DEDUPE_POLICIES)[number] | DedupePolicy;

const ITEM: DedupePolicy = {
  key: ({ collection, id }) => JSON.stringify([collection, id]),
  isSame: isSameItem,
  merge: withAssetsOf,
};

/**
 * Whether two rows of one collection are the same item. Ids are unique within a collection. Without one, files with equal
 * names in two folders have equal ids.
 */
function isSameItem(first: CatalogRow, second: CatalogRow): boolean {
  if (first.id !== second.id) return false;
  return first.collection !== '' || plainHref(first.href) === plainHref(second.href);
}

/** A file's address without `file://` or `./`. */
function plainHref(href: string): string {
  return href.replace(/^file:(\/\/(localhost)?)?(?=\/)/i, '').replace(/^(\.\/)+/, '');
}

/** Least intersection over union of the boxes of two processings of a scene. */
const SAME_PLACE = 0.5;

/** Greatest difference in milliseconds between the times of two processings of a scene. */
const SAME_TIME = 60_000;

const NEWEST: DedupePolicy = {
  key: ({ collection, id }) => JSON.stringify([collection, sceneId(id)]),
  // Two halves of a tile from a split acquisition, or two passes of a day, may have ids like two processings.
  isSame: (first, second) =>
    isSameItem(first, second) ||
    (first.id !== second.id &&
      Math.abs(first.interval.start - second.interval.start) <= SAME_TIME &&
      sharedPart(boxOf(first.footprint), boxOf(second.footprint)) >= SAME_PLACE),
  merge: (first, second) => {
    if (isSameItem(first, second)) return withAssetsOf(first, second);
    return compareProcessing(first, second) < 0 ? second : first;
  },
};

/** Null for `none`. @throws {TerrachipError} INVALID_OPTION for an unknown policy */
export function dedupePolicy(dedupe: Dedupe): DedupePolicy | null {
  if (typeof dedupe === 'object') return dedupe;
  if (dedupe === 'none') return null;
  if (dedupe === 'item') return ITEM;
  if (dedupe === 'newest') return NEWEST;
  const names = DEDUPE_POLICIES.join(', ');
  throw invalidOption('dedupe', `is "${String(dedupe)}", which is none of ${names}`, 'choose one of them');
}

/** The rows without duplicates, each at the position of the first one. */
export function withoutDuplicates(rows: Iterable<CatalogRow>, policy: DedupePolicy): CatalogRow[] {
  const kept: CatalogRow[] = [];
  const places = new Map<string, number[]>();
  for (const row of rows) {
    const key = policy.key(row);
    const group = places.get(key) ?? [];
    const same = group.find((place) => policy.isSame?.(kept[place], row) ?? true);
    if (same !== undefined) {
      kept[same] = policy.merge(kept[same], row);
      continue;
    }
    group.push(kept.length);
    places.set(key, group);
    kept.push(row);
  }
  return kept;
}

/** Intersection over union of two boxes. */
function sharedPart(a: Bounds | null, b: Bounds | null): number {
  if (a === null || b === null) return a === b ? 1 : 0;
  const area = ([x0, y0, x1, y1]: Bounds): number => (x1 - x0) * (y1 - y0);
  const both = intersectBounds(a, b);
  const shared = both === null ? 0 : area(both);
  return shared / (area(a) + area(b) - shared);
}

function withAssetsOf(first: CatalogRow, second: CatalogRow): CatalogRow {
  const isNew = Object.keys(second.assets).some((name) => !Object.hasOwn(first.assets, name));
  return isNew ? { ...first, assets: { ...second.assets, ...first.assets } } : first;
}

/**
 * The id of a scene without the parts that identify its processing. Times, orbits and tiles are kept, so that
 * neighbours that overlap have different ids.
 */
export function sceneId(id: string): string {
  return (
    id
      // S2A_MSIL2A_20190212T192651_N0212_R013_T07HFE_20201007T160857: baseline and time of processing.
      .replace(
        /^(S2[A-D]_MSIL[12][ABC]_\d{8}T\d{6})(?:_N\d{4})?(_R\d{3}_T\w{5})_\d{8}T\d{6}(?:\.SAFE)?$/,
        '$1$2',
      )
      // S1A_IW_GRDH_1SDV_20210809T173953_20210809T174018_039156_049F13_CC1D: a checksum at its end.
      .replace(/^(S1[A-D]_\w{2}_\w{4}_\d\w{3}_\d{8}T\d{6}_\d{8}T\d{6}_\d{6}_[\dA-F]{6})_[\dA-F]{4}/, '$1')
      // S2A_28QCH_20200714_0_L2A: the number of the processing of a datatake's tile.
      .replace(/^(S2[A-D]_\d{1,2}[A-Z]{3}_\d{8})_\d+(_L[12][ABC])$/, '$1$2')
      // LC08_L2SP_028030_20200114_20200824_02_T1: the date of processing, and the tier, which depends on it.
      .replace(/^(L[COTEM]0\d_\w{4}_\d{6}_\d{8})_\d{8}_(\d{2})_(?:RT|T1|T2)/, '$1_$2')
  );
}

/** Negative if the second row is the newer processing: by baseline or version, then by creation time, then by id. */
function compareProcessing(first: CatalogRow, second: CatalogRow): number {
  const names = [
    ['s2:processing_baseline', 'processing:version', 'version'],
    ['s2:generation_time', 'created', 'updated'],
  ];
  for (const alternatives of names) {
    const [a, b] = [firstValue(first, alternatives), firstValue(second, alternatives)];
    if (a === null || b === null) continue;
    const order = a.localeCompare(b, 'en', { numeric: true });
    if (order !== 0) return order;
  }
  return first.id.localeCompare(second.id, 'en', { numeric: true });
}

function firstValue({ properties }: CatalogRow, names: readonly string[]): string | null {
  const values = names.map((name): CatalogValue | undefined => properties[name]);
  const value = values.find((v) => typeof v === 'string' || typeof v === 'number');
  return value === undefined ? null : String(value);
}
