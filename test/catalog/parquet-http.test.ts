import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GeoCatalog, openCatalog, writeCatalog } from '../../src/catalog/node/index.js';
import { TimeInterval } from '../../src/geo/node/index.js';
import { catalogRow, idsOf } from '../support/catalog.js';
import { temporaryFolder } from '../support/files.js';
import { answer, type RangeServer, startRangeServer } from '../support/http-server.js';
import { seeded } from '../support/random.js';

const folder = await temporaryFolder();
const random = seeded(5);
const rows = Array.from({ length: 60_000 }, (_, k) => {
  const [x, y] = [358 * random() - 180, 178 * random() - 90];
  const day = Date.UTC(2015, 0, 1) + Math.floor(3650 * random()) * 86_400_000;
  return {
    ...catalogRow(`row ${k}`, [x, y, x + 1, y + 1], new TimeInterval(day, day + 86_399_999)),
    properties: { 'eo:cloud_cover': k % 100, platform: 'sentinel-2a', title: `A scene of number ${k}` },
  };
});
const whole = GeoCatalog.from(rows);
const path = join(folder, 'many.parquet');
await writeCatalog(whole, path);
const [file, index] = await Promise.all([readFile(path), readFile(`${path}.index`)]);

const BOX = { geometry: [8, 47, 10, 49] as const, interval: '2018-01/2019-12' };

/** Serves the file, and its index under the same address with `.index`. */
async function serve(withIndex: boolean): Promise<RangeServer> {
  const server = await startRangeServer(file);
  server.fault = (request, response) => {
    if (!request.url?.includes('.index')) return false;
    if (withIndex) answer({ ...server, content: index, etag: '"i1"' }, request, response);
    else response.writeHead(404).end();
    return true;
  };
  return server;
}

function bytesAsked({ ranges }: RangeServer): number {
  return ranges.reduce((sum, range) => {
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? [];
    return sum + Number(to) - Number(from) + 1;
  }, 0);
}

describe('a catalog on a server', () => {
  it('is queried with few requests and a small part of its bytes', async () => {
    const server = await serve(true);
    const catalog = await openCatalog(server.url);
    expect(catalog.hasIndex).toBe(true);
    expect(catalog.length).toBe(60_000);
    expect(server.ranges.length).toBeLessThanOrEqual(5);
    const found = await catalog.query(BOX);
    expect(idsOf(found).sort()).toEqual(idsOf(whole.query(BOX)).sort());
    expect(found.length).toBeGreaterThan(0);
    expect(server.ranges.length).toBeLessThanOrEqual(25);
    expect(bytesAsked(server)).toBeLessThan(file.length / 5);
    // Read ranges are cached.
    const before = server.ranges.length;
    await catalog.query(BOX);
    expect(server.ranges.length).toBe(before);
    await catalog.dispose();
  });

  it('is queried by row-group statistics when it has no index', async () => {
    const server = await serve(false);
    const catalog = await openCatalog(server.url);
    expect(catalog.hasIndex).toBe(false);
    expect(idsOf(await catalog.query(BOX)).sort()).toEqual(idsOf(whole.query(BOX)).sort());
    expect(bytesAsked(server)).toBeLessThan(file.length / 2);
    await catalog.dispose();
  });

  it('keeps the signature of its URL for its index', async () => {
    const server = await serve(true);
    const asked: string[] = [];
    const fault = server.fault;
    server.fault = (request, response, n) => {
      asked.push(request.url ?? '');
      return fault?.(request, response, n) ?? false;
    };
    await (await openCatalog(`${server.url}?sig=abc`)).dispose();
    expect(asked).toContain('/file.tif.index?sig=abc');
  });

  it('that changes while it is read, or stops answering, is an error', async () => {
    const server = await serve(true);
    const catalog = await openCatalog(server.url);
    server.etag = '"v2"';
    await expect(catalog.query(BOX)).rejects.toThrow(/changed while it was being read/);
    await catalog.dispose();
  });

  it('stops at an abort signal', async () => {
    const server = await serve(true);
    const catalog = await openCatalog(server.url);
    const controller = new AbortController();
    server.fault = () => {
      controller.abort(new Error('enough'));
      return true;
    };
    await expect(catalog.query(BOX, { signal: controller.signal })).rejects.toThrow('enough');
    await catalog.dispose();
  });

  it('that does not exist is an error with its address', async () => {
    const server = await startRangeServer(new Uint8Array());
    server.fault = (_, response) => {
      response.writeHead(404).end();
      return true;
    };
    await expect(openCatalog(server.url)).rejects.toThrow(/file\.tif does not exist/);
  });
});
