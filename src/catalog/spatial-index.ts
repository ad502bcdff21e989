/** Searches of rows by box: flatbush (a packed Hilbert R-tree) over one or two boxes per row. */
import Flatbush from 'flatbush';
import type { Bounds } from '../geo/index.js';

/** The box of a row without a footprint; it touches no box. */
const NOWHERE = [Infinity, Infinity, -Infinity, -Infinity] as const;

/** Called with a row whose box touches the box searched for; twice if both boxes of a row do. */
export type OnRow = (row: number, x0: number, y0: number, x1: number, y1: number) => void;

/** An index of the boxes of rows in degrees, for searches by box. */
export class SpatialIndex {
  readonly rows: number;
  /** Four numbers per box: the first boxes of all rows, then the second boxes of rows across the antimeridian. */
  readonly #boxes: Float64Array;
  readonly #secondRows: Uint32Array;
  #tree: Flatbush | null = null;

  /**
   * @param boxes minimum x and y, maximum x and y of each row in degrees, then those of `secondRows`; ∞, ∞, −∞, −∞ for
   * rows without a footprint
   * @param secondRows rows with a second box, on the other side of the antimeridian, in order
   */
  constructor(boxes: Float64Array, secondRows: Uint32Array = new Uint32Array()) {
    this.#boxes = boxes;
    this.#secondRows = secondRows;
    this.rows = boxes.length / 4 - secondRows.length;
  }

  /** From the boxes of each row: none, one or two. */
  static fromBoxes(rows: number, boxesOf: (row: number) => readonly Bounds[]): SpatialIndex {
    const first = new Float64Array(4 * rows);
    const second: Bounds[] = [];
    const secondRows: number[] = [];
    for (let row = 0; row < rows; row++) {
      const [box = NOWHERE, other] = boxesOf(row);
      first.set(box, 4 * row);
      if (other === undefined) continue;
      second.push(other);
      secondRows.push(row);
    }
    if (second.length === 0) return new SpatialIndex(first);
    const boxes = new Float64Array(first.length + 4 * second.length);
    boxes.set(first);
    for (const [k, box] of second.entries()) boxes.set(box, first.length + 4 * k);
    return new SpatialIndex(boxes, Uint32Array.from(secondRows));
  }

  /** Calls `onRow` for each box that touches `box`, in no order. */
  search([x0, y0, x1, y1]: Bounds, onRow: OnRow): void {
    this.#build().search(x0, y0, x1, y1, (k, bx0, by0, bx1, by1) => {
      // Flatbush returns all boxes of a node inside the searched box, also NOWHERE.
      if (bx0 <= bx1) onRow(k < this.rows ? k : this.#secondRows[k - this.rows], bx0, by0, bx1, by1);
      return false;
    });
  }

  /** Like `search`, among a few rows and without the tree. */
  scan(rows: Iterable<number>, [x0, y0, x1, y1]: Bounds, onRow: OnRow): void {
    const b = this.#boxes;
    const test = (k: number, row: number): void => {
      if (b[k] <= x1 && b[k + 1] <= y1 && b[k + 2] >= x0 && b[k + 3] >= y0)
        onRow(row, b[k], b[k + 1], b[k + 2], b[k + 3]);
    };
    for (const row of rows) {
      test(4 * row, row);
      const second = this.#second(row);
      if (second >= 0) test(second, row);
    }
  }

  /** Whether a row has a box on either side of the antimeridian. */
  isSplit(row: number): boolean {
    return this.#second(row) >= 0;
  }

  /** The boxes of a row. */
  boxesOf(row: number): Bounds[] {
    const b = this.#boxes;
    const at = (k: number): Bounds => [b[k], b[k + 1], b[k + 2], b[k + 3]];
    if (b[4 * row] > b[4 * row + 2]) return [];
    const second = this.#second(row);
    return second < 0 ? [at(4 * row)] : [at(4 * row), at(second)];
  }

  /** The bounding box of rows; null if none has a footprint. */
  bounds(rows: Iterable<number>): Bounds | null {
    let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
    const b = this.#boxes;
    const add = (k: number): void => {
      if (b[k] < x0) x0 = b[k];
      if (b[k + 1] < y0) y0 = b[k + 1];
      if (b[k + 2] > x1) x1 = b[k + 2];
      if (b[k + 3] > y1) y1 = b[k + 3];
    };
    for (const row of rows) {
      add(4 * row);
      const second = this.#second(row);
      if (second >= 0) add(second);
    }
    return x0 > x1 ? null : [x0, y0, x1, y1];
  }

  /** The index of a row's second box in `#boxes`, or −1; a binary search, since `#secondRows` is sorted. */
  #second(row: number): number {
    let [low, high] = [0, this.#secondRows.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#secondRows[middle] < row) low = middle + 1;
      else high = middle;
    }
    return this.#secondRows[low] === row ? 4 * (this.rows + low) : -1;
  }

  #build(): Flatbush {
    if (this.#tree !== null) return this.#tree;
    // Flatbush needs at least one box.
    const boxes = this.#boxes.length === 0 ? Float64Array.from(NOWHERE) : this.#boxes;
    const tree = new Flatbush(boxes.length / 4);
    for (let k = 0; k < boxes.length; k += 4) tree.add(boxes[k], boxes[k + 1], boxes[k + 2], boxes[k + 3]);
    tree.finish();
    this.#tree = tree;
    return tree;
  }
}
