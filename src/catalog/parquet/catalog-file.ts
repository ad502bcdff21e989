/** Queries of a catalog in a Parquet file, which read only a part of it. */
import { invalidInput, TerrachipError, unsupported } from '../../errors.js';
import type { GeoSlice } from '../../geo/index.js';
import type { ByteSource, ReadOptions } from '../../io/index.js';
import type { Columns, ParquetFile } from '../../parquet/file.js';
import { indexBoxes } from '../boxes.js';
import { GeoCatalog } from '../geo-catalog.js';
import { type PlaceAndTime, PlaceQuery, type QueryOptions } from '../place-query.js';
import type { HrefOptions } from '../stac/href.js';
import { candidatesOf } from './candidates.js';
import { type Fingerprint, fingerprintOf, IndexBuilder } from './index-build.js';
import { CatalogIndex, type IndexEntry } from './index-search.js';
import { type CatalogLayout, layoutOf, tableOfColumns, valuesAt } from './layout.js';

/** A catalog in a Parquet file. Queries read only a part of it. Dispose of it when done. */
export class CatalogFile {
  readonly #source: ByteSource;
  readonly #file: ParquetFile;
  readonly #layout: CatalogLayout;
  #index: CatalogIndex | null = null;
  #disposed = false;

  private constructor(source: ByteSource, file: ParquetFile, layout: CatalogLayout) {
    this.#source = source;
    this.#file = file;
    this.#layout = layout;
  }

  /**
   * Opens a catalog that terrachip wrote, or STAC-GeoParquet.
   * @param source the catalog closes it
   * @throws {TerrachipError} INVALID_INPUT for another or a damaged file; UNSUPPORTED for one of a newer version
   */
  static async open(source: ByteSource, options: ReadOptions & HrefOptions = {}): Promise<CatalogFile> {
    // hyparquet is loaded with the first file.
    const { ParquetFile } = await import('../../parquet/file.js');
    const file = await ParquetFile.open(source, options);
    return new CatalogFile(source, file, layoutOf(file, options));
  }

  /** The path or URL. */
  get name(): string {
    return this.#file.name;
  }

  /** Rows of the file. */
  get length(): number {
    return this.#file.rows;
  }

  /** Whether queries use the index beside the file. */
  get hasIndex(): boolean {
    return this.#index !== null;
  }

  /** The fingerprint of an index of this file. @internal */
  fingerprint(): Promise<Fingerprint> {
    return fingerprintOf(this.#file.footer, this.#source.size);
  }

  /**
   * Uses an index from now on.
   * @param source the catalog closes it
   * @throws {TerrachipError} INVALID_INPUT for an index that is damaged or belongs to another file
   * @internal
   */
  async attachIndex(source: ByteSource, options: ReadOptions = {}): Promise<void> {
    this.#index = await CatalogIndex.open(source, await this.fingerprint(), options);
  }

  /**
   * An index over the rows, read from their outlines and times.
   * @throws {TerrachipError} UNSUPPORTED for STAC-GeoParquet, whose rows are in no order
   * @internal
   */
  async buildIndex(options: ReadOptions = {}): Promise<IndexBuilder> {
    const { catalog, times, footprint, interval } = this.#layout;
    if (catalog === null) {
      throw unsupported(
        'an index beside STAC-GeoParquet',
        `${this.name} was not written by terrachip, so that it cannot have an index`,
        'load it and write it with writeCatalog()',
      );
    }
    const builder = new IndexBuilder(catalog.rows, catalog.crossing);
    for (const group of this.#file.groups) {
      const columns = await this.#file.readColumns(group, ['geometry', ...times], null, options);
      for (let k = 0; k < group.rows; k++) {
        const values = valuesAt(columns, k);
        const { start, end } = interval(values);
        const row = group.start + k;
        const boxes = indexBoxes(footprint(values));
        if (boxes.length > 1 && row < catalog.rows - catalog.crossing) {
          throw invalidInput(this.name, 'has its rows in a wrong order', 'write it again');
        }
        builder.add(row, boxes, start, end);
      }
    }
    return builder;
  }

  /**
   * The rows at a place and a time, as `GeoCatalog.query` finds them; only these are read.
   * @throws {TerrachipError} as `GeoCatalog.query`; INVALID_INPUT for a damaged file
   */
  async query(where: GeoSlice | PlaceAndTime, options: QueryOptions & ReadOptions = {}): Promise<GeoCatalog> {
    const found = await this.#search(where, options);
    const rows = rowNumbers(found.keys());
    const { catalog, columns, times } = this.#layout;
    // The search returned the times of terrachip's own rows.
    const names = catalog === null ? columns : columns.filter((name) => !times.includes(name));
    const read = await this.#read(names, rows, options);
    const values = catalog === null ? read : { ...read, ...timesOf(rows, found) };
    return GeoCatalog.fromTable(tableOfColumns(this.#layout, values, rows.length));
  }

  /**
   * The numbers of the rows that `query` reads, ascending, counted from 0 in the order of the file.
   * @throws {TerrachipError} as `query`
   */
  async find(where: GeoSlice | PlaceAndTime, options: QueryOptions & ReadOptions = {}): Promise<Uint32Array> {
    return rowNumbers((await this.#search(where, options)).keys());
  }

  /** The entries that `find` returns, by row, in no order. */
  async #search(
    where: GeoSlice | PlaceAndTime,
    options: QueryOptions & ReadOptions,
  ): Promise<Map<number, IndexEntry>> {
    this.#requireOpen();
    const query = new PlaceQuery(where, options);
    const entries = await (this.#index?.search(query, options) ??
      candidatesOf(this.#file, this.#layout, query, options));
    const found = new Map<number, IndexEntry>();
    const undecided = new Map<number, IndexEntry>();
    for (const entry of entries) {
      const suffices = query.boxes === null || this.#boxSuffices(query, entry);
      (suffices ? found : undecided).set(entry.row, entry);
    }
    const rows = rowNumbers(undecided.keys());
    const columns = await this.#read(this.#layout.places, rows, options);
    for (const [k, row] of rows.entries()) {
      const entry = undecided.get(row);
      if (entry === undefined) continue;
      if (query.matchesFootprint(this.#layout.footprint(valuesAt(columns, k)))) found.set(row, entry);
    }
    return found;
  }

  /** All rows, in the order of the file. */
  async load(options: ReadOptions = {}): Promise<GeoCatalog> {
    this.#requireOpen();
    const columns = emptyColumns(this.#layout.columns);
    for (const group of this.#file.groups) {
      // One column at a time, which takes less memory than all of them.
      for (const name of this.#layout.columns) {
        append(columns, { [name]: await this.#file.readColumn(group, name, null, options) });
      }
    }
    return GeoCatalog.fromTable(tableOfColumns(this.#layout, columns, this.length));
  }

  /** Closes the files; results of queries stay valid. */
  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await Promise.all([this.#source.dispose(), this.#index?.dispose()]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  /** Whether a row's box alone shows that the row matches. */
  #boxSuffices(query: PlaceQuery, { row, box }: IndexEntry): boolean {
    const { catalog } = this.#layout;
    // A box in another writer's file may be larger than its footprint.
    if (catalog === null || row >= catalog.rows - catalog.crossing) return false;
    return query.matchesBox(box) === true;
  }

  /** Columns of some rows, which are ascending. */
  async #read(names: readonly string[], rows: Uint32Array, options: ReadOptions): Promise<Columns> {
    const columns = emptyColumns(names);
    let next = 0;
    for (const group of this.#file.groups) {
      const inside: number[] = [];
      for (; next < rows.length && rows[next] < group.start + group.rows; next++) {
        inside.push(rows[next] - group.start);
      }
      if (inside.length > 0) append(columns, await this.#file.readColumns(group, names, inside, options));
    }
    return columns;
  }

  #requireOpen(): void {
    if (!this.#disposed) return;
    throw new TerrachipError(
      'DISPOSED',
      `the catalog ${this.name} was used after it was closed`,
      'use it before dispose()',
      { resource: this.name },
    );
  }
}

function rowNumbers(rows: Iterable<number>): Uint32Array {
  return Uint32Array.from(rows).sort();
}

function emptyColumns(names: readonly string[]): Record<string, unknown[]> {
  return Object.fromEntries(names.map((name) => [name, []]));
}

/** Adds the values of more rows. */
function append(columns: Record<string, unknown[]>, more: Columns): void {
  for (const [name, values] of Object.entries(more)) {
    for (const value of values) columns[name].push(value);
  }
}

/** The columns of times of some rows: null where open, as in a file. */
function timesOf(rows: Uint32Array, found: ReadonlyMap<number, IndexEntry>): Columns {
  const column = (side: 'start' | 'end'): unknown[] =>
    Array.from(rows, (row) => {
      const time = found.get(row)?.[side];
      return Number.isFinite(time) ? time : null;
    });
  return { start_time: column('start'), end_time: column('end') };
}
