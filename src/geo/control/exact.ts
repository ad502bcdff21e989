/** Blocks of single-pixel cells, where larger cells exceed the tolerance. */

import type { PixelMapping } from '../pixel-mapping.js';
import {
  BLOCK_LOG2,
  BLOCK_SIZE,
  CELL_WORDS,
  type ControlBlock,
  CROSS_BITS,
  encodeAxis,
  FEWEST_FRACTION_BITS,
  FRACTION_BITS,
  FURTHEST,
  NOWHERE,
} from './cells.js';
import { type Nodes, reachOf } from './nodes.js';

/** One exact cell per pixel; `NOWHERE` outside the domain. */
export function exactBlock(mapping: PixelMapping, x0: number, y0: number): ControlBlock {
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
export function exactFootprints(mapping: PixelMapping, x0: number, y0: number): ControlBlock {
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
