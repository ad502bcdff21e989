/**
 * Simplifies the outlines of a class map without gaps or overlaps.
 *
 * Outlines are cut into arcs at corners where three or more edges meet. An arc is the same for the areas on its two
 * sides, and Douglas and Peucker's algorithm (1973, doi:10.3138/FM57-6770-U75U-7727) gives it the same positions on
 * both: it runs in one direction, and does not look at the areas. A shortcut is taken only where no other corner of any
 * outline is between it and the arc. Therefore no new crossings or contacts of outlines appear. An arc that is not
 * straight keeps a position between its ends, so that no area becomes a line.
 */

import { positionsOf } from './edges.js';
import type { Position } from './features.js';
import { OUTSIDE } from './polygon-nodes.js';

/** The state of a corner, in two bits: an outline passes, or several meet. */
const [PASSED, JUNCTION] = [1, 2];

/** Rounding of positions on a shortcut. */
const EPSILON = 1e-9;

export class OutlineSimplifier {
  /** By row of corners, four per byte. */
  readonly #kinds: Uint8Array[] = [];
  #above: ArrayLike<number>;

  /** @param tolerance the largest distance of a dropped position from the new outline, in pixels */
  constructor(
    private readonly width: number,
    private readonly tolerance: number,
  ) {
    this.#above = new Float64Array(width).fill(OUTSIDE);
  }

  /** Adds the next row of classes; `OUTSIDE` belongs to no area. Call it before simplifying areas that end above the row. */
  addRow(row: ArrayLike<number>): void {
    const kinds = new Uint8Array((this.width >> 2) + 1);
    let [a, c] = [OUTSIDE, OUTSIDE];
    for (let x = 0; x <= this.width; x++) {
      const b = x < this.width ? this.#above[x] : OUTSIDE;
      const d = x < this.width ? row[x] : OUTSIDE;
      const edges = Number(a !== b) + Number(b !== d) + Number(d !== c) + Number(c !== a);
      if (edges > 1) kinds[x >> 2] |= (edges > 2 ? JUNCTION : PASSED) << (2 * (x & 3));
      [a, c] = [b, d];
    }
    this.#kinds.push(kinds);
    this.#above = row;
  }

  /** Adds the outside below the last row. */
  finish(): void {
    this.addRow(new Float64Array(this.width).fill(OUTSIDE));
  }

  /** @param ring as `PixelPolygon` has it @returns a closed ring of some of its positions and of all junctions on it */
  simplify(ring: Int32Array): Int32Array {
    const path = this.#withJunctions(positionsOf(ring));
    const found = path.flatMap(([x, y], k) => (this.#kindAt(x, y) === JUNCTION ? [k] : []));
    // Both sides of a ring without junctions start at its topmost, then leftmost position.
    const cuts = found.length === 0 ? [0] : found;
    const result: Position[] = [];
    for (const [k, start] of cuts.entries()) {
      const end = k + 1 < cuts.length ? cuts[k + 1] : cuts[0] + path.length;
      const arc = Array.from({ length: end - start + 1 }, (_, i) => path[(start + i) % path.length]);
      for (const part of cuts.length === 1 ? halves(arc) : [arc]) {
        result.push(...this.#simplerArc(part).slice(0, -1));
      }
    }
    return Int32Array.from([...result, result[0]].flat());
  }

  #kindAt(x: number, y: number): number {
    return (this.#kinds[y][x >> 2] >> (2 * (x & 3))) & 3;
  }

  /** An open path with the positions of a closed one and the junctions on its edges. */
  #withJunctions(ring: readonly Position[]): Position[] {
    const path: Position[] = [];
    for (let k = 1; k < ring.length; k++) {
      path.push(ring[k - 1]);
      for (const [x, y] of between(ring[k - 1], ring[k]))
        if (this.#kindAt(x, y) === JUNCTION) path.push([x, y]);
    }
    return path;
  }

  #simplerArc(arc: readonly Position[]): Position[] {
    const isForward = comesBefore(arc[0], arc[arc.length - 1]);
    const ordered = isForward ? arc : arc.toReversed();
    const kept = new Set([0, ordered.length - 1]);
    const open: [first: number, last: number][] = [[0, ordered.length - 1]];
    for (let range = open.pop(); range !== undefined; range = open.pop()) {
      const [first, last] = range;
      if (last - first < 2) continue;
      const part = ordered.slice(first, last + 1);
      const [farthest, distance] = farthestFrom(part);
      const isWhole = last - first === ordered.length - 1;
      if (!isWhole && distance <= this.tolerance && this.#isClear(part)) continue;
      kept.add(first + farthest);
      open.push([first, first + farthest], [first + farthest, last]);
    }
    const simpler = ordered.filter((_, k) => kept.has(k));
    return isForward ? simpler : simpler.reverse();
  }

  /** Whether no corner of other outlines lies between a path and the line from its first to its last position. */
  #isClear(path: readonly Position[]): boolean {
    /** The path's own corners, and by row the part of it between the path and the line. */
    const own = new Map<number, Set<number>>();
    const spans = new Map<number, [least: number, most: number]>();
    const widen = (x: number, y: number): void => {
      const [least, most] = spans.get(y) ?? [x, x];
      spans.set(y, [Math.min(least, x), Math.max(most, x)]);
    };
    const add = ([x, y]: Position): void => {
      widen(x, y);
      const row = own.get(y);
      if (row === undefined) own.set(y, new Set([x]));
      else row.add(x);
    };
    for (const [k, position] of path.entries()) {
      add(position);
      if (k > 0) for (const corner of between(path[k - 1], position)) add(corner);
    }
    const [[x0, y0], [x1, y1]] = [path[0], path[path.length - 1]];
    for (let y = Math.min(y0, y1); y <= Math.max(y0, y1); y++) {
      widen(y0 === y1 ? x0 : x0 + ((y - y0) / (y1 - y0)) * (x1 - x0), y);
    }
    for (const [y, [least, most]] of spans) {
      for (let x = Math.ceil(least - EPSILON); x <= most + EPSILON; x++) {
        if (this.#kindAt(x, y) !== 0 && own.get(y)?.has(x) !== true) return false;
      }
    }
    return true;
  }
}

/** The corners between two corners on a row or column. */
function* between([x0, y0]: Position, [x1, y1]: Position): Generator<Position> {
  const [dx, dy] = [Math.sign(x1 - x0), Math.sign(y1 - y0)];
  for (let [x, y] = [x0 + dx, y0 + dy]; x !== x1 || y !== y1; x += dx, y += dy) yield [x, y];
}

function comesBefore(p: Position, q: Position): boolean {
  return p[1] < q[1] || (p[1] === q[1] && p[0] < q[0]);
}

/** The two parts of a closed path, cut where it is farthest from its start. */
function halves(path: readonly Position[]): Position[][] {
  const [start] = path;
  const distance = ([x, y]: Position): number => (x - start[0]) ** 2 + (y - start[1]) ** 2;
  let best = 1;
  for (let k = 2; k < path.length - 1; k++) {
    const more = distance(path[k]) - distance(path[best]);
    if (more > 0 || (more === 0 && comesBefore(path[k], path[best]))) best = k;
  }
  return [path.slice(0, best + 1), path.slice(best)];
}

/** The position farthest from the line between the ends of a path, and its distance. */
function farthestFrom(path: readonly Position[]): [index: number, distance: number] {
  const [[x0, y0], [x1, y1]] = [path[0], path[path.length - 1]];
  const [dx, dy] = [x1 - x0, y1 - y0];
  const squared = dx ** 2 + dy ** 2;
  let [index, most] = [1, -1];
  for (let k = 1; k < path.length - 1; k++) {
    const [x, y] = [path[k][0] - x0, path[k][1] - y0];
    const share = Math.max(0, Math.min(1, (x * dx + y * dy) / squared));
    const distance = Math.hypot(x - share * dx, y - share * dy);
    if (distance > most) [index, most] = [k, distance];
  }
  return [index, most];
}
