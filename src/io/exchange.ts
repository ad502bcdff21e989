/** One exchange with a server: access, redirects, limits, slow servers. */
import { TerrachipError } from '../errors.js';
import { onAbort } from './abort.js';
import { type Access, defaultAccess } from './access.js';
import { startOfBody } from './body.js';
import {
  networkError,
  percentDecoded,
  publicUrl,
  type RetryAfterUnit,
  reasonOf,
  refused,
} from './http-errors.js';
import { mayName } from './nearness.js';
import { secretsOf } from './server-text.js';
import { storeAccess } from './store-access.js';
import { enter, type Place } from './traffic.js';

/** How a server is asked: headers, access, and how slow it may be. */
export interface HttpOptions {
  /** Extra request headers. A redirect to another host does not take them along. */
  headers?: Readonly<Record<string, string>>;
  /** Signs addresses and gives tokens (default: what `setDefaultAccess` set). */
  access?: Access;
  /** Milliseconds without more of an answer before a request counts as failed (default 60 000). */
  timeout?: number;
  /**
   * Milliseconds until an answer begins before a request counts as failed (default: `timeout`). Node itself aborts a
   * connection that is not made within 10 s.
   */
  answerTimeout?: number;
  /**
   * The least bytes per second of an answer. Below that over a `rateWindow`, the request counts as failed and is worth
   * repeating. 0 for no least rate. Default: that of `setLeastRate`, else 100.
   */
  leastRate?: number;
  /** Milliseconds over which the rate is measured (default 10 000). */
  rateWindow?: number;
  /** Whether a redirect may lead to this machine or its network from a server that is farther away (default false). */
  allowLocal?: boolean;
  /** The unit of `Retry-After`: `seconds` (default), as in HTTP, or `milliseconds`, as Sentinel Hub uses. */
  retryAfterUnit?: RetryAfterUnit;
  signal?: AbortSignal;
}

/** The message that is sent. */
export interface Message {
  readonly method: string;
  /** With lower-case names; they go along on redirects. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer>;
}

/** An answer whose body is still to be read. */
export interface Received {
  readonly response: Response;
  /** Texts of the request that must not be repeated in messages. */
  readonly secrets: readonly string[];
  /** Called when bytes of the body arrive. */
  onBytes(bytes: number): void;
}

/** Redirects of one request, as in browsers. */
const MAX_REDIRECTS = 20;

let defaultLeastRate = 100;

/** Sets the least rate of all requests that do not give one, in bytes a second; 0 for none. */
export function setLeastRate(bytesPerSecond: number): void {
  defaultLeastRate = bytesPerSecond;
}

/**
 * Sends a message to an address and reads the answer.
 * @param read reads the body, or cancels it; it also handles a status of failure
 * @throws {TerrachipError} NETWORK for a server that does not answer, and what `read` throws
 */
export async function exchange<T>(
  url: string,
  message: Message,
  options: HttpOptions,
  signal: AbortSignal | undefined,
  read: (received: Received) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const controller = new AbortController();
  const { timeout = 60_000, answerTimeout = timeout } = options;
  const { leastRate = defaultLeastRate, rateWindow = 10_000 } = options;
  const unwatch = onAbort(signal, () => controller.abort(signal?.reason));
  let timer: ReturnType<typeof setTimeout> | undefined;
  const expireAfter = (wait: number): void => {
    clearTimeout(timer);
    timer = setTimeout(() => controller.abort(new Error(`no answer within ${wait / 1000} s`)), wait);
  };
  const rate = watchRate(leastRate, rateWindow, (problem) => controller.abort(new Error(problem)));
  let place: Place | undefined;
  const leave = (): void => {
    clearTimeout(timer);
    place?.leave();
    place = undefined;
  };
  const send: Send = async ({ href, host }, init) => {
    place = await enter(host, controller.signal);
    expireAfter(answerTimeout);
    const response = await fetch(href, { ...init, signal: controller.signal });
    place.answered(response, options.retryAfterUnit);
    return response;
  };
  const call: Call = { url, message, options, signal: controller.signal, send, leave };
  try {
    const { response, secrets } = await fetchAuthorized(call);
    expireAfter(timeout);
    const onBytes = (bytes: number): void => {
      expireAfter(timeout);
      rate.add(bytes);
    };
    return await read({ response, secrets, onBytes });
  } catch (error) {
    if (error instanceof TerrachipError) throw error;
    signal?.throwIfAborted();
    throw networkError(url, `failed (${reasonOf(error)})`, undefined, error);
  } finally {
    leave();
    rate.stop();
    unwatch();
  }
}

/** Aborts an answer that is slower than a least rate, measured from its first bytes on. */
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

/** `fetch` with a place among the requests of the process. */
type Send = (address: URL, init: RequestInit) => Promise<Response>;

interface Call {
  readonly url: string;
  readonly message: Message;
  readonly options: HttpOptions;
  readonly signal: AbortSignal;
  readonly send: Send;
  /** Releases the place, before a request to another address. */
  leave(): void;
}

interface Answer {
  readonly response: Response;
  readonly secrets: readonly string[];
}

/** Whether an outdated access may be the cause: it is then called once more. */
function mayBeStale({ status, headers }: Response): boolean {
  return [400, 401, 403].includes(status) || (status === 301 && headers.get('location') === null);
}

/** Fetches with the answer of the access, and after a refusal once more with a newer one. */
async function fetchAuthorized(call: Call): Promise<Answer> {
  const authorized = await authorize(call, new URL(call.url), null);
  const answer = await fetchFollowing(call, authorized);
  if (authorized.by === null || !mayBeStale(answer.response)) return answer;
  // Accesses send requests too: the place is released first, to avoid a deadlock.
  const refusal = await inMemory(answer.response);
  call.leave();
  const renewed = await authorize(call, new URL(call.url), authorized);
  if (renewed.by === null) return { ...answer, response: refusal };
  return fetchFollowing(call, renewed);
}

/** An answer with the start of its body in memory. */
async function inMemory(response: Response): Promise<Response> {
  const start = await startOfBody(response, () => undefined);
  return new Response(start, { status: response.status, headers: response.headers });
}

/** A request ready to be sent. */
interface Prepared {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** The access that has authorised it: after a refusal, only it is called again. */
  readonly by: Access | null;
}

/** Credentials in an address become a header, since fetch refuses them; then no access is asked. */
async function authorize(call: Call, address: URL, refused: Prepared | null): Promise<Prepared> {
  const { message, options, signal } = call;
  if (address.username !== '' || address.password !== '') {
    return { url: withoutUser(address), headers: basicAuthorization(address), by: null };
  }
  const { href } = address;
  const before = refused === null ? undefined : { url: refused.url.href, headers: refused.headers };
  const request = { url: href, ...message, refresh: refused !== null, refused: before, signal };
  for (const by of refused?.by ? [refused.by] : [options.access ?? defaultAccess(), storeAccess]) {
    const authorized = await by.authorize(request);
    if (authorized === null) continue;
    return { url: new URL(authorized.url), headers: lowerCase(authorized.headers), by };
  }
  return { url: address, headers: {}, by: null };
}

/** Fetches and follows redirects. Headers of the caller and credentials go to the host of the address only. */
async function fetchFollowing(call: Call, first: Prepared): Promise<Answer> {
  const { url, message, options, send, leave } = call;
  const own = lowerCase(options.headers ?? {});
  let { method, body } = message;
  let next = first;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const address = next.url;
    const isNear = isSameServer(first.url, address);
    const sent = { ...(isNear ? own : {}), ...message.headers, ...next.headers };
    const secrets = secretsOf(address.href, sent, body);
    const response = await send(address, { method, headers: sent, body, redirect: 'manual' });
    // Browsers do not show where a redirect leads: they follow it themselves, without the headers of the caller.
    if (response.type === 'opaqueredirect') {
      if (method !== 'GET') throw refused(url, 'redirects, which a request with a body does not follow', 302);
      leave();
      return { response: await send(address, { headers: message.headers }), secrets };
    }
    const location = utf8(response.headers.get('location'));
    if (location === null || ![301, 302, 303, 307, 308].includes(response.status)) {
      return { response, secrets };
    }
    await response.body?.cancel();
    leave();
    const target = redirectTarget(call, first.url, address, location, response.status);
    if (response.status === 303 && method !== 'HEAD') [method, body] = ['GET', undefined];
    const stays = isSameServer(first.url, target);
    if (!stays && body !== undefined) {
      throw refused(
        url,
        `redirects to ${publicUrl(target.href)}, to which the body of the request is not sent`,
        response.status,
        'give the address of the server that answers',
      );
    }
    next = stays
      ? await authorize(call, target, null)
      : { url: withoutUser(target), headers: basicAuthorization(target), by: null };
  }
  throw refused(
    url,
    `redirects more than ${MAX_REDIRECTS} times, the last time to ${publicUrl(next.url.href)}; it may want a login`,
    302,
  );
}

/** Where a redirect leads. Credentials of an address are sent to their own host only. */
function redirectTarget(
  { url, options }: Call,
  first: URL,
  address: URL,
  location: string,
  status: number,
): URL {
  const target = URL.canParse(location, address.href) ? new URL(location, address.href) : null;
  if (target === null || !/^https?:$/.test(target.protocol)) {
    throw refused(url, `redirects to ${target === null ? 'no address' : publicUrl(target.href)}`, status);
  }
  if (options.allowLocal !== true && !mayName(first, target)) {
    throw refused(
      url,
      `redirects to ${publicUrl(target.href)}, which only this machine or its network can ask`,
      status,
    );
  }
  const given = new URL(url);
  if (isSameServer(given, target) && target.username === '' && target.password === '') {
    target.username = given.username;
    target.password = given.password;
  }
  return target;
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

function withoutUser(address: URL): URL {
  const bare = new URL(address);
  bare.username = '';
  bare.password = '';
  return bare;
}

/** The header of basic authentication for the user and password of an address. */
function basicAuthorization({ username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {};
  const bytes = new TextEncoder().encode(`${percentDecoded(username)}:${percentDecoded(password)}`);
  return { authorization: `Basic ${btoa(String.fromCharCode(...bytes))}` };
}
