/** Pixels of catalogs: their rows on one grid. */
export {
  type BandChoice,
  createLoadCounters,
  type LoadCounters,
  type LoadRasterOptions,
  type OpenAsset,
  type QualityMask,
  type ResamplingChoice,
  type RowOrder,
  type SourceOptions,
} from './options.js';
export type { LoadTarget } from './plan.js';
export { loadRaster, type RasterStream, streamRaster } from './raster.js';
