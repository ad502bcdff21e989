import { invalidInput } from '../errors.js';
import { type Bounds, type GeoSlice, TimeInterval } from '../geo/index.js';
import type { GeoJsonObject } from './geometry.js';
import { type PlaceAndTime, PlaceQuery, type QueryOptions } from './place-query.js';
import type { CatalogRow } from './row.js';
import { checkTable, type RowTable, tableOfRows } from './row-table.js';
import { selectRows } from './select.js';

/**
 * What exists, where and when. Catalogs never change: an operation makes another one, which shares the rows. An
 * operation that finds nothing gives an empty catalog; one that makes no sense throws.
 */
export class GeoCatalog implements Iterable<CatalogRow> {
  readonly #table: RowTable;
  /** Rows of the table, in order; null for all. */
  readonly #rows: Uint32Array | null;

  private constructor(table: RowTable, rows: Uint32Array | null) {
    this.#table = table;
    this.#rows = rows;
  }

  /** @throws {TerrachipError} INVALID_INPUT for a footprint that is not in longitude and latitude */
  static from(rows: Iterable<CatalogRow>): GeoCatalog {
    return new GeoCatalog(tableOfRows([...rows]), null);
  }

  /** Over columns that are kept elsewhere, in order. */
  static fromTable(table: RowTable): GeoCatalog {
    return new GeoCatalog(checkTable(table), null);
  }

  static readonly empty = GeoCatalog.from([]);

  get length(): number {
    return this.#rows?.length ?? this.#table.length;
  }

  /** @throws {TerrachipError} INVALID_INPUT for an index that is none of 0 to `length` − 1 */
  row(index: number): CatalogRow {
    return this.#table.row(this.#number(index));
  }

  *[Symbol.iterator](): Iterator<CatalogRow> {
    for (let k = 0; k < this.length; k++) yield this.#table.row(this.#rows?.[k] ?? k);
  }

  /**
   * The rows at a place and a time, in their order. The place may be given in any coordinate reference system; it is
   * compared with the rows' outlines, not only with their boxes.
   * @throws {TerrachipError} INVALID_INPUT for bounds that enclose nothing, a place outside the domain of its
   * coordinate reference system, an interval that ends before it starts, or neither a place nor a time
   */
  query(where: GeoSlice | PlaceAndTime, options: QueryOptions = {}): GeoCatalog {
    return this.#subset(selectRows(this.#table, this.#rows, new PlaceQuery(where, options)));
  }

  /** The rows that a function says yes to. */
  filter(keep: (row: CatalogRow) => boolean): GeoCatalog {
    const kept: number[] = [];
    for (let k = 0; k < this.length; k++) {
      const number = this.#rows?.[k] ?? k;
      if (keep(this.#table.row(number))) kept.push(number);
    }
    return this.#subset(Uint32Array.from(kept));
  }

  /**
   * The box in longitude and latitude around all rows; null for an empty catalog. It spans −180 to 180 where rows lie
   * on both sides of the antimeridian.
   */
  get bounds(): Bounds | null {
    return this.#table.index.bounds(this.#numbers());
  }

  /** From the first start to the last end; null for an empty catalog. */
  get temporalExtent(): TimeInterval | null {
    let [start, end] = [Infinity, -Infinity];
    for (const number of this.#numbers()) {
      start = Math.min(start, this.#table.starts[number]);
      end = Math.max(end, this.#table.ends[number]);
    }
    return start > end ? null : new TimeInterval(start, end);
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
    return new GeoCatalog(this.#table, rows);
  }

  *#numbers(): Iterable<number> {
    for (let k = 0; k < this.length; k++) yield this.#rows?.[k] ?? k;
  }

  #number(index: number): number {
    if (Number.isInteger(index) && index >= 0 && index < this.length) return this.#rows?.[index] ?? index;
    throw invalidInput(`the row ${index}`, `is none of the ${this.length} of the catalog`, 'count from 0');
  }
}
