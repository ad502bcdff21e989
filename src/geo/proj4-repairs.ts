/**
 * Replacements for two projections of proj4js: its orthographic one supports the sphere only, with errors up to 36 km, and
 * its equirectangular one confuses the poles.
 */
import proj4 from '#proj4';

/** Parameters that proj4js passes to a projection; angles in radians. */
interface Parameters {
  a: number;
  es: number;
  lat0?: number;
  long0?: number;
  lat_ts?: number;
  x0?: number;
  y0?: number;
}

interface Point {
  x: number;
  y: number;
}

/**
 * Orthographic (EPSG method 9840): the ellipsoid seen from infinitely far above the projection's centre. NaN for points on
 * the far side.
 */
function orthographicForward(this: Parameters, p: Point): Point {
  const { a, es, lat0 = 0, long0 = 0, x0 = 0, y0 = 0 } = this;
  const [sin0, cos0] = [Math.sin(lat0), Math.cos(lat0)];
  const [sin, cos] = [Math.sin(p.y), Math.cos(p.y)];
  const [sinL, cosL] = [Math.sin(p.x - long0), Math.cos(p.x - long0)];
  if (sin0 * sin + cos0 * cos * cosL < -1e-10) return { x: Number.NaN, y: Number.NaN };
  const radius = a / Math.sqrt(1 - es * sin * sin);
  const radius0 = a / Math.sqrt(1 - es * sin0 * sin0);
  return {
    x: x0 + radius * cos * sinL,
    y: y0 + radius * (sin * cos0 - cos * sin0 * cosL) + es * (radius0 * sin0 - radius * sin) * cos0,
  };
}

/** The first intersection of the line of sight through a point with the ellipsoid. */
function orthographicInverse(this: Parameters, p: Point): Point {
  const { a, es, lat0 = 0, long0 = 0, x0 = 0, y0 = 0 } = this;
  const [sin0, cos0] = [Math.sin(lat0), Math.cos(lat0)];
  const radius0 = a / Math.sqrt(1 - es * sin0 * sin0);
  const [east, north] = [p.x - x0, p.y - y0];
  // The point on the tangent plane, in geocentric axes rotated to the central meridian, with z stretched so that the
  // ellipsoid is a sphere.
  const stretch = 1 / Math.sqrt(1 - es);
  const start = [radius0 * cos0 - north * sin0, east, (radius0 * (1 - es) * sin0 + north * cos0) * stretch];
  const direction = [cos0, 0, sin0 * stretch];
  const square = direction[0] ** 2 + direction[2] ** 2;
  const along = (start[0] * direction[0] + start[2] * direction[2]) / square;
  const rest = (start[0] ** 2 + start[1] ** 2 + start[2] ** 2 - a * a) / square;
  // NaN off the globe.
  const up = -along + Math.sqrt(along * along - rest);
  const [x, y, z] = start.map((value, k) => value + up * direction[k]);
  return {
    x: long0 + Math.atan2(y, x),
    // tan(latitude) = z / ((1 − es)·p) with the unstretched z.
    y: Math.atan2(z * stretch, Math.hypot(x, y)),
  };
}

/** Equidistant cylindrical on the sphere, as in PROJ. */
function equirectangularForward(this: Parameters, p: Point): Point {
  const { a, lat0 = 0, long0 = 0, lat_ts = 0, x0 = 0, y0 = 0 } = this;
  return { x: x0 + a * Math.cos(lat_ts) * withinTurn(p.x - long0), y: y0 + a * (p.y - lat0) };
}

/** NaN beyond a pole. */
function equirectangularInverse(this: Parameters, p: Point): Point {
  const { a, lat0 = 0, long0 = 0, lat_ts = 0, x0 = 0, y0 = 0 } = this;
  const latitude = lat0 + (p.y - y0) / a;
  return {
    x: withinTurn(long0 + (p.x - x0) / (a * Math.cos(lat_ts))),
    y: Math.abs(latitude) > Math.PI / 2 + 1e-11 ? Number.NaN : latitude,
  };
}

/** An angle from −π to π. */
function withinTurn(angle: number): number {
  return Math.abs(angle) <= Math.PI ? angle : angle - 2 * Math.PI * Math.round(angle / (2 * Math.PI));
}

interface Registry {
  add(projection: object): void;
}

/** Registers the replacements in proj4js. */
export function repairProj4(): void {
  const { projections } = proj4.Proj as typeof proj4.Proj & { projections: Registry };
  const init = (): void => undefined;
  projections.add({
    init,
    forward: orthographicForward,
    inverse: orthographicInverse,
    names: ['Orthographic', 'ortho'],
  });
  projections.add({
    init,
    forward: equirectangularForward,
    inverse: equirectangularInverse,
    names: ['Equirectangular', 'Equidistant_Cylindrical', 'Equidistant_Cylindrical_Spherical', 'eqc'],
  });
}
