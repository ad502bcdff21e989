import type { PixelWindow } from '../windows.js';

/**
 * A control grid maps destination to source pixels. The CPU prepares it in float64, so that shaders need no projections
 * and no float64. It is evaluated in integers, so that every backend finds the same pixel.
 *
 * The destination is cut into blocks of 256 × 256 pixels from its first pixel, and a block into square cells of 16
 * (or 4, 2 or 1) pixels. The source position of the centre of pixel (fx, fy) of a cell is bilinear, in fixed point with
 * F fraction bits:
 *
 *     p = q + fx·a + fy·b + ((fx·fy·c) >> 8),   position = origin + p / 2^F
 *
 * A block's nodes come from 5 × 5 exact points through a polynomial of degree 4, and are checked against exact points in
 * between. Where the error exceeds the tolerance, nodes are exact and cells shrink, down to one pixel. The result depends
 * on the block only, not on the requested window: strips, shards and tiles agree.
 */

/** Destination pixels along a side of a block. */
export const BLOCK_SIZE = 256;
export const BLOCK_LOG2 = 8;

/** Words (i32) of a cell: origin x, origin y, q x, q y, a x, a y, b x, b y, c x, c y. */
export const CELL_WORDS = 10;

/** Words (i32) of a block's table entry: index of its first cell, log2 of its cell size, fraction bits, unused. */
export const TABLE_WORDS = 4;

/** The origin of a cell outside the source's domain: left of every pixel. */
export const NOWHERE = -(2 ** 30);

/** Positions beyond this count as outside the domain. */
export const FURTHEST = 2 ** 29;

/** The rounding error of 16 steps is then a millionth of a pixel. Cells with a large span have fewer bits. */
export const FRACTION_BITS = 23;
export const FEWEST_FRACTION_BITS = 12;

/** c has 8 bits more: it is the smallest term, and its factor fx·fy the largest. */
export const CROSS_BITS = 8;
const CROSS_UNIT = 2 ** CROSS_BITS;

/** The control grid of one block of destination pixels. */
export interface ControlBlock {
  readonly cells: Int32Array;
  readonly cellLog2: number;
  readonly fractionBits: number;
  /** The source pixels that the block may read, with a margin for interpolation, before clipping; null if none. */
  readonly reach: PixelWindow | null;
  /** The largest error found at the check points, in source pixels; 0 for exact blocks. */
  readonly error: number;
}

export function encodeAxis(
  cells: Int32Array,
  offset: number,
  v00: number,
  v10: number,
  v01: number,
  v11: number,
  cellSize: number,
  unit: number,
): void {
  const origin = Math.floor(v00);
  cells[offset] = origin;
  cells[offset + 2] = Math.round((v00 - origin) * unit);
  cells[offset + 4] = Math.round(((v10 - v00) / cellSize) * unit);
  cells[offset + 6] = Math.round(((v01 - v00) / cellSize) * unit);
  cells[offset + 8] = Math.round(((v11 - v10 - v01 + v00) / cellSize ** 2) * unit * 2 ** CROSS_BITS);
}

/** The source position of a destination pixel of a block, decoded as in the kernels. */
export function evaluateBlock(block: Omit<ControlBlock, 'error'>, lx: number, ly: number): [number, number] {
  const { cells, cellLog2, fractionBits } = block;
  const perRow = BLOCK_SIZE >> cellLog2;
  const mask = (1 << cellLog2) - 1;
  const o = ((ly >> cellLog2) * perRow + (lx >> cellLog2)) * CELL_WORDS;
  const fx = lx & mask;
  const fy = ly & mask;
  const axis = (k: number): number => {
    const linear = cells[o + k + 2] + Math.imul(fx, cells[o + k + 4]) + Math.imul(fy, cells[o + k + 6]);
    const p = linear + (Math.imul(fx * fy, cells[o + k + 8]) >> CROSS_BITS);
    return cells[o + k] + p / 2 ** fractionBits;
  };
  return [axis(0), axis(1)];
}

/** One pixel for bilinear interpolation, and one for the tolerance. */
const REACH_MARGIN = 2;

export function reachBetween(minX: number, minY: number, maxX: number, maxY: number): PixelWindow | null {
  if (minX > maxX) return null;
  const x = Math.floor(minX) - REACH_MARGIN;
  const y = Math.floor(minY) - REACH_MARGIN;
  return {
    x,
    y,
    width: Math.floor(maxX) + REACH_MARGIN + 1 - x,
    height: Math.floor(maxY) + REACH_MARGIN + 1 - y,
  };
}

/**
 * The source pixels that a part of a block may read, as `ControlBlock.reach`; null if none.
 * @param part pixels of the block, from its corner
 * @param around distance of positions from pixel centres: 0, or 0.5 for footprints
 */
export function reachWithin(block: ControlBlock, part: PixelWindow, around: number): PixelWindow | null {
  const { cells, cellLog2, fractionBits } = block;
  const size = 1 << cellLog2;
  const perRow = BLOCK_SIZE >> cellLog2;
  const unit = 2 ** fractionBits;
  const low = [Infinity, Infinity];
  const high = [-Infinity, -Infinity];
  const right = part.x + part.width - 1;
  const bottom = part.y + part.height - 1;
  for (let j = part.y >> cellLog2; j <= bottom >> cellLog2; j++) {
    for (let i = part.x >> cellLog2; i <= right >> cellLog2; i++) {
      const o = (j * perRow + i) * CELL_WORDS;
      if (cells[o] === NOWHERE) continue;
      const [x0, y0] = [i * size, j * size];
      // A bilinear function has its extremes at corners.
      for (const fx of [Math.max(part.x - x0, 0) - around, Math.min(right - x0, size - 1) + around]) {
        for (const fy of [Math.max(part.y - y0, 0) - around, Math.min(bottom - y0, size - 1) + around]) {
          for (let k = 0; k < 2; k++) {
            const linear = cells[o + k + 2] + fx * cells[o + k + 4] + fy * cells[o + k + 6];
            const v = cells[o + k] + (linear + (fx * fy * cells[o + k + 8]) / CROSS_UNIT) / unit;
            low[k] = Math.min(low[k], v);
            high[k] = Math.max(high[k], v);
          }
        }
      }
    }
  }
  return reachBetween(low[0], low[1], high[0], high[1]);
}
