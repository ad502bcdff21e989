import { readdir, readFile, truncate, utimes, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { keyOf } from '../../src/io/cache.js';
import { DiskCache } from '../../src/io/node/disk-cache.js';
import { openUrl } from '../../src/io/open-url.js';
import { requestJson } from '../../src/io/web-request.js';
import { temporaryFolder } from '../support/files.js';
import { type RangeServer, startRangeServer } from '../support/http-server.js';

const content = Uint8Array.from({ length: 300_000 }, (_, k) => (k * 31 + (k >> 8)) & 255);
let server: RangeServer;
let folder: string;
let byteCache: DiskCache;

beforeAll(async () => {
  server = await startRangeServer(content);
});
beforeEach(async () => {
  folder = await temporaryFolder();
  byteCache = await DiskCache.open(folder);
  server.ranges = [];
  server.etag = '"v1"';
});

const filesIn = async (): Promise<string[]> =>
  (await readdir(folder, { recursive: true }))
    .filter((name) => name.length > 60)
    .map((name) => join(folder, name));

describe('ranges of files', () => {
  it('are read from the disk by another process, with any signature', async () => {
    const first = await openUrl(`${server.url}?sig=abc&v=1`, { byteCache });
    expect(await first.read(100_000, 10)).toEqual(content.slice(100_000, 100_010));
    const other = await DiskCache.open(folder);
    const second = await openUrl(`${server.url}?v=1&sig=def`, { byteCache: other });
    expect(await second.read(100_000, 10)).toEqual(content.slice(100_000, 100_010));
    expect(server.ranges).toEqual(['bytes=0-32767', 'bytes=100000-100009', 'bytes=0-32767']);
    const third = await openUrl(`${server.url}?v=2`, { byteCache });
    await third.read(100_000, 10);
    expect(server.ranges).toHaveLength(5);
  });

  it('are read again from a changed file, and not cached without a strong tag', async () => {
    const read = async () => (await openUrl(server.url, { byteCache })).read(100_000, 10);
    await read();
    server.etag = '"v2"';
    await read();
    expect(server.ranges).toHaveLength(4);
    for (const etag of ['W/"v3"', null]) {
      server.etag = etag;
      await read();
      await read();
    }
    expect(server.ranges).toHaveLength(12);
  });

  it('are read again if an entry is damaged', async () => {
    const read = async () => (await openUrl(server.url, { byteCache })).read(100_000, 10);
    await read();
    const [file] = await filesIn();
    const bytes = await readFile(file);
    bytes[35] ^= 1;
    await writeFile(file, bytes);
    expect(await read()).toEqual(content.slice(100_000, 100_010));
    await truncate(file, 7);
    expect(await read()).toEqual(content.slice(100_000, 100_010));
    expect(server.ranges).toHaveLength(6);
  });
});

describe('documents', () => {
  let url: string;
  let seen: IncomingMessage['headers'][];
  let version = 1;
  let headers: Record<string, string> = {};
  const http = createServer((request, response) => {
    seen.push(request.headers);
    const etag = `"${version}"`;
    const { 'if-none-match': known, 'if-modified-since': since } = request.headers;
    if (known === etag || (since !== undefined && since === headers['last-modified'])) {
      response.writeHead(304).end();
      return;
    }
    const tag = headers['last-modified'] === undefined ? { etag } : {};
    response.writeHead(200, { 'content-type': 'application/json', ...tag, ...headers });
    response.end(JSON.stringify({ version }));
  });
  beforeAll(async () => {
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/catalog.json`;
  });
  afterAll(() => {
    http.closeAllConnections();
    http.close();
  });
  beforeEach(() => {
    seen = [];
    version = 1;
    headers = {};
  });
  const read = async (keep = true) => (await requestJson(url, { byteCache, keep })).document;

  it('are requested by their tag, and taken from the disk if unchanged', async () => {
    expect(await read()).toEqual({ version: 1 });
    expect(await read()).toEqual({ version: 1 });
    expect(seen.map((each) => each['if-none-match'])).toEqual([undefined, '"1"']);
    version = 2;
    expect(await read()).toEqual({ version: 2 });
    expect(await read()).toEqual({ version: 2 });
    expect(seen.at(-1)?.['if-none-match']).toBe('"2"');
  });

  it('are requested by their time if they have no tag', async () => {
    headers = { 'last-modified': 'Wed, 01 Jul 2026 00:00:00 GMT' };
    await read();
    expect(await read()).toEqual({ version: 1 });
    expect(seen[1]['if-modified-since']).toBe('Wed, 01 Jul 2026 00:00:00 GMT');
  });

  it('are cached only on request, and not if the server forbids it', async () => {
    await read(false);
    headers = { 'cache-control': 'private, no-store' };
    await read();
    expect(await filesIn()).toEqual([]);
  });
});

describe('the folder of a cache', () => {
  it('stays within its limit: the least recently used entries are removed first', async () => {
    const cache = await DiskCache.open(folder, { maxBytes: 10_000 });
    await writeFile(join(folder, 'mine.txt'), 'not of the cache');
    const put = async (key: string, used: number): Promise<void> => {
      const before = new Set(await filesIn());
      await cache.put(key, new Uint8Array(1900).fill(1));
      const [file] = (await filesIn()).filter((each) => !before.has(each));
      await utimes(file, used, used);
    };
    for (const [k, key] of ['a', 'b', 'c', 'd', 'e'].entries()) await put(key, 1000 + k);
    expect(await cache.get('a')).not.toBeNull();
    await cache.put('f', new Uint8Array(1900));
    const kept = await Promise.all(
      ['a', 'b', 'c', 'd', 'e', 'f'].map(async (key) => (await cache.get(key)) !== null),
    );
    // 6 × 1932 bytes are above the limit; 4 × 1932 are below nine tenths of it. Only f was used after a.
    expect(kept).toEqual([true, false, false, true, true, true]);
    expect(await readdir(folder)).toContain('mine.txt');
    await cache.put('huge', new Uint8Array(9000));
    expect(await cache.get('huge')).toBeNull();
  });

  it('may be shared, and written at the same time', async () => {
    const caches = await Promise.all([DiskCache.open(folder), DiskCache.open(folder)]);
    const bytes = new Uint8Array(50_000).fill(7);
    await Promise.all(Array.from({ length: 20 }, (_, k) => caches[k % 2].put('key', bytes)));
    expect(await caches[1].get('key')).toEqual(bytes);
    expect(await filesIn()).toHaveLength(1);
  });

  it('stops caching, not reading, if it cannot be written', async () => {
    const cache = await DiskCache.open(join(folder, 'sub'));
    await writeFile(join(folder, 'file'), '');
    const broken = await DiskCache.open(join(folder, 'sub'));
    Object.defineProperty(broken, 'folder', { value: join(folder, 'file') });
    await broken.put('key', new Uint8Array(3));
    expect(await broken.get('key')).toBeNull();
    expect(await cache.get('key')).toBeNull();
    await expect(DiskCache.open(join(folder, 'file', 'x'))).rejects.toThrow(/cannot be written/);
  });

  it('contains no address, signature or token', async () => {
    const url = `${server.url}?sv=2021&sig=hidden-signature&x-amz-security-token=hidden-token`;
    const source = await openUrl(url.replace('://', '://user:hidden-password@'), {
      byteCache,
      headers: { 'x-key': 'hidden-header' },
    });
    await source.read(100_000, 1000);
    const files = await filesIn();
    expect(files).toHaveLength(1);
    for (const file of files)
      expect(`${file} ${await readFile(file, 'latin1')}`).not.toMatch(/hidden|127\.0\.0\.1/);
  });
});

describe('keyOf', () => {
  it('removes signatures, and keeps the rest of a query', () => {
    expect(keyOf('https://u:p@a.example/b?page=2&se=x&sig=y&skoid=z#part')).toBe(
      'https://a.example/b?page=2',
    );
    expect(keyOf('https://a.example/b?X-Amz-Signature=x&versionId=3')).toBe(
      'https://a.example/b?versionId=3',
    );
    expect(keyOf('s3://box/a%20b?sr=b')).toBe('s3://box/a%20b');
    expect(keyOf('https://a.example/search?token=next:1')).toBe('https://a.example/search?token=next:1');
  });
});
