/** Loaders: pixels of catalog rows on one grid. */

export { type CubeOptions, type LoadZarrOptions, loadZarr } from './cube.js';
export {
  type ExogenousLayer,
  type LoadedLayers,
  type LoadLayersOptions,
  loadLayers,
  stack,
} from './layers.js';
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
  type UnitOptions,
} from './options.js';
export { fillOutside, type OutsideFill } from './outside.js';
export {
  loadPointSeries,
  type PointSeries,
  type PointSeriesOptions,
  type PointValues,
  type SamplePointsOptions,
  samplePoints,
} from './points.js';
export { createRasterPool, type RasterPool, type RasterPoolOptions } from './pool.js';
export { loadRaster, type RasterStream, streamRaster } from './raster.js';
export type { LoadTarget } from './rows.js';
export { loadSides, type SideLoader } from './sides.js';
export { type CalendarUnit, calendarUnit, solarDay, type TimeSteps } from './time-steps.js';
export { type LoadTimeseriesOptions, loadRasterTimeseries, type StepMethod } from './timeseries.js';
