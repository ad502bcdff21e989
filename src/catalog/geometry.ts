/** GeoJSON geometries of any type as polygons: points and lines become rings without area. */
import { invalidInput, TerrachipError } from '../errors.js';
import type { Polygon, Position, Ring } from '../vector/index.js';

/** A GeoJSON geometry, Feature or FeatureCollection (RFC 7946). */
export interface GeoJsonObject {
  readonly type: string;
  readonly [member: string]: unknown;
}

const MAX_POSITIONS = 4_000_000;

/** Nested collections. */
const MAX_DEPTH = 8;

/**
 * The polygons of a geometry, a Feature or a FeatureCollection, in its own coordinates.
 * @param name the name in messages
 * @throws {TerrachipError} INVALID_INPUT, or TOO_LARGE above four million positions
 */
export function outlineOfGeoJson(document: unknown, name: string): Polygon[] {
  return new OutlineReader(name).read(document, 0);
}

class OutlineReader {
  readonly #name: string;
  #positions = 0;

  constructor(name: string) {
    this.#name = name;
  }

  read(document: unknown, depth: number): Polygon[] {
    if (typeof document !== 'object' || document === null || !('type' in document) || depth > MAX_DEPTH)
      throw invalidInput(this.#name, 'is not a GeoJSON geometry', 'give one as RFC 7946 defines it');
    const { type, coordinates, geometries, geometry, features } = document as GeoJsonObject;
    switch (type) {
      case 'Polygon':
        return this.#polygon(coordinates);
      case 'MultiPolygon':
        return this.#list(coordinates).flatMap((polygon) => this.#polygon(polygon));
      case 'Point':
        return [pointOutline(this.#position(coordinates))];
      case 'MultiPoint':
        return this.#list(coordinates).map((position) => pointOutline(this.#position(position)));
      case 'LineString':
        return [lineOutline(this.#line(coordinates))];
      case 'MultiLineString':
        return this.#list(coordinates).map((line) => lineOutline(this.#line(line)));
      case 'GeometryCollection':
        return this.#list(geometries).flatMap((member) => this.read(member, depth + 1));
      case 'Feature':
        return geometry === null ? [] : this.read(geometry, depth + 1);
      case 'FeatureCollection':
        return this.#list(features).flatMap((feature) => this.read(feature, depth + 1));
      default:
        throw invalidInput(this.#name, `has the unknown type "${type}"`, 'give a type of RFC 7946');
    }
  }

  #list(value: unknown): readonly unknown[] {
    if (!Array.isArray(value))
      throw invalidInput(this.#name, 'has no list where GeoJSON needs one', 'correct it');
    return value;
  }

  /** Empty for a polygon without rings, which GeoJSON allows (RFC 7946, section 3.1). */
  #polygon(value: unknown): Polygon[] {
    const rings = this.#list(value).map((ring) => this.#ring(ring));
    return rings.length === 0 ? [] : [rings];
  }

  #line(value: unknown): Position[] {
    const positions = this.#list(value).map((position) => this.#position(position));
    if (positions.length < 2)
      throw invalidInput(this.#name, 'has a line of fewer than two positions', 'correct it');
    return positions;
  }

  #ring(value: unknown): Ring {
    const ring = this.#list(value).map((position) => this.#position(position));
    const [first, last] = [ring[0], ring.at(-1)];
    if (ring.length < 4 || first[0] !== last?.[0] || first[1] !== last[1]) {
      throw invalidInput(
        this.#name,
        'has a ring that is not closed or has fewer than four positions',
        'close its polygons',
      );
    }
    return ring;
  }

  #position(value: unknown): Position {
    const [x, y] = this.#list(value);
    if (typeof x !== 'number' || typeof y !== 'number' || !Number.isFinite(x) || !Number.isFinite(y))
      throw invalidInput(this.#name, 'has a position that is not two numbers', 'correct it');
    if (++this.#positions > MAX_POSITIONS) {
      throw new TerrachipError(
        'TOO_LARGE',
        `${this.#name} has more than ${MAX_POSITIONS} positions`,
        'simplify it',
        { size: this.#positions, limit: MAX_POSITIONS },
      );
    }
    return [x, y];
  }
}

/** A point as a ring without area. */
export function pointOutline(position: Position): Polygon {
  return [[position, position, position, position]];
}

/** A line as a ring that runs to its end and back. */
export function lineOutline(line: readonly Position[]): Polygon {
  const forth = line.length === 2 ? [line[0], line[1], line[1]] : line;
  return [[...forth, ...line.slice(0, -1).reverse()]];
}
