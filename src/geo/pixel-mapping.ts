import { createTransform } from './crs.js';
import { turnOf } from './domain.js';
import type { GeoBox } from './geobox.js';

/** Takes continuous pixel coordinates of one grid to another's, in float64: the exact form of every warp. */
export interface PixelMapping {
  readonly destination: GeoBox;
  readonly source: GeoBox;
  /** Source columns of a full turn around the globe; 0 where columns do not repeat. */
  readonly turn: number;
  /** Writes source column and row of a destination point into `out`; NaN where the projections do not reach. */
  map(x: number, y: number, out: Float64Array): void;
}

/** Where pixels of one grid lie on another, in float64. Positions that the projections do not reach are NaN. */
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
  // Longitudes repeat every 360°: take the turn that is nearest to the middle of the source, so that a source on
  // 0…360, on −180…180 or across the antimeridian is found from any destination. So do x of cylindrical maps.
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
