/** Halving rows for overviews. */
import { allocateArray, dtypeOf, isFloat, type TypedArray } from '../../geo/index.js';

export const OVERVIEW_METHODS = ['average', 'mode', 'nearest', 'none'] as const;
/**
 * `average` for measurements: the mean of the valid pixels among four, invalid where none is valid. `mode` for
 * classes: the most frequent valid value, the lowest among equals. `nearest` takes the upper left pixel.
 */
export type OverviewMethod = (typeof OVERVIEW_METHODS)[number];

/** The rows of one band that are to be halved. */
export interface Rows {
  /** `height` rows of `stride` values, of which the first `width` count. */
  readonly values: TypedArray;
  readonly width: number;
  readonly height: number;
  readonly stride: number;
  /** NaN is never valid; null: every other value is. */
  readonly nodata: number | null;
  /** 0 where a pixel is not valid, in the layout of `values`; null: nodata alone decides. */
  readonly mask: Uint8Array | null;
}

/**
 * Rows at half the resolution, `⌈height / 2⌉ × ⌈width / 2⌉` values. Odd sizes round up: the last row and column then
 * stand for fewer pixels.
 */
export function halve(rows: Rows, method: Exclude<OverviewMethod, 'none'>): TypedArray {
  const halfWidth = Math.ceil(rows.width / 2);
  const halfHeight = Math.ceil(rows.height / 2);
  const result: TypedArray = allocateArray(dtypeOf(rows.values), halfWidth * halfHeight);
  for (let y = 0; y < halfHeight; y++) {
    const top = 2 * y * rows.stride;
    const bottom = 2 * y + 1 < rows.height ? top + rows.stride : top;
    const to = y * halfWidth;
    if (method === 'nearest') {
      for (let x = 0; x < halfWidth; x++) result[to + x] = rows.values[top + 2 * x];
    } else if (method === 'average' && rows.mask === null) {
      averageRow(rows, top, bottom, result, to);
    } else {
      reduceRow(rows, top, bottom, result, to, method);
    }
  }
  return result;
}

/** The mask at half the resolution: by `nearest` the upper left pixel's, else valid where one of four is. */
export function halveMask(
  mask: Uint8Array,
  { width, height, stride }: Pick<Rows, 'width' | 'height' | 'stride'>,
  method: Exclude<OverviewMethod, 'none'>,
): Uint8Array {
  const halfWidth = Math.ceil(width / 2);
  const halfHeight = Math.ceil(height / 2);
  const result = new Uint8Array(halfWidth * halfHeight);
  for (let y = 0; y < halfHeight; y++) {
    const top = 2 * y * stride;
    const bottom = 2 * y + 1 < height ? top + stride : top;
    for (let x = 0; x < halfWidth; x++) {
      const left = 2 * x;
      const right = left + 1 < width ? left + 1 : left;
      const valid =
        method === 'nearest'
          ? mask[top + left]
          : mask[top + left] | mask[top + right] | mask[bottom + left] | mask[bottom + right];
      result[y * halfWidth + x] = valid === 0 ? 0 : 1;
    }
  }
  return result;
}

function emptyValue({ values, nodata }: Rows): number {
  return nodata ?? (isFloat(dtypeOf(values)) ? Number.NaN : 0);
}

/** The common case: whole blocks of four without a mask, in one tight loop. */
function averageRow(rows: Rows, top: number, bottom: number, result: TypedArray, to: number): void {
  const { values, width } = rows;
  const nodata = rows.nodata ?? Number.NaN;
  const empty = emptyValue(rows);
  const half = isFloat(dtypeOf(values)) ? 0 : 0.5;
  const pairs = bottom === top ? 0 : width >> 1;
  for (let x = 0; x < pairs; x++) {
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
    else result[to + x] = half === 0 ? sum / count : Math.floor(sum / count + half);
  }
  if (2 * pairs < width) reduceRow(rows, top, bottom, result, to, 'average', pairs);
}

/** Any row from pixel `start` of the result on. */
function reduceRow(
  rows: Rows,
  top: number,
  bottom: number,
  result: TypedArray,
  to: number,
  method: 'average' | 'mode',
  start = 0,
): void {
  const { values, width, mask } = rows;
  const nodata = rows.nodata ?? Number.NaN;
  const empty = emptyValue(rows);
  const round = !isFloat(dtypeOf(values));
  const four = [0, 0, 0, 0];
  const halfWidth = Math.ceil(width / 2);
  for (let x = start; x < halfWidth; x++) {
    let count = 0;
    const end = Math.min(2 * x + 2, width);
    for (let row = top; ; row = bottom) {
      for (let i = row + 2 * x; i < row + end; i++) {
        const value = values[i];
        if (value !== nodata && !Number.isNaN(value) && mask?.[i] !== 0) four[count++] = value;
      }
      if (row === bottom) break;
    }
    if (count === 0) result[to + x] = empty;
    else if (method === 'mode') result[to + x] = mostFrequent(four, count);
    else {
      let sum = 0;
      for (let i = 0; i < count; i++) sum += four[i];
      result[to + x] = round ? Math.floor(sum / count + 0.5) : sum / count;
    }
  }
}

function mostFrequent(values: readonly number[], count: number): number {
  let best = values[0];
  let bestCount = 0;
  for (let i = 0; i < count; i++) {
    let same = 0;
    for (let j = 0; j < count; j++) if (values[j] === values[i]) same++;
    if (same > bestCount || (same === bestCount && values[i] < best)) {
      best = values[i];
      bestCount = same;
    }
  }
  return best;
}
