/** Loads rows of a catalog onto one grid as a time series. */
import { invalidInput, requireChoice, requireWhole } from '../../errors.js';
import { bandTensor } from '../../geo/geotensor.js';
import { DTYPES, type Dtype, type GeoTensor, type TimeInterval, unitRows } from '../../geo/index.js';
import { MOSAIC_METHODS, type MosaicMethod } from '../../kernels/index.js';
import type { CatalogRow } from '../row.js';
import type { LoadRasterOptions, SourceOptions } from './options.js';
import { LoadPlan, type PlacedSource } from './plan.js';
import { StoredValues } from './raster.js';
import { StripReducer } from './reduce.js';
import { type LoadTarget, middleOf } from './rows.js';
import { stepsOfRows, type TimeSteps } from './time-steps.js';

/** `nearest`: the source with data at the pixel that is nearest in time to the middle of the step. */
export type StepMethod = MosaicMethod | 'nearest';

/** The steps of `loadRasterTimeseries`, and how rows within a step are combined. */
export interface LoadTimeseriesOptions<D extends Dtype = Dtype>
  extends SourceOptions,
    Pick<LoadRasterOptions<D>, 'dtype' | 'nodata'> {
  /** Default: `time`. */
  steps?: TimeSteps;
  /** Combines the sources of a step (default `first`, in `order`). */
  method?: StepMethod;
  /** Milliseconds beyond both ends in which a step finds rows, for steps given as intervals (default 0). */
  tolerance?: number;
}

/**
 * Loads the rows of a catalog that overlap a slice as a time series on its grid. Rows are reprojected and masked as in
 * `loadRaster`.
 * @returns (band, time, y, x); `times` are the intervals of the steps
 * @throws {TerrachipError} as `loadRaster`; INVALID_INPUT for a row without a date, or no step
 */
export async function loadRasterTimeseries<D extends Dtype = 'float32'>(
  catalog: Iterable<CatalogRow>,
  target: LoadTarget,
  options: LoadTimeseriesOptions<D> = {},
): Promise<GeoTensor<D>> {
  const { method = 'first', dtype = 'float32' as D, steps = 'time', tolerance = 0 } = options;
  const { signal, onProgress } = options;
  requireChoice('method', method, ['nearest', ...MOSAIC_METHODS]);
  requireChoice('dtype', dtype, DTYPES);
  requireWhole('tolerance', tolerance, 0);
  const plan = await LoadPlan.make(catalog, target, options, method === 'median');
  try {
    const combine = method === 'nearest' ? 'first' : method;
    const stored = new StoredValues(plan, combine, dtype, options.nodata);
    const rows = plan.sources.map(({ source }) => source.row);
    const timeline = stepsOfRows(rows, steps, tolerance);
    if (timeline.length === 0) {
      throw invalidInput('the time series', 'has no step: no row overlaps the slice', 'query a larger one');
    }
    const { bandNames } = plan;
    const { grid } = plan.context;
    const data = stored.allocate(bandNames.length * timeline.length * grid.pixelCount);
    for (const [k, { interval, members }] of timeline.entries()) {
      const sources = members.map((member) => plan.sources[member]);
      const ordered = method === 'nearest' ? nearestFirst(sources, interval) : sources;
      const reducer = new StripReducer(plan, combine, dtype, ordered);
      try {
        for (const strip of unitRows(grid.height, reducer.rows)) {
          signal?.throwIfAborted();
          for (const [band, plane] of (await reducer.read(strip, signal)).entries()) {
            const place = (band * timeline.length + k) * grid.pixelCount + strip.start * grid.width;
            data.set(stored.convert(plane, band, place), place);
          }
        }
      } finally {
        reducer.dispose();
      }
      onProgress?.({ type: 'progress', stage: 'load', done: k + 1, total: timeline.length, unit: 'steps' });
    }
    const nodata = stored.settle(data);
    stored.warn(onProgress);
    const times = timeline.map(({ interval }) => interval);
    return bandTensor<D>({ data, geobox: grid, nodata, bandNames, times });
  } finally {
    await plan.dispose();
  }
}

/** The sort is stable: ties stay in order. */
function nearestFirst(sources: readonly PlacedSource[], interval: TimeInterval): PlacedSource[] {
  const middle = middleOf(interval);
  const distance = ({ source }: PlacedSource): number => Math.abs(middleOf(source.row.interval) - middle);
  return [...sources].sort((a, b) => distance(a) - distance(b));
}
