/** Overlap of grids and bounds in different CRSs, and the error where there is none. */
import { invalidInput, type TerrachipError } from '../errors.js';
import { type Bounds, intersectBounds, nearestTurn, transformBounds } from './bounds.js';
import { Crs } from './crs.js';
import type { GeoBox } from './geobox.js';
import { createPixelMapping } from './pixel-mapping.js';

/** Bounds and their CRS. */
export interface Place {
  readonly crs: Crs;
  readonly bounds: Bounds;
}

/** Points per side that are tested where the bounds of two grids do not overlap. */
const LATTICE = 32;

/**
 * Whether two pixel grids may overlap: by their bounds, else by points of either grid in the other, since bounds are too
 * small across the antimeridian and around a pole.
 */
export function gridsMeet(a: GeoBox, b: GeoBox): boolean {
  return placesMeet(a, b) || placesMeet(b, a) || reaches(a, b) || reaches(b, a);
}

/** Whether the bounds of `a`, transformed to the CRS of `b`, overlap those of `b`. */
function placesMeet(a: Place, b: Place): boolean {
  try {
    const bounds = nearestTurn(transformBounds(a.bounds, a.crs, b.crs), b.bounds, b.crs);
    return intersectBounds(bounds, b.bounds) !== null;
  } catch {
    return false;
  }
}

/** Whether a point of one grid is in the other. */
function reaches(from: GeoBox, to: GeoBox): boolean {
  const mapping = createPixelMapping(from, to);
  const point = new Float64Array(2);
  for (let row = 0.5; row < LATTICE; row++) {
    for (let column = 0.5; column < LATTICE; column++) {
      mapping.map((column * from.width) / LATTICE, (row * from.height) / LATTICE, point);
      const [x, y] = point;
      if (x > 0 && x < to.width && y > 0 && y < to.height) return true;
    }
  }
  return false;
}

/**
 * The error for data that does not overlap the requested area. It gives both positions, and suggests swapped coordinates
 * if the other order would overlap.
 * @param name of the data, such as a file
 * @param place of the data
 * @param target name of the requested area, such as `the grid`
 * @param wanted the requested area
 */
export function noOverlap(name: string, place: Place | null, target: string, wanted: Place): TerrachipError {
  const where = place === null ? '' : `: it lies at ${whereIs(place)}, ${target} at ${whereIs(wanted)}`;
  const isSwapped =
    place !== null &&
    (placesMeet(swapped(wanted), place) ||
      placesMeet(place, swapped(wanted)) ||
      placesMeet(swapped(place), wanted));
  return invalidInput(
    name,
    `does not overlap ${target}${where}`,
    isSwapped
      ? `${wanted.crs.isGeographic || place.crs.isGeographic ? 'longitude and latitude' : 'x and y'} seem to be swapped, since the other order would overlap; x or longitude comes first`
      : 'check that both show the same place',
  );
}

/** Bounds with x and y swapped. */
export function swapped({ crs, bounds: [x0, y0, x1, y1] }: Place): Place {
  return { crs, bounds: [y0, x0, y1, x1] };
}

/** Bounds for messages: in degrees, or in their own CRS where they cannot be transformed. */
export function whereIs({ crs, bounds }: Place): string {
  try {
    const [west, south, east, north] = transformBounds(bounds, crs, Crs.wgs84).map(inDegrees);
    return `longitude ${west} to ${east}, latitude ${south} to ${north}`;
  } catch {
    return `${bounds.map((value) => Number(value.toPrecision(8))).join(', ')} in ${crs}`;
  }
}

function inDegrees(value: number): string {
  return String(Number(value.toFixed(4)));
}
