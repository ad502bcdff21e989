/** The rows that match a query: by the index first, then by time, then by footprint. */
import type { PlaceQuery } from './place-query.js';
import { numbersWhere, type RowTable, type RowView } from './row-table.js';

/** Up to so many rows of a view are scanned, rather than searching the index of the whole table. */
const SCAN_LIMIT = 2048;

/** The numbers of a view's rows that match a query, in order. */
export function selectRows(view: RowView, query: PlaceQuery): Uint32Array {
  const { table, rows } = view;
  if (query.boxes === null) {
    const { starts, ends } = table;
    return numbersWhere(view, (row) => query.matchesTime(starts[row], ends[row]));
  }
  const matches = search(table, query, rows !== null && rows.length <= SCAN_LIMIT ? rows : null);
  return rows === null ? Uint32Array.from(matches).sort() : rows.filter((row) => matches.has(row));
}

/** @param rows the rows to scan; null for all rows, by the index */
function search(table: RowTable, query: PlaceQuery, rows: Uint32Array | null): Set<number> {
  const matches = new Set<number>();
  const undecided = new Set<number>();
  const { starts, ends, index } = table;
  const onRow = (row: number, x0: number, y0: number, x1: number, y1: number): void => {
    if (!query.matchesTime(starts[row], ends[row])) return;
    if (!index.isSplit(row) && query.matchesBox([x0, y0, x1, y1])) matches.add(row);
    else undecided.add(row);
  };
  for (const box of query.boxes ?? []) {
    if (rows === null) index.search(box, onRow);
    else index.scan(rows, box, onRow);
  }
  for (const row of undecided) {
    if (!matches.has(row) && query.matchesFootprint(table.footprint(row))) matches.add(row);
  }
  return matches;
}
