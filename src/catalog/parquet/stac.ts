/**
 * STAC-GeoParquet (stac-geoparquet specification 1.0): one row per item, its properties as columns beside `id`,
 * `geometry`, `bbox`, `assets` and `links`.
 */
import * as v from 'valibot';
import type { Bounds, TimeInterval } from '../../geo/index.js';
import { isUrl } from '../../io/open-url.js';
import { parseJson, validate } from '../../json.js';
import type { ParquetFile } from '../../parquet/file.js';
import type { CatalogRow } from '../row.js';
import { numberMember } from '../stac/bands.js';
import type { HrefOptions } from '../stac/href.js';
import { itemFootprint, itemInterval, rowOfItem, TIMES } from '../stac/item.js';
import { outlineOfValue, type Values } from './rows.js';

/** Names the columns whose texts are JSON, in files that terrachip wrote. */
export const JSON_KEY = 'terrachip:json';

/** Columns that are no properties. */
export const MEMBERS = new Set([
  'type',
  'stac_version',
  'stac_extensions',
  'id',
  'geometry',
  'bbox',
  'links',
  'assets',
  'collection',
]);

/** @throws {TerrachipError} INVALID_INPUT for values that are no time of an item */
export function stacInterval(values: Values, name: string): TimeInterval {
  const where = values.id === undefined ? name : `${name}: item "${String(values.id)}"`;
  return itemInterval(values, where, true);
}

/** Properties of STAC that are times, in files of timestamps. */
export const TIME_PROPERTIES = new Set<string>([...TIMES, 'created', 'updated', 'published', 'expires']);

/**
 * @param texts columns whose texts are JSON
 * @throws {TerrachipError} INVALID_INPUT for values that are no item
 */
export function rowOfStacValues(
  values: Values,
  texts: ReadonlySet<string>,
  name: string,
  options: HrefOptions = {},
): CatalogRow {
  const where = `${name}: item "${String(values.id)}"`;
  const read = (column: string): unknown => {
    const value = values[column];
    if ((texts.has(column) || column === 'assets') && typeof value === 'string')
      return parseJson(value, where);
    if (TIME_PROPERTIES.has(column) && typeof value === 'number') return new Date(value).toISOString();
    return plain(value);
  };
  const properties: Record<string, unknown> = {};
  for (const [column, value] of Object.entries(values)) {
    if (!MEMBERS.has(column) && value !== null && value !== undefined) properties[column] = read(column);
  }
  const { id, collection } = values;
  const item = { id, collection, geometry: null, properties, assets: read('assets') };
  // Addresses of items in a local file are not changed.
  const origin = { ...options, base: isUrl(name) ? name : null, inCollection: true };
  return { ...rowOfItem(item, name, origin), footprint: stacFootprint(values, where) };
}

/** As of an item in JSON: by its geometry, which need not be cut at the antimeridian, and its box. */
export function stacFootprint({ geometry, bbox }: Values, name: string): CatalogRow['footprint'] {
  const isNumber = (x: number, y: number): boolean => Number.isFinite(x) && Number.isFinite(y);
  return itemFootprint(outlineOfValue(geometry, name, isNumber), boxOfValue(bbox), name);
}

/** The sides of a box that a column holds as a struct; null for none. */
export function boxOfValue(value: unknown): Bounds | null {
  if (typeof value !== 'object' || value === null) return null;
  const { xmin, ymin, xmax, ymax } = value as Partial<Record<string, unknown>>;
  const sides = [xmin, ymin, xmax, ymax].map((side) => (side === null ? Number.NaN : Number(side)));
  const [x0, y0, x1, y1] = sides;
  return sides.some(Number.isNaN) ? null : [x0, y0, x1, y1];
}

/** The columns whose texts are JSON, as a file says. */
export function jsonColumns(file: ParquetFile): Set<string> {
  const text = file.keyValues.get(JSON_KEY);
  if (text === undefined) return new Set();
  const name = `${file.name}: ${JSON_KEY}`;
  return new Set(validate(v.array(v.string()), parseJson(text, name), name));
}

/** Values as JSON has them: a struct's fields that a row lacks are left out. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'number') return numberMember(value);
  if (Array.isArray(value)) return value.map(plain);
  if (ArrayBuffer.isView(value)) return null;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]) =>
      member === null || member === undefined ? [] : [[name, plain(member)]],
    ),
  );
}
