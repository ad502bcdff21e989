import { describe, expect, it } from 'vitest';
import { createBlockCache, type LentBlock } from '../../src/raster/block-cache.js';

/** A block of 100 bytes that records the release of its memory. */
function lend(value: number, released: number[]): () => Promise<LentBlock> {
  return async () => ({
    values: new Uint8Array(100).fill(value),
    release: () => void released.push(value),
  });
}

describe('memory of blocks', () => {
  it('is released when a block is dropped, and when the cache is cleared', async () => {
    const cache = createBlockCache(250);
    const released: number[] = [];
    const read: number[] = [];
    const use = (index: number): Promise<void> =>
      cache.use('image', index, lend(index, released), (values) => void read.push(values[0]));
    for (const index of [1, 2, 1, 3]) await use(index);
    expect(read).toEqual([1, 2, 1, 3]);
    // The second is the least recently used.
    expect(released).toEqual([2]);
    cache.clear();
    expect(released.sort()).toEqual([1, 2, 3]);
    expect(cache.bytes).toBe(0);
    expect(cache.counters).toMatchObject({ blocksDecoded: 3, blocksDecodedAgain: 0 });
  });

  it('is kept while a caller still waits for the block', async () => {
    const cache = createBlockCache(250);
    const released: number[] = [];
    const log: string[] = [];
    const use = (index: number): Promise<void> =>
      cache.use('image', index, lend(index, released), (values) => {
        log.push(`${values[0]}, released ${released.join(' ')}`);
      });
    // All are decoded before the first is used.
    await Promise.all([use(1), use(2), use(3), use(4)]);
    for (const [k, line] of log.entries()) expect(line.split(' ').slice(2)).not.toContain(String(k + 1));
    expect(log.map((line) => line[0])).toEqual(['1', '2', '3', '4']);
    expect(released.sort()).toEqual([1, 2]);
  });

  it('is released directly after the use in a cache of size 0', async () => {
    const cache = createBlockCache(0);
    const released: number[] = [];
    await cache.use('image', 1, lend(7, released), (values) => {
      expect(values[0]).toBe(7);
      expect(released).toEqual([]);
    });
    expect(released).toEqual([7]);
  });
});
