/**
 * Resampling over the source area of each destination pixel, through a control grid. Called by `warp`.
 *
 * Definition (GDAL's warper with an exact transformer, gdalwarpkernel.cpp `GWKAverageOrModeThread` and
 * `GWKSumPreserving`): the destination pixel (i, j) covers the box between the source positions of its corners (i, j)
 * and (i + 1, j + 1), whatever its rotation; it has data when any source pixel in the box has.
 * - `average` and `rms` (root mean square) weight pixels by their overlap with the box. The part of the box outside the
 *   source adds to the weight of the source's edge pixels.
 * - `mode`, `min`, `max`, `med`, `q1` and `q3` count every pixel that overlaps the box as a whole. `mode`: among equally
 *   frequent values, the one that reaches its count first, row by row. Quantiles are the value at rank ceil(n·q − 1) of
 *   the n sorted values, without interpolation.
 * - `sum` uses the quadrilateral of all four corners and distributes each source pixel's value by area, so that sums over
 *   the destination equal those over the source. GDAL clips the source pixel's quadrilateral in the destination instead,
 *   which is the same for straight edges.
 *
 * Differences from GDAL 3.6.2: a box that ends left of or above the source has no data (3.6.2 uses the source's first
 * pixel, later versions do not). Versions from 3.11 weight `mode` by area; here, as in 3.6.2, whole pixels are counted.
 *
 * A corner within 2⁻¹² pixels of a pixel's edge counts as on the edge, since control grids round. The error of corners is
 * the control grid's tolerance.
 *
 * Shapes: as `warp`.
 * Error: 2e-6 of the largest value in the box, plus that of the corners; validity, `mode`, `min`, `max` and quantiles
 * are bit-identical on every backend.
 * Bytes per destination pixel: its box + 0.16 + 4. On a GPU quantiles read the box up to 33 times (bisection, without
 * memory), and `mode` once for each distinct value: use it for categories, not for measurements over large boxes.
 */
import { invalidInput } from '../errors.js';
import { type Backend, defineKernel, type KernelTable } from '../gpu/index.js';
import { areaShader, compose } from '../shaders/index.js';
import { module, run } from './cpu/area.js';
import { AREA_RESAMPLINGS, type AreaResampling } from './resampling.js';
import { TILE_PARAMETERS, type TileOptions, tileParameters } from './tile.js';

export const AREA = {
  bindings: {
    source: { access: 'read', dtype: 'any' },
    cells: { access: 'read', dtype: 'int32' },
    table: { access: 'read', dtype: 'int32' },
    destination: { access: 'write', dtype: 'float32' },
  },
  parameters: TILE_PARAMETERS,
  constants: { method: 'u32', stored_type: 'u32' },
} as const satisfies KernelTable;

/** The kernel of `warp` for area resamplings. */
export const areaKernel = defineKernel({
  name: 'area',
  ...AREA,
  shader: compose(areaShader, ['missing', 'control-grid', 'footprint', 'stored', 'stored-values']),
  grid: ({ tile_width, tile_height }) => [tile_width, tile_height, 1],
  cpu: { module, run, rows: ({ tile_height }) => tile_height },
});

/**
 * Resamples a tile by area.
 * @throws {TerrachipError} INVALID_INPUT for a control grid without footprints
 */
export function warpArea(backend: Backend, options: TileOptions, resampling: AreaResampling): void {
  const { source, control, destination } = options;
  if (!control.window.footprints) {
    const remedy = 'create it with the footprints and radius of controlNeeds';
    throw invalidInput(`a control grid for ${resampling}`, 'has no footprints of pixels', remedy);
  }
  backend.run(areaKernel, {
    tensors: { source, cells: control.cells, table: control.table, destination },
    parameters: { ...tileParameters(options), method: AREA_RESAMPLINGS.indexOf(resampling) },
  });
}
