import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll } from 'vitest';

/** A fault in place of the response to the n-th request (from 0); undefined for a proper response. */
export type Fault = (request: IncomingMessage, response: ServerResponse, n: number) => boolean;

export interface RangeServer {
  url: string;
  /** Requested ranges, `bytes=a-b`, in order. */
  ranges: (string | undefined)[];
  fault: Fault | null;
  content: Uint8Array;
  etag: string | null;
}

/** A real HTTP server that serves one file by ranges, with faults on demand. */
export async function startRangeServer(content: Uint8Array): Promise<RangeServer> {
  const state: RangeServer = { url: '', ranges: [], fault: null, content, etag: '"v1"' };
  const server: Server = createServer((request, response) => {
    const n = state.ranges.length;
    state.ranges.push(request.headers.range);
    if (state.fault?.(request, response, n)) return;
    answer(state, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/file.tif`;
  afterAll(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return state;
}

export function answer(state: RangeServer, request: IncomingMessage, response: ServerResponse): void {
  const match = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
  const headers = state.etag === null ? {} : { etag: state.etag };
  if (match === null) {
    response.writeHead(200, headers).end(state.content);
    return;
  }
  const start = Number(match[1]);
  const end = Math.min(Number(match[2]) + 1, state.content.byteLength);
  if (start >= state.content.byteLength) {
    response.writeHead(416).end();
    return;
  }
  response
    .writeHead(206, { ...headers, 'content-range': `bytes ${start}-${end - 1}/${state.content.byteLength}` })
    .end(state.content.subarray(start, end));
}
