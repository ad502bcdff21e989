/** Writing a catalog as GeoParquet 1.1, a row group at a time. */
import type { KeyValue } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { requireWhole } from '../../errors.js';
import { unionBounds } from '../../geo/bounds.js';
import type { Bounds } from '../../geo/index.js';
import { crc32c } from '../../io/crc32c.js';
import { indexBoxes } from '../boxes.js';
import type { GeoCatalog } from '../geo-catalog.js';
import { type Fingerprint, fingerprintOf, IndexBuilder } from './index-build.js';
import { CATALOG_KEY, GEO_KEY, geoMetadata, SCHEMA_VERSION } from './metadata.js';
import { hilbertKey, orderOfKeys } from './order.js';
import { RowWriter } from './row-writer.js';
import { SCHEMA } from './rows.js';

/** How a catalog’s file is written. */
export interface WriteOptions {
  signal?: AbortSignal;
  /** Rows of a row group, 10,000 to 50,000 (default 20,000). */
  rowGroupSize?: number;
}

/** Takes the next bytes of a file; they are written over once the promise is fulfilled. */
export type Sink = (bytes: Uint8Array) => Promise<void>;

/** Hands on what was written after each row group, and sums it up. */
export class SinkWriter extends ByteWriter {
  /** CRC-32C of the row groups. */
  checksum = 0;
  /** The thrift structure at the end, with the eight bytes after it; empty until that is written. */
  footer = new Uint8Array();
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
    const bytes = this.getBytes();
    const length = this.view.getUint32(this.index - 8, true);
    this.footer = bytes.slice(bytes.length - 8 - length);
    await this.flush();
  }
}

/** Rows without a place come last. */
const LAST_KEY = 2 ** 32 - 1;

/** What was written, and the index of it. */
export interface WrittenCatalog {
  readonly fingerprint: Fingerprint;
  /** Null where none was asked for. */
  readonly index: IndexBuilder | null;
}

/**
 * Writes the rows in an order of their own: along a Hilbert curve, those on both sides of the antimeridian last and
 * in row groups of their own, since their boxes span the globe. Beside the rows, this takes 13 bytes of memory a row,
 * 51 more for the index, and what a row group takes.
 */
export async function writeParquet(
  catalog: GeoCatalog,
  sink: Sink,
  { signal, rowGroupSize = 20_000, index = false }: WriteOptions & { readonly index?: boolean } = {},
): Promise<WrittenCatalog> {
  requireWhole('rowGroupSize', rowGroupSize, 1, 50_000);
  signal?.throwIfAborted();
  const { order, crossing, bounds } = orderRows(catalog);
  const builder = index ? new IndexBuilder(order.length, crossing) : null;
  const keyValues: KeyValue[] = [{ key: GEO_KEY, value: geoMetadata(bounds) }];
  const writer = new SinkWriter(sink);
  const parquet = new ParquetWriter({
    writer,
    schema: [...SCHEMA],
    kvMetadata: keyValues,
    createdBy: 'terrachip',
  });
  const rows = new RowWriter();
  const flat = order.length - crossing;
  for (let start = 0; start < order.length; ) {
    signal?.throwIfAborted();
    const end = Math.min(start + rowGroupSize, start < flat ? flat : order.length);
    for (let k = start; k < end; k++) {
      const row = catalog.row(order[k]);
      const boxes = rows.add(row);
      builder?.add(k, boxes, row.interval.start, row.interval.end);
    }
    rows.finish(parquet, writer);
    await writer.flush();
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
  return { fingerprint: await fingerprintOf(writer.footer, writer.offset), index: builder };
}

/** Where rows go in a file. */
export interface WriteOrder {
  /** Rows of the catalog, in the order of the file. */
  readonly order: Uint32Array;
  /** How many of them lie on both sides of the antimeridian; they are the last. */
  readonly crossing: number;
  /** Around all of them; null for none. */
  readonly bounds: Bounds | null;
}

export function orderRows(catalog: GeoCatalog): WriteOrder {
  const keys = new Uint32Array(catalog.length);
  const isCrossing = new Uint8Array(catalog.length);
  let bounds: Bounds | null = null;
  let row = 0;
  for (const footprint of catalog.footprints()) {
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
