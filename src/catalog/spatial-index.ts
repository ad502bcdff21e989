/** Which rows lie near a box: flatbush (a packed Hilbert R-tree) over one or two boxes a row. */
import Flatbush from 'flatbush';
import type { Bounds } from '../geo/index.js';

/** What has no place is found nowhere. */
const NOWHERE = [Infinity, Infinity, -Infinity, -Infinity] as const;

/** Takes a row whose box touches what was searched for; a row with two boxes may come twice. */
export type OnRow = (row: number, x0: number, y0: number, x1: number, y1: number) => void;

/** An index of the boxes of rows in degrees, for searches by box. */
export class SpatialIndex {
  readonly rows: number;
  /** Four numbers a box: the first boxes of all rows, then the second ones of rows on both sides of the antimeridian. */
  readonly #boxes: Float64Array;
  readonly #secondRows: Uint32Array;
  #tree: Flatbush | null = null;

  /**
   * @param boxes minimum x and y, maximum x and y of each row in degrees, then those of `secondRows`; infinite and
   * crossing (∞, ∞, −∞, −∞) for rows without a place
   * @param secondRows rows that have a second box, on the other side of the antimeridian, in order
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
      // Flatbush takes all boxes of a node inside of the place, nowhere's too.
      if (bx0 <= bx1) onRow(k < this.rows ? k : this.#secondRows[k - this.rows], bx0, by0, bx1, by1);
      return false;
    });
  }

  /** As `search`, among a few rows and without the tree. */
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
    const at = (k: number): Bounds => [
      this.#boxes[k],
      this.#boxes[k + 1],
      this.#boxes[k + 2],
      this.#boxes[k + 3],
    ];
    if (this.#boxes[4 * row] > this.#boxes[4 * row + 2]) return [];
    const second = this.#second(row);
    return second < 0 ? [at(4 * row)] : [at(4 * row), at(second)];
  }

  /** The box around some rows; null where none of them has a place. */
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

  /** Where the second box of a row lies, or −1. Rows with two are in order, so that they are found by halving. */
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
    // Flatbush wants one box at least.
    const boxes = this.#boxes.length === 0 ? Float64Array.from(NOWHERE) : this.#boxes;
    const tree = new Flatbush(boxes.length / 4);
    for (let k = 0; k < boxes.length; k += 4) tree.add(boxes[k], boxes[k + 1], boxes[k + 2], boxes[k + 3]);
    tree.finish();
    this.#tree = tree;
    return tree;
  }
}
