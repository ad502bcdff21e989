/** The options and parameters of all kernels that resample a tile through a control grid. */
import { invalidOption } from '../errors.js';
import { BLOCK_SIZE, type ControlWindow, type PixelWindow } from '../geo/index.js';
import type { Backend, DeviceTensor, ParameterTable } from '../gpu/index.js';
import { requireLength } from './check.js';
import { type NodataOptions, STORED_PARAMETERS, storedParameters } from './stored-values.js';

/** A control window on the device, for all bands of a source. */
export interface DeviceControl {
  readonly cells: DeviceTensor;
  readonly table: DeviceTensor;
  readonly window: ControlWindow;
}

/** Uploads a control window. Dispose of its tensors after the last warp. */
export function uploadControl(backend: Backend, window: ControlWindow): DeviceControl {
  return { cells: backend.upload(window.cells), table: backend.upload(window.table), window };
}

/** The source and destination of a warped tile. */
export interface TileOptions {
  /** Stored values of the source's `sourceWindow`, of any dtype; converted to float32 when read. */
  source: DeviceTensor;
  /** The part of the source raster in `source`; it must contain `control.window.source`. */
  sourceWindow: PixelWindow;
  /** Nodata, scale and offset of the stored values (default: none). NaN is always no data. */
  stored?: NodataOptions;
  control: DeviceControl;
  /** The destination pixels to compute, within the blocks of the control window. */
  tile: PixelWindow;
  /** The tile's first pixel is written at `offset`; rows are `stride` values apart. */
  destination: DeviceTensor;
  offset?: number;
  stride?: number;
}

/** Common parameters of the warp shaders; `stored_type` is an override constant. */
export const TILE_PARAMETERS = {
  // The source window: its first pixel in the source, and its size.
  source_x: 'i32',
  source_y: 'i32',
  source_width: 'i32',
  source_height: 'i32',
  // The tile on the destination grid.
  tile_x: 'i32',
  tile_y: 'i32',
  tile_width: 'i32',
  tile_height: 'i32',
  // The control window: its first block, and blocks per row.
  block_x: 'i32',
  block_y: 'i32',
  block_columns: 'i32',
  // The offset of the tile in the destination, and the distance of its rows.
  output_offset: 'i32',
  output_stride: 'i32',
  ...STORED_PARAMETERS,
} as const satisfies ParameterTable;

/**
 * Checks a tile and returns its kernel parameters.
 * @throws {TerrachipError} INVALID_INPUT for tensors that are too short or of another type, INVALID_OPTION for a tile
 *   outside the control window
 */
export function tileParameters(
  options: TileOptions,
): Record<keyof typeof TILE_PARAMETERS | 'stored_type', number> {
  const { source, sourceWindow, control, tile, destination } = options;
  const { offset = 0, stride = tile.width } = options;
  const { blockX, blockY, blockColumns } = control.window;
  requireLength('warp', source, sourceWindow.width * sourceWindow.height);
  requireLength('warp', destination, offset + (tile.height - 1) * stride + tile.width);
  if (tile.x < blockX * BLOCK_SIZE || tile.y < blockY * BLOCK_SIZE) {
    const problem = 'starts outside the control window';
    throw invalidOption('tile', problem, 'prepare the control grid for this tile');
  }
  return {
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
    ...storedParameters(source.dtype, options.stored ?? {}),
  };
}
