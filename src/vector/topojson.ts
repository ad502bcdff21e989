/** TopoJSON 1.0: features whose edges are shared arcs, delta-encoded where the topology is quantised. */
import * as v from 'valibot';
import { invalidInput } from '../errors.js';
import { AnyRecord, dictionary, validate } from '../json.js';
import { chooseLayer, type ParseVectorOptions, type Position, type VectorFeatures } from './features.js';
import { CrsMember, crsOfMember } from './geojson.js';
import { GeometryChecker } from './geometry-checker.js';
import { addGeometry, type GeometrySink, JsonGeometry, listOf, type Notation } from './json-geometry.js';

const Pair = v.strictTuple([v.number(), v.number()]);
const Geometry = v.looseObject({ ...JsonGeometry.entries, properties: v.nullish(AnyRecord) });
const Topology = v.object({
  type: v.literal('Topology'),
  transform: v.optional(v.object({ scale: Pair, translate: Pair })),
  arcs: v.array(v.unknown()),
  objects: dictionary(v.string(), Geometry),
  crs: v.nullish(CrsMember),
});

export function isTopology(document: unknown): boolean {
  return v.is(AnyRecord, document) && document.type === 'Topology';
}

/**
 * Reads one object of a topology; a GeometryCollection is a layer of features.
 * @param name the file, for messages
 * @throws {TerrachipError} INVALID_INPUT, INVALID_OPTION for several objects without a named layer, or
 * TOO_LARGE above four million positions, counting arcs each time they are used
 */
export function parseTopoJson(
  document: unknown,
  name: string,
  options: ParseVectorOptions = {},
): VectorFeatures {
  const topology = validate(Topology, document, name);
  const layer = chooseLayer(name, Object.keys(topology.objects), options);
  const crs = crsOfMember(topology.crs, name, options);
  const checker = new GeometryChecker(name, crs, options);
  const notation = arcNotation(topology);
  const object = topology.objects[layer];
  const members =
    object.type === 'GeometryCollection'
      ? validate(v.array(v.unknown()), object.geometries, `${name}: geometries`)
      : [object];
  for (const [k, member] of members.entries()) {
    checker.admitFeature();
    checker.read(`geometry ${k}`, () => {
      const { properties, ...geometry } = validate(Geometry, member, checker.name);
      if (geometry.type !== null) addGeometry(geometry, checker, notation);
      return properties ?? {};
    });
  }
  return { name, layer, crs, features: checker.finish() };
}

function arcNotation({ arcs, transform }: v.InferOutput<typeof Topology>): Notation {
  const decoded = new Map<number, readonly Position[]>();
  const place = ([x, y]: Position): Position => {
    if (transform === undefined) return [x, y];
    const { scale, translate } = transform;
    return [x * scale[0] + translate[0], y * scale[1] + translate[1]];
  };
  const decode = (index: number, sink: GeometrySink): readonly Position[] => {
    const stored = arcs[index];
    if (stored === undefined) throw invalid(sink, `has no arc ${index}, which a geometry names`);
    let [x, y] = [0, 0];
    return listOf(stored, 'positions', sink).map((value): Position => {
      const [dx, dy] = pair(value, sink);
      if (transform === undefined) return [dx, dy];
      x += dx;
      y += dy;
      return place([x, y]);
    });
  };
  /** The joined arcs of a line: the first position of each arc after the first repeats the last position before. */
  const line: Notation['line'] = (value, sink) => {
    const path: Position[] = [];
    for (const number of value) {
      if (typeof number !== 'number' || !Number.isInteger(number)) throw invalid(sink, 'names no arc');
      // A negative number is the reversed arc of its bitwise complement.
      const index = number < 0 ? ~number : number;
      const arc = decoded.get(index) ?? decode(index, sink);
      decoded.set(index, arc);
      if (arc.length < 2) throw invalid(sink, 'has an arc of fewer than two positions');
      sink.admitPositions(arc.length);
      if (path.length > 0) path.pop();
      for (let k = 0; k < arc.length; k++) path.push(arc[number < 0 ? arc.length - 1 - k : k]);
    }
    return path;
  };
  return {
    format: 'TopoJSON',
    member: 'arcs',
    point: (value, sink) => place(pair(value, sink)),
    line,
    ring(value, sink) {
      const ring = line(value, sink);
      const [first, last] = [ring[0], ring.at(-1)];
      // Arcs of another ring may be included: closing the ring would invent an edge.
      if (first?.[0] === last?.[0] && first?.[1] === last?.[1]) return ring;
      throw invalid(sink, 'has a ring that is not closed by its arcs');
    },
  };
}

function pair(value: unknown, sink: GeometrySink): Position {
  const [x, y] = listOf(value, 'coordinates', sink);
  if (typeof x === 'number' && typeof y === 'number') return [x, y];
  throw invalid(sink, 'has a position that is not two numbers');
}

function invalid({ name }: GeometrySink, problem: string): Error {
  return invalidInput(name, problem, 'correct it');
}
