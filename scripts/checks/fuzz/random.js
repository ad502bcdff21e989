// Reproducible random numbers.

/** Integers that often break readers. */
const INTERESTING = [
  0, 1, 2, 3, 7, 8, 15, 16, 255, 256, 4096, 65535, 65536, 2 ** 24, 2 ** 28, 2 ** 30, 2 ** 31 - 1, 2 ** 31,
  2 ** 32 - 2, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, 2 ** 53, 2 ** 63,
]; // biome-ignore format: a table

/** Mulberry32: the same sequence on every machine. */
export class Random {
  #state;

  /** @param {number[]} seeds any integers */
  constructor(...seeds) {
    this.#state = 0x9e3779b9;
    for (const seed of seeds) {
      this.#state = (this.#state ^ seed) | 0;
      for (let k = 0; k < 3; k++) this.#state = Math.floor(this.unit() * 2 ** 32) | 0;
    }
  }

  /** A number in [0, 1). */
  unit() {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** An integer in [0, end). */
  below(end) {
    return Math.floor(this.unit() * end);
  }

  chance(probability) {
    return this.unit() < probability;
  }

  /** @template T @param {readonly T[]} items @returns {T} */
  pick(items) {
    return items[this.below(items.length)];
  }

  /** An integer at or near a limit. */
  integer() {
    const value = this.pick(INTERESTING);
    return this.chance(0.2) ? Math.max(0, value + this.below(5) - 2) : value;
  }
}
