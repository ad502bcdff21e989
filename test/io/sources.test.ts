import { execFileSync } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { TerrachipError } from '../../src/errors.js';
import { ByteLru } from '../../src/io/byte-lru.js';
import { wrapSource } from '../../src/io/byte-source.js';
import {
  type ByteSource,
  MemorySource,
  Semaphore,
  withBlockCache,
  withCoalescing,
  withLimit,
  withRetry,
} from '../../src/io/index.js';
import { FileSource } from '../../src/io/node/index.js';
import { readJson } from '../../src/io/node/json.js';
import { requireWritable, writeAtomically, writeJson } from '../../src/io/node/output.js';
import { mapConcurrently } from '../../src/io/semaphore.js';
import { temporaryFolder } from '../support/files.js';

const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i & 255);

/** A source that records its reads, and fails on request. */
function spy(
  fail: (n: number) => Error | null = () => null,
): ByteSource & { reads: [number, number][]; active: number; most: number } {
  const memory = new MemorySource(bytes, 'spied');
  const reads: [number, number][] = [];
  const source = wrapSource(memory, async (offset, length) => {
    const error = fail(reads.length);
    reads.push([offset, length]);
    spied.active++;
    spied.most = Math.max(spied.most, spied.active);
    await sleep(2);
    spied.active--;
    if (error !== null) throw error;
    return memory.read(offset, length);
  });
  const spied = Object.assign(source, { reads, active: 0, most: 0 });
  return spied;
}

const network = new TerrachipError('NETWORK', 'u failed', 'wait', { url: 'u' });

describe('middlewares', () => {
  it('coalescing keeps distant ranges apart and bounds merged ones', async () => {
    const source = spy();
    const merged = withCoalescing(source, { maxGap: 10, maxLength: 100 });
    const parts = await Promise.all([
      merged.read(500, 10),
      merged.read(0, 40),
      merged.read(45, 40),
      merged.read(90, 40),
    ]);
    expect(source.reads).toEqual([
      [0, 85],
      [90, 40],
      [500, 10],
    ]);
    expect([...parts[2]]).toEqual([...bytes.slice(45, 85)]);
    expect([...parts[0]]).toEqual([...bytes.slice(500, 510)]);
  });

  it('coalescing bridges the smallest gaps first, up to a share of the requested bytes', async () => {
    const large = new MemorySource(new Uint8Array(200_000));
    const noted = wrapSource(large, (offset, length) => note(offset, length));
    const merged = withCoalescing(noted, { maxGap: 65_536, maxWaste: 0.25 });
    const ranges: [number, number][] = [];
    const note = (offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> => {
      ranges.push([offset, length]);
      return large.read(offset, length);
    };
    await Promise.all([0, 15_000, 45_000].map((offset) => merged.read(offset, 10_000)));
    // The gap of 5000 is a sixth of the 30 000 bytes; the next gap of 20 000 is too much.
    expect(ranges).toEqual([
      [0, 25_000],
      [45_000, 10_000],
    ]);
    ranges.length = 0;
    await Promise.all([0, 2000].map((offset) => merged.read(offset, 10)));
    expect(ranges).toEqual([[0, 2010]]);
  });

  it('coalescing aborts a merged read when all its readers have', async () => {
    const signals: AbortSignal[] = [];
    const endless = wrapSource(spy(), (_, __, options) => {
      if (options?.signal !== undefined) signals.push(options.signal);
      return new Promise(() => undefined);
    });
    const merged = withCoalescing(endless);
    const [a, b] = [new AbortController(), new AbortController()];
    const reads = [a, b].map(({ signal }) => merged.read(0, 10, { signal }));
    await sleep(1);
    a.abort(new Error('a'));
    await expect(reads[0]).rejects.toThrow('a');
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    b.abort(new Error('b'));
    await expect(reads[1]).rejects.toThrow('b');
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  });

  it('coalescing reports a failed read to all its readers', async () => {
    const merged = withCoalescing(spy(() => network));
    const results = await Promise.allSettled([merged.read(0, 10), merged.read(10, 10)]);
    expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected']);
  });

  it('limit bounds concurrent reads, and waiting ones can be aborted', async () => {
    const source = spy();
    const limited = withLimit(source, new Semaphore(2));
    const abort = new AbortController();
    const reads = [0, 1, 2, 3].map((k) => limited.read(k, 1));
    const given = limited.read(9, 1, { signal: abort.signal });
    abort.abort(new Error('given up'));
    await expect(given).rejects.toThrow('given up');
    await Promise.all(reads);
    expect(source.most).toBe(2);
    expect(source.reads).toHaveLength(4);
  });

  it('retry repeats network failures only', async () => {
    const passing = spy((n) => (n < 2 ? network : null));
    expect([...(await withRetry(passing, { delay: 1 }).read(5, 2))]).toEqual([5, 6]);
    const damaged = spy(() => new TerrachipError('INVALID_INPUT', 'a', 'b', { source: 'c' }));
    await expect(withRetry(damaged, { delay: 1 }).read(0, 1)).rejects.toThrow('a; b.');
    expect(damaged.reads).toHaveLength(1);
  });

  it('the block cache reads a block once, and does not cache long reads', async () => {
    const source = spy();
    const cached = withBlockCache(source, { blockSize: 100 });
    expect([...(await cached.read(95, 10))]).toEqual([...bytes.slice(95, 105)]);
    expect([...(await cached.read(0, 50))]).toEqual([...bytes.slice(0, 50)]);
    expect([...(await cached.read(990, 10))]).toEqual([...bytes.slice(990)]);
    expect(source.reads).toEqual([
      [0, 100],
      [100, 100],
      [900, 100],
    ]);
    await cached.read(0, 300);
    expect(source.reads.at(-1)).toEqual([0, 300]);
    await expect(cached.read(999, 2)).rejects.toThrow(/truncated/);
  });
});

describe('ByteLru', () => {
  it('drops the least recently used value, and makes a value once', async () => {
    const cache = new ByteLru<string, Uint8Array>(100, (value) => value.byteLength);
    let made = 0;
    const make = async (): Promise<Uint8Array> => {
      made++;
      await sleep(1);
      return new Uint8Array(40);
    };
    await Promise.all([cache.get('a', make), cache.get('a', make)]);
    expect(made).toBe(1);
    await cache.get('b', make);
    await cache.get('a', make);
    await cache.get('c', make);
    expect(cache.bytes).toBe(80);
    await cache.get('a', make);
    expect(made).toBe(3);
    await cache.get('b', make);
    expect(made).toBe(4);
  });

  it('makes a value again for waiting callers when its maker aborts', async () => {
    const cache = new ByteLru<string, Uint8Array>(100, (value) => value.byteLength);
    const abort = new AbortController();
    const first = cache.get(
      'a',
      () =>
        new Promise((_, reject) => abort.signal.addEventListener('abort', () => reject(abort.signal.reason))),
      abort.signal,
    );
    const second = cache.get('a', async () => new Uint8Array(3));
    const third = cache.get('a', async () => new Uint8Array(4), AbortSignal.abort(new Error('third')));
    abort.abort(new Error('first'));
    await expect(first).rejects.toThrow('first');
    expect(await second).toHaveLength(3);
    await expect(third).rejects.toThrow('third');
  });

  it('keeps the newest value larger than the cache with the others', async () => {
    const cache = new ByteLru<string, Uint8Array>(10, (value) => value.byteLength);
    let made = 0;
    const get = (key: string, bytes: number): Promise<Uint8Array> =>
      cache.get(key, async () => {
        made++;
        return new Uint8Array(bytes);
      });
    await get('small', 10);
    for (let k = 0; k < 3; k++) expect(await get('huge', 1000)).toHaveLength(1000);
    expect([made, cache.bytes]).toEqual([2, 1010]);
    // Large values of 40 bytes in total are kept.
    for (const key of ['a', 'b', 'c', 'a', 'b', 'c']) await get(key, 13);
    expect([made, cache.bytes]).toEqual([5, 49]);
    await get('d', 13);
    await get('small', 10);
    await get('c', 13);
    expect([made, cache.bytes]).toEqual([6, 49]);
    await get('a', 13);
    expect(made).toBe(7);
    cache.clear();
    expect(cache.bytes).toBe(0);
  });

  it('does not keep failures', async () => {
    const cache = new ByteLru<string, Uint8Array>(10, (value) => value.byteLength);
    await expect(cache.get('x', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await cache.get('x', async () => new Uint8Array(1))).toHaveLength(1);
  });
});

describe('mapConcurrently', () => {
  it('starts nothing after a failure', async () => {
    const started: number[] = [];
    const task = async (n: number): Promise<void> => {
      started.push(n);
      if (n === 1) throw new Error('one');
      await sleep(5);
    };
    await expect(mapConcurrently([5, 1, 2, 3], 2, task)).rejects.toThrow('one');
    await sleep(20);
    expect(started).toEqual([5, 1]);
  });

  it('keeps the order, and bounds concurrency', async () => {
    let active = 0;
    let most = 0;
    const result = await mapConcurrently([5, 1, 3, 2], 2, async (n) => {
      most = Math.max(most, ++active);
      await sleep(n);
      active--;
      return n * 2;
    });
    expect(result).toEqual([10, 2, 6, 4]);
    expect(most).toBe(2);
  });
});

describe('files', async () => {
  const folder = await temporaryFolder();

  it('are read by ranges', async () => {
    await writeFile(join(folder, 'a.bin'), bytes);
    const source = await FileSource.open(join(folder, 'a.bin'));
    expect([...(await source.read(250, 10))]).toEqual([...bytes.slice(250, 260)]);
    await expect(source.read(995, 10)).rejects.toThrow(/truncated or damaged: bytes 995 to 1005/);
    await source.close();
  });

  it('that cannot be opened are named in the error', async () => {
    await expect(FileSource.open(join(folder, 'none.tif'))).rejects.toThrow(
      /none\.tif does not exist; check the path/,
    );
    await expect(FileSource.open(folder)).rejects.toThrow(/is not a file/);
    await expect(readJson(folder)).rejects.toThrow(/is not a file/);
    if (process.platform === 'win32') return;
    // Opening a pipe waits for a writer, and a device may be endless.
    const pipe = join(folder, 'pipe.tif');
    execFileSync('mkfifo', [pipe]);
    for (const path of [pipe, '/dev/zero']) {
      await expect(FileSource.open(path)).rejects.toThrow(`${path} is not a file; give the path of a file.`);
      await expect(readJson(path)).rejects.toThrow(/is not a file/);
    }
  });

  it('are written atomically', async () => {
    const path = join(folder, 'out.bin');
    const failing = writeAtomically(path, async (file) => {
      await file.writeFile('half');
      throw new Error('power cut');
    });
    await expect(failing).rejects.toThrow(/out\.bin cannot be written \(power cut\)/);
    expect((await readdir(folder)).filter((name) => name.startsWith('out.bin'))).toEqual([]);
    await writeJson(path, { a: 1 });
    expect(await readFile(path, 'utf8')).toBe('{\n  "a": 1\n}\n');
    expect(await readJson(path)).toEqual({ a: 1 });
  });

  it('are refused early when they cannot be written', async () => {
    await expect(requireWritable(join(folder, 'no', 'x.tif'))).rejects.toThrow(/cannot be written/);
    await expect(requireWritable(folder)).rejects.toThrow(/it is a folder/);
  });

  it('that are not JSON are refused by name', async () => {
    await writeFile(join(folder, 'bad.json'), '{');
    await expect(readJson(join(folder, 'bad.json'))).rejects.toThrow(/bad\.json is not JSON/);
  });
});
