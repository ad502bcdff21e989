/**
 * An archive on this machine, as a real HTTP server: files by range behind signatures, a STAC API, a static catalog, the
 * endpoint of signatures, and faults on demand.
 */
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';
import { afterAll } from 'vitest';
import {
  type ArchiveItem,
  bodyOfQuery,
  findItems,
  Refusal,
  type SearchBody,
  withFields,
} from './archive-search.js';

/** The content of the server. In documents, `{BASE}` is replaced by its address. */
export interface ArchiveContent {
  /** The folder whose files are served as `/blobs/ACCOUNT/CONTAINER/PATH`; PATH is relative to it. */
  folder?: string;
  /** Files by PATH, with precedence over the folder. */
  files?: Readonly<Record<string, Uint8Array>>;
  /** The items of the STAC API at `/stac`. */
  items?: readonly ArchiveItem[];
  collections?: readonly Readonly<Record<string, unknown>>[];
  /** Documents by path below `/static/`. */
  documents?: Readonly<Record<string, unknown>>;
  /** Whether files require a signature of their container. */
  signed?: boolean;
  /** Stated validity of a signature in seconds (default 3600). */
  tokenSeconds?: number;
}

/** Behaviour of the STAC API. */
export interface ApiHabits {
  /** The kind of links to the next page: a body to merge, a whole body, or a URL for GET. */
  paging: 'merge' | 'body' | 'href';
  /** Whether it supports POST; otherwise it responds with 405. */
  post: boolean;
  /** Default number of items per page. */
  pageSize: number;
  /** Above this `limit` it fails with 502, as Earth Search does. */
  maxLimit: number;
}

/** A received request, and the status of its response. */
export interface ArchiveRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** Its number, from 0. */
  readonly n: number;
  /** Whether it came to the server's other host. */
  readonly other: boolean;
  status: number;
}

/**
 * The fault of a response: another status, a connection that is cut after some bytes of the body, a body shorter than the
 * requested range (or than declared), a pause before the response, a redirect to the server's other host, which needs no
 * signatures, or the expiry of all signatures before the response.
 */
export type ArchiveFault =
  | { type: 'status'; status: number; retryAfter?: number; body?: unknown }
  | { type: 'cut'; after?: number }
  | { type: 'short'; by?: number }
  | { type: 'slow'; milliseconds: number }
  | { type: 'redirect' }
  | { type: 'expire' };

/** Chooses the fault of a request; null for none. */
export type ChooseFault = (request: ArchiveRequest) => ArchiveFault | null;

export interface ArchiveServer {
  /** Its address, without a trailing slash. */
  readonly url: string;
  /** The same server under another origin. */
  readonly otherUrl: string;
  readonly requests: ArchiveRequest[];
  readonly api: ApiHabits;
  fault: ChooseFault | null;
  /** The address of a file. */
  blob(path: string, container?: string): string;
  /** Expires all signatures issued so far. */
  expireTokens(): void;
  /** Account and container of an address, for `planetaryComputerAccess`. */
  containerOf(url: URL): { account: string; container: string } | null;
}

/** Every n-th request with a matching path has this fault, starting with the n-th. */
export function everyNth(n: number, path: RegExp, fault: ArchiveFault): ChooseFault {
  let count = 0;
  return (request) => (path.test(request.path) && ++count % n === 0 ? fault : null);
}

/** The first requests with a matching path have this fault. */
export function firstTimes(times: number, path: RegExp, fault: ArchiveFault): ChooseFault {
  let count = 0;
  return (request) => (path.test(request.path) && count++ < times ? fault : null);
}

interface Answer {
  status: number;
  headers?: Record<string, string>;
  body: Uint8Array;
}

/** Starts the server; it stops at the end of the test file. */
export async function startArchiveServer(content: ArchiveContent = {}): Promise<ArchiveServer> {
  const valid = new Set<string>();
  let issued = 0;
  const state = {
    url: '',
    otherUrl: '',
    requests: [] as ArchiveRequest[],
    api: { paging: 'merge', post: true, pageSize: 10, maxLimit: 250 } as ApiHabits,
    fault: null as ChooseFault | null,
    blob: (path: string, container = 'data'): string => `${state.url}/blobs/archive/${container}/${path}`,
    expireTokens: (): void => valid.clear(),
    containerOf({ pathname }: URL) {
      const [, account, place] = /^\/blobs\/([^/]+)\/([^/]+)\//.exec(pathname) ?? [];
      return account === undefined ? null : { account, container: place };
    },
  };

  const json = (value: unknown, status = 200): Answer => ({
    status,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify(value).replaceAll('{BASE}', state.url)),
  });

  const token = (container: string): Answer => {
    const end = new Date(Date.now() + 1000 * (content.tokenSeconds ?? 3600)).toISOString();
    const signature = encodeURIComponent(`${container}#${++issued}`);
    valid.add(signature);
    return json({ 'msft:expiry': end, token: `se=${encodeURIComponent(end)}&sp=rl&sig=${signature}` });
  };

  const blob = async (url: URL, { headers: { range }, other }: ArchiveRequest): Promise<Answer> => {
    const { account, container } = state.containerOf(url) ?? { account: '', container: '' };
    const signature = /[?&]sig=([^&]*)/.exec(url.search)?.[1] ?? '';
    const isOwn = decodeURIComponent(signature).startsWith(`${account}/${container}#`);
    if (content.signed === true && !other && !(isOwn && valid.has(signature))) {
      const code = signature === '' ? 'ResourceNotFound' : 'AuthenticationFailed';
      const text = `<?xml version="1.0"?><Error><Code>${code}</Code></Error>`;
      return { status: signature === '' ? 409 : 403, body: Buffer.from(text) };
    }
    const path = decodeURIComponent(url.pathname).split('/').slice(4).join('/');
    const bytes =
      content.files?.[path] ??
      (content.folder === undefined
        ? null
        : await readFile(join(content.folder, normalize(`/${path}`))).catch(() => null));
    return bytes === null ? json({ detail: 'no such file' }, 404) : ranged(bytes, range);
  };

  const page = (body: SearchBody, byGet: boolean, route: string): Answer => {
    const { limit = state.api.pageSize, token: place, fields } = body;
    if (Number(limit) > state.api.maxLimit) return json({ message: 'response too large' }, 502);
    const found = findItems(content.items ?? [], body);
    const start = Number(place ?? 0);
    const end = start + Number(limit);
    const features = found.slice(start, end).map((item) => withFields(item, fields));
    const links = end < found.length ? [nextLink(body, String(end), byGet, route)] : [];
    return json({ type: 'FeatureCollection', features, links, numberMatched: found.length });
  };

  const nextLink = (body: SearchBody, place: string, byGet: boolean, route: string): object => {
    const href = `${state.url}${route}`;
    const link = { rel: 'next', type: 'application/geo+json' };
    if (byGet || state.api.paging === 'href') {
      const query = new URLSearchParams(lastQuery);
      query.set('token', place);
      return { ...link, method: 'GET', href: `${href}?${query}` };
    }
    if (state.api.paging === 'merge')
      return { ...link, method: 'POST', href, merge: true, body: { token: place } };
    return { ...link, method: 'POST', href, body: { ...body, token: place } };
  };
  let lastQuery = '';

  const stac = (request: ArchiveRequest, url: URL): Answer => {
    const route = url.pathname.replace(/\/$/, '');
    const [, , first, id, last] = route.split('/');
    const collections = content.collections ?? [];
    lastQuery = url.search;
    if (first === undefined)
      return json({
        type: 'Catalog',
        id: 'archive',
        description: 'an archive for tests',
        stac_version: '1.0.0',
        conformsTo: ['https://api.stacspec.org/v1.0.0/core', 'https://api.stacspec.org/v1.0.0/item-search'],
        links: [{ rel: 'search', method: 'POST', href: '{BASE}/stac/search' }],
      });
    if (first === 'search') {
      if (request.method === 'GET') return page(bodyOfQuery(url.searchParams), true, route);
      if (!state.api.post) return json({ detail: 'Method Not Allowed' }, 405);
      return page(JSON.parse(request.body) as SearchBody, false, route);
    }
    const collection = first === 'collections' ? collections.find((each) => each.id === id) : undefined;
    if (first === 'collections' && id === undefined) return json({ collections, links: [] });
    if (collection !== undefined && last === 'items')
      return page({ ...bodyOfQuery(url.searchParams), collections: [id] }, true, route);
    if (collection !== undefined) return json(collection);
    return json({ code: 'NotFoundError', description: `no ${route}` }, 404);
  };

  const answer = async (request: ArchiveRequest): Promise<Answer> => {
    const url = new URL(request.path, state.url);
    const [, first] = url.pathname.split('/');
    if (first === 'blobs') return blob(url, request);
    if (first === 'stac') return stac(request, url);
    if (url.pathname.startsWith('/sas/v1/token/'))
      return token(decodeURIComponent(url.pathname.slice('/sas/v1/token/'.length)));
    const document = content.documents?.[decodeURIComponent(url.pathname.replace('/static/', ''))];
    if (first === 'static' && document !== undefined) return json(document);
    return json({ detail: 'Not Found' }, 404);
  };

  const handle = async (incoming: IncomingMessage, response: ServerResponse, other: boolean) => {
    const request: ArchiveRequest = {
      method: incoming.method ?? '',
      path: incoming.url ?? '/',
      headers: incoming.headers,
      body: Buffer.concat(await incoming.toArray()).toString(),
      n: state.requests.length,
      other,
      status: 0,
    };
    state.requests.push(request);
    const fault = other ? null : (state.fault?.(request) ?? null);
    const { status, headers, body } = await answerWith(fault, request);
    request.status = status;
    response.writeHead(status, { 'content-length': String(body.byteLength), ...headers });
    const end = endOf(fault, status, body.byteLength);
    if (end < body.byteLength) {
      response.write(body.subarray(0, end), () => {
        response.destroy();
      });
    } else response.end(incoming.method === 'HEAD' ? undefined : body);
  };

  const answerWith = async (fault: ArchiveFault | null, request: ArchiveRequest): Promise<Answer> => {
    switch (fault?.type) {
      case 'status': {
        const refused = json(fault.body ?? { detail: 'a fault of the server' }, fault.status);
        if (fault.retryAfter === undefined) return refused;
        return { ...refused, headers: { ...refused.headers, 'retry-after': String(fault.retryAfter) } };
      }
      case 'redirect':
        return {
          status: 302,
          headers: { location: `${state.otherUrl}${request.path.replace(/(?<=^\/blobs\/.*)\?.*/, '')}` },
          body: new Uint8Array(0),
        };
      case 'slow':
        await new Promise((done) => setTimeout(done, fault.milliseconds));
        break;
      case 'expire':
        state.expireTokens();
    }
    try {
      const whole = await answer(request);
      if (fault?.type !== 'short' || whole.status !== 206) return whole;
      return { ...whole, body: whole.body.subarray(0, Math.max(0, whole.body.byteLength - (fault.by ?? 1))) };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return json({ code: 'InvalidQueryParameter', description: error.message }, error.status);
    }
  };

  const listen = async (other: boolean): Promise<string> => {
    const server: Server = createServer((incoming, response) => {
      // The client has closed the connection.
      handle(incoming, response, other).catch(() => response.destroy());
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    afterAll(() => {
      server.closeAllConnections();
      server.close();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  state.url = await listen(false);
  state.otherUrl = (await listen(true)).replace('127.0.0.1', 'localhost');
  return state;
}

/** The number of bytes of a body sent before the connection is cut. */
function endOf(fault: ArchiveFault | null, status: number, size: number): number {
  if (fault?.type === 'cut') return Math.min(size, fault.after ?? Math.floor(size / 2));
  return fault?.type === 'short' && status !== 206 ? Math.max(0, size - (fault.by ?? 1)) : size;
}

function ranged(bytes: Uint8Array, range: string | undefined): Answer {
  const headers = { etag: `"${bytes.byteLength}"`, 'accept-ranges': 'bytes' };
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? [];
  if (from === undefined) return { status: 200, headers, body: bytes };
  const start = Number(from);
  const end = to === '' ? bytes.byteLength : Math.min(Number(to) + 1, bytes.byteLength);
  if (start >= bytes.byteLength) return { status: 416, headers, body: new Uint8Array(0) };
  return {
    status: 206,
    headers: { ...headers, 'content-range': `bytes ${start}-${end - 1}/${bytes.byteLength}` },
    body: bytes.subarray(start, end),
  };
}
