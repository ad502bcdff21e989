/**
 * One column of a row group, encoded value by value: plain, in small compressed pages, so that a reader of one row decodes
 * little. hyparquet-writer writes footers and indexes of pages. Its own encoder takes whole arrays of values, which for
 * millions of rows costs several times as much.
 */
import type { ColumnChunk } from 'hyparquet';
import { ByteWriter, type ParquetWriter } from 'hyparquet-writer';
import { writeRleBitPackedHybrid } from 'hyparquet-writer/src/encoding.js';
import { snappyCompress } from 'hyparquet-writer/src/snappy.js';
import type { Leaf } from '../../parquet/pages.js';
import { encodeThrift } from '../../parquet/thrift.js';

/** Bytes of a page before it is compressed: what is read for one row. */
export const PAGE_BYTES = 4 * 1024;

/** `DATA_PAGE_V2`, and the field of a page's header that describes one (parquet.thrift). */
const DATA_PAGE_V2 = { type: 3, field: 8 };

/** The number of the encoding. */
const PLAIN = 0;

/** The metadata of a column chunk for the footer and the index. */
export type WrittenChunk = ParquetWriter['pendingIndexes'][number];

interface WrittenPage {
  /** From the start of the chunk. */
  readonly offset: number;
  readonly size: number;
  readonly firstRow: number;
}

/** Strings up to this length are cheaper to copy by the character than to hand to the encoder. */
const SHORT_TEXT = 96;

const textEncoder = new TextEncoder();

export class ColumnWriter {
  readonly #leaf: Leaf;
  readonly #withStatistics: boolean;
  #page = new Uint8Array(4 * PAGE_BYTES);
  #view = new DataView(this.#page.buffer);
  #used = 0;
  /** For each row of the page, whether it has a value. */
  #levels: number[] = [];
  #pageRows = 0;
  #pageNulls = 0;
  #chunk = new ByteWriter(64 * 1024);
  #pages: WrittenPage[] = [];
  #plainSize = 0;
  #rows = 0;
  #nulls = 0;
  #min: number | Uint8Array | undefined;
  #max: number | Uint8Array | undefined;

  /** @param withStatistics whether the footer has the least and the greatest value */
  constructor(leaf: Leaf, withStatistics: boolean) {
    this.#leaf = leaf;
    this.#withStatistics = withStatistics;
  }

  addNull(): void {
    this.#startRow();
    this.#levels.push(0);
    this.#pageNulls++;
    this.#nulls++;
  }

  addText(text: string): void {
    this.#startValue();
    // A UTF-16 unit takes three bytes of UTF-8 at most.
    this.#reserve(4 + 3 * text.length);
    const start = this.#used + 4;
    const length = writeText(this.#page, start, text);
    this.#view.setUint32(this.#used, length, true);
    this.#used = start + length;
    if (this.#withStatistics) this.#seeBytes(this.#page.subarray(start, this.#used));
  }

  /** @param write puts `size` bytes at an offset */
  addBytes(size: number, write: (view: DataView, offset: number) => void): void {
    this.#startValue();
    this.#reserve(4 + size);
    this.#view.setUint32(this.#used, size, true);
    write(this.#view, this.#used + 4);
    this.#used += 4 + size;
  }

  addDouble(value: number): void {
    this.#startValue();
    this.#reserve(8);
    this.#view.setFloat64(this.#used, value, true);
    this.#used += 8;
    this.#seeNumber(value);
  }

  /** @param value a safe integer, stored in 64 bits */
  addInteger(value: number): void {
    this.#startValue();
    this.#reserve(8);
    this.#view.setUint32(this.#used, value >>> 0, true);
    this.#view.setInt32(this.#used + 4, Math.floor(value / 2 ** 32), true);
    this.#used += 8;
    this.#seeNumber(value);
  }

  /** Appends the column chunk to a writer, and starts another one. */
  finish(writer: ByteWriter): WrittenChunk {
    if (this.#pageRows > 0) this.#finishPage();
    const start = writer.offset;
    const bytes = this.#chunk.getBytes();
    writer.appendBytes(bytes);
    const chunk: ColumnChunk = {
      file_offset: BigInt(start),
      meta_data: {
        type: this.#leaf.element.type ?? 'BYTE_ARRAY',
        encodings: ['PLAIN'],
        path_in_schema: [...this.#leaf.path],
        codec: 'SNAPPY',
        num_values: BigInt(this.#rows),
        total_compressed_size: BigInt(bytes.length),
        total_uncompressed_size: BigInt(this.#plainSize),
        data_page_offset: BigInt(start),
        ...(this.#withStatistics ? this.#statistics() : {}),
      },
    };
    const locations = this.#pages.map(({ offset, size, firstRow }) => ({
      offset: BigInt(start + offset),
      compressed_page_size: size,
      first_row_index: BigInt(firstRow),
    }));
    this.#chunk.offset = 0;
    this.#chunk.index = 0;
    this.#pages = [];
    this.#plainSize = this.#rows = this.#nulls = 0;
    this.#min = this.#max = undefined;
    return { chunk, offsetIndex: { page_locations: locations } };
  }

  #statistics(): Pick<NonNullable<ColumnChunk['meta_data']>, 'statistics' | 'encoding_stats'> {
    const bound = (value: number | Uint8Array | undefined, zero: number) => {
      if (value === undefined || value instanceof Uint8Array) return value;
      if (this.#leaf.element.type === 'INT64') return BigInt(value);
      // The least zero is the negative one, the greatest the positive one (parquet.thrift, ColumnOrder).
      return value === 0 ? zero : value;
    };
    const [min, max] = [bound(this.#min, -0), bound(this.#max, 0)];
    return {
      statistics: {
        null_count: BigInt(this.#nulls),
        ...(min === undefined ? {} : { min_value: min }),
        ...(max === undefined ? {} : { max_value: max }),
      },
      encoding_stats: [{ page_type: 'DATA_PAGE_V2', encoding: 'PLAIN', count: this.#pages.length }],
    };
  }

  #startRow(): void {
    if (this.#used >= PAGE_BYTES) this.#finishPage();
    this.#pageRows++;
    this.#rows++;
  }

  #startValue(): void {
    this.#startRow();
    if (this.#leaf.maxDefinition > 0) this.#levels.push(1);
  }

  #reserve(size: number): void {
    const needed = this.#used + size;
    if (needed <= this.#page.length) return;
    const page = new Uint8Array(Math.max(needed, 2 * this.#page.length));
    page.set(this.#page.subarray(0, this.#used));
    this.#page = page;
    this.#view = new DataView(page.buffer);
  }

  #finishPage(): void {
    const chunk = this.#chunk;
    const offset = chunk.offset;
    const levels = new ByteWriter(64);
    if (this.#leaf.maxDefinition > 0) writeRleBitPackedHybrid(levels, this.#levels, 1);
    const stored = snappyCompress(this.#page.subarray(0, this.#used));
    const [rows, nulls] = [this.#pageRows, this.#pageNulls];
    const header = encodeThrift({
      1: DATA_PAGE_V2.type,
      2: levels.offset + this.#used,
      3: levels.offset + stored.length,
      [DATA_PAGE_V2.field]: { 1: rows, 2: nulls, 3: rows, 4: PLAIN, 5: levels.offset, 6: 0 },
    });
    chunk.appendBytes(Uint8Array.from(header));
    chunk.appendBytes(levels.getBytes());
    chunk.appendBytes(stored);
    this.#plainSize += header.length + levels.offset + this.#used;
    this.#pages.push({ offset, size: chunk.offset - offset, firstRow: this.#rows - this.#pageRows });
    this.#used = this.#pageRows = this.#pageNulls = 0;
    this.#levels = [];
  }

  #seeNumber(value: number): void {
    if (this.#min === undefined || value < (this.#min as number)) this.#min = value;
    if (this.#max === undefined || value > (this.#max as number)) this.#max = value;
  }

  #seeBytes(bytes: Uint8Array): void {
    if (this.#min === undefined || compareBytes(bytes, this.#min as Uint8Array) < 0)
      this.#min = bytes.slice();
    if (this.#max === undefined || compareBytes(bytes, this.#max as Uint8Array) > 0)
      this.#max = bytes.slice();
  }
}

/** Writes a text as UTF-8. @returns its bytes */
function writeText(bytes: Uint8Array, start: number, text: string): number {
  if (text.length > SHORT_TEXT) return textEncoder.encodeInto(text, bytes.subarray(start)).written;
  for (let k = 0; k < text.length; k++) {
    const code = text.charCodeAt(k);
    if (code > 127) return textEncoder.encodeInto(text, bytes.subarray(start)).written;
    bytes[start + k] = code;
  }
  return text.length;
}

/** The order of Parquet's texts: that of their bytes. */
function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let k = 0; k < length; k++) if (a[k] !== b[k]) return a[k] - b[k];
  return a.length - b.length;
}
