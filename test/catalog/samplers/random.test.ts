import { describe, expect, it } from 'vitest';
import { CounterRandom, type FourWords, philox } from '../../../src/catalog/samplers/random.js';

describe('philox', () => {
  // The known answers of Random123 1.14 (kat_vectors, philox4x32 10).
  const ones = 0xffffffff;
  it.each<{ counter: FourWords; key: [number, number]; words: FourWords }>([
    { counter: [0, 0, 0, 0], key: [0, 0], words: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8] },
    {
      counter: [ones, ones, ones, ones],
      key: [ones, ones],
      words: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    },
    {
      counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      key: [0xa4093822, 0x299f31d0],
      words: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    },
  ])('gives the known words for $counter', ({ counter, key, words }) => {
    expect(philox(counter, key)).toEqual(words);
  });
});

describe('CounterRandom', () => {
  it('is uniform', () => {
    const random = new CounterRandom(7);
    const counts = new Int32Array(10);
    for (let k = 0; k < 10_000; k++) for (const u of random.uniforms(k, 0, 0)) counts[Math.floor(u * 10)]++;
    // Standard deviation of each count: 42.
    for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(200);
  });

  it('permutes', () => {
    const order = new CounterRandom(1).permutation(1000, 3);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, k) => k));
    expect([...order]).not.toEqual([...new CounterRandom(2).permutation(1000, 3)]);
  });

  it.each([-1, 0.5, Number.NaN, 2 ** 53])('refuses the seed %s', (seed) => {
    expect(() => new CounterRandom(seed)).toThrow(/^seed cannot be/);
  });
});
