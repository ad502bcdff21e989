/** Domains of projections, and the period of their x coordinates. */
import type { Crs } from './crs.js';

/** Projections with evenly spaced meridians: x beyond one edge of the world continues at the other. */
const CYLINDRICAL = new Set(['merc', 'eqc', 'cea', 'mill']);

/** The period of x: 360 in degrees, the length of the equator in a cylindrical projection, 0 in other projections. */
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

/** Distance within which two points count as the same, as a share of the Earth's radius: 60 m, for short series. */
const NEAR = 1e-5;

type Position = readonly [x: number, y: number];

/** Compares two positions in one CRS, whole periods of x apart or not. */
export function nearness(crs: Crs): (a: Position, b: Position) => boolean {
  // Rotated pole coordinates are degrees too.
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

/** Whether a position is on the globe: projecting its inverse gives the same position. */
export function isOnMap(crs: Crs, x: number, y: number): boolean {
  if (crs.isGeographic) return true;
  const { position, longitude, latitude } = unproject(crs, x, y);
  const [u, v] = projectRadians(crs, longitude, latitude);
  return Math.hypot(u - position[0], v - position[1]) <= NEAR * crs.projection.a;
}

/** Positions this close (in radians; 6 m) to the cut, the meridian opposite the central one, may be on either side of it. */
const ON_CUT = 1e-6;

/**
 * x moved just inside the map, for a position on the meridian opposite the central one: rounding may put it on the wrong
 * side of this cut. Null for other positions.
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

/** Easting and northing in metres, and longitude and latitude in radians. */
function unproject({ projection, metresPerUnit }: Crs, x: number, y: number) {
  const unit = metresPerUnit ?? 1;
  const position = toEnu(projection.axis, x * unit, y * unit);
  const [longitude, latitude] = call(() => projection.inverse({ x: position[0], y: position[1] }));
  return { position, longitude, latitude };
}

/** Projects radians to easting and northing in metres; NaN outside the domain. */
export function projectRadians(crs: Crs, longitude: number, latitude: number): [number, number] {
  return call(() => crs.projection.forward({ x: longitude, y: latitude }));
}

/** proj4js throws, or returns undefined, for some points outside a projection's domain. */
function call(compute: () => unknown): [number, number] {
  try {
    const point = compute() as { x: number; y: number } | undefined;
    if (point !== undefined && Number.isFinite(point.x) && Number.isFinite(point.y))
      return [point.x, point.y];
  } catch {
    // NaN, below.
  }
  return [Number.NaN, Number.NaN];
}

/** Easting and northing of coordinates along other axes, such as `wsu`. */
function toEnu(axis: string, x: number, y: number): [number, number] {
  const [first, second] = [x, y].map((value, k) => ('ws'.includes(axis[k]) ? -value : value));
  return 'ns'.includes(axis[0]) ? [second, first] : [first, second];
}
