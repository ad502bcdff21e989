import { invalidInput } from '../errors.js';
import { turnOf } from '../geo/domain.js';
import { type GeoBox, outline } from '../geo/index.js';
import type { Polygon, Position } from '../vector/index.js';
import { polygonsToLonLat } from '../vector/to-lon-lat.js';
import { clipToGlobe } from './map-domain.js';
import { placeOutline } from './place.js';

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
  const grid = clipToGlobe(corners, crs, name);
  return grid.crs === crs ? polygonsToLonLat(grid.polygons, crs, name) : [...grid.polygons];
}

/** Images without georeferencing often have pixel numbers for degrees. */
function requireDegrees(geobox: GeoBox, name: string): void {
  const [x0, y0, x1, y1] = geobox.bounds;
  const [width, height] = geobox.resolution;
  if (x1 - x0 <= 360 + 2 * width && y0 >= -90 - height && y1 <= 90 + height) return;
  throw invalidInput(
    name,
    `reaches from ${x0}, ${y0} to ${x1}, ${y1}, which are no longitudes and latitudes`,
    'correct its transform',
  );
}
