/** What part of a map's plane lies on the globe. */
import { invalidInput } from '../errors.js';
import { Crs, createTransform, outline } from '../geo/index.js';
import type { Polygon, Position } from '../vector/index.js';
import { clipOutlines } from './clip.js';

/** Places at which a side of a polygon is looked at. */
const STEPS = 32;

/** Degrees between the places at which the globe is looked at. */
const GLOBE_STEP = 10;

/** Directions in which the edge of a domain is looked for, and how far, in radii of the Earth. */
const DIRECTIONS = 720;
const FURTHEST = 10;

/** All of the globe. */
const WORLD: Polygon = [closed(outline([-180, -90, 180, 90], 1))];

/** What lies on the globe of a polygon on a map: a part of its plane, or the whole world in longitude and latitude. */
export type OnGlobe = { readonly polygons: readonly Polygon[]; readonly crs: Crs };

/**
 * Cuts off what of a four-cornered polygon lies off the globe: beside a geostationary satellite's disc, the corners of a
 * world map in Robinson's projection or of an EASE-Grid.
 * @param name what it is, for messages
 * @throws {TerrachipError} INVALID_INPUT for a polygon that lies off the globe
 */
export function clipToGlobe(ring: readonly Position[], crs: Crs, name: string): OnGlobe {
  const polygon: Polygon = [closed(ring)];
  const { forward } = createTransform(crs, Crs.wgs84);
  const isOn = ([x, y]: Position): boolean => !Number.isNaN(forward(x, y)[0]);
  const sides = ring.flatMap(([x, y], k): Position[] => {
    const [u, v] = ring[(k + 1) % ring.length];
    return Array.from({ length: STEPS }, (_, i) => [x + ((u - x) * i) / STEPS, y + ((v - y) * i) / STEPS]);
  });
  if (sides.every(isOn)) return { polygons: [polygon], crs };
  if (holdsGlobe(ring, crs)) return { polygons: [WORLD], crs: Crs.wgs84 };
  const domain = domainOf(crs, isOn);
  const polygons = domain === null ? [polygon] : clipOutlines([polygon], [domain]);
  if (polygons.length > 0) return { polygons, crs };
  throw invalidInput(name, `leaves the domain of ${crs}`, 'give one that meets the globe');
}

/** Whether every place of the globe is on the map, inside of a convex ring that runs counter-clockwise or clockwise. */
function holdsGlobe(ring: readonly Position[], crs: Crs): boolean {
  const { forward } = createTransform(Crs.wgs84, crs);
  const isInside = ([x, y]: Position): boolean => {
    const turns = ring.map(([x0, y0], k) => {
      const [x1, y1] = ring[(k + 1) % ring.length];
      return (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0);
    });
    // NaN, for a place that is not on the map, fails both.
    return turns.every((turn) => turn >= 0) || turns.every((turn) => turn <= 0);
  };
  // Off the meridian and the poles at which maps are cut.
  for (let latitude = -85; latitude <= 85; latitude += GLOBE_STEP) {
    for (let longitude = -179; longitude < 180; longitude += GLOBE_STEP) {
      if (!isInside(forward(longitude, latitude))) return false;
    }
  }
  return true;
}

const domains = new WeakMap<Crs, Polygon>();

/** What of a map's plane, seen from its centre, lies on the globe; null where the centre does not. */
function domainOf(crs: Crs, isOn: (position: Position) => boolean): Polygon | null {
  const known = domains.get(crs);
  if (known !== undefined) return known;
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
    // A little inside, where longitudes and latitudes still can be told.
    return at(inside * (1 - 1e-5));
  });
  const domain: Polygon = [closed(ring)];
  domains.set(crs, domain);
  return domain;
}

function closed(ring: readonly Position[]): Position[] {
  return [...ring, ring[0]];
}
