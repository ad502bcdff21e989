import { BLOCK_LOG2, CELL_WORDS, CROSS_BITS, NOWHERE, TABLE_WORDS } from '../../geo/control/cells.js';
import type { KernelRun } from '../../gpu/index.js';
import type { AREA } from '../area.js';
import { plainSource } from './source.js';

export const module = import.meta.url;

/** Corners this close to a pixel's edge count as on it: 2^-12 pixels. */
const EDGE_LOG2 = 12;
/** Smaller shares of a source pixel are ignored. */
const LEAST_SHARE = 2 ** -20;

/** A source window and the box of one destination pixel in it; one object, refilled for every pixel. */
interface Box {
  readonly source: Float32Array;
  readonly width: number;
  readonly height: number;
  /** The first pixel of the window in the source. */
  readonly sourceX: number;
  readonly sourceY: number;
  /** The control grid: its cells, the word of the cell, the pixel in the cell, and the bits of fractions. */
  readonly cells: Int32Array;
  cell: number;
  fx: number;
  fy: number;
  bits: number;
  /** Pixels from first (inclusive) to last (exclusive). */
  firstX: number;
  firstY: number;
  lastX: number;
  lastY: number;
  /** Weights of the first and last column and row. */
  firstWeightX: number;
  firstWeightY: number;
  lastWeightX: number;
  lastWeightY: number;
  /** Corners in source pixels, clockwise from the upper left on the destination, for sums. */
  readonly x: Float64Array;
  readonly y: Float64Array;
}

/** Integer arithmetic as in the shader, so that both find the same boxes. */
export const run: KernelRun<typeof AREA> = (tensors, parameters, start, end) => {
  const { cells, table, destination } = tensors;
  const { tile_x, tile_y, tile_width, block_x, block_y, block_columns, method } = parameters;
  const part = { left: 0, right: tile_width, top: start, bottom: end };
  const plain = plainSource(tensors, parameters, part, { x: 1, y: 1 });
  const place = { cell: 0, fx: 0, fy: 0, bits: 0, firstX: 0, firstY: 0, lastX: 0, lastY: 0 };
  const weights = { firstWeightX: 0, firstWeightY: 0, lastWeightX: 0, lastWeightY: 0 };
  const box: Box = {
    source: plain.source,
    width: plain.columns,
    height: plain.rows,
    sourceX: parameters.source_x + plain.firstColumn,
    sourceY: parameters.source_y + plain.firstRow,
    cells,
    ...place,
    ...weights,
    x: new Float64Array(4),
    y: new Float64Array(4),
  };
  const find = method === SUM ? findCorners : findBox;
  const summarise = METHODS[method];
  for (let row = start; row < end; row++) {
    const y = tile_y + row;
    const blockRow = ((y >> BLOCK_LOG2) - block_y) * block_columns - block_x;
    const output = parameters.output_offset + row * parameters.output_stride;
    for (let column = 0; column < tile_width; column++) {
      const x = tile_x + column;
      const entry = (blockRow + (x >> BLOCK_LOG2)) * TABLE_WORDS;
      const log2 = table[entry + 1];
      const local = (((y & 255) >> log2) << (BLOCK_LOG2 - log2)) + ((x & 255) >> log2);
      const cell = (table[entry] + local) * CELL_WORDS;
      let value = Number.NaN;
      if (cells[cell] > NOWHERE) {
        const mask = (1 << log2) - 1;
        box.cell = cell;
        box.fx = x & mask;
        box.fy = y & mask;
        box.bits = table[entry + 2];
        find(box);
        value = summarise(box);
      }
      destination[output + column] = value;
    }
  }
};

/** A corner's coordinate in units of 2^-bits from the cell's origin; hx and hy count half pixels. */
function cornerPosition(cells: Int32Array, word: number, hx: number, hy: number): number {
  const xy = hx * hy;
  const c = cells[word + 8];
  // A quarter of xy · c, in two parts so that neither overflows.
  const cross = Math.imul(xy >> 2, c) + (Math.imul(xy & 3, c) >> 2);
  const linear = (Math.imul(hx, cells[word + 4]) + Math.imul(hy, cells[word + 6])) >> 1;
  return (cells[word + 2] + linear + (cross >> CROSS_BITS)) | 0;
}

/** The box between a pixel's two corners, clipped to the source; may be empty. */
function findBox(box: Box): void {
  const { cells, cell, fx, fy, bits, sourceX, sourceY, width, height } = box;
  const near = 1 << (bits - EDGE_LOG2);
  const unit = 1 << bits;
  const left = 2 * fx - 1;
  const top = 2 * fy - 1;
  const px = cornerPosition(cells, cell, left, top);
  const rx = cornerPosition(cells, cell, left + 2, top + 2);
  const py = cornerPosition(cells, cell + 1, left, top);
  const ry = cornerPosition(cells, cell + 1, left + 2, top + 2);
  const lowX = Math.min(px, rx);
  const highX = Math.max(px, rx);
  const lowY = Math.min(py, ry);
  const highY = Math.max(py, ry);
  const originX = cells[cell] - sourceX;
  const originY = cells[cell + 1] - sourceY;
  const firstX = originX + ((lowX + near) >> bits);
  const firstY = originY + ((lowY + near) >> bits);
  const lastX = originX - ((near - highX) >> bits);
  const lastY = originY - ((near - highY) >> bits);
  if (firstX >= width || firstY >= height || lastX <= 0 || lastY <= 0) {
    box.firstX = box.lastX = box.firstY = box.lastY = 0;
    return;
  }
  box.lastX = Math.min(Math.max(lastX, firstX + 1), width);
  box.lastY = Math.min(Math.max(lastY, firstY + 1), height);
  box.firstX = Math.max(firstX, 0);
  box.firstY = Math.max(firstY, 0);
  // The part of the box outside the source adds to the weight of the source's edge pixels, as in GDAL.
  box.firstWeightX = 1 - (lowX / unit - (box.firstX - originX));
  box.firstWeightY = 1 - (lowY / unit - (box.firstY - originY));
  box.lastWeightX = 1 - (box.lastX - originX - highX / unit);
  box.lastWeightY = 1 - (box.lastY - originY - highY / unit);
}

/** A pixel's four corners, and the source pixels that they may overlap. */
function findCorners(box: Box): void {
  const { cells, cell, fx, fy, bits, sourceX, sourceY, x, y } = box;
  const unit = 1 << bits;
  for (let k = 0; k < 4; k++) {
    const hx = 2 * fx + (k === 0 || k === 3 ? -1 : 1);
    const hy = 2 * fy + (k < 2 ? -1 : 1);
    x[k] = cells[cell] - sourceX + cornerPosition(cells, cell, hx, hy) / unit;
    y[k] = cells[cell + 1] - sourceY + cornerPosition(cells, cell + 1, hx, hy) / unit;
  }
  box.firstX = Math.max(0, Math.floor(Math.min(x[0], x[1], x[2], x[3])));
  box.firstY = Math.max(0, Math.floor(Math.min(y[0], y[1], y[2], y[3])));
  box.lastX = Math.min(box.width, Math.floor(Math.max(x[0], x[1], x[2], x[3])) + 1);
  box.lastY = Math.min(box.height, Math.floor(Math.max(y[0], y[1], y[2], y[3])) + 1);
}

function weightAt(pixel: number, first: number, last: number, firstWeight: number, lastWeight: number) {
  if (first + 1 === last) return 1;
  if (pixel === first) return firstWeight;
  return pixel + 1 === last ? lastWeight : 1;
}

/** The weighted mean of the values or of their squares, NaN without any. */
function weightedMean(box: Box, squared: boolean): number {
  const { source, width, firstX, firstY, lastX, lastY } = box;
  let sum = 0;
  let total = 0;
  for (let y = firstY; y < lastY; y++) {
    const rowWeight = weightAt(y, firstY, lastY, box.firstWeightY, box.lastWeightY);
    let rowSum = 0;
    let rowTotal = 0;
    for (let x = firstX; x < lastX; x++) {
      const value = source[y * width + x];
      if (Number.isNaN(value)) continue;
      const weight = weightAt(x, firstX, lastX, box.firstWeightX, box.lastWeightX);
      rowSum += weight * (squared ? value * value : value);
      rowTotal += weight;
    }
    sum += rowWeight * rowSum;
    total += rowWeight * rowTotal;
  }
  return total > 0 ? sum / total : Number.NaN;
}

/** The values of a box, gathered for sorting; kept between calls. */
let gathered = new Float32Array(64);

/** Gathers the valid values, with -0 as 0, and returns their number. */
function gather({ source, width, firstX, firstY, lastX, lastY }: Box): number {
  const most = (lastX - firstX) * (lastY - firstY);
  if (gathered.length < most) gathered = new Float32Array(most);
  let count = 0;
  for (let y = firstY; y < lastY; y++) {
    for (let x = firstX; x < lastX; x++) {
      const value = source[y * width + x];
      if (!Number.isNaN(value)) gathered[count++] = value === 0 ? 0 : value;
    }
  }
  return count;
}

/** Up to this many values insertion sort is used. */
const FEW = 40;

/** The value at rank ceil(n · quarters / 4 − 1), without interpolation, as in GDAL. */
function quantile(box: Box, quarters: number): number {
  const count = gather(box);
  if (count === 0) return Number.NaN;
  if (count > FEW) gathered.subarray(0, count).sort();
  else {
    for (let i = 1; i < count; i++) {
      const value = gathered[i];
      let j = i;
      for (; j > 0 && gathered[j - 1] > value; j--) gathered[j] = gathered[j - 1];
      gathered[j] = value;
    }
  }
  return gathered[((count * quarters + 3) >> 2) - 1];
}

/** The most frequent value; among ties, the one that reaches its count first, row by row. */
function mode(box: Box): number {
  const count = gather(box);
  if (count === 0) return Number.NaN;
  let best = gathered[0];
  let most = 0;
  if (count > FEW) {
    const counts = new Map<number, number>();
    for (let i = 0; i < count; i++) {
      const n = (counts.get(gathered[i]) ?? 0) + 1;
      counts.set(gathered[i], n);
      if (n <= most) continue;
      most = n;
      best = gathered[i];
    }
    return best;
  }
  for (let i = 0; i < count; i++) {
    let n = 1;
    for (let j = 0; j < i; j++) if (gathered[j] === gathered[i]) n++;
    if (n <= most) continue;
    most = n;
    best = gathered[i];
  }
  return best;
}

/** The smallest of sign · value, times sign. */
function extreme(box: Box, sign: 1 | -1): number {
  const count = gather(box);
  if (count === 0) return Number.NaN;
  let best = sign * gathered[0];
  for (let i = 1; i < count; i++) best = Math.min(best, sign * gathered[i]);
  // Not -0.
  return best === 0 ? 0 : sign * best;
}

/** The area between the x axis and an edge from a to b within the unit square (see area.wgsl). */
function areaUnder(ax: number, ay: number, bx: number, by: number): number {
  const from = Math.min(1, Math.max(0, ax));
  const to = Math.min(1, Math.max(0, bx));
  if (from === to) return 0;
  const slope = (by - ay) / (bx - ax);
  const y0 = ay + (from - ax) * slope;
  const y1 = ay + (to - ax) * slope;
  const low = Math.min(y0, y1);
  const high = Math.max(y0, y1);
  const rise = high - low;
  let above = low >= 1 ? 1 : 0;
  let below = high <= 0 ? 1 : 0;
  if (rise > 0) {
    above = Math.min(1, Math.max(0, (high - 1) / rise));
    below = Math.min(1, Math.max(0, -low / rise));
  }
  const height = (Math.min(1, Math.max(0, low)) + Math.min(1, Math.max(0, high))) / 2;
  return (to - from) * (above + (1 - above - below) * height);
}

/** The sum of values weighted by the share of each source pixel in the destination pixel. */
function sharedOut({ source, width, firstX, firstY, lastX, lastY, x, y }: Box): number {
  let sum = 0;
  let found = false;
  for (let j = firstY; j < lastY; j++) {
    for (let i = firstX; i < lastX; i++) {
      const value = source[j * width + i];
      if (Number.isNaN(value)) continue;
      let area = 0;
      for (let k = 0; k < 4; k++) {
        const n = (k + 1) & 3;
        area += areaUnder(x[k] - i, y[k] - j, x[n] - i, y[n] - j);
      }
      const share = Math.abs(area);
      if (share < LEAST_SHARE) continue;
      sum += share * value;
      found = true;
    }
  }
  return found ? sum : Number.NaN;
}

/** In the order of the method numbers (see area.wgsl). */
const METHODS: readonly ((box: Box) => number)[] = [
  (box) => weightedMean(box, false),
  mode,
  (box) => extreme(box, 1),
  (box) => extreme(box, -1),
  (box) => quantile(box, 2),
  (box) => quantile(box, 1),
  (box) => quantile(box, 3),
  sharedOut,
  (box) => Math.sqrt(weightedMean(box, true)),
];
const SUM = 7;
