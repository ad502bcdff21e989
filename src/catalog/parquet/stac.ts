/**
 * STAC-GeoParquet (stac-geoparquet specification 1.0): a row an item, its properties as columns beside `id`,
 * `geometry`, `bbox`, `assets` and `links`.
 */
import { invalidInput } from '../../errors.js';
import { TimeInterval } from '../../geo/index.js';
import type { CatalogRow } from '../row.js';
import { rowOfItem } from '../stac/item.js';
import { footprintOfValue } from './rows.js';

/** Columns that hold an item's time. */
export const STAC_TIMES = ['datetime', 'start_datetime', 'end_datetime'] as const;

/** Columns that are no properties. */
const MEMBERS = new Set([
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

/** A range where there is one, else the nominal moment. @throws {TerrachipError} INVALID_INPUT for neither */
export function stacInterval(values: Readonly<Record<string, unknown>>, name: string): TimeInterval {
  const [datetime, start, end] = STAC_TIMES.map((column) => timeOf(values[column]));
  if (start !== null && end !== null) return new TimeInterval(start, end);
  if (datetime !== null) return TimeInterval.instant(datetime);
  throw invalidInput(name, 'has an item without datetime', 'give it one, or start_datetime and end_datetime');
}

function timeOf(value: unknown): number | null {
  if (typeof value === 'number') return value;
  return typeof value === 'string' ? TimeInterval.parse(value).start : null;
}

/** Properties of STAC that are times, in files of timestamps. */
const TIME_PROPERTIES = new Set<string>([...STAC_TIMES, 'created', 'updated', 'published', 'expires']);

/** @throws {TerrachipError} INVALID_INPUT for values that are no item */
export function rowOfStacValues(values: Readonly<Record<string, unknown>>, name: string): CatalogRow {
  const properties: Record<string, unknown> = {};
  for (const [column, value] of Object.entries(values)) {
    if (MEMBERS.has(column) || value === null || value === undefined) continue;
    const isTime = TIME_PROPERTIES.has(column) && typeof value === 'number';
    properties[column] = isTime ? new Date(value).toISOString() : plain(value);
  }
  const { id, collection, geometry, assets } = values;
  const item = { id, collection, geometry: null, properties, assets: plain(assets) };
  return { ...rowOfItem(item, name), footprint: footprintOfValue(geometry, `${name}: item "${String(id)}"`) };
}

/** Values as JSON has them: a struct's fields that a row lacks are left out. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (ArrayBuffer.isView(value)) return null;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]) =>
      member === null || member === undefined ? [] : [[name, plain(member)]],
    ),
  );
}
