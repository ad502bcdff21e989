/**
 * A Parquet file, read by ranges: its footer, then pages on demand. hyparquet parses and decodes; sizes, counts and
 * nesting, which it does not check, are checked first, here and in `pages.ts`.
 */
import {
  type FileMetaData,
  parquetMetadata,
  parquetSchema,
  type SchemaElement,
  type SchemaTree,
  type Statistics,
} from 'hyparquet';
import { invalidInput, isTerrachipError, messageOf, type TerrachipError } from '../errors.js';
import { ByteLru } from '../io/byte-lru.js';
import type { ByteSource, ReadOptions } from '../io/index.js';
import { ChunkReader } from './chunk-reader.js';
import { decode, PARSERS } from './decode.js';
import { checkRowGroups, checkSchema, readFooter } from './footer.js';
import type { PageValues } from './page-values.js';
import type { Leaf } from './pages.js';
import { checkThrift } from './thrift.js';

/** Bytes of cached pages. */
const CACHE_BYTES = 64 * 2 ** 20;

export interface RowGroup {
  /** Number of the group, from 0. */
  readonly index: number;
  /** The first of its rows in the file. */
  readonly start: number;
  readonly rows: number;
}

/** Statistics of a column in a row group. */
export interface ColumnStatistics {
  readonly min: Statistics['min_value'];
  readonly max: Statistics['max_value'];
  /** Number of nulls; null if unknown. */
  readonly nulls: number | null;
}

/** Values by column, in the order of rows. */
export type Columns = Readonly<Record<string, readonly unknown[]>>;

export class ParquetFile {
  readonly name: string;
  /** Rows of the whole file. */
  readonly rows: number;
  readonly groups: readonly RowGroup[];
  /** The schema as a tree; its children are the columns. */
  readonly schema: SchemaTree;
  /** The file's key-value metadata. */
  readonly keyValues: ReadonlyMap<string, string>;
  /** The bytes of the footer, which change whenever the file is rewritten. */
  readonly footer: Uint8Array<ArrayBuffer>;
  readonly #source: ByteSource;
  readonly #metadata: FileMetaData;
  readonly #leaves: readonly Leaf[];
  readonly #kept = new ByteLru<string, PageValues>(CACHE_BYTES, ({ bytes }) => bytes);
  /** Readers of columns by row group and name. */
  readonly #readers = new Map<string, readonly ChunkReader[]>();

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

  /** @throws {TerrachipError} INVALID_INPUT for another format, or a damaged file */
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

  /** @param path of a physical column, such as `bbox.xmin` @returns null for no statistics */
  statistics(group: RowGroup, path: string): ColumnStatistics | null {
    const column = this.#leaves.findIndex((leaf) => leaf.path.join('.') === path);
    const statistics = this.#metadata.row_groups[group.index].columns[column]?.meta_data?.statistics;
    if (statistics === undefined) return null;
    const { min_value: min, max_value: max, null_count: nulls } = statistics;
    return { min, max, nulls: nulls === undefined ? null : Number(nulls) };
  }

  /**
   * The values of a column of a row group, in row order: numbers, texts, bytes, null, or nested.
   * @param rows of the group, ascending (default all); with a page index only their pages are read
   * @throws {TerrachipError} INVALID_INPUT for a damaged file
   */
  async readColumn(
    group: RowGroup,
    name: string,
    rows: readonly number[] | null = null,
    options: ReadOptions = {},
  ): Promise<readonly unknown[]> {
    try {
      const readers = this.#readersOf(group, name);
      if (rows !== null && readers.length === 1) {
        const values = await readers[0].readRows(rows, options);
        if (values !== null) return values;
      }
      const parts = await Promise.all(readers.map((reader) => reader.readWhole(options)));
      const values = await decode(this.#subtree(name), parts, group.rows);
      return rows === null ? Array.from(values) : rows.map((row) => values[row]);
    } catch (error) {
      throw damaged(this.name, error, options);
    }
  }

  /** As `readColumn`, several columns by their names. */
  async readColumns(
    group: RowGroup,
    names: readonly string[],
    rows: readonly number[] | null = null,
    options: ReadOptions = {},
  ): Promise<Columns> {
    const read = async (name: string) => [name, await this.readColumn(group, name, rows, options)] as const;
    return Object.fromEntries(await Promise.all(names.map(read)));
  }

  /** The physical columns of a column. */
  #readersOf(group: RowGroup, name: string): readonly ChunkReader[] {
    const key = `${group.index}/${name}`;
    const cached = this.#readers.get(key);
    if (cached !== undefined) return cached;
    const { columns } = this.#metadata.row_groups[group.index];
    const shared = { source: this.#source, rows: group.rows, schema: this.#subtree(name), kept: this.#kept };
    const readers = this.#leaves.flatMap((leaf, k) => {
      if (leaf.path[0] !== name) return [];
      return [new ChunkReader({ ...shared, leaf, chunk: columns[k], key: `${group.index}/${k}` })];
    });
    if (readers.length === 0) throw new Error(`it has no column ${name}`);
    this.#readers.set(key, readers);
    return readers;
  }

  /** The schema of a file with only this column. */
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

/** An error of reading, with the file's name; aborts and terrachip's errors stay unchanged. */
function damaged(name: string, error: unknown, { signal }: ReadOptions): TerrachipError | unknown {
  if (signal?.aborted || isTerrachipError(error)) return error;
  // hyparquet's own failures on damaged structures, such as a number instead of a text.
  const isParserError = error instanceof TypeError || error instanceof RangeError;
  return invalidInput(
    name,
    `is no Parquet file that can be read: ${isParserError ? 'its structures are damaged' : messageOf(error)}`,
    'check that it is the right file, or get it again',
    error,
  );
}
