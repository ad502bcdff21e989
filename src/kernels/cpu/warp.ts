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
  const { source_x, source_y, tile_x, tile_y, tile_width, block_x, block_y, block_columns } = parameters;
  const interpolate = parameters.resampling === 1 ? bilinearRun : nearestRun;
  const source = tensors.source as Float32Array;
  const destination = tensors.destination as Float32Array;
  const right = tile_x + tile_width;
  for (let row = start; row < end; row++) {
    const y = tile_y + row;
    const blockRow = ((y >> BLOCK_LOG2) - block_y) * block_columns - block_x;
    let output = parameters.output_offset + row * parameters.output_stride;
    for (let x = tile_x; x < right; ) {
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
      interpolate(
        source,
        parameters.source_width,
        parameters.source_height,
        destination,
        output,
        count,
        cells[cell] - source_x,
        cells[cell + 1] - source_y,
        (cells[cell + 2] + Math.imul(fy, cells[cell + 6]) + Math.imul(fx, ax)) | 0,
        (cells[cell + 3] + Math.imul(fy, cells[cell + 7]) + Math.imul(fx, ay)) | 0,
        ax,
        ay,
        Math.imul(fy, cells[cell + 8]),
        Math.imul(fy, cells[cell + 9]),
        fx,
        table[entry + 2],
      );
      output += count;
      x += count;
    }
  }
}

/**
 * The pixels of one row inside one cell. Positions are `origin + p / 2^bits` for `p = q + fx·a + ((fx·c) >> 8)`;
 * q is given for the first pixel, c already times fy.
 */
type RunFunction = (
  source: Float32Array,
  width: number,
  height: number,
  destination: Float32Array,
  output: number,
  count: number,
  originX: number,
  originY: number,
  qx: number,
  qy: number,
  ax: number,
  ay: number,
  cx: number,
  cy: number,
  fx: number,
  bits: number,
) => void;

const nearestRun: RunFunction = (
  source,
  width,
  height,
  destination,
  output,
  count,
  originX,
  originY,
  qx,
  qy,
  ax,
  ay,
  cx,
  cy,
  fx,
  bits,
) => {
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
        : containingValue(source, width, height, originX, originY, px, py, bits);
    linearX = (linearX + ax) | 0;
    linearY = (linearY + ay) | 0;
    crossX = (crossX + cx) | 0;
    crossY = (crossY + cy) | 0;
  }
};

const bilinearRun: RunFunction = (
  source,
  width,
  height,
  destination,
  output,
  count,
  originX,
  originY,
  qx,
  qy,
  ax,
  ay,
  cx,
  cy,
  fx,
  bits,
) => {
  const half = 1 << (bits - 1);
  const mask = (1 << bits) - 1;
  const unit = 1 / (1 << bits);
  const lastX = width - 1;
  const lastY = height - 1;
  // Pixel centres lie at +0.5: shifting by half a pixel makes them whole.
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
    if (x >= 0 && y >= 0 && x < lastX && y < lastY) {
      const above = (Math.imul(y, width) + x) | 0;
      const below = (above + width) | 0;
      const a = source[above];
      const b = source[below];
      const top = a + (source[above + 1] - a) * wx;
      const bottom = b + (source[below + 1] - b) * wx;
      const value = top + (bottom - top) * wy;
      destination[output + i] = value;
      if (!Number.isNaN(value)) continue;
    }
    // An edge, or a gap among the four pixels: decide pixel by pixel.
    const centre = containingValue(
      source,
      width,
      height,
      originX,
      originY,
      (px + half) | 0,
      (py + half) | 0,
      bits,
    );
    destination[output + i] = Number.isNaN(centre)
      ? centre
      : renormalised(source, width, height, x, y, wx, wy);
  }
};

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
