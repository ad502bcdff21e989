/** Finding the rows that a query asks for: by the index first, then by time, then by outline. */
import type { PlaceQuery } from './place-query.js';
import type { RowTable } from './row-table.js';

/** Fewer rows are looked at one by one, rather than finding all rows of the table near the place. */
const SCAN_LIMIT = 2048;

/**
 * The rows of a table, or of a part of it, that a query asks for, in their order.
 * @param rows numbers of rows; null for all
 */
export function selectRows(table: RowTable, rows: Uint32Array | null, query: PlaceQuery): Uint32Array {
  if (query.boxes === null) return inTime(table, rows, query);
  if (rows === null) return Uint32Array.from(search(table, query, null)).sort();
  if (rows.length <= SCAN_LIMIT) {
    const found = search(table, query, rows);
    return rows.filter((row) => found.has(row));
  }
  const found = search(table, query, null);
  return rows.filter((row) => found.has(row));
}

function inTime(
  { starts, ends, length }: RowTable,
  rows: Uint32Array | null,
  query: PlaceQuery,
): Uint32Array {
  const all = rows ?? Uint32Array.from({ length }, (_, k) => k);
  return all.filter((row) => query.matchesTime(starts[row], ends[row]));
}

function search(table: RowTable, query: PlaceQuery, rows: Uint32Array | null): Set<number> {
  const found = new Set<number>();
  const undecided = new Set<number>();
  const { starts, ends, index } = table;
  const onRow = (row: number, x0: number, y0: number, x1: number, y1: number): void => {
    if (!query.matchesTime(starts[row], ends[row])) return;
    if (!index.isSplit(row) && query.matchesBox([x0, y0, x1, y1])) found.add(row);
    else undecided.add(row);
  };
  for (const box of query.boxes ?? []) {
    if (rows === null) index.search(box, onRow);
    else index.scan(rows, box, onRow);
  }
  for (const row of undecided) {
    if (!found.has(row) && query.matchesFootprint(table.footprint(row))) found.add(row);
  }
  return found;
}
