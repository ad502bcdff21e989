/** Places as people give them, as outlines in longitude and latitude. */
import { invalidInput } from '../errors.js';
import { turnOf } from '../geo/domain.js';
import { type Bounds, Crs, outline, transformBounds } from '../geo/index.js';
import type { Polygon, Position } from '../vector/index.js';
import { polygonsToLonLat } from '../vector/to-lon-lat.js';
import { type GeoJsonObject, outlineOfGeoJson } from './geometry.js';
import { clipToGlobe } from './map-domain.js';

/**
 * Bounds, polygons, or anything of GeoJSON with positions. Polygons in longitude and latitude are taken as footprints
 * are: cut at the antimeridian. Bounds in degrees whose west is greater than their east
 * cross the antimeridian.
 */
export type Place = Bounds | readonly Polygon[] | GeoJsonObject;

/**
 * A place in longitude and latitude on WGS 84: edges densified where the projection bends them, cut at the
 * antimeridian, bounded by a pole that it lies around.
 * @param name what it is for, for messages
 * @throws {TerrachipError} INVALID_INPUT for a place that is none, or that leaves the domain of its system
 */
export function placeOutline(place: Place, crs: Crs, name: string): Polygon[] {
  if (isBounds(place)) return boundsOutline(place, crs, name);
  const document = isPolygons(place) ? { type: 'MultiPolygon', coordinates: place } : place;
  const polygons = outlineOfGeoJson(document, `the geometry of ${name}`);
  if (polygons.length === 0) {
    throw invalidInput(
      `the geometry of ${name}`,
      'holds nothing',
      'leave it out where any place will do, or give one',
    );
  }
  // Polygons of ours are cut at the antimeridian: their long edges are meant.
  const isReady = isPolygons(place) && crs.equals(Crs.wgs84) && polygons.every(isWithinWorld);
  return isReady ? polygons : polygonsToLonLat(polygons, crs, `the geometry of ${name}`);
}

function isWithinWorld(polygon: Polygon): boolean {
  return polygon.every((ring) => ring.every(([x, y]) => Math.abs(x) <= 180 && Math.abs(y) <= 90));
}

function isBounds(place: Place): place is Bounds {
  return Array.isArray(place) && place.length > 0 && !Array.isArray(place[0]);
}

function isPolygons(place: Place): place is readonly Polygon[] {
  return Array.isArray(place);
}

function boundsOutline(bounds: Bounds, crs: Crs, name: string): Polygon[] {
  const what = `the bounds [${bounds.join(', ')}] of ${name}`;
  const [x0, y0, x1, y1] = bounds;
  const crosses = crs.isGeographic && x0 > x1;
  if (
    bounds.length !== 4 ||
    !bounds.every(Number.isFinite) ||
    y0 >= y1 ||
    x0 === x1 ||
    (x0 > x1 && !crosses)
  ) {
    throw invalidInput(
      what,
      'do not enclose an area',
      'give them as minimum x, minimum y, maximum x, maximum y, or a point as a GeoJSON geometry',
    );
  }
  if (!crs.isGeographic) {
    // Maps on which x repeats show rectangles in degrees as rectangles, those beyond their edges as well.
    if (turnOf(crs) !== 0) return boundsOutline(transformBounds(bounds, crs, Crs.wgs84), Crs.wgs84, name);
    const { polygons, crs: found } = clipToGlobe(outline(bounds, 1), crs, what);
    return found === crs ? polygonsToLonLat(polygons, crs, what) : [...polygons];
  }
  if (y0 >= 90 || y1 <= -90) {
    throw invalidInput(what, 'lie beyond a pole', 'give them in degrees, longitude first');
  }
  // Grids of pixels may reach half a pixel beyond a pole, and all around the globe.
  const east = crosses ? x1 + 360 : x1;
  const clipped: Bounds =
    east - x0 >= 360
      ? [-180, Math.max(-90, y0), 180, Math.min(90, y1)]
      : [x0, Math.max(-90, y0), east, Math.min(90, y1)];
  return clipped[0] >= -180 && clipped[2] <= 180
    ? [rectangle(clipped)]
    : polygonsToLonLat([rectangle(clipped, 4)], crs, what);
}

export function rectangle(bounds: Bounds, pointsPerEdge = 1): Polygon {
  const ring: Position[] = outline(bounds, pointsPerEdge);
  return [[...ring, ring[0]]];
}
