/**
 * `terrachip/catalog` in Node: the portable part, any EPSG code, and catalogs of files.
 * @module
 */
import '../../geo/node/epsg.js';

export type { Crs, Dtype, GeoTensor } from '../../geo/index.js';
export type { Backend } from '../../gpu/index.js';
export type { Antialias, BitField, MosaicMethod, Resampling } from '../../kernels/index.js';
export type { OnProgress, OperationOptions } from '../../progress.js';
export type { BlockCache } from '../../raster/index.js';
export type { AreaFeature, AreaFeatures, VectorFeatures } from '../../vector/index.js';
export * from '../index.js';
export type { CubeOptions } from '../loaders/cube-axes.js';
export * from '../loaders/index.js';
export type { WriteOptions } from '../parquet/write.js';
export type {
  ByKind,
  CloudKind,
  CloudSource,
  CloudsBeside,
  ProductDescription,
  ProductFile,
  Quantity,
} from '../products/description.js';
export * from '../products/index.js';
export { type LoadCatalogOptions, loadCatalog, saveCatalog } from './any-catalog-file.js';
export { type BuildProductOptions, buildProductCatalog } from './build-product.js';
export { type BuildRasterOptions, buildRasterCatalog } from './build-raster.js';
export { type BuildStacOptions, buildStacCatalog, isStacFile } from './build-stac.js';
export { type BuildVectorOptions, buildVectorCatalog } from './build-vector.js';
export { type BuildZarrOptions, buildZarrCatalog } from './build-zarr.js';
export {
  type OpenCatalogOptions,
  openCatalog,
  type WriteCatalogOptions,
  writeCatalog,
  writeStacGeoParquet,
} from './catalog-file.js';
export { type OpenProductOptions, openProduct } from './open-product.js';
export type { BuildOptions, BuiltCatalog, UnreadableFile } from './read-each.js';
