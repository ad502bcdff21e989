/** Rows of an image at half the resolution, for overviews. */
import { allocateArray, type Dtype, dtypeOf, isFloat, rangeOf, type TypedArray } from '../../geo/index.js';

/** Resampling methods of overviews. */
export const OVERVIEW_METHODS = ['average', 'mode', 'nearest', 'none'] as const;
/**
 * `average` for measurements: the mean of the valid pixels in a cell. `mode` for classes: the valid value that covers
 * most of a cell, the lowest among equals. Both weight pixels by their overlap with the cell. `nearest` takes the pixel
 * that contains the cell's centre, or the upper left of four.
 */
export type OverviewMethod = (typeof OVERVIEW_METHODS)[number];
/** A method by which overviews are made. */
export type ReducingMethod = Exclude<OverviewMethod, 'none'>;

type Size = readonly [width: number, height: number];

/**
 * Sizes of an image and its overview, which cover the same area: pixel k of n in the overview is the cell from k / n to
 * (k + 1) / n of the image, so odd sizes cause no shift.
 */
export interface SizeReduction {
  readonly from: Size;
  readonly to: Size;
}

/** Some rows of one band of the image. */
export interface Rows {
  /** Rows of `stride` values, the first `width` of them in the image. */
  readonly values: TypedArray;
  readonly stride: number;
  /** The image's row at the start of `values` (default 0). */
  readonly firstRow?: number;
  /** Null for none; NaN is always invalid. */
  readonly nodata: number | null;
  /** 0 for invalid, in the layout of `values`; null for no mask. */
  readonly mask: Uint8Array | null;
}

/** Rows on each side of the end of a strip that a cell across it may overlap. */
export const ROWS_ACROSS = 2;

/** The most pixels along a side of a cell: an overview has at least half the pixels. */
const MOST = 3;

/** Number of overview rows that the image's first `rows` rows complete. */
export function rowsReady({ from, to }: SizeReduction, rows: number, method: ReducingMethod): number {
  const [size, reduced] = [from[1], to[1]];
  if (method !== 'nearest') return Math.floor((rows * reduced) / size);
  let ready = Math.floor((rows * reduced) / size);
  while (ready < reduced && nearestPixel(ready, size, reduced) < rows) ready++;
  return ready;
}

/** The first row of the image under a row of the overview. */
export function firstRowUnder({ from, to }: SizeReduction, row: number, method: ReducingMethod): number {
  return method === 'nearest' ? nearestPixel(row, from[1], to[1]) : Math.floor((row * from[1]) / to[1]);
}

/** The pixel that contains the centre of a cell, or the first of two that share it as an edge. */
function nearestPixel(cell: number, size: number, reduced: number): number {
  return Math.floor(((2 * cell + 1) * size - 1) / (2 * reduced));
}

/** The pixels under cells, `MOST` weights per cell. */
interface Cells {
  readonly first: Int32Array;
  /** Whole numbers, so that equal areas compare equal; `whole` is one pixel. */
  readonly weights: Float64Array;
  readonly whole: number;
}

function cellsOf(size: number, reduced: number, start = 0, end = reduced): Cells {
  const first = new Int32Array(end - start);
  const weights = new Float64Array((end - start) * MOST);
  for (let k = start; k < end; k++) {
    const [low, high] = [k * size, (k + 1) * size];
    const pixel = Math.floor(low / reduced);
    first[k - start] = pixel;
    for (let c = 0; c < MOST; c++) {
      const overlap = Math.min(high, (pixel + c + 1) * reduced) - Math.max(low, (pixel + c) * reduced);
      weights[(k - start) * MOST + c] = Math.max(0, overlap);
    }
  }
  return { first, weights, whole: reduced };
}

/**
 * Rows `start` to `end` of the overview, in C order.
 * @param rows all rows under these cells
 */
export function reduceRows(
  rows: Rows,
  { from, to }: SizeReduction,
  start: number,
  end: number,
  method: ReducingMethod,
): TypedArray {
  const [width, height] = to;
  const { values, stride, firstRow = 0 } = rows;
  const result: TypedArray = allocateArray(dtypeOf(values), (end - start) * width);
  if (method === 'nearest') {
    const columns = Int32Array.from({ length: width }, (_, x) => nearestPixel(x, from[0], width));
    for (let y = start; y < end; y++) {
      const row = (nearestPixel(y, from[1], height) - firstRow) * stride;
      for (let x = 0; x < width; x++) result[(y - start) * width + x] = values[row + columns[x]];
    }
    return result;
  }
  const columns = cellsOf(from[0], width);
  const lines = cellsOf(from[1], height, start, end);
  const columnShares = columns.weights.map((weight) => weight / columns.whole);
  const pairs = method === 'average' && rows.mask === null && from[0] === 2 * width;
  for (let y = 0; y < end - start; y++) {
    const at = (lines.first[y] - firstRow) * stride;
    const weights = lines.weights.subarray(y * MOST, (y + 1) * MOST);
    if (pairs && weights[0] === weights[1]) averagePairs(rows, at, result, y * width, width);
    else if (method === 'mode') modeRow(rows, at, weights, columns, result, y * width);
    else {
      const shares = weights.map((weight) => weight / lines.whole);
      averageRow(rows, at, shares, columns.first, columnShares, result, y * width);
    }
  }
  return result;
}

/** The mask of the same rows, 1 or 0: by `nearest` the pixel's, else 1 if any pixel of the cell is valid. */
export function reduceMask(
  rows: Pick<Rows, 'stride' | 'firstRow'> & { readonly mask: Uint8Array },
  reduction: SizeReduction,
  start: number,
  end: number,
  method: ReducingMethod,
): Uint8Array {
  // The mean of values above 0 is above 0; a cell without any is 0.
  const nearest = method === 'nearest';
  const values = { ...rows, values: rows.mask, nodata: nearest ? null : 0, mask: null };
  const reduced = reduceRows(values, reduction, start, end, nearest ? 'nearest' : 'average');
  return Uint8Array.from(reduced, (value) => (value === 0 ? 0 : 1));
}

function emptyValue({ values, nodata }: Rows): number {
  return nodata ?? (isFloat(dtypeOf(values)) ? Number.NaN : 0);
}

/** The value next to nodata, for a mean that equals nodata by chance. */
function besideNodata(nodata: number | null, dtype: Dtype): number {
  if (nodata === null) return Number.NaN;
  if (!isFloat(dtype)) return nodata < rangeOf(dtype).max ? nodata + 1 : nodata - 1;
  return nodata === 0 ? 2 ** -126 : nodata * (1 - 2 ** -23);
}

/** The common case, 2 × 2 whole pixels without a mask, unrolled. */
function averagePairs(rows: Rows, top: number, result: TypedArray, to: number, width: number): void {
  const { values, stride } = rows;
  const bottom = top + stride;
  const nodata = rows.nodata ?? Number.NaN;
  const empty = emptyValue(rows);
  const beside = besideNodata(rows.nodata, dtypeOf(values));
  const half = isFloat(dtypeOf(values)) ? 0 : 0.5;
  for (let x = 0; x < width; x++) {
    const a = values[top + 2 * x];
    const b = values[top + 2 * x + 1];
    const c = values[bottom + 2 * x];
    const d = values[bottom + 2 * x + 1];
    let count = 0;
    let sum = 0;
    if (a !== nodata && !Number.isNaN(a)) {
      sum += a;
      count++;
    }
    if (b !== nodata && !Number.isNaN(b)) {
      sum += b;
      count++;
    }
    if (c !== nodata && !Number.isNaN(c)) {
      sum += c;
      count++;
    }
    if (d !== nodata && !Number.isNaN(d)) {
      sum += d;
      count++;
    }
    if (count === 0) result[to + x] = empty;
    else {
      const mean = half === 0 ? sum / count : Math.floor(sum / count + half);
      result[to + x] = mean === nodata ? beside : mean;
    }
  }
}

/** @param rowShares overlap of each row with the cells @param shares overlap of each pixel in a row */
function averageRow(
  rows: Rows,
  at: number,
  rowShares: Float64Array,
  first: Int32Array,
  shares: Float64Array,
  result: TypedArray,
  to: number,
): void {
  const { values, stride, mask } = rows;
  const nodata = rows.nodata ?? Number.NaN;
  const empty = emptyValue(rows);
  const beside = besideNodata(rows.nodata, dtypeOf(values));
  const round = !isFloat(dtypeOf(values));
  // Cells of 3 × 3 pixels beyond it would reach beyond the array.
  const last = mask === null ? values.length - 2 * stride - MOST : -1;
  for (let x = 0; x < first.length; x++) {
    const start = at + first[x];
    const left = shares[MOST * x];
    const centre = shares[MOST * x + 1];
    const right = shares[MOST * x + 2];
    let sum = start <= last ? 0 : Number.NaN;
    let total = 0;
    // All pixels: those without a share add 0.
    for (let row = 0; row < MOST && start <= last; row++) {
      const pixel = start + row * stride;
      const share = rowShares[row];
      const a = values[pixel];
      const b = values[pixel + 1];
      const c = values[pixel + 2];
      if (a === nodata || b === nodata || c === nodata) sum = Number.NaN;
      sum += share * left * a;
      sum += share * centre * b;
      sum += share * right * c;
      total += share * left;
      total += share * centre;
      total += share * right;
    }
    // Gaps: NaN makes the sum NaN.
    if (Number.isNaN(sum)) {
      const columns = right > 0 ? 3 : centre > 0 ? 2 : 1;
      sum = 0;
      total = 0;
      for (let row = 0; row < MOST && rowShares[row] > 0; row++) {
        const pixel = start + row * stride;
        for (let c = 0; c < columns; c++) {
          const value = values[pixel + c];
          if (value === nodata || Number.isNaN(value) || (mask !== null && mask[pixel + c] === 0)) continue;
          const weight = rowShares[row] * shares[MOST * x + c];
          sum += weight * value;
          total += weight;
        }
      }
    }
    if (total === 0) result[to + x] = empty;
    else {
      const mean = round ? Math.floor(sum / total + 0.5) : sum / total;
      result[to + x] = mean === nodata ? beside : mean;
    }
  }
}

function modeRow(
  rows: Rows,
  at: number,
  rowWeights: Float64Array,
  { first, weights }: Cells,
  result: TypedArray,
  to: number,
): void {
  const { values, stride, mask } = rows;
  const nodata = rows.nodata ?? Number.NaN;
  const empty = emptyValue(rows);
  const found = new Float64Array(MOST * MOST);
  const covered = new Float64Array(MOST * MOST);
  for (let x = 0; x < first.length; x++) {
    const columns = weights[MOST * x + 2] > 0 ? 3 : weights[MOST * x + 1] > 0 ? 2 : 1;
    let count = 0;
    for (let row = 0; row < MOST && rowWeights[row] > 0; row++) {
      const pixel = at + row * stride + first[x];
      for (let c = 0; c < columns; c++) {
        const value = values[pixel + c];
        if (value === nodata || Number.isNaN(value) || (mask !== null && mask[pixel + c] === 0)) continue;
        let k = 0;
        while (k < count && found[k] !== value) k++;
        if (k === count) {
          found[k] = value;
          covered[k] = 0;
          count++;
        }
        covered[k] += rowWeights[row] * weights[MOST * x + c];
      }
    }
    result[to + x] = count === 0 ? empty : largest(found, covered, count);
  }
}

/** The value that covers most, the lowest among equals. */
function largest(found: Float64Array, covered: Float64Array, count: number): number {
  let best = 0;
  for (let k = 1; k < count; k++) {
    if (covered[k] > covered[best] || (covered[k] === covered[best] && found[k] < found[best])) best = k;
  }
  return found[best];
}
