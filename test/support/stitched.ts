/** Chips of a scene, stitched on a backend. */
import { createChipLayout } from '../../src/geo/index.js';
import type { Backend } from '../../src/gpu/index.js';
import { type Reduction, stitch, uploadStitchLayout, type WindowOptions } from '../../src/kernels/index.js';

export interface StitchCase {
  width: number;
  height: number;
  size: number;
  stride: number;
  classes: number;
  /** (chip row, chip column, class, y, x) */
  predictions: Float32Array;
  mask?: Uint8Array;
  missing?: number[];
  rowStart?: number;
  rows?: number;
  window?: WindowOptions;
  reduction?: Reduction;
  /** Slot k has chip `order[k]`; default: chips are in order. */
  order?: readonly number[];
}

export async function stitchOn(backend: Backend, options: StitchCase): Promise<Float32Array> {
  const { width, height, size, stride, classes } = options;
  const layout = createChipLayout(width, height, size, stride);
  const scene = uploadStitchLayout(backend, layout, options.window);
  const count = layout.columnStarts.length * layout.rowStarts.length;
  const slots = new Int32Array(count).fill(-1);
  const ordered = new Float32Array(options.predictions.length);
  const chipValues = classes * size * size;
  for (const [slot, chip] of (options.order ?? Array.from(slots.keys())).entries()) {
    if (!options.missing?.includes(chip)) slots[chip] = slot;
    ordered.set(options.predictions.subarray(chip * chipValues, (chip + 1) * chipValues), slot * chipValues);
  }
  const rowStart = options.rowStart ?? 0;
  const rows = options.rows ?? height;
  const tensors = {
    predictions: backend.upload(ordered, [count, classes, size, size]),
    slots: backend.upload(slots),
    mask: backend.upload(options.mask ?? new Uint8Array(width * height).fill(1), [height, width]),
    output: backend.allocate([classes, rows, width], 'float32'),
  };
  const { reduction } = options;
  stitch(backend, { ...tensors, scene, maskRow: 0, rowStart, ...(reduction && { reduction }) });
  const result = (await backend.download(tensors.output)) as Float32Array;
  scene.dispose();
  for (const tensor of Object.values(tensors)) tensor.dispose();
  return result;
}

/** Chips of a scene with values that depend on the scene position only. */
export function chipsOf(
  layout: { columnStarts: Int32Array; rowStarts: Int32Array; size: number },
  classes: number,
  f: (x: number, y: number, c: number) => number,
): Float32Array {
  const { columnStarts, rowStarts, size } = layout;
  const values: number[] = [];
  for (const y0 of rowStarts) {
    for (const x0 of columnStarts) {
      for (let c = 0; c < classes; c++) {
        for (let y = 0; y < size; y++) for (let x = 0; x < size; x++) values.push(f(x0 + x, y0 + y, c));
      }
    }
  }
  return Float32Array.from(values);
}
