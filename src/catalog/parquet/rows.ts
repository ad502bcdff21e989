/** Rows of a catalog as the columns of its file, and back. */
import type { SchemaElement } from 'hyparquet';
import * as v from 'valibot';
import { invalidInput } from '../../errors.js';
import { Affine, Crs, GeoBox, TimeInterval } from '../../geo/index.js';
import { dictionary, mapValues, parseJson, validate } from '../../json.js';
import type { Units } from '../../raster/units.js';
import { SIDES } from '../../vector/geoparquet.js';
import type { Polygon } from '../../vector/index.js';
import { outlineOfWkb } from '../geometry.js';
import type { BandValues, CatalogAsset, CatalogRow, CatalogValue } from '../row.js';
import { NOT_FINITE, numberMember } from '../stac/bands.js';
import { TEXT, TIME } from './shape.js';

/** The columns of a catalog's file. `start_time` and `end_time` are null where the interval is open. */
export const SCHEMA: readonly SchemaElement[] = [
  { name: 'root', num_children: 9 },
  { name: 'id', repetition_type: 'REQUIRED', ...TEXT },
  { name: 'collection', repetition_type: 'REQUIRED', ...TEXT },
  { name: 'geometry', repetition_type: 'OPTIONAL', type: 'BYTE_ARRAY' },
  { name: 'bbox', repetition_type: 'OPTIONAL', num_children: 4 },
  ...SIDES.map((name): SchemaElement => ({ name, repetition_type: 'REQUIRED', type: 'DOUBLE' })),
  { name: 'start_time', repetition_type: 'OPTIONAL', ...TIME },
  { name: 'end_time', repetition_type: 'OPTIONAL', ...TIME },
  { name: 'href', repetition_type: 'REQUIRED', ...TEXT },
  { name: 'assets', repetition_type: 'REQUIRED', ...TEXT },
  { name: 'properties', repetition_type: 'REQUIRED', ...TEXT },
];

/** The columns that make a row; `bbox` follows from `geometry`. */
export const ROW_COLUMNS = [
  'id',
  'collection',
  'geometry',
  'start_time',
  'end_time',
  'href',
  'assets',
  'properties',
] as const;

/** Values of a row by column, as `ParquetFile.readColumn` gives them. */
export type Values = Readonly<Record<string, unknown>>;

/** The assets of a row as its file holds them. */
export function assetsText({ assets }: CatalogRow): string {
  return JSON.stringify(storedAssets(assets));
}

/** @throws {TerrachipError} INVALID_INPUT for properties that JSON cannot hold */
export function propertiesText({ id, properties }: CatalogRow): string {
  const text = JSON.stringify(properties);
  // JSON writes NaN and infinities as null; a text without one needs no second look.
  if (!text.includes('null')) return text;
  return JSON.stringify(properties, (key, value: unknown) => {
    if (typeof value !== 'number' || Number.isFinite(value)) return value;
    throw invalidInput(
      `the row "${id}"`,
      `has the property ${key} = ${value}, which its file cannot hold`,
      'use null for what is not known',
    );
  });
}

/** Assets as JSON can hold them. */
export function storedAssets(assets: CatalogRow['assets']): Readonly<Record<string, object>> {
  return mapValues(assets, storedAsset);
}

/** @throws {TerrachipError} INVALID_INPUT for values that `storedAssets` did not make */
export function assetsOfStored(value: unknown, name: string): CatalogRow['assets'] {
  return mapValues(validate(Assets, value, name), ({ geobox, ...rest }): CatalogAsset => {
    if (geobox === undefined) return rest;
    const { crs, transform, width, height } = geobox;
    return { ...rest, geobox: new GeoBox(Crs.parse(crs), new Affine(...transform), width, height) };
  });
}

function storedAsset(asset: CatalogAsset): object {
  const { bands, everyBand, geobox, ...rest } = asset;
  if (bands === undefined && everyBand === undefined && geobox === undefined) return asset;
  return {
    ...rest,
    bands: bands?.map(storedBand),
    everyBand: everyBand && storedBand(everyBand),
    geobox: geobox && storedGrid(geobox),
  };
}

function storedBand(band: BandValues): object {
  const { nodata } = band;
  if (typeof nodata !== 'number' || Number.isFinite(nodata)) return band;
  return { ...band, nodata: numberMember(nodata) };
}

/** Undefined for a grid whose reference system has no text: it is then read from the raster. */
function storedGrid({ crs, transform, width, height }: GeoBox): object | undefined {
  const text = crs.epsg === null ? crs.wkt : `EPSG:${crs.epsg}`;
  return text === null ? undefined : { crs: text, transform: transform.toTuple(), width, height };
}

const Nodata = v.union([
  v.null(),
  v.number(),
  v.pipe(
    v.picklist(['nan', 'inf', '-inf']),
    v.transform((text) => NOT_FINITE[text]),
  ),
]);
// Units are checked when pixels are read.
const StoredUnits = v.exactOptional(v.custom<Units>((value) => typeof value === 'string', 'must be a text'));
const VALUES = {
  commonName: v.exactOptional(v.string()),
  nodata: v.exactOptional(Nodata),
  scale: v.exactOptional(v.number()),
  offset: v.exactOptional(v.number()),
  units: StoredUnits,
};
const Band = v.object({ name: v.string(), index: v.pipe(v.number(), v.integer(), v.minValue(1)), ...VALUES });
const Grid = v.object({
  crs: v.string(),
  transform: v.tuple([v.number(), v.number(), v.number(), v.number(), v.number(), v.number()]),
  width: v.number(),
  height: v.number(),
});
const Asset = v.object({
  href: v.string(),
  mediaType: v.exactOptional(v.string()),
  roles: v.exactOptional(v.array(v.string())),
  bands: v.exactOptional(v.array(Band)),
  everyBand: v.exactOptional(v.object(VALUES)),
  units: StoredUnits,
  geobox: v.exactOptional(Grid),
});
const Assets = dictionary(v.string(), Asset);
const Properties = v.custom<Readonly<Record<string, CatalogValue>>>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'must be an object',
);

/**
 * @param name the file, for messages
 * @throws {TerrachipError} INVALID_INPUT for values that no catalog wrote
 */
export function rowOfValues(values: Values, name: string): CatalogRow {
  const id = text(values.id, 'id', name);
  const where = `${name}: row "${id}"`;
  return {
    id,
    collection: text(values.collection, 'collection', name),
    footprint: footprintOfValue(values.geometry, where),
    interval: intervalOfValues(values.start_time, values.end_time, where),
    href: text(values.href, 'href', name),
    assets: assetsOfStored(parseJson(text(values.assets, 'assets', name), where), where),
    properties: validate(Properties, parseJson(text(values.properties, 'properties', name), where), where),
  };
}

function text(value: unknown, column: string, name: string): string {
  if (typeof value === 'string') return value;
  throw invalidInput(name, `has a row without ${column}`, 'write it again');
}

/** Outlines of rows of ours are cut at the antimeridian. */
export function footprintOfValue(value: unknown, name: string): CatalogRow['footprint'] {
  return outlineOfValue(value, name, (x, y) => Math.abs(x) <= 180 && Math.abs(y) <= 90) ?? [];
}

/**
 * The polygons of a geometry's bytes; null for no geometry.
 * @param isPlace whether a position may be
 * @throws {TerrachipError} INVALID_INPUT for damaged bytes
 */
export function outlineOfValue(
  value: unknown,
  name: string,
  isPlace: (x: number, y: number) => boolean,
): Polygon[] | null {
  if (value === null || value === undefined) return null;
  if (!(value instanceof Uint8Array))
    throw invalidInput(name, 'has a geometry that is no bytes', 'write it again');
  const outline = outlineOfWkb(value, name);
  for (const [x, y] of outline.flat(2)) {
    if (isPlace(x, y)) continue;
    throw invalidInput(
      name,
      `has the position ${x}, ${y}, which is no longitude and latitude`,
      'write it again',
    );
  }
  return outline;
}

export function intervalOfValues(start: unknown, end: unknown, name: string): TimeInterval {
  const time = (value: unknown, open: number): number => {
    if (value === null || value === undefined) return open;
    if (typeof value === 'number') return value;
    throw invalidInput(name, 'has an invalid time', 'write it again');
  };
  return new TimeInterval(time(start, -Infinity), time(end, Infinity));
}
