/** One column of a row group, read by its pages or as a whole. */
import type { ColumnChunk, DecodedArray, SchemaElement } from 'hyparquet';
import type { ByteLru } from '../io/byte-lru.js';
import type { ByteSource, ReadOptions } from '../io/index.js';
import { CodedPage } from './coded-page.js';
import { decode } from './decode.js';
import { metaOf, rangeOf } from './footer.js';
import { type Page, pageOfRow, parsePageIndex } from './page-index.js';
import { type CleanPages, cleanPages, type DictionaryPage, type Leaf } from './pages.js';
import { type PageValues, PlainPage } from './plain-page.js';

const MAX_INDEX_BYTES = 16 * 2 ** 20;

/** A column chunk up to this size is read whole and cached. */
const WHOLE_CHUNK_BYTES = 256 * 1024;

/** Estimated memory of a decoded value besides its bytes. */
const VALUE_BYTES = 32;

/** A cached page, and its memory in bytes. */
export interface KeptPage {
  readonly values: PageValues;
  readonly bytes: number;
}

export class ChunkReader {
  readonly leaf: Leaf;
  readonly chunk: ColumnChunk;
  readonly #source: ByteSource;
  readonly #rows: number;
  readonly #schema: SchemaElement[];
  readonly #kept: ByteLru<string, KeptPage>;
  readonly #key: string;
  #pages: Promise<Page[] | null> | null = null;

  /**
   * @param rows of the row group
   * @param schema of a file with only the leaf's column
   * @param kept the file's cache of pages; this chunk's keys start with `key`
   */
  constructor(
    source: ByteSource,
    leaf: Leaf,
    chunk: ColumnChunk,
    rows: number,
    schema: SchemaElement[],
    kept: ByteLru<string, KeptPage>,
    key: string,
  ) {
    this.#source = source;
    this.leaf = leaf;
    this.chunk = chunk;
    this.#rows = rows;
    this.#schema = schema;
    this.#kept = kept;
    this.#key = key;
  }

  /** All pages. @throws {Error} for damaged pages, or fewer values than rows */
  async readWhole(options: ReadOptions): Promise<CleanPages> {
    const pages = await this.#readRange(...rangeOf(metaOf(this.chunk)), options);
    if (pages.values < this.#rows) throw new Error('a column chunk has fewer values than rows');
    return pages;
  }

  /**
   * The values of some rows, ascending, from their pages; null without a page index, or if a row may have several values.
   */
  async readRows(rows: readonly number[], options: ReadOptions): Promise<unknown[] | null> {
    if (this.leaf.maxRepetition > 0) return null;
    const pages = await this.#locate(options);
    if (pages === null) return null;
    const numbers = rows.map((row) => pageOfRow(pages, row));
    const distinct = [...new Set(numbers)];
    const read = await Promise.all(distinct.map((page) => this.#page(pages, page, options)));
    const values = new Map(distinct.map((page, k) => [page, read[k]]));
    return rows.map((row, k) => values.get(numbers[k])?.at(row - pages[numbers[k]].start));
  }

  async #page(pages: readonly Page[], number: number, options: ReadOptions): Promise<PageValues> {
    const make = (): Promise<KeptPage> => this.#readPage(pages, number, options);
    return (await this.#kept.get(`${this.#key}/${number}`, make, options.signal)).values;
  }

  async #readPage(pages: readonly Page[], number: number, options: ReadOptions): Promise<KeptPage> {
    const { offset, size, start, end } = pages[number];
    const [chunkStart] = rangeOf(metaOf(this.chunk));
    const before = pages[0].offset - chunkStart;
    const [data, head] = await Promise.all([
      this.#readRange(offset, size, options),
      before > 0 ? this.#readRange(chunkStart, before, options) : null,
    ]);
    if (data.values !== end - start) throw new Error('the index of its pages is wrong');
    const lazy = this.#lazyPage(data, data.dictionary ?? head?.dictionary ?? null);
    if (lazy !== null) return { values: lazy, bytes: lazy.bytes };
    const clean: CleanPages = {
      ...data,
      bytes: [...(head?.bytes ?? []), ...data.bytes],
      size: data.size + (head?.size ?? 0),
    };
    const part = { leaf: this.leaf, chunk: this.chunk, pages: clean };
    const values: DecodedArray = await decode(this.#schema, [part], data.values);
    return { values: { at: (row) => values[row] }, bytes: clean.size + VALUE_BYTES * values.length };
  }

  /** A page whose values are decoded on demand; null if hyparquet has to decode all. */
  #lazyPage({ pages }: CleanPages, dictionary: DictionaryPage | null): PlainPage | CodedPage | null {
    if (pages.length !== 1) return null;
    if (dictionary !== null) return CodedPage.of(pages[0], dictionary, this.leaf);
    return PlainPage.of(pages[0], this.leaf);
  }

  async #readRange(offset: number, size: number, options: ReadOptions): Promise<CleanPages> {
    const bytes = await this.#source.read(offset, size, options);
    return cleanPages(bytes, this.leaf, metaOf(this.chunk));
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
    const { offset_index_offset: offset, offset_index_length: length } = this.chunk;
    const range = rangeOf(metaOf(this.chunk));
    // Without an index, a small chunk is one page.
    if (offset === undefined || length === undefined) {
      return range[1] > WHOLE_CHUNK_BYTES
        ? null
        : [{ offset: range[0], size: range[1], start: 0, end: this.#rows }];
    }
    if (!(length > 0 && length <= MAX_INDEX_BYTES)) throw new Error('the index of its pages is damaged');
    return parsePageIndex(await this.#source.read(Number(offset), length, options), range, this.#rows);
  }
}
