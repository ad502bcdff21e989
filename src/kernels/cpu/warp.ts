import type { TypedArray } from '../../geo/index.js';
import type { CpuTensors, KernelParameters } from '../../gpu/index.js';

export const module = import.meta.url;

type Tensors = CpuTensors<'source' | 'cells' | 'table' | 'destination'>;
type Parameters = KernelParameters<
  | 'source_x'
  | 'source_y'
  | 'source_width'
  | 'source_height'
  | 'tile_x'
  | 'tile_y'
  | 'tile_width'
  | 'tile_height'
  | 'block_x'
  | 'block_y'
  | 'block_columns'
  | 'output_offset'
  | 'output_stride'
  | 'resampling'
>;

const BLOCK_LOG2 = 8;
const CELL_WORDS = 10;
const TABLE_WORDS = 4;
const CROSS_BITS = 8;

/**
 * Rows of a tile, cell by cell along each row: within a cell the position advances by adding integers, which gives
 * exactly what the shader computes for each pixel by itself.
 */
export function run(tensors: Tensors, parameters: Parameters, start: number, end: number): void {
  const { cells, table } = tensors;
  const { tile_x, tile_y, tile_width, block_x, block_y, block_columns } = parameters;
  const interpolate = parameters.resampling === 1 ? bilinearRun : nearestRun;
  const run: Run = {
    source: tensors.source as Float32Array,
    destination: tensors.destination as Float32Array,
    width: parameters.source_width,
    height: parameters.source_height,
    output: 0,
    count: 0,
    originX: 0,
    originY: 0,
    px: 0,
    py: 0,
    ax: 0,
    ay: 0,
    cx: 0,
    cy: 0,
    fx: 0,
    bits: 0,
  };
  for (let row = start; row < end; row++) {
    const y = tile_y + row;
    const blockRow = ((y >> BLOCK_LOG2) - block_y) * block_columns - block_x;
    let output = parameters.output_offset + row * parameters.output_stride;
    for (let x = tile_x; x < tile_x + tile_width; ) {
      const entry = (blockRow + (x >> BLOCK_LOG2)) * TABLE_WORDS;
      const log2 = table[entry + 1];
      const bits = table[entry + 2];
      const size = 1 << log2;
      const localX = x & 255;
      const localY = y & 255;
      const fx = localX & (size - 1);
      const fy = localY & (size - 1);
      const cell = (table[entry] + ((localY >> log2) << (BLOCK_LOG2 - log2)) + (localX >> log2)) * CELL_WORDS;
      const count = Math.min(size - fx, tile_x + tile_width - x);
      run.output = output;
      run.count = count;
      run.bits = bits;
      run.fx = fx;
      run.originX = cells[cell] - parameters.source_x;
      run.originY = cells[cell + 1] - parameters.source_y;
      run.ax = cells[cell + 4];
      run.ay = cells[cell + 5];
      run.px = cells[cell + 2] + Math.imul(fy, cells[cell + 6]) + Math.imul(fx, run.ax);
      run.py = cells[cell + 3] + Math.imul(fy, cells[cell + 7]) + Math.imul(fx, run.ay);
      run.cx = Math.imul(fy, cells[cell + 8]);
      run.cy = Math.imul(fy, cells[cell + 9]);
      interpolate(run);
      output += count;
      x += count;
    }
  }
}

/** The pixels of one row inside one cell. */
interface Run {
  source: Float32Array;
  destination: Float32Array;
  width: number;
  height: number;
  output: number;
  count: number;
  /** Cell origin, relative to the source window. */
  originX: number;
  originY: number;
  /** Position of the first pixel, its step, and the step of the cross term (see control-grid.ts). */
  px: number;
  py: number;
  ax: number;
  ay: number;
  cx: number;
  cy: number;
  fx: number;
  bits: number;
}

function nearestRun(run: Run): void {
  const { source, destination, width, height, originX, originY, ax, ay, cx, cy, bits } = run;
  let { output, px, py } = run;
  let tx = Math.imul(run.fx, cx);
  let ty = Math.imul(run.fx, cy);
  for (let i = 0; i < run.count; i++) {
    const qx = (px + (tx >> CROSS_BITS)) | 0;
    const qy = (py + (ty >> CROSS_BITS)) | 0;
    destination[output++] = containingValue(source, width, height, originX, originY, qx, qy, bits);
    px = (px + ax) | 0;
    py = (py + ay) | 0;
    tx = (tx + cx) | 0;
    ty = (ty + cy) | 0;
  }
}

function bilinearRun(run: Run): void {
  const { source, destination, width, height, originX, originY, ax, ay, cx, cy, bits } = run;
  let { output, px, py } = run;
  let tx = Math.imul(run.fx, cx);
  let ty = Math.imul(run.fx, cy);
  const half = 1 << (bits - 1);
  const mask = (1 << bits) - 1;
  const unit = 1 / (1 << bits);
  const lastX = width - 1;
  const lastY = height - 1;
  for (let i = 0; i < run.count; i++) {
    const qx = (px + (tx >> CROSS_BITS)) | 0;
    const qy = (py + (ty >> CROSS_BITS)) | 0;
    const sx = (qx - half) | 0;
    const sy = (qy - half) | 0;
    const x0 = (originX + (sx >> bits)) | 0;
    const y0 = (originY + (sy >> bits)) | 0;
    const wx = (sx & mask) * unit;
    const wy = (sy & mask) * unit;
    let value = Number.NaN;
    if (x0 >= 0 && y0 >= 0 && x0 < lastX && y0 < lastY) {
      const k = Math.imul(y0, width) + x0;
      const top = source[k] + (source[k + 1] - source[k]) * wx;
      const bottom = source[k + width] + (source[k + width + 1] - source[k + width]) * wx;
      value = top + (bottom - top) * wy;
    }
    // NaN here means an edge or a gap among the four pixels: decide pixel by pixel.
    if (Number.isNaN(value)) {
      const centre = containingValue(source, width, height, originX, originY, qx, qy, bits);
      if (!Number.isNaN(centre)) value = renormalised(source, width, height, x0, y0, wx, wy);
    }
    destination[output++] = value;
    px = (px + ax) | 0;
    py = (py + ay) | 0;
    tx = (tx + cx) | 0;
    ty = (ty + cy) | 0;
  }
}

/** The value of the pixel that contains a position, or NaN outside; a position on the far edge is inside. */
function containingValue(
  source: TypedArray,
  width: number,
  height: number,
  originX: number,
  originY: number,
  qx: number,
  qy: number,
  bits: number,
): number {
  const mask = (1 << bits) - 1;
  let x = originX + (qx >> bits);
  let y = originY + (qy >> bits);
  if (x === width && (qx & mask) === 0) x--;
  if (y === height && (qy & mask) === 0) y--;
  return x >= 0 && y >= 0 && x < width && y < height ? source[y * width + x] : Number.NaN;
}

/** Bilinear interpolation over the pixels that exist and have data, their weights renormalised. */
function renormalised(
  source: TypedArray,
  width: number,
  height: number,
  x0: number,
  y0: number,
  wx: number,
  wy: number,
): number {
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
      sum += weight * value;
      weights += weight;
    }
  }
  return sum / weights;
}
