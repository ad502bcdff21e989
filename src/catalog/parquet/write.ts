/** Writing a catalog as GeoParquet 1.1, a row group at a time. */
import type { KeyValue } from 'hyparquet';
import { ParquetWriter } from 'hyparquet-writer';
import { invalidOption } from '../../errors.js';
import { type Bounds, unionBounds } from '../../geo/index.js';
import { indexBoxes } from '../boxes.js';
import type { GeoCatalog } from '../geo-catalog.js';
import { CATALOG_KEY, GEO_KEY, geoMetadata, SCHEMA_VERSION } from './metadata.js';
import { hilbertKey, orderOfKeys } from './order.js';
import { COLUMNS, SCHEMA, type StoredRow, storedRow } from './rows.js';
import { type Sink, SinkWriter } from './sink.js';

export interface WriteOptions {
  signal?: AbortSignal;
  /** Rows of a row group, 10,000 to 50,000 (default 20,000). */
  rowGroupSize?: number;
}

/** Bytes of a page before it is compressed: what is read for one row. */
export const PAGE_BYTES = 32 * 1024;

/** Rows without a place come last. */
const LAST_KEY = 2 ** 32 - 1;

/** Columns whose smallest and largest values say something. */
const WITH_STATISTICS = new Set(['id', 'collection', 'bbox', 'start_time', 'end_time']);

/**
 * Writes the rows in an order of their own: along a Hilbert curve, those on both sides of the antimeridian last and
 * in row groups of their own, since their boxes span the globe.
 */
export async function writeParquet(
  catalog: GeoCatalog,
  sink: Sink,
  { signal, rowGroupSize = 20_000 }: WriteOptions = {},
): Promise<void> {
  checkRowGroupSize(rowGroupSize);
  signal?.throwIfAborted();
  const { order, crossing, bounds } = orderRows(catalog);
  const keyValues: KeyValue[] = [{ key: GEO_KEY, value: geoMetadata(bounds) }];
  const writer = new SinkWriter(sink);
  const parquet = new ParquetWriter({
    writer,
    schema: [...SCHEMA],
    codec: 'SNAPPY',
    kvMetadata: keyValues,
    createdBy: 'terrachip',
  });
  const flat = order.length - crossing;
  for (let start = 0; start < order.length; ) {
    signal?.throwIfAborted();
    const end = Math.min(start + rowGroupSize, start < flat ? flat : order.length);
    const rows: StoredRow[] = [];
    for (let k = start; k < end; k++) rows.push(storedRow(catalog.row(order[k])));
    await parquet.write({ columnData: columnsOf(rows), rowGroupSize: rows.length, pageSize: PAGE_BYTES });
    start = end;
  }
  keyValues.push({
    key: CATALOG_KEY,
    value: JSON.stringify({
      schemaVersion: SCHEMA_VERSION,
      rows: order.length,
      crossing,
      checksum: writer.checksum,
    }),
  });
  await parquet.finish();
}

/** @throws {TerrachipError} INVALID_OPTION */
export function checkRowGroupSize(rows: number): void {
  if (Number.isInteger(rows) && rows >= 1 && rows <= 50_000) return;
  throw invalidOption('rowGroupSize', `is ${rows}`, 'give a whole number from 1 to 50000');
}

/** Where rows go in a file. */
export interface RowOrder {
  /** Rows of the catalog, in the order of the file. */
  readonly order: Uint32Array;
  /** How many of them lie on both sides of the antimeridian; they are the last. */
  readonly crossing: number;
  /** Around all of them; null for none. */
  readonly bounds: Bounds | null;
}

export function orderRows(catalog: GeoCatalog): RowOrder {
  const keys = new Uint32Array(catalog.length);
  const isCrossing = new Uint8Array(catalog.length);
  let bounds: Bounds | null = null;
  let row = 0;
  for (const { footprint } of catalog) {
    const boxes = indexBoxes(footprint);
    keys[row] = boxes.length === 0 ? LAST_KEY : hilbertKey(boxes[0]);
    isCrossing[row] = boxes.length > 1 ? 1 : 0;
    for (const box of boxes) bounds = bounds === null ? box : unionBounds(bounds, box);
    row++;
  }
  const sorted = orderOfKeys(keys);
  const last = sorted.filter((each) => isCrossing[each] === 1);
  const order = new Uint32Array(sorted.length);
  order.set(sorted.filter((each) => isCrossing[each] === 0));
  order.set(last, order.length - last.length);
  return { order, crossing: last.length, bounds };
}

function columnsOf(rows: readonly StoredRow[]): { name: string; data: unknown[]; statistics: boolean }[] {
  return COLUMNS.map((name) => ({
    name,
    data: rows.map((row) => row[name]),
    statistics: WITH_STATISTICS.has(name),
  }));
}
