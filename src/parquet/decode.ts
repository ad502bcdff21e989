/** Checked pages decoded to values. */
import {
  type ColumnChunk,
  type ColumnMetaData,
  type DecodedArray,
  type FileMetaData,
  type ParquetParsers,
  parquetScan,
  type SchemaElement,
} from 'hyparquet';
import type { CleanPages } from './pages.js';

const textDecoder = new TextDecoder();

/** Times become milliseconds, rounded down; JSON stays text; geometries stay WKB. */
export const PARSERS = {
  timestampFromMilliseconds: (time) => (isMissing(time) ? null : Number(time)),
  timestampFromMicroseconds: (time) => (isMissing(time) ? null : Math.floor(Number(time) / 1e3)),
  timestampFromNanoseconds: (time) => (isMissing(time) ? null : Math.floor(Number(time) / 1e6)),
  dateFromDays: (days) => (isMissing(days) ? null : days * 86_400_000),
  stringFromBytes: (bytes) => (isMissing(bytes) ? null : textDecoder.decode(bytes)),
  jsonFromBytes: (bytes) => (isMissing(bytes) ? null : textDecoder.decode(bytes)),
  geometryFromBytes: (bytes) => bytes,
  geographyFromBytes: (bytes) => bytes,
} satisfies Partial<ParquetParsers>;

function isMissing(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

/** What is decoded of a column chunk. */
export interface ChunkPages {
  readonly meta: ColumnMetaData;
  readonly pages: CleanPages;
}

/** Decodes checked pages, as a file of one column and one row group. */
export async function decode(
  schema: SchemaElement[],
  parts: readonly ChunkPages[],
  rows: number,
): Promise<DecodedArray> {
  if (rows === 0) return [];
  const total = parts.reduce((sum, { pages }) => sum + pages.size, 4);
  const bytes = new Uint8Array(total);
  // Offset 0 means none.
  let position = 4;
  const columns = parts.map(({ meta: stored, pages }): ColumnChunk => {
    const start = position;
    for (const part of pages.bytes) {
      bytes.set(part, position);
      position += part.length;
    }
    const meta: ColumnMetaData = {
      ...stored,
      codec: 'UNCOMPRESSED',
      data_page_offset: BigInt(start),
      total_compressed_size: BigInt(pages.size),
      total_uncompressed_size: BigInt(pages.size),
    };
    delete meta.dictionary_page_offset;
    return { file_offset: BigInt(start), meta_data: meta };
  });
  const metadata: FileMetaData = {
    version: 1,
    schema,
    num_rows: BigInt(rows),
    row_groups: [{ columns, num_rows: BigInt(rows), total_byte_size: BigInt(total) }],
    metadata_length: 0,
  };
  const file = {
    byteLength: total,
    slice: (start: number, end?: number): ArrayBuffer => bytes.buffer.slice(start, end),
  };
  const scan = await parquetScan({ file, metadata, parsers: PARSERS, utf8: false, geoparquet: false });
  const values = await scan.readColumn({ column: schema[1].name, rowStart: 0, rowEnd: rows });
  if (values.length !== rows) throw new Error('a column has fewer values than rows');
  return values;
}
