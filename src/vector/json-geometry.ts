/** Geometries in JSON: those of GeoJSON, which lists positions, and of TopoJSON, which names arcs. */
import * as v from 'valibot';
import { invalidInput } from '../errors.js';
import { validate } from '../json.js';
import type { Position } from './features.js';
import type { GeometryChecker } from './geometry-checker.js';

/** Receives the parts of a geometry from a reader. */
export type GeometrySink = Pick<
  GeometryChecker,
  'name' | 'admitPositions' | 'addPoint' | 'addLine' | 'addPolygon'
>;

/** How a format writes points, lines and rings. */
export interface Notation {
  readonly format: string;
  /** The member of a geometry that holds its lines and rings. */
  readonly member: 'coordinates' | 'arcs';
  point(value: readonly unknown[], sink: GeometrySink): Position;
  line(value: readonly unknown[], sink: GeometrySink): readonly Position[];
  ring(value: readonly unknown[], sink: GeometrySink): readonly Position[];
}

/** Nesting depth of collections, in any format. */
export const MAX_DEPTH = 8;

export const JsonGeometry = v.looseObject({ type: v.nullable(v.string()) });
const Geometries = v.array(JsonGeometry);

/**
 * Passes the parts of a geometry to a sink. Empty lists mean empty geometries (RFC 7946 §3.1).
 * @throws {TerrachipError} INVALID_INPUT for anything but a geometry
 */
export function addGeometry(
  geometry: v.InferOutput<typeof JsonGeometry>,
  sink: GeometrySink,
  notation: Notation = GEOJSON,
  depth = 0,
): void {
  const { type, coordinates, geometries, [notation.member]: paths } = geometry;
  const point = (value: unknown): void => {
    const numbers = listOf(value, 'coordinates', sink);
    if (numbers.length === 0) return;
    sink.admitPositions(1);
    sink.addPoint(notation.point(numbers, sink));
  };
  const line = (value: unknown): void => sink.addLine(notation.line(listOf(value, 'positions', sink), sink));
  const polygon = (value: unknown): void =>
    sink.addPolygon(
      listOf(value, 'rings', sink).map((ring) => notation.ring(listOf(ring, 'positions', sink), sink)),
    );
  if (type === 'Point') point(coordinates);
  else if (type === 'MultiPoint') listOf(coordinates, 'points', sink).forEach(point);
  else if (type === 'LineString') line(paths);
  else if (type === 'MultiLineString') listOf(paths, 'lines', sink).forEach(line);
  else if (type === 'Polygon') polygon(paths);
  else if (type === 'MultiPolygon') listOf(paths, 'polygons', sink).forEach(polygon);
  else if (type === 'GeometryCollection' && depth < MAX_DEPTH) {
    const members = validate(Geometries, geometries, `${sink.name}: geometries`);
    for (const member of members) addGeometry(member, sink, notation, depth + 1);
  } else {
    throw invalidInput(
      sink.name,
      type === 'GeometryCollection'
        ? 'nests its geometries too deeply'
        : `holds a ${JSON.stringify(type)}, which is no geometry of ${notation.format}`,
      'correct it',
    );
  }
}

/** @throws {TerrachipError} INVALID_INPUT for anything but a list */
export function listOf(value: unknown, what: string, { name }: GeometrySink): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw invalidInput(name, `has no list of ${what} where one belongs`, 'correct it');
}

const GEOJSON: Notation = {
  format: 'GeoJSON',
  member: 'coordinates',
  point: positionOf,
  line: pathOf,
  ring: pathOf,
};

function pathOf(positions: readonly unknown[], sink: GeometrySink): Position[] {
  sink.admitPositions(positions.length);
  return positions.map(positionOf);
}

/** Two numbers, without heights and measures; NaN for other values. */
function positionOf(value: unknown): Position {
  const [x, y]: readonly unknown[] = Array.isArray(value) ? value : [];
  return [typeof x === 'number' ? x : Number.NaN, typeof y === 'number' ? y : Number.NaN];
}
