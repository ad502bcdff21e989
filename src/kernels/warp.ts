/**
 * Resampling of a raster onto another grid through a control grid: interpolations here, area resamplings in `area.ts`.
 *
 * Definition (GDAL 3.6.2's warper with an exact transformer and XSCALE = YSCALE = 1): a destination pixel's centre is
 * transformed to a source position. Pixel `c` of the source spans `[c, c + 1)`, its centre at `c + 0.5`.
 * - It has data when the source pixel that contains the position has data, for every interpolation: masks neither
 *   grow nor shrink. Positions on the source's outermost edge are inside.
 * - `nearest` is that pixel's value.
 * - `bilinear` weights the four pixels around the position by `(1 − |dx|)(1 − |dy|)`; pixels outside the source or
 *   without data are skipped and the other weights renormalised (gdalwarpkernel.cpp,
 *   `GWKBilinearResample4Sample`).
 * - `cubic` weights sixteen pixels by Keys' filter (a = −1/2); where any of them is outside or without data it is
 *   `bilinear` (`GWKCubicResample4Sample`).
 * - `cubicspline` (16 pixels, smooths) and `lanczos` (36 pixels) skip pixels outside or without data and renormalise
 *   (`GWKResample`). If the sum of the weights is not positive, the pixel has no data.
 * - At a scale below 0.95 (`antialias`) `bilinear` and `cubic` work like these, and all filters are wider by 1 / scale
 *   (`filters.ts`).
 *
 * Stored values of any type are uploaded as they are, and converted to float32 with NaN for no data when read
 * (`stored-values.ts`).
 *
 * Shapes: source (height, width) as stored; destination rows of float32, NaN for no data.
 * Error: positions within the control grid's tolerance, rounding included; values 1e-6 of the range of the pixels
 * read for nearest and bilinear, 4e-6 for the others. Validity (except where the weights of `lanczos` cancel) and nearest
 * values are bit-identical on every backend.
 * Bytes per destination pixel: the stored size read (with an ideal cache) + 0.16 of control grid + 4 written.
 */
import { type Backend, defineKernel, type KernelTable } from '../gpu/index.js';
import { compose, warpShader } from '../shaders/index.js';
import { warpArea } from './area.js';
import { module, run } from './cpu/warp.js';
import { type FilterScale, planFilter } from './filters.js';
import { isInterpolation, type Resampling } from './resampling.js';
import { TILE_PARAMETERS, type TileOptions, tileParameters } from './tile.js';

export const WARP = {
  bindings: {
    source: { access: 'read', dtype: 'any' },
    cells: { access: 'read', dtype: 'int32' },
    table: { access: 'read', dtype: 'int32' },
    // A filter's weights by distance; null for methods without a table.
    weights: { access: 'read', dtype: 'float32', optional: true },
    destination: { access: 'write', dtype: 'float32' },
  },
  parameters: {
    ...TILE_PARAMETERS,
    // Pixels of a filter on either side of a position, table entries per source pixel, and all entries.
    taps_x: 'i32',
    taps_y: 'i32',
    steps_x: 'f32',
    steps_y: 'f32',
    filter_length: 'u32',
  },
  constants: { method: 'u32', stored_type: 'u32' },
} as const satisfies KernelTable;

/** The kernel of `warp` for interpolations. */
export const warpKernel = defineKernel({
  name: 'warp',
  ...WARP,
  shader: compose(warpShader, ['missing', 'control-grid', 'stored', 'stored-values']),
  grid: ({ tile_width, tile_height }) => [tile_width, tile_height, 1],
  cpu: { module, run, rows: ({ tile_height }) => tile_height },
});

/** Arguments of `warp`. */
export interface WarpOptions extends TileOptions {
  resampling: Resampling;
  /**
   * Destination pixels per source pixel along x and y, from `filterScale` (GDAL's XSCALE and YSCALE), to widen filters for
   * larger pixels. Default (1, 1).
   */
  scale?: FilterScale;
}

/** The control grid of a resampling: `new ControlGrid(…, footprints)` and its `window(tile, radius)`. */
export interface ControlNeeds {
  /** Pixels read around a position. */
  radius: number;
  /** Whether pixel corners are needed beside the centres. */
  footprints: boolean;
}

/**
 * The arguments of the control grid for a resampling.
 * @param scale from `filterScale`
 */
export function controlNeeds(resampling: Resampling, scale?: FilterScale): ControlNeeds {
  if (!isInterpolation(resampling)) return { radius: 1, footprints: true };
  return { radius: Math.max(...planFilter(resampling, scale).taps), footprints: false };
}

/**
 * Resamples one tile. Overwrites every pixel of the tile, with NaN where the source has no data.
 * @throws {TerrachipError} INVALID_INPUT for tensors that are too short or of another type, INVALID_OPTION for a tile
 *   outside the control window or an impossible scale
 */
export function warp(backend: Backend, options: WarpOptions): void {
  const { source, control, destination, resampling } = options;
  if (!isInterpolation(resampling)) {
    warpArea(backend, options, resampling);
    return;
  }
  const plan = planFilter(resampling, options.scale);
  const weights = plan.weights.length === 0 ? null : backend.upload(plan.weights);
  backend.run(warpKernel, {
    tensors: { source, cells: control.cells, table: control.table, weights, destination },
    parameters: {
      ...tileParameters(options),
      method: plan.method,
      taps_x: plan.taps[0],
      taps_y: plan.taps[1],
      steps_x: plan.stepsPerPixel[0],
      steps_y: plan.stepsPerPixel[1],
      filter_length: plan.weights.length,
    },
  });
  weights?.dispose();
}
