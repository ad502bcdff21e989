import type { CpuTensors, KernelParameters } from '../../gpu/index.js';

export const module = import.meta.url;

type Tensors = CpuTensors<'predictions' | 'placement' | 'slots' | 'weights' | 'mask' | 'output'>;
type Parameters = KernelParameters<
  | 'width'
  | 'height'
  | 'chip_size'
  | 'classes'
  | 'chip_columns'
  | 'chip_rows'
  | 'row_start'
  | 'rows'
  | 'mask_row'
  | 'reduction'
>;

/** A row is one row of the scene. Chips are taken in the scene's order, row by row, as the shader does. */
export function run(tensors: Tensors, parameters: Parameters, start: number, end: number): void {
  const { mask, output } = tensors;
  const { width, classes, row_start, rows, mask_row, reduction } = parameters;
  const gap = reduction < WEIGHTS ? Number.NaN : 0;
  if (reduction === AVERAGE) {
    averageRows(tensors, parameters, start, end);
    return;
  }
  for (let local = start; local < end; local++) {
    const row = row_start + local;
    const maskRow = (row - mask_row) * width;
    for (let c = 0; c < classes; c++) {
      const outputRow = (c * rows + local) * width;
      for (let x = 0; x < width; x++) {
        output[outputRow + x] = mask[maskRow + x] === 0 ? gap : reduce(tensors, parameters, x, row, c);
      }
    }
  }
}

const [AVERAGE, SUM, MAX, MIN, LAST, WEIGHTS, COUNTS] = [0, 1, 2, 3, 5, 6, 7];

/** One value of the scene from the chips over it: the definition. */
function reduce(tensors: Tensors, parameters: Parameters, x: number, row: number, c: number): number {
  const { predictions, placement, slots, weights } = tensors;
  const { width, height, chip_size: n, classes, chip_columns, chip_rows, reduction } = parameters;
  const byColumn = chip_columns + chip_rows;
  const byRow = byColumn + 2 * width;
  let sum = 0;
  let total = 0;
  let chosen = 0;
  let count = 0;
  for (let j = placement[byRow + row]; j <= placement[byRow + height + row]; j++) {
    const dy = row - placement[chip_columns + j];
    const wy = weights[windowVariant(j, chip_rows) * n + dy];
    for (let i = placement[byColumn + x]; i <= placement[byColumn + width + x]; i++) {
      const slot = slots[j * chip_columns + i];
      if (slot < 0) continue;
      const dx = x - placement[i];
      const value = predictions[((slot * classes + c) * n + dy) * n + dx];
      if (!Number.isFinite(value)) continue;
      const weight = wy * weights[windowVariant(i, chip_columns) * n + dx];
      sum += weight * value;
      total += weight;
      const better = (reduction === MAX && value > chosen) || (reduction === MIN && value < chosen);
      if (count === 0 || better || reduction === LAST) chosen = value;
      count++;
    }
  }
  if (reduction === WEIGHTS) return total;
  if (reduction === COUNTS) return count;
  if (count === 0) return Number.NaN;
  if (reduction === AVERAGE) return sum / total;
  return reduction === SUM ? sum : chosen;
}

/** Pixels that the same chips cover, in every row of a band of rows. */
interface Segment {
  readonly x0: number;
  readonly x1: number;
  /** By chip, in order: what to add to a column of the scene for the place of a value in row 0 of the scene. */
  readonly values: number[];
  /** Likewise for the place of a column's weight, and to add to a row for that of the row's. */
  readonly columns: number[];
  readonly rows: number[];
}

/**
 * Averages a row at a time: where one chip lies its values are the result, elsewhere chips are added whole pieces
 * of a row at a time. What then is not finite is done again, by the definition, which leaves such values out.
 */
function averageRows(tensors: Tensors, parameters: Parameters, start: number, end: number): void {
  const { placement, mask, output } = tensors;
  const { width, height, classes, rows, row_start, mask_row, chip_size: n } = parameters;
  const byRow = parameters.chip_columns + parameters.chip_rows + 2 * width;
  const sum = new Float64Array(width);
  const total = new Float64Array(width);
  let segments: readonly Segment[] = [];
  let band = -1;
  for (let local = start; local < end; local++) {
    const row = row_start + local;
    const [first, last] = [placement[byRow + row], placement[byRow + height + row]];
    if (band !== first * height + last) {
      segments = segmentsOf(tensors, parameters, first, last);
      band = first * height + last;
    }
    const maskRow = (row - mask_row) * width;
    const hasGaps = mask.subarray(maskRow, maskRow + width).includes(0);
    for (const segment of segments) {
      const { x0, x1, values } = segment;
      for (let c = 0; c < classes; c++) {
        const from = (c * n + row) * n;
        const to = (c * rows + local) * width;
        if (values.length === 0) output.fill(Number.NaN, to + x0, to + x1);
        else if (values.length === 1) copyChip(tensors, segment, from, to, maskRow, hasGaps);
        else {
          const complete =
            values.length === 2
              ? blendTwo(tensors, segment, row, from, to)
              : blendMany(tensors, segment, row, from, to, sum, total);
          if (complete && !hasGaps) continue;
          for (let x = x0; x < x1; x++) {
            const value = output[to + x];
            if (mask[maskRow + x] === 0) output[to + x] = Number.NaN;
            else if (value - value !== 0) output[to + x] = reduce(tensors, parameters, x, row, c);
          }
        }
      }
    }
  }
}

/** The segments of the rows that rows of chips from `first` to `last` cover. */
function segmentsOf(tensors: Tensors, parameters: Parameters, first: number, last: number): Segment[] {
  const { placement, slots } = tensors;
  const { width, chip_size: n, classes, chip_columns, chip_rows } = parameters;
  const byColumn = chip_columns + chip_rows;
  const segments: Segment[] = [];
  for (let x0 = 0, x1 = 0; x0 < width; x0 = x1) {
    const [left, right] = [placement[byColumn + x0], placement[byColumn + width + x0]];
    while (x1 < width && placement[byColumn + x1] === left && placement[byColumn + width + x1] === right)
      x1++;
    const segment: Segment = { x0, x1, values: [], columns: [], rows: [] };
    for (let j = first; j <= last; j++) {
      const top = placement[chip_columns + j];
      for (let i = left; i <= right; i++) {
        const slot = slots[j * chip_columns + i];
        if (slot < 0) continue;
        segment.values.push((slot * classes * n - top) * n - placement[i]);
        segment.columns.push(windowVariant(i, chip_columns) * n - placement[i]);
        segment.rows.push(windowVariant(j, chip_rows) * n - top);
      }
    }
    segments.push(segment);
  }
  return segments;
}

function copyChip(
  { predictions, mask, output }: Tensors,
  { x0, x1, values }: Segment,
  from: number,
  to: number,
  maskRow: number,
  hasGaps: boolean,
): void {
  const first = values[0] + from;
  for (let x = x0; x < x1; x++) {
    const value = predictions[first + x];
    // Adding 0 makes 0 of −0, as a sum does. NaN is always the same: ∞ − ∞ would be one of another sign.
    output[to + x] = value - value === 0 ? value + 0 : Number.NaN;
  }
  if (!hasGaps) return;
  for (let x = x0; x < x1; x++) if (mask[maskRow + x] === 0) output[to + x] = Number.NaN;
}

/** Whether every value is finite. */
function blendTwo(
  { predictions, weights, output }: Tensors,
  { x0, x1, values, columns, rows }: Segment,
  row: number,
  from: number,
  to: number,
): boolean {
  const [from0, from1] = [values[0] + from, values[1] + from];
  const [column0, column1] = columns;
  const [wy0, wy1] = [weights[rows[0] + row], weights[rows[1] + row]];
  let gaps = 0;
  for (let x = x0; x < x1; x++) {
    const w0 = wy0 * weights[column0 + x];
    const w1 = wy1 * weights[column1 + x];
    // Starting from 0, as a sum does, makes 0 of −0.
    const value = (0 + w0 * predictions[from0 + x] + w1 * predictions[from1 + x]) / (w0 + w1);
    output[to + x] = value;
    gaps += value - value;
  }
  return gaps === 0;
}

/** The same for any number of chips. */
function blendMany(
  { predictions, weights, output }: Tensors,
  { x0, x1, values, columns, rows }: Segment,
  row: number,
  from: number,
  to: number,
  sum: Float64Array,
  total: Float64Array,
): boolean {
  sum.fill(0, x0, x1);
  total.fill(0, x0, x1);
  for (let k = 0; k < values.length; k++) {
    const first = values[k] + from;
    const column = columns[k];
    const wy = weights[rows[k] + row];
    for (let x = x0; x < x1; x++) {
      const weight = wy * weights[column + x];
      sum[x] += weight * predictions[first + x];
      total[x] += weight;
    }
  }
  let gaps = 0;
  for (let x = x0; x < x1; x++) {
    const value = sum[x] / total[x];
    output[to + x] = value;
    gaps += value - value;
  }
  return gaps === 0;
}

/** Which of the four windows chip k of `count` uses: 1 for a neighbour before it, 2 for one after it, 3 for both. */
function windowVariant(k: number, count: number): number {
  return (k > 0 ? 1 : 0) + (k + 1 < count ? 2 : 0);
}
