/**
 * `terrachip/catalog` in Node: the portable part, and any EPSG code.
 * @module
 */
import '../../geo/node/epsg.js';

export * from '../index.js';
export * from '../loaders/index.js';
export {
  type OpenCatalogOptions,
  openCatalog,
  type WriteCatalogOptions,
  writeCatalog,
  writeStacGeoParquet,
} from './catalog-file.js';
