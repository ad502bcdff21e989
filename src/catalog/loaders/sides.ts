/** Loads the sides of intersected catalogs: image and label, before and after, radar and optical. */
import { invalidInput } from '../../errors.js';
import { GeoBox, TimeInterval } from '../../geo/index.js';
import { type CatalogRow, rowName } from '../row.js';
import { type LoadTarget, rowsOn, targetGrid, targetTime } from './rows.js';

/** Loads one side: `(rows, target) => loadRaster(rows, target, …)`, `loadVector`, or any other function. */
export type SideLoader<Result> = (rows: readonly CatalogRow[], target: LoadTarget) => Promise<Result>;

/**
 * Loads the sides of overlaps onto one grid, each by its own loader from its own rows. A row with several overlaps is
 * passed once. The slice's time selects overlaps only, not the rows of a side, which may have other times, as labels
 * do.
 * @param overlaps an intersected catalog, or one of its rows in a list
 * @param loaders one per catalog, in the order of the intersection
 * @throws {TerrachipError} INVALID_INPUT for rows that are not overlaps of so many catalogs; errors of the loaders
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
  const rows = rowsOn(overlaps, targetGrid(target), targetTime(target));
  const results: unknown[] = [];
  for (const [side, load] of loaders.entries()) results.push(await load(sideOf(rows, side), place));
  return results;
}

/** Rows of one side, without duplicates. */
function sideOf(rows: readonly CatalogRow[], side: number): CatalogRow[] {
  const parents = new Map<string, CatalogRow>();
  for (const row of rows) {
    const parent = row.parents?.[side];
    if (parent === undefined) {
      throw invalidInput(
        rowName(row),
        `is not an overlap of ${side + 1} catalogs`,
        'intersect catalogs, and give a loader for each',
      );
    }
    const key = JSON.stringify([parent.collection, parent.id, parent.href]);
    if (!parents.has(key)) parents.set(key, parent);
  }
  return [...parents.values()];
}
