/** Zonal statistics in files: CSV or Parquet, and with the outlines of the zones GeoParquet, GeoJSON or FlatGeobuf. */
import { invalidInput } from '../../errors.js';
import { requireEnding } from '../../io/node/output.js';
import { memberOf } from '../../json/keys.js';
import {
  type AreaFeatures,
  type Polygon,
  PolygonFile,
  type PropertyType,
  type PropertyTypes,
} from '../../vector/node/index.js';
import { TABLE_FORMATS } from '../../vector/node/polygon-file.js';
import { polygonsToLonLat } from '../../vector/to-lon-lat.js';
import type { ZonalStatistic } from './statistics.js';
import type { ZonalRow } from './zonal.js';

export interface ZonalTableOptions {
  readonly areas: AreaFeatures;
  /** Attributes that are kept (default: all). */
  readonly properties?: readonly string[];
  readonly statistics: readonly ZonalStatistic[];
  /** Whether pixels are counted whole. */
  readonly whole: boolean;
  /** Whether rows have dates. */
  readonly dated: boolean;
  readonly geometry: boolean;
}

/** Counts of pixels and values. */
const COUNTS: readonly ZonalStatistic[] = ['count', 'nodata', 'variety'];

export class ZonalTable {
  readonly #file: PolygonFile;
  readonly #options: ZonalTableOptions;
  /** Names of columns by attribute. */
  readonly #names: ReadonlyMap<string, string>;
  readonly #types: PropertyTypes;
  /** Outlines of the zones so far, in longitude and latitude; null without geometry. */
  readonly #outlines: Map<number, Polygon[]> | null;

  private constructor(
    file: PolygonFile,
    options: ZonalTableOptions,
    names: ReadonlyMap<string, string>,
    types: PropertyTypes,
    geometry: boolean,
  ) {
    this.#file = file;
    this.#options = options;
    this.#names = names;
    this.#types = types;
    this.#outlines = geometry ? new Map() : null;
  }

  /**
   * @throws {TerrachipError} INVALID_INPUT for another format's ending, and for a property that no zone has; DISK where the
   * file cannot be written
   */
  static async create(path: string, options: ZonalTableOptions): Promise<ZonalTable> {
    const format = requireEnding(path, ...TABLE_FORMATS);
    const geometry =
      format === 'GeoJSON' || format === 'FlatGeobuf' || (format === 'GeoParquet' && options.geometry);
    const { statistics, whole, dated } = options;
    const own: Record<string, PropertyType> = { ...(dated ? { date: 'text' } : {}), band: 'text' };
    for (const name of statistics)
      own[name] = name === 'variety' || (whole && COUNTS.includes(name)) ? 'integer' : 'number';
    const names = new Map<string, string>();
    const types: Record<string, PropertyType> = { zone: 'integer' };
    for (const name of attributesOf(options)) {
      let column = name;
      const isTaken = (): boolean => Object.hasOwn(own, column) || Object.hasOwn(types, column);
      // An object cannot have an own property of that name by assignment.
      while (column === '__proto__' || isTaken()) column = `zone_${column}`;
      names.set(name, column);
      types[column] = typeOf(options.areas, name);
    }
    Object.assign(types, own);
    const file = await (geometry ? PolygonFile.create(path, types) : PolygonFile.createTable(path, types));
    return new ZonalTable(file, options, names, types, geometry);
  }

  /** Rows so far. */
  get count(): number {
    return this.#file.count;
  }

  async add({ zone, properties, date, band, statistics }: ZonalRow): Promise<void> {
    const values: Record<string, unknown> = { zone };
    for (const [name, column] of this.#names)
      values[column] = cellOf(memberOf(properties, name), this.#types[column]);
    if (date !== null) values.date = date;
    this.#file.add(this.#outlineOf(zone), { ...values, band, ...statistics });
    await this.#file.flush();
  }

  finish(): Promise<void> {
    return this.#file.finish();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#file.abort();
  }

  #outlineOf(zone: number): readonly Polygon[] {
    if (this.#outlines === null) return [];
    const known = this.#outlines.get(zone);
    if (known !== undefined) return known;
    const { name, crs, features } = this.#options.areas;
    const outline = polygonsToLonLat(features[zone - 1].polygons, crs, name);
    this.#outlines.set(zone, outline);
    return outline;
  }
}

/** Attributes in the order in which they first occur. */
function attributesOf({ areas, properties }: ZonalTableOptions): readonly string[] {
  const found = new Set(areas.features.flatMap((feature) => Object.keys(feature.properties)));
  if (properties === undefined) return [...found];
  const missing = properties.find((name) => !found.has(name));
  if (missing === undefined) return [...new Set(properties)];
  const has = [...found].slice(0, 30).join(', ');
  throw invalidInput(
    areas.name,
    `has no zone with the property ${missing}`,
    has === '' ? 'leave out `properties`' : `choose some of ${has}`,
  );
}

function typeOf({ features }: AreaFeatures, name: string): PropertyType {
  const values = features.map(({ properties }) => memberOf(properties, name) ?? null);
  const given = values.filter((value) => value !== null);
  if (given.length === 0 || !given.every((value) => typeof value === 'number')) return 'text';
  return given.every(Number.isSafeInteger) ? 'integer' : 'number';
}

/** A value as its column has it: text of other values as JSON. */
function cellOf(value: unknown, type: PropertyType): unknown {
  if (value === undefined || value === null || type !== 'text' || typeof value === 'string')
    return value ?? null;
  return JSON.stringify(value);
}
