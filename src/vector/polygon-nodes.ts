/** The data of a polygonizer: runs of equal pixels of a row, and the corners of outlines. */
import { TerrachipError } from '../errors.js';

const INITIAL = 1 << 12;

/** Values of `#state` for a corner: outlines of its area pass once, or twice, or it has been visited. */
const [ONCE, TWICE, TAKEN] = [0, 1, 2];

/** Packs column and row into one number. */
const ROW = 2 ** 31;

/** The value of pixels that belong to no area, and of everything around the grid. */
export const OUTSIDE = Number.NEGATIVE_INFINITY;

/** Runs of equal pixels in a row. The first is before the row, the last starts at the end of the row. */
export class Runs {
  count = 0;
  /** The start of each run. */
  readonly starts: Int32Array;
  /** Float64 holds every 32-bit integer, signed or unsigned, and `OUTSIDE`. */
  readonly values: Float64Array;
  /** The area of each run, or −1. */
  readonly areas: Int32Array;
  /** The pending corners at the vertical edge on the left of each run: see `PolygonNodes`. */
  readonly heads: Int32Array;
  readonly tails: Int32Array;

  constructor(width: number) {
    this.starts = new Int32Array(width + 2);
    this.values = new Float64Array(width + 2);
    this.areas = new Int32Array(width + 2);
    this.heads = new Int32Array(width + 2);
    this.tails = new Int32Array(width + 2);
    this.begin();
  }

  begin(): void {
    this.count = 1;
    this.starts[0] = -1;
    this.values[0] = OUTSIDE;
    this.areas[0] = -1;
  }

  /** Adds a run, or extends the previous one. */
  add(start: number, value: number): void {
    if (this.values[this.count - 1] === value) return;
    this.starts[this.count] = start;
    this.values[this.count] = value;
    this.areas[this.count] = -1;
    this.count++;
  }
}

/** The corners of outlines, in linked lists that grow at both ends, with reusable memory. */
export class PolygonNodes {
  /** The next corner along the outline. */
  next = new Int32Array(INITIAL);
  /** For seeds (corners from which all outlines of an area are reached): the next seed, or −1. */
  nextSeed = new Int32Array(INITIAL);
  /** The peak number of corners. */
  peak = 0;
  #x = new Int32Array(INITIAL);
  #y = new Int32Array(INITIAL);
  #state = new Uint8Array(INITIAL);
  #used = 0;
  #held = 0;
  #firstFree = -1;
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * A new corner.
   * @param pinched whether the outline may pass here twice
   * @throws {TerrachipError} TOO_LARGE
   */
  add(x: number, y: number, pinched: boolean): number {
    let node = this.#firstFree;
    if (node >= 0) {
      this.#firstFree = this.next[node];
    } else {
      node = this.#used++;
      if (node >= this.next.length) this.#grow();
    }
    this.next[node] = -1;
    this.nextSeed[node] = -1;
    this.#x[node] = x;
    this.#y[node] = y;
    this.#state[node] = pinched ? TWICE : ONCE;
    this.#held++;
    if (this.#held > this.peak) this.peak = this.#held;
    return node;
  }

  /** The rings of an area, its exterior first, then its holes from top to bottom; their corners are freed. */
  takeRings(firstSeed: number): Int32Array[] {
    const rings: Int32Array[] = [];
    for (let seed = firstSeed; seed >= 0; seed = this.nextSeed[seed]) {
      if (this.#state[seed] !== TAKEN) this.#takeOutline(seed, rings);
    }
    const exterior = rings.findIndex((ring) => signedArea(ring) > 0);
    const [outer] = rings.splice(exterior, 1);
    return [outer, ...rings.sort((p, q) => p[1] - q[1] || p[0] - q[0])];
  }

  /** Follows an outline, and cuts it into simple rings where it passes a corner again. */
  #takeOutline(seed: number, rings: Int32Array[]): void {
    const path: number[] = [];
    const places = new Map<number, number>();
    let node = seed;
    do {
      const [x, y] = [this.#x[node], this.#y[node]];
      if (this.#state[node] === TWICE) {
        const place = y * ROW + x;
        const before = places.get(place);
        if (before !== undefined && path[before] === x && path[before + 1] === y) {
          rings.push(closedRing(path, before));
          path.length = before;
        }
        places.set(place, path.length);
      }
      path.push(x, y);
      const next = this.next[node];
      this.#state[node] = TAKEN;
      this.next[node] = this.#firstFree;
      this.#firstFree = node;
      this.#held--;
      node = next;
    } while (node !== seed);
    rings.push(closedRing(path, 0));
  }

  #grow(): void {
    const capacity = Math.min(2 * this.next.length, this.#limit);
    if (this.#used > capacity) {
      throw new TerrachipError(
        'TOO_LARGE',
        `outlines of areas have more than ${this.#limit} corners at a time`,
        'remove the smallest areas first, or work on a part of the map',
        { size: this.#used, limit: this.#limit },
      );
    }
    this.next = copied(this.next, new Int32Array(capacity));
    this.nextSeed = copied(this.nextSeed, new Int32Array(capacity));
    this.#x = copied(this.#x, new Int32Array(capacity));
    this.#y = copied(this.#y, new Int32Array(capacity));
    this.#state = copied(this.#state, new Uint8Array(capacity));
  }
}

function copied<A extends Int32Array | Uint8Array>(from: A, to: A): A {
  to.set(from);
  return to;
}

/** The closed path that starts at the topmost, then leftmost position. */
function closedRing(path: readonly number[], start: number): Int32Array {
  let first = start;
  for (let k = start; k < path.length; k += 2) {
    if (path[k + 1] < path[first + 1] || (path[k + 1] === path[first + 1] && path[k] < path[first]))
      first = k;
  }
  const length = path.length - start;
  const ring = new Int32Array(length + 2);
  for (let k = 0; k <= length; k += 2) {
    const from = start + ((first - start + k) % length);
    ring[k] = path[from];
    ring[k + 1] = path[from + 1];
  }
  return ring;
}

/** Twice the area with y upwards: positive when counter-clockwise on a north-up map. */
function signedArea(ring: Int32Array): number {
  let sum = 0;
  for (let k = 2; k < ring.length; k += 2) sum += ring[k] * ring[k - 1] - ring[k - 2] * ring[k + 1];
  return sum;
}
