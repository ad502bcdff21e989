import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { cp, mkdtemp, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { afterAll } from 'vitest';

/** The arrays of test/fixtures/stores as scripts/truth/stores.py recorded them. */
interface Truth {
  shape: number[];
  dtype: string;
  sha256: string;
}

export const storeTruth = JSON.parse(readFileSync('test/fixtures/stores/truth.json', 'utf8')) as Record<
  string,
  Record<string, Truth>
>;

export function storePath(name: string): string {
  return resolve('test/fixtures/stores', name);
}

/** The hash of values as that script computes it. */
export function hashValues(values: ArrayLike<number>): string {
  const numbers = Float64Array.from(values, (value) => (Number.isNaN(value) ? 1e300 : value));
  return createHash('sha256').update(new Uint8Array(numbers.buffer)).digest('hex');
}

/**
 * A web server for the files of a folder, with ranges.
 * @param absent the status for missing files, and for those that `refuses` selects
 */
export async function serveFolder(
  folder: string,
  absent = 404,
  refuses: (path: string) => boolean = () => false,
): Promise<{ url: string; requests: string[] }> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    requests.push(decodeURIComponent(pathname));
    if (refuses(pathname)) {
      response.writeHead(absent).end();
      return;
    }
    readFile(join(folder, decodeURIComponent(pathname))).then(
      (content) => {
        const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
        const [start, end] = [Number(from ?? 0), Math.min(Number(to ?? 0) + 1, content.length)];
        if (start >= content.length) return response.writeHead(416).end();
        const range = `bytes ${start}-${end - 1}/${content.length}`;
        return response.writeHead(206, { 'content-range': range }).end(content.subarray(start, end));
      },
      () => response.writeHead(absent).end(),
    );
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

/** A copy of a store that a test may damage. */
export async function copyStore(from: string, within: string): Promise<string> {
  const folder = await mkdtemp(join(within, 'copy-'));
  await cp(from, folder, { recursive: true });
  return folder;
}
