/** GeoJSON (RFC 7946): areas, lines and points with their properties. */
import * as v from 'valibot';
import { invalidInput } from '../errors.js';
import { Crs } from '../geo/index.js';
import { AnyRecord, validate } from '../json.js';
import {
  type AreaFeatures,
  type ParseVectorOptions,
  requireAreas,
  requireCrs,
  type VectorFeatures,
} from './features.js';
import { GeometryChecker } from './geometry-checker.js';
import { addGeometry, JsonGeometry } from './json-geometry.js';

/** The `crs` member of GeoJSON 2008, and of its draft, which had an EPSG code. */
export const CrsMember = v.variant(
  'type',
  [
    v.object({
      type: v.literal('name'),
      properties: v.object({ name: v.string(), code: v.optional(v.never()) }),
    }),
    v.object({
      type: v.literal('EPSG'),
      properties: v.object({ code: v.union([v.number(), v.string()]), name: v.optional(v.never()) }),
    }),
  ],
  'must be "name": links are not followed',
);
export const GeoJsonFeature = v.object({
  type: v.literal('Feature'),
  geometry: v.nullish(JsonGeometry),
  properties: v.nullish(AnyRecord),
});
const Document = v.looseObject({ type: v.string('must be a GeoJSON type') });
const Members = v.array(v.unknown());
const WithCrs = v.object({ crs: v.nullish(CrsMember) });

/**
 * Reads the polygons of a FeatureCollection, a Feature or a geometry. Coordinates are longitude and latitude on WGS 84,
 * unless an old-style `crs` member or the option `crs` names another CRS; the member takes precedence. Lines and points
 * are errors.
 * @param name the file, for messages
 * @throws {TerrachipError} INVALID_INPUT, or TOO_LARGE above four million positions
 */
export function parseGeoJson(
  document: unknown,
  name: string,
  options: ParseVectorOptions = {},
): AreaFeatures {
  return requireAreas(parseGeoJsonFeatures(document, name, options));
}

/**
 * Whether a document is STAC: an item, a collection of items, or links to items. Their outlines are footprints of images,
 * not labels.
 */
export function isStac(document: unknown): boolean {
  if (Array.isArray(document)) return document.length > 0 && document.every(isStac);
  if (!v.is(AnyRecord, document)) return false;
  const { stac_version: version, features, links, properties, assets } = document;
  if (typeof version === 'string') return true;
  if (Array.isArray(features)) {
    // The response of a search without results has links, or counts.
    const isAnswer = Array.isArray(links) || 'numberReturned' in document || 'context' in document;
    return features.length === 0 ? isAnswer : features.some(isStac);
  }
  const isItem = typeof properties === 'object' && properties !== null && 'datetime' in properties;
  return isItem && typeof assets === 'object' && assets !== null && Array.isArray(links);
}

/** @throws {TerrachipError} INVALID_INPUT for a STAC document */
export function requireNoStac(document: unknown, name: string): void {
  if (!isStac(document)) return;
  throw invalidInput(
    name,
    'holds STAC items, which say where images lie, not labels',
    'make a catalog of it (catalogFromStac), or give the file that an asset names',
  );
}

/** The FeatureCollection of a file with one document per line: features, geometries, or collections of features. */
export function collectionOf(documents: readonly unknown[]): { type: string; features: unknown[] } {
  const features = documents.flatMap((document): readonly unknown[] => {
    if (!v.is(AnyRecord, document)) return [document];
    if (Array.isArray(document.features)) return document.features;
    const isGeometry = 'coordinates' in document || 'geometries' in document;
    return [isGeometry ? { type: 'Feature', properties: null, geometry: document } : document];
  });
  return { type: 'FeatureCollection', features };
}

/** As `parseGeoJson`, with lines and points too. */
export function parseGeoJsonFeatures(
  document: unknown,
  name: string,
  options: ParseVectorOptions = {},
): VectorFeatures {
  const { crs: named } = validate(WithCrs, document, name);
  const crs = crsOfMember(named, name, options);
  const checker = new GeometryChecker(name, crs, options);
  for (const [value, label] of featuresOf(document, name)) {
    checker.admitFeature();
    checker.read(label, () => {
      const { geometry, properties } = validate(GeoJsonFeature, value, checker.name);
      if (geometry) addGeometry(geometry, checker);
      return properties ?? {};
    });
  }
  return { name, layer: null, crs, features: checker.finish() };
}

/** The unchecked features of a document, with their names in messages. A lone geometry is a feature. */
export function featuresOf(document: unknown, name: string): [feature: unknown, label: string][] {
  const { crs: _, ...object } = validate(Document, document, name);
  if (object.type === 'FeatureCollection') {
    return validate(Members, object.features, `${name}: features`).map((member, k) => [
      member,
      `feature ${k}`,
    ]);
  }
  if (object.type === 'Feature') return [[object, 'the feature']];
  return [[{ type: 'Feature', geometry: object, properties: null }, 'the geometry']];
}

/** The CRS of a `crs` member, else of the options, else longitude and latitude. */
export function crsOfMember(
  member: v.InferOutput<typeof CrsMember> | null | undefined,
  name: string,
  options: ParseVectorOptions,
): Crs {
  if (member === null || member === undefined) return options.crs ?? Crs.wgs84;
  const { name: text, code } = member.properties;
  return requireCrs(name, () => Crs.parse(text ?? `EPSG:${code}`), options);
}
