/** Where the records of a .shp file lie: by its index (.shx), or else one after another. */
import { invalidInput } from '../../errors.js';

export interface ShapeRecord {
  /** The row of the table that belongs to it, from 0. */
  readonly row: number;
  /** Where its content starts in the file, and how long that is, in bytes; 0 for a record that was taken away. */
  readonly start: number;
  readonly length: number;
}

/** What all files of the format begin with, and where their records start. */
export const FILE_CODE = 9994;
export const HEADER = 100;

/** Records that are listed: a file of more is refused, as one of more features is. */
const MAX_RECORDS = 1_000_001;

/**
 * The records of a shapefile in the order of its table. Edits leave records in another order than the table, and gaps
 * between them: the index knows. One that does not fit the file is not used; then records that are numbered by
 * themselves are found by these numbers, others by their order.
 * @param shx the index, or null without one
 * @param rows of the table, or null without one
 * @param warn receives the reason why an index is not used
 * @throws {TerrachipError} INVALID_INPUT for a damaged file, or one with more records than its table
 */
export function listRecords(
  shp: DataView,
  shx: Uint8Array | null,
  rows: number | null,
  name: string,
  warn: (problem: string) => void,
): ShapeRecord[] {
  const indexed = shx === null ? null : recordsOfIndex(shp, shx);
  if (indexed !== null && (rows === null || indexed.length === rows)) return indexed;
  const walked = walkRecords(shp, rows);
  if (walked !== null && (indexed === null || walked.length === rows)) {
    if (shx !== null) warn('has an index (.shx) that does not fit it and is not used; write the file again');
    return requireRows(walked, rows, name);
  }
  if (indexed !== null) return requireRows(indexed, rows, name);
  throw invalidInput(
    name,
    'has a record that reaches beyond its end',
    shx === null ? 'get the file again, with its index (.shx)' : 'get the file again',
  );
}

function requireRows(records: ShapeRecord[], rows: number | null, name: string): ShapeRecord[] {
  if (rows !== null && records.length > rows) {
    throw invalidInput(name, `has more shapes than the ${rows} records of its table`, 'get it again');
  }
  return records;
}

/** Null where an entry does not lead to a record of the length that it says. */
function recordsOfIndex(shp: DataView, shx: Uint8Array): ShapeRecord[] | null {
  const view = new DataView(shx.buffer, shx.byteOffset, shx.byteLength);
  if (view.byteLength < HEADER || view.getInt32(0) !== FILE_CODE) return null;
  const count = Math.floor((view.byteLength - HEADER) / 8);
  if (count > MAX_RECORDS) return null;
  const records: ShapeRecord[] = [];
  for (let row = 0; row < count; row++) {
    // Lengths and places count words of 16 bits.
    const start = view.getUint32(HEADER + 8 * row) * 2 + 8;
    const length = view.getUint32(HEADER + 8 * row + 4) * 2;
    const isTaken = start === 8 && length === 0;
    if (!isTaken) {
      const isInside = start >= HEADER + 8 && start + length <= shp.byteLength;
      if (!isInside || shp.getInt32(start - 4) * 2 !== length) return null;
    }
    records.push({ row, start, length });
  }
  return records;
}

/** The records one after another; null where one reaches beyond the end. Some writers leave the file's length wrong. */
function walkRecords(shp: DataView, rows: number | null): ShapeRecord[] | null {
  const places: { number: number; start: number; length: number }[] = [];
  for (let offset = HEADER; offset + 8 <= shp.byteLength && places.length < MAX_RECORDS; ) {
    const length = shp.getInt32(offset + 4) * 2;
    const start = offset + 8;
    if (length < 4 || start + length > shp.byteLength) return null;
    places.push({ number: shp.getInt32(offset), start, length });
    offset = start + length;
  }
  const numbers = new Set(places.map(({ number }) => number));
  const areNumbered =
    rows !== null &&
    numbers.size === places.length &&
    places.every(({ number }) => number >= 1 && number <= rows);
  return places
    .map(({ number, start, length }, k) => ({ row: areNumbered ? number - 1 : k, start, length }))
    .sort((a, b) => a.row - b.row);
}
