/** Areas as polygons, and polygons as areas. @module */
export {
  type PolygonCollection,
  type PolygonFeature,
  type PolygonRings,
  parsePolygons,
  type Ring,
  signedArea,
} from './geojson.js';
export { polygonize } from './polygonize.js';
export { rasterize } from './rasterize.js';
