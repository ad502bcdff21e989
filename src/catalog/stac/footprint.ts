/** Outlines of STAC items, as they come: uncut at the antimeridian, a little beyond it, or as a box only. */
import { invalidInput } from '../../errors.js';
import { Crs } from '../../geo/index.js';
import type { Polygon } from '../../vector/index.js';
import { cutCrossingPolygons } from '../../vector/to-lon-lat.js';
import { pointOutline } from '../geometry.js';
import { placeOutline } from '../place.js';
import { boundsOfBbox } from './grid.js';

/**
 * The footprint of an item: its geometry, which a box only surrounds, or its box where it has no geometry. A box whose
 * west is less than its east says that an outline of the same longitudes does not cross the antimeridian (RFC 7946 §5.2).
 * @param outline as it comes; null for an item without geometry
 * @param name the item, for messages
 * @throws {TerrachipError} INVALID_INPUT for positions that are no longitudes and latitudes
 */
export function itemFootprint(
  outline: readonly Polygon[] | null,
  bbox: readonly number[] | null,
  name: string,
): Polygon[] {
  const box = bbox === null ? null : boundsOfBbox(bbox);
  if (bbox !== null && box === null) {
    throw invalidInput(name, `has a bbox of ${bbox.length} numbers`, 'give it four, or six with heights');
  }
  if (outline !== null) return cutCrossingPolygons(outline, name, box === null ? null : [box[0], box[2]]);
  if (box === null) return [];
  const [x0, y0, x1, y1] = box;
  if (x0 === x1 && y0 === y1) return cutCrossingPolygons([pointOutline([x0, y0])], name);
  return placeOutline([x0, y0, x1, y1], Crs.wgs84, name);
}
