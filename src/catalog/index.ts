/**
 * Catalogs of items with footprints and times: queries, set algebra, samplers, and loaders that put pixels of rows on
 * one grid. Runs in any environment; the entry point for Node adds files, more formats and the whole EPSG database.
 * @module
 */

export type { TerrachipError } from '../errors.js';
export type {
  Bounds,
  Crs,
  CrsLike,
  Dtype,
  GeoBox,
  GeoSlice,
  GeoTensor,
  PixelWindow,
  TimeInterval,
  TypedArray,
} from '../geo/index.js';
export type { Backend } from '../gpu/index.js';
export type { ByteSource, OpenOptions, ReadOptions } from '../io/index.js';
export type { Antialias, BitField, MosaicMethod, Resampling } from '../kernels/index.js';
export type { OperationOptions } from '../progress.js';
export type { BlockCache, Raster, Units } from '../raster/index.js';
export type { Resource } from '../resource.js';
export type { Polygon } from '../vector/index.js';
export { indexBoxes } from './boxes.js';
export { GeoCatalog } from './geo-catalog.js';
export type { GeoJsonObject } from './geometry.js';
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
export { type OpenUrlOptions, openCatalogUrl as openCatalog } from './parquet/open.js';
export { gridFootprint, type Place } from './place.js';
export type { PlaceAndTime, PlaceQuery, Predicate, QueryOptions } from './place-query.js';
export type {
  ByKind,
  CloudKind,
  CloudSource,
  CloudsBeside,
  ProductDescription,
  ProductFile,
  Quantity,
} from './products/description.js';
export * from './products/index.js';
export type { BandValues, CatalogAsset, CatalogBand, CatalogRow, CatalogValue } from './row.js';
export type { RowTable } from './row-table.js';
export * from './samplers/index.js';
export { type OnRow, SpatialIndex } from './spatial-index.js';
export { catalogFromStac, type StacOptions } from './stac/catalog.js';
export { type CrawledItem, type CrawlOptions, crawlStac } from './stac/crawl.js';
export type { CrawlSelection } from './stac/crawl-filter.js';
export type { HrefOptions } from './stac/href.js';
export { type AssetSelection, selectAssets, withoutSignatures } from './stac/item-assets.js';
export type { StacQuery } from './stac/query.js';
export { type ItemDocument, type SearchOptions, searchStac } from './stac/search.js';
export { type NearestOptions, type Padding, placeOf, type TimeLike } from './times.js';
export { type Dedupe, type DedupePolicy, sceneId } from './union.js';
