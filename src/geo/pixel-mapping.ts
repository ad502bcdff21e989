import { createTransform } from './crs.js';
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

export function createPixelMapping(destination: GeoBox, source: GeoBox): PixelMapping {
  const toCrs = destination.transform;
  const toPixel = source.transform.inverse();
  const transform = createTransform(destination.crs, source.crs);
  if (transform.isIdentity && !source.crs.isGeographic) {
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
  // 0…360, on −180…180 or across the antimeridian is found from any destination.
  const [west, , east] = source.bounds;
  const centre = source.crs.isGeographic ? (west + east) / 2 : null;
  return {
    destination,
    source,
    turn: centre === null || toPixel.d !== 0 ? 0 : Math.abs(360 * toPixel.a),
    map(x, y, out) {
      const point = transform.forward(
        toCrs.a * x + toCrs.b * y + toCrs.c,
        toCrs.d * x + toCrs.e * y + toCrs.f,
      );
      let px = point[0];
      const py = point[1];
      if (centre !== null) px -= 360 * Math.round((px - centre) / 360);
      out[0] = toPixel.a * px + toPixel.b * py + toPixel.c;
      out[1] = toPixel.d * px + toPixel.e * py + toPixel.f;
    },
  };
}
