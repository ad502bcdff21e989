/**
 * Vector data: polygons from GeoJSON, on the ground and on pixel grids.
 * @module
 */
export { polygonArea } from './area.js';
export {
  type AreaFeature,
  type AreaFeatures,
  type Polygon,
  type Position,
  parseGeoJson,
  type Ring,
} from './geojson.js';
export { isVectorPath, readAreas } from './node/read.js';
export { polygonize } from './polygonize.js';
export { type OnSpan, type RasterizeOptions, Rasterizer } from './rasterize.js';
