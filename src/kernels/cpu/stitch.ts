import type { CpuTensors, KernelParameters, KernelRun } from '../../gpu/index.js';
import type { STITCH, STITCH_PARAMETERS } from '../stitch.js';

export const module = import.meta.url;

type Tensors = CpuTensors<(typeof STITCH)['bindings']>;
type Parameters = KernelParameters<keyof typeof STITCH_PARAMETERS | 'reduction'>;

/** A row is a scene row. Chips are visited in row order, as in the shader. */
export const run: KernelRun<typeof STITCH> = (tensors, parameters, start, end) => {
  const { mask, output } = tensors;
  const { width, classes, row_start, rows, mask_row, reduction } = parameters;
  const gap = reduction === WEIGHTS || reduction === COUNTS ? 0 : Number.NaN;
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
};

const [AVERAGE, SUM, MAX, MIN, LAST, WEIGHTS, COUNTS, VARIANCE] = [0, 1, 2, 3, 5, 6, 7, 8];

/** One value of the scene from the chips over it, by the definition. */
function reduce(tensors: Tensors, parameters: Parameters, x: number, row: number, c: number): number {
  const { predictions, placement, slots, weights } = tensors;
  const { width, height, chip_size: n, classes, chip_columns, chip_rows, reduction } = parameters;
  const byColumn = chip_columns + chip_rows;
  const byRow = byColumn + 2 * width;
  let sum = 0;
  let total = 0;
  let chosen = 0;
  // Sums of differences from the first value do not cancel.
  let shift = 0;
  let differences = 0;
  let squares = 0;
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
      if (reduction === VARIANCE) {
        if (count === 0) shift = value;
        const difference = value - shift;
        differences += difference;
        squares += difference * difference;
      }
      count++;
    }
  }
  if (reduction === WEIGHTS) return total;
  if (reduction === COUNTS) return count;
  if (reduction === VARIANCE)
    return count < 2 ? Number.NaN : Math.max(0, (squares - differences ** 2 / count) / (count - 1));
  if (count === 0) return Number.NaN;
  if (reduction === AVERAGE) return sum / total;
  return reduction === SUM ? sum : chosen;
}

/** Columns covered by the same chips, for a range of rows. */
interface Segment {
  readonly x0: number;
  readonly x1: number;
  /** By chip, in order: what to add to a column of the scene for the place of a value in row 0 of the scene. */
  readonly values: number[];
  /** Likewise for the place of a column's weight, and to add to a row for that of the row's. */
  readonly columns: number[];
  readonly rows: number[];
  readonly average: Average;
  /** Where there are two columns of chips: the first one's part of the weight, by pixel from `x0` on. */
  readonly share: Float64Array;
}

/**
 * Writes a row of a segment and returns whether every value is finite.
 * @param row of the scene
 * @param from offset of the row in the predictions, relative to row 0 of the scene
 * @param to output index of column 0 of the row
 */
type Average = (tensors: Tensors, segment: Segment, row: number, from: number, to: number) => boolean;

/**
 * Averages row by row. Under a single chip its values are copied; elsewhere chips are added one row segment at a time.
 * Results that are not finite are computed again by the definition, which skips values that are not finite.
 */
function averageRows(tensors: Tensors, parameters: Parameters, start: number, end: number): void {
  const { placement, mask, output } = tensors;
  const { width, height, classes, rows, row_start, mask_row, chip_size: n } = parameters;
  const byRow = parameters.chip_columns + parameters.chip_rows + 2 * width;
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
      for (let c = 0; c < classes; c++) {
        const to = (c * rows + local) * width;
        const complete = segment.average(tensors, segment, row, (c * n + row) * n, to);
        if (complete && !hasGaps) continue;
        for (let x = segment.x0; x < segment.x1; x++) {
          const value = output[to + x];
          if (mask[maskRow + x] === 0) output[to + x] = Number.NaN;
          else if (value - value !== 0) output[to + x] = reduce(tensors, parameters, x, row, c);
        }
      }
    }
  }
}

/** The segments of the rows covered by the chip rows `first` to `last`. */
function segmentsOf(tensors: Tensors, parameters: Parameters, first: number, last: number): Segment[] {
  const { placement, slots, weights } = tensors;
  const { width, chip_size: n, classes, chip_columns, chip_rows } = parameters;
  const byColumn = chip_columns + chip_rows;
  const segments: Segment[] = [];
  for (let x0 = 0, x1 = 0; x0 < width; x0 = x1) {
    const [left, right] = [placement[byColumn + x0], placement[byColumn + width + x0]];
    while (x1 < width && placement[byColumn + x1] === left && placement[byColumn + width + x1] === right)
      x1++;
    const values: number[] = [];
    const columns: number[] = [];
    const rows: number[] = [];
    for (let j = first; j <= last; j++) {
      const top = placement[chip_columns + j];
      for (let i = left; i <= right; i++) {
        const slot = slots[j * chip_columns + i];
        if (slot < 0) continue;
        values.push((slot * classes * n - top) * n - placement[i]);
        columns.push(windowVariant(i, chip_columns) * n - placement[i]);
        rows.push(windowVariant(j, chip_rows) * n - top);
      }
    }
    const average = averageOf(values.length, right - left + 1, last - first + 1);
    const share = new Float64Array(average === blendAcross || average === blendFour ? x1 - x0 : 0);
    for (let k = 0; k < share.length; k++) {
      const weight = weights[columns[0] + x0 + k];
      share[k] = weight / (weight + weights[columns[1] + x0 + k]);
    }
    segments.push({ x0, x1, values, columns, rows, average, share });
  }
  return segments;
}

/** Weights are products, so columns and rows of a rectangle of chips are averaged separately. */
function averageOf(chips: number, across: number, down: number): Average {
  if (chips === 0) return leaveEmpty;
  if (chips === 1) return copyChip;
  if (chips !== across * down) return blendMany;
  if (chips === 2) return across === 2 ? blendAcross : blendDown;
  return across === 2 && down === 2 ? blendFour : blendMany;
}

// Loops are unrolled by two: the loop overhead is as large as the work for a pixel.

const leaveEmpty: Average = ({ output }, { x0, x1 }, _row, _from, to) => {
  output.fill(Number.NaN, to + x0, to + x1);
  return true;
};

const copyChip: Average = ({ predictions, output }, { x0, x1, values }, _row, from, to) => {
  const first = values[0] + from;
  let gaps = 0;
  let x = x0;
  for (; x + 1 < x1; x += 2) {
    const a = predictions[first + x];
    const b = predictions[first + x + 1];
    output[to + x] = a;
    output[to + x + 1] = b;
    gaps += a - a + (b - b);
  }
  for (; x < x1; x++) {
    const value = predictions[first + x];
    output[to + x] = value;
    gaps += value - value;
  }
  return gaps === 0;
};

const blendAcross: Average = ({ predictions, output }, { x0, x1, values, share }, _row, from, to) => {
  const left = values[0] + from + x0;
  const right = values[1] + from + x0;
  const length = x1 - x0;
  let gaps = 0;
  let k = 0;
  for (; k + 1 < length; k += 2) {
    const a = share[k] * predictions[left + k] + (1 - share[k]) * predictions[right + k];
    const b = share[k + 1] * predictions[left + k + 1] + (1 - share[k + 1]) * predictions[right + k + 1];
    output[to + x0 + k] = a;
    output[to + x0 + k + 1] = b;
    gaps += a - a + (b - b);
  }
  for (; k < length; k++) {
    const value = share[k] * predictions[left + k] + (1 - share[k]) * predictions[right + k];
    output[to + x0 + k] = value;
    gaps += value - value;
  }
  return gaps === 0;
};

const blendDown: Average = ({ predictions, weights, output }, { x0, x1, values, rows }, row, from, to) => {
  const above = values[0] + from;
  const below = values[1] + from;
  const upper = shareAbove(weights, rows[0], rows[1], row);
  const lower = 1 - upper;
  let gaps = 0;
  let x = x0;
  for (; x + 1 < x1; x += 2) {
    const a = upper * predictions[above + x] + lower * predictions[below + x];
    const b = upper * predictions[above + x + 1] + lower * predictions[below + x + 1];
    output[to + x] = a;
    output[to + x + 1] = b;
    gaps += a - a + (b - b);
  }
  for (; x < x1; x++) {
    const value = upper * predictions[above + x] + lower * predictions[below + x];
    output[to + x] = value;
    gaps += value - value;
  }
  return gaps === 0;
};

/** The upper chip's share of the weight in a row. */
function shareAbove(weights: Tensors['weights'], above: number, below: number, row: number): number {
  return weights[above + row] / (weights[above + row] + weights[below + row]);
}

const blendFour: Average = (tensors, { x0, x1, values, rows, share }, row, from, to) => {
  const { predictions, weights, output } = tensors;
  const from0 = values[0] + from + x0;
  const from1 = values[1] + from + x0;
  const from2 = values[2] + from + x0;
  const from3 = values[3] + from + x0;
  const upper = shareAbove(weights, rows[0], rows[2], row);
  let gaps = 0;
  for (let k = 0; k < x1 - x0; k++) {
    const left = share[k];
    const above = left * predictions[from0 + k] + (1 - left) * predictions[from1 + k];
    const below = left * predictions[from2 + k] + (1 - left) * predictions[from3 + k];
    const value = upper * above + (1 - upper) * below;
    output[to + x0 + k] = value;
    gaps += value - value;
  }
  return gaps === 0;
};

/** Any number of chips, some possibly missing. */
const blendMany: Average = (tensors, { x0, x1, values, columns, rows }, row, from, to) => {
  const { predictions, weights, output } = tensors;
  const length = x1 - x0;
  const sum = new Float64Array(length);
  const total = new Float64Array(length);
  for (let chip = 0; chip < values.length; chip++) {
    const first = values[chip] + from + x0;
    const column = columns[chip] + x0;
    const wy = weights[rows[chip] + row];
    for (let k = 0; k < length; k++) {
      const weight = wy * weights[column + k];
      sum[k] += weight * predictions[first + k];
      total[k] += weight;
    }
  }
  let gaps = 0;
  for (let k = 0; k < length; k++) {
    const value = sum[k] / total[k];
    output[to + x0 + k] = value;
    gaps += value - value;
  }
  return gaps === 0;
};

/** Which of the four windows chip k of `count` uses: 1 for a neighbour before it, 2 for one after it, 3 for both. */
function windowVariant(k: number, count: number): number {
  return (k > 0 ? 1 : 0) + (k + 1 < count ? 2 : 0);
}
