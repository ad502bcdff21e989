/** What every kernel that resamples a tile through a control grid is told. */
import { invalidOption } from '../errors.js';
import { BLOCK_SIZE, type ControlWindow, type PixelWindow } from '../geo/index.js';
import type { Backend, DeviceTensor, Parameter } from '../gpu/index.js';
import { requireDtype, requireLength } from './check.js';
import {
  type NodataOptions,
  STORED_PARAMETERS,
  type StoredParameter,
  storedParameters,
} from './stored-values.js';

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

export interface TileOptions {
  /** Values of the source's `sourceWindow` as stored, of any dtype: they become float32 as they are read. */
  source: DeviceTensor;
  /** The part of the source raster that `source` holds; it must contain what `control.window.source` names. */
  sourceWindow: PixelWindow;
  /** How stored values become values: nodata, scale and offset (default: as they are; NaN is always no data). */
  stored?: NodataOptions;
  control: DeviceControl;
  /** The destination pixels to compute; they must lie in the blocks of the control window. */
  tile: PixelWindow;
  /** Where the results go: the tile's first pixel at `offset`, its rows `stride` values apart. */
  destination: DeviceTensor;
  offset?: number;
  stride?: number;
}

/** The uniform fields that these shaders have in common; `stored_type` is an override constant. */
export const TILE_PARAMETERS = [
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
  ...STORED_PARAMETERS,
] as const satisfies readonly Parameter[];

type TileParameter = (typeof TILE_PARAMETERS)[number]['name'] | StoredParameter;

/**
 * Checks a tile and says what kernels need of it.
 * @throws {TerrachipError} INVALID_INPUT for tensors that are too short or of another type, INVALID_OPTION for a tile
 *   outside the control window
 */
export function tileParameters(options: TileOptions): Record<TileParameter, number> {
  const { source, sourceWindow, control, tile, destination } = options;
  const { offset = 0, stride = tile.width } = options;
  const { blockX, blockY, blockColumns } = control.window;
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
