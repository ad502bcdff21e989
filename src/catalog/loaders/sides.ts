/** Both sides of intersected catalogs: an image and its label, before and after, radar and optical. */
import { invalidInput } from '../../errors.js';
import { GeoBox, TimeInterval } from '../../geo/index.js';
import type { CatalogRow } from '../row.js';
import { rowName } from './bands.js';
import { type LoadTarget, rowsOn } from './plan.js';

/** Loads one side: `(rows, target) => loadRaster(rows, target, …)`, `loadVector`, or anything else. */
export type SideLoader<Result> = (rows: readonly CatalogRow[], target: LoadTarget) => Promise<Result>;

/**
 * Loads the sides of overlaps onto one grid, each by its own loader from its own rows. Rows of which several overlaps meet
 * the slice come once. What a side is asked for is the place of the slice: overlaps decide about its time, so that rows
 * that hold at another time, such as labels, are found.
 * @param overlaps an intersected catalog, or one of its rows in a list
 * @param loaders one a catalog, in the order in which they were intersected
 * @throws {TerrachipError} INVALID_INPUT for rows that are not overlaps of so many catalogs; and as the loaders
 */
export async function loadSides<const Loaders extends readonly SideLoader<unknown>[]>(
  overlaps: Iterable<CatalogRow>,
  target: LoadTarget,
  loaders: Loaders,
): Promise<{ -readonly [K in keyof Loaders]: Awaited<ReturnType<Loaders[K]>> }>;
export async function loadSides(
  overlaps: Iterable<CatalogRow>,
  target: LoadTarget,
  loaders: readonly SideLoader<unknown>[],
): Promise<unknown[]> {
  const place: LoadTarget = target instanceof GeoBox ? target : { ...target, interval: TimeInterval.always };
  const time = target instanceof GeoBox ? TimeInterval.always : target.interval;
  const rows = rowsOn(overlaps, target, time);
  const results: unknown[] = [];
  for (const [side, load] of loaders.entries()) results.push(await load(sideOf(rows, side), place));
  return results;
}

/** Rows of one side, each once. */
function sideOf(rows: readonly CatalogRow[], side: number): CatalogRow[] {
  const found = new Map<string, CatalogRow>();
  for (const row of rows) {
    const parent = row.parents?.[side];
    if (parent === undefined) {
      throw invalidInput(
        rowName(row),
        `is no overlap of ${side + 1} catalogs`,
        'intersect catalogs, and give a loader for each',
      );
    }
    const key = JSON.stringify([parent.collection, parent.id, parent.href]);
    if (!found.has(key)) found.set(key, parent);
  }
  return [...found.values()];
}
