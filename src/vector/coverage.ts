/**
 * The share of each pixel's area inside a polygon, exact up to rounding (1e-9 of a pixel). Each edge adds the signed
 * area to its right, pixel by pixel; along a row the sum is the share. Exteriors and holes may run either way around.
 * Overlapping parts of a polygon are added, up to the whole pixel.
 */
import type { RowRange } from '../geo/index.js';
import type { GridPolygon } from './project.js';

/**
 * Receives pixels `start` to `end` (exclusive) of a row, and the share of each pixel's area inside the feature: above 0,
 * at most 1.
 */
export type OnFraction = (row: number, start: number, end: number, fraction: number) => void;

/** Shares nearer to 0 or 1 than this are 0 or 1: they come from rounding. */
const ROUNDING = 1e-9;

/** Reports the shares of the polygons of a feature in some rows of a grid, each pixel once. */
export function fillFractions(
  polygons: readonly GridPolygon[],
  rows: RowRange,
  width: number,
  onFraction: OnFraction,
): void {
  const near = polygons.filter(({ top, bottom }) => bottom > rows.start && top < rows.end);
  if (near.length === 0) return;
  const cells = new Map<number, RowCells>();
  for (const { edges, ends } of near) {
    let start = 0;
    for (const [ring, end] of ends.entries()) {
      const sign = ringSign(edges, start, end) * (ring === 0 ? 1 : -1);
      for (let k = start; k < end; k += 4) addEdge(cells, edges.subarray(k, k + 4), sign, rows, width);
      start = end;
    }
  }
  for (const [row, found] of [...cells].sort(([a], [b]) => a - b)) found.report(row, width, onFraction);
}

/** 1 for a ring whose left side runs down the rows, −1 for the opposite orientation. */
function ringSign(edges: Float64Array, start: number, end: number): number {
  const [x0, y0] = [edges[start], edges[start + 1]];
  let twice = 0;
  for (let k = start; k < end; k += 4)
    twice += (edges[k] - x0) * (edges[k + 3] - y0) - (edges[k + 2] - x0) * (edges[k + 1] - y0);
  return twice < 0 ? 1 : -1;
}

/** Cuts an edge into one piece per row. */
function addEdge(
  cells: Map<number, RowCells>,
  [xa, ya, xb, yb]: Float64Array,
  sign: number,
  rows: RowRange,
  width: number,
): void {
  if (ya === yb) return;
  const [x0, y0, x1, y1] = ya < yb ? [xa, ya, xb, yb] : [xb, yb, xa, ya];
  const direction = ya < yb ? sign : -sign;
  const slope = (x1 - x0) / (y1 - y0);
  const last = Math.min(rows.end, Math.ceil(y1));
  for (let row = Math.max(rows.start, Math.floor(y0)); row < last; row++) {
    const [top, bottom] = [Math.max(y0, row), Math.min(y1, row + 1)];
    const from = top === y0 ? x0 : x0 + (top - y0) * slope;
    const to = bottom === y1 ? x1 : x0 + (bottom - y0) * slope;
    let found = cells.get(row);
    if (found === undefined) {
      found = new RowCells();
      cells.set(row, found);
    }
    found.addPiece(Math.min(from, to), Math.max(from, to), direction * (bottom - top), width);
  }
}

/** The areas that edges add to the pixels of one row. */
class RowCells {
  /** Columns; −1 means anywhere left of the grid. */
  readonly #columns: number[] = [];
  /** Signed areas of a column's own pixel. */
  readonly #own: number[] = [];
  /** Signed areas of each pixel to the right. */
  readonly #right: number[] = [];

  /** Adds a piece of an edge from column position `left` to `right`, with a signed height. */
  addPiece(left: number, right: number, height: number, width: number): void {
    if (left >= width) return;
    if (right <= 0) {
      this.#add(-1, 0, height);
      return;
    }
    if (Math.floor(left) === Math.floor(right)) {
      const column = Math.floor(left);
      this.#add(column, height * (column + 1 - (left + right) / 2), height);
      return;
    }
    const perColumn = height / (right - left);
    if (left < 0) this.#add(-1, 0, -left * perColumn);
    const end = Math.min(width, right);
    for (let column = Math.max(0, Math.floor(left)); column < end; column++) {
      const [from, to] = [Math.max(left, column), Math.min(right, column + 1)];
      const part = (to - from) * perColumn;
      this.#add(column, part * (column + 1 - (from + to) / 2), part);
    }
  }

  #add(column: number, own: number, right: number): void {
    this.#columns.push(column);
    this.#own.push(own);
    this.#right.push(right);
  }

  report(row: number, width: number, onFraction: OnFraction): void {
    const order = this.#columns.map((_, k) => k).sort((a, b) => this.#columns[a] - this.#columns[b]);
    const give = (start: number, end: number, share: number): void => {
      if (start < end && share > ROUNDING) onFraction(row, start, end, share > 1 - ROUNDING ? 1 : share);
    };
    let [next, covered] = [0, 0];
    for (let k = 0; k < order.length; ) {
      const column = this.#columns[order[k]];
      let [own, right] = [0, 0];
      for (; k < order.length && this.#columns[order[k]] === column; k++) {
        own += this.#own[order[k]];
        right += this.#right[order[k]];
      }
      if (column >= 0) {
        give(next, column, covered);
        give(column, column + 1, covered + own);
        next = column + 1;
      }
      covered += right;
    }
    give(next, width, covered);
  }
}
