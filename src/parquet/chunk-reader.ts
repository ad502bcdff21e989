/** One column of a row group, read by its pages or as a whole. */
import type { ColumnChunk, SchemaElement } from 'hyparquet';
import { readOffsetIndex } from 'hyparquet/src/indexes.js';
import type { ByteLru } from '../io/byte-lru.js';
import type { ByteSource, ReadOptions } from '../io/index.js';
import { type ChunkPages, decode } from './decode.js';
import { metaOf, rangeOf } from './footer.js';
import { codedPage, type PageValues, plainPage } from './page-values.js';
import { type CleanPages, cleanPages, type Leaf } from './pages.js';
import { checkThrift } from './thrift.js';

const MAX_INDEX_BYTES = 16 * 2 ** 20;

/** A column chunk up to this size is read whole and cached. */
const WHOLE_CHUNK_BYTES = 256 * 1024;

/** Estimated memory of a decoded value besides its bytes. */
const VALUE_BYTES = 32;

/** A page of a column chunk, as an index says. */
interface Page {
  readonly offset: number;
  readonly size: number;
  /** Rows of the row group, from `start` up to `end`. */
  readonly start: number;
  readonly end: number;
}

/** A column chunk, and what it takes to read it. */
export interface ReadableChunk {
  readonly source: ByteSource;
  readonly leaf: Leaf;
  readonly chunk: ColumnChunk;
  /** Rows of the row group. */
  readonly rows: number;
  /** The schema of a file with only the leaf's column. */
  readonly schema: SchemaElement[];
  /** The file's cache of pages; keys of this chunk start with `key`. */
  readonly kept: ByteLru<string, PageValues>;
  readonly key: string;
}

export class ChunkReader {
  readonly #of: ReadableChunk;
  #pages: Promise<Page[] | null> | null = null;

  constructor(chunk: ReadableChunk) {
    this.#of = chunk;
  }

  /** All pages. @throws {Error} for damaged pages, or fewer values than rows */
  async readWhole(options: ReadOptions): Promise<ChunkPages> {
    const meta = metaOf(this.#of.chunk);
    const pages = await this.#readRange(...rangeOf(meta), options);
    if (pages.values < this.#of.rows) throw new Error('a column chunk has fewer values than rows');
    return { meta, pages };
  }

  /**
   * The values of some rows, ascending, from their pages; null without a page index, or if a row may have several values.
   */
  async readRows(rows: readonly number[], options: ReadOptions): Promise<unknown[] | null> {
    const { leaf, kept, key } = this.#of;
    if (leaf.maxRepetition > 0) return null;
    const pages = await this.#locate(options);
    if (pages === null) return null;
    const numbers = rows.map((row) => pageOfRow(pages, row));
    const values = new Map<number, PageValues>();
    await Promise.all(
      Array.from(new Set(numbers), async (page) => {
        const make = (): Promise<PageValues> => this.#readPage(pages, page, options);
        values.set(page, await kept.get(`${key}/${page}`, make, options.signal));
      }),
    );
    return rows.map((row, k) => values.get(numbers[k])?.at(row - pages[numbers[k]].start));
  }

  async #readPage(pages: readonly Page[], number: number, options: ReadOptions): Promise<PageValues> {
    const { leaf, chunk, schema } = this.#of;
    const { offset, size, start, end } = pages[number];
    const meta = metaOf(chunk);
    const [chunkStart] = rangeOf(meta);
    const before = pages[0].offset - chunkStart;
    const [data, head] = await Promise.all([
      this.#readRange(offset, size, options),
      before > 0 ? this.#readRange(chunkStart, before, options) : null,
    ]);
    if (data.values !== end - start) throw new Error('the index of its pages is wrong');
    const dictionary = data.dictionary ?? head?.dictionary ?? null;
    if (data.pages.length === 1) {
      const [page] = data.pages;
      // Where this gives null, hyparquet decodes all values.
      const lazy = dictionary === null ? plainPage(page, leaf) : codedPage(page, dictionary, leaf);
      if (lazy !== null) return lazy;
    }
    const clean: CleanPages = {
      ...data,
      bytes: [...(head?.bytes ?? []), ...data.bytes],
      size: data.size + (head?.size ?? 0),
    };
    const values = await decode(schema, [{ meta, pages: clean }], data.values);
    return { bytes: clean.size + VALUE_BYTES * values.length, at: (row) => values[row] };
  }

  async #readRange(offset: number, size: number, options: ReadOptions): Promise<CleanPages> {
    const { source, leaf, chunk } = this.#of;
    return cleanPages(await source.read(offset, size, options), leaf, metaOf(chunk));
  }

  #locate(options: ReadOptions): Promise<Page[] | null> {
    if (this.#pages !== null) return this.#pages;
    const pages = this.#readIndex(options);
    this.#pages = pages;
    // After a failure or an abort the next call reads again.
    pages.catch(() => {
      this.#pages = null;
    });
    return pages;
  }

  async #readIndex(options: ReadOptions): Promise<Page[] | null> {
    const { source, chunk, rows } = this.#of;
    const { offset_index_offset: offset, offset_index_length: length } = chunk;
    const range = rangeOf(metaOf(chunk));
    // Without an index, a small chunk is one page.
    if (offset === undefined || length === undefined) {
      const [start, size] = range;
      return size > WHOLE_CHUNK_BYTES ? null : [{ offset: start, size, start: 0, end: rows }];
    }
    if (!(length > 0 && length <= MAX_INDEX_BYTES)) throw new Error('the index of its pages is damaged');
    return parsePageIndex(await source.read(Number(offset), length, options), range, rows);
  }
}

/**
 * The pages of a column chunk by its index (PageIndex.md of Parquet).
 * @param bytes of the index
 * @param chunk start and bytes of the column chunk
 * @param rows of the row group
 * @throws {Error} for a damaged index, or pages outside the chunk
 */
function parsePageIndex(
  bytes: Uint8Array<ArrayBuffer>,
  [chunkStart, chunkSize]: readonly [start: number, size: number],
  rows: number,
): Page[] {
  checkThrift(bytes, 0);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { page_locations: locations } = readOffsetIndex({ view, offset: 0 });
  let before = chunkStart;
  const pages = locations.map((location, k) => {
    const page = {
      offset: Number(location.offset),
      size: location.compressed_page_size,
      start: Number(location.first_row_index),
      end: Number(locations[k + 1]?.first_row_index ?? rows),
    };
    const ordered = page.offset >= before && page.size > 0 && page.start < page.end;
    if (!ordered || (k === 0 && page.start !== 0)) throw new Error('the index of its pages is damaged');
    before = page.offset + page.size;
    return page;
  });
  const isComplete = pages.length > 0 && before <= chunkStart + chunkSize && pages.at(-1)?.end === rows;
  if (!isComplete) throw new Error('the index of its pages is damaged');
  return pages;
}

/** The number of the page that holds a row. */
function pageOfRow(pages: readonly Page[], row: number): number {
  let [low, high] = [0, pages.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (pages[middle].end <= row) low = middle + 1;
    else high = middle;
  }
  return low;
}
