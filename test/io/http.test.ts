import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { isTerrachipError } from '../../src/errors.js';
import { HttpSource, publicUrl } from '../../src/io/index.js';
import { openSource } from '../../src/io/node/index.js';
import { type RangeServer, startRangeServer } from '../support/http-server.js';

const content = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 31 + (i >> 8)) & 255);
const retry = { delay: 1 };
let server: RangeServer;

beforeAll(async () => {
  server = await startRangeServer(content);
});
afterEach(() => {
  server.fault = null;
  server.ranges = [];
  server.etag = '"v1"';
  server.content = content;
});

const codeOf = (error: unknown): string => (isTerrachipError(error) ? error.code : String(error));

describe('HttpSource', () => {
  it('asks once for size and headers, then for the ranges it is asked for', async () => {
    const source = await openSource(server.url);
    expect(source.size).toBe(300_000);
    expect(source.etag).toBe('"v1"');
    expect(await source.read(10, 5)).toEqual(content.slice(10, 15));
    expect(server.ranges).toEqual(['bytes=0-32767']);
    expect(await source.read(100_000, 3)).toEqual(content.slice(100_000, 100_003));
    expect(server.ranges).toEqual(['bytes=0-32767', 'bytes=100000-100002']);
  });

  it('merges reads of one turn', async () => {
    const source = await openSource(server.url);
    const offsets = [200_000, 111_000, 100_000, 250_000];
    const parts = await Promise.all(offsets.map((offset) => source.read(offset, 10_000)));
    for (const [i, part] of parts.entries())
      expect(part).toEqual(content.slice(offsets[i], offsets[i] + 10_000));
    // The gaps of 40 000 would double what is read.
    expect(server.ranges.slice(1)).toEqual([
      'bytes=100000-120999',
      'bytes=200000-209999',
      'bytes=250000-259999',
    ]);
  });

  it('repeats what fails for reasons that pass', async () => {
    server.fault = (_, response, n) => {
      if (n === 0) response.writeHead(503, { 'retry-after': '0' }).end();
      else if (n === 2) response.destroy();
      else if (n === 3) response.writeHead(429).end();
      else return false;
      return true;
    };
    const source = await openSource(server.url, { retry });
    expect(await source.read(100_000, 100)).toEqual(content.slice(100_000, 100_100));
    expect(server.ranges).toHaveLength(5);
  });

  it('repeats an answer that breaks off', async () => {
    server.fault = (_, response, n) => {
      if (n !== 1) return false;
      response.writeHead(206, { 'content-range': 'bytes 100000-100099/300000', 'content-length': '100' });
      response.write(content.subarray(0, 40));
      setTimeout(() => response.destroy(), 5);
      return true;
    };
    const source = await openSource(server.url, { retry });
    expect(await source.read(100_000, 100)).toEqual(content.slice(100_000, 100_100));
  });

  it('gives up after all attempts, as something to try again later', async () => {
    server.fault = (_, response) => {
      response.writeHead(500).end();
      return true;
    };
    const failure = await openSource(server.url, { retry: { attempts: 3, delay: 1 } }).catch(
      (e: unknown) => e,
    );
    expect(codeOf(failure)).toBe('NETWORK');
    expect(server.ranges).toHaveLength(3);
    if (isTerrachipError(failure)) expect(failure.message).toMatch(/answered 500; try again later/);
  });

  it('does not repeat what will not change', async () => {
    server.fault = (_, response) => {
      response.writeHead(404).end();
      return true;
    };
    expect(codeOf(await openSource(server.url, { retry }).catch((e: unknown) => e))).toBe('NOT_FOUND');
    expect(server.ranges).toHaveLength(1);
    server.fault = (_, response) => {
      response.writeHead(403).end();
      return true;
    };
    await expect(openSource(server.url, { retry })).rejects.toThrow(/answered 403/);
    expect(server.ranges).toHaveLength(2);
  });

  it('notices a file that changes while it is read', async () => {
    const source = await openSource(server.url, { retry });
    server.etag = '"v2"';
    await expect(source.read(100_000, 10)).rejects.toThrow(/changed while it was being read; run again/);
  });

  it('takes a small file from a server without ranges, and refuses a large one', async () => {
    server.fault = (request, response) => {
      if (request.headers.range === undefined) return false;
      response.writeHead(200).end(server.content);
      return true;
    };
    const source = await openSource(server.url);
    expect(await source.read(299_990, 10)).toEqual(content.slice(299_990));
    server.content = new Uint8Array(65 * 2 ** 20);
    await expect(openSource(server.url)).rejects.toThrow(
      /does not support range requests.*download it first/,
    );
  });

  it('does not download what it will refuse', async () => {
    let sent = 0;
    server.fault = (_, response) => {
      response.writeHead(200, { 'content-length': String(2 ** 31) });
      const more = (): void => {
        if (response.destroyed) return;
        sent += 65_536;
        response.write(new Uint8Array(65_536), () => setImmediate(more));
      };
      more();
      return true;
    };
    await expect(openSource(server.url)).rejects.toThrow(/does not support range requests/);
    expect(sent).toBeLessThan(16 * 2 ** 20);
  });

  it('needs to know the size', async () => {
    server.fault = (_, response) => {
      response.writeHead(206, { 'content-range': 'bytes 0-9/*' }).end(content.subarray(0, 10));
      return true;
    };
    await expect(openSource(server.url)).rejects.toThrow(/does not say how large the file is/);
  });

  it('waits as long as bytes keep coming', async () => {
    server.fault = (_, response) => {
      response.writeHead(206, { 'content-range': 'bytes 0-9/10' });
      const next = (k: number): void => {
        if (k === 10) response.end();
        else response.write(content.subarray(k, k + 1), () => setTimeout(next, 150, k + 1));
      };
      next(0);
      return true;
    };
    const source = await HttpSource.open(server.url, { timeout: 1000 });
    expect(await source.read(0, 10)).toEqual(content.slice(0, 10));
  });

  it('says why a connection failed', async () => {
    const refused = HttpSource.open('http://127.0.0.1:1/a.tif');
    await expect(refused).rejects.toThrow(/127\.0\.0\.1:1\/a\.tif failed \(.+\); try again later/);
    await expect(refused).rejects.not.toThrow(/fetch failed/);
  });

  it('never takes more bytes than it asked for', async () => {
    const source = await HttpSource.open(server.url);
    server.fault = (_, response) => {
      response
        .writeHead(206, { 'content-range': 'bytes 100000-100009/300000' })
        .end(new Uint8Array(1_000_000));
      return true;
    };
    await expect(source.read(100_000, 10)).rejects.toThrow(/sent more bytes than were asked for/);
  });

  it('refuses ranges beyond the end without asking', async () => {
    const source = await openSource(server.url);
    await expect(source.read(299_999, 2)).rejects.toThrow(/truncated or damaged/);
    expect(server.ranges).toHaveLength(1);
  });

  it('opens an empty file', async () => {
    server.content = new Uint8Array(0);
    expect((await openSource(server.url)).size).toBe(0);
  });

  it('stops when it is aborted', async () => {
    server.fault = () => true;
    const abort = new AbortController();
    const opening = openSource(server.url, { signal: abort.signal });
    setTimeout(() => abort.abort(new Error('enough')), 20);
    await expect(opening).rejects.toThrow('enough');
  });

  it('counts a request without an answer as failed', async () => {
    server.fault = () => true;
    const failure = await HttpSource.open(server.url, { timeout: 20 }).catch((e: unknown) => e);
    expect(codeOf(failure)).toBe('NETWORK');
  });
});

describe('publicUrl', () => {
  it('leaves out user, password and query', () => {
    expect(publicUrl('https://user:secret@host.example/a/b.tif?sig=abc#x')).toBe(
      'https://host.example/a/b.tif',
    );
  });
});
