/**
 * Cutting polygons at the antimeridian (RFC 7946 §3.1.9): the part of Weiler and Atherton (1977) that a frame of
 * longitudes from −180 to 180 and latitudes from −90 to 90 needs. A polygon around a pole is then bounded by it.
 *
 * Known limit: where a hole touches both its exterior and another hole at corners, and both of these are cut, they
 * become one ring, which the first hole touches twice. That part stays one polygon, although its interior is not connected.
 */
import { internalError } from '../errors.js';
import type { Polygon, Position } from './features.js';
import { ringContains, signedArea } from './ring.js';

/** An open ring. */
type Path = readonly Position[];

/** Corners of the frame, counter-clockwise from (180, −90), with their distances along it. */
const CORNERS: readonly (readonly [number, Position])[] = [
  [180, [180, 90]],
  [540, [-180, 90]],
  [720, [-180, -90]],
  [1080, [180, -90]],
];
const PERIMETER = 1080;

/**
 * The parts of a polygon on either side of the antimeridian, closed; one part where it does not cross.
 * @param rings open; with the polygon on their left: the exterior, then holes. Longitudes from −180 to 180; an edge
 * crosses where the longitude changes by more than 180
 * @param round rounds the latitudes of crossings
 */
export function cutAtAntimeridian(rings: readonly Path[], round: (latitude: number) => number): Polygon[] {
  const whole: Path[] = [];
  const arcs: Path[] = [];
  for (const ring of rings) {
    const settled = settleSides(ring);
    const pieces = arcsOf(settled);
    if (pieces === null) whole.push(settled);
    else arcs.push(...pieces);
  }
  if (arcs.length === 0) return [whole.map(closed)];
  // A ring that (nearly) touched itself on the antimeridian has a position twice after its arcs are joined.
  const joined = joinArcs(arcs)
    .map((ring) => withoutRepetition(ring.map(([x, y]): Position => [x, round(y)])))
    .flatMap(simpleRings);
  const parts = joined.filter((ring) => !isClockwise(ring)).map((ring) => [ring]);
  for (const ring of [...joined, ...whole].filter(isClockwise)) {
    const inside = parts.find(([exterior]) => ringContains(exterior, edgeOf(ring)));
    if (inside === undefined) throw internalError('cutAtAntimeridian', 'a hole lies in no part');
    inside.push(ring);
  }
  parts.push(...whole.filter((ring) => !isClockwise(ring)).map((ring) => [ring]));
  return parts.map((part) => part.map(closed));
}

/** The middle of an edge of a hole that is not on the antimeridian: it lies inside the part that has the hole. */
function edgeOf(hole: Path): Position {
  const middles = hole.map(([x, y], k): Position => {
    const [nextX, nextY] = hole[(k + 1) % hole.length];
    return [(x + nextX) / 2, (y + nextY) / 2];
  });
  return middles.find(([x]) => Math.abs(x) !== 180) ?? middles[0];
}

function closed(ring: Path): Path {
  return [...ring, ring[0]];
}

/** The simple rings of a ring that repeats positions. */
function simpleRings(ring: Path): Path[] {
  const rings: Path[] = [];
  const path: Position[] = [];
  const places = new Map<string, number>();
  for (const position of ring) {
    const place = position.join();
    const before = places.get(place);
    if (before !== undefined && path[before]?.join() === place) {
      rings.push(path.splice(before));
    }
    places.set(place, path.length);
    path.push(position);
  }
  rings.push(path);
  return rings.filter(({ length }) => length > 2);
}

/** An open ring without repeated consecutive positions. */
export function withoutRepetition(path: readonly Position[]): Position[] {
  return path.filter(([x, y], k) => {
    const before = path[(k + path.length - 1) % path.length];
    return x !== before[0] || y !== before[1];
  });
}

/** Starts a ring away from the antimeridian, and puts positions on it on the side that the ring comes from. */
function settleSides(ring: Path): Path {
  const start = ring.findIndex(([longitude]) => Math.abs(longitude) !== 180);
  if (start < 0 || ring.every(([longitude]) => Math.abs(longitude) !== 180)) return ring;
  let side = 0;
  return ring.map((_, k): Position => {
    const [longitude, latitude] = ring[(start + k) % ring.length];
    const settled = Math.abs(longitude) === 180 && side !== 0 ? 180 * side : longitude;
    side = Math.sign(settled);
    return [settled, latitude];
  });
}

/** The pieces of a ring between its crossings, each from one end on the antimeridian to the next; null for none. */
function arcsOf(ring: Path): Path[] | null {
  const pieces: Position[][] = [[]];
  for (const [k, from] of ring.entries()) {
    const to = ring[(k + 1) % ring.length];
    const piece = pieces[pieces.length - 1];
    piece.push(from);
    const step = to[0] - from[0];
    if (Math.abs(step) <= 180) continue;
    const side = step < 0 ? 180 : -180;
    const share = (side - from[0]) / (step < 0 ? step + 360 : step - 360);
    const latitude = from[1] + share * (to[1] - from[1]);
    piece.push([side, latitude]);
    pieces.push([[-side, latitude]]);
  }
  if (pieces.length === 1) return null;
  // The ring began inside a piece; the start of this piece is the end of the list.
  const last = pieces.pop() ?? [];
  pieces[0] = [...last, ...pieces[0]];
  return pieces;
}

/** Rings of arcs, joined along the frame: from the end of each arc to the next start of an arc. */
function joinArcs(arcs: readonly Path[]): Path[] {
  const open = arcs.map((arc) => ({ arc, start: along(arc[0]), taken: false }));
  // The frame also gets a position where an arc touches it without ending.
  const touches = arcs
    .flatMap((arc) => arc.slice(1, -1))
    .filter(([longitude]) => Math.abs(longitude) === 180)
    .map((position): readonly [number, Position] => [along(position), position]);
  const rings: Path[] = [];
  for (const first of open) {
    if (first.taken) continue;
    const ring: Position[] = [];
    let current = first;
    do {
      current.taken = true;
      ring.push(...current.arc);
      const end = along(current.arc[current.arc.length - 1]);
      const distance = (at: number): number => (at - end + PERIMETER) % PERIMETER;
      const candidates = open.filter((other) => !other.taken || other === first);
      const next = candidates.reduce((a, b) => (distance(b.start) < distance(a.start) ? b : a));
      const passed = [...CORNERS, ...touches].filter(
        ([at]) => distance(at) > 0 && distance(at) < distance(next.start),
      );
      passed.sort((p, q) => distance(p[0]) - distance(q[0]));
      ring.push(...passed.map(([, position]) => position));
      current = next;
    } while (current !== first);
    rings.push(ring);
  }
  return rings;
}

/** The distance of a position on the antimeridian along the frame, counter-clockwise from (180, −90). */
function along([longitude, latitude]: Position): number {
  return longitude > 0 ? latitude + 90 : 630 - latitude;
}

function isClockwise(ring: Path): boolean {
  return signedArea(ring) < 0;
}
