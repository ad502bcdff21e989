/**
 * Vector data: polygons from GeoJSON and to it, on the ground and on pixel grids. Runs anywhere; Node's entry point
 * adds files of many formats, and any EPSG code.
 * @module
 */

export type { Bounds, Crs, Dtype, GeoBox, PixelAreas, RowRange, TypedArray } from '../geo/index.js';
export type { OnProgress } from '../progress.js';
export type { PropertyClass } from './burn-values.js';
export { type AreaProperties, type ClassPolygonsOptions, polygonize } from './class-polygons.js';
export type { OnFraction } from './coverage.js';
export type {
  AreaFeature,
  AreaFeatures,
  ParseVectorOptions,
  Polygon,
  Position,
  Ring,
  VectorFeature,
  VectorFeatures,
} from './features.js';
export { parseGeoJson } from './geojson.js';
export { type ClassArray, type PixelPolygon, Polygonizer, type PolygonizerOptions } from './polygonizer.js';
export { type OnSpan, type RasterizeOptions, Rasterizer } from './rasterize.js';
export { polygonArea } from './ring.js';
