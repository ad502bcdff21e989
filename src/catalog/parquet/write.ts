/** Writing a catalog as GeoParquet 1.1, a row group at a time. */
import type { KeyValue } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { invalidOption } from '../../errors.js';
import { type Bounds, unionBounds } from '../../geo/index.js';
import { crc32c } from '../../io/index.js';
import { indexBoxes } from '../boxes.js';
import type { GeoCatalog } from '../geo-catalog.js';
import { CATALOG_KEY, GEO_KEY, geoMetadata, SCHEMA_VERSION } from './metadata.js';
import { hilbertKey, orderOfKeys } from './order.js';
import { COLUMNS, SCHEMA, type StoredRow, storedRow } from './rows.js';

/** Takes the next bytes of a file; they are written over once the promise is fulfilled. */
export type Sink = (bytes: Uint8Array) => Promise<void>;

export interface WriteOptions {
  signal?: AbortSignal;
  /** Rows of a row group, 10,000 to 50,000 (default 20,000). */
  rowGroupSize?: number;
}

/** Bytes of a page before it is compressed: what is read for one row. */
const PAGE_BYTES = 32 * 1024;

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
  if (!Number.isInteger(rowGroupSize) || rowGroupSize < 1 || rowGroupSize > 50_000) {
    throw invalidOption('rowGroupSize', `is ${rowGroupSize}`, 'give a whole number from 1 to 50000');
  }
  signal?.throwIfAborted();
  const { order, crossing, boxes } = orderRows(catalog);
  const bounds = boxes.flat().reduce<Bounds | null>((all, box) => unionBounds(all ?? box, box), null);
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

function orderRows(catalog: GeoCatalog): { order: Uint32Array; crossing: number; boxes: Bounds[][] } {
  const boxes = Array.from(catalog, ({ footprint }) => indexBoxes(footprint));
  const keys = Uint32Array.from(boxes, ([box]) => (box === undefined ? LAST_KEY : hilbertKey(box)));
  const sorted = orderOfKeys(keys);
  const isCrossing = (row: number): boolean => boxes[row].length > 1;
  const last = sorted.filter(isCrossing);
  const order = new Uint32Array(sorted.length);
  order.set(sorted.filter((row) => !isCrossing(row)));
  order.set(last, order.length - last.length);
  return { order, crossing: last.length, boxes };
}

function columnsOf(rows: readonly StoredRow[]): { name: string; data: unknown[]; statistics: boolean }[] {
  return COLUMNS.map((name) => ({
    name,
    data: rows.map((row) => row[name]),
    statistics: WITH_STATISTICS.has(name),
  }));
}

/** Hands on what was written after each row group, and sums it up. */
class SinkWriter extends ByteWriter {
  /** CRC-32C of the row groups. */
  checksum = 0;
  readonly #sink: Sink;

  constructor(sink: Sink) {
    super();
    this.#sink = sink;
  }

  async flush(): Promise<void> {
    const bytes = this.getBytes();
    this.checksum = crc32c(bytes, this.checksum);
    await this.#sink(bytes);
    this.index = 0;
  }

  override async finish(): Promise<void> {
    await this.flush();
  }
}
