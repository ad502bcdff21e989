import { invalidInput } from '../errors.js';
import { Crs, type CrsTransform, createTransform } from './crs.js';
import { middleOf, turnOf } from './domain.js';

/** `[minX, minY, maxX, maxY]`, x or longitude first. */
export type Bounds = readonly [number, number, number, number];

/**
 * Returns valid bounds unchanged.
 * @param name of the bounds, for the message
 * @throws {TerrachipError} INVALID_INPUT unless the four numbers are finite and enclose an area
 */
export function checkBounds(bounds: Bounds, name = 'the bounds'): Bounds {
  const [minX, minY, maxX, maxY] = bounds;
  if (bounds.length !== 4 || !bounds.every(Number.isFinite) || minX >= maxX || minY >= maxY) {
    throw invalidInput(
      `${name} [${bounds.join(', ')}]`,
      'do not enclose an area',
      'give them as minimum x, minimum y, maximum x, maximum y',
    );
  }
  return bounds;
}

/** The smallest bounds that contain both. */
export function unionBounds(a: Bounds, b: Bounds): Bounds {
  return [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])];
}

/** Whether bounds contain others; their sides may touch. */
export function boxCovers(outer: Bounds, inner: Bounds): boolean {
  return outer[0] <= inner[0] && outer[1] <= inner[1] && outer[2] >= inner[2] && outer[3] >= inner[3];
}

/** The intersection of two bounds; null when it has no area. */
export function intersectBounds(a: Bounds, b: Bounds): Bounds | null {
  const common: Bounds = [
    Math.max(a[0], b[0]),
    Math.max(a[1], b[1]),
    Math.min(a[2], b[2]),
    Math.min(a[3], b[3]),
  ];
  return common[0] < common[2] && common[1] < common[3] ? common : null;
}

/** The bounds of all points of some paths; infinite, with the minimum above the maximum, without points. */
export function boundsOfPaths(paths: Iterable<readonly (readonly [number, number])[]>): Bounds {
  let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const path of paths) {
    for (const [x, y] of path) {
      x0 = Math.min(x0, x);
      y0 = Math.min(y0, y);
      x1 = Math.max(x1, x);
      y1 = Math.max(y1, y);
    }
  }
  return [x0, y0, x1, y1];
}

/** Points along the outline of a rectangle, counter-clockwise from the lower left; the ring is not closed. */
export function outline(bounds: Bounds, pointsPerEdge: number): [number, number][] {
  const [x0, y0, x1, y1] = bounds;
  const points: [number, number][] = [];
  const n = Math.max(1, pointsPerEdge);
  for (let i = 0; i < n; i++) points.push([x0 + ((x1 - x0) * i) / n, y0]);
  for (let i = 0; i < n; i++) points.push([x1, y0 + ((y1 - y0) * i) / n]);
  for (let i = 0; i < n; i++) points.push([x1 - ((x1 - x0) * i) / n, y1]);
  for (let i = 0; i < n; i++) points.push([x0, y1 - ((y1 - y0) * i) / n]);
  return points;
}

/** Steps of half a degree: near a pole, where parallels curve most, the chord error is 1e-5 of the distance to it. */
function stepsAlong(degrees: number): number {
  return Math.ceil(2 * Math.min(360, degrees));
}

/** Steps along an edge before it is transformed: the error of curved edges is then below a pixel. */
export const DENSIFY_POINTS = 21;

/** Relative distance within which a point counts as on a side or at a pole. */
const ON_EDGE = 1e-9;

/**
 * The bounds of a rectangle in another CRS. The outline is densified, and the inside is sampled on a coarse grid, since
 * an extreme can be inside. Points outside the target's domain are skipped; the edge of the domain is found by
 * bisection. A rectangle that contains a pole has longitudes -180 to 180.
 * @param bounds in degrees, a west greater than the east crosses the antimeridian, and latitudes are clipped at the poles
 * @param densify steps along an edge (default 21)
 * @returns in degrees, the west is from -180 to 180, and the east is above 180 across the antimeridian, as in
 *   [179.2, -18, 180.3, -17]. x of cylindrical projections continues beyond the edge of the world in the same way
 * @throws {TerrachipError} INVALID_INPUT when no point can be transformed.
 */
export function transformBounds(bounds: Bounds, from: Crs, to: Crs, densify = DENSIFY_POINTS): Bounds {
  const area = unwrapBounds(bounds, from);
  const transform = createTransform(from, to);
  if (transform.isIdentity) return area;
  const [x0, y0, x1, y1] = from.isGeographic ? withinPoles(area) : area;
  const turn = turnOf(to);
  const extent = new Extent(transform, turn);
  const middle = (x0 + x1) / 2;
  let trunk = extent.at(middle, y0);
  // An even number, so that one row goes through the middle, where many shapes are widest.
  const rows = 2 * Math.ceil(Math.max(densify, from.isGeographic ? stepsAlong(y1 - y0) : 0) / 2);
  for (let j = 0; j <= rows; j++) {
    const y = y0 + ((y1 - y0) * j) / rows;
    trunk = extent.follow(trunk, [middle, y]);
    const isEdge = j === 0 || j === rows;
    const steps = Math.max(densify, isEdge && from.isGeographic ? stepsAlong(x1 - x0) : 0);
    const half = Math.ceil(steps / 2);
    for (const side of [x0, x1]) {
      let point = trunk;
      for (let i = 1; i <= half; i++) {
        point = extent.follow(point, [middle + ((side - middle) * i) / half, y]);
      }
    }
  }
  if (!from.isGeographic) addPoles(extent, [x0, y0, x1, y1], createTransform(to, from), turn);
  const result = extent.bounds(middleOf(to) - turn / 2);
  if (result !== null) return result;
  throw invalidInput(
    `the bounds [${bounds.join(', ')}] in ${from}`,
    `lie outside the domain of ${to}`,
    'choose a coordinate reference system that covers the area',
  );
}

/**
 * Adds 360 to the east of bounds in degrees that cross the antimeridian (or longitude 0, for longitudes up to 360): their
 * west is greater than their east. Returns other bounds unchanged, also those with swapped sides on one hemisphere.
 */
export function unwrapBounds(bounds: Bounds, crs: Crs): Bounds {
  const [west, south, east, north] = bounds;
  const crosses = crs.isGeographic && west > east && (west > 180 || (west >= 0 && east <= 0));
  return crosses ? [west, south, east + 360, north] : bounds;
}

/** Bounds shifted by whole periods of x so that their middle is nearest to that of `reference`. */
export function nearestTurn(bounds: Bounds, reference: Bounds, crs: Crs): Bounds {
  const turn = turnOf(crs);
  if (turn === 0) return bounds;
  const [x0, y0, x1, y1] = bounds;
  const shift = turn * Math.round((reference[0] + reference[2] - x0 - x1) / 2 / turn);
  return [x0 + shift, y0, x1 + shift, y1];
}

/** Clips bounds in degrees: grids may extend half a pixel beyond a pole, and beyond 360° of longitude. */
function withinPoles([west, south, east, north]: Bounds): Bounds {
  return [west, Math.max(-90, south), Math.min(east, west + 360), Math.min(90, north)];
}

/** Adds the poles inside projected bounds, which sampling misses. */
function addPoles(extent: Extent, bounds: Bounds, back: CrsTransform, turn: number): void {
  const { to: map, from: target } = back;
  const [x0, y0, x1, y1] = bounds;
  const margin = ON_EDGE * (x1 - x0 + y1 - y0);
  const depthOf = ([x, y]: readonly [number, number]): number => Math.min(x - x0, x1 - x, y - y0, y1 - y);
  const toMap = createTransform(Crs.wgs84, map);
  const toTarget = createTransform(Crs.wgs84, target);
  for (const latitude of [-90, 90]) {
    const images = [0, 90, 180, -90].map((longitude) => toMap.forward(longitude, latitude));
    // NaN, for a pole outside the projection's domain, is not inside.
    if (!(depthOf(images[0]) >= -margin)) continue;
    // Some projections show a pole as a line.
    const isPoint = images.every(([x, y]) => Math.hypot(x - images[0][0], y - images[0][1]) <= margin);
    for (let longitude = -180; isPoint && longitude <= 180; longitude += 15) {
      const [x, y] = target.isGeographic ? [Number.NaN, latitude] : toTarget.forward(longitude, latitude);
      extent.add(turn === 0 ? x : Number.NaN, y);
    }
    if (isPoint && depthOf(images[0]) > margin) extent.wholeTurn = turn !== 0;
  }
}

/** A point of a rectangle and its position in the target CRS; NaN outside its domain. */
interface Followed {
  readonly source: readonly [x: number, y: number];
  readonly x: number;
  readonly y: number;
}

/** Relative shortfall up to which an extent counts as a whole turn. Positions on a cut are moved inside by less. */
const NEARLY_ALL = 1e-6;

/** Halvings of one step at most (its ends are then one point in float64), and in total. */
const MAX_HALVINGS = 50;
const MAX_CUTS = 10_000;

/** Extent of the points added so far. A periodic x is unwrapped from point to point. */
class Extent {
  readonly #forward: CrsTransform['forward'];
  readonly #toGeographic: boolean;
  readonly #turn: number;
  /** Longer steps in x are halved: they cross a cut of the projection, or pass a pole. */
  readonly #longest: number;
  #cuts = 0;
  readonly #x = { low: Infinity, high: -Infinity };
  readonly #y = { low: Infinity, high: -Infinity };
  /** x of the last point inside the domain. */
  #last = Number.NaN;
  /** Whether the extent covers all longitudes. */
  wholeTurn = false;

  constructor({ forward, to }: CrsTransform, turn: number) {
    this.#forward = forward;
    this.#toGeographic = to.isGeographic;
    this.#turn = turn;
    this.#longest = turn === 0 ? to.projection.a / (2 * (to.metresPerUnit ?? 1)) : turn / 4;
  }

  add(x: number, y: number): void {
    if (x < this.#x.low) this.#x.low = x;
    if (x > this.#x.high) this.#x.high = x;
    if (y < this.#y.low) this.#y.low = y;
    if (y > this.#y.high) this.#y.high = y;
  }

  /** Adds a point. */
  at(x: number, y: number): Followed {
    return this.#add(this.#place([x, y], Number.NaN));
  }

  /** Adds the segment from a point to another, halved where it is long. */
  follow(from: Followed, to: readonly [number, number], halvings = 0): Followed {
    const next = this.#place(to, from.x);
    const isLong = Math.abs(next.x - from.x) > this.#longest;
    if (isLong && halvings < MAX_HALVINGS && this.#cuts++ < MAX_CUTS) {
      const middle = this.follow(from, halfway(from.source, to), halvings + 1);
      return this.follow(middle, to, halvings + 1);
    }
    if (Number.isNaN(next.x) !== Number.isNaN(from.x)) this.#findEdge(from, next);
    return this.#add(next);
  }

  /** Bisects towards the edge of the domain between a point inside and a point outside. */
  #findEdge(from: Followed, to: Followed): void {
    let [inside, outside] = Number.isNaN(from.x) ? [this.#add(to), from] : [from, to];
    for (let step = 0; step < MAX_HALVINGS; step++) {
      const middle = this.#place(halfway(inside.source, outside.source), inside.x);
      if (Number.isNaN(middle.x) || this.#isEndless(middle)) outside = middle;
      else inside = this.#add(middle);
    }
  }

  /** Mercator is unbounded in y: it is cut where the world is as high as it is wide. */
  #isEndless({ y }: Followed): boolean {
    return !this.#toGeographic && this.#turn !== 0 && Math.abs(y) > this.#turn / 2;
  }

  /** @param neighbour x of a neighbouring point; NaN for none */
  #place(source: readonly [number, number], neighbour: number): Followed {
    const [x, y] = this.#forward(source[0], source[1]);
    // The longitude of a pole is arbitrary.
    if (this.#toGeographic && Math.abs(y) > 90 - ON_EDGE) {
      this.add(Number.NaN, y);
      return { source, x: Number.NaN, y: Number.NaN };
    }
    const near = Number.isNaN(neighbour) ? this.#last : neighbour;
    const turns = this.#turn === 0 || Number.isNaN(near) ? 0 : Math.round((x - near) / this.#turn);
    return { source, x: turns === 0 ? x : x - turns * this.#turn, y };
  }

  #add(point: Followed): Followed {
    if (Number.isNaN(point.x)) return point;
    this.#last = point.x;
    this.add(point.x, point.y);
    return point;
  }

  /**
   * The bounds; null when no point was inside the domain.
   * @param start the lowest value of a periodic x
   */
  bounds(start: number): Bounds | null {
    let [x0, x1] = [this.#x.low, this.#x.high];
    const turn = this.#turn;
    let [y0, y1] = [this.#y.low, this.#y.high];
    if (y0 > y1 || (x0 > x1 && !this.wholeTurn)) return null;
    if (turn !== 0) {
      const rounding = ON_EDGE * turn;
      if (this.wholeTurn && !this.#toGeographic) [y0, y1] = [Math.max(y0, -turn / 2), Math.min(y1, turn / 2)];
      if (this.wholeTurn || x1 - x0 >= turn * (1 - NEARLY_ALL)) return [start, y0, start + turn, y1];
      const turns = Math.floor((x0 - start + rounding) / turn);
      [x0, x1] = [Math.max(start, x0 - turns * turn), x1 - turns * turn];
      if (Math.abs(x1 - start - turn) <= rounding) x1 = start + turn;
    }
    return [x0, y0, x1, y1];
  }
}

function halfway([x, y]: readonly [number, number], [u, v]: readonly [number, number]): [number, number] {
  return [(x + u) / 2, (y + v) / 2];
}
