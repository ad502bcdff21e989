/** Geometries of any type as polygons: points and lines become rings without area. */
import { invalidInput, tooLarge } from '../errors.js';
import { validate } from '../json.js';
import { featuresOf, GeoJsonFeature } from '../vector/geojson.js';
import type { Polygon, Position, Ring } from '../vector/index.js';
import { addGeometry, type GeometrySink } from '../vector/json-geometry.js';
import { readWkb } from '../vector/wkb.js';

/** A GeoJSON geometry, Feature or FeatureCollection (RFC 7946). */
export interface GeoJsonObject {
  readonly type: string;
  readonly [member: string]: unknown;
}

/** Positions of a geometry. */
const MAX_POSITIONS = 4_000_000;

/**
 * The polygons of a geometry, a Feature or a FeatureCollection, in its own coordinates.
 * @param name the name in messages
 * @throws {TerrachipError} INVALID_INPUT, or TOO_LARGE above four million positions
 */
export function outlineOfGeoJson(document: unknown, name: string): Polygon[] {
  const outline = new Outline(name, true);
  for (const [feature] of featuresOf(document, name)) {
    const { geometry } = validate(GeoJsonFeature, feature, name);
    if (geometry) addGeometry(geometry, outline);
  }
  return outline.polygons;
}

/**
 * The polygons of a geometry in Well-Known Binary, whose rings are taken as they are.
 * @param name the name in messages
 * @throws {TerrachipError} INVALID_INPUT for damaged bytes, UNSUPPORTED for curves, TOO_LARGE
 */
export function outlineOfWkb(bytes: Uint8Array, name: string): Polygon[] {
  const outline = new Outline(name, false);
  readWkb(bytes, outline);
  return outline.polygons;
}

/** Gathers polygons. */
class Outline implements GeometrySink {
  readonly name: string;
  readonly polygons: Polygon[] = [];
  readonly #isStrict: boolean;
  #positions = 0;

  /** @param isStrict whether rings must be closed */
  constructor(name: string, isStrict: boolean) {
    this.name = name;
    this.#isStrict = isStrict;
  }

  admitPositions(count: number): void {
    this.#positions += count;
    if (this.#positions <= MAX_POSITIONS) return;
    throw tooLarge(`${this.name} has more than ${MAX_POSITIONS} positions`, 'simplify it', {
      size: this.#positions,
      limit: MAX_POSITIONS,
    });
  }

  addPoint(position: Position): void {
    this.polygons.push(pointOutline(this.#finite([position])[0]));
  }

  addLine(line: readonly Position[]): void {
    if (line.length === 1)
      throw invalidInput(this.name, 'has a line of fewer than two positions', 'correct it');
    if (line.length > 1) this.polygons.push(lineOutline(this.#finite(line)));
  }

  addPolygon(rings: readonly Ring[]): void {
    for (const ring of rings) {
      const [first, last] = [this.#finite(ring)[0], ring.at(-1)];
      const isClosed = ring.length >= 4 && first[0] === last?.[0] && first[1] === last[1];
      if (this.#isStrict && !isClosed) {
        throw invalidInput(
          this.name,
          'has a ring that is not closed or has fewer than four positions',
          'close its polygons',
        );
      }
    }
    if (rings.length > 0) this.polygons.push(rings);
  }

  #finite<Path extends readonly Position[]>(path: Path): Path {
    if (path.every(([x, y]) => Number.isFinite(x) && Number.isFinite(y))) return path;
    throw invalidInput(this.name, 'has a position that is not two numbers', 'correct it');
  }
}

/** A point as a ring without area. */
export function pointOutline(position: Position): Polygon {
  return [[position, position, position, position]];
}

/** A line as a ring that comes back the way it went. */
export function lineOutline(line: readonly Position[]): Polygon {
  const there = line.length === 2 ? [line[0], line[1], line[1]] : line;
  return [[...there, ...line.slice(0, -1).reverse()]];
}
