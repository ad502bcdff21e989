import { internalError, invalidInput } from '../errors.js';
import type { Bounds, GeoSlice, TimeInterval } from '../geo/index.js';
import { INSPECT } from '../text.js';
import { Evaluator, parseCondition } from './expression/index.js';
import type { GeoJsonObject } from './geometry.js';
import {
  explainIntersection,
  type IntersectionReport,
  type IntersectOptions,
  intersectViews,
} from './intersect.js';
import { type PlaceAndTime, PlaceQuery, type QueryOptions } from './place-query.js';
import type { CatalogRow } from './row.js';
import {
  boundsOfView,
  boundsText,
  numbersOf,
  numbersWhere,
  type RowTable,
  type RowView,
  tableOf,
  tableOfRows,
  timeOfView,
} from './row-table.js';
import { type NearestOptions, nearestRows, type Padding, paddedTable, type TimeLike } from './times.js';
import { type Dedupe, dedupePolicy, withoutDuplicates } from './union.js';

/** Up to so many rows of a view are scanned, rather than searching the index of the whole table. */
const SCAN_LIMIT = 2048;

/** A row as a GeoJSON feature, without its assets. */
export function featureOfRow(row: CatalogRow): GeoJsonObject {
  const { id, collection, footprint, interval, href, properties } = row;
  return {
    type: 'Feature',
    id,
    geometry: footprint.length === 0 ? null : { type: 'MultiPolygon', coordinates: footprint },
    properties: { ...properties, collection, href, interval: interval.toJSON() },
  };
}

/**
 * An index of items with footprints and times. Catalogs are immutable: an operation returns a new catalog that shares
 * the rows. No match gives an empty catalog; invalid input throws.
 */
export class GeoCatalog implements Iterable<CatalogRow> {
  readonly #view: RowView;

  private constructor(view: RowView) {
    this.#view = view;
  }

  /** A catalog of rows. @throws {TerrachipError} INVALID_INPUT for a footprint that is not in longitude and latitude */
  static from(rows: Iterable<CatalogRow>): GeoCatalog {
    return new GeoCatalog({ table: tableOfRows([...rows]), rows: null });
  }

  /** A catalog over a table of columns, in its order. */
  static fromTable(table: RowTable): GeoCatalog {
    const { length, starts, ends, index } = table;
    if (starts.length !== length || ends.length !== length || index.rows !== length)
      throw internalError('GeoCatalog.fromTable', `columns of ${length} rows differ in length`);
    return new GeoCatalog({ table, rows: null });
  }

  /** A catalog without rows. */
  static get empty(): GeoCatalog {
    return GeoCatalog.from([]);
  }

  get length(): number {
    return this.#view.rows?.length ?? this.#view.table.length;
  }

  /** The row at an index. @throws {TerrachipError} INVALID_INPUT for an index outside 0 to `length` − 1 */
  row(index: number): CatalogRow {
    return this.#view.table.row(this.#number(index));
  }

  *[Symbol.iterator](): Iterator<CatalogRow> {
    for (const number of numbersOf(this.#view)) yield this.#view.table.row(number);
  }

  /** The footprints of the rows, without building the rows. @internal */
  *footprints(): Iterable<CatalogRow['footprint']> {
    for (const number of numbersOf(this.#view)) yield this.#view.table.footprint(number);
  }

  /**
   * The rows at a place and a time, in order. The place may be in any coordinate reference system. It is compared with
   * the rows' footprints, not only with their boxes.
   * @throws {TerrachipError} INVALID_INPUT for bounds without area, a place outside the domain of its coordinate
   * reference system, an interval that ends before it starts, or neither a place nor a time
   */
  query(where: GeoSlice | PlaceAndTime, options: QueryOptions = {}): GeoCatalog {
    return this.#subset(selectRows(this.#view, new PlaceQuery(where, options)));
  }

  /** The rows for which a function returns true. */
  filter(keep: (row: CatalogRow) => boolean): GeoCatalog {
    const { table } = this.#view;
    return this.#subset(numbersWhere(this.#view, (number) => keep(table.row(number))));
  }

  /**
   * The rows that meet a condition on their fields: `eo:cloud_cover < 20 and platform = 'sentinel-2a'`. Fields are
   * `id`, `collection`, `href`, `start`, `end` and all properties. A function works as in `filter`.
   * @throws {TerrachipError} INVALID_INPUT for a syntax error, a field that no row has, or a comparison of a number
   * with a text
   */
  where(condition: string | ((row: CatalogRow) => boolean)): GeoCatalog {
    if (typeof condition === 'function') return this.filter(condition);
    const evaluator = new Evaluator(condition, parseCondition(condition));
    const kept = this.filter((row) => evaluator.keeps(row));
    if (this.length > 0) evaluator.requireNames(this.row(0));
    return kept;
  }

  /**
   * The spatial and temporal overlaps of this catalog's rows with another's: each row has the intersection of the two
   * footprints and of the two intervals. Pairs that only touch in space are left out; intervals are closed, so they may
   * touch in time. `parents` has the two rows. `a.intersect(b)` and `b.intersect(a)` have the same overlaps.
   */
  intersect(other: GeoCatalog, options: IntersectOptions = {}): GeoCatalog {
    return GeoCatalog.from(intersectViews(this.#view, other.#view, options));
  }

  /** Counts of the pairs that overlap in space and in time, and why an intersection is empty. */
  explainIntersection(other: GeoCatalog): IntersectionReport {
    return explainIntersection(this.#view, other.#view);
  }

  /**
   * The rows of both catalogs, this one's first.
   * @param options.dedupe which rows are duplicates, and which of them is kept. Default: `item`
   * @throws {TerrachipError} INVALID_OPTION
   */
  union(other: GeoCatalog, { dedupe = 'item' }: { readonly dedupe?: Dedupe } = {}): GeoCatalog {
    const policy = dedupePolicy(dedupe);
    const rows = [...this, ...other];
    return GeoCatalog.from(policy === null ? rows : withoutDuplicates(rows, policy));
  }

  /**
   * The same rows with longer intervals, such that radar and optical scenes of near days overlap in time.
   * @param padding milliseconds before and after; negative values shorten the intervals
   * @throws {TerrachipError} INVALID_INPUT for a row that would end before it starts
   */
  padInterval(padding: Padding): GeoCatalog {
    return new GeoCatalog({ table: paddedTable(tableOf(this.#view), padding), rows: null });
  }

  /** The rows nearest to a time, in the order of the catalog; of all rows, or of each place. */
  nearestInTime(time: TimeLike, options: NearestOptions = {}): GeoCatalog {
    return this.#subset(nearestRows(this.#view, time, options));
  }

  /**
   * The rows sorted by a number or a text, ascending by default. The sort is stable: sort by the secondary key first to
   * sort by two keys.
   */
  sortBy(
    key: (row: CatalogRow) => number | string,
    { descending = false }: { readonly descending?: boolean } = {},
  ): GeoCatalog {
    const { table } = this.#view;
    const rows = Array.from(numbersOf(this.#view), (number) => ({ number, key: key(table.row(number)) }));
    const sign = descending ? -1 : 1;
    rows.sort((p, q) => sign * (p.key < q.key ? -1 : p.key > q.key ? 1 : 0));
    return this.#subset(Uint32Array.from(rows, ({ number }) => number));
  }

  /** One side of an intersection: the original rows of its `index`-th catalog (from 0), one for each overlap. */
  parents(index: number): GeoCatalog {
    return GeoCatalog.from(
      Array.from(this, ({ id, parents }) => {
        const parent = parents?.[index];
        if (parent !== undefined) return parent;
        throw invalidInput(`the row "${id}"`, `has no parent ${index}`, 'ask an intersection for its sides');
      }),
    );
  }

  /**
   * The bounding box of all rows in longitude and latitude; null for an empty catalog. It spans −180 to 180 if rows are
   * on both sides of the antimeridian.
   */
  get bounds(): Bounds | null {
    return boundsOfView(this.#view);
  }

  /** From the first start to the last end; null for an empty catalog. */
  get temporalExtent(): TimeInterval | null {
    return timeOfView(this.#view);
  }

  /** `GeoCatalog(12 rows, [5.7, 49.4, 6.6, 50.2], 2021-07-01T00:00:00.000Z/2021-07-31T23:59:59.999Z)`. */
  toString(): string {
    const { length, bounds, temporalExtent } = this;
    const place = bounds === null ? '' : `, ${boundsText(bounds)}`;
    const time = temporalExtent === null ? '' : `, ${temporalExtent}`;
    return `GeoCatalog(${length} ${length === 1 ? 'row' : 'rows'}${place}${time})`;
  }

  [INSPECT](): string {
    return this.toString();
  }

  /** A FeatureCollection with one feature per row. */
  toGeoJSON(): GeoJsonObject {
    return { type: 'FeatureCollection', features: Array.from(this, featureOfRow) };
  }

  #subset(rows: Uint32Array): GeoCatalog {
    return new GeoCatalog({ ...this.#view, rows });
  }

  #number(index: number): number {
    if (Number.isInteger(index) && index >= 0 && index < this.length)
      return this.#view.rows?.[index] ?? index;
    throw invalidInput(
      `the row ${index}`,
      `is not one of the ${this.length} rows of the catalog`,
      'count from 0',
    );
  }
}

/** The numbers of a view's rows that match a query, in order. */
export function selectRows(view: RowView, query: PlaceQuery): Uint32Array {
  const { table, rows } = view;
  if (query.boxes === null) {
    const { starts, ends } = table;
    return numbersWhere(view, (row) => query.matchesTime(starts[row], ends[row]));
  }
  const matches = searchTable(table, query, rows !== null && rows.length <= SCAN_LIMIT ? rows : null);
  return rows === null ? Uint32Array.from(matches).sort() : rows.filter((row) => matches.has(row));
}

/** @param rows the rows to scan; null for all rows, by the index */
function searchTable(table: RowTable, query: PlaceQuery, rows: Uint32Array | null): Set<number> {
  const matches = new Set<number>();
  const undecided = new Set<number>();
  const { starts, ends, index } = table;
  const onRow = (row: number, x0: number, y0: number, x1: number, y1: number): void => {
    if (!query.matchesTime(starts[row], ends[row])) return;
    const match = index.isSplit(row) ? null : query.matchesBox([x0, y0, x1, y1]);
    if (match === true) matches.add(row);
    else if (match === null) undecided.add(row);
  };
  for (const box of query.boxes ?? []) {
    if (rows === null) index.search(box, onRow);
    else index.scan(rows, box, onRow);
  }
  for (const row of undecided) {
    if (!matches.has(row) && query.matchesFootprint(table.footprint(row))) matches.add(row);
  }
  return matches;
}
