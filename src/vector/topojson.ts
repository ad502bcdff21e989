/** TopoJSON 1.0: features whose edges are shared arcs, delta-encoded where the topology is quantised. */
import * as v from 'valibot';
import { invalidInput } from '../errors.js';
import { AnyRecord, dictionary, validate } from '../json.js';
import {
  chooseLayer,
  type ParseVectorOptions,
  type Position,
  type VectorFeature,
  type VectorFeatures,
} from './features.js';
import { CrsMember, crsOfMember } from './geojson.js';
import { type FeatureParts, GeometryChecker } from './geometry-checker.js';

const Pair = v.strictTuple([v.number(), v.number()]);
const Properties = v.nullish(AnyRecord);
const Geometry = v.looseObject({ type: v.nullable(v.string()), properties: Properties });
const Topology = v.object({
  type: v.literal('Topology'),
  transform: v.optional(v.object({ scale: Pair, translate: Pair })),
  arcs: v.array(v.unknown()),
  objects: dictionary(v.string(), Geometry),
  crs: v.nullish(CrsMember),
});

type TopoGeometry = v.InferOutput<typeof Geometry>;

/** Collections inside collections. */
const MAX_DEPTH = 8;

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
  const reader = new TopologyReader(topology, checker);
  const object = topology.objects[layer];
  const members =
    object.type === 'GeometryCollection'
      ? validate(v.array(v.unknown()), object.geometries, `${name}: geometries`)
      : [object];
  const features: VectorFeature[] = [];
  for (const [k, member] of members.entries()) {
    checker.admitFeature();
    const feature = checker.read(`geometry ${k}`, (parts) => {
      const geometry = validate(Geometry, member, checker.name);
      reader.add(parts, geometry, 0);
      return geometry.properties ?? {};
    });
    if (feature !== null) features.push(feature);
  }
  return { name, layer, crs, features: checker.finish(features) };
}

class TopologyReader {
  readonly #checker: GeometryChecker;
  readonly #arcs: readonly unknown[];
  readonly #transform: v.InferOutput<typeof Topology>['transform'];
  readonly #decoded = new Map<number, readonly Position[]>();

  constructor({ arcs, transform }: v.InferOutput<typeof Topology>, checker: GeometryChecker) {
    this.#arcs = arcs;
    this.#transform = transform;
    this.#checker = checker;
  }

  add(parts: FeatureParts, { type, arcs, coordinates, geometries }: TopoGeometry, depth: number): void {
    if (type === null) return;
    if (type === 'Point') this.#addPoint(parts, coordinates);
    else if (type === 'MultiPoint') {
      for (const point of this.#list(coordinates)) this.#addPoint(parts, point);
    } else if (type === 'LineString') this.#checker.addLine(parts, this.#path(arcs));
    else if (type === 'MultiLineString') {
      for (const line of this.#list(arcs)) this.#checker.addLine(parts, this.#path(line));
    } else if (type === 'Polygon') this.#addPolygon(parts, arcs);
    else if (type === 'MultiPolygon') {
      for (const polygon of this.#list(arcs)) this.#addPolygon(parts, polygon);
    } else if (type === 'GeometryCollection' && depth < MAX_DEPTH) {
      const members = validate(v.array(Geometry), geometries, `${this.#checker.name}: geometries`);
      for (const member of members) this.add(parts, member, depth + 1);
    } else {
      throw this.#invalid(
        type === 'GeometryCollection'
          ? 'nests its geometries too deeply'
          : `holds a ${JSON.stringify(type)}, which is no geometry of TopoJSON`,
      );
    }
  }

  #addPolygon(parts: FeatureParts, value: unknown): void {
    const rings = this.#list(value).map((arcs) => {
      const ring = this.#path(arcs);
      const [first, last] = [ring[0], ring.at(-1)];
      // The arcs of another ring may be among them: joining its ends would make up an edge.
      if (first?.[0] !== last?.[0] || first?.[1] !== last?.[1]) {
        throw this.#invalid('has a ring that is not closed by its arcs');
      }
      return ring;
    });
    this.#checker.addPolygon(parts, rings);
  }

  /** The arcs of a line, end to end: the first position of each after the first repeats the last. */
  #path(value: unknown): readonly Position[] {
    const path: Position[] = [];
    for (const index of this.#list(value)) {
      if (typeof index !== 'number' || !Number.isInteger(index)) throw this.#invalid('names no arc');
      const arc = this.#arc(index < 0 ? ~index : index);
      if (arc.length < 2) throw this.#invalid('has an arc of fewer than two positions');
      this.#checker.admitPositions(arc.length);
      if (path.length > 0) path.pop();
      for (let k = 0; k < arc.length; k++) path.push(arc[index < 0 ? arc.length - 1 - k : k]);
    }
    return path;
  }

  /** A negative index is the arc of its complement, backwards. */
  #arc(index: number): readonly Position[] {
    const known = this.#decoded.get(index);
    if (known !== undefined) return known;
    const stored = this.#arcs[index];
    if (stored === undefined) throw this.#invalid(`has no arc ${index}, which a geometry names`);
    let [x, y] = [0, 0];
    const arc = this.#list(stored).map((pair): Position => {
      const [dx, dy] = this.#pair(pair);
      if (this.#transform === undefined) return [dx, dy];
      x += dx;
      y += dy;
      return this.#place([x, y]);
    });
    this.#decoded.set(index, arc);
    return arc;
  }

  /** An empty list stands for an empty point. */
  #addPoint(parts: FeatureParts, value: unknown): void {
    if (this.#list(value).length === 0) return;
    this.#checker.admitPositions(1);
    this.#checker.addPoint(parts, this.#place(this.#pair(value)));
  }

  #place([x, y]: Position): Position {
    if (this.#transform === undefined) return [x, y];
    const { scale, translate } = this.#transform;
    return [x * scale[0] + translate[0], y * scale[1] + translate[1]];
  }

  #pair(value: unknown): Position {
    const [x, y] = this.#list(value);
    if (typeof x !== 'number' || typeof y !== 'number') {
      throw this.#invalid('has a position that is not two numbers');
    }
    return [x, y];
  }

  #list(value: unknown): readonly unknown[] {
    if (!Array.isArray(value)) throw this.#invalid('has no list where one belongs');
    return value;
  }

  #invalid(problem: string): Error {
    return invalidInput(this.#checker.name, problem, 'correct it');
  }
}
