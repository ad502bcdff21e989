import { Crs, createTransform, ringArea } from '../geo/index.js';
import type { Polygon } from './features.js';

/** The area of polygons on the WGS 84 ellipsoid in m², their edges taken as geodesics; holes are subtracted. */
export function polygonArea(polygons: readonly Polygon[], crs: Crs): number {
  const { forward } = createTransform(crs, Crs.wgs84);
  return polygons.reduce((total, [outer, ...holes]) => {
    const [whole, ...missing] = [outer, ...holes].map((ring) =>
      ringArea(ring.map(([x, y]) => forward(x, y))),
    );
    return total + whole - missing.reduce((sum, area) => sum + area, 0);
  }, 0);
}
