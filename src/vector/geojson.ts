/** GeoJSON (RFC 7946): areas, lines and points with their properties. */
import * as v from 'valibot';
import { invalidInput } from '../errors.js';
import { Crs } from '../geo/index.js';
import { AnyRecord, validate } from '../json.js';
import {
  type AreaFeatures,
  type ParseVectorOptions,
  type Position,
  requireAreas,
  requireCrs,
  type VectorFeature,
  type VectorFeatures,
} from './features.js';
import { type FeatureParts, GeometryChecker } from './geometry-checker.js';

/** Collections inside collections. */
const MAX_DEPTH = 8;

/** The member of GeoJSON 2008, and its draft, which named EPSG's code. */
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
const Geometry = v.looseObject({ type: v.string() });
const Feature = v.object({
  type: v.literal('Feature'),
  geometry: v.nullish(Geometry),
  properties: v.nullish(AnyRecord),
});
const Document = v.looseObject({
  type: v.string('must be a GeoJSON type'),
  crs: v.nullish(CrsMember),
});

/**
 * Reads the polygons of a FeatureCollection, a Feature or a geometry. Coordinates are longitude and latitude on WGS 84,
 * unless an old-style `crs` member or the option `crs` names another system; the member wins. Lines and points are
 * refused.
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
 * Whether a document is of STAC: an item, some in a collection, or what links to them. Their outlines say where images
 * lie, and are no labels.
 */
export function isStac(document: unknown): boolean {
  if (Array.isArray(document)) return document.length > 0 && document.every(isStac);
  if (typeof document !== 'object' || document === null) return false;
  const { stac_version: version, features, links, properties, assets } = document as Record<string, unknown>;
  if (typeof version === 'string') return true;
  if (Array.isArray(features)) {
    // The answer of a search that found nothing has links, or counts.
    const isAnswer = Array.isArray(links) || 'numberReturned' in document || 'context' in document;
    return features.length === 0 ? isAnswer : features.some(isStac);
  }
  const isItem = typeof properties === 'object' && properties !== null && 'datetime' in properties;
  return isItem && typeof assets === 'object' && assets !== null && Array.isArray(links);
}

/** @throws {TerrachipError} INVALID_INPUT for a document of STAC */
export function requireNoStac(document: unknown, name: string): void {
  if (!isStac(document)) return;
  throw invalidInput(
    name,
    'holds STAC items, which say where images lie, not labels',
    'make a catalog of it (catalog build --type stac, or catalogFromStac), or give the file that an asset names',
  );
}

/** The FeatureCollection of documents that come one a line: features, geometries, or collections of features. */
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
  const { type, crs: named, ...rest } = validate(Document, document, name);
  const crs = crsOfMember(named, name, options);
  const checker = new GeometryChecker(name, crs, options);
  const reader = new GeoJsonGeometries(checker);
  const features: VectorFeature[] = [];
  const add = (value: unknown, label: string): void => {
    checker.admitFeature();
    const found = checker.read(label, (parts) => {
      const { geometry, properties } = validate(Feature, value, checker.name);
      if (geometry) reader.add(parts, geometry);
      return properties ?? {};
    });
    if (found !== null) features.push(found);
  };
  if (type === 'FeatureCollection') {
    const members = validate(v.array(v.unknown()), rest.features, `${name}: features`);
    for (const [k, member] of members.entries()) add(member, `feature ${k}`);
  } else if (type === 'Feature') {
    add({ type, ...rest }, 'the feature');
  } else {
    add({ type: 'Feature', geometry: { type, ...rest }, properties: null }, 'the geometry');
  }
  return { name, layer: null, crs, features: checker.finish(features) };
}

/** The system that a `crs` member names; without one what the options say, or longitude and latitude. */
export function crsOfMember(
  member: v.InferOutput<typeof CrsMember> | null | undefined,
  name: string,
  options: ParseVectorOptions,
): Crs {
  if (member === null || member === undefined) return options.crs ?? Crs.wgs84;
  const { name: text, code } = member.properties;
  return requireCrs(name, () => Crs.parse(text ?? `EPSG:${code}`), options);
}

class GeoJsonGeometries {
  readonly #checker: GeometryChecker;

  constructor(checker: GeometryChecker) {
    this.#checker = checker;
  }

  /** @throws {TerrachipError} INVALID_INPUT for what is no geometry */
  add(parts: FeatureParts, geometry: Readonly<Record<string, unknown>>): void {
    this.#add(parts, geometry, 0);
  }

  #add(parts: FeatureParts, geometry: Readonly<Record<string, unknown>>, depth: number): void {
    const { type, coordinates, geometries } = geometry;
    if (type === 'Point') this.#addPoint(parts, coordinates);
    else if (type === 'MultiPoint') {
      for (const point of this.#list(coordinates, 'points')) this.#addPoint(parts, point);
    } else if (type === 'LineString') this.#addLine(parts, coordinates);
    else if (type === 'MultiLineString') {
      for (const line of this.#list(coordinates, 'lines')) this.#addLine(parts, line);
    } else if (type === 'Polygon') this.#addPolygon(parts, coordinates);
    else if (type === 'MultiPolygon') {
      for (const polygon of this.#list(coordinates, 'polygons')) this.#addPolygon(parts, polygon);
    } else if (type === 'GeometryCollection' && depth < MAX_DEPTH) {
      const members = validate(v.array(Geometry), geometries, `${this.#checker.name}: geometries`);
      for (const member of members) this.#add(parts, member, depth + 1);
    } else {
      throw invalidInput(
        this.#checker.name,
        type === 'GeometryCollection'
          ? 'nests its geometries too deeply'
          : `holds a ${JSON.stringify(type)}, which is no geometry of GeoJSON`,
        'correct it',
      );
    }
  }

  #addPolygon(parts: FeatureParts, value: unknown): void {
    const rings = this.#list(value, 'rings').map((ring) => this.#positions(ring));
    this.#checker.addPolygon(parts, rings);
  }

  #addLine(parts: FeatureParts, value: unknown): void {
    this.#checker.addLine(parts, this.#positions(value));
  }

  /** An empty list stands for an empty point (RFC 7946 §3.1). */
  #addPoint(parts: FeatureParts, value: unknown): void {
    if (this.#list(value, 'coordinates').length === 0) return;
    for (const position of this.#positions([value])) this.#checker.addPoint(parts, position);
  }

  #positions(value: unknown): Position[] {
    const positions = this.#list(value, 'positions');
    this.#checker.admitPositions(positions.length);
    return positions.map(positionOf);
  }

  #list(value: unknown, what: string): readonly unknown[] {
    if (!Array.isArray(value)) {
      throw invalidInput(this.#checker.name, `has no list of ${what} where one belongs`, 'correct it');
    }
    return value;
  }
}

/** Two numbers, without heights and measures; NaN for what is none. */
function positionOf(value: unknown): Position {
  const [x, y]: readonly unknown[] = Array.isArray(value) ? value : [];
  return [typeof x === 'number' ? x : Number.NaN, typeof y === 'number' ? y : Number.NaN];
}
