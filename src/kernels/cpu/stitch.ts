import type { CpuTensors, KernelParameters } from '../../gpu/index.js';

export const module = import.meta.url;

/** A row is one row of the scene. Chips are added in the scene's order, row by row, as the shader does. */
export function run(
  tensors: CpuTensors<'predictions' | 'placement' | 'slots' | 'weights' | 'mask' | 'output'>,
  parameters: KernelParameters<
    | 'width'
    | 'height'
    | 'chip_size'
    | 'classes'
    | 'chip_columns'
    | 'chip_rows'
    | 'row_start'
    | 'rows'
    | 'mask_row'
  >,
  start: number,
  end: number,
): void {
  const { predictions, placement, slots, weights, mask, output } = tensors;
  const {
    width,
    height,
    chip_size: n,
    classes,
    chip_columns,
    chip_rows,
    row_start,
    rows,
    mask_row,
  } = parameters;
  const byRow = chip_columns + chip_rows + 2 * width;
  const sum = new Float64Array(width);
  const total = new Float64Array(width);
  for (let local = start; local < end; local++) {
    const row = row_start + local;
    for (let c = 0; c < classes; c++) {
      sum.fill(0);
      total.fill(0);
      for (let j = placement[byRow + row]; j <= placement[byRow + height + row]; j++) {
        const dy = row - placement[chip_columns + j];
        const wy = weights[windowVariant(j, chip_rows) * n + dy];
        for (let i = 0; i < chip_columns; i++) {
          const slot = slots[j * chip_columns + i];
          if (slot < 0) continue;
          const left = placement[i];
          const window = windowVariant(i, chip_columns) * n;
          const first = ((slot * classes + c) * n + dy) * n;
          const count = Math.min(n, width - left);
          for (let dx = 0; dx < count; dx++) {
            const value = predictions[first + dx];
            if (!Number.isFinite(value)) continue;
            const weight = wy * weights[window + dx];
            sum[left + dx] += weight * value;
            total[left + dx] += weight;
          }
        }
      }
      const maskRow = (row - mask_row) * width;
      const outputRow = (c * rows + local) * width;
      for (let x = 0; x < width; x++) {
        output[outputRow + x] = mask[maskRow + x] !== 0 && total[x] > 0 ? sum[x] / total[x] : Number.NaN;
      }
    }
  }
}

/** Which of the four windows chip k of `count` uses: 1 for a neighbour before it, 2 for one after it, 3 for both. */
function windowVariant(k: number, count: number): number {
  return (k > 0 ? 1 : 0) + (k + 1 < count ? 2 : 0);
}
