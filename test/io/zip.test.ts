import { createDeflateRaw, deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { MemorySource } from '../../src/io/index.js';
import { inflateExactly } from '../../src/io/inflate.js';
import { openZip } from '../../src/io/zip.js';
import { buildZip, type ZipPart } from '../support/zip.js';

const open = (parts: readonly ZipPart[], options = {}) =>
  openZip(new MemorySource(buildZip(parts), 'a.zip'), options);
const zeros = (length: number, name = 'a.bin'): ZipPart => ({
  name,
  bytes: new Uint8Array(length),
  deflate: true,
});

describe('openZip', () => {
  it('reads parts of stored and of compressed entries', async () => {
    const bytes = Uint8Array.from({ length: 5000 }, (_, k) => (k * k) % 251);
    const zip = await open([
      { name: 'stored', bytes, padding: 13 },
      { name: '__proto__', bytes, deflate: true, zip64: true },
    ]);
    expect([...zip.entries.keys()]).toEqual(['stored', '__proto__']);
    for (const key of zip.entries.keys()) {
      expect(await zip.read(key, 0, 5000)).toEqual(bytes);
      expect(await zip.read(key, 1234, 77)).toEqual(bytes.slice(1234, 1311));
    }
    await expect(zip.read('constructor', 0, 1)).rejects.toThrow('a.zip/constructor does not exist');
  });

  it.each([0, 1, 999])('inflates at most the %i bytes that an entry declares', async (size) => {
    const zip = await open([{ ...zeros(1000), size }]);
    await expect(zip.read('a.bin', 0, size)).rejects.toThrow(
      `it holds more than the ${size} bytes that it declares`,
    );
  });

  it.each([1001, 10_000])('refuses fewer than the %i bytes that an entry declares', async (size) => {
    const zip = await open([{ ...zeros(1000), size }]);
    await expect(zip.read('a.bin', 0, size)).rejects.toThrow(
      /it holds 1000 of the|cannot hold the 10000 that it declares/,
    );
  });

  it('bounds the size of the directory', async () => {
    const parts = Array.from({ length: 100 }, (_, k) => zeros(1, `a-name-of-a-file-${k}`));
    expect((await open(parts)).entries.size).toBe(100);
    await expect(open(parts, { maxDirectoryBytes: 5000 })).rejects.toThrow('has a directory of');
  });
});

describe('inflateExactly', () => {
  it('allocates the declared size, not the size of the stream', async () => {
    // 256 MiB in 0.3 MB: bytes inflated beyond the bound must be freed.
    const stream = createDeflateRaw({ level: 9 });
    const parts: Uint8Array[] = [];
    stream.on('data', (part: Uint8Array) => parts.push(part));
    const ended = new Promise((done) => stream.on('end', done));
    for (let k = 0; k < 256; k++) {
      if (!stream.write(Buffer.alloc(2 ** 20))) await new Promise((done) => stream.once('drain', done));
    }
    stream.end();
    await ended;
    const bomb = new Uint8Array(Buffer.concat(parts));
    const before = process.memoryUsage().rss;
    let peak = before;
    const watch = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().rss);
    }, 1);
    await expect(inflateExactly(bomb, 1000, 'deflate-raw')).rejects.toThrow('more than the 1000 bytes');
    clearInterval(watch);
    expect(Math.max(peak, process.memoryUsage().rss) - before).toBeLessThan(64 * 2 ** 20);
  });

  it("refuses a size beyond deflate's ratio before it allocates", async () => {
    const stored = new Uint8Array(deflateRawSync(new Uint8Array(100)));
    await expect(inflateExactly(stored, 2 ** 50, 'deflate-raw')).rejects.toThrow('cannot hold the');
  });
});
