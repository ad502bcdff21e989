/** Prepares a block of a control grid with the largest cells within the tolerance; cells of one pixel are exact. */

import type { PixelMapping } from '../pixel-mapping.js';
import {
  BLOCK_LOG2,
  BLOCK_SIZE,
  CELL_WORDS,
  type ControlBlock,
  CROSS_BITS,
  encodeAxis,
  evaluateBlock,
  FEWEST_FRACTION_BITS,
  FRACTION_BITS,
  FURTHEST,
  NOWHERE,
} from './cells.js';
import {
  CELL_LOG2,
  countFinite,
  curvature,
  exactNodes,
  extremesOf,
  interpolateNodes,
  type Nodes,
  reachOf,
} from './nodes.js';

/**
 * Prepares the block whose first destination pixel is (x0, y0).
 * @param tolerance in source pixels
 * @param footprints whether pixel corners are needed too: cells of one pixel then have slopes
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
  // Where all coarse nodes are outside the domain, points between them may be inside.
  if (finite === 0 && countFinite(exactNodes(mapping, x0, y0, 9)) === 0) return emptyBlock();
  if (finite === 25) {
    for (const exact of [false, true]) {
      for (const cellLog2 of CELL_LOG2) {
        if (cellLog2 === 0) break;
        const side = (BLOCK_SIZE >> cellLog2) + 1;
        const nodes = exact ? exactNodes(mapping, x0, y0, side) : interpolateNodes(coarse, side);
        if (countFinite(nodes) < side * side) break;
        const block = encodeCells(nodes, cellLog2, mapping.turn);
        if (block === null) continue;
        const error = Math.max(curvature(nodes), measureError(mapping, block, x0, y0));
        if (error <= tolerance) return { ...block, error };
        // A polynomial that fails, as across a cut of the projection, fails with smaller cells too.
        if (!exact && error > 1) break;
      }
    }
  }
  return footprints ? exactFootprints(mapping, x0, y0) : exactBlock(mapping, x0, y0);
}

/** Cells from their corner nodes; null if a cell spans half a turn, or too much of the source for the fixed point. */
function encodeCells(nodes: Nodes, cellLog2: number, turn: number): Omit<ControlBlock, 'error'> | null {
  const { x, y, side } = nodes;
  const cellSize = 1 << cellLog2;
  const count = side - 1;
  const [alongX, alongY] = [extremesOf(x, side), extremesOf(y, side)];
  // Nodes on both sides of the longitude cut are a turn apart.
  if (turn > 0 && alongX.span >= turn / 2) return null;
  const span = Math.max(alongX.span, alongY.span);
  const cross = Math.max(alongX.cross, alongY.cross);
  const fractionBits = Math.min(FRACTION_BITS, 29 - Math.ceil(Math.log2(span + 2)));
  // fx·fy·c is at most the cross term, with CROSS_BITS more fraction bits, and must fit an i32 too.
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

/** Positions between the coarse nodes (at 0, 64, …, 256) and near the corners. */
const CHECK_OFFSETS = [4, 32, 96, 160, 224, 248];

/**
 * The largest distance to exact points, at cell centres, where the error of bilinear cells is largest, and beside nodes:
 * where a cell spans whole turns, the error at nodes and centres can be zero.
 */
function measureError(
  mapping: PixelMapping,
  block: Omit<ControlBlock, 'error'>,
  x0: number,
  y0: number,
): number {
  const out = new Float64Array(2);
  const half = 1 << (block.cellLog2 - 1);
  const centre = [half, half];
  let worst = 0;
  for (const j of CHECK_OFFSETS) {
    for (const i of CHECK_OFFSETS) {
      const [nodeX, nodeY] = [i & ~(2 * half - 1), j & ~(2 * half - 1)];
      for (const [dx, dy] of i === j ? [centre, [1, 0], [0, 1]] : [centre]) {
        mapping.map(x0 + nodeX + dx + 0.5, y0 + nodeY + dy + 0.5, out);
        const [x, y] = evaluateBlock(block, nodeX + dx, nodeY + dy);
        const error = Math.max(Math.abs(x - out[0]), Math.abs(y - out[1]));
        // A point outside the domain (NaN) rejects the block.
        if (!(error <= worst)) worst = Number.isNaN(error) ? Infinity : error;
      }
    }
  }
  return worst;
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

/** One exact cell per pixel; `NOWHERE` outside the domain. */
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

/** A pixel that spans more source pixels has no footprint: it is across a cut of the projection. */
const WIDEST_FOOTPRINT = 2 ** 16;

/** As `exactBlock`, with slopes from each pixel's four corners; `NOWHERE` where a corner is outside the domain. */
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
  // The cross term has 8 bits more and must fit too.
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

/** Shifts a coordinate by whole periods to be nearest to another; a period of 0 is none. */
function nearestTurn(value: number, to: number, turn: number): number {
  return turn === 0 ? value : value - turn * Math.round((value - to) / turn);
}
