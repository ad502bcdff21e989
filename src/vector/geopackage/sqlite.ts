/**
 * Tables of an SQLite database, read row by row from its pages (sqlite.org/fileformat2.html). It takes no
 * lock and writes no file, so that read-only folders and web servers work too.
 */
import { invalidInput, TerrachipError } from '../../errors.js';
import type { ByteSource } from '../../io/index.js';
import { columnsOfTable, type TableColumns } from './create-table.js';

export type SqliteValue = number | bigint | string | Uint8Array | null;
export type SqliteRow = Readonly<Record<string, SqliteValue>>;

const MAGIC = 'SQLite format 3\0';
const HEADER = 100;
const LEAF = 0x0d;
const INTERIOR = 0x05;
/** Pages of tables WITHOUT ROWID, whose inner pages have rows too. */
const KEY_LEAF = 0x0a;
const KEY_INTERIOR = 0x02;

/** Pages from the root of a table to its leaves: 20 levels would hold more rows than a disk. */
const MAX_DEPTH = 20;

/** Bytes of a row: larger geometries exceed the limit of positions anyway. */
const MAX_ROW_BYTES = 128 * 2 ** 20;

interface Table extends TableColumns {
  readonly root: number;
}

/** The table of all tables. */
const SCHEMA: Table = {
  root: 1,
  columns: ['type', 'name', 'tbl_name', 'rootpage', 'sql'].map((name) => ({ name, otherwise: null })),
  rowId: null,
  byKey: false,
  computed: [],
};

export class SqliteFile {
  readonly name: string;
  readonly #source: ByteSource;
  readonly #signal: AbortSignal | undefined;
  readonly #pageSize: number;
  readonly #usable: number;
  readonly #decode: (bytes: Uint8Array) => string;
  readonly #tables = new Map([['sqlite_schema', SCHEMA]]);

  private constructor(source: ByteSource, header: DataView, signal: AbortSignal | undefined) {
    this.name = source.name;
    this.#source = source;
    this.#signal = signal;
    const stored = header.getUint16(16);
    this.#pageSize = stored === 1 ? 65_536 : stored;
    this.#usable = this.#pageSize - header.getUint8(20);
    const isPower = (this.#pageSize & (this.#pageSize - 1)) === 0;
    if (!isPower || this.#pageSize < 512 || this.#usable < 480) throw this.#damaged();
    const encodings: Readonly<Record<number, string>> = { 2: 'utf-16le', 3: 'utf-16be' };
    const decoder = new TextDecoder(encodings[header.getUint32(56)] ?? 'utf-8');
    this.#decode = (bytes) => decoder.decode(bytes);
  }

  /**
   * Reads the list of tables. The caller disposes of the source.
   * @throws {TerrachipError} INVALID_INPUT for a file that is not a database or is damaged, as in all methods
   */
  static async open(source: ByteSource, signal?: AbortSignal): Promise<SqliteFile> {
    const header = source.size < HEADER ? new Uint8Array(HEADER) : await source.read(0, HEADER, { signal });
    if (new TextDecoder('latin1').decode(header.subarray(0, 16)) !== MAGIC) {
      throw invalidInput(source.name, 'is no SQLite database', 'check the file');
    }
    const file = new SqliteFile(source, new DataView(header.buffer), signal);
    for await (const { type, name, rootpage, sql } of file.rows('sqlite_schema')) {
      if (type !== 'table' || typeof name !== 'string' || typeof rootpage !== 'number') continue;
      if (rootpage < 1 || typeof sql !== 'string') continue;
      file.#tables.set(name.toLowerCase(), { root: rootpage, ...columnsOfTable(sql) });
    }
    return file;
  }

  has(table: string): boolean {
    return this.#tables.has(table.toLowerCase());
  }

  /** The rows of a table, in the order of their numbers or keys. A row older than a column has its default. */
  async *rows(table: string): AsyncGenerator<SqliteRow> {
    const found = this.table(table);
    for await (const { rowId, payload } of this.#cells(found.root, 0, this.#budget())) {
      yield this.#row(found, rowId, payload);
    }
  }

  /** The limit on pages read for one request: all pages of the file. */
  #budget(): { pages: number } {
    return { pages: Math.ceil(this.#source.size / this.#pageSize) };
  }

  /** @throws {TerrachipError} INVALID_INPUT for a missing table, UNSUPPORTED for a virtual one */
  table(table: string): Table {
    const found = this.#tables.get(table.toLowerCase());
    if (found === undefined) {
      throw invalidInput(
        this.name,
        `has no table "${table}" (a view cannot be read)`,
        'copy the layer into a table (ogr2ogr)',
      );
    }
    if (found.columns.length === 0) {
      throw new TerrachipError(
        'UNSUPPORTED',
        `${this.name} has the table "${table}", which is virtual`,
        'copy it into an ordinary table (ogr2ogr)',
        { feature: 'virtual tables of SQLite' },
      );
    }
    return found;
  }

  /** The row with a number; null if there is none. Only the pages on the way to it are read. */
  async row(table: string, rowId: number): Promise<SqliteRow | null> {
    const found = this.table(table);
    const budget = this.#budget();
    let page = found.root;
    for (let depth = 0; depth <= MAX_DEPTH; depth++) {
      const { bytes, view, kind, count, pointers, start } = await this.#node(page, budget);
      let child = kind === INTERIOR ? view.getUint32(start + 8) : 0;
      for (let k = 0; k < count; k++) {
        const at = view.getUint16(pointers + 2 * k);
        if (at + 4 > bytes.length) throw this.#damaged();
        if (kind === INTERIOR) {
          // Keys are the largest number below each child, in order.
          if (varint(bytes, at + 4)[0] < rowId) continue;
          child = view.getUint32(at);
          break;
        }
        const [size, afterSize] = varint(bytes, at);
        const [number, afterId] = varint(bytes, afterSize);
        if (number === rowId)
          return this.#row(found, rowId, await this.#payload(bytes, afterId, size, budget));
      }
      if (kind === LEAF) return null;
      page = child;
    }
    throw this.#damaged();
  }

  #row(table: Table, rowId: number, payload: Uint8Array): SqliteRow {
    const values = this.#record(payload);
    return Object.fromEntries(
      table.columns.map(({ name, otherwise }, k): [string, SqliteValue] => {
        const value = k < values.length ? values[k] : otherwise;
        return [name, name === table.rowId ? (value ?? rowId) : value];
      }),
    );
  }

  /** Cells of a b-tree in order. Each page may occur once: a cyclic tree would never end. */
  async *#cells(
    page: number,
    depth: number,
    budget: { pages: number },
  ): AsyncGenerator<{ rowId: number; payload: Uint8Array }> {
    if (depth > MAX_DEPTH) throw this.#damaged();
    const { bytes, view, kind, count, pointers, start } = await this.#node(page, budget);
    const isInner = kind === INTERIOR || kind === KEY_INTERIOR;
    for (let k = 0; k < count; k++) {
      const at = view.getUint16(pointers + 2 * k);
      if (at + 4 > bytes.length) throw this.#damaged();
      if (isInner) yield* this.#cells(view.getUint32(at), depth + 1, budget);
      if (kind === INTERIOR) continue;
      const [size, afterSize] = varint(bytes, isInner ? at + 4 : at);
      if (kind !== LEAF) {
        yield { rowId: Number.NaN, payload: await this.#payload(bytes, afterSize, size, budget, true) };
        continue;
      }
      const [rowId, afterId] = varint(bytes, afterSize);
      yield { rowId, payload: await this.#payload(bytes, afterId, size, budget) };
    }
    if (isInner) yield* this.#cells(view.getUint32(start + 8), depth + 1, budget);
  }

  /** A page of a b-tree, and the position of its cell pointers. */
  async #node(page: number, budget: { pages: number }) {
    const bytes = await this.#page(page, budget);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const start = page === 1 ? HEADER : 0;
    const kind = view.getUint8(start);
    const count = view.getUint16(start + 3);
    const pointers = start + (kind === INTERIOR || kind === KEY_INTERIOR ? 12 : 8);
    const isKnown = [LEAF, INTERIOR, KEY_LEAF, KEY_INTERIOR].includes(kind);
    if (!isKnown || pointers + 2 * count > bytes.length) throw this.#damaged();
    return { bytes, view, kind, count, pointers, start };
  }

  /** A row's bytes: those in its cell, then a chain of overflow pages. */
  async #payload(
    page: Uint8Array,
    start: number,
    size: number,
    budget: { pages: number },
    isKeyed = false,
  ): Promise<Uint8Array> {
    if (!(size >= 0) || size > Math.min(MAX_ROW_BYTES, this.#source.size)) throw this.#damaged();
    const most = isKeyed ? Math.floor(((this.#usable - 12) * 64) / 255) - 23 : this.#usable - 35;
    const least = Math.floor(((this.#usable - 12) * 32) / 255) - 23;
    const wanted = least + ((size - least) % (this.#usable - 4));
    const local = size <= most ? size : wanted <= most ? wanted : least;
    if (start + local + (local < size ? 4 : 0) > page.length) throw this.#damaged();
    if (local === size) return page.subarray(start, start + size);
    const payload = new Uint8Array(size);
    payload.set(page.subarray(start, start + local));
    let next = new DataView(page.buffer, page.byteOffset + start + local, 4).getUint32(0);
    for (let done = local; done < size; ) {
      const overflow = await this.#page(next, budget);
      next = new DataView(overflow.buffer, overflow.byteOffset, 4).getUint32(0);
      const part = overflow.subarray(4, Math.min(this.#usable, 4 + size - done));
      payload.set(part, done);
      done += part.length;
    }
    return payload;
  }

  #record(payload: Uint8Array): SqliteValue[] {
    const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
    const values: SqliteValue[] = [];
    const [headerSize, first] = varint(payload, 0);
    let [type, at] = [0, first];
    let body = headerSize;
    while (at < headerSize) {
      [type, at] = varint(payload, at);
      const size = sizeOfType(type);
      if (!(size >= 0) || body + size > payload.length) throw this.#damaged();
      values.push(this.#value(view, type, body, payload.subarray(body, body + size)));
      body += size;
    }
    return values;
  }

  #value(view: DataView, type: number, at: number, bytes: Uint8Array): SqliteValue {
    if (type === 0) return null;
    if (type === 1) return view.getInt8(at);
    if (type === 2) return view.getInt16(at);
    if (type === 3) return view.getInt8(at) * 65_536 + view.getUint16(at + 1);
    if (type === 4) return view.getInt32(at);
    if (type === 5) return view.getInt16(at) * 2 ** 32 + view.getUint32(at + 2);
    if (type === 6) {
      const value = view.getBigInt64(at);
      return Number.isSafeInteger(Number(value)) ? Number(value) : value;
    }
    if (type === 7) return view.getFloat64(at);
    if (type === 8 || type === 9) return type - 8;
    if (type < 12) throw this.#damaged();
    return type % 2 === 0 ? bytes : this.#decode(bytes);
  }

  async #page(number: number, budget: { pages: number }): Promise<Uint8Array<ArrayBuffer>> {
    const offset = (number - 1) * this.#pageSize;
    if (number < 1 || --budget.pages < 0 || offset + this.#pageSize > this.#source.size) {
      throw this.#damaged();
    }
    return this.#source.read(offset, this.#pageSize, { signal: this.#signal });
  }

  #damaged(): Error {
    return invalidInput(this.name, 'is a damaged database', 'get the file again');
  }
}

function sizeOfType(type: number): number {
  if (type >= 12) return Math.floor((type - 12) / 2);
  return [0, 1, 2, 3, 4, 6, 8, 8, 0, 0][type] ?? Number.NaN;
}

/** A number of up to nine bytes, seven bits in each but the last, and where it ends; NaN beyond the end. */
function varint(bytes: Uint8Array, at: number): [number, number] {
  let value = 0;
  for (let k = 0; k < 8; k++) {
    const byte = bytes[at + k] ?? Number.NaN;
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return [value, at + k + 1];
    if (Number.isNaN(byte)) return [Number.NaN, at + k + 1];
  }
  return [value * 256 + (bytes[at + 8] ?? Number.NaN), at + 9];
}
