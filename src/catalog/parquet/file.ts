/**
 * A Parquet file, read by ranges: its footer when it is opened, then the pages that are asked for. hyparquet parses
 * and decodes; what it believes without looking (sizes, counts, nesting) is checked here and in `pages.ts` first.
 */
import {
  type ColumnChunk,
  type ColumnMetaData,
  type DecodedArray,
  type FileMetaData,
  parquetMetadata,
  parquetSchema,
  type SchemaElement,
  type SchemaTree,
  type Statistics,
} from 'hyparquet';
import { readOffsetIndex } from 'hyparquet/src/indexes.js';
import { invalidInput, isTerrachipError, messageOf, type TerrachipError } from '../../errors.js';
import { ByteLru, type ByteSource, type ReadOptions } from '../../io/index.js';
import { decode, PARSERS } from './decode.js';
import { checkRowGroups, checkSchema, metaOf, rangeOf, readFooter } from './footer.js';
import { type CleanPages, cleanPages, type Leaf } from './pages.js';
import { checkThrift } from './thrift.js';

const MAX_INDEX_BYTES = 16 * 2 ** 20;

/** A column chunk of so few bytes is read at once and kept. */
const WHOLE_CHUNK_BYTES = 256 * 1024;

/** Bytes of decoded pages that are kept for the next rows. */
const KEPT_BYTES = 64 * 2 ** 20;

/** What a decoded value takes beside its bytes. */
const VALUE_BYTES = 32;

export interface RowGroup {
  /** Number of the group, from 0. */
  readonly index: number;
  /** The first of its rows in the file. */
  readonly start: number;
  readonly rows: number;
}

/** What a file knows of the values of a column in a row group. */
export interface ColumnStatistics {
  readonly min: Statistics['min_value'];
  readonly max: Statistics['max_value'];
  /** How many values are null; null where the file does not say. */
  readonly nulls: number | null;
}

interface Page {
  readonly offset: number;
  readonly size: number;
  /** Rows of the row group, from `start` up to `end`. */
  readonly start: number;
  readonly end: number;
}

interface DecodedPage {
  readonly values: DecodedArray;
  readonly bytes: number;
}

export class ParquetFile {
  readonly name: string;
  /** Rows of the whole file. */
  readonly rows: number;
  readonly groups: readonly RowGroup[];
  /** The schema as a tree; its children are the columns. */
  readonly schema: SchemaTree;
  /** Texts that the file carries beside its data. */
  readonly keyValues: ReadonlyMap<string, string>;
  /** The bytes of the footer: what changes whenever the file is written again. */
  readonly footer: Uint8Array<ArrayBuffer>;
  readonly #source: ByteSource;
  readonly #metadata: FileMetaData;
  readonly #leaves: readonly Leaf[];
  readonly #pages = new Map<ColumnChunk, Promise<Page[] | null>>();
  readonly #decoded = new ByteLru<string, DecodedPage>(KEPT_BYTES, ({ bytes }) => bytes);

  private constructor(
    source: ByteSource,
    footer: Uint8Array<ArrayBuffer>,
    metadata: FileMetaData,
    leaves: readonly Leaf[],
  ) {
    this.name = source.name;
    this.footer = footer;
    this.#source = source;
    this.#metadata = metadata;
    this.#leaves = leaves;
    this.schema = parquetSchema(metadata);
    this.keyValues = new Map((metadata.key_value_metadata ?? []).map(({ key, value }) => [key, value ?? '']));
    let start = 0;
    this.groups = metadata.row_groups.map(({ num_rows }, index) => {
      const group = { index, start, rows: Number(num_rows) };
      start += group.rows;
      return group;
    });
    this.rows = start;
  }

  /** @throws {TerrachipError} INVALID_INPUT for what is no Parquet file, or a damaged one */
  static async open(source: ByteSource, options: ReadOptions = {}): Promise<ParquetFile> {
    try {
      const footer = await readFooter(source, options);
      checkThrift(footer, 0);
      const metadata = parquetMetadata(footer, { parsers: PARSERS, geoparquet: false });
      const leaves = checkSchema(metadata.schema);
      checkRowGroups(metadata, leaves, source.size);
      return new ParquetFile(source, footer, metadata, leaves);
    } catch (error) {
      throw damaged(source.name, error, options);
    }
  }

  /** Names of the columns. */
  get columns(): string[] {
    return this.schema.children.map(({ element }) => element.name);
  }

  /** @param path of a physical column, as `bbox.xmin`; null where the file says nothing */
  statistics(group: RowGroup, path: string): ColumnStatistics | null {
    const place = this.#leaves.findIndex((leaf) => leaf.path.join('.') === path);
    const statistics = this.#metadata.row_groups[group.index].columns[place]?.meta_data?.statistics;
    if (statistics === undefined) return null;
    const { min_value: min, max_value: max, null_count: nulls } = statistics;
    return { min, max, nulls: nulls === undefined ? null : Number(nulls) };
  }

  /**
   * The values of a column of a row group, in the order of the rows: numbers, texts, bytes, null, or nested.
   * @param rows of the group, ascending (default all); where the file has an index of its pages, only theirs are read
   * @throws {TerrachipError} INVALID_INPUT where the file is damaged
   */
  async readColumn(
    group: RowGroup,
    name: string,
    rows: readonly number[] | null = null,
    options: ReadOptions = {},
  ): Promise<readonly unknown[]> {
    try {
      const places = this.#leaves.flatMap(({ path }, k) => (path[0] === name ? [k] : []));
      if (places.length === 0) throw new Error(`it has no column ${name}`);
      const chunks = places.map((k) => ({
        leaf: this.#leaves[k],
        chunk: this.#metadata.row_groups[group.index].columns[k],
      }));
      const [{ leaf, chunk }] = chunks;
      if (rows !== null && chunks.length === 1 && leaf.maxRepetition === 0) {
        const pages = await this.#pagesOf(group, chunk, options);
        if (pages !== null) {
          const read = (page: number): Promise<DecodedArray> =>
            this.#readPage(name, `${group.index}/${places[0]}`, leaf, chunk, pages, page, options);
          return await readRows(pages, rows, read);
        }
      }
      const parts = await Promise.all(
        chunks.map(async (each) => ({
          ...each,
          pages: await this.#readRange(
            each.leaf,
            metaOf(each.chunk),
            ...rangeOf(metaOf(each.chunk)),
            options,
          ),
        })),
      );
      for (const part of parts) {
        if (part.pages.values < group.rows) throw new Error('a column chunk has fewer values than rows');
      }
      const values = await decode(this.#subtree(name), parts, group.rows);
      return rows === null ? Array.from(values) : rows.map((row) => values[row]);
    } catch (error) {
      throw damaged(this.name, error, options);
    }
  }

  /** The values of a page, which are kept. */
  async #readPage(
    name: string,
    key: string,
    leaf: Leaf,
    chunk: ColumnChunk,
    pages: readonly Page[],
    page: number,
    options: ReadOptions,
  ): Promise<DecodedArray> {
    const make = async (): Promise<DecodedPage> => {
      const meta = metaOf(chunk);
      const { offset, size, start, end } = pages[page];
      const [chunkStart] = rangeOf(meta);
      const [dictionary, data] = await Promise.all([
        this.#readRange(leaf, meta, chunkStart, pages[0].offset - chunkStart, options),
        this.#readRange(leaf, meta, offset, size, options),
      ]);
      if (data.values !== end - start) throw new Error('the index of its pages is wrong');
      const clean: CleanPages = {
        bytes: [...dictionary.bytes, ...data.bytes],
        size: dictionary.size + data.size,
        values: data.values,
      };
      const values = await decode(this.#subtree(name), [{ leaf, chunk, pages: clean }], data.values);
      return { values, bytes: clean.size + VALUE_BYTES * values.length };
    };
    return (await this.#decoded.get(`${key}/${page}`, make, options.signal)).values;
  }

  async #readRange(
    leaf: Leaf,
    meta: ColumnMetaData,
    offset: number,
    size: number,
    options: ReadOptions,
  ): Promise<CleanPages> {
    const bytes = await this.#source.read(offset, size, options);
    return cleanPages(bytes, leaf, meta);
  }

  /** Where the pages of a column chunk lie; null where the file does not say. */
  #pagesOf(group: RowGroup, chunk: ColumnChunk, options: ReadOptions): Promise<Page[] | null> {
    const known = this.#pages.get(chunk);
    if (known !== undefined) return known;
    const pages = this.#readOffsetIndex(group, chunk, options);
    this.#pages.set(chunk, pages);
    // What was given up or failed is read again next time.
    pages.catch(() => this.#pages.delete(chunk));
    return pages;
  }

  async #readOffsetIndex(group: RowGroup, chunk: ColumnChunk, options: ReadOptions): Promise<Page[] | null> {
    const { offset_index_offset: offset, offset_index_length: length } = chunk;
    const [chunkStart, chunkSize] = rangeOf(metaOf(chunk));
    // Without an index, all of a small chunk is taken for one page.
    if (offset === undefined || length === undefined) {
      return chunkSize > WHOLE_CHUNK_BYTES
        ? null
        : [{ offset: chunkStart, size: chunkSize, start: 0, end: group.rows }];
    }
    if (!(length > 0 && length <= MAX_INDEX_BYTES)) throw new Error('the index of its pages is damaged');
    const bytes = await this.#source.read(Number(offset), length, options);
    checkThrift(bytes, 0);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const { page_locations: locations } = readOffsetIndex({ view, offset: 0 });
    let before = chunkStart;
    const pages = locations.map((location, k) => {
      const page = {
        offset: Number(location.offset),
        size: location.compressed_page_size,
        start: Number(location.first_row_index),
        end: Number(locations[k + 1]?.first_row_index ?? group.rows),
      };
      const ordered = page.offset >= before && page.size > 0 && page.start < page.end;
      if (!ordered || (k === 0 && page.start !== 0)) throw new Error('the index of its pages is damaged');
      before = page.offset + page.size;
      return page;
    });
    const inside = pages.length > 0 && before <= chunkStart + chunkSize && pages.at(-1)?.end === group.rows;
    if (!inside) throw new Error('the index of its pages is damaged');
    return pages;
  }

  /** The schema of a file with this column alone. */
  #subtree(name: string): SchemaElement[] {
    const elements: SchemaElement[] = [{ name: 'root', num_children: 1 }];
    const add = ({ element, children }: SchemaTree): void => {
      elements.push(element);
      for (const child of children) add(child);
    };
    for (const child of this.schema.children) if (child.element.name === name) add(child);
    return elements;
  }
}

/** The values of some rows, from the pages that hold them; pages are read side by side. */
async function readRows(
  pages: readonly Page[],
  rows: readonly number[],
  read: (page: number) => Promise<DecodedArray>,
): Promise<readonly unknown[]> {
  const wanted = new Map<number, Promise<DecodedArray>>();
  let page = 0;
  const pageOf = rows.map((row) => {
    while (pages[page].end <= row) page++;
    if (!wanted.has(page)) wanted.set(page, read(page));
    return page;
  });
  const decoded = new Map<number, DecodedArray>();
  await Promise.all([...wanted].map(async ([each, values]) => decoded.set(each, await values)));
  return rows.map((row, k) => decoded.get(pageOf[k])?.[row - pages[pageOf[k]].start]);
}

/** What went wrong while reading, as an error that names the file; problems of the network stay what they are. */
function damaged(name: string, error: unknown, { signal }: ReadOptions): TerrachipError | unknown {
  if (signal?.aborted || isTerrachipError(error)) return error;
  return invalidInput(
    name,
    `is no Parquet file that can be read: ${messageOf(error)}`,
    'check that it is the right file, or get it again',
    error,
  );
}
