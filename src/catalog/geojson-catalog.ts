/** Catalogs as GeoJSON: one feature per row, with its assets as in STAC. */
import * as v from 'valibot';
import { invalidInput } from '../errors.js';
import { TimeInterval } from '../geo/index.js';
import { AnyRecord, validate } from '../json.js';
import { featureOfRow, GeoCatalog } from './geo-catalog.js';
import { outlineOfGeoJson } from './geometry.js';
import { assetsOfStored, storedAssets } from './parquet/rows.js';
import type { CatalogRow, CatalogValue } from './row.js';
import { type HrefOptions, rowFrom } from './stac/href.js';

const Feature = v.object({
  type: v.literal('Feature'),
  id: v.union([v.string(), v.number()]),
  geometry: v.nullable(v.looseObject({ type: v.string() })),
  properties: AnyRecord,
  assets: v.optional(v.unknown()),
});
const Fixed = v.object({
  collection: v.optional(v.string(), ''),
  href: v.string(),
  interval: v.tuple([v.string(), v.string()]),
});
const Collection = v.object({ type: v.literal('FeatureCollection'), features: v.array(v.unknown()) });

/** A row as a GeoJSON feature with its assets. */
export function featureWithAssets(row: CatalogRow): object {
  return { ...featureOfRow(row), assets: storedAssets(row.assets) };
}

/**
 * Reads a catalog from a FeatureCollection of such features.
 * @param name the file or URL, for messages and for relative addresses of a catalog on a server
 * @throws {TerrachipError} INVALID_INPUT for a document that is not a catalog, or rows with unsafe addresses
 */
export function catalogOfGeoJson(document: unknown, name: string, options: HrefOptions = {}): GeoCatalog {
  const { features } = validate(Collection, document, name);
  return GeoCatalog.from(
    features.map((feature, k) => rowFrom(rowOfFeature(feature, `${name}: feature ${k}`), name, options)),
  );
}

function rowOfFeature(document: unknown, name: string): CatalogRow {
  const { id, geometry, properties, assets } = validate(Feature, document, name);
  const { collection, href, interval } = validate(Fixed, properties, `${name}: properties`);
  const others = Object.entries(properties).filter(([key]) => !Object.hasOwn(Fixed.entries, key));
  return {
    id: String(id),
    collection,
    footprint: geometry === null ? [] : outlineOfGeoJson(geometry, name),
    interval: intervalOf(interval, name),
    href,
    assets: assets === undefined ? { data: { href } } : assetsOfStored(assets, name),
    properties: Object.fromEntries(others) as Readonly<Record<string, CatalogValue>>,
  };
}

function intervalOf([start, end]: readonly [string, string], name: string): TimeInterval {
  try {
    return TimeInterval.parse(`${start}/${end}`);
  } catch (cause) {
    throw invalidInput(
      name,
      `has the interval "${start}/${end}"`,
      'write both ends in ISO 8601, .. for open ones',
      cause,
    );
  }
}
