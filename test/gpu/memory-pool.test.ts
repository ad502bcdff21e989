import { describe, expect, it } from 'vitest';
import { MemoryPool } from '../../src/gpu/cpu/memory-pool.js';

describe('MemoryPool', () => {
  it('frees memory, with other idle buffers present', () => {
    const pool = new MemoryPool((bytes) => new ArrayBuffer(bytes), 32768);
    // Three sizes fill the pool; the next one is reused again and again.
    const old = [4096, 8192, 16384].map((bytes) => pool.acquire(bytes));
    for (const buffer of old) pool.release(buffer);
    const buffer = pool.acquire(20480);
    pool.release(buffer);
    expect(pool.acquire(20480)).toBe(buffer);
    // The sizes idle for longest were freed for it.
    expect(pool.acquire(4096)).not.toBe(old[0]);
    expect(pool.acquire(8192)).not.toBe(old[1]);
    expect(pool.acquire(16384)).not.toBe(old[2]);
  });

  it('keeps buffers that still fit', () => {
    const pool = new MemoryPool((bytes) => new ArrayBuffer(bytes), 32768);
    const [small, large] = [pool.acquire(4096), pool.acquire(16384)];
    pool.release(large);
    pool.release(small);
    const next = pool.acquire(28672);
    pool.release(next);
    expect(pool.acquire(4096)).toBe(small);
    expect(pool.acquire(28672)).toBe(next);
    expect(pool.acquire(16384)).not.toBe(large);
  });

  it('keeps at most its bound', () => {
    const pool = new MemoryPool((bytes) => new ArrayBuffer(bytes), 8192);
    const buffer = pool.acquire(16384);
    pool.release(buffer);
    expect(pool.acquire(16384)).not.toBe(buffer);
  });

  it('keeps the peak of the memory in use, and 8 MiB more', () => {
    const MIB = 2 ** 20;
    const pool = new MemoryPool((bytes) => new ArrayBuffer(bytes));
    const [a, b, c] = [40, 48, 56].map((size) => pool.acquire(size * MIB));
    for (const buffer of [a, b, c]) pool.release(buffer);
    // 144 MiB were in use, so that 152 MiB may be held. With 96 MiB in use and 144 MiB idle, the oldest 88 MiB go.
    pool.acquire(96 * MIB);
    const again = [56, 48, 40].map((size) => pool.acquire(size * MIB));
    expect([again[0] === c, again[1] === b, again[2] === a]).toEqual([true, false, false]);
  });

  it('keeps idle buffers also if others are never returned', () => {
    const pool = new MemoryPool((bytes) => new ArrayBuffer(bytes), 2 ** 25, Number.POSITIVE_INFINITY);
    const kept = [1, 2].map(() => pool.acquire(2 ** 24));
    // Lost buffers count as used. With the default, they would leave no room for idle ones.
    for (let k = 0; k < 8; k++) pool.acquire(2 ** 24);
    for (const buffer of kept) pool.release(buffer);
    const again = [1, 2].map(() => pool.acquire(2 ** 24));
    expect(new Set(again)).toEqual(new Set(kept));
  });
});
