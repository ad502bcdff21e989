/**
 * GeoJSON (RFC 7946): areas with their properties. Only polygons are kept, since everything here asks what lies
 * inside; a file with lines or points is refused rather than silently emptied.
 */
import * as v from 'valibot';
import { invalidInput, TerrachipError } from '../errors.js';
import { Crs } from '../geo/index.js';
import { validate } from '../json.js';

/** x or longitude first. */
export type Position = readonly [number, number];

/** A closed ring; the last position repeats the first. */
export type Ring = readonly Position[];

/** An outer ring, then the rings of its holes. */
export type Polygon = readonly Ring[];

/** One or several polygons that belong together, with what the file says about them. */
export interface AreaFeature {
  readonly polygons: readonly Polygon[];
  readonly properties: Readonly<Record<string, unknown>>;
}

export interface AreaFeatures {
  /** The file they came from, for messages. */
  readonly name: string;
  readonly crs: Crs;
  readonly features: readonly AreaFeature[];
}

/** Positions of a document: four million are a continent's lakes; more is a mistake or an attack. */
const MAX_POSITIONS = 4_000_000;

/** Collections inside collections. */
const MAX_DEPTH = 8;

const CrsMember = v.object({
  type: v.literal('name', 'must be "name": links are not followed'),
  properties: v.object({ name: v.string() }),
});
const Geometry = v.looseObject({ type: v.string() });
const Feature = v.object({
  type: v.literal('Feature'),
  geometry: v.nullish(Geometry),
  properties: v.nullish(v.record(v.string(), v.unknown())),
});
const Document = v.looseObject({
  type: v.string('must be a GeoJSON type'),
  crs: v.nullish(CrsMember),
});

/**
 * Reads a FeatureCollection, a Feature or a geometry. Coordinates are longitude and latitude on WGS 84, unless an
 * old-style `crs` member names another system.
 * @param name the file, for messages
 * @throws {TerrachipError} INVALID_INPUT, or TOO_LARGE above four million positions
 */
export function parseGeoJson(document: unknown, name: string): AreaFeatures {
  const { type, crs: named, ...rest } = validate(Document, document, name);
  const crs = named === null || named === undefined ? Crs.wgs84 : parseCrs(named.properties.name, name);
  const reader = new GeometryReader(name, crs);
  const features: AreaFeature[] = [];
  const add = (feature: v.InferOutput<typeof Feature>): void => {
    const polygons = feature.geometry ? reader.read(feature.geometry, 0) : [];
    if (polygons.length > 0) features.push({ polygons, properties: feature.properties ?? {} });
  };
  if (type === 'FeatureCollection') {
    for (const feature of validate(v.array(Feature), rest.features, `${name}: features`)) add(feature);
  } else if (type === 'Feature') {
    add(validate(Feature, { type, ...rest }, name));
  } else {
    add({ type: 'Feature', geometry: { type, ...rest }, properties: null });
  }
  if (features.length === 0) throw invalidInput(name, 'holds no polygon', 'give polygons');
  return { name, crs, features };
}

function parseCrs(text: string, name: string): Crs {
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

class GeometryReader {
  readonly #name: string;
  readonly #crs: Crs;
  #positions = 0;

  constructor(name: string, crs: Crs) {
    this.#name = name;
    this.#crs = crs;
  }

  read(geometry: Readonly<Record<string, unknown>>, depth: number): Polygon[] {
    const { type, coordinates, geometries } = geometry;
    if (type === 'Polygon') return [this.#polygon(coordinates)];
    if (type === 'MultiPolygon') return this.#list(coordinates, 'polygons').map((p) => this.#polygon(p));
    if (type === 'GeometryCollection' && depth < MAX_DEPTH) {
      const members = validate(v.array(Geometry), geometries, `${this.#name}: geometries`);
      return members.flatMap((member) => this.read(member, depth + 1));
    }
    throw invalidInput(
      this.#name,
      type === 'GeometryCollection'
        ? 'nests its geometries too deeply'
        : `holds a ${String(type)}, which has no area`,
      'give polygons',
    );
  }

  #list(value: unknown, what: string): readonly unknown[] {
    if (!Array.isArray(value))
      throw invalidInput(this.#name, `has no list of ${what} where one belongs`, 'correct it');
    return value;
  }

  #polygon(value: unknown): Polygon {
    return this.#list(value, 'rings').map((ring) => this.#ring(ring));
  }

  #ring(value: unknown): Ring {
    const positions = this.#list(value, 'positions');
    this.#positions += positions.length;
    if (this.#positions > MAX_POSITIONS) {
      throw new TerrachipError(
        'TOO_LARGE',
        `${this.#name} has more than ${MAX_POSITIONS} positions`,
        'simplify it, or clip it to the map',
        { size: this.#positions, limit: MAX_POSITIONS },
      );
    }
    const ring = positions.map((position) => this.#position(position));
    const [first, last] = [ring[0], ring.at(-1)];
    if (
      first === undefined ||
      last === undefined ||
      ring.length < 4 ||
      first[0] !== last[0] ||
      first[1] !== last[1]
    ) {
      throw invalidInput(
        this.#name,
        'has a ring that is not closed or has fewer than four positions',
        'close its polygons',
      );
    }
    if (this.#crs.isGeographic) this.#requireWithinWorld(ring);
    return ring;
  }

  #position(value: unknown): Position {
    const [x, y] = this.#list(value, 'coordinates');
    if (typeof x !== 'number' || typeof y !== 'number' || !Number.isFinite(x) || !Number.isFinite(y)) {
      throw invalidInput(this.#name, 'has a position that is not two numbers', 'correct it');
    }
    return [x, y];
  }

  /** Longitudes jump at the antimeridian; RFC 7946 §3.1.9 asks for polygons to be cut there. */
  #requireWithinWorld(ring: Ring): void {
    for (const [k, [x, y]] of ring.entries()) {
      if (Math.abs(x) > 180 || Math.abs(y) > 90) {
        throw invalidInput(
          this.#name,
          `has the position ${x}, ${y}, which is no longitude and latitude`,
          'write it in degrees, longitude first, or name its system in a crs member',
        );
      }
      const jump = k === 0 ? 0 : Math.abs(x - ring[k - 1][0]);
      if (jump > 180 && jump < 360) {
        throw invalidInput(
          this.#name,
          `has an edge from longitude ${ring[k - 1][0]} to ${x}, across the antimeridian`,
          'cut its polygons there, as RFC 7946 asks',
        );
      }
    }
  }
}
