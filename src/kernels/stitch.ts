/**
 * Blending overlapping chips into rows of a scene.
 *
 * Definition: `out(x) = Σ w_k(x) p_k(x) / Σ w_k(x)` over the chips k that cover pixel x and are present, in the
 * scene's chip order. `w` is the product of a row and a column window that is 1 in the middle and, towards a
 * neighbouring chip only, falls over the overlap of `size − stride` pixels as `sin²(π/2 · (i + ½) / overlap)`: two
 * regular neighbours sum to 1 exactly. NaN where the mask is 0, or where no chip says anything.
 *
 * Each output pixel gathers from its chips: no atomics, no zeroing, no weight buffer, one pass, and the same sum
 * in the same order whatever was computed before or beside it.
 *
 * Shapes: predictions (slot, class, y, x) float32; mask uint8 rows; output (class, row, x) float32.
 * Error: 1e-6 for probabilities. Bytes a pixel and class: about 6 read (1.5 chips cover a pixel) + 4 written.
 */
import { type ChipLayout, chipCover } from '../geo/index.js';
import { type Backend, type DeviceTensor, defineKernel } from '../gpu/index.js';
import { compose, stitchShader } from '../shaders/index.js';
import { requireDtype, requireLength } from './check.js';
import { module, run } from './cpu/stitch.js';

export const stitchKernel = defineKernel({
  name: 'stitch',
  code: compose(stitchShader, ['missing']),
  workgroupSize: [16, 16, 1],
  bindings: [
    { name: 'predictions', access: 'read' },
    { name: 'placement', access: 'read' },
    { name: 'slots', access: 'read' },
    { name: 'weights', access: 'read' },
    { name: 'mask', access: 'read' },
    { name: 'output', access: 'write' },
  ],
  parameters: [
    { name: 'width', type: 'i32' },
    { name: 'height', type: 'i32' },
    { name: 'chip_size', type: 'i32' },
    { name: 'classes', type: 'i32' },
    { name: 'chip_columns', type: 'i32' },
    { name: 'chip_rows', type: 'i32' },
    { name: 'row_start', type: 'i32' },
    { name: 'rows', type: 'i32' },
    { name: 'mask_row', type: 'i32' },
  ],
  grid: ({ width, rows, classes }) => [width, rows, classes],
  cpu: { module, run, rows: ({ rows }) => rows },
});

/** What stitching needs to know of a scene's chips, on the device. */
export interface StitchLayout {
  readonly layout: ChipLayout;
  readonly placement: DeviceTensor;
  readonly weights: DeviceTensor;
  dispose(): void;
}

/** Uploads where chips lie and how they are weighted; once a scene. */
export function uploadStitchLayout(backend: Backend, layout: ChipLayout): StitchLayout {
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
  const weights = backend.upload(cosineWindows(size, stride));
  return {
    layout,
    placement,
    weights,
    dispose() {
      placement.dispose();
      weights.dispose();
    },
  };
}

/**
 * The four windows of a chip along one axis, one after the other: without a neighbour, with one before, with one
 * after, with both. Weights are never 0, so that a pixel under one chip alone always has a value.
 */
export function cosineWindows(size: number, stride: number): Float32Array {
  const overlap = size - stride;
  const windows = new Float64Array(4 * size).fill(1);
  for (let i = 0; i < overlap; i++) {
    const taper = Math.sin((Math.PI / 2) * ((i + 0.5) / overlap)) ** 2;
    windows[size + i] *= taper;
    windows[3 * size + i] *= taper;
    windows[2 * size + size - 1 - i] *= taper;
    windows[3 * size + size - 1 - i] *= taper;
  }
  return Float32Array.from(windows);
}

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
}

/** Computes rows of the scene from the chips that cover them; all of these must be in `slots`. */
export function stitch(backend: Backend, options: StitchOptions): void {
  const { predictions, scene, slots, mask, output, rowStart, maskRow } = options;
  const { width, height, size, columnStarts, rowStarts } = scene.layout;
  const [classes, rows] = output.shape;
  requireDtype('stitch', predictions, 'float32');
  requireDtype('stitch', output, 'float32');
  requireDtype('stitch', mask, 'uint8');
  requireLength('stitch', slots, columnStarts.length * rowStarts.length);
  requireLength('stitch', mask, (rowStart - maskRow + rows) * width);
  backend.run(stitchKernel, {
    tensors: { predictions, placement: scene.placement, slots, weights: scene.weights, mask, output },
    parameters: {
      width,
      height,
      chip_size: size,
      classes,
      chip_columns: columnStarts.length,
      chip_rows: rowStarts.length,
      row_start: rowStart,
      rows,
      mask_row: maskRow,
    },
  });
}
