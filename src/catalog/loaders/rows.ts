/** Chooses the rows of a load by place and time, and sorts them. */
import { invalidInput } from '../../errors.js';
import { Crs, GeoBox, type GeoSlice, geoBoxOfSlice, noOverlap, TimeInterval } from '../../geo/index.js';
import { whereIs } from '../../geo/overlap.js';
import { padWindow, wholeWindow } from '../../geo/windows.js';
import { GeoCatalog } from '../geo-catalog.js';
import { type CatalogRow, type CatalogValue, propertyOf, rowName } from '../row.js';
import type { RowOrder } from './options.js';

/** A grid, or a slice with a grid and a time. */
export type LoadTarget = GeoBox | GeoSlice;

export function targetGrid(target: LoadTarget): GeoBox {
  return target instanceof GeoBox ? target : geoBoxOfSlice(target);
}

/** The time of a slice; always for a grid. */
export function targetTime(target: LoadTarget): TimeInterval {
  return target instanceof GeoBox ? TimeInterval.always : target.interval;
}

/** Rows that may overlap a grid and a time, in order. Rows that are not in a catalog are compared by time only. */
export function rowsOn(catalog: Iterable<CatalogRow>, grid: GeoBox, interval: TimeInterval): CatalogRow[] {
  if (!(catalog instanceof GeoCatalog)) {
    return Array.from(catalog).filter((row) => row.interval.intersects(interval));
  }
  // Footprints are simplified: a margin of one pixel finds those that end beside the grid.
  const { x, y, width, height } = padWindow(wholeWindow(grid), 1);
  const { bounds } = grid.window(x, y, width, height);
  return [...catalog.query({ geometry: bounds, crs: grid.crs, interval }, { touch: true })];
}

/** The error for a grid and a time that no row overlaps. */
export function nothingThere(catalog: Iterable<CatalogRow>, grid: GeoBox, interval: TimeInterval): Error {
  const all = catalog instanceof GeoCatalog ? catalog : GeoCatalog.from(catalog);
  const name = `a catalog of ${all.length} rows`;
  const remedy = 'choose another place or time, or set `allowEmpty`';
  if (all.bounds === null) return invalidInput(name, `has no rows at ${whereIs(grid)}`, remedy);
  if (rowsOn(all, grid, TimeInterval.always).length === 0)
    return noOverlap(name, { crs: Crs.wgs84, bounds: all.bounds }, 'the grid', grid);
  if (rowsOn(all, grid, interval).length === 0) {
    const span = all.temporalExtent?.toJSON().join(' to ') ?? 'any time';
    const time = interval.toJSON().join(' to ');
    return invalidInput(name, `has no rows at the time ${time}: its rows span ${span}`, remedy);
  }
  return invalidInput(
    name,
    `has footprints that overlap the grid at ${whereIs(grid)}, but its files do not`,
    'check the footprints, or set `allowEmpty`',
  );
}

/** Sorts rows; the result does not depend on the catalog's order, except for `given`. */
export function sortRows(rows: readonly CatalogRow[], order: RowOrder): CatalogRow[] {
  if (order === 'given') return [...rows];
  const byTime = [...rows].sort(
    (a, b) =>
      compare(middleOf(a.interval), middleOf(b.interval)) ||
      compare(a.collection, b.collection) ||
      compare(a.id, b.id),
  );
  if (order === 'time') return byTime;
  if (typeof order === 'function') return byTime.sort(order);
  const { property, descending = false } = order;
  for (const row of byTime) {
    if (['number', 'string'].includes(typeof propertyOf(row, property))) continue;
    throw invalidInput(
      rowName(row),
      `has no number or text "${property}" to be ordered by`,
      'choose another order, or leave such rows out with where()',
    );
  }
  const sign = descending ? -1 : 1;
  return byTime.sort((a, b) => sign * compare(propertyOf(a, property), propertyOf(b, property)));
}

/** The middle of an interval; the finite end of a half-open one; −∞ for `always`. */
export function middleOf({ start, end }: TimeInterval): number {
  if (start === -Infinity) return end === Infinity ? -Infinity : end;
  return end === Infinity ? start : start + (end - start) / 2;
}

function compare(a: CatalogValue | undefined, b: CatalogValue | undefined): number {
  if (typeof a === 'number' && typeof b === 'number') return a < b ? -1 : a > b ? 1 : 0;
  return String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0;
}
