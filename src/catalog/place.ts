/** Places in user input, and pixel grids, as outlines in longitude and latitude. */
import { invalidInput } from '../errors.js';
import { turnOf } from '../geo/domain.js';
import { type Bounds, Crs, type GeoBox, outline, transformBounds } from '../geo/index.js';
import type { Polygon, Position } from '../vector/index.js';
import { polygonsToLonLat } from '../vector/to-lon-lat.js';
import { type GeoJsonObject, outlineOfGeoJson } from './geometry.js';
import { clipToGlobe } from './map-domain.js';

/**
 * Bounds, polygons, or a GeoJSON geometry, Feature or FeatureCollection. Polygons in longitude and latitude must be cut
 * at the antimeridian, like footprints. Bounds in degrees whose west is greater than their east cross the antimeridian.
 */
export type Place = Bounds | readonly Polygon[] | GeoJsonObject;

/**
 * Reprojects a place to longitude and latitude on WGS 84. Edges are densified where the projection bends them; the
 * outline is cut at the antimeridian and includes a pole inside the place.
 * @param name the owner of the place in messages
 * @throws {TerrachipError} INVALID_INPUT for an invalid place, or one outside the domain of its coordinate reference
 * system
 */
export function placeOutline(place: Place, crs: Crs, name: string): Polygon[] {
  if (isBounds(place)) return boundsOutline(place, crs, name);
  const document = isPolygons(place) ? { type: 'MultiPolygon', coordinates: place } : place;
  const polygons = outlineOfGeoJson(document, `the geometry of ${name}`);
  if (polygons.length === 0) {
    throw invalidInput(`the geometry of ${name}`, 'is empty', 'leave it out to match any place, or give one');
  }
  // Polygons are already cut at the antimeridian: an edge longer than 180 degrees does not cross it.
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
  const subject = `the bounds [${bounds.join(', ')}] of ${name}`;
  const [x0, y0, x1, y1] = bounds;
  const crosses = crs.isGeographic && x0 > x1;
  const isEmpty = y0 >= y1 || x0 === x1 || (x0 > x1 && !crosses);
  if (bounds.length !== 4 || !bounds.every(Number.isFinite) || isEmpty) {
    throw invalidInput(
      subject,
      'do not enclose an area',
      'give them as minimum x, minimum y, maximum x, maximum y, or a point as a GeoJSON geometry',
    );
  }
  if (!crs.isGeographic) {
    // Cylindrical projections, periodic in x, keep rectangles in degrees rectangles, also beyond the map's edges.
    if (turnOf(crs) !== 0) return boundsOutline(transformBounds(bounds, crs, Crs.wgs84), Crs.wgs84, name);
    return clipToGlobe(outline(bounds, 1), crs, subject);
  }
  if (y0 >= 90 || y1 <= -90) {
    throw invalidInput(subject, 'are beyond a pole', 'give them in degrees, longitude first');
  }
  // Pixel grids may extend half a pixel beyond a pole, and over more than 360 degrees.
  const east = crosses ? x1 + 360 : x1;
  const clipped: Bounds =
    east - x0 >= 360
      ? [-180, Math.max(-90, y0), 180, Math.min(90, y1)]
      : [x0, Math.max(-90, y0), east, Math.min(90, y1)];
  return clipped[0] >= -180 && clipped[2] <= 180
    ? [rectangle(clipped)]
    : polygonsToLonLat([rectangle(clipped, 4)], crs, subject);
}

export function rectangle(bounds: Bounds, pointsPerEdge = 1): Polygon {
  const ring: Position[] = outline(bounds, pointsPerEdge);
  return [[...ring, ring[0]]];
}

/**
 * The outline of a pixel grid in longitude and latitude. Edges are densified until they deviate by less than 1 / 400
 * 000 of the grid. The outline is cut at the antimeridian and includes a pole inside the grid. Parts of the grid off
 * the globe are left out.
 * @param name the name in messages
 * @throws {TerrachipError} INVALID_INPUT for a grid off the globe, or a geographic grid outside longitude and latitude
 */
export function gridFootprint(geobox: GeoBox, name: string): Polygon[] {
  const { crs, transform, width, height } = geobox;
  if (transform.isRectilinear && turnOf(crs) !== 0) {
    if (crs.isGeographic) requireDegrees(geobox, name);
    return placeOutline(geobox.bounds, crs, name);
  }
  const corners = outline([0, 0, width, height], 1).map(([x, y]): Position => transform.apply(x, y));
  return clipToGlobe(corners, crs, name);
}

/** Images without georeferencing often have pixel numbers for degrees. */
function requireDegrees(geobox: GeoBox, name: string): void {
  const [x0, y0, x1, y1] = geobox.bounds;
  const [width, height] = geobox.resolution;
  if (x1 - x0 <= 360 + 2 * width && y0 >= -90 - height && y1 <= 90 + height) return;
  throw invalidInput(
    name,
    `reaches from ${x0}, ${y0} to ${x1}, ${y1}, which are not longitudes and latitudes`,
    'correct its transform',
  );
}
