/**
 * Catalogs of items with footprints and times: queries, set algebra, samplers, and loaders that put pixels of rows on
 * one grid. Runs in any environment; the entry point for Node adds files, more formats and the whole EPSG database.
 * @module
 */
export { bboxOf, indexBoxes } from './boxes.js';
export { GeoCatalog } from './geo-catalog.js';
export { type GeoJsonObject, outlineOfGeoJson } from './geometry.js';
export { gridFootprint } from './grid-footprint.js';
export type { IntersectionReport, IntersectOptions } from './intersect.js';
export * from './loaders/index.js';
export {
  type Matchup,
  type MatchupOptions,
  matchup,
  type SpaceRule,
  type TemporalPair,
  type TemporalPairOptions,
  type TimeRule,
  temporalPairs,
} from './matchup.js';
export type { NamePatternOptions } from './name-pattern.js';
export { CatalogFile } from './parquet/catalog-file.js';
export { type OpenUrlOptions, openCatalog } from './parquet/open.js';
export { type Place, placeOutline } from './place.js';
export {
  type PlaceAndTime,
  PlaceQuery,
  PREDICATES,
  type Predicate,
  type QueryOptions,
} from './place-query.js';
export * from './products/index.js';
export type { BandValues, CatalogAsset, CatalogBand, CatalogRow, CatalogValue } from './row.js';
export { type RowTable, tableOfRows } from './row-table.js';
export * from './samplers/index.js';
export { type OnRow, SpatialIndex } from './spatial-index.js';
export { catalogFromStac, type StacOptions } from './stac/catalog.js';
export { type NearestOptions, type Padding, placeOf, type TimeLike } from './times.js';
export { DEDUPE_POLICIES, type Dedupe, type DedupePolicy, sceneId } from './union.js';
