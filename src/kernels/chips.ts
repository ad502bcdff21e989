/**
 * Cutting chips and normalising them for a model.
 *
 * Definition: `chip = (value − mean) / std`. NaN and infinities are first replaced by a value in the plane's units: one of
 * them would spoil a model's whole output. Beyond the scene, chips are filled by reflection at its edges.
 *
 * Shapes: plane (rows, scene width) float32; chips (chip, channel, y, x) float32, of which one channel is written.
 * Error: 2 ulp. Bytes per chip pixel: 4 read + 4 written.
 */
import { invalidInput } from '../errors.js';
import { type Backend, type DeviceTensor, defineKernel, type KernelTable } from '../gpu/index.js';
import { chipsShader, compose } from '../shaders/index.js';
import { requireLength } from './check.js';
import { module, run } from './cpu/chips.js';

export const CHIPS = {
  bindings: {
    plane: { access: 'read', dtype: 'float32' },
    origins: { access: 'read', dtype: 'int32' },
    chips: { access: 'write', dtype: 'float32' },
  },
  parameters: {
    scene_width: 'i32',
    scene_height: 'i32',
    first_row: 'i32',
    chip_size: 'i32',
    chip_count: 'i32',
    first_chip: 'i32',
    channels: 'i32',
    channel: 'i32',
    mean: 'f32',
    deviation: 'f32',
    replacement: 'f32',
  },
} as const satisfies KernelTable;

/** The kernel of `gatherChips`. */
export const chipsKernel = defineKernel({
  name: 'chips',
  ...CHIPS,
  shader: compose(chipsShader, ['missing']),
  grid: ({ chip_size, chip_count }) => [chip_size, chip_size, chip_count],
  cpu: { module, run, rows: ({ chip_size, chip_count }) => chip_size * chip_count },
});

/** Arguments of `gatherChips`. */
export interface ChipOptions {
  /** Rows of the scene from `firstRow` on, with all rows of the chips. */
  plane: DeviceTensor;
  firstRow: number;
  sceneWidth: number;
  sceneHeight: number;
  /** Column and row of each chip (int32 pairs); a negative column gives a chip of zeros. */
  origins: DeviceTensor;
  /** (chip, channel, y, x), square; one chip per origin is written. */
  chips: DeviceTensor;
  /** The first chip that is written (default 0). */
  firstChip?: number;
  channel: number;
  /** Mean and standard deviation, in the plane's units. */
  mean: number;
  std: number;
  /** Replaces NaN and infinities before normalising; in the plane's units. */
  replacement: number;
}

/**
 * Gathers one channel of a batch of chips.
 * @throws {TerrachipError} INVALID_INPUT for a standard deviation that is not positive
 */
export function gatherChips(backend: Backend, options: ChipOptions): void {
  const { plane, origins, chips, firstChip = 0, mean, std, replacement } = options;
  const [, channels, size] = chips.shape;
  const count = origins.length / 2;
  if (!(std > 0) || ![mean, std, replacement].every(Number.isFinite)) {
    throw invalidInput(
      `a normalisation by mean ${mean}, standard deviation ${std} and replacement ${replacement}`,
      'is impossible',
      'give finite numbers and a positive standard deviation',
    );
  }
  requireLength('chips', chips, (firstChip + count) * channels * size ** 2);
  backend.run(chipsKernel, {
    tensors: { plane, origins, chips },
    parameters: {
      scene_width: options.sceneWidth,
      scene_height: options.sceneHeight,
      first_row: options.firstRow,
      chip_size: size,
      chip_count: count,
      first_chip: firstChip,
      channels,
      channel: options.channel,
      mean,
      deviation: std,
      replacement,
    },
  });
}
