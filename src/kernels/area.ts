/**
 * Resampling by what lies under each destination pixel, through a control grid. `warp` chooses it by its name.
 *
 * Definition (GDAL's warper with an exact transformer, gdalwarpkernel.cpp `GWKAverageOrModeThread` and
 * `GWKSumPreserving`): the destination pixel (i, j) covers the box between the source positions of its corners (i, j)
 * and (i + 1, j + 1), whatever its rotation; it has data when any source pixel in the box has.
 * - `average` and `rms` (root of the mean square) weight pixels by how much of each lies in the box. What of the box
 *   lies outside the source counts for the source's edge.
 * - `mode`, `min`, `max`, `med`, `q1` and `q3` take every pixel that the box touches as a whole. `mode`: of the values
 *   that are most frequent, the one that reaches its count first, row by row; quantiles are the value at rank
 *   ceil(n·q − 1) of the n sorted ones, never between two.
 * - `sum` takes the quadrilateral of all four corners, and shares each source pixel's value out by area: sums over the
 *   destination are those over the source. GDAL cuts the source pixel's quadrilateral in the destination instead, which
 *   is the same for straight edges.
 *
 * Differences from GDAL 3.6.2: a box that ends left of or above the source has no data (3.6.2 takes the source's first
 * pixel for it, later versions do not). Later versions (from 3.11) weight `mode` by area; here, as in 3.6.2, pixels are
 * counted whole.
 *
 * A corner within 2⁻¹² pixels of a pixel's edge lies on it, since control grids round. Corners come from the cells that
 * hold the centres, half a pixel away: their error is the control grid's tolerance.
 *
 * Shapes: as `warp`.
 * Error: 2e-6 of the largest value in the box, beside that of the corners; validity, `mode`, `min`, `max` and quantiles
 * are equal bit for bit on every backend.
 * Bytes a destination pixel: what lies in its box + 0.16 + 4. On a GPU quantiles read the box up to 33 times (by
 * halving the range of values: no memory, however large the box), and `mode` once for each value in it: for
 * categories, not for measurements over large boxes.
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

/** The kernel of `warp` for resamplings by area. */
export const areaKernel = defineKernel({
  name: 'area',
  ...AREA,
  shader: compose(areaShader, ['missing', 'control-grid', 'footprint', 'stored', 'stored-values']),
  grid: ({ tile_width, tile_height }) => [tile_width, tile_height, 1],
  cpu: { module, run, rows: ({ tile_height }) => tile_height },
});

/**
 * Sums up what lies under each pixel of a tile.
 * @throws {TerrachipError} INVALID_INPUT for a control grid without footprints
 */
export function warpArea(backend: Backend, options: TileOptions, resampling: AreaResampling): void {
  const { source, control, destination } = options;
  if (!control.window.footprints) {
    throw invalidInput(
      `a control grid for ${resampling}`,
      'knows no footprints of pixels',
      'make it with what controlNeeds says',
    );
  }
  backend.run(areaKernel, {
    tensors: { source, cells: control.cells, table: control.table, destination },
    parameters: { ...tileParameters(options), method: AREA_RESAMPLINGS.indexOf(resampling) },
  });
}
