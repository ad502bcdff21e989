/**
 * Vector data: polygons from GeoJSON and to it, on the ground and on pixel grids. Runs anywhere; Node's entry point
 * adds files of many formats.
 * @module
 */
export { polygonArea } from './area.js';
export { burnValue, holds, type PropertyClass, requireHolds } from './burn-values.js';
export { type AreaProperties, type ClassPolygonsOptions, classPolygons } from './class-polygons.js';
export {
  type AreaFeature,
  type AreaFeatures,
  boundsOfFeature,
  type Polygon,
  type Position,
  placeOf,
  type Ring,
  requireAreas,
  type VectorFeature,
  type VectorFeatures,
} from './features.js';
export { isStac, parseGeoJson } from './geojson.js';
export { LonLatPolygons } from './lon-lat.js';
export { polygonize } from './polygonize.js';
export { type ClassArray, type PixelPolygon, Polygonizer, type PolygonizerOptions } from './polygonizer.js';
export { type OnSpan, type RasterizeOptions, Rasterizer } from './rasterize.js';
export { signedArea } from './ring.js';
export { cutCrossingPolygons, polygonsToLonLat } from './to-lon-lat.js';
