/**
 * Rasters: opening and reading by window, warping onto a grid, and writing COGs and Zarr shards. Runs in Node.
 * @module
 */
import '../geo/node/epsg.js';

export { OVERVIEW_METHODS, type OverviewMethod } from './cog/overview.js';
export {
  type BlockCache,
  createBlockCache,
  type GeoTiffOptions,
  GeoTiffRaster,
  noReference,
} from './geotiff/reader.js';
export { atResolutionOf } from './level.js';
export { type CogOptions, CogWriter, writeCog } from './node/cog-writer.js';
export { type OpenRasterOptions, openRaster } from './node/open.js';
export { createZarrGroup, ZarrShardWriter } from './node/zarr-writer.js';
export type { BandInfo, ColourTable, Raster, WindowRequest } from './raster.js';
export {
  checkPlausible,
  isCategorical,
  UNITS,
  type UnitConversion,
  type Units,
  unitConversion,
} from './units.js';
export { type WarpCounters, WarpedRaster, type WarpedRasterOptions } from './warped.js';
export { geoZarrAttributes, type ZarrArrayOptions } from './zarr/metadata.js';
