/**
 * A Parquet file, read by ranges: its footer when it is opened, then the pages that are asked for. hyparquet parses
 * and decodes; what it believes without looking (sizes, counts, nesting) is checked here and in `pages.ts` first.
 */
import {
  type ColumnChunk,
  type ColumnMetaData,
  type DecodedArray,
  type FileMetaData,
  type ParquetParsers,
  parquetMetadata,
  parquetScan,
  parquetSchema,
  type SchemaElement,
  type SchemaTree,
  type Statistics,
} from 'hyparquet';
import { readOffsetIndex } from 'hyparquet/src/indexes.js';
import { invalidInput, isTerrachipError, messageOf, type TerrachipError } from '../../errors.js';
import { ByteLru, type ByteSource, type ReadOptions } from '../../io/index.js';
import { type CleanPages, cleanPages, type Leaf, MAX_CHUNK_BYTES, MAX_CHUNK_VALUES } from './pages.js';
import { checkThrift } from './thrift.js';

/** `PAR1`, little-endian. */
const MAGIC = 0x31524150;

/** First read of a footer: what a catalog of a million rows needs. */
const FOOTER_BYTES = 64 * 1024;

const MAX_FOOTER_BYTES = 64 * 2 ** 20;
const MAX_SCHEMA_ELEMENTS = 20_000;
const MAX_SCHEMA_DEPTH = 16;
const MAX_ROW_GROUPS = 100_000;
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

const textDecoder = new TextDecoder();

/** Times become milliseconds, rounded down; JSON stays text; geometries stay WKB. */
const PARSERS: Partial<ParquetParsers> = {
  timestampFromMilliseconds: (time) => numberOrNull(time),
  timestampFromMicroseconds: (time) => (isMissing(time) ? null : Math.floor(Number(time) / 1e3)),
  timestampFromNanoseconds: (time) => (isMissing(time) ? null : Math.floor(Number(time) / 1e6)),
  dateFromDays: (days) => (isMissing(days) ? null : days * 86_400_000),
  stringFromBytes: (bytes) => (isMissing(bytes) ? null : textDecoder.decode(bytes)),
  jsonFromBytes: (bytes) => (isMissing(bytes) ? null : textDecoder.decode(bytes)),
  geometryFromBytes: (bytes) => bytes,
  geographyFromBytes: (bytes) => bytes,
};

function isMissing(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

function numberOrNull(value: bigint | null | undefined): number | null {
  return isMissing(value) ? null : Number(value);
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

/** @returns the thrift structure, with the eight bytes after it */
async function readFooter(source: ByteSource, options: ReadOptions): Promise<Uint8Array<ArrayBuffer>> {
  if (source.size < 12) throw new Error('it is too short');
  const guess = Math.min(source.size, FOOTER_BYTES);
  const tail = await source.read(source.size - guess, guess, options);
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength);
  if (view.getUint32(guess - 4, true) !== MAGIC) throw new Error('it does not end as one does');
  const length = view.getUint32(guess - 8, true) + 8;
  if (length > source.size - 4) throw new Error('its footer is longer than the file');
  if (length > MAX_FOOTER_BYTES) throw new Error(`its footer has more than ${MAX_FOOTER_BYTES} bytes`);
  if (length <= guess) return tail.slice(guess - length);
  return source.read(source.size - length, length, options);
}

/** @returns the physical columns, in the order of the file */
function checkSchema(schema: readonly SchemaElement[]): Leaf[] {
  if (schema.length > MAX_SCHEMA_ELEMENTS) throw new Error('its schema has too many elements');
  const leaves: Leaf[] = [];
  let next = 0;
  const visit = (path: readonly string[], definition: number, repetition: number): void => {
    const element = schema[next++];
    if (element === undefined || path.length > MAX_SCHEMA_DEPTH) throw new Error('its schema is damaged');
    const isRoot = next === 1;
    const kind = element.repetition_type;
    const maxDefinition = definition + (isRoot || kind === 'REQUIRED' ? 0 : 1);
    const maxRepetition = repetition + (!isRoot && kind === 'REPEATED' ? 1 : 0);
    const here = isRoot ? [] : [...path, element.name];
    const children = element.num_children ?? 0;
    if (!isRoot && children === 0) {
      if (element.type === undefined || kind === undefined) throw new Error('its schema is damaged');
      if (element.logical_type?.type === 'VARIANT') throw new Error('it has a column of variants');
      leaves.push({ path: here, element, maxDefinition, maxRepetition });
      return;
    }
    if (element.type !== undefined || children < 0) throw new Error('its schema is damaged');
    const names = new Set<string>();
    for (let k = 0; k < children; k++) {
      names.add(schema[next]?.name);
      visit(here, maxDefinition, maxRepetition);
    }
    if (names.size !== children) throw new Error('two columns of its schema have one name');
  };
  visit([], 0, 0);
  if (next !== schema.length || leaves.length === 0) throw new Error('its schema is damaged');
  return leaves;
}

function checkRowGroups(metadata: FileMetaData, leaves: readonly Leaf[], fileSize: number): void {
  const { row_groups: groups } = metadata;
  if (groups.length > MAX_ROW_GROUPS) throw new Error('it has too many row groups');
  let rows = 0;
  for (const { columns, num_rows } of groups) {
    if (!isCount(num_rows, MAX_CHUNK_VALUES)) throw new Error('a row group declares too many rows');
    rows += Number(num_rows);
    if (columns.length !== leaves.length) throw new Error('a row group lacks columns');
    for (const [k, chunk] of columns.entries()) {
      const meta = metaOf(chunk);
      const { path, element } = leaves[k];
      if (meta.path_in_schema.join('.') !== path.join('.') || meta.type !== element.type) {
        throw new Error('its columns are not those of its schema');
      }
      if (!isCount(meta.num_values, MAX_CHUNK_VALUES)) throw new Error('a column declares too many values');
      const [start, size] = rangeOf(meta);
      const inside = start >= 4 && size >= 0 && start + size <= fileSize - 8;
      if (!inside) throw new Error('a column reaches beyond its end');
      if (size > MAX_CHUNK_BYTES || !isCount(meta.total_uncompressed_size, MAX_CHUNK_BYTES)) {
        throw new Error(
          `a column chunk has more than ${MAX_CHUNK_BYTES} bytes (write it with smaller row groups)`,
        );
      }
    }
  }
  if (rows !== Number(metadata.num_rows)) throw new Error('its row groups do not add up to its rows');
}

function isCount(value: bigint, most: number): boolean {
  return typeof value === 'bigint' && value >= 0n && value <= BigInt(most);
}

function metaOf(chunk: ColumnChunk): ColumnMetaData {
  if (chunk.meta_data === undefined || chunk.file_path !== undefined) {
    throw new Error('its data lies in another file');
  }
  return chunk.meta_data;
}

/** Where a column chunk starts, and how many bytes it has. */
function rangeOf(meta: ColumnMetaData): [start: number, size: number] {
  const start = meta.dictionary_page_offset || meta.data_page_offset;
  return [Number(start), Number(meta.total_compressed_size)];
}

/** Decodes checked pages, as a file of one column and one row group. */
async function decode(
  schema: SchemaElement[],
  parts: readonly { leaf: Leaf; chunk: ColumnChunk; pages: CleanPages }[],
  rows: number,
): Promise<DecodedArray> {
  if (rows === 0) return [];
  const total = parts.reduce((sum, { pages }) => sum + pages.size, 4);
  const bytes = new Uint8Array(total);
  // Offset 0 would stand for none.
  let position = 4;
  const columns = parts.map(({ chunk, pages }): ColumnChunk => {
    const start = position;
    for (const part of pages.bytes) {
      bytes.set(part, position);
      position += part.length;
    }
    const meta: ColumnMetaData = {
      ...metaOf(chunk),
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
