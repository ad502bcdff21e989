/**
 * What a search of a STAC API asks for, as the body of a POST and as the query of a GET (STAC API 1.0, item search, with
 * the extensions for queries, filters, sorting and fields).
 */
import { invalidOption } from '../../errors.js';
import type { TimeInterval } from '../../geo/index.js';
import { withoutUndefined } from '../../json.js';
import type { GeoJsonObject } from '../geometry.js';
import { rectangle } from '../place.js';
import { intervalOf, type TimeLike } from '../times.js';

/** The conditions of a search. All must hold. */
export interface StacQuery {
  readonly collections?: string | readonly string[];
  readonly ids?: string | readonly string[];
  /** West, south, east and north in degrees. A west greater than the east crosses the antimeridian. */
  readonly bbox?: readonly number[];
  /** A geometry or a Feature in longitude and latitude; not together with `bbox`. */
  readonly intersects?: GeoJsonObject;
  /** A moment, a whole day, month or year, or an interval: `2021-07`, `2021-07-01/..`. */
  readonly datetime?: TimeLike;
  /**
   * Conditions on properties, as the query extension has them: `{ 'eo:cloud_cover': { lt: 20 } }`, or texts such as
   * `eo:cloud_cover<20`.
   */
  readonly query?: Readonly<Record<string, unknown>> | readonly string[];
  /** A filter in CQL2: text, or JSON. */
  readonly filter?: string | Readonly<Record<string, unknown>>;
  /** Members to sort by; a `-` before one reverses its order: `-properties.datetime`. */
  readonly sortby?: string | readonly string[];
  /** Members that the server sends, or leaves out where a `-` stands before them. */
  readonly fields?: string | readonly string[];
}

/** The members of a search's body. */
export type SearchBody = Readonly<Record<string, unknown>>;

/**
 * The body of a POST.
 * @throws {TerrachipError} INVALID_OPTION for an invalid box, time or query
 */
export function searchBody(query: StacQuery): SearchBody {
  const { bbox, intersects, datetime, filter } = query;
  if (bbox !== undefined && intersects !== undefined)
    throw invalidOption('bbox and intersects', 'cannot be combined', 'give one of them');
  const box = bbox === undefined ? undefined : checkedBox(bbox);
  const crosses = box !== undefined && box[0] > box[2];
  return withoutUndefined({
    collections: listOf(query.collections),
    ids: listOf(query.ids),
    bbox: crosses ? undefined : box,
    intersects: crosses ? bothSides(box) : intersects === undefined ? undefined : geometryOf(intersects),
    datetime: datetime === undefined ? undefined : searchTime(intervalOf(datetime)),
    query: query.query === undefined ? undefined : conditionsOf(query.query),
    filter,
    'filter-lang': filter === undefined ? undefined : typeof filter === 'string' ? 'cql2-text' : 'cql2-json',
    sortby: listOf(query.sortby)?.map(sortKey),
    fields: fieldsOf(listOf(query.fields)),
  });
}

/** A body as the query of a GET: lists with commas, objects as JSON. */
export function searchParameters(body: SearchBody): URLSearchParams {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(body)) parameters.set(name, parameterOf(name, value));
  return parameters;
}

function parameterOf(name: string, value: unknown): string {
  if (name === 'sortby') {
    const keys = value as readonly { field: string; direction: string }[];
    return keys.map(({ field, direction }) => (direction === 'desc' ? `-${field}` : `+${field}`)).join();
  }
  if (name === 'fields') {
    const { include = [], exclude = [] } = value as { include?: string[]; exclude?: string[] };
    return [...include, ...exclude.map((field) => `-${field}`)].join();
  }
  if (Array.isArray(value)) return value.join();
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function listOf(value: string | readonly string[] | undefined): readonly string[] | undefined {
  return typeof value === 'string' ? [value] : value;
}

/** @throws {TerrachipError} INVALID_OPTION unless the numbers are a box in degrees; heights are left out */
function checkedBox(bbox: readonly number[]): readonly [number, number, number, number] {
  const [x0, y0, x1, y1] = bbox.length === 6 ? [bbox[0], bbox[1], bbox[3], bbox[4]] : bbox;
  const shown = `[${bbox.join(', ')}]`;
  const isBox = [4, 6].includes(bbox.length) && [x0, y0, x1, y1].every(Number.isFinite);
  if (!isBox || Math.abs(x0) > 180 || Math.abs(x1) > 180 || Math.abs(y0) > 90 || Math.abs(y1) > 90) {
    throw invalidOption('bbox', `${shown} is no box in degrees`, 'give its west, south, east and north');
  }
  if (y0 > y1) {
    throw invalidOption(
      'bbox',
      `${shown} has its south above its north`,
      'give its west, south, east and north, in this order',
    );
  }
  return [x0, y0, x1, y1];
}

/** A box across the antimeridian as two polygons: many servers do not know boxes whose west is greater than their east. */
function bothSides([x0, y0, x1, y1]: readonly [number, number, number, number]): GeoJsonObject {
  return { type: 'MultiPolygon', coordinates: [rectangle([x0, y0, 180, y1]), rectangle([-180, y0, x1, y1])] };
}

/** The geometry of a Feature; of several, a collection of them. */
function geometryOf(document: GeoJsonObject): unknown {
  const { type, geometry, features } = document;
  if (type === 'Feature') return geometry;
  if (type !== 'FeatureCollection' || !Array.isArray(features)) return document;
  const geometries = features.map((feature: GeoJsonObject) => geometryOf(feature));
  return geometries.length === 1 ? geometries[0] : { type: 'GeometryCollection', geometries };
}

/** A time as RFC 3339, which APIs want: both ends of a day, not the day. */
function searchTime({ start, end }: TimeInterval): string {
  const text = (time: number): string =>
    Number.isFinite(time) ? new Date(time).toISOString().replace('.000Z', 'Z') : '..';
  if (!Number.isFinite(start) && !Number.isFinite(end))
    throw invalidOption('datetime', 'is open at both ends', 'give one of them, or leave it out');
  return start === end ? text(start) : `${text(start)}/${text(end)}`;
}

const CONDITION = /^\s*([\w:.-]+?)\s*(<=|>=|<>|!=|=|<|>)\s*(.+?)\s*$/s;
const OPERATORS: Readonly<Record<string, string>> = {
  '=': 'eq',
  '!=': 'neq',
  '<>': 'neq',
  '<': 'lt',
  '<=': 'lte',
  '>': 'gt',
  '>=': 'gte',
};

/** @throws {TerrachipError} INVALID_OPTION for an invalid condition */
function conditionsOf(query: Exclude<StacQuery['query'], undefined>): Readonly<Record<string, unknown>> {
  if (!isList(query)) return query;
  const conditions = new Map<string, Record<string, unknown>>();
  for (const text of query) {
    const [, name, operator, value] = CONDITION.exec(text) ?? [];
    if (name === undefined) {
      throw invalidOption('query', `cannot be "${text}"`, 'write it as eo:cloud_cover<20');
    }
    conditions.set(name, { ...conditions.get(name), [OPERATORS[operator]]: literalOf(value) });
  }
  return Object.fromEntries(conditions);
}

function isList(query: Exclude<StacQuery['query'], undefined>): query is readonly string[] {
  return Array.isArray(query);
}

/** A number, a truth value, or a text, which may stand in quotes. */
function literalOf(text: string): unknown {
  if (/^(true|false)$/.test(text)) return text === 'true';
  const number = Number(text);
  return Number.isFinite(number) ? number : text.replace(/^(['"])(.*)\1$/s, '$2');
}

function sortKey(text: string): { field: string; direction: 'asc' | 'desc' } {
  return { field: text.replace(/^[+-]/, ''), direction: text.startsWith('-') ? 'desc' : 'asc' };
}

function fieldsOf(fields: readonly string[] | undefined): unknown {
  if (fields === undefined) return undefined;
  const [include, exclude] = [false, true].map((leftOut) =>
    fields.filter((name) => name.startsWith('-') === leftOut).map((name) => name.replace(/^[+-]/, '')),
  );
  return { ...(include.length > 0 ? { include } : {}), ...(exclude.length > 0 ? { exclude } : {}) };
}
