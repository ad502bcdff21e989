/**
 * `terrachip/catalog` in Node: the portable part, any EPSG code, and catalogs of files.
 * @module terrachip/catalog
 */
import '../../geo/node/epsg.js';
import '../../raster/node/register.js';

export type { OnProgress } from '../../progress.js';
export type { AreaFeature, AreaFeatures, PropertyClass, VectorFeatures } from '../../vector/index.js';
export * from '../index.js';
export type { WriteOptions } from '../parquet/write.js';
export { type BuildCrawledOptions, buildCrawledCatalog, type CrawledCatalog } from './build-crawl.js';
export { type BuildProductOptions, buildProductCatalog } from './build-product.js';
export { type BuildRasterOptions, buildRasterCatalog } from './build-raster.js';
export { type BuildStacOptions, buildStacCatalog, isStacFile } from './build-stac.js';
export { type BuildVectorOptions, buildVectorCatalog } from './build-vector.js';
export { type BuildZarrOptions, buildZarrCatalog } from './build-zarr.js';
export {
  type LoadVectorOptions,
  loadVector,
  type VectorInstance,
  type VectorLabels,
} from './load-vector.js';
export { type OpenProductOptions, openProduct } from './open-product.js';
export {
  type LoadCatalogOptions,
  loadCatalog,
  type OpenCatalogOptions,
  openCatalog,
  saveCatalog,
  type WriteCatalogOptions,
  writeCatalog,
  writeStacGeoParquet,
} from './open-save.js';
export type { BuildOptions, BuiltCatalog, UnreadableFile } from './read-each.js';
