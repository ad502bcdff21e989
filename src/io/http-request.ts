/** One request for a range of a file: redirects, credentials, slow servers, and pages that come instead of files. */
import { isError, messageOf, TerrachipError } from '../errors.js';
import { onAbort } from './abort.js';
import { mayName } from './nearness.js';

/** How a server is asked: headers, retries, and how slow it may be. */
export interface HttpOptions {
  /** Extra request headers. A redirect to another host does not take them along. */
  headers?: Readonly<Record<string, string>>;
  /** Milliseconds without an answer, or without more of it, before a request counts as failed (default 60 000). */
  timeout?: number;
  /**
   * Bytes a second that an answer must bring. Below that over a `rateWindow`, the request counts as failed and is
   * worth repeating. 0 for no least rate. Default: what `setLeastRate` says, else 100.
   */
  leastRate?: number;
  /** Milliseconds over which the rate is measured (default 10 000). */
  rateWindow?: number;
  /** Whether a redirect may lead to this machine or its network from a server that is farther away (default false). */
  allowLocal?: boolean;
  signal?: AbortSignal;
}

/** Counts the requests of all HTTP sources, for tests and reports. */
export interface HttpCounters {
  requests: number;
  bytes: number;
}

/** An answer and its body: the bytes of a range, or a whole file from a server without ranges. */
export interface HttpAnswer {
  readonly response: Response;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** A server that ignores ranges sends everything: kept in memory up to this size, refused above. */
export const MAX_WHOLE_BYTES = 64 * 2 ** 20;

/** Redirects of one request, as in browsers. */
const MAX_REDIRECTS = 20;

let defaultLeastRate = 100;

/** Sets the least rate of all requests that do not give one, in bytes a second; 0 for none. */
export function setLeastRate(bytesPerSecond: number): void {
  defaultLeastRate = bytesPerSecond;
}

/**
 * Asks for a range, or for the whole file where `range` is null.
 * @returns the answer; its body is empty for a status of 416 and for a range of compressed bytes
 * @throws {TerrachipError} NETWORK or NOT_FOUND for an answer without the file, UNSUPPORTED for one that is too large
 */
export async function request(
  url: string,
  range: { offset: number; length: number } | null,
  options: HttpOptions,
  signal: AbortSignal | undefined,
  counters: HttpCounters,
): Promise<HttpAnswer> {
  const controller = new AbortController();
  const { timeout = 60_000, leastRate = defaultLeastRate, rateWindow = 10_000 } = options;
  const expire = (): void => controller.abort(new Error(`no answer within ${timeout / 1000} s`));
  signal?.throwIfAborted();
  const unwatch = onAbort(signal, () => controller.abort(signal?.reason));
  let timer = setTimeout(expire, timeout);
  const rate = watchRate(leastRate, rateWindow, (problem) => controller.abort(new Error(problem)));
  counters.requests++;
  try {
    const wanted: Record<string, string> =
      range === null ? {} : { range: `bytes=${range.offset}-${range.offset + range.length - 1}` };
    const response = await fetchFollowing(url, options, wanted, controller.signal);
    // A part of a compressed file cannot be decompressed.
    if (response.status === 416 || (response.status === 206 && isEncoded(response))) {
      await response.body?.cancel();
      return { response, body: new Uint8Array(0) };
    }
    const refusal = refusalOf(url, response);
    if (refusal !== null) {
      await response.body?.cancel();
      throw refusal;
    }
    const limit = response.status === 206 && range !== null ? range.length : MAX_WHOLE_BYTES;
    const body = await readBody(url, response, limit, (bytes) => {
      clearTimeout(timer);
      timer = setTimeout(expire, timeout);
      rate.add(bytes);
    });
    counters.bytes += body.byteLength;
    if (isWebPage(response, body)) throw webPage(url, response);
    return { response, body };
  } catch (error) {
    if (error instanceof TerrachipError) throw error;
    signal?.throwIfAborted();
    throw networkError(url, `failed (${reasonOf(error)})`, undefined, error);
  } finally {
    clearTimeout(timer);
    rate.stop();
    unwatch();
  }
}

/** Gives an answer up that brings less than a least rate, measured from its first bytes on. */
function watchRate(
  leastRate: number,
  window: number,
  giveUp: (problem: string) => void,
): { add(bytes: number): void; stop(): void } {
  let timer: ReturnType<typeof setInterval> | undefined;
  let received = 0;
  const check = (): void => {
    const rate = (1000 * received) / window;
    received = 0;
    if (rate >= leastRate) return;
    giveUp(`it sends ${rate.toFixed(1)} bytes a second, less than the least rate of ${leastRate}`);
  };
  return {
    add(bytes) {
      received += bytes;
      if (leastRate > 0) timer ??= setInterval(check, window);
    },
    stop: () => clearInterval(timer),
  };
}

/**
 * Fetches and follows redirects. Headers of the caller and credentials go to the host of the address only; credentials
 * in an address become a header, since fetch refuses them.
 */
async function fetchFollowing(
  url: string,
  { headers = {}, allowLocal = false }: HttpOptions,
  range: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Response> {
  const first = new URL(url);
  let address = first;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const own = isSameServer(first, address) ? headers : {};
    const { bare, authorization } = splitCredentials(address);
    const sent = { ...authorization, ...lowerCase(own), ...range };
    const response = await fetch(bare, { headers: sent, signal, redirect: 'manual' });
    // Browsers do not show where a redirect leads: they follow it themselves, without the headers of the caller.
    if (response.type === 'opaqueredirect') return fetch(bare, { headers: range, signal });
    const location = utf8(response.headers.get('location'));
    if (location === null || ![301, 302, 303, 307, 308].includes(response.status)) return response;
    await response.body?.cancel();
    const next = URL.canParse(location, bare) ? new URL(location, bare) : null;
    if (next === null || !/^https?:$/.test(next.protocol)) {
      throw refused(
        url,
        `redirects to ${next === null ? 'no address' : publicUrl(next.href)}`,
        response.status,
      );
    }
    if (!allowLocal && !mayName(first, next)) {
      throw refused(
        url,
        `redirects to ${publicUrl(next.href)}, which only this machine or its network can ask`,
        response.status,
      );
    }
    // Credentials stay with the host that they were given for.
    if (isSameServer(first, next) && next.username === '' && next.password === '') {
      next.username = first.username;
      next.password = first.password;
    }
    address = next;
  }
  throw refused(
    url,
    `redirects more than ${MAX_REDIRECTS} times, the last time to ${publicUrl(address.href)}; it may want a login`,
    302,
  );
}

/** A header whose bytes are UTF-8 as that: `fetch` takes each byte for a character. */
function utf8(header: string | null): string | null {
  if (header === null || !/[\x80-\xff]/.test(header)) return header;
  const bytes = Uint8Array.from(header, (character) => character.charCodeAt(0));
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return header;
  }
}

/** Whether an address is of the same host and port, or their secure form. */
function isSameServer(first: URL, address: URL): boolean {
  const upgraded = first.protocol === 'http:' && address.protocol === 'https:';
  const secure = upgraded && first.port === '' && address.port === '' && first.hostname === address.hostname;
  return secure || first.origin === address.origin;
}

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/** An address without user and password, and the header of basic authentication that stands for them. */
function splitCredentials(address: URL): { bare: string; authorization: Record<string, string> } {
  const { username, password } = address;
  if (username === '' && password === '') return { bare: address.href, authorization: {} };
  const bare = new URL(address);
  bare.username = '';
  bare.password = '';
  const bytes = new TextEncoder().encode(`${percentDecoded(username)}:${percentDecoded(password)}`);
  const token = btoa(String.fromCharCode(...bytes));
  return { bare: bare.href, authorization: { authorization: `Basic ${token}` } };
}

/** Text without percent-encoding; unchanged where it is not valid. */
export function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** fetch says "fetch failed" and leaves what happened in the cause; OpenSSL leaves it in the reason of that. */
function reasonOf(error: unknown): string {
  const cause = isError(error) ? error.cause : undefined;
  if (!isError(cause)) return messageOf(error);
  if (typeof cause.reason === 'string') return `TLS: ${cause.reason}`;
  return cause.message === '' ? messageOf(error) : cause.message;
}

/** The error for a status that says no, or null. */
function refusalOf(url: string, response: Response): TerrachipError | null {
  const { status } = response;
  if (response.ok) return null;
  const name = publicUrl(url);
  if (status === 404 || status === 410) {
    return new TerrachipError('NOT_FOUND', `${name} does not exist`, 'check the address', { source: name });
  }
  if (status === 401 || status === 403) {
    const problem = `answered ${status}: it may not be read without credentials, or they do not suffice`;
    return refused(url, problem, status);
  }
  return networkError(url, `answered ${status}`, status, {
    retryAfter: millisecondsOf(response.headers.get('retry-after') ?? ''),
  });
}

/** The wait that `Retry-After` asks for: seconds, or until a date; 0 for neither. */
function millisecondsOf(retryAfter: string): number {
  const seconds = retryAfter.trim() === '' ? Number.NaN : Number(retryAfter);
  const wait = Number.isNaN(seconds) ? Date.parse(retryAfter) - Date.now() : 1000 * seconds;
  return Number.isNaN(wait) ? 0 : Math.max(0, wait);
}

/** Whether an answer is a page for people. No file that terrachip reads starts as HTML does. */
function isWebPage(response: Response, body: Uint8Array): boolean {
  const start = new TextDecoder().decode(body.subarray(0, 1024)).replace(/^\s*(?:<\?xml[^>]*>\s*)?/, '');
  if (/^<(?:!doctype\s+html|html|head|body)\b/i.test(start)) return true;
  // XML is at times sent as HTML, since its server does not know better.
  return (
    isHtmlType(response) && /^<(?:!--|script|meta|title|form|div|p|h[1-6]|center|noscript)\b/i.test(start)
  );
}

function isHtmlType(response: Response): boolean {
  return /^(?:text\/html|application\/xhtml\+xml)\b/i.test(response.headers.get('content-type') ?? '');
}

function webPage(url: string, response: Response): TerrachipError {
  const name = publicUrl(url);
  const from = response.url === '' ? name : publicUrl(response.url);
  const moved = from === name ? '' : `, redirected to ${from}`;
  return refused(url, `answered with a web page (HTML) instead of the file${moved}, probably a login`, 200);
}

/** Whether an answer is compressed on the way; fetch decompresses it. */
export function isEncoded(response: Response): boolean {
  return (response.headers.get('content-encoding') ?? 'identity') !== 'identity';
}

/** Reads at most `limit` bytes, whatever the server declares or sends. */
async function readBody(
  url: string,
  response: Response,
  limit: number,
  onPart: (bytes: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const tooMuch = (): TerrachipError => {
    if (response.status === 206) return networkError(url, 'sent more bytes than were asked for');
    if (isHtmlType(response)) return webPage(url, response);
    return new TerrachipError(
      'UNSUPPORTED',
      `the server of ${publicUrl(url)} does not support range requests and the file is large`,
      'download it first, or use a server that supports ranges',
      { feature: 'HTTP without ranges' },
    );
  };
  if (!isEncoded(response) && Number(response.headers.get('content-length') ?? 0) > limit) {
    await response.body?.cancel();
    throw tooMuch();
  }
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    onPart(part.byteLength);
    size += part.byteLength;
    if (size > limit) throw tooMuch();
    parts.push(part);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/** An answer that asking again does not change. */
function refused(url: string, problem: string, status: number): TerrachipError {
  return new TerrachipError(
    'NETWORK',
    `${publicUrl(url)} ${problem}`,
    'give the headers or the signed address that it wants, or download the file first',
    { url: publicUrl(url), status },
    { exitStatus: 2 },
  );
}

/** An answer that a later one may better. */
export function networkError(url: string, problem: string, status?: number, cause?: unknown): TerrachipError {
  return new TerrachipError(
    'NETWORK',
    `${publicUrl(url)} ${problem}`,
    'try again later, or check the network and the address',
    { url: publicUrl(url), ...(status === undefined ? {} : { status }) },
    { cause },
  );
}

/** A URL fit for messages and records: without user, password and query, which may hold a signature. */
export function publicUrl(url: string): string {
  try {
    const parsed = new URL(url);
    return `${parsed.protocol}//${parsed.host}${parsed.pathname}`;
  } catch {
    return url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/]*@/i, '$1').replace(/[?#].*$/s, '');
  }
}
