import type { Bounds } from './bounds.js';
import type { Crs } from './crs.js';
import { GeoBox } from './geobox.js';
import type { TimeInterval } from './time-interval.js';

/** Bounds, a resolution and a time: the query of a catalog. Samplers yield them. */
export interface GeoSlice {
  /** In units of `crs`. */
  readonly bounds: Bounds;
  readonly crs: Crs;
  /** Pixel size in units of `crs`. */
  readonly resolution: number;
  readonly interval: TimeInterval;
}

/** The pixel grid of a slice, snapped to multiples of its resolution. */
export function geoBoxOfSlice(slice: GeoSlice): GeoBox {
  return GeoBox.fromBounds(slice.bounds, slice.crs, slice.resolution, { boundsCrs: slice.crs });
}
