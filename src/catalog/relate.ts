/**
 * Spatial predicates of two polygons, from the pieces into which the boundary of one cuts the boundary of the other (as
 * in DE-9IM, Egenhofer and Franzosa 1991, doi:10.1080/02693799108927841). Points and lines are rings without area (a
 * line runs forth and back) that consist of their boundary.
 */
import { boxCovers } from '../geo/bounds.js';
import type { Bounds } from '../geo/index.js';
import type { Polygon, Position } from '../vector/index.js';
import { boxOf } from './boxes.js';

/** A polygon with its edges in one array. */
export class PreparedPolygon {
  readonly polygon: Polygon;
  readonly box: Bounds;
  /** `x0, y0, x1, y1` of each edge. */
  readonly edges: Float64Array;
  #inside: readonly [number, number] | null | undefined;

  constructor(polygon: Polygon, box: Bounds) {
    this.polygon = polygon;
    this.box = box;
    this.edges = edgesOf(polygon);
  }

  /** Whether it fills its box. */
  get isRectangle(): boolean {
    const { edges } = this;
    const [x0, y0, x1, y1] = this.box;
    if (edges.length !== 16 || x0 === x1 || y0 === y1) return false;
    for (let k = 0; k < 16; k += 4) {
      const isCorner = (edges[k] === x0 || edges[k] === x1) && (edges[k + 1] === y0 || edges[k + 1] === y1);
      if (!isCorner || (edges[k] !== edges[k + 2] && edges[k + 1] !== edges[k + 3])) return false;
    }
    return true;
  }

  /** A position strictly inside the polygon; null for a polygon without area. */
  get inside(): readonly [number, number] | null {
    if (this.#inside === undefined) this.#inside = interiorPosition(this.edges);
    return this.#inside;
  }
}

/** Prepares the polygons of an outline, without empty ones. */
export function preparePolygons(polygons: readonly Polygon[]): PreparedPolygon[] {
  return polygons.flatMap((polygon) => {
    const box = boxOf([polygon]);
    return box === null ? [] : [new PreparedPolygon(polygon, box)];
  });
}

/** Whether a polygon has no area. */
export function isFlat(polygon: Polygon): boolean {
  return preparePolygons([polygon]).every(({ inside }) => inside === null);
}

/**
 * Whether the interiors of two outlines intersect; with `touch`, whether the outlines do. Points and lines along the
 * antimeridian or at a pole, where outlines are cut, intersect what they touch.
 */
export function outlinesIntersect(
  a: readonly PreparedPolygon[],
  b: readonly PreparedPolygon[],
  touch: boolean,
): boolean {
  return a.some((p) => b.some((q) => polygonsIntersect(p, q, touch)));
}

/** Whether a polygon has no position outside another; their boundaries may touch. */
export function polygonCovers(outer: PreparedPolygon, inner: PreparedPolygon): boolean {
  if (!boxCovers(outer.box, inner.box)) return false;
  const cut = cutBoundary(inner, outer);
  if (cut.outside) return false;
  // The whole boundary is on the other's: the same polygon, or a hole.
  if (!cut.inside && inner.inside !== null && !isInside(outer.edges, ...inner.inside)) return false;
  // A hole of the outer polygon may be inside the inner one.
  return !cutBoundary(outer, inner).inside;
}

/** Whether each polygon of an outline is inside one of another. */
export function outlineCovers(outer: readonly PreparedPolygon[], inner: readonly PreparedPolygon[]): boolean {
  return inner.every((part) => outer.some((polygon) => polygonCovers(polygon, part)));
}

/** The pieces of the edges of a point or line strictly inside a polygon, in order. */
export function piecesInside(line: PreparedPolygon, area: PreparedPolygon): [Position, Position][] {
  const pieces: [Position, Position][] = [];
  const { edges } = line;
  for (let k = 0; k < edges.length; k += 4) {
    const [x0, y0, x1, y1] = [edges[k], edges[k + 1], edges[k + 2], edges[k + 3]];
    const marks = [0, 1];
    for (let e = 0; e < area.edges.length; e += 4) {
      const [ax, ay, bx, by] = area.edges.subarray(e, e + 4);
      const [p, q] = [turn(ax, ay, bx, by, x0, y0), turn(ax, ay, bx, by, x1, y1)];
      if (p !== q && p / (p - q) > 0 && p / (p - q) < 1) marks.push(p / (p - q));
    }
    marks.sort((p, q) => p - q);
    const at = (share: number): Position =>
      share === 0 ? [x0, y0] : share === 1 ? [x1, y1] : [x0 + share * (x1 - x0), y0 + share * (y1 - y0)];
    for (const [m, to] of marks.slice(1).entries()) {
      const [x, y] = at((marks[m] + to) / 2);
      if (to > marks[m] && isInside(area.edges, x, y)) pieces.push([at(marks[m]), at(to)]);
    }
  }
  return pieces;
}

function polygonsIntersect(a: PreparedPolygon, b: PreparedPolygon, touch: boolean): boolean {
  if (!boxesTouch(a.box, b.box)) return false;
  const ofA = cutBoundary(a, b);
  const mayTouch = touch || isOnSeam(a.box) || isOnSeam(b.box);
  if (ofA.inside || (mayTouch && ofA.contact)) return true;
  const ofB = cutBoundary(b, a);
  if (ofB.inside) return true;
  if (a.inside === null && b.inside === null) return ofA.contact;
  // Left are polygons beside each other, and equal polygons with different vertices.
  if (!ofA.outside && a.inside !== null) return isInside(b.edges, ...a.inside);
  if (!ofB.outside && b.inside !== null) return isInside(a.edges, ...b.inside);
  return false;
}

function isOnSeam([x0, y0, x1, y1]: Bounds): boolean {
  return (x0 === x1 && Math.abs(x0) === 180) || (y0 === y1 && Math.abs(y0) === 90);
}

export function boxesTouch(a: Bounds, b: Bounds): boolean {
  return a[0] <= b[2] && a[1] <= b[3] && a[2] >= b[0] && a[3] >= b[1];
}

/** Whether the boundary of one polygon is somewhere strictly inside another, strictly outside, or on its boundary. */
interface BoundaryCut {
  inside: boolean;
  outside: boolean;
  contact: boolean;
}

function cutBoundary(a: PreparedPolygon, b: PreparedPolygon): BoundaryCut {
  const cut: BoundaryCut = { inside: false, outside: false, contact: false };
  const { edges } = a;
  /** Whether the previous edge ended inside; null if it ended on the boundary. */
  let side: boolean | null = null;
  for (let k = 0; k < edges.length && !(cut.inside && cut.outside); k += 4) {
    const [x0, y0, x1, y1] = [edges[k], edges[k + 1], edges[k + 2], edges[k + 3]];
    if (k === 0 || edges[k - 2] !== x0 || edges[k - 1] !== y0) side = null;
    const cuts = cutEdge(b.edges, x0, y0, x1, y1);
    if (cuts === 'crossed') {
      return { inside: b.inside !== null || a.inside === null, outside: true, contact: true };
    }
    if (cuts === null) {
      side ??= isInside(b.edges, (x0 + x1) / 2, (y0 + y1) / 2);
      if (side) cut.inside = true;
      else cut.outside = true;
      continue;
    }
    cut.contact = true;
    side = null;
    for (const [from, to] of piecesBetween(cuts)) {
      const at = (from + to) / 2;
      if (isInside(b.edges, x0 + at * (x1 - x0), y0 + at * (y1 - y0))) cut.inside = true;
      else cut.outside = true;
    }
  }
  return cut;
}

/** Contacts of an edge with a boundary, as shares of its length: positions that touch, and parts on the boundary. */
interface EdgeCuts {
  readonly touches: number[];
  readonly shared: [number, number][];
}

/** Null without contact; `crossed` if the edge crosses the boundary between two vertices. */
function cutEdge(
  boundary: Float64Array,
  x0: number,
  y0: number,
  x1: number,
  y1: number,
): EdgeCuts | 'crossed' | null {
  const [left, right] = x0 < x1 ? [x0, x1] : [x1, x0];
  const [low, high] = y0 < y1 ? [y0, y1] : [y1, y0];
  const [dx, dy] = [x1 - x0, y1 - y0];
  const share = (x: number, y: number): number =>
    Math.abs(dx) > Math.abs(dy) ? (x - x0) / dx : dy === 0 ? 0 : (y - y0) / dy;
  let cuts: EdgeCuts | null = null;
  for (let k = 0; k < boundary.length; k += 4) {
    const bx0 = boundary[k];
    const bx1 = boundary[k + 2];
    if ((bx0 < left && bx1 < left) || (bx0 > right && bx1 > right)) continue;
    const by0 = boundary[k + 1];
    const by1 = boundary[k + 3];
    if ((by0 < low && by1 < low) || (by0 > high && by1 > high)) continue;
    const p = turn(bx0, by0, bx1, by1, x0, y0);
    const q = turn(bx0, by0, bx1, by1, x1, y1);
    if ((p > 0 && q > 0) || (p < 0 && q < 0)) continue;
    const r = turn(x0, y0, x1, y1, bx0, by0);
    const s = turn(x0, y0, x1, y1, bx1, by1);
    if ((r > 0 && s > 0) || (r < 0 && s < 0)) continue;
    if (p !== 0 && q !== 0 && r !== 0 && s !== 0) return 'crossed';
    cuts ??= { touches: [], shared: [] };
    if (p === 0 && q === 0 && r === 0 && s === 0) {
      const ends = [share(bx0, by0), share(bx1, by1)].map((t) => Math.min(1, Math.max(0, t)));
      if (dx === 0 && dy === 0) cuts.shared.push([0, 1]);
      else cuts.shared.push([Math.min(...ends), Math.max(...ends)]);
      continue;
    }
    if (p === 0) cuts.touches.push(0);
    if (q === 0) cuts.touches.push(1);
    if (r === 0 && isBetween(left, low, right, high, bx0, by0)) cuts.touches.push(share(bx0, by0));
    if (s === 0 && isBetween(left, low, right, high, bx1, by1)) cuts.touches.push(share(bx1, by1));
  }
  return cuts;
}

function isBetween(left: number, low: number, right: number, high: number, x: number, y: number): boolean {
  return x >= left && x <= right && y >= low && y <= high;
}

/** The pieces of an edge between contacts that are not on the boundary. */
function piecesBetween({ touches, shared }: EdgeCuts): [number, number][] {
  const marks = [0, 1, ...touches, ...shared.flat()].sort((p, q) => p - q);
  const pieces: [number, number][] = [];
  for (const [k, to] of marks.slice(1).entries()) {
    const from = marks[k];
    const middle = (from + to) / 2;
    if (to > from && !shared.some(([start, end]) => middle >= start && middle <= end))
      pieces.push([from, to]);
  }
  return pieces;
}

/** Twice the signed area of a triangle: positive if c is to the left of a → b. */
function turn(ax: number, ay: number, bx: number, by: number, cx: number, cy: number): number {
  return (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);
}

/** Even-odd ray casting (Shimrat 1962, doi:10.1145/368637.368653), for a position off the boundary. */
export function isInside(edges: Float64Array, x: number, y: number): boolean {
  let inside = false;
  for (let k = 0; k < edges.length; k += 4) {
    const ya = edges[k + 1];
    const yb = edges[k + 3];
    if (ya > y === yb > y) continue;
    const xa = edges[k];
    if (x < ((edges[k + 2] - xa) * (y - ya)) / (yb - ya) + xa) inside = !inside;
  }
  return inside;
}

function edgesOf(polygon: Polygon): Float64Array {
  const edges: number[] = [];
  for (const ring of polygon) {
    const before = edges.length;
    for (let k = 1; k < ring.length; k++) {
      const [x0, y0] = ring[k - 1];
      const [x1, y1] = ring[k];
      if (x0 !== x1 || y0 !== y1) edges.push(x0, y0, x1, y1);
    }
    // A point has one edge of length 0.
    if (edges.length === before && ring.length > 0) edges.push(...ring[0], ...ring[0]);
  }
  return Float64Array.from(edges);
}

/** The middle of the longest inner part of a horizontal line halfway between two heights of vertices. */
function interiorPosition(edges: Float64Array): [number, number] | null {
  const heights = [...new Set(edges.filter((_, k) => k % 2 === 1))].sort((p, q) => p - q);
  let best: [number, number] | null = null;
  let longest = 0;
  for (const [k, high] of heights.slice(1).entries()) {
    const y = (heights[k] + high) / 2;
    const crossings: number[] = [];
    for (let e = 0; e < edges.length; e += 4) {
      // From the lower end, so that both directions of an edge give the same crossing.
      const [p, q] = edges[e + 1] < edges[e + 3] ? [e, e + 2] : [e + 2, e];
      const [xa, ya, xb, yb] = [edges[p], edges[p + 1], edges[q], edges[q + 1]];
      if (ya <= y && yb > y) crossings.push(xa + ((xb - xa) * (y - ya)) / (yb - ya));
    }
    crossings.sort((p, q) => p - q);
    for (let c = 0; c + 1 < crossings.length; c += 2) {
      const length = crossings[c + 1] - crossings[c];
      if (length > longest) {
        longest = length;
        best = [(crossings[c] + crossings[c + 1]) / 2, y];
      }
    }
    if (best !== null) return best;
  }
  return best;
}
