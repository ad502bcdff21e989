/** Writes a catalog as GeoParquet 1.1, a row group at a time. */
import type { KeyValue } from 'hyparquet';
import { ParquetWriter } from 'hyparquet-writer';
import { requireWhole } from '../../errors.js';
import { unionBounds } from '../../geo/bounds.js';
import type { Bounds } from '../../geo/index.js';
import { type Sink, SinkWriter } from '../../parquet/sink-writer.js';
import { GEO_KEY, geoMetadata } from '../../vector/geoparquet.js';
import { indexBoxes } from '../boxes.js';
import type { GeoCatalog } from '../geo-catalog.js';
import { type Fingerprint, fingerprintOf, IndexBuilder } from './index-build.js';
import { CATALOG_KEY, SCHEMA_VERSION } from './metadata.js';
import { RowWriter } from './row-writer.js';
import { SCHEMA } from './rows.js';

/** How a catalog’s file is written. */
export interface WriteOptions {
  signal?: AbortSignal;
  /** Rows of a row group, 10,000 to 50,000 (default 20,000). */
  rowGroupSize?: number;
}

/** Rows without a place come last. */
const LAST_KEY = 2 ** 32 - 1;

/**
 * Writes the rows in an order of their own: along a Hilbert curve, those on both sides of the antimeridian last and
 * in row groups of their own, since their boxes span the globe. Beside the rows, this takes 13 bytes of memory a row,
 * 51 more for the index, and what a row group takes.
 * @returns the fingerprint of the file, and its index if it was requested
 */
export async function writeParquet(
  catalog: GeoCatalog,
  sink: Sink,
  { signal, rowGroupSize = 20_000, index = false }: WriteOptions & { readonly index?: boolean } = {},
): Promise<{ fingerprint: Fingerprint; index: IndexBuilder | null }> {
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

/**
 * The order of rows in a file.
 * @returns rows of the catalog in the order of the file; how many of them, the last, lie on both sides of the
 * antimeridian; and the bounds of all, null for none
 */
export function orderRows(catalog: GeoCatalog): {
  order: Uint32Array;
  crossing: number;
  bounds: Bounds | null;
} {
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

const BITS = 16;
const SIDE = 2 ** BITS;

/**
 * How far along a Hilbert curve (Hilbert 1891, doi:10.1007/BF01199431) over longitude and latitude the middle of a box
 * lies: an integer below 2^32. Rows which lie together are stored together, so that the boxes of row groups are small.
 */
export function hilbertKey([x0, y0, x1, y1]: Bounds): number {
  let x = cell((x0 + x1 + 360) / 720);
  let y = cell((y0 + y1 + 180) / 360);
  let key = 0;
  for (let side = SIDE / 2; side >= 1; side /= 2) {
    const right = (x & side) > 0 ? 1 : 0;
    const up = (y & side) > 0 ? 1 : 0;
    key += side * side * ((3 * right) ^ up);
    if (up === 1) continue;
    if (right === 1) {
      x = SIDE - 1 - x;
      y = SIDE - 1 - y;
    }
    [x, y] = [y, x];
  }
  return key;
}

function cell(share: number): number {
  return Math.min(SIDE - 1, Math.max(0, Math.floor(share * SIDE)));
}

/** Positions of keys in ascending order; equal keys keep theirs. Keys are integers below 2^32. */
export function orderOfKeys(keys: Uint32Array): Uint32Array {
  let order = Uint32Array.from(keys, (_, k) => k);
  // Sorted by the lower half of the bits, then by the upper half.
  for (const shift of [0, 16]) {
    const starts = new Uint32Array(SIDE + 1);
    for (const key of keys) starts[((key >>> shift) & (SIDE - 1)) + 1]++;
    for (let k = 1; k <= SIDE; k++) starts[k] += starts[k - 1];
    const sorted = new Uint32Array(keys.length);
    for (const position of order) sorted[starts[(keys[position] >>> shift) & (SIDE - 1)]++] = position;
    order = sorted;
  }
  return order;
}
