/** The nodes of a block: source positions in float64 at the corners of its cells. */

import type { PixelMapping } from '../pixel-mapping.js';
import type { PixelWindow } from '../windows.js';
import { BLOCK_SIZE, FURTHEST, reachBetween } from './cells.js';

/** `side × side` nodes, with x and y in separate arrays. */
export interface Nodes {
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly side: number;
}

/** Degree-4 Lagrange weights from 5 evenly spaced nodes to `side` nodes, five for each. */
function polynomialWeights(side: number): Float64Array {
  return Float64Array.from({ length: 5 * side }, (_, at) => {
    const t = (Math.floor(at / 5) * 4) / (side - 1);
    const j = at % 5;
    let weight = 1;
    for (let k = 0; k < 5; k++) if (k !== j) weight *= (t - k) / (j - k);
    return weight;
  });
}

/** Cell sizes as log2, tried in turn; only single pixels accept points outside the domain. */
export const CELL_LOG2 = [4, 2, 1, 0] as const;

const POLYNOMIALS = new Map(
  CELL_LOG2.filter((log2) => log2 > 0).map((log2) => {
    const side = (BLOCK_SIZE >> log2) + 1;
    return [side, polynomialWeights(side)];
  }),
);

/** `side × side` exact nodes over a block, at pixel centres. */
export function exactNodes(mapping: PixelMapping, x0: number, y0: number, side: number): Nodes {
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

export function countFinite(nodes: Nodes): number {
  let count = 0;
  for (let k = 0; k < nodes.x.length; k++) {
    if (Math.abs(nodes.x[k]) < FURTHEST && Math.abs(nodes.y[k]) < FURTHEST) count++;
  }
  return count;
}

/** From 5 × 5 to `side × side` nodes by the tensor product of degree-4 polynomials. */
export function interpolateNodes(coarse: Nodes, side: number): Nodes {
  const weights = POLYNOMIALS.get(side) ?? polynomialWeights(side);
  return { x: interpolateAxis(coarse.x, weights, side), y: interpolateAxis(coarse.y, weights, side), side };
}

function interpolateAxis(values: Float64Array, weights: Float64Array, side: number): Float64Array {
  return interpolateRows(interpolateRows(values, weights, 5, side), weights, side, side);
}

/** Interpolates rows of five values to `side` values. The result is transposed. */
function interpolateRows(
  values: Float64Array,
  weights: Float64Array,
  rows: number,
  side: number,
): Float64Array {
  const result = new Float64Array(rows * side);
  for (let j = 0; j < rows; j++) {
    for (let i = 0; i < side; i++) {
      let sum = 0;
      for (let k = 0; k < 5; k++) sum += weights[5 * i + k] * values[5 * j + k];
      result[i * rows + j] = sum;
    }
  }
  return result;
}

/** The largest cross term of a cell in the source along an axis, and its largest span: slopes and cross term together. */
export function extremesOf(v: Float64Array, side: number): { span: number; cross: number } {
  let [span, cross] = [0, 0];
  for (let k = 0; k + side + 1 < v.length; k++) {
    // The last node of a row starts no cell.
    if (k % side === side - 1) continue;
    const term = Math.abs(v[k + side + 1] - v[k + 1] - v[k + side] + v[k]);
    cross = Math.max(cross, term);
    span = Math.max(span, Math.abs(v[k + 1] - v[k]) + Math.abs(v[k + side] - v[k]) + term);
  }
  return { span, cross };
}

/**
 * The error bound of bilinear cells from their own nodes: an eighth of the second difference. It covers every cell, and so
 * detects cuts (as at the antimeridian) between the check points.
 */
export function curvature({ x, y, side }: Nodes): number {
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

export function reachOf(nodes: Nodes): PixelWindow | null {
  let [minX, minY, maxX, maxY] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let k = 0; k < nodes.x.length; k++) {
    const [x, y] = [nodes.x[k], nodes.y[k]];
    if (!(Math.abs(x) < FURTHEST && Math.abs(y) < FURTHEST)) continue;
    minX = Math.min(minX, x);
    maxX = Math.max(maxX, x);
    minY = Math.min(minY, y);
    maxY = Math.max(maxY, y);
  }
  return reachBetween(minX, minY, maxX, maxY);
}
