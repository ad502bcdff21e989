/**
 * Removal of small connected components from a class map, in two passes over its rows. The first joins runs of equal
 * pixels to components, the second removes small ones. Needs 12 bytes of memory per run.
 */
import { TerrachipError } from '../../errors.js';
import { CLASS_NODATA } from '../classes.js';

interface Run {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  readonly value: number;
  readonly id: number;
}

/** 0.8 GB at 12 bytes per run. A speckled map of 500 million pixels has fewer. */
const MAX_RUNS = 2 ** 26;

/** Components are 8-connected, so that diagonal rivers stay in one piece. */
export class Sieve {
  #parents = new Int32Array(2 ** 16);
  #areas = new Float64Array(2 ** 16);
  #runs = 0;
  #previous: Run[] = [];
  #next = 0;
  /** Pixels that the second pass removed. */
  removedPixels = 0;

  /** @param minArea in m²; smaller components are removed */
  constructor(private readonly minArea: number) {}

  /** First pass. @param areas of the row's pixels, in m² @throws {TerrachipError} TOO_LARGE */
  addRow(row: Uint8Array, areas: Float64Array): void {
    const runs = runsOf(row, this.#runs);
    this.#reserve(this.#runs + runs.length);
    for (const { id, start, end } of runs) {
      this.#parents[id] = id;
      let area = 0;
      for (let x = start; x < end; x++) area += areas[x];
      this.#areas[id] = area;
    }
    this.#runs += runs.length;
    let k = 0;
    for (const run of runs) {
      while (k < this.#previous.length && this.#previous[k].end < run.start) k++;
      for (let j = k; j < this.#previous.length && this.#previous[j].start <= run.end; j++) {
        if (this.#previous[j].value === run.value) this.#join(this.#previous[j].id, run.id);
      }
    }
    this.#previous = runs;
  }

  /** Call between the passes. Sums the areas of the components. */
  finish(): void {
    for (let id = this.#runs - 1; id >= 0; id--) {
      const root = this.#root(id);
      if (root !== id) this.#areas[root] += this.#areas[id];
    }
  }

  /** Second pass. Assigns small components of a row to the first class, in place. Rows are in the same order. */
  cleanRow(row: Uint8Array): void {
    for (const { start, end } of runsOf(row, 0)) {
      const area = this.#areas[this.#root(this.#next++)];
      if (area >= this.minArea) continue;
      row.fill(0, start, end);
      this.removedPixels += end - start;
    }
  }

  /** The id of a component is that of its first run. */
  #root(id: number): number {
    const parents = this.#parents;
    let root = id;
    while (parents[root] !== root) {
      parents[root] = parents[parents[root]];
      root = parents[root];
    }
    return root;
  }

  #join(a: number, b: number): void {
    const [first, second] = [this.#root(a), this.#root(b)];
    this.#parents[Math.max(first, second)] = Math.min(first, second);
  }

  #reserve(runs: number): void {
    if (runs > MAX_RUNS) {
      throw new TerrachipError(
        'TOO_LARGE',
        `minArea: the map has more than ${MAX_RUNS} runs of pixels`,
        'leave it out, or evaluate a part of the map',
        { size: runs, limit: MAX_RUNS },
      );
    }
    if (runs <= this.#parents.length) return;
    const size = Math.max(runs, 2 * this.#parents.length);
    const parents = new Int32Array(size);
    parents.set(this.#parents);
    this.#parents = parents;
    const areas = new Float64Array(size);
    areas.set(this.#areas);
    this.#areas = areas;
  }
}

/** Runs of equal pixels in a row, except for the first class and nodata. */
function runsOf(row: Uint8Array, firstId: number): Run[] {
  const runs: Run[] = [];
  for (let x = 0; x < row.length; ) {
    const value = row[x];
    const start = x;
    while (x < row.length && row[x] === value) x++;
    if (value !== 0 && value !== CLASS_NODATA) runs.push({ start, end: x, value, id: firstId + runs.length });
  }
  return runs;
}
