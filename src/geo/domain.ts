/** Where projections have places, and where their coordinates repeat. */
import type { Crs } from './crs.js';

/** Maps on which longitudes are evenly spaced: beyond one edge of the world they come in again at the other. */
const CYLINDRICAL = new Set(['merc', 'eqc', 'cea', 'mill']);

/** The length after which x repeats: 360 in degrees, that of the equator on a cylindrical map, 0 on other maps. */
export function turnOf(crs: Crs): number {
  if (crs.isGeographic) return 360;
  if (!crs.projection.names.some((name) => CYLINDRICAL.has(name))) return 0;
  const centre = crs.projection.long0 ?? 0;
  const [x0] = projectRadians(crs, centre, 0);
  const [x1] = projectRadians(crs, centre + 1, 0);
  return (2 * Math.PI * (x1 - x0)) / (crs.metresPerUnit ?? 1);
}

/** x of the central meridian. */
export function middleOf(crs: Crs): number {
  if (crs.isGeographic) return 0;
  return projectRadians(crs, crs.projection.long0 ?? 0, 0)[0] / (crs.metresPerUnit ?? 1);
}

/** Nearer than this share of the Earth's radius is the same place: some 60 m, since some series end early. */
const NEAR = 1e-5;

type Position = readonly [x: number, y: number];

/** Tells whether two positions in one system are the same place, whatever turn they are on. */
export function nearness(crs: Crs): (a: Position, b: Position) => boolean {
  // Coordinates from a rotated pole are degrees too.
  const isAngular = crs.isGeographic || /\+o_proj=(longlat|latlong)\b/.test(crs.projection.projStr);
  const turn = isAngular ? 360 : turnOf(crs);
  const unit = isAngular ? (crs.projection.a * Math.PI) / 180 : (crs.metresPerUnit ?? 1);
  const tolerance = (NEAR * crs.projection.a) / unit;
  return ([x, y], [u, v]) => {
    if (!(Math.abs(y - v) <= tolerance)) return false;
    const across = turn === 0 ? x - u : x - u - turn * Math.round((x - u) / turn);
    return Math.abs(across) * (isAngular ? Math.cos((y * Math.PI) / 180) : 1) <= tolerance;
  };
}

/** Whether a position is one on the globe: places found for others lead elsewhere. */
export function isOnMap(crs: Crs, x: number, y: number): boolean {
  if (crs.isGeographic) return true;
  const { position, longitude, latitude } = unproject(crs, x, y);
  const [u, v] = projectRadians(crs, longitude, latitude);
  return Math.hypot(u - position[0], v - position[1]) <= NEAR * crs.projection.a;
}

/**
 * As near to the meridian opposite of the central one as this, in radians, is on either side of it: 6 m, since some inverse
 * formulas are no better. */
const ON_CUT = 1e-6;

/**
 * x just inside of a map, for a position where it is cut along the meridian opposite of its central one: rounding may take
 * such positions to the other side. Null for other positions.
 */
export function insideCut(crs: Crs, x: number, y: number): number | null {
  if (crs.isGeographic) return null;
  const { position, longitude, latitude } = unproject(crs, x, y);
  const centre = crs.projection.long0 ?? 0;
  const distance = longitude - centre - 2 * Math.PI * Math.round((longitude - centre) / (2 * Math.PI));
  if (!(Math.PI - Math.abs(distance) <= ON_CUT)) return null;
  const isHere = [Math.PI - ON_CUT, ON_CUT - Math.PI].some((side) => {
    const [u, v] = projectRadians(crs, centre + side, latitude);
    return Math.hypot(u - position[0], v - position[1]) <= NEAR * crs.projection.a;
  });
  const middle = middleOf(crs);
  return isHere ? middle + (x - middle) * (1 - 2 * ON_CUT) : null;
}

interface Unprojected {
  /** In metres to the east and to the north. */
  readonly position: readonly [number, number];
  /** In radians. */
  readonly longitude: number;
  readonly latitude: number;
}

function unproject({ projection, metresPerUnit }: Crs, x: number, y: number): Unprojected {
  const unit = metresPerUnit ?? 1;
  const position = toEnu(projection.axis, x * unit, y * unit);
  const [longitude, latitude] = call(() => projection.inverse({ x: position[0], y: position[1] }));
  return { position, longitude, latitude };
}

/** A place in radians on a map, in metres to the east and to the north; NaN where it has none. */
export function projectRadians(crs: Crs, longitude: number, latitude: number): [number, number] {
  return call(() => crs.projection.forward({ x: longitude, y: latitude }));
}

/** proj4js throws, or gives nothing, for some points outside of a projection's domain. */
function call(compute: () => unknown): [number, number] {
  try {
    const point = compute() as { x: number; y: number } | undefined;
    if (point !== undefined && Number.isFinite(point.x) && Number.isFinite(point.y))
      return [point.x, point.y];
  } catch {
    // As for no result.
  }
  return [Number.NaN, Number.NaN];
}

/** Coordinates to the east and to the north of those along other axes, such as `wsu`. */
function toEnu(axis: string, x: number, y: number): [number, number] {
  const [first, second] = [x, y].map((value, k) => ('ws'.includes(axis[k]) ? -value : value));
  return 'ns'.includes(axis[0]) ? [second, first] : [first, second];
}
