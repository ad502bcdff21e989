/** What two outlines have in common. */
import { intersection, setPrecision } from 'polyclip-ts';
import { internalError, messageOf } from '../errors.js';
import { intersectBounds } from '../geo/index.js';
import type { Polygon } from '../vector/index.js';
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
 * The part of two outlines that they share; empty where they only touch. It is the same whichever comes first. Points
 * and the parts of lines that lie inside of a polygon are kept as they are.
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
  if (a.isRectangle && b.isRectangle) {
    const shared = intersectBounds(a.box, b.box);
    return shared === null ? [] : [rectangle(shared)];
  }
  return areaShared(a.polygon, b.polygon);
}

/**
 * Positions as near as this, in degrees, are one: 0.1 µm, else 0, 10 µm or 1 mm. polyclip-ts loses its way on few pairs,
 * since it computes a crossing once for either edge: without a precision in 3 of 1500 pairs of polygons on a lattice, with
 * the first one where edges of neighbours lie within rounding of each other. No pair is known on which all of them fail.
 * The precision is the package's for all its users, so that it is given back.
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

/** The pieces of something without area that lie inside of a polygon. */
function linesInside(line: PreparedPolygon, area: PreparedPolygon): Polygon[] {
  const seen = new Set<string>();
  return piecesInside(line, area).flatMap(([from, to]) => {
    // A line comes back the way it went.
    const [forth, back] = [`${from}/${to}`, `${to}/${from}`];
    if (seen.has(forth) || seen.has(back)) return [];
    seen.add(forth);
    return [lineOutline([from, to])];
  });
}

function mutable(polygon: Polygon): [number, number][][] {
  return polygon.map((ring) => ring.map(([x, y]) => [x, y]));
}

/** Rounding depends on which operand comes first, so one order is chosen. */
function inOrder<T extends readonly PreparedPolygon[]>(a: T, b: T): [T, T] {
  const numbers = (side: T): number[] => side.flatMap(({ box, edges }) => [...box, ...edges]);
  const [ofA, ofB] = [numbers(a), numbers(b)];
  const differs = ofA.findIndex((value, k) => value !== ofB[k]);
  return differs < 0 || ofA[differs] < ofB[differs] ? [a, b] : [b, a];
}
