/** The locations of RapidAI4EO in columns: ids, outlines with an index, and the shares of classes. */

import { selectRows } from '../../catalog/geo-catalog.js';
import {
  type CatalogRow,
  GeoCatalog,
  type PlaceAndTime,
  type QueryOptions,
  type RowTable,
  SpatialIndex,
} from '../../catalog/index.js';
import { PlaceQuery } from '../../catalog/place-query.js';
import { invalidInput, invalidOption } from '../../errors.js';
import { type Bounds, TimeInterval } from '../../geo/index.js';
import type { Polygon, Position } from '../../vector/index.js';
import { CLC_CLASSES, CLC_GROUPS, type ClcSelection, clcSelection } from './clc.js';
import { labelHref } from './hrefs.js';

/** The years of the corpus. */
const YEARS = TimeInterval.parse('2018/2019');

/** The name of the collection in catalogs. */
export const RAPIDAI4EO_COLLECTION = 'rapidai4eo';

/** The share of a location that a class or group covers. */
export interface ClassShare {
  /** A code or name of CORINE Land Cover: `312`, `31` for all forests, `Coniferous forest`. */
  readonly code: string | number;
  /** From 0 to 1. Default: any share above 0, or from 0 if `atMost` is given. */
  readonly atLeast?: number;
  /** From 0 to 1. Default: 1. */
  readonly atMost?: number;
}

/** Selects locations. */
export interface LocationQuery extends Pick<PlaceAndTime, 'geometry' | 'crs'>, QueryOptions {
  /** All of these must hold. */
  readonly classes?: readonly ClassShare[];
}

/** A range of the sum of some columns. */
interface Condition {
  readonly columns: readonly Float32Array[];
  readonly least: number;
  readonly most: number;
}

/** The columns of locations. */
export interface LocationColumns {
  readonly ids: readonly string[];
  /** The x and y of the positions of each outline, which is one closed ring in longitude and latitude. */
  readonly coordinates: Float64Array;
  /** The start of each outline in `coordinates`, and the end of the last. */
  readonly offsets: Uint32Array;
  /** A column of shares from 0 to 1 for each of `CLC_CLASSES`, NaN for a location without labels; null without labels. */
  readonly shares: readonly Float32Array[] | null;
}

/** The locations of the corpus, about 500,000, with queries that take milliseconds. */
export class RapidAi4EoLocations {
  /** In the order of the file. */
  readonly ids: readonly string[];
  readonly #columns: LocationColumns;
  readonly #table: RowTable;

  constructor(columns: LocationColumns) {
    const { ids, coordinates, offsets, shares } = columns;
    this.ids = ids;
    this.#columns = columns;
    const boxes = new Float64Array(4 * ids.length);
    for (let row = 0; row < ids.length; row++) {
      boxes.set(boxOf(coordinates, offsets[row], offsets[row + 1]), 4 * row);
    }
    this.#table = {
      length: ids.length,
      index: new SpatialIndex(boxes),
      starts: new Float64Array(ids.length).fill(YEARS.start),
      ends: new Float64Array(ids.length).fill(YEARS.end),
      footprint: (row) => this.#footprint(row),
      row: (row) => this.#row(row),
    };
    // The file may lack a column.
    if (shares !== null && shares.length !== CLC_CLASSES.length) {
      throw invalidInput('the shares', `are ${shares.length} columns`, `give ${CLC_CLASSES.length}`);
    }
  }

  get length(): number {
    return this.ids.length;
  }

  /** Whether shares of classes are known. */
  get isLabelled(): boolean {
    return this.#columns.shares !== null;
  }

  /**
   * The locations as a catalog, with the shares of all classes and groups as properties `clc_311` and `clc_31`. Rows are
   * built when they are accessed.
   */
  get catalog(): GeoCatalog {
    return GeoCatalog.fromTable(this.#table);
  }

  /**
   * The ids of the locations at a place and with given classes, in the order of the file. An index of boxes finds candidates,
   * whose outlines are then compared.
   * @throws {TerrachipError} INVALID_OPTION for an unknown class, an invalid share, or classes without labels;
   * INVALID_INPUT for an invalid place
   */
  query({ geometry, crs, predicate, touch, classes = [] }: LocationQuery): string[] {
    const conditions = classes.map((share) => this.#condition(share));
    let rows: Uint32Array | null = null;
    if (geometry !== undefined) {
      const place = new PlaceQuery({ geometry, crs }, { predicate, touch });
      rows = selectRows({ table: this.#table, rows: null }, place);
    }
    for (const condition of conditions) rows = this.#rowsWith(condition, rows);
    return rows === null ? [...this.ids] : Array.from(rows, (row) => this.ids[row]);
  }

  /**
   * The share of a class or group in a location, from 0 to 1; NaN for a location without labels.
   * @param code as in `ClassShare`
   */
  shareOf(row: number, code: string | number): number {
    return shareAt(this.#shares(), clcSelection(code), row);
  }

  #condition({ code, atLeast, atMost }: ClassShare): Condition {
    const selection = clcSelection(code);
    for (const [name, value] of Object.entries({ atLeast, atMost })) {
      if (value === undefined || (value >= 0 && value <= 1)) continue;
      throw invalidOption(name, `is ${value}, which is no share`, 'give one from 0 to 1');
    }
    const least = atLeast ?? (atMost === undefined ? Number.MIN_VALUE : 0);
    // Sums of rounded shares may exceed 1 slightly.
    const most = atMost === undefined || atMost === 1 ? Infinity : atMost;
    return { columns: selection.members.map((member) => this.#shares()[member]), least, most };
  }

  /** The rows, of all or of given ones, that meet a condition: column by column, which is fastest. */
  #rowsWith({ columns, least, most }: Condition, rows: Uint32Array | null): Uint32Array {
    const count = rows?.length ?? this.length;
    const sums = new Float64Array(count);
    for (const column of columns) {
      if (rows === null) for (let k = 0; k < count; k++) sums[k] += column[k];
      else for (let k = 0; k < count; k++) sums[k] += column[rows[k]];
    }
    const kept = new Uint32Array(count);
    let found = 0;
    for (let k = 0; k < count; k++) {
      if (sums[k] >= least && sums[k] <= most) kept[found++] = rows === null ? k : rows[k];
    }
    return kept.slice(0, found);
  }

  #shares(): readonly Float32Array[] {
    if (this.#columns.shares !== null) return this.#columns.shares;
    throw invalidOption('classes', 'need labels, which were not read', 'read them too, as `labels`');
  }

  #footprint(row: number): readonly Polygon[] {
    const { coordinates, offsets } = this.#columns;
    const ring: Position[] = [];
    for (let k = offsets[row]; k < offsets[row + 1]; k += 2) ring.push([coordinates[k], coordinates[k + 1]]);
    return [[ring]];
  }

  #row(row: number): CatalogRow {
    const id = this.ids[row];
    const href = labelHref(id);
    return {
      id,
      collection: RAPIDAI4EO_COLLECTION,
      footprint: this.#footprint(row),
      interval: YEARS,
      href,
      assets: { labels: { href, mediaType: 'application/geo+json', roles: ['labels'] } },
      properties: this.#properties(row),
    };
  }

  #properties(row: number): Record<string, number | null> {
    const { shares } = this.#columns;
    if (shares === null) return {};
    const selections = [...CLC_CLASSES, ...CLC_GROUPS].map(({ code }) => clcSelection(code));
    return Object.fromEntries(
      selections.map((selection) => {
        const share = shareAt(shares, selection, row);
        return [`clc_${selection.code}`, Number.isNaN(share) ? null : Number(share.toPrecision(6))];
      }),
    );
  }
}

function shareAt(shares: readonly Float32Array[], { members }: ClcSelection, row: number): number {
  let sum = 0;
  for (const member of members) sum += shares[member][row];
  return sum;
}

function boxOf(coordinates: Float64Array, from: number, to: number): Bounds {
  let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let k = from; k < to; k += 2) {
    const [x, y] = [coordinates[k], coordinates[k + 1]];
    if (x < x0) x0 = x;
    if (x > x1) x1 = x;
    if (y < y0) y0 = y;
    if (y > y1) y1 = y;
  }
  return [x0, y0, x1, y1];
}
