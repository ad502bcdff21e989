/** Rows in columns: boxes and times in typed arrays, and rows that are built on demand. */
import { invalidInput } from '../errors.js';
import { type Bounds, TimeInterval } from '../geo/index.js';
import type { Polygon } from '../vector/index.js';
import { indexBoxes } from './boxes.js';
import type { CatalogRow } from './row.js';
import { SpatialIndex } from './spatial-index.js';

/**
 * The rows of a catalog. Catalogs derived from one another share a table: the result of a query is a list of row
 * numbers. A table of a file's columns builds rows and footprints on demand.
 */
export interface RowTable {
  readonly length: number;
  /** Boxes in longitude and latitude. */
  readonly index: SpatialIndex;
  /** Both ends of each row's interval in UTC milliseconds, closed; ±Infinity for open ends. */
  readonly starts: Float64Array;
  readonly ends: Float64Array;
  row(index: number): CatalogRow;
  /** The same as `row(index).footprint`, without building the row. */
  footprint(index: number): readonly Polygon[];
}

/** All or some rows of a table. */
export interface RowView {
  readonly table: RowTable;
  /** Row numbers in the table, in the order of the view; null for all. */
  readonly rows: Uint32Array | null;
}

/** The row numbers of a view in its table. */
export function* numbersOf({ table, rows }: RowView): Iterable<number> {
  if (rows !== null) yield* rows;
  else for (let k = 0; k < table.length; k++) yield k;
}

/** The rows of a view as a table. */
export function tableOf({ table, rows }: RowView): RowTable {
  if (rows === null) return table;
  return {
    length: rows.length,
    index: SpatialIndex.fromBoxes(rows.length, (k) => table.index.boxesOf(rows[k])),
    starts: Float64Array.from(rows, (row) => table.starts[row]),
    ends: Float64Array.from(rows, (row) => table.ends[row]),
    row: (k) => table.row(rows[k]),
    footprint: (k) => table.footprint(rows[k]),
  };
}

/** The numbers of a view's rows that meet a condition, in its order. */
export function numbersWhere({ table, rows }: RowView, keep: (row: number) => boolean): Uint32Array {
  if (rows !== null) return rows.filter(keep);
  const kept = new Uint32Array(table.length);
  let count = 0;
  for (let row = 0; row < table.length; row++) if (keep(row)) kept[count++] = row;
  return kept.slice(0, count);
}

/** A table of rows in memory. @throws {TerrachipError} INVALID_INPUT for a footprint outside longitude and latitude */
export function tableOfRows(rows: readonly CatalogRow[]): RowTable {
  // Filled in place: `Float64Array.from` would first build a plain array for millions of rows.
  const starts = new Float64Array(rows.length);
  const ends = new Float64Array(rows.length);
  for (const [k, row] of rows.entries()) {
    requireFootprint(row);
    starts[k] = row.interval.start;
    ends[k] = row.interval.end;
  }
  return {
    length: rows.length,
    index: SpatialIndex.fromBoxes(rows.length, (k) => indexBoxes(rows[k].footprint)),
    starts,
    ends,
    row: (k) => rows[k],
    footprint: (k) => rows[k].footprint,
  };
}

/** The bounding box of a view's rows in longitude and latitude; null for none. */
export function boundsOfView(view: RowView): Bounds | null {
  return view.table.index.bounds(numbersOf(view));
}

/** Bounds in degrees, as messages have them. */
export function boundsText(bounds: Bounds): string {
  return `[${bounds.map((degrees) => Number(degrees.toFixed(6))).join(', ')}]`;
}

/** From the first start to the last end of a view's rows; null for none. */
export function timeOfView(view: RowView): TimeInterval | null {
  let [start, end] = [Infinity, -Infinity];
  const { starts, ends } = view.table;
  for (const row of numbersOf(view)) {
    start = Math.min(start, starts[row]);
    end = Math.max(end, ends[row]);
  }
  return start > end ? null : new TimeInterval(start, end);
}

function requireFootprint({ id, footprint }: CatalogRow): void {
  for (const polygon of footprint) {
    for (const ring of polygon) {
      for (const [x, y] of ring) {
        if (Math.abs(x) <= 180 && Math.abs(y) <= 90) continue;
        throw invalidInput(
          `the row "${id}"`,
          `has the position ${x}, ${y} in its footprint, which is not a longitude and latitude`,
          'give footprints in degrees on WGS 84, cut at the antimeridian',
        );
      }
    }
  }
}
