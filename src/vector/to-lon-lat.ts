/** Polygons of any CRS as longitudes and latitudes on WGS 84. */
import { invalidInput, isTerrachipError } from '../errors.js';
import { boundsOfPaths } from '../geo/bounds.js';
import { type Bounds, Crs, createTransform, GeoBox } from '../geo/index.js';
import { cutAtAntimeridian, withoutRepetition } from './antimeridian.js';
import type { Polygon, Position, Ring } from './features.js';
import { LonLatPolygons, wrapped } from './lon-lat.js';
import { signedArea } from './ring.js';

/** Polygons are placed on a grid of this many pixels per side: edges then deviate by less than 1 / 400 000 of its size. */
const GRID = 4096;

/** Longest piece of an edge, in degrees: the direction around the globe of longer ones would be ambiguous. */
const MAX_STEP = 90;

/**
 * Converts polygons to longitude and latitude: long edges are densified where the projection bends them, exteriors are
 * counter-clockwise, polygons are cut at the antimeridian, and polygons around a pole are bounded by it. Polygons already
 * in longitude and latitude keep their straight edges; their longitudes may exceed ±180.
 * @param name of the polygons, for messages
 * @throws {TerrachipError} INVALID_INPUT if a polygon leaves the domain of its CRS
 */
export function polygonsToLonLat(polygons: readonly Polygon[], crs: Crs, name: string): Polygon[] {
  return polygons.flatMap((polygon) => {
    const rings = polygon.map((ring, k) => oriented(ring, k > 0));
    if (!crs.isGeographic) return projectedToLonLat(rings, crs, name);
    const { forward, isIdentity } = createTransform(crs, Crs.wgs84);
    const moved = isIdentity ? rings : rings.map((ring) => ring.map(([x, y]): Position => forward(x, y)));
    for (const ring of moved) requireLonLat(ring, name);
    return withinWorld(withoutExcess(moved));
  });
}

function projectedToLonLat(rings: readonly Ring[], crs: Crs, name: string): Polygon[] {
  const { forward } = createTransform(crs, Crs.wgs84);
  for (const [x, y] of rings.flat()) {
    if (Number.isNaN(forward(x, y)[0])) throw outside(name, crs, `at ${x}, ${y}`);
  }
  const [[first]] = rings;
  if (rings[0].every(([x, y]) => x === first[0] && y === first[1])) {
    // A point has no edges to cut.
    const point: Position = forward(...first);
    return [[rings[0].map(() => point)]];
  }
  const grid = GeoBox.fromSize(areaAround(rings), crs, GRID, GRID);
  const toPixel = grid.transform.inverse();
  const pixels = rings.map((ring) => Float64Array.from(ring.flatMap(([x, y]) => toPixel.apply(x, y))));
  try {
    return new LonLatPolygons(grid).convert(pixels);
  } catch (cause) {
    if (!isTerrachipError(cause, 'INVALID_INPUT')) throw cause;
    throw outside(name, crs, 'between its corners', cause);
  }
}

function outside(name: string, crs: Crs, place: string, cause?: unknown): Error {
  return invalidInput(
    name,
    `leaves the domain of ${crs} ${place}`,
    'give it in a coordinate reference system that covers it, such as longitude and latitude',
    cause,
  );
}

/** A square around rings. */
function areaAround(rings: readonly Ring[]): Bounds {
  const [x0, y0, x1, y1] = boundsOfPaths(rings);
  const side = Math.max(x1 - x0, y1 - y0, 1e-6 * Math.max(Math.abs(x0), Math.abs(y0), 1));
  return [x0, y0, x0 + side, y0 + side];
}

/**
 * Degrees beyond the poles and the antimeridian that count as on them: half a pixel of a coarse grid, whose outline
 * follows the edges of its pixels.
 */
const EXCESS = 1.5;

/** Longitudes this near to ±180 count as on it, by rounding. */
const ON_ANTIMERIDIAN = 1e-9;

/** Clips outlines at the poles, and after one turn around the globe, and removes rounding beyond ±180. */
function withoutExcess(polygon: readonly Ring[]): readonly Ring[] {
  const [x0, y0, x1, y1] = boundsOfPaths(polygon);
  const isWide = x1 - x0 > 360;
  const isRounded = (x: number): boolean => Math.abs(x) > 180 && Math.abs(x) <= 180 + ON_ANTIMERIDIAN;
  if (!isWide && y0 >= -90 && y1 <= 90 && !isRounded(x0) && !isRounded(x1)) return polygon;
  // Longitudes of a globe start at -180 or 0, not half a pixel off.
  const middle = 180 * Math.round((x0 + x1) / 360);
  return polygon.map((ring) =>
    ring.map(([x, y]): Position => {
      const within = isWide ? clamp(x, middle - 180, middle + 180) : isRounded(x) ? 180 * Math.sign(x) : x;
      return [within, clamp(y, -90, 90)];
    }),
  );
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value));
}

/** An outline over nearly all longitudes and more degrees of latitude than this is the globe, not a crossing. */
const GLOBE_LATITUDES = 90;

/**
 * Polygons in longitude and latitude that were not cut at the antimeridian: an edge between longitudes more than 180°
 * apart crosses it the short way, and a ring around the globe surrounds the pole of its hemisphere. Outlines over nearly
 * all longitudes and most latitudes are kept unchanged, and so are those that do not cross according to their box.
 * @param name of the polygons, for messages
 * @param box west and east of a bounding box stored with the polygons; a west greater than the east means a crossing
 * @throws {TerrachipError} INVALID_INPUT for positions that are not longitudes and latitudes
 */
export function cutCrossingPolygons(
  polygons: readonly Polygon[],
  name: string,
  box: readonly [west: number, east: number] | null = null,
): Polygon[] {
  const declared = box === null ? null : declaresCrossing(box, boundsOfPaths(polygons.flat()));
  return polygons.flatMap((given) => {
    for (const ring of given) requirePositions(ring, name);
    const polygon = withoutExcess(given);
    const [x0, y0, x1, y1] = boundsOfPaths(polygon);
    const jumps = polygon.some((ring) => ring.some(([x], k) => k > 0 && isJump(x - ring[k - 1][0])));
    const isGlobe = x1 - x0 > 300 && y1 - y0 > GLOBE_LATITUDES;
    if (!jumps || !(declared ?? !isGlobe)) {
      return withinWorld(polygon.map((ring, k) => oriented(ring, k > 0)));
    }
    const rings = polygon.map((ring, k) => wrappedRing(crossing(ring, k > 0)));
    return cutAtAntimeridian(rings, (latitude) => latitude);
  });
}

/** Only boxes within this many degrees of an outline's longitudes are used; wider ones, such as all longitudes, are not. */
const SAME_BOX = 0.5;

/** An outline of fewer degrees of latitude is a scene, whose box is often its range of longitudes even if it crosses. */
const SCENE_LATITUDES = 5;

/** Whether an outline crosses the antimeridian according to its box; null if the box does not show it. */
function declaresCrossing(
  [west, east]: readonly [west: number, east: number],
  [x0, y0, x1, y1]: Bounds,
): boolean | null {
  // Longitudes beyond 180 or below -180.
  if (west > east || west < -180 - EXCESS || east > 180 + EXCESS) return true;
  const isSame = Math.abs(west - x0) <= SAME_BOX && Math.abs(east - x1) <= SAME_BOX;
  return isSame && y1 - y0 > SCENE_LATITUDES ? false : null;
}

function isJump(step: number): boolean {
  return Math.abs(step) > 180 && Math.abs(step) < 360;
}

/** A ring that crosses the antimeridian, with its polygon on the left. */
function crossing(ring: Ring, isHole: boolean): Ring {
  let turns = 0;
  const unwrapped = ring.map(([x, y], k): Position => {
    const step = k === 0 ? 0 : x - ring[k - 1][0];
    if (isJump(step)) turns -= Math.sign(step);
    return [x + 360 * turns, y];
  });
  // Around a pole, an eastward ring has the north on its left.
  const middle = ring.reduce((total, [, y]) => total + y, 0);
  const isLeft = turns === 0 ? signedArea(unwrapped) > 0 : turns * middle > 0;
  return isLeft === !isHole ? ring : [...ring].reverse();
}

/** Cuts at ±180, and wraps longitudes beyond it. */
function withinWorld(rings: readonly Ring[]): Polygon[] {
  if (rings.every((ring) => ring.every(([longitude]) => Math.abs(longitude) <= 180))) return [rings];
  return cutAtAntimeridian(
    rings.map((ring) => wrappedRing(inSteps(ring))),
    (latitude) => latitude,
  );
}

function requirePositions(ring: Ring, name: string): void {
  const [west, , east] = boundsOfPaths([ring]);
  for (const [x, y] of ring) {
    if (Math.abs(x) <= 540 && Math.abs(y) <= 90 + EXCESS && east - west <= 360 + 2 * EXCESS) continue;
    throw invalidInput(
      name,
      `has the position ${x}, ${y}, which is no longitude and latitude`,
      'write it in degrees, longitude first, or name its coordinate reference system',
    );
  }
}

function requireLonLat(ring: Ring, name: string): void {
  requirePositions(ring, name);
  for (const [k, [x]] of ring.entries()) {
    if (k > 0 && isJump(x - ring[k - 1][0])) {
      throw invalidInput(
        name,
        `has an edge from longitude ${ring[k - 1][0]} to ${x}, which may go either way around the globe`,
        'cut it at the antimeridian, as RFC 7946 asks, or give positions in between',
      );
    }
  }
}

/** A ring with edges densified to span few degrees. */
function inSteps(ring: Ring): Position[] {
  return ring.flatMap((position, k): Position[] => {
    if (k === 0) return [position];
    const [fromX, fromY] = ring[k - 1];
    const steps = Math.max(1, Math.ceil(Math.abs(position[0] - fromX) / MAX_STEP));
    return Array.from({ length: steps }, (_, step): Position => {
      const share = (step + 1) / steps;
      return share === 1
        ? position
        : [fromX + share * (position[0] - fromX), fromY + share * (position[1] - fromY)];
    });
  });
}

/** An open ring, with longitudes from −180 to 180. */
function wrappedRing(closed: Ring): Position[] {
  return withoutRepetition(closed.slice(0, -1).map(([x, y]): Position => [wrapped(x), y]));
}

function oriented(ring: Ring, isHole: boolean): Ring {
  const area = signedArea(ring);
  return area !== 0 && area < 0 !== isHole ? [...ring].reverse() : ring;
}
