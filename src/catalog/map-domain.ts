/** The domain of a projection: the part of the map plane that is on the globe. */
import { invalidInput } from '../errors.js';
import { Crs, createTransform, outline } from '../geo/index.js';
import type { Polygon, Position } from '../vector/index.js';
import { polygonsToLonLat } from '../vector/to-lon-lat.js';
import { clipOutlines } from './clip.js';

/** Positions tested per side of a polygon. */
const STEPS = 32;

/** Degrees between the positions tested on the globe. */
const GLOBE_STEP = 10;

/** Directions of the search for the edge of a domain, and its reach in radii of the Earth. */
const DIRECTIONS = 720;
const FURTHEST = 10;

const WORLD: Polygon = [closed(outline([-180, -90, 180, 90], 1))];

/**
 * Clips a quadrilateral to the globe: a geostationary satellite's image to the disc, or a world map in Robinson's
 * projection or an EASE-Grid without its corners.
 * @returns polygons in longitude and latitude
 * @param name the name in messages
 * @throws {TerrachipError} INVALID_INPUT for a polygon off the globe
 */
export function clipToGlobe(ring: readonly Position[], crs: Crs, name: string): Polygon[] {
  const polygon: Polygon = [closed(ring)];
  const { forward } = createTransform(crs, Crs.wgs84);
  const isOn = ([x, y]: Position): boolean => !Number.isNaN(forward(x, y)[0]);
  const sides = ring.flatMap(([x, y], k): Position[] => {
    const [u, v] = ring[(k + 1) % ring.length];
    return Array.from({ length: STEPS }, (_, i) => [x + ((u - x) * i) / STEPS, y + ((v - y) * i) / STEPS]);
  });
  if (sides.every(isOn)) return polygonsToLonLat([polygon], crs, name);
  if (holdsGlobe(ring, crs)) return [WORLD];
  const domain = domainOf(crs, isOn);
  const polygons = domain === null ? [polygon] : clipOutlines([polygon], [domain]);
  if (polygons.length > 0) return polygonsToLonLat(polygons, crs, name);
  throw invalidInput(name, `leaves the domain of ${crs}`, 'give one that meets the globe');
}

/** Whether every position of the globe is on the map, inside a convex ring of either orientation. */
function holdsGlobe(ring: readonly Position[], crs: Crs): boolean {
  const { forward } = createTransform(Crs.wgs84, crs);
  const isInside = ([x, y]: Position): boolean => {
    const turns = ring.map(([x0, y0], k) => {
      const [x1, y1] = ring[(k + 1) % ring.length];
      return (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0);
    });
    // NaN, for a position that is not on the map, fails both.
    return turns.every((turn) => turn >= 0) || turns.every((turn) => turn <= 0);
  };
  // Avoids the meridian and the poles, at which maps are cut.
  for (let latitude = -85; latitude <= 85; latitude += GLOBE_STEP) {
    for (let longitude = -179; longitude < 180; longitude += GLOBE_STEP) {
      if (!isInside(forward(longitude, latitude))) return false;
    }
  }
  return true;
}

const domains = new WeakMap<Crs, Polygon>();

/** The domain of a projection, star-shaped around its centre; null if the centre is off the globe. */
function domainOf(crs: Crs, isOn: (position: Position) => boolean): Polygon | null {
  const cached = domains.get(crs);
  if (cached !== undefined) return cached;
  const { long0 = 0, lat0 = 0, a } = crs.projection;
  const degrees = 180 / Math.PI;
  const [x0, y0] = createTransform(Crs.wgs84, crs).forward(long0 * degrees, lat0 * degrees);
  if (!isOn([x0, y0])) return null;
  const reach = (FURTHEST * a) / (crs.metresPerUnit ?? 1);
  const ring = Array.from({ length: DIRECTIONS }, (_, k): Position => {
    const angle = (2 * Math.PI * k) / DIRECTIONS;
    const at = (radius: number): Position => [x0 + radius * Math.cos(angle), y0 + radius * Math.sin(angle)];
    if (isOn(at(reach))) return at(reach);
    let [inside, outside] = [0, reach];
    for (let step = 0; step < 50; step++) {
      const middle = (inside + outside) / 2;
      if (isOn(at(middle))) inside = middle;
      else outside = middle;
    }
    // A little inside, where the inverse projection is still defined.
    return at(inside * (1 - 1e-5));
  });
  const domain: Polygon = [closed(ring)];
  domains.set(crs, domain);
  return domain;
}

function closed(ring: readonly Position[]): Position[] {
  return [...ring, ring[0]];
}
