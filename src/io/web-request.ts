/** Requests of programs to programs: whole bodies, JSON documents, and methods other than GET. */
import { tooLarge } from '../errors.js';
import { parseJson } from '../json.js';
import { decodeText } from '../text.js';
import { readBody, requireOk } from './body.js';
import { type CachedDocument, cachedDocument, defaultCache, documentKey, keepDocument } from './cache.js';
import { exchange } from './exchange.js';
import { isWebPage, publicUrl, webPage } from './http-errors.js';
import { retrying } from './middleware/retry.js';
import type { OpenOptions } from './open-url.js';

/** A request to a server. */
export interface WebRequest extends OpenOptions {
  /** Default: GET, or POST with a body. */
  method?: string;
  body?: Uint8Array<ArrayBuffer> | string;
  /** The type of the body. */
  contentType?: string;
  /** The wanted type of the answer. */
  accept?: string;
  /**
   * Whether the answer to a GET may be kept in the `byteCache`, and is taken from there where the server says
   * that it has not changed (default false). Not for answers that hold tokens.
   */
  keep?: boolean;
  /** A longer answer is an error (default 64 MiB). */
  maxBytes?: number;
}

/** What a server answered, with a status from 200 to 299. */
export interface WebAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** The address that answered, after redirects; without user, password and query. */
  readonly url: string;
  readonly body: Uint8Array<ArrayBuffer>;
}

/**
 * Sends a request and reads the whole answer. Transient failures are repeated, as for every request.
 * @throws {TerrachipError} NETWORK (with `status`) or NOT_FOUND, with what the server says about it; TOO_LARGE
 */
export async function requestBody(url: string, request: WebRequest = {}): Promise<WebAnswer> {
  const { body: given, contentType, accept, maxBytes = 64 * 2 ** 20, retry, signal } = request;
  const body = typeof given === 'string' ? new TextEncoder().encode(given) : given;
  const { method = body === undefined ? 'GET' : 'POST', byteCache = defaultCache() } = request;
  const kept = request.keep === true && method === 'GET' ? byteCache : null;
  const key = documentKey(url, accept ?? '');
  const known = kept === null ? null : await cachedDocument(kept, key);
  const headers = {
    ...(contentType === undefined ? {} : { 'content-type': contentType }),
    ...(accept === undefined ? {} : { accept }),
    ...(known === null ? {} : conditionsOf(known)),
  };
  const message = { method, headers, ...(body === undefined ? {} : { body }) };
  const send = (): Promise<WebAnswer> =>
    exchange(url, message, request, signal, async (received) => {
      const { response } = received;
      const from = publicUrl(response.url === '' ? url : response.url);
      if (response.status === 304 && known !== null) {
        const kind = new Headers();
        if (known.contentType !== null) kind.set('content-type', known.contentType);
        return { status: 200, headers: kind, url: from, body: known.body };
      }
      await requireOk(url, received, request.retryAfterUnit);
      const answer = await readBody(received, maxBytes, () =>
        tooLarge(
          `${publicUrl(url)} answered with more than ${maxBytes} bytes`,
          'ask for less, or raise maxBytes',
          { size: Number(response.headers.get('content-length') ?? maxBytes + 1), limit: maxBytes },
        ),
      );
      if (kept !== null) await keepDocument(kept, key, response.headers, answer);
      return { status: response.status, headers: response.headers, url: from, body: answer };
    });
  return retrying(send, retry, signal);
}

/** Headers that request a document only if it has changed. */
function conditionsOf({ etag, modified }: CachedDocument): Record<string, string> {
  return {
    ...(etag === null ? {} : { 'if-none-match': etag }),
    ...(modified === null ? {} : { 'if-modified-since': modified }),
  };
}

/**
 * As `requestBody`, for a JSON document.
 * @throws {TerrachipError} also INVALID_INPUT for an answer that is not JSON, or nested too deeply
 */
export async function requestJson(
  url: string,
  request: WebRequest = {},
): Promise<{ document: unknown; answer: WebAnswer }> {
  const answer = await requestBody(url, { accept: 'application/json, application/geo+json', ...request });
  if (isWebPage(new Response(null, { headers: answer.headers }), answer.body)) {
    throw webPage(url, new Response(null));
  }
  return { document: parseJson(decodeText(answer.body), publicUrl(url)), answer };
}
