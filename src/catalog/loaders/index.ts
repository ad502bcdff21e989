/** Pixels of catalogs: their rows on one grid. */

export {
  type LoadZarrOptions,
  loadPointSeries,
  loadZarr,
  type PointSeries,
  type PointSeriesOptions,
} from './cube.js';
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
} from './options.js';
export { fillOutside, type OutsideFill } from './outside.js';
export type { LoadTarget } from './plan.js';
export { type PointValues, type SamplePointsOptions, samplePoints } from './points.js';
export { loadRaster, type RasterStream, streamRaster } from './raster.js';
export { loadSides, type SideLoader } from './sides.js';
export { CALENDAR_UNITS, type CalendarUnit, calendarUnit, solarDay, type TimeSteps } from './time-steps.js';
export { type LoadTimeseriesOptions, loadRasterTimeseries, type StepMethod } from './timeseries.js';
export {
  type LoadVectorOptions,
  loadVector,
  type PropertyClass,
  type VectorInstance,
  type VectorLabels,
} from './vector.js';
