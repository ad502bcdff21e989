/** Which rows of a union stand for the same thing, and which of them is kept. */
import { invalidOption } from '../errors.js';
import { intersectBounds } from '../geo/bounds.js';
import type { Bounds } from '../geo/index.js';
import { boxOf } from './boxes.js';
import type { CatalogRow, CatalogValue } from './row.js';

/** What rows are taken for the same, and which one stays. */
export interface DedupePolicy {
  /** Rows of one key are the same thing. */
  key(row: CatalogRow): string;
  /** Whether two rows of one key are the same indeed. Default: they are. */
  isSame?(first: CatalogRow, second: CatalogRow): boolean;
  /** Of two rows of one key, what is kept: either, or one that is made of both. */
  merge(first: CatalogRow, second: CatalogRow): CatalogRow;
}

/**
 * `none`: all rows stay. `item`: rows of one collection and id are one item, without a collection those of one id and file;
 * the first stays, with the assets that only the others have. `newest`: as `item`, and of scenes that were processed more than once the newest processing stays.
 */
export const DEDUPE_POLICIES = ['none', 'item', 'newest'] as const;
/** Which rows of a union are kept: a policy by name, or one of your own. */
export type Dedupe = (typeof DEDUPE_POLICIES)[number] | DedupePolicy;

const ITEM: DedupePolicy = {
  key: ({ collection, id }) => JSON.stringify([collection, id]),
  isSame: isSameItem,
  merge: withAssetsOf,
};

/** Ids are unique within a collection. Without one, files of one name in two folders have the same id. */
function isSameItem(first: CatalogRow, second: CatalogRow): boolean {
  if (first.id !== second.id || first.collection !== second.collection) return false;
  return first.collection !== '' || plainHref(first.href) === plainHref(second.href);
}

/** A file's address in one of its forms. */
function plainHref(href: string): string {
  return href.replace(/^file:(\/\/(localhost)?)?(?=\/)/i, '').replace(/^(\.\/)+/, '');
}

/** Boxes of one scene, processed twice, share at least this much of what both cover. */
const SAME_PLACE = 0.5;

/** Milliseconds between the times that two processings give one scene. */
const SAME_TIME = 60_000;

const NEWEST: DedupePolicy = {
  key: ({ collection, id }) => JSON.stringify([collection, sceneId(id)]),
  // Two halves of a tile whose acquisition was cut, or two passes of a day, may differ in nothing else of their ids.
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

/** @throws {TerrachipError} INVALID_OPTION for a policy that there is not */
export function dedupePolicy(dedupe: Dedupe): DedupePolicy | null {
  if (typeof dedupe === 'object') return dedupe;
  if (dedupe === 'none') return null;
  if (dedupe === 'item') return ITEM;
  if (dedupe === 'newest') return NEWEST;
  throw invalidOption(
    'dedupe',
    `is "${String(dedupe)}", which is none of ${DEDUPE_POLICIES.join(', ')}`,
    'choose one of them',
  );
}

/** The rows without repetition, each where its key came first. */
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

/** The share of what two boxes cover together that both cover. */
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
 * The id of a scene without what tells one processing of it from another. What tells one scene from another stays: the
 * times, orbits and tiles, so that neighbours which overlap are never taken for one another.
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
      // S2A_28QCH_20200714_0_L2A: the number of the processing of one datatake's tile.
      .replace(/^(S2[A-D]_\d{1,2}[A-Z]{3}_\d{8})_\d+(_L[12][ABC])$/, '$1$2')
      // LC08_L2SP_028030_20200114_20200824_02_T1: the date of processing, and the tier, which comes with it.
      .replace(/^(L[COTEM]0\d_\w{4}_\d{6}_\d{8})_\d{8}_(\d{2})_(?:RT|T1|T2)/, '$1_$2')
  );
}

/** Below 0 where the second row is the newer processing: by baseline or version, then by when it was made, then by id. */
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
  const found = names.map((name): CatalogValue | undefined => properties[name]);
  const value = found.find((v) => typeof v === 'string' || typeof v === 'number');
  return value === undefined ? null : String(value);
}
