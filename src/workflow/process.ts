/** Rasters of the Copernicus Data Space, by its Process API, on a chosen grid. */
import { type ProcessFileOptions, type ProcessReport, processFile } from '../archives/node/index.js';
import { requireApart } from '../io/node/inputs.js';
import { DEFAULT_MAX_PIXELS } from './plan.js';
import { type TargetGrid, targetGrid } from './target-grid.js';

/** The request, and the grid. */
export interface ProcessGridOptions extends Omit<ProcessFileOptions, 'geobox'> {
  grid: TargetGrid;
  /** Largest allowed grid, in pixels (default 500 million). */
  maxPixels?: number;
}

/** As `processFile`, on a grid by its parts or that of another raster. */
export async function processGrid(options: ProcessGridOptions): Promise<ProcessReport> {
  const { grid, maxPixels = DEFAULT_MAX_PIXELS, ...request } = options;
  await requireApart([options.destination], 'like' in grid ? [grid.like] : []);
  const geobox = (await targetGrid(grid)).requireAtMost(
    maxPixels,
    'choose a coarser `resolution`, smaller `bounds`, or raise `maxPixels`',
  );
  return processFile({ ...request, geobox });
}
