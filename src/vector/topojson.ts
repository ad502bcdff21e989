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
  return (
    typeof document === 'object' && document !== null && 'type' in document && document.type === 'Topology'
  );
}

/**
 * Reads one object of a topology; a GeometryCollection is a layer of features.
 * @param name the file, for messages
 * @throws {TerrachipError} INVALID_INPUT, INVALID_OPTION where it holds several objects and no layer is named, or
 * TOO_LARGE above four million positions, arcs counted as often as they are used
 */
export function parseTopoJson(
  document: unknown,
  name: string,
  options: ParseVectorOptions = {},
): VectorFeatures {
  const topology = validate(Topology, document, name);
  const layer = chooseLayer(name, Object.keys(topology.objects), options.layer);
  const crs = crsOfMember(topology.crs, name, options);
  const checker = new GeometryChecker(name, crs, options);
  const notation = new ArcNotation(topology);
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

class ArcNotation implements Notation {
  readonly format = 'TopoJSON';
  readonly member = 'arcs';
  readonly #arcs: readonly unknown[];
  readonly #transform: v.InferOutput<typeof Topology>['transform'];
  readonly #decoded = new Map<number, readonly Position[]>();

  constructor({ arcs, transform }: v.InferOutput<typeof Topology>) {
    this.#arcs = arcs;
    this.#transform = transform;
  }

  point(value: readonly unknown[], sink: GeometrySink): Position {
    return this.#place(pair(value, sink));
  }

  ring(value: readonly unknown[], sink: GeometrySink): readonly Position[] {
    const ring = this.line(value, sink);
    const [first, last] = [ring[0], ring.at(-1)];
    // The arcs of another ring may be among them: joining its ends would make up an edge.
    if (first?.[0] === last?.[0] && first?.[1] === last?.[1]) return ring;
    throw invalid(sink, 'has a ring that is not closed by its arcs');
  }

  /** The arcs of a line, end to end: the first position of each after the first repeats the last. */
  line(value: readonly unknown[], sink: GeometrySink): readonly Position[] {
    const path: Position[] = [];
    for (const index of value) {
      if (typeof index !== 'number' || !Number.isInteger(index)) throw invalid(sink, 'names no arc');
      const arc = this.#arc(index < 0 ? ~index : index, sink);
      if (arc.length < 2) throw invalid(sink, 'has an arc of fewer than two positions');
      sink.admitPositions(arc.length);
      if (path.length > 0) path.pop();
      for (let k = 0; k < arc.length; k++) path.push(arc[index < 0 ? arc.length - 1 - k : k]);
    }
    return path;
  }

  /** A negative index is the arc of its complement, backwards. */
  #arc(index: number, sink: GeometrySink): readonly Position[] {
    const known = this.#decoded.get(index);
    if (known !== undefined) return known;
    const stored = this.#arcs[index];
    if (stored === undefined) throw invalid(sink, `has no arc ${index}, which a geometry names`);
    let [x, y] = [0, 0];
    const arc = listOf(stored, 'positions', sink).map((value): Position => {
      const [dx, dy] = pair(value, sink);
      if (this.#transform === undefined) return [dx, dy];
      x += dx;
      y += dy;
      return this.#place([x, y]);
    });
    this.#decoded.set(index, arc);
    return arc;
  }

  #place([x, y]: Position): Position {
    if (this.#transform === undefined) return [x, y];
    const { scale, translate } = this.#transform;
    return [x * scale[0] + translate[0], y * scale[1] + translate[1]];
  }
}

function pair(value: unknown, sink: GeometrySink): Position {
  const [x, y] = listOf(value, 'coordinates', sink);
  if (typeof x === 'number' && typeof y === 'number') return [x, y];
  throw invalid(sink, 'has a position that is not two numbers');
}

function invalid({ name }: GeometrySink, problem: string): Error {
  return invalidInput(name, problem, 'correct it');
}
