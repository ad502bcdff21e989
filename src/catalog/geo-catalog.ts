import { invalidInput } from '../errors.js';
import { type Bounds, type GeoSlice, TimeInterval } from '../geo/index.js';
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
  checkTable,
  numbersOf,
  numbersWhere,
  type RowTable,
  type RowView,
  tableOf,
  tableOfRows,
} from './row-table.js';
import { selectRows } from './select.js';
import { type NearestOptions, nearestRows, type Padding, paddedTable, type TimeLike } from './times.js';
import { type Dedupe, dedupePolicy, withoutDuplicates } from './union.js';

/**
 * What exists, where and when. Catalogs never change: an operation makes another one, which shares the rows. An
 * operation that finds nothing gives an empty catalog; one that makes no sense throws.
 */
export class GeoCatalog implements Iterable<CatalogRow> {
  readonly #view: RowView;

  private constructor(view: RowView) {
    this.#view = view;
  }

  /** @throws {TerrachipError} INVALID_INPUT for a footprint that is not in longitude and latitude */
  static from(rows: Iterable<CatalogRow>): GeoCatalog {
    return new GeoCatalog({ table: tableOfRows([...rows]), rows: null });
  }

  /** Over columns that are kept elsewhere, in order. */
  static fromTable(table: RowTable): GeoCatalog {
    return new GeoCatalog({ table: checkTable(table), rows: null });
  }

  /** The catalog without rows. */
  static get empty(): GeoCatalog {
    return GeoCatalog.from([]);
  }

  get length(): number {
    return this.#view.rows?.length ?? this.#view.table.length;
  }

  /** @throws {TerrachipError} INVALID_INPUT for an index that is none of 0 to `length` − 1 */
  row(index: number): CatalogRow {
    return this.#view.table.row(this.#number(index));
  }

  *[Symbol.iterator](): Iterator<CatalogRow> {
    for (const number of numbersOf(this.#view)) yield this.#view.table.row(number);
  }

  /** The outlines of the rows, in their order, without the rest. @internal */
  *footprints(): Iterable<CatalogRow['footprint']> {
    for (const number of numbersOf(this.#view)) yield this.#view.table.footprint(number);
  }

  /**
   * The rows at a place and a time, in their order. The place may be given in any coordinate reference system; it is
   * compared with the rows' outlines, not only with their boxes.
   * @throws {TerrachipError} INVALID_INPUT for bounds that enclose nothing, a place outside the domain of its
   * coordinate reference system, an interval that ends before it starts, or neither a place nor a time
   */
  query(where: GeoSlice | PlaceAndTime, options: QueryOptions = {}): GeoCatalog {
    return this.#subset(selectRows(this.#view, new PlaceQuery(where, options)));
  }

  /** The rows that a function says yes to. */
  filter(keep: (row: CatalogRow) => boolean): GeoCatalog {
    const { table } = this.#view;
    return this.#subset(numbersWhere(this.#view, (number) => keep(table.row(number))));
  }

  /**
   * The rows that fulfil a condition on their fields: `eo:cloud_cover < 20 and platform = 'sentinel-2a'`. Fields are
   * `id`, `collection`, `href`, `start`, `end` and all properties; a function is asked as `filter` does.
   * @throws {TerrachipError} INVALID_INPUT for a condition that cannot be read, names what no row has, or compares a
   * number with a text
   */
  where(condition: string | ((row: CatalogRow) => boolean)): GeoCatalog {
    if (typeof condition === 'function') return this.filter(condition);
    const evaluator = new Evaluator(condition, parseCondition(condition));
    const kept = this.filter((row) => evaluator.keeps(row));
    if (this.length > 0) evaluator.requireNames(this.row(0));
    return kept;
  }

  /**
   * The overlaps of this catalog's rows with another's: footprints clipped to what both cover, intervals to when both
   * hold. Pairs that only touch in space are left out; intervals are closed, so that they may touch in time. Which rows
   * an overlap is of is in its `parents`. `a.intersect(b)` and `b.intersect(a)` have the same overlaps.
   */
  intersect(other: GeoCatalog, options: IntersectOptions = {}): GeoCatalog {
    return GeoCatalog.from(intersectViews(this.#view, other.#view, options));
  }

  /** How an intersection with another catalog comes about, and why it is empty where it is. */
  explainIntersection(other: GeoCatalog): IntersectionReport {
    return explainIntersection(this.#view, other.#view);
  }

  /**
   * The rows of both catalogs, this one's first.
   * @param options.dedupe which rows are the same, and which of them stays. Default: `item`
   * @throws {TerrachipError} INVALID_OPTION
   */
  union(other: GeoCatalog, { dedupe = 'item' }: { readonly dedupe?: Dedupe } = {}): GeoCatalog {
    const policy = dedupePolicy(dedupe);
    const rows = [...this, ...other];
    return GeoCatalog.from(policy === null ? rows : withoutDuplicates(rows, policy));
  }

  /**
   * The same rows, holding for longer: radar and optical scenes of the same days then overlap in time.
   * @param padding milliseconds before and after; below 0 it shortens
   * @throws {TerrachipError} INVALID_INPUT where a row would end before it starts
   */
  padInterval(padding: Padding): GeoCatalog {
    return new GeoCatalog({ table: paddedTable(tableOf(this.#view), padding), rows: null });
  }

  /** The rows nearest to a time, in the order of the catalog; of all of them, or of each place. */
  nearestInTime(time: TimeLike, options: NearestOptions = {}): GeoCatalog {
    return this.#subset(nearestRows(this.#view, time, options));
  }

  /**
   * The same rows in the order of a number or a text of each, the least first; equal ones keep their order, so that
   * sorting by the lesser key first orders by two.
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

  /** One side of an intersection: the rows of its `index`-th catalog (from 0) as they were, one for each overlap. */
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
   * The box in longitude and latitude around all rows; null for an empty catalog. It spans −180 to 180 where rows lie
   * on both sides of the antimeridian.
   */
  get bounds(): Bounds | null {
    return this.#view.table.index.bounds(numbersOf(this.#view));
  }

  /** From the first start to the last end; null for an empty catalog. */
  get temporalExtent(): TimeInterval | null {
    let [start, end] = [Infinity, -Infinity];
    const { starts, ends } = this.#view.table;
    for (const number of numbersOf(this.#view)) {
      start = Math.min(start, starts[number]);
      end = Math.max(end, ends[number]);
    }
    return start > end ? null : new TimeInterval(start, end);
  }

  /** `GeoCatalog(12 rows, [5.7, 49.4, 6.6, 50.2], 2021-07-01T00:00:00.000Z/2021-07-31T23:59:59.999Z)`. */
  toString(): string {
    const { length, bounds, temporalExtent } = this;
    const place =
      bounds === null ? '' : `, [${bounds.map((degrees) => Number(degrees.toFixed(6))).join(', ')}]`;
    const time = temporalExtent === null ? '' : `, ${temporalExtent}`;
    return `GeoCatalog(${length} ${length === 1 ? 'row' : 'rows'}${place}${time})`;
  }

  [INSPECT](): string {
    return this.toString();
  }

  /** A FeatureCollection with a feature a row. */
  toGeoJSON(): GeoJsonObject {
    return {
      type: 'FeatureCollection',
      features: Array.from(this, ({ footprint, interval, ...rest }) => ({
        type: 'Feature',
        id: rest.id,
        geometry: footprint.length === 0 ? null : { type: 'MultiPolygon', coordinates: footprint },
        properties: {
          ...rest.properties,
          collection: rest.collection,
          href: rest.href,
          interval: interval.toJSON(),
        },
      })),
    };
  }

  #subset(rows: Uint32Array): GeoCatalog {
    return new GeoCatalog({ ...this.#view, rows });
  }

  #number(index: number): number {
    if (Number.isInteger(index) && index >= 0 && index < this.length)
      return this.#view.rows?.[index] ?? index;
    throw invalidInput(`the row ${index}`, `is none of the ${this.length} of the catalog`, 'count from 0');
  }
}
