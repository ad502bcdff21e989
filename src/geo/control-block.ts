import type { PixelMapping } from './pixel-mapping.js';
import type { PixelWindow } from './windows.js';

/**
 * A control grid: the map from destination to source pixels, prepared on the CPU in float64 so that a shader needs
 * neither projections nor wide numbers, and evaluated in integers so that every backend finds the same pixel.
 *
 * The destination is cut into blocks of 256 × 256 pixels, anchored at its corner; a block into square cells of 16
 * (or 4, 2 or 1) pixels. In a cell the source position of the pixel centre (fx, fy), counted from the cell's first
 * pixel, is bilinear, in fixed point with F fraction bits:
 *
 *     p = q + fx·a + fy·b + ((fx·fy·c) >> 8),   position = origin + p / 2^F
 *
 * A block's nodes come from 5 × 5 exact points through a polynomial of degree 4 and are checked against exact
 * points in between; where the error exceeds the tolerance, nodes are exact and cells shrink, down to one pixel.
 * Everything depends on the block alone, never on the window that was asked for: strips, shards and tiles agree.
 */

/** Destination pixels along a side of a block. */
export const BLOCK_SIZE = 256;
export const BLOCK_LOG2 = 8;

/** Words (i32) of a cell: origin x, origin y, q x, q y, a x, a y, b x, b y, c x, c y. */
export const CELL_WORDS = 10;

/** The origin of a cell without a source: so far left of everything that no pixel is found. */
const NOWHERE = -(2 ** 30);
const FURTHEST = 2 ** 29;
/** 16 steps of a rounded slope then add up to a millionth of a pixel. Large cells leave room for fewer. */
const FRACTION_BITS = 23;
const FEWEST_FRACTION_BITS = 12;
/** c has 8 bits more than the rest: it is the smallest term and its factor fx·fy the largest. */
const CROSS_BITS = 8;

/** Cell sizes that are tried in turn, as log2; only single pixels accept points outside a projection's domain. */
const CELL_LOG2 = [4, 2, 1, 0] as const;

export interface ControlBlock {
  readonly cells: Int32Array;
  readonly cellLog2: number;
  readonly fractionBits: number;
  /** The source pixels that the block may touch, with a margin for interpolation, before clipping; null if none. */
  readonly reach: PixelWindow | null;
  /** The largest error found at the check points, in source pixels; 0 for exact blocks. */
  readonly error: number;
}

/** Degree-4 Lagrange weights from 5 evenly spaced nodes to `side` of them: five for each. */
function polynomialWeights(side: number): Float64Array {
  return Float64Array.from({ length: 5 * side }, (_, at) => {
    const t = (Math.floor(at / 5) * 4) / (side - 1);
    const j = at % 5;
    let weight = 1;
    for (let k = 0; k < 5; k++) if (k !== j) weight *= (t - k) / (j - k);
    return weight;
  });
}

const POLYNOMIALS = new Map(
  CELL_LOG2.filter((log2) => log2 > 0).map((log2) => {
    const side = (BLOCK_SIZE >> log2) + 1;
    return [side, polynomialWeights(side)];
  }),
);

/** Bilinear interpolation reads one pixel beyond the containing one; a second pixel absorbs the tolerance. */
const REACH_MARGIN = 2;

/** Source positions at the corners of a block's cells: `side × side` nodes, x and y apart. */
interface Nodes {
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly side: number;
}

/**
 * Prepares the block whose first destination pixel is (x0, y0).
 * @param tolerance in source pixels
 * @param footprints whether pixels' corners will be asked for too: cells of one pixel then have slopes
 */
export function prepareBlock(
  mapping: PixelMapping,
  x0: number,
  y0: number,
  tolerance: number,
  footprints = false,
): ControlBlock {
  const coarse = exactNodes(mapping, x0, y0, 5);
  const finite = countFinite(coarse);
  if (finite === 0 && countFinite(checkNodes(mapping, x0, y0)) === 0) return emptyBlock();
  if (finite === 25) {
    for (const exact of [false, true]) {
      for (const cellLog2 of CELL_LOG2) {
        if (cellLog2 === 0) break;
        const side = (BLOCK_SIZE >> cellLog2) + 1;
        const nodes = exact ? exactNodes(mapping, x0, y0, side) : interpolateNodes(coarse, side);
        if (countFinite(nodes) < side * side) break;
        const block = encodeCells(nodes, cellLog2);
        if (block === null) continue;
        const error = Math.max(curvature(nodes), measureError(mapping, block, x0, y0));
        if (error <= tolerance) return { ...block, error };
        // Where the polynomial itself is off, as across a cut in the projection, smaller cells cannot help it.
        if (!exact && error > 1) break;
      }
    }
  }
  return footprints ? exactFootprints(mapping, x0, y0) : exactBlock(mapping, x0, y0);
}

/** `side × side` exact nodes over a block, at the centres of the pixels they lie on. */
function exactNodes(mapping: PixelMapping, x0: number, y0: number, side: number): Nodes {
  const step = BLOCK_SIZE / (side - 1);
  const x = new Float64Array(side * side);
  const y = new Float64Array(side * side);
  const out = new Float64Array(2);
  for (let j = 0, k = 0; j < side; j++) {
    for (let i = 0; i < side; i++, k++) {
      mapping.map(x0 + i * step + 0.5, y0 + j * step + 0.5, out);
      x[k] = out[0];
      y[k] = out[1];
    }
  }
  return { x, y, side };
}

/** Exact points between the coarse nodes, for blocks whose coarse nodes all lie outside the domain. */
function checkNodes(mapping: PixelMapping, x0: number, y0: number): Nodes {
  return exactNodes(mapping, x0, y0, 9);
}

function countFinite(nodes: Nodes): number {
  let count = 0;
  for (let k = 0; k < nodes.x.length; k++) {
    if (Math.abs(nodes.x[k]) < FURTHEST && Math.abs(nodes.y[k]) < FURTHEST) count++;
  }
  return count;
}

/** From 5 × 5 to `side × side` nodes by the tensor product of degree-4 polynomials. */
function interpolateNodes(coarse: Nodes, side: number): Nodes {
  const weights = POLYNOMIALS.get(side) ?? polynomialWeights(side);
  return { x: interpolateAxis(coarse.x, weights, side), y: interpolateAxis(coarse.y, weights, side), side };
}

function interpolateAxis(values: Float64Array, weights: Float64Array, side: number): Float64Array {
  const rows = new Float64Array(5 * side);
  for (let j = 0; j < 5; j++) {
    for (let i = 0; i < side; i++) {
      let sum = 0;
      for (let k = 0; k < 5; k++) sum += weights[5 * i + k] * values[j * 5 + k];
      rows[j * side + i] = sum;
    }
  }
  const fine = new Float64Array(side * side);
  for (let j = 0; j < side; j++) {
    for (let i = 0; i < side; i++) {
      let sum = 0;
      for (let k = 0; k < 5; k++) sum += weights[5 * j + k] * rows[k * side + i];
      fine[j * side + i] = sum;
    }
  }
  return fine;
}

/** Cells from their corner nodes, or null when a cell spans too much of the source for the fixed point. */
function encodeCells(nodes: Nodes, cellLog2: number): Omit<ControlBlock, 'error'> | null {
  const { x, y, side } = nodes;
  const cellSize = 1 << cellLog2;
  const count = side - 1;
  const span = Math.max(spanOf(x, side), spanOf(y, side));
  const cross = Math.max(crossOf(x, side), crossOf(y, side));
  const fractionBits = Math.min(FRACTION_BITS, 29 - Math.ceil(Math.log2(span + 2)));
  // fx·fy·c is at most the whole cross term, with CROSS_BITS more fraction bits, and must fit an i32 too.
  const crossFits = cross * 2 ** (fractionBits + CROSS_BITS) < 2 ** 30;
  if (fractionBits < FEWEST_FRACTION_BITS || !crossFits) return null;

  const unit = 2 ** fractionBits;
  const cells = new Int32Array(count * count * CELL_WORDS);
  for (let j = 0, o = 0; j < count; j++) {
    for (let i = 0; i < count; i++, o += CELL_WORDS) {
      const k = j * side + i;
      encodeAxis(cells, o, x[k], x[k + 1], x[k + side], x[k + side + 1], cellSize, unit);
      encodeAxis(cells, o + 1, y[k], y[k + 1], y[k + side], y[k + side + 1], cellSize, unit);
    }
  }
  return { cells, cellLog2, fractionBits, reach: reachOf(nodes) };
}

/** The most of the source that a cell spans along an axis, slopes and cross term together. */
function spanOf(v: Float64Array, side: number): number {
  let span = 0;
  for (let k = 0; k + side + 1 < v.length; k++) {
    // The last node of a row starts no cell.
    if (k % side === side - 1) continue;
    const [along, across] = [v[k + 1] - v[k], v[k + side] - v[k]];
    span = Math.max(
      span,
      Math.abs(along) + Math.abs(across) + Math.abs(v[k + side + 1] - v[k + 1] - v[k + side] + v[k]),
    );
  }
  return span;
}

/** The largest cross term of a cell. */
function crossOf(v: Float64Array, side: number): number {
  let cross = 0;
  for (let k = 0; k + side + 1 < v.length; k++) {
    if (k % side === side - 1) continue;
    cross = Math.max(cross, Math.abs(v[k + side + 1] - v[k + 1] - v[k + side] + v[k]));
  }
  return cross;
}

function encodeAxis(
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

/** The position of a destination pixel of a block, decoded just as the kernels do. */
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

/**
 * What bilinear cells can be off by, from their own nodes: an eighth of the second difference. It sees every cell,
 * and so every cut (as at the antimeridian) that passes between the points that are checked one by one.
 */
function curvature({ x, y, side }: Nodes): number {
  let worst = 0;
  for (const v of [x, y]) {
    for (let j = 0; j < side; j++) {
      for (let i = 1; i + 1 < side; i++) {
        const k = j * side + i;
        const t = i * side + j;
        const along = Math.abs(v[k + 1] - 2 * v[k] + v[k - 1]);
        const across = Math.abs(v[t + side] - 2 * v[t] + v[t - side]);
        worst = Math.max(worst, along, across);
      }
    }
  }
  return worst / 8;
}

/** The largest distance to exact points, taken at cell centres, where bilinear cells are furthest off. */
function measureError(
  mapping: PixelMapping,
  block: Omit<ControlBlock, 'error'>,
  x0: number,
  y0: number,
): number {
  const out = new Float64Array(2);
  const half = 1 << (block.cellLog2 - 1);
  let worst = 0;
  for (const j of CHECK_OFFSETS) {
    for (const i of CHECK_OFFSETS) {
      const lx = (i & ~(2 * half - 1)) + half;
      const ly = (j & ~(2 * half - 1)) + half;
      mapping.map(x0 + lx + 0.5, y0 + ly + 0.5, out);
      const [x, y] = evaluateBlock(block, lx, ly);
      const error = Math.max(Math.abs(x - out[0]), Math.abs(y - out[1]));
      // A point outside the domain fails the comparison, and so the block.
      if (!(error <= worst)) worst = Number.isNaN(error) ? Infinity : error;
    }
  }
  return worst;
}

/** Between the coarse nodes (at 0, 64, …, 256), and near the corners. */
const CHECK_OFFSETS = [4, 32, 96, 160, 224, 248];

function reachOf(nodes: Nodes): PixelWindow | null {
  let minX = Infinity;
  let minY = Infinity;
  let maxX = -Infinity;
  let maxY = -Infinity;
  for (let k = 0; k < nodes.x.length; k++) {
    const x = nodes.x[k];
    const y = nodes.y[k];
    if (!(Math.abs(x) < FURTHEST && Math.abs(y) < FURTHEST)) continue;
    minX = Math.min(minX, x);
    maxX = Math.max(maxX, x);
    minY = Math.min(minY, y);
    maxY = Math.max(maxY, y);
  }
  return reachBetween(minX, minY, maxX, maxY);
}

function reachBetween(minX: number, minY: number, maxX: number, maxY: number): PixelWindow | null {
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

/** Every pixel of the block on its own: exact everywhere, and nowhere outside the domain. */
function exactBlock(mapping: PixelMapping, x0: number, y0: number): ControlBlock {
  const count = BLOCK_SIZE * BLOCK_SIZE;
  const cells = new Int32Array(count * CELL_WORDS);
  const nodes: Nodes = { x: new Float64Array(count), y: new Float64Array(count), side: BLOCK_SIZE };
  const out = new Float64Array(2);
  const unit = 2 ** FRACTION_BITS;
  for (let k = 0, o = 0; k < count; k++, o += CELL_WORDS) {
    mapping.map(x0 + (k & (BLOCK_SIZE - 1)) + 0.5, y0 + (k >> BLOCK_LOG2) + 0.5, out);
    const [x, y] = out;
    nodes.x[k] = x;
    nodes.y[k] = y;
    if (Math.abs(x) < FURTHEST && Math.abs(y) < FURTHEST) {
      encodeAxis(cells, o, x, x, x, x, 1, unit);
      encodeAxis(cells, o + 1, y, y, y, y, 1, unit);
    } else {
      cells[o] = NOWHERE;
      cells[o + 1] = NOWHERE;
    }
  }
  return { cells, cellLog2: 0, fractionBits: FRACTION_BITS, reach: reachOf(nodes), error: 0 };
}

/** A pixel that spans more of the source than this has no footprint: it lies across a cut in the projection. */
const WIDEST_FOOTPRINT = 2 ** 16;

/** As `exactBlock`, with slopes from each pixel's four corners: where they lie outside the domain, there is nothing. */
function exactFootprints(mapping: PixelMapping, x0: number, y0: number): ControlBlock {
  const side = BLOCK_SIZE + 1;
  const block = exactBlock(mapping, x0, y0);
  const { cells } = block;
  const corners = [new Float64Array(side * side), new Float64Array(side * side)];
  const out = new Float64Array(2);
  for (let k = 0; k < side * side; k++) {
    mapping.map(x0 + (k % side), y0 + Math.floor(k / side), out);
    corners[0][k] = out[0];
    corners[1][k] = out[1];
  }
  const slopes = new Float64Array(BLOCK_SIZE * BLOCK_SIZE * 6);
  let span = 0;
  for (let pixel = 0; pixel < BLOCK_SIZE * BLOCK_SIZE; pixel++) {
    const k = (pixel >> BLOCK_LOG2) * side + (pixel & (BLOCK_SIZE - 1));
    for (let axis = 0; axis < 2; axis++) {
      const centre =
        cells[pixel * CELL_WORDS + axis] + cells[pixel * CELL_WORDS + 2 + axis] / 2 ** FRACTION_BITS;
      const turn = axis === 0 ? mapping.turn : 0;
      const at = (corner: number): number => nearestTurn(corners[axis][corner], centre, turn);
      const [v00, v10, v01, v11] = [at(k), at(k + 1), at(k + side), at(k + side + 1)];
      slopes[pixel * 6 + axis] = (v10 + v11 - v00 - v01) / 2;
      slopes[pixel * 6 + 2 + axis] = (v01 + v11 - v00 - v10) / 2;
      slopes[pixel * 6 + 4 + axis] = v11 - v10 - v01 + v00;
    }
    let widest = 0;
    for (let k = 0; k < 6; k++) widest = Math.max(widest, 2 * Math.abs(slopes[pixel * 6 + k]));
    if (widest <= WIDEST_FOOTPRINT) span = Math.max(span, widest);
    else cells.fill(NOWHERE, pixel * CELL_WORDS, pixel * CELL_WORDS + 2);
  }
  // The cross term has 8 bits more than the rest and must fit too.
  const fractionBits = Math.max(
    FEWEST_FRACTION_BITS,
    Math.min(FRACTION_BITS, 29 - CROSS_BITS - Math.ceil(Math.log2(span + 2))),
  );
  const unit = 2 ** fractionBits;
  for (let pixel = 0, o = 0; pixel < BLOCK_SIZE * BLOCK_SIZE; pixel++, o += CELL_WORDS) {
    if (cells[o] === NOWHERE) {
      cells.fill(0, o + 2, o + CELL_WORDS);
      continue;
    }
    for (let axis = 0; axis < 2; axis++) {
      cells[o + 2 + axis] = Math.round(cells[o + 2 + axis] / 2 ** (FRACTION_BITS - fractionBits));
      for (let k = axis; k < 6; k += 2) {
        const bits = k < 4 ? unit : unit * 2 ** CROSS_BITS;
        const limit = 2 ** 30;
        cells[o + 4 + k] = Math.max(-limit, Math.min(limit, Math.round(slopes[pixel * 6 + k] * bits)));
      }
    }
  }
  return { ...block, fractionBits };
}

/** A coordinate with a period, moved to where it is nearest to another; a period of 0 is none. */
function nearestTurn(value: number, to: number, turn: number): number {
  return turn === 0 ? value : value - turn * Math.round((value - to) / turn);
}

/**
 * The source pixels that a part of a block may touch, as `ControlBlock.reach`; null if none.
 * @param part pixels of the block, from its corner
 * @param around how far from pixels' centres positions are asked for: 0, or 0.5 for footprints
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
      // A bilinear form is largest and smallest at corners.
      for (const fx of [Math.max(part.x - x0, 0) - around, Math.min(right - x0, size - 1) + around]) {
        for (const fy of [Math.max(part.y - y0, 0) - around, Math.min(bottom - y0, size - 1) + around]) {
          for (let k = 0; k < 2; k++) {
            const linear = cells[o + k + 2] + fx * cells[o + k + 4] + fy * cells[o + k + 6];
            const v = cells[o + k] + (linear + (fx * fy * cells[o + k + 8]) / 2 ** CROSS_BITS) / unit;
            low[k] = Math.min(low[k], v);
            high[k] = Math.max(high[k], v);
          }
        }
      }
    }
  }
  return reachBetween(low[0], low[1], high[0], high[1]);
}

function emptyBlock(): ControlBlock {
  const count = (BLOCK_SIZE >> CELL_LOG2[0]) ** 2;
  const cells = new Int32Array(count * CELL_WORDS);
  for (let o = 0; o < cells.length; o += CELL_WORDS) {
    cells[o] = NOWHERE;
    cells[o + 1] = NOWHERE;
  }
  return { cells, cellLog2: CELL_LOG2[0], fractionBits: FRACTION_BITS, reach: null, error: 0 };
}
