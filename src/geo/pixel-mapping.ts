import { createTransform } from './crs.js';
import { turnOf } from './domain.js';
import type { GeoBox } from './geobox.js';

/** Maps continuous pixel coordinates of one grid to those of another, exactly, in float64. */
export interface PixelMapping {
  readonly destination: GeoBox;
  readonly source: GeoBox;
  /** Source columns in 360° of longitude; 0 where columns do not repeat. */
  readonly turn: number;
  /** Writes the source column and row of a destination point into `out`; NaN outside the domain of the projections. */
  map(x: number, y: number, out: Float64Array): void;
}

/** Creates the mapping from the pixels of `destination` to those of `source`. */
export function createPixelMapping(destination: GeoBox, source: GeoBox): PixelMapping {
  const toCrs = destination.transform;
  const toPixel = source.transform.inverse();
  const transform = createTransform(destination.crs, source.crs);
  const period = turnOf(source.crs);
  if (transform.isIdentity && period === 0) {
    const direct = toPixel.compose(toCrs);
    return {
      destination,
      source,
      turn: 0,
      map(x, y, out) {
        out[0] = direct.a * x + direct.b * y + direct.c;
        out[1] = direct.d * x + direct.e * y + direct.f;
      },
    };
  }
  // Longitudes, and x of cylindrical projections, are periodic. The value nearest to the middle of the source is used, so
  // that a source on 0…360, on −180…180 or across the antimeridian matches any destination.
  const [west, , east] = source.bounds;
  const centre = (west + east) / 2;
  return {
    destination,
    source,
    turn: toPixel.d === 0 ? Math.abs(period * toPixel.a) : 0,
    map(x, y, out) {
      const point = transform.forward(
        toCrs.a * x + toCrs.b * y + toCrs.c,
        toCrs.d * x + toCrs.e * y + toCrs.f,
      );
      let px = point[0];
      const py = point[1];
      if (period !== 0) px -= period * Math.round((px - centre) / period);
      out[0] = toPixel.a * px + toPixel.b * py + toPixel.c;
      out[1] = toPixel.d * px + toPixel.e * py + toPixel.f;
    },
  };
}
