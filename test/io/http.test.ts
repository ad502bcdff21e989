import type { IncomingMessage } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { isTerrachipError } from '../../src/errors.js';
import { setLeastRate } from '../../src/io/exchange.js';
import { publicUrl } from '../../src/io/http-errors.js';
import { HttpSource } from '../../src/io/index.js';
import { mayName } from '../../src/io/nearness.js';
import { openSource } from '../../src/io/node/index.js';
import { foreignAddress, isAddress } from '../../src/io/schemes.js';
import { setRequestLimits } from '../../src/io/traffic.js';
import { type RangeServer, startRangeServer } from '../support/http-server.js';

const content = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 31 + (i >> 8)) & 255);
const retry = { delay: 1 };
let server: RangeServer;

beforeAll(async () => {
  server = await startRangeServer(content);
});
afterEach(() => {
  setRequestLimits({});
  server.fault = null;
  server.ranges = [];
  server.etag = '"v1"';
  server.content = content;
});

const codeOf = (error: unknown): string => (isTerrachipError(error) ? error.code : String(error));

describe('HttpSource', () => {
  it('requests size and headers once, then only requested ranges', async () => {
    const source = await openSource(server.url);
    expect(source.size).toBe(300_000);
    expect(source.etag).toBe('"v1"');
    expect(await source.read(10, 5)).toEqual(content.slice(10, 15));
    expect(server.ranges).toEqual(['bytes=0-32767']);
    expect(await source.read(100_000, 3)).toEqual(content.slice(100_000, 100_003));
    expect(server.ranges).toEqual(['bytes=0-32767', 'bytes=100000-100002']);
  });

  it('merges reads of one event-loop turn', async () => {
    const source = await openSource(server.url);
    const offsets = [200_000, 111_000, 100_000, 250_000];
    const parts = await Promise.all(offsets.map((offset) => source.read(offset, 10_000)));
    for (const [i, part] of parts.entries())
      expect(part).toEqual(content.slice(offsets[i], offsets[i] + 10_000));
    // The gaps of 40 000 would double the bytes read.
    expect(server.ranges.slice(1)).toEqual([
      'bytes=100000-120999',
      'bytes=200000-209999',
      'bytes=250000-259999',
    ]);
  });

  it('retries transient failures', async () => {
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

  it('follows Retry-After in seconds or as a date', async () => {
    const hour = 3_600_000;
    for (const [value, least, most] of [
      ['7', 7000, 7000],
      [new Date(Date.now() + hour).toUTCString(), hour / 2, hour],
      [new Date(Date.now() - hour).toUTCString(), 0, 0],
      ['soon', 0, 0],
    ] as const) {
      setRequestLimits({});
      server.fault = (_, response) => {
        response.writeHead(503, { 'retry-after': value }).end();
        return true;
      };
      const retryAfter = await HttpSource.open(server.url).then(
        () => null,
        (error: Error) => (error.cause as { retryAfter: number }).retryAfter,
      );
      expect(retryAfter).toBeGreaterThanOrEqual(least);
      expect(retryAfter).toBeLessThanOrEqual(most);
    }
  });

  it('retries a truncated response', async () => {
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

  it('gives up after all attempts with a retryable error', async () => {
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

  it('does not retry permanent failures', async () => {
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

  it('does not download a body that it refuses', async () => {
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

  it('takes a small file from a server that refuses ranges beyond its end', async () => {
    server.content = content.slice(0, 1000);
    let size: string | null = 'bytes */1000';
    server.fault = (request, response) => {
      const [, end] = /^bytes=0-(\d+)$/.exec(request.headers.range ?? '') ?? [];
      if (end === undefined || Number(end) < 1000) return false;
      response.writeHead(416, size === null ? {} : { 'content-range': size }).end();
      return true;
    };
    const source = await openSource(server.url);
    expect(source.size).toBe(1000);
    expect(await source.read(990, 10)).toEqual(content.slice(990, 1000));
    expect(server.ranges).toEqual(['bytes=0-32767', 'bytes=0-999']);
    size = null;
    expect((await openSource(server.url)).size).toBe(1000);
  });

  it("reads a file whole when the server's ranges are unreliable", async () => {
    const wrong: Record<string, string>[] = [
      {},
      { 'content-range': 'bytes 5-32772/300000' },
      { 'content-range': 'bytes 0-9/300000' },
      { 'content-range': 'bytes 0-32767/*' },
    ];
    for (const headers of wrong) {
      server.fault = (request, response) => {
        if (request.headers.range === undefined) return false;
        response.writeHead(206, headers).end(content.subarray(0, 32_768));
        return true;
      };
      const source = await openSource(server.url, { retry });
      expect(source.size).toBe(300_000);
      expect(await source.read(299_990, 10)).toEqual(content.slice(299_990));
    }
  });

  it('reads a file whole from a server that compresses its ranges', async () => {
    server.fault = (_, response) => {
      const bytes = gzipSync(content);
      const range = { 'content-range': `bytes 0-${bytes.length - 1}/${bytes.length}` };
      response.writeHead(206, { 'content-encoding': 'gzip', ...range }).end(bytes);
      return true;
    };
    // A server that only sends ranges is refused with that reason.
    await expect(openSource(server.url, { retry })).rejects.toThrow(/compresses its ranges \(gzip\)/);
    const always = server.fault;
    server.fault = (request, response, n) => {
      if (request.headers.range !== undefined) return always(request, response, n);
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(content));
      return true;
    };
    const source = await openSource(server.url, { retry });
    expect(await source.read(100_000, 10)).toEqual(content.slice(100_000, 100_010));
  });

  it('requests the rest of a range that is sent in parts', async () => {
    server.fault = (request, response) => {
      const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
      const stop = Math.min(Number(end) + 1, Number(start) + 40_000);
      const range = { 'content-range': `bytes ${start}-${stop - 1}/300000` };
      response.writeHead(206, range).end(content.subarray(Number(start), stop));
      return true;
    };
    const source = await openSource(server.url);
    expect(await source.read(100_000, 100_000)).toEqual(content.slice(100_000, 200_000));
  });

  it('takes a whole file sent instead of a later range', async () => {
    const source = await openSource(server.url);
    server.fault = (_, response) => {
      response.writeHead(200).end(content);
      return true;
    };
    expect(await source.read(200_000, 10)).toEqual(content.slice(200_000, 200_010));
    expect(await source.read(250_000, 10)).toEqual(content.slice(250_000, 250_010));
    expect(server.ranges).toHaveLength(2);
  });

  it('ignores ETags that are weak, missing or different for each response', async () => {
    server.etag = '"a"';
    const source = await openSource(server.url, { retry });
    const part = content.slice(100_000, 100_010);
    for (const etag of ['W/"a"', null, '"a"']) {
      server.etag = etag;
      expect(await source.read(100_000, 10)).toEqual(part);
    }
    server.fault = (_request, _response, n) => {
      server.etag = `"${n}"`;
      return false;
    };
    expect(await source.read(100_000, 10)).toEqual(part);
    expect(await source.read(200_000, 10)).toEqual(content.slice(200_000, 200_010));
  });

  it('notices a change by Last-Modified without ETags', async () => {
    server.etag = null;
    let modified = 'Mon, 01 Jan 2024 00:00:00 GMT';
    server.fault = (_, response) => {
      response.setHeader('last-modified', modified);
      return false;
    };
    const source = await openSource(server.url, { retry });
    expect(await source.read(100_000, 10)).toEqual(content.slice(100_000, 100_010));
    modified = 'Mon, 01 Jan 2024 00:00:07 GMT';
    await expect(source.read(100_000, 10)).rejects.toThrow(/changed while it was being read; run again/);
  });

  it('reports a web page in place of the file, and reads XML', async () => {
    const pages = [
      ['text/html; charset=utf-8', '<!DOCTYPE html><html><title>Sign in</title></html>'],
      ['text/html', '<script>location = "/login"</script>'],
      ['application/octet-stream', '\ufeff\n<html><body>Please log in</body></html>'],
    ];
    for (const [type, text] of pages) {
      server.fault = (_, response) => {
        response.writeHead(200, { 'content-type': type }).end(text);
        return true;
      };
      const failure = await openSource(server.url, { retry }).catch((e: unknown) => e);
      expect(failure).toMatchObject({ code: 'NETWORK', exitStatus: 2 });
      expect(String(failure)).toMatch(
        /answered with a web page \(HTML\) instead of the file, probably a login/,
      );
    }
    server.fault = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<?xml version="1.0"?><product/>');
      return true;
    };
    expect((await openSource(server.url)).size).toBe(31);
  });

  it('sends the user and password of a URL as a header, to its own host only', async () => {
    const seen: (string | undefined)[] = [];
    const other = await startRangeServer(content);
    const note = (request: IncomingMessage): void => {
      seen.push(request.headers.authorization, request.headers['x-key']?.toString());
    };
    server.fault = (request, response) => {
      note(request);
      if (request.url === '/file.tif') response.writeHead(302, { location: '/moved.tif' }).end();
      else response.writeHead(302, { location: other.url }).end();
      return true;
    };
    other.fault = (request) => {
      note(request);
      return false;
    };
    const url = server.url.replace('http://', 'http://us%40er:p%3Ass%C3%A9@');
    const source = await openSource(url, { headers: { 'X-Key': 'k' } });
    expect(await source.read(0, 10)).toEqual(content.slice(0, 10));
    const basic = `Basic ${Buffer.from('us@er:p:ssé').toString('base64')}`;
    expect(seen).toEqual([basic, 'k', basic, 'k', undefined, undefined]);
    expect(source.name).toBe(server.url);
    server.fault = (_, response) => {
      response.writeHead(401).end();
      return true;
    };
    await expect(openSource(url)).rejects.toThrow(/answered 401/);
    await expect(openSource(url)).rejects.not.toThrow(/us(%40|@)er|p(%3A|:)ss/);
  });

  it('refuses circular redirects without a retry', async () => {
    server.fault = (_, response) => {
      response.writeHead(302, { location: '/file.tif' }).end();
      return true;
    };
    const failure = await openSource(server.url, { retry }).catch((e: unknown) => e);
    expect(failure).toMatchObject({ code: 'NETWORK', exitStatus: 2 });
    expect(String(failure)).toMatch(/file\.tif redirects more than 20 times/);
    expect(server.ranges).toHaveLength(21);
    server.fault = (_, response) => {
      response.writeHead(302, { location: 'file:///etc/passwd' }).end();
      return true;
    };
    await expect(openSource(server.url, { retry })).rejects.toThrow(/redirects to file:/);
  });

  it('follows no redirect to a private address', async () => {
    server.fault = (_, response) => {
      response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data' }).end();
      return true;
    };
    await expect(openSource(server.url, { retry })).rejects.toThrow(
      /redirects to http:\/\/169\.254\.169\.254\/latest\/meta-data, which only this machine/,
    );
    expect(server.ranges).toHaveLength(1);
  });

  it('retries a response slower than the minimum rate', async () => {
    server.fault = (_, response) => {
      response.writeHead(206, { 'content-range': 'bytes 0-32767/300000' });
      const drip = setInterval(() => response.write('ab'), 20);
      response.on('close', () => clearInterval(drip));
      return true;
    };
    const slow = { leastRate: 10_000, rateWindow: 200, retry: { attempts: 2, delay: 1 } };
    const failure = await openSource(server.url, slow).catch((e: unknown) => e);
    expect(failure).toMatchObject({ code: 'NETWORK', exitStatus: 75 });
    expect(String(failure)).toMatch(/bytes a second, less than the least rate of 10000/);
    expect(server.ranges).toHaveLength(2);
    setLeastRate(10_000);
    await expect(HttpSource.open(server.url, { rateWindow: 200 })).rejects.toThrow(
      /less than the least rate/,
    );
    setLeastRate(100);
  });

  it('requires the size', async () => {
    server.fault = (_, response) => {
      response.writeHead(206, { 'content-range': 'bytes 0-9/*' }).end(content.subarray(0, 10));
      return true;
    };
    await expect(openSource(server.url)).rejects.toThrow(/does not say how large the file is/);
  });

  it('waits while bytes keep arriving', async () => {
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

  it('gives the reason of a failed connection', async () => {
    const refused = HttpSource.open('http://127.0.0.1:1/a.tif');
    await expect(refused).rejects.toThrow(/127\.0\.0\.1:1\/a\.tif failed \(.+\); try again later/);
    await expect(refused).rejects.not.toThrow(/fetch failed/);
  });

  it('names an invalid URL without its password', async () => {
    await expect(openSource('http://user:secret@localhost:99999/a.tif?key=secret')).rejects.toThrow(
      /^http:\/\/localhost:99999\/a.tif is no valid URL; correct it\.$/,
    );
  });

  it('reports in one line a server without TLS', async () => {
    const refused = HttpSource.open(server.url.replace('http:', 'https:'));
    await expect(refused).rejects.toThrow(/file\.tif failed \(TLS: [a-z ]+\); try again later/);
  });

  it('follows a redirect whose address is in UTF-8', async () => {
    server.fault = (request, response) => {
      if (request.url === '/d%C3%BCne.tif') return false;
      response.writeHead(302, { location: Buffer.from('/düne.tif').toString('latin1') }).end();
      return true;
    };
    const source = await HttpSource.open(server.url);
    expect(source.size).toBe(300_000);
  });

  it('refuses a range with other bytes than its Content-Range', async () => {
    server.fault = (_, response, n) => {
      if (n === 0) return false;
      response.writeHead(206, { 'content-range': 'bytes 100000-100009/300000' }).end('short');
      return true;
    };
    const source = await HttpSource.open(server.url);
    await expect(source.read(100_000, 10)).rejects.toThrow(
      /sent 5 bytes for what it calls bytes 100000-100009\/300000/,
    );
  });

  it('never takes more bytes than requested', async () => {
    const source = await HttpSource.open(server.url);
    server.fault = (_, response) => {
      response
        .writeHead(206, { 'content-range': 'bytes 100000-100009/300000' })
        .end(new Uint8Array(1_000_000));
      return true;
    };
    await expect(source.read(100_000, 10)).rejects.toThrow(/sent more bytes than requested/);
  });

  it('refuses ranges beyond the end without a request', async () => {
    const source = await openSource(server.url);
    await expect(source.read(299_999, 2)).rejects.toThrow(/truncated or damaged/);
    expect(server.ranges).toHaveLength(1);
  });

  it('opens an empty file', async () => {
    server.content = new Uint8Array(0);
    expect((await openSource(server.url)).size).toBe(0);
  });

  it('stops when aborted', async () => {
    server.fault = () => true;
    const abort = new AbortController();
    const opening = openSource(server.url, { signal: abort.signal });
    setTimeout(() => abort.abort(new Error('enough')), 20);
    await expect(opening).rejects.toThrow('enough');
  });

  it('counts a request without a response as failed', async () => {
    server.fault = () => true;
    const failure = await HttpSource.open(server.url, { timeout: 20 }).catch((e: unknown) => e);
    expect(codeOf(failure)).toBe('NETWORK');
  });
});

describe('publicUrl', () => {
  it('removes user, password and query', () => {
    expect(publicUrl('https://user:secret@host.example/a/b.tif?sig=abc#x')).toBe(
      'https://host.example/a/b.tif',
    );
  });
});

describe('foreignAddress', () => {
  it('explains addresses of other tools and their equivalent', () => {
    const ways = [
      ['s3a://bucket/a/b.tif', 'Amazon S3', 'write s3://bucket/a/b.tif'],
      ['/vsis3/bucket/a/b.tif', 'Amazon S3', 'write s3://bucket/a/b.tif'],
      ['/vsigs/bucket/b.tif', 'Google Cloud Storage', 'write gs://bucket/b.tif'],
      ['/vsiaz/box/b.tif', 'Azure Blob Storage', 'https://ACCOUNT.blob.core.windows.net/box/b.tif'],
      ['abfs://box@me.dfs.core.windows.net/b.tif', 'Azure', 'https://me.blob.core.windows.net/box/b.tif'],
      ['/vsicurl/https://example.com/b.tif', 'GDAL', 'write https://example.com/b.tif'],
      ['/vsicurl?url=https%3A%2F%2Fexample.com%2Fb.tif', 'GDAL', 'write https://example.com/b.tif'],
      ['/vsizip/some/a.zip/dir/b.tif', 'archive', 'write some/a.zip#dir/b.tif'],
      [
        '/vsizip//vsicurl/https://example.com/a.zip/b.tif',
        'archive',
        'write https://example.com/a.zip#b.tif',
      ],
      ['zip:///some/a.zip!b.tif', 'archive', 'write /some/a.zip#b.tif'],
      ['NETCDF:"some file.nc":t2m', 'GDAL', 'write some file.nc#t2m'],
      ['ftp://example.com/b.tif', 'has the scheme ftp:', 'download the file'],
    ];
    for (const [address, what, way] of ways) {
      const error = foreignAddress(address);
      expect(isAddress(address)).toBe(true);
      expect(error?.code).toBe('UNSUPPORTED');
      expect(error?.message).toContain(what);
      expect(error?.message).toContain(way);
    }
  });

  it('accepts paths and the schemes that are read, and shows no password', () => {
    for (const path of [
      'a.tif',
      '/a/b.tif',
      'C:\\a.tif',
      'file:///a.tif',
      'https://example.com/a.tif',
      's3://bucket/a.tif',
      'gs://bucket/a.tif',
      'az://me.blob.core.windows.net/box/a.tif',
      'a:b',
    ]) {
      expect(foreignAddress(path)).toBeNull();
    }
    expect(foreignAddress('s3a://key:secret@bucket/b.tif')?.message).not.toMatch(/secret/);
    expect(foreignAddress('s3:/bucket/model/model.json')?.message).toMatch(
      /^s3:\/\/bucket\/model\/model.json is/,
    );
  });
});

describe('public addresses', () => {
  const names = (from: string, to: string) => mayName(new URL(from), new URL(to));

  it.each([
    ['https://a.org', 'https://b.org/x', true],
    ['https://a.org', 'http://8.8.8.8', true],
    ['https://a.org', 'http://[2606:4700::1]', true],
    ['https://a.org', 'http://10.1.2.3', false],
    ['https://a.org', 'http://172.31.0.1', false],
    ['https://a.org', 'http://172.32.0.1', true],
    ['https://a.org', 'http://192.168.1.1', false],
    ['https://a.org', 'http://100.64.0.1', false],
    ['https://a.org', 'http://localhost:8080', false],
    ['https://a.org', 'http://localhost.', false],
    ['https://a.org', 'http://127.1', false],
    ['https://a.org', 'http://0x7f000001', false],
    ['https://a.org', 'http://0.0.0.0', false],
    ['https://a.org', 'http://[::1]', false],
    ['https://a.org', 'http://[::]', false],
    ['https://a.org', 'http://[fd00::1]', false],
    ['https://a.org', 'http://[fe80::1]', false],
    ['https://a.org', 'http://[::ffff:10.0.0.1]', false],
    ['https://a.org', 'http://[64:ff9b::7f00:1]', false],
    ['https://a.org', 'http://minio:9000', false],
    ['https://a.org', 'http://nas.local', false],
    // As near as the server itself, but never the metadata address of clouds.
    ['http://10.1.2.3', 'http://10.9.9.9', true],
    ['http://10.1.2.3', 'http://localhost', false],
    ['http://localhost:1', 'http://127.0.0.1:2', true],
    ['http://localhost:1', 'http://169.254.169.254', false],
    ['http://169.254.1.1/a', 'http://169.254.1.1/b', true],
  ])('from %s: %s is %s', (from, to, allowed) => {
    expect(names(from, to)).toBe(allowed);
  });
});
