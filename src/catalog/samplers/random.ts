/**
 * Counter-based random numbers: number k of a sequence depends only on the seed and k, so that any number of workers
 * draws the same sequence. Philox 4×32 with ten rounds (Salmon et al. 2011, doi:10.1145/2063384.2063405).
 */
import { requireWhole } from '../../errors.js';

const ROUNDS = 10;
const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;

export type FourWords = readonly [number, number, number, number];

/** Four random words of 32 bits from a counter of four words and a key of two. */
export function philox(counter: FourWords, key: readonly [number, number]): FourWords {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = highWord(MULTIPLIER_0, c0);
    const low0 = Math.imul(MULTIPLIER_0, c0) >>> 0;
    const high1 = highWord(MULTIPLIER_1, c2);
    const low1 = Math.imul(MULTIPLIER_1, c2) >>> 0;
    [c0, c1, c2, c3] = [(high1 ^ c1 ^ k0) >>> 0, low1, (high0 ^ c3 ^ k1) >>> 0, low0];
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** The upper 32 bits of the product of two words. */
function highWord(a: number, b: number): number {
  const [aLow, aHigh] = [a & 0xffff, a >>> 16];
  const [bLow, bHigh] = [b & 0xffff, b >>> 16];
  const first = aHigh * bLow + Math.floor((aLow * bLow) / 65_536);
  const second = aLow * bHigh + (first % 65_536);
  return aHigh * bHigh + Math.floor(first / 65_536) + Math.floor(second / 65_536);
}

/** Random numbers of a seed, by index. */
export class CounterRandom {
  readonly #key: readonly [number, number];

  /** @throws {TerrachipError} INVALID_OPTION unless the seed is a whole number from 0 to 2⁵³ − 1 */
  constructor(seed: number) {
    requireWhole('seed', seed, 0);
    this.#key = [seed % 2 ** 32, Math.floor(seed / 2 ** 32)];
  }

  /**
   * Two uniform numbers in [0, 1) with 53 bits each.
   * @param index index in the sequence
   * @param attempt number of the attempt for that index
   * @param stream separates the numbers of different uses
   */
  uniforms(index: number, attempt: number, stream: number): [number, number] {
    const [a, b, c, d] = philox([index % 2 ** 32, Math.floor(index / 2 ** 32), attempt, stream], this.#key);
    return [fraction(a, b), fraction(c, d)];
  }

  /** The numbers 0 to `length − 1` in random order (Fisher and Yates; Durstenfeld 1964). */
  permutation(length: number, stream: number, attempt = 0): Uint32Array {
    const order = Uint32Array.from({ length }, (_, k) => k);
    for (let last = length - 1; last > 0; last--) {
      const k = Math.floor(this.uniforms(last, attempt, stream)[0] * (last + 1));
      [order[last], order[k]] = [order[k], order[last]];
    }
    return order;
  }
}

function fraction(high: number, low: number): number {
  return ((high >>> 5) * 2 ** 26 + (low >>> 6)) / 2 ** 53;
}

/** Streams of the random numbers of a seed, by use. */
export const STREAM = { place: 0, choice: 2, shuffle: 3, classes: 4, split: 5, pair: 6, redraw: 16 } as const;
