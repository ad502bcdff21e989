/** The intersection of two outlines. */
import { intersection, setPrecision } from 'polyclip-ts';
import { internalError, messageOf } from '../errors.js';
import { intersectBounds } from '../geo/bounds.js';
import type { Polygon } from '../vector/index.js';
import { signedArea } from '../vector/ring.js';
import { lineOutline } from './geometry.js';
import { rectangle } from './place.js';
import {
  outlinesIntersect,
  type PreparedPolygon,
  piecesInside,
  polygonCovers,
  preparePolygons,
} from './relate.js';

/**
 * The intersection of two outlines; empty where they only touch, or overlap by no more than a rounding error. It is
 * commutative. Points, and the parts of lines inside a polygon, are kept.
 */
export function clipOutlines(a: readonly Polygon[], b: readonly Polygon[]): Polygon[] {
  const [first, second] = inOrder(preparePolygons(a), preparePolygons(b));
  return first.flatMap((p) => second.flatMap((q) => clipPolygons(p, q)));
}

function clipPolygons(a: PreparedPolygon, b: PreparedPolygon): Polygon[] {
  if (!outlinesIntersect([a], [b], false)) return [];
  if (polygonCovers(b, a)) return [a.polygon];
  if (polygonCovers(a, b)) return [b.polygon];
  if (a.inside === null) return linesInside(a, b);
  if (b.inside === null) return linesInside(b, a);
  const box = a.isRectangle && b.isRectangle ? intersectBounds(a.box, b.box) : null;
  const shared = box === null ? areaShared(a.polygon, b.polygon) : [rectangle(box)];
  const thin = thinnestOverlap(a, b);
  return shared.filter((polygon) => widthOf(polygon) >= thin);
}

/** Whether two outlines share more than their boundaries, by more than rounding. */
export function outlinesOverlap(a: readonly Polygon[], b: readonly Polygon[]): boolean {
  return outlinesIntersect(preparePolygons(a), preparePolygons(b), false) && clipOutlines(a, b).length > 0;
}

/** Degrees, a centimetre on the ground: positions are written with seven decimals. */
const THIN = 1e-7;

/** Share of an outline's length. Edges are simplified by up to 1 / 400 000 of it, and scenes end inside a pixel. */
const THIN_SHARE = 1e-5;

/** A narrower overlap is a rounding error between neighbours. Half the width of a polygon that is itself thin. */
function thinnestOverlap(a: PreparedPolygon, b: PreparedPolygon): number {
  const lengths = [a, b].map(({ box: [x0, y0, x1, y1] }) => Math.max(x1 - x0, y1 - y0));
  const widths = [a, b].map(({ polygon }) => widthOf(polygon) / 2);
  return Math.min(Math.max(THIN, THIN_SHARE * Math.min(...lengths)), ...widths);
}

/** The mean width of a long polygon: twice its area divided by its perimeter. */
function widthOf(polygon: Polygon): number {
  let [area, length] = [0, 0];
  for (const [k, ring] of polygon.entries()) {
    area += (k === 0 ? 1 : -1) * Math.abs(signedArea(ring));
    for (let i = 1; i < ring.length; i++)
      length += Math.hypot(ring[i][0] - ring[i - 1][0], ring[i][1] - ring[i - 1][1]);
  }
  return length === 0 ? 0 : (2 * area) / length;
}

/**
 * Distances in degrees below which positions are equal, in the order tried: 0.1 µm, 0, 10 µm, 1 mm. polyclip-ts throws
 * for a few pairs, since it computes a crossing separately for each edge: without a precision for 3 of 1500 pairs of
 * polygons on a lattice, with the first one where edges of neighbours differ by rounding. No pair is known for which
 * all fail. The precision is global in the package, so it is reset after each call.
 */
const PRECISIONS = [1e-12, undefined, 1e-10, 1e-8];

function areaShared(a: Polygon, b: Polygon): Polygon[] {
  let problem: unknown = null;
  for (const precision of PRECISIONS) {
    setPrecision(precision);
    try {
      return intersection(mutable(a), mutable(b));
    } catch (error) {
      problem = error;
    } finally {
      setPrecision();
    }
  }
  throw internalError('clipOutlines', messageOf(problem));
}

/** The pieces of a point or line inside a polygon. */
function linesInside(line: PreparedPolygon, area: PreparedPolygon): Polygon[] {
  const seen = new Set<string>();
  return piecesInside(line, area).flatMap(([from, to]) => {
    // The ring of a line has each segment twice, forth and back.
    const [forth, back] = [`${from}/${to}`, `${to}/${from}`];
    if (seen.has(forth) || seen.has(back)) return [];
    seen.add(forth);
    return [lineOutline([from, to])];
  });
}

function mutable(polygon: Polygon): [number, number][][] {
  return polygon.map((ring) => ring.map(([x, y]) => [x, y]));
}

/** Rounding depends on the order of the operands, so the order is made canonical. */
function inOrder<T extends readonly PreparedPolygon[]>(a: T, b: T): [T, T] {
  const numbers = (side: T): number[] => side.flatMap(({ box, edges }) => [...box, ...edges]);
  const [ofA, ofB] = [numbers(a), numbers(b)];
  const differs = ofA.findIndex((value, k) => value !== ofB[k]);
  return differs < 0 || ofA[differs] < ofB[differs] ? [a, b] : [b, a];
}
