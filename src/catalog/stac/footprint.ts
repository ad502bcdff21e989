/** Outlines of STAC items, as they come: uncut at the antimeridian, a little beyond it, or as a box only. */
import { invalidInput } from '../../errors.js';
import { type Bounds, Crs } from '../../geo/index.js';
import type { Polygon } from '../../vector/index.js';
import { cutCrossingPolygons } from '../../vector/to-lon-lat.js';
import { pointOutline } from '../geometry.js';
import { placeOutline } from '../place.js';

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
  const box = bbox === null ? null : boundsOf(bbox, name);
  if (outline !== null) return cutCrossingPolygons(outline, name, box === null ? null : [box[0], box[2]]);
  if (box === null) return [];
  const [x0, y0, x1, y1] = box;
  if (x0 === x1 && y0 === y1) return cutCrossingPolygons([pointOutline([x0, y0])], name);
  return placeOutline([x0, y0, x1, y1], Crs.wgs84, name);
}

/** A box of two or three dimensions. */
function boundsOf(bbox: readonly number[], name: string): Bounds {
  if (bbox.length === 4) return [bbox[0], bbox[1], bbox[2], bbox[3]];
  if (bbox.length === 6) return [bbox[0], bbox[1], bbox[3], bbox[4]];
  throw invalidInput(name, `has a bbox of ${bbox.length} numbers`, 'give it four, or six with heights');
}
