import { BLOCK_LOG2, CELL_WORDS, CROSS_BITS, TABLE_WORDS } from '../../geo/control/cells.js';
import type { KernelRun } from '../../gpu/index.js';
import type { WARP } from '../warp.js';
import { type Filter, filteredValue } from './filters.js';
import { plainSource, type TilePart } from './source.js';

export const module = import.meta.url;

/**
 * Rows of a tile, one column of blocks after the other: the source under few columns is small, however a grid is turned.
 * Along each row, cell by cell: within a cell the position advances by integer additions, with exactly the results of the
 * shader.
 */
export const run: KernelRun<typeof WARP> = (tensors, parameters, start, end) => {
  const { tile_x, tile_width } = parameters;
  for (let left = 0; left < tile_width; ) {
    const right = Math.min(tile_width, ((((tile_x + left) >> BLOCK_LOG2) + 1) << BLOCK_LOG2) - tile_x);
    runPart(tensors, parameters, { left, right, top: start, bottom: end });
    left = right;
  }
};

function runPart(
  tensors: Parameters<typeof run>[0],
  parameters: Parameters<typeof run>[1],
  part: TilePart,
): void {
  const { cells, table, destination } = tensors;
  const { tile_x, tile_y, block_x, block_y, block_columns } = parameters;
  const interpolate = RUNS[parameters.method];
  // One pixel more than the taps, so that the last one read is the last converted one only at the source's edge.
  const margin = { x: parameters.taps_x + 1, y: parameters.taps_y + 1 };
  const {
    source,
    firstColumn,
    firstRow,
    columns: width,
    rows: height,
  } = plainSource(tensors, parameters, part, margin);
  const source_x = parameters.source_x + firstColumn;
  const source_y = parameters.source_y + firstRow;
  const filter = {
    weights: tensors.weights,
    length: parameters.filter_length,
    tapsX: parameters.taps_x,
    tapsY: parameters.taps_y,
    stepsX: parameters.steps_x,
    stepsY: parameters.steps_y,
  };
  const place = { output: 0, count: 0, originX: 0, originY: 0, qx: 0, qy: 0, ax: 0, ay: 0, cx: 0, cy: 0 };
  const piece: Piece = { source, width, height, destination, filter, ...place, fx: 0, bits: 0 };
  const right = tile_x + part.right;
  for (let row = part.top; row < part.bottom; row++) {
    const y = tile_y + row;
    const blockRow = ((y >> BLOCK_LOG2) - block_y) * block_columns - block_x;
    let output = parameters.output_offset + row * parameters.output_stride + part.left;
    for (let x = tile_x + part.left; x < right; ) {
      const entry = (blockRow + (x >> BLOCK_LOG2)) * TABLE_WORDS;
      const log2 = table[entry + 1];
      const size = 1 << log2;
      const localX = x & 255;
      const localY = y & 255;
      const fx = localX & (size - 1);
      const fy = localY & (size - 1);
      const cell = (table[entry] + ((localY >> log2) << (BLOCK_LOG2 - log2)) + (localX >> log2)) * CELL_WORDS;
      const count = Math.min(size - fx, right - x);
      const ax = cells[cell + 4];
      const ay = cells[cell + 5];
      piece.output = output;
      piece.count = count;
      piece.originX = cells[cell] - source_x;
      piece.originY = cells[cell + 1] - source_y;
      piece.ax = ax;
      piece.ay = ay;
      piece.qx = (cells[cell + 2] + Math.imul(fy, cells[cell + 6]) + Math.imul(fx, ax)) | 0;
      piece.qy = (cells[cell + 3] + Math.imul(fy, cells[cell + 7]) + Math.imul(fx, ay)) | 0;
      piece.cx = Math.imul(fy, cells[cell + 8]);
      piece.cy = Math.imul(fy, cells[cell + 9]);
      piece.fx = fx;
      piece.bits = table[entry + 2];
      interpolate(piece);
      output += count;
      x += count;
    }
  }
}

/**
 * The pixels of one row inside one cell; one object, refilled for every cell. Positions are `origin + p / 2^bits` for
 * `p = q + fx·a + ((fx·c) >> 8)`, with q for the first pixel and c multiplied by fy.
 */
export interface Piece {
  readonly source: Float32Array;
  readonly width: number;
  readonly height: number;
  readonly destination: Float32Array;
  readonly filter: Filter;
  output: number;
  count: number;
  originX: number;
  originY: number;
  qx: number;
  qy: number;
  ax: number;
  ay: number;
  cx: number;
  cy: number;
  fx: number;
  bits: number;
}

function nearestRun(piece: Piece): void {
  const { source, width, height, destination, output, count } = piece;
  const { originX, originY, qx, qy, ax, ay, cx, cy, fx, bits } = piece;
  let linearX = qx;
  let linearY = qy;
  let crossX = Math.imul(fx, cx);
  let crossY = Math.imul(fx, cy);
  for (let i = 0; i < count; i++) {
    const px = (linearX + (crossX >> CROSS_BITS)) | 0;
    const py = (linearY + (crossY >> CROSS_BITS)) | 0;
    const x = (originX + (px >> bits)) | 0;
    const y = (originY + (py >> bits)) | 0;
    destination[output + i] =
      x >= 0 && y >= 0 && x < width && y < height
        ? source[(Math.imul(y, width) + x) | 0]
        : containingValue(piece, px, py);
    linearX = (linearX + ax) | 0;
    linearY = (linearY + ay) | 0;
    crossX = (crossX + cx) | 0;
    crossY = (crossY + cy) | 0;
  }
}

function bilinearRun(piece: Piece): void {
  const { source, width, height, destination, output, count } = piece;
  const { originX, originY, qx, qy, ax, ay, cx, cy, fx, bits } = piece;
  const half = 1 << (bits - 1);
  const mask = (1 << bits) - 1;
  const unit = 1 / (1 << bits);
  // Pixel centres are at +0.5: shifting by half a pixel makes them whole.
  let linearX = (qx - half) | 0;
  let linearY = (qy - half) | 0;
  let crossX = Math.imul(fx, cx);
  let crossY = Math.imul(fx, cy);
  // Positions along a run are monotonic: if its ends are inside, all of it is.
  const steps = count - 1;
  const endX = (linearX + Math.imul(steps, ax) + ((crossX + Math.imul(steps, cx)) >> CROSS_BITS)) | 0;
  const endY = (linearY + Math.imul(steps, ay) + ((crossY + Math.imul(steps, cy)) >> CROSS_BITS)) | 0;
  const x0 = originX + ((linearX + (crossX >> CROSS_BITS)) >> bits);
  const y0 = originY + ((linearY + (crossY >> CROSS_BITS)) >> bits);
  const x1 = originX + (endX >> bits);
  const y1 = originY + (endY >> bits);
  const inside =
    Math.min(x0, x1, y0, y1) >= 0 && Math.max(x0, x1) < width - 1 && Math.max(y0, y1) < height - 1;
  const stop = (output + count) | 0;
  for (let i = output; i < stop; i++) {
    const px = (linearX + (crossX >> CROSS_BITS)) | 0;
    const py = (linearY + (crossY >> CROSS_BITS)) | 0;
    linearX = (linearX + ax) | 0;
    linearY = (linearY + ay) | 0;
    crossX = (crossX + cx) | 0;
    crossY = (crossY + cy) | 0;
    const x = (originX + (px >> bits)) | 0;
    const y = (originY + (py >> bits)) | 0;
    if (inside || (x >= 0 && y >= 0 && x < width - 1 && y < height - 1)) {
      const above = (Math.imul(y, width) + x) | 0;
      const below = (above + width) | 0;
      const wx = (px & mask) * unit;
      const wy = (py & mask) * unit;
      const a = source[above];
      const b = source[below];
      const top = a + (source[above + 1] - a) * wx;
      const bottom = b + (source[below + 1] - b) * wx;
      const value = top + (bottom - top) * wy;
      if (!Number.isNaN(value)) {
        destination[i] = value;
        continue;
      }
    }
    destination[i] = bilinearValue(piece, px, py);
  }
}

/** One value from the pixels of the four that are inside and have data; px and py are relative to pixel centres. */
function bilinearValue(piece: Piece, px: number, py: number): number {
  const { source, width, height, originX, originY, bits } = piece;
  const half = 1 << (bits - 1);
  const mask = (1 << bits) - 1;
  const unit = 1 / (1 << bits);
  const centre = containingValue(piece, (px + half) | 0, (py + half) | 0);
  if (Number.isNaN(centre)) return centre;
  const [x0, y0] = [originX + (px >> bits), originY + (py >> bits)];
  const [wx, wy] = [(px & mask) * unit, (py & mask) * unit];
  let sum = 0;
  let weights = 0;
  for (let j = 0; j < 2; j++) {
    for (let i = 0; i < 2; i++) {
      const x = x0 + i;
      const y = y0 + j;
      if (x < 0 || y < 0 || x >= width || y >= height) continue;
      const value = source[y * width + x];
      if (Number.isNaN(value)) continue;
      const weight = (i === 1 ? wx : 1 - wx) * (j === 1 ? wy : 1 - wy);
      // Skipped, since the value may be infinite.
      if (weight === 0) continue;
      sum += weight * value;
      weights += weight;
    }
  }
  return sum / weights;
}

/** All sixteen pixels around the position, or bilinear where one of them is outside or without data. */
function cubicRun(piece: Piece): void {
  const { source, width, height, destination, output, count } = piece;
  const { originX, originY, qx, qy, ax, ay, cx, cy, fx, bits } = piece;
  const half = 1 << (bits - 1);
  const mask = (1 << bits) - 1;
  const unit = 1 / (1 << bits);
  const lastX = width - 2;
  const lastY = height - 2;
  let linearX = (qx - half) | 0;
  let linearY = (qy - half) | 0;
  let crossX = Math.imul(fx, cx);
  let crossY = Math.imul(fx, cy);
  for (let i = 0; i < count; i++) {
    const px = (linearX + (crossX >> CROSS_BITS)) | 0;
    const py = (linearY + (crossY >> CROSS_BITS)) | 0;
    const x = (originX + (px >> bits)) | 0;
    const y = (originY + (py >> bits)) | 0;
    const wx = (px & mask) * unit;
    const wy = (py & mask) * unit;
    linearX = (linearX + ax) | 0;
    linearY = (linearY + ay) | 0;
    crossX = (crossX + cx) | 0;
    crossY = (crossY + cy) | 0;
    if (x >= 1 && y >= 1 && x < lastX && y < lastY) {
      // Keys' weights (a = -1/2) of the pixels at -1, 0, 1 and 2.
      const ux = 1 - wx;
      const x0 = -0.5 * wx * ux * ux;
      const x1 = 1 + wx * wx * (1.5 * wx - 2.5);
      const x2 = 1 + ux * ux * (1.5 * ux - 2.5);
      const x3 = -0.5 * ux * wx * wx;
      const uy = 1 - wy;
      const k = (Math.imul(y - 1, width) + x - 1) | 0;
      const l = (k + width) | 0;
      const m = (l + width) | 0;
      const n = (m + width) | 0;
      const value =
        -0.5 *
          wy *
          uy *
          uy *
          (source[k] * x0 + source[k + 1] * x1 + source[k + 2] * x2 + source[k + 3] * x3) +
        (1 + wy * wy * (1.5 * wy - 2.5)) *
          (source[l] * x0 + source[l + 1] * x1 + source[l + 2] * x2 + source[l + 3] * x3) +
        (1 + uy * uy * (1.5 * uy - 2.5)) *
          (source[m] * x0 + source[m + 1] * x1 + source[m + 2] * x2 + source[m + 3] * x3) +
        -0.5 * uy * wy * wy * (source[n] * x0 + source[n + 1] * x1 + source[n + 2] * x2 + source[n + 3] * x3);
      destination[output + i] = value;
      if (!Number.isNaN(value)) continue;
      const finite = cubicValue(source, k, width, wx, wy);
      destination[output + i] = finite;
      if (!Number.isNaN(finite)) continue;
    }
    destination[output + i] = bilinearValue(piece, px, py);
  }
}

/** Keys' weight of the pixel at −1, 0, 1 or 2, by its number from 0. */
function cubicWeight(pixel: number, w: number): number {
  const u = 1 - w;
  if (pixel === 0) return -0.5 * w * u * u;
  if (pixel === 1) return 1 + w * w * (1.5 * w - 2.5);
  return pixel === 2 ? 1 + u * u * (1.5 * u - 2.5) : -0.5 * u * w * w;
}

/** The value of sixteen pixels of which some are not finite: NaN if one has no data; infinite ones of weight 0 are skipped. */
function cubicValue(source: Float32Array, first: number, width: number, wx: number, wy: number): number {
  let sum = 0;
  for (let j = 0; j < 4; j++) {
    for (let i = 0; i < 4; i++) {
      const value = source[first + j * width + i];
      if (Number.isNaN(value)) return value;
      const weight = cubicWeight(i, wx) * cubicWeight(j, wy);
      if (weight !== 0) sum += weight * value;
    }
  }
  return sum;
}

function filteredRun(piece: Piece): void {
  const { destination, output, count } = piece;
  const { originX, originY, qx, qy, ax, ay, cx, cy, fx, bits } = piece;
  const half = 1 << (bits - 1);
  const mask = (1 << bits) - 1;
  const unit = 1 / (1 << bits);
  for (let i = 0; i < count; i++) {
    const step = fx + i;
    const px = (qx + Math.imul(i, ax) + (Math.imul(step, cx) >> CROSS_BITS)) | 0;
    const py = (qy + Math.imul(i, ay) + (Math.imul(step, cy) >> CROSS_BITS)) | 0;
    const centre = containingValue(piece, px, py);
    if (Number.isNaN(centre)) {
      destination[output + i] = centre;
      continue;
    }
    const x = originX + ((px - half) >> bits);
    const y = originY + ((py - half) >> bits);
    const wx = ((px - half) & mask) * unit;
    const wy = ((py - half) & mask) * unit;
    destination[output + i] = filteredValue(piece, x, y, wx, wy);
  }
}

/** In the order of the method numbers: nearest, bilinear, cubic, a filter. */
const RUNS: readonly ((piece: Piece) => void)[] = [nearestRun, bilinearRun, cubicRun, filteredRun];

/** The value of the pixel that contains a position, or NaN outside; a position on the far edge is inside. */
function containingValue(piece: Piece, qx: number, qy: number): number {
  const { source, width, height, originX, originY, bits } = piece;
  const mask = (1 << bits) - 1;
  let x = originX + (qx >> bits);
  let y = originY + (qy >> bits);
  if (x === width && (qx & mask) === 0) x--;
  if (y === height && (qy & mask) === 0) y--;
  return x >= 0 && y >= 0 && x < width && y < height ? source[y * width + x] : Number.NaN;
}
