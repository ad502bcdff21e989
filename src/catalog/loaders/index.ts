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
export { CALENDAR_UNITS, type CalendarUnit, calendarUnit, solarDay, type TimeSteps } from './time-steps.js';
export { type LoadTimeseriesOptions, loadRasterTimeseries, type StepMethod } from './timeseries.js';
