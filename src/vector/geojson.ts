/** GeoJSON (RFC 7946): areas, lines and points with their properties. */
import * as v from 'valibot';
import { invalidInput } from '../errors.js';
import { Crs } from '../geo/index.js';
import { AnyRecord, validate } from '../json.js';
import {
  type AreaFeatures,
  FeatureParts,
  GeometryChecker,
  type Polygon,
  type Position,
  requireAreas,
  type VectorFeature,
  type VectorFeatures,
} from './features.js';

/** Collections inside collections. */
const MAX_DEPTH = 8;

export const CrsMember = v.object({
  type: v.literal('name', 'must be "name": links are not followed'),
  properties: v.object({ name: v.string() }),
});
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
 * unless an old-style `crs` member names another system. Lines and points are refused.
 * @param name the file, for messages
 * @throws {TerrachipError} INVALID_INPUT, or TOO_LARGE above four million positions
 */
export function parseGeoJson(document: unknown, name: string): AreaFeatures {
  return requireAreas(parseGeoJsonFeatures(document, name));
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

/** As `parseGeoJson`, with lines and points too. */
export function parseGeoJsonFeatures(document: unknown, name: string): VectorFeatures {
  const { type, crs: named, ...rest } = validate(Document, document, name);
  const crs = crsOfMember(named, name);
  const reader = new GeoJsonGeometries(new GeometryChecker(name, crs));
  const features: VectorFeature[] = [];
  const add = (feature: v.InferOutput<typeof Feature>): void => {
    const found = feature.geometry ? reader.read(feature.geometry, feature.properties ?? {}) : null;
    if (found !== null) features.push(found);
  };
  if (type === 'FeatureCollection') {
    for (const feature of validate(v.array(Feature), rest.features, `${name}: features`)) add(feature);
  } else if (type === 'Feature') {
    add(validate(Feature, { type, ...rest }, name));
  } else {
    add({ type: 'Feature', geometry: { type, ...rest }, properties: null });
  }
  return { name, layer: null, crs, features };
}

/** The system that a `crs` member names; longitude and latitude without one. */
export function crsOfMember(member: v.InferOutput<typeof CrsMember> | null | undefined, name: string): Crs {
  if (member === null || member === undefined) return Crs.wgs84;
  const text = member.properties.name;
  try {
    return Crs.parse(text);
  } catch (cause) {
    throw invalidInput(
      name,
      `names the coordinate reference system "${text}", which is not known`,
      'write the coordinates as longitude and latitude and leave the crs member out',
      cause,
    );
  }
}

class GeoJsonGeometries {
  readonly #name: string;
  readonly #checker: GeometryChecker;

  constructor(checker: GeometryChecker) {
    this.#name = checker.name;
    this.#checker = checker;
  }

  read(
    geometry: Readonly<Record<string, unknown>>,
    properties: Readonly<Record<string, unknown>>,
  ): VectorFeature | null {
    this.#checker.admitFeature();
    const parts = new FeatureParts();
    this.#add(parts, geometry, 0);
    return parts.finish(properties);
  }

  #add(parts: FeatureParts, geometry: Readonly<Record<string, unknown>>, depth: number): void {
    const { type, coordinates, geometries } = geometry;
    if (type === 'Point') parts.points.push(this.#point(coordinates));
    else if (type === 'MultiPoint') {
      for (const point of this.#list(coordinates, 'points')) parts.points.push(this.#point(point));
    } else if (type === 'LineString') parts.lines.push(this.#line(coordinates));
    else if (type === 'MultiLineString') {
      for (const line of this.#list(coordinates, 'lines')) parts.lines.push(this.#line(line));
    } else if (type === 'Polygon') this.#addPolygon(parts, coordinates);
    else if (type === 'MultiPolygon') {
      for (const polygon of this.#list(coordinates, 'polygons')) this.#addPolygon(parts, polygon);
    } else if (type === 'GeometryCollection' && depth < MAX_DEPTH) {
      const members = validate(v.array(Geometry), geometries, `${this.#name}: geometries`);
      for (const member of members) this.#add(parts, member, depth + 1);
    } else {
      throw invalidInput(
        this.#name,
        type === 'GeometryCollection'
          ? 'nests its geometries too deeply'
          : `holds a ${JSON.stringify(type)}, which is no geometry of GeoJSON`,
        'correct it',
      );
    }
  }

  #addPolygon(parts: FeatureParts, value: unknown): void {
    const polygon: Polygon = this.#list(value, 'rings').map((ring) =>
      this.#checker.ring(this.#positions(ring)),
    );
    if (polygon.length > 0) parts.polygons.push(polygon);
  }

  #line(value: unknown): readonly Position[] {
    return this.#checker.line(this.#positions(value));
  }

  #point(value: unknown): Position {
    this.#checker.admitPositions(1);
    return this.#checker.point(this.#position(value));
  }

  #positions(value: unknown): Position[] {
    const positions = this.#list(value, 'positions');
    this.#checker.admitPositions(positions.length);
    return positions.map((position) => this.#position(position));
  }

  #position(value: unknown): Position {
    const [x, y] = this.#list(value, 'coordinates');
    if (typeof x !== 'number' || typeof y !== 'number') {
      throw invalidInput(this.#name, 'has a position that is not two numbers', 'correct it');
    }
    return [x, y];
  }

  #list(value: unknown, what: string): readonly unknown[] {
    if (!Array.isArray(value))
      throw invalidInput(this.#name, `has no list of ${what} where one belongs`, 'correct it');
    return value;
  }
}
