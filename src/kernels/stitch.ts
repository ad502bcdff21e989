/**
 * Combines overlapping chips into rows of a scene.
 *
 * Definition: over the chips k that cover pixel x, are present and finite there, in the scene's chip order,
 * - `average` (default): `Σ w_k(x) p_k(x) / Σ w_k(x)`
 * - `sum`: `Σ w_k(x) p_k(x)`
 * - `max`, `min`: the largest, the smallest `p_k(x)`
 * - `first`, `last`: the value of the first or last chip, in row order
 * - `weights`: `Σ w_k(x)`, and `counts`: the number of chips; 0 without any
 * - `variance`: `Σ (p_k(x) − p̄(x))² / (n − 1)` over the n chips, unweighted; NaN for fewer than two. It is computed from
 *   differences to the first chip's value (Chan, Golub and LeVeque 1983, doi:10.1080/00031305.1983.10483115), so that
 *   values far from 0 do not lose precision
 *
 * `w` is the product of a row and a column window (`blend-windows.ts`) that falls towards neighbouring chips only.
 * NaN where the mask is 0, or where no chip has a value.
 *
 * Each output pixel gathers from its chips in one pass, without atomics or a weight buffer. The order of summation is
 * fixed, so that results do not depend on the strip.
 *
 * Shapes: predictions (slot, class, y, x) float32; mask uint8 rows; output (class, row, x) float32.
 * Error: 1e-6 of the largest prediction for `average` of up to 16 chips, 1e-6 of the sum of their magnitudes for
 * `sum`, 1e-5 of the largest squared difference for `variance`, 1e-6 for `weights`; the others are exact. Bytes per pixel
 * and class: about 6 read (1.5 chips cover a pixel) + 4 written.
 */
import { invalidOption } from '../errors.js';
import { type ChipLayout, chipCover } from '../geo/index.js';
import {
  type Backend,
  type DeviceTensor,
  defineKernel,
  type KernelTable,
  type ParameterTable,
} from '../gpu/index.js';
import { compose, stitchShader } from '../shaders/index.js';
import { blendWindows, type WindowOptions } from './blend-windows.js';
import { requireLength } from './check.js';
import { module, run } from './cpu/stitch.js';

/** In the order of the shader's numbers. */
export const REDUCTIONS = [
  'average',
  'sum',
  'max',
  'min',
  'first',
  'last',
  'weights',
  'counts',
  'variance',
] as const;
/** The reduction of overlapping chips. */
export type Reduction = (typeof REDUCTIONS)[number];

/** Positions of rows and chips: parameters of all kernels that gather from chips, from `stitchParameters`. */
export const STITCH_PARAMETERS = {
  width: 'i32',
  height: 'i32',
  chip_size: 'i32',
  classes: 'i32',
  chip_columns: 'i32',
  chip_rows: 'i32',
  // The first scene row of the output, the number of rows, and the first scene row of the mask.
  row_start: 'i32',
  rows: 'i32',
  mask_row: 'i32',
} as const satisfies ParameterTable;

export const STITCH = {
  bindings: {
    predictions: { access: 'read', dtype: 'float32' },
    placement: { access: 'read', dtype: 'int32' },
    slots: { access: 'read', dtype: 'int32' },
    weights: { access: 'read', dtype: 'float32' },
    mask: { access: 'read', dtype: 'uint8' },
    output: { access: 'write', dtype: 'float32' },
  },
  parameters: STITCH_PARAMETERS,
  constants: { reduction: 'u32' },
} as const satisfies KernelTable;

/** The kernel of `stitch`. */
export const stitchKernel = defineKernel({
  name: 'stitch',
  ...STITCH,
  shader: compose(stitchShader, ['missing']),
  grid: ({ width, rows, classes }) => [width, rows, classes],
  cpu: { module, run, rows: ({ rows }) => rows },
});

/** The layout of a scene's chips, on the device. */
export interface StitchLayout extends Disposable {
  readonly layout: ChipLayout;
  readonly placement: DeviceTensor;
  readonly weights: DeviceTensor;
  dispose(): void;
}

/**
 * Uploads the positions and weights of a scene's chips, once per scene.
 * @throws {TerrachipError} INVALID_OPTION for an impossible window
 */
export function uploadStitchLayout(
  backend: Backend,
  layout: ChipLayout,
  window: WindowOptions = {},
): StitchLayout {
  const { width, height, size, stride, columnStarts, rowStarts } = layout;
  const columns = chipCover(width, size, columnStarts);
  const rows = chipCover(height, size, rowStarts);
  const words = Int32Array.from([
    ...columnStarts,
    ...rowStarts,
    ...columns.first,
    ...columns.last,
    ...rows.first,
    ...rows.last,
  ]);
  const placement = backend.upload(words);
  const weights = backend.upload(blendWindows(size, stride, window));
  const dispose = (): void => {
    placement.dispose();
    weights.dispose();
  };
  return { layout, placement, weights, dispose, [Symbol.dispose]: dispose };
}

/** Arguments of `stitch`. */
export interface StitchOptions {
  /** (slot, class, y, x) float32: probabilities or logits. */
  predictions: DeviceTensor;
  scene: StitchLayout;
  /** int32 (chip row, chip column): the slot of each chip, or −1 for none. */
  slots: DeviceTensor;
  /** uint8 rows of the scene from `maskRow` on. */
  mask: DeviceTensor;
  maskRow: number;
  /** (class, rows, width) float32, from scene row `rowStart` on. */
  output: DeviceTensor;
  rowStart: number;
  /** Default `average`. */
  reduction?: Reduction;
}

/**
 * Computes rows of the scene from the chips that cover them. All of these chips must be in `slots`.
 * @throws {TerrachipError} INVALID_OPTION for an unknown reduction, INVALID_INPUT for tensors of a wrong type or length
 */
export function stitch(backend: Backend, options: StitchOptions): void {
  const { predictions, scene, slots, mask, output, reduction = 'average' } = options;
  if (!REDUCTIONS.includes(reduction)) {
    const problem = `cannot be "${String(reduction)}"`;
    throw invalidOption('reduction', problem, `choose one of ${REDUCTIONS.join(', ')}`);
  }
  requireStitchable('stitch', options);
  backend.run(stitchKernel, {
    tensors: { predictions, placement: scene.placement, slots, weights: scene.weights, mask, output },
    parameters: { ...stitchParameters(options), reduction: REDUCTIONS.indexOf(reduction) },
  });
}

/** @throws {TerrachipError} INVALID_INPUT for tensors of a wrong type or length */
export function requireStitchable(kernel: string, options: StitchOptions): void {
  const { scene, slots, mask, output, rowStart, maskRow } = options;
  const { width, columnStarts, rowStarts } = scene.layout;
  requireLength(kernel, slots, columnStarts.length * rowStarts.length);
  requireLength(kernel, mask, (rowStart - maskRow + output.shape[1]) * width);
}

/** The values of `STITCH_PARAMETERS`. */
export function stitchParameters({
  scene,
  output,
  rowStart,
  maskRow,
}: StitchOptions): Record<keyof typeof STITCH_PARAMETERS, number> {
  const { width, height, size, columnStarts, rowStarts } = scene.layout;
  const [classes, rows] = output.shape;
  return {
    width,
    height,
    chip_size: size,
    classes,
    chip_columns: columnStarts.length,
    chip_rows: rowStarts.length,
    row_start: rowStart,
    rows,
    mask_row: maskRow,
  };
}
