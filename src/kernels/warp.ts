/**
 * Resampling of a raster onto another grid, through a control grid.
 *
 * Definition (GDAL's warper with an exact transformer and XSCALE = YSCALE = 1): a destination pixel's centre is
 * taken to a source position; pixel `c` of the source spans `[c, c + 1)`, its centre at `c + 0.5`.
 * - It has data when the source pixel that contains the position has data, for every resampling: masks neither
 *   grow nor shrink. Positions on the source's outermost edge are inside.
 * - `nearest` takes that pixel's value.
 * - `bilinear` weights the four pixels around the position by `(1 − |dx|)(1 − |dy|)`; pixels outside the source or
 *   without data are left out and the weights of the rest renormalised (gdalwarpkernel.cpp,
 *   `GWKBilinearResample4Sample`).
 *
 * Shapes: source (height, width) float32 with NaN for no data; destination rows of float32.
 * Error: positions within the control grid's tolerance, rounding included; values 1e-6 of the range of the four
 * pixels. Validity and nearest values are equal bit for bit on every backend.
 * Bytes a destination pixel: 4 read (with an ideal cache) + 0.16 of control grid + 4 written.
 */
import { invalidOption } from '../errors.js';
import { BLOCK_SIZE, type ControlWindow, type PixelWindow } from '../geo/index.js';
import { type Backend, type DeviceTensor, defineKernel } from '../gpu/index.js';
import { compose, warpShader } from '../shaders/index.js';
import { requireDtype, requireLength } from './check.js';
import { module, run } from './cpu/warp.js';
import { RESAMPLINGS, type Resampling } from './resampling.js';

export const warpKernel = defineKernel({
  name: 'warp',
  code: compose(warpShader, ['missing', 'control-grid']),
  workgroupSize: [16, 16, 1],
  bindings: [
    { name: 'source', access: 'read' },
    { name: 'cells', access: 'read' },
    { name: 'table', access: 'read' },
    { name: 'destination', access: 'write' },
  ],
  parameters: [
    { name: 'source_x', type: 'i32' },
    { name: 'source_y', type: 'i32' },
    { name: 'source_width', type: 'i32' },
    { name: 'source_height', type: 'i32' },
    { name: 'tile_x', type: 'i32' },
    { name: 'tile_y', type: 'i32' },
    { name: 'tile_width', type: 'i32' },
    { name: 'tile_height', type: 'i32' },
    { name: 'block_x', type: 'i32' },
    { name: 'block_y', type: 'i32' },
    { name: 'block_columns', type: 'i32' },
    { name: 'output_offset', type: 'i32' },
    { name: 'output_stride', type: 'i32' },
  ],
  constants: ['resampling'],
  grid: ({ tile_width, tile_height }) => [tile_width, tile_height, 1],
  cpu: { module, run, rows: ({ tile_height }) => tile_height },
});

/** A control window on the device, shared by all bands of a source. */
export interface DeviceControl {
  readonly cells: DeviceTensor;
  readonly table: DeviceTensor;
  readonly window: ControlWindow;
}

/** Uploads the control grid of a window; dispose of its tensors after the warps that use it. */
export function uploadControl(backend: Backend, window: ControlWindow): DeviceControl {
  return { cells: backend.upload(window.cells), table: backend.upload(window.table), window };
}

export interface WarpOptions {
  /** float32 values of the source's `sourceWindow`, NaN for no data. */
  source: DeviceTensor;
  /** The part of the source raster that `source` holds; it must contain what `control.window.source` names. */
  sourceWindow: PixelWindow;
  control: DeviceControl;
  /** The destination pixels to compute; they must lie in the blocks of the control window. */
  tile: PixelWindow;
  resampling: Resampling;
  /** Where the results go: the tile's first pixel at `offset`, its rows `stride` values apart. */
  destination: DeviceTensor;
  offset?: number;
  stride?: number;
}

/** Resamples one tile. Overwrites every pixel of the tile, with NaN where the source has no data. */
export function warp(backend: Backend, options: WarpOptions): void {
  const { source, sourceWindow, control, tile, destination } = options;
  const { offset = 0, stride = tile.width } = options;
  const { blockX, blockY, blockColumns } = control.window;
  requireDtype('warp', source, 'float32');
  requireDtype('warp', destination, 'float32');
  requireLength('warp', source, sourceWindow.width * sourceWindow.height);
  requireLength('warp', destination, offset + (tile.height - 1) * stride + tile.width);
  if (tile.x < blockX * BLOCK_SIZE || tile.y < blockY * BLOCK_SIZE) {
    throw invalidOption(
      'tile',
      'starts outside the control window',
      'prepare the control grid for this tile',
    );
  }
  backend.run(warpKernel, {
    tensors: { source, cells: control.cells, table: control.table, destination },
    parameters: {
      source_x: sourceWindow.x,
      source_y: sourceWindow.y,
      source_width: sourceWindow.width,
      source_height: sourceWindow.height,
      tile_x: tile.x,
      tile_y: tile.y,
      tile_width: tile.width,
      tile_height: tile.height,
      block_x: blockX,
      block_y: blockY,
      block_columns: blockColumns,
      output_offset: offset,
      output_stride: stride,
      resampling: RESAMPLINGS.indexOf(options.resampling),
    },
  });
}
