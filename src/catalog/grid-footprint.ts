import { invalidInput } from '../errors.js';
import { Crs, createTransform, type GeoBox, outline } from '../geo/index.js';
import { type Polygon, type Position, polygonsToLonLat } from '../vector/index.js';
import { clipOutlines } from './clip.js';
import { placeOutline } from './place.js';

/**
 * The outline of a pixel grid in longitude and latitude: edges cut until they bend by less than 1 / 400 000 of the grid,
 * cut at the antimeridian, bounded by a pole that the grid lies around. Of a geostationary satellite's grid what it sees.
 * @param name what it is, for messages
 * @throws {TerrachipError} INVALID_INPUT where the grid leaves the domain of its coordinate reference system
 */
export function gridFootprint(geobox: GeoBox, name: string): Polygon[] {
  const { crs, transform, width, height } = geobox;
  // Grids in degrees may reach half a pixel beyond a pole, or all around the globe.
  if (crs.isGeographic && transform.b === 0 && transform.d === 0) {
    requireDegrees(geobox, name);
    return placeOutline(geobox.bounds, crs, name);
  }
  const corners = outline([0, 0, width, height], 1).map(([x, y]): Position => transform.apply(x, y));
  const grid: Polygon = [[...corners, corners[0]]];
  const disc = visibleDisc(crs, name);
  return polygonsToLonLat(disc === null ? [grid] : clipOutlines([grid], [disc]), crs, name);
}

/** Directions in which the edge of a disc is looked for. */
const DIRECTIONS = 720;

/**
 * What a geostationary satellite sees of the Earth, in its projection: beyond its limb pixels have no place. A hundred
 * thousandth inside of it, where longitudes and latitudes still can be told; null for other projections.
 */
function visibleDisc(crs: Crs, name: string): Polygon | null {
  const { x0 = 0, y0 = 0, a, names } = crs.projection;
  if (!names.includes('geos')) return null;
  const { forward } = createTransform(crs, Crs.wgs84);
  const isSeen = (x: number, y: number): boolean => Number.isFinite(forward(x, y)[0]);
  if (!isSeen(x0, y0)) {
    throw invalidInput(name, 'has a geostationary projection that sees nothing', 'check its parameters');
  }
  const ring = Array.from({ length: DIRECTIONS }, (_, k): Position => {
    const angle = (2 * Math.PI * k) / DIRECTIONS;
    const [dx, dy] = [Math.cos(angle), Math.sin(angle)];
    // No satellite sees the limb further from the middle than the Earth's radius, seen from above its surface.
    let [inside, outside] = [0, 2 * a];
    for (let step = 0; step < 50; step++) {
      const middle = (inside + outside) / 2;
      if (isSeen(x0 + middle * dx, y0 + middle * dy)) inside = middle;
      else outside = middle;
    }
    return [x0 + inside * (1 - 1e-5) * dx, y0 + inside * (1 - 1e-5) * dy];
  });
  return [[...ring, ring[0]]];
}

/** Pixels of images that nobody placed are often taken for degrees. */
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
