import { invalidInput, messageOf, TerrachipError } from '../errors.js';
import { onAbort } from './abort.js';
import { type ByteSource, checkRange, type ReadOptions } from './byte-source.js';

export interface HttpOptions {
  /** Extra request headers. */
  headers?: Readonly<Record<string, string>>;
  /** Milliseconds without an answer, or without more of it, before a request counts as failed (default 60 000). */
  timeout?: number;
  signal?: AbortSignal;
}

/** Bytes of the first request: the headers of most cloud-optimised files, and the size from the answer. */
const PREFIX_BYTES = 32 * 1024;

/** A server that ignores ranges sends everything: kept in memory up to this size, refused above. */
const MAX_WHOLE_BYTES = 64 * 2 ** 20;

/** Counts the requests of all HTTP sources, for tests and reports. */
export interface HttpCounters {
  requests: number;
  bytes: number;
}

/**
 * A file on a web server, read by byte ranges. Opening it asks for its first 32 KiB, which then answer reads of
 * headers. The entity tag and size of every answer are compared: a file that changes while it is read is an error.
 */
export class HttpSource implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly etag: string | null;
  readonly counters: HttpCounters;
  readonly #url: string;
  readonly #options: HttpOptions;
  readonly #prefix: Uint8Array<ArrayBuffer>;

  private constructor(
    url: string,
    options: HttpOptions,
    size: number,
    etag: string | null,
    prefix: Uint8Array<ArrayBuffer>,
    counters: HttpCounters,
  ) {
    this.#url = url;
    this.#options = options;
    this.#prefix = prefix;
    this.name = publicUrl(url);
    this.size = size;
    this.etag = etag;
    this.counters = counters;
  }

  /** @throws {TerrachipError} NETWORK, NOT_FOUND, or UNSUPPORTED for a large file on a server without ranges */
  static async open(url: string, options: HttpOptions = {}): Promise<HttpSource> {
    const counters: HttpCounters = { requests: 0, bytes: 0 };
    const { response, body } = await request(url, 0, PREFIX_BYTES, options, options.signal, counters);
    const etag = response.headers.get('etag');
    // An empty file has no satisfiable range; a server without ranges sends the whole file.
    if (response.status !== 206) return new HttpSource(url, options, body.byteLength, etag, body, counters);
    const { size } = checkContentRange(url, response, 0, body.byteLength);
    if (size === null) {
      throw new TerrachipError(
        'UNSUPPORTED',
        `the server of ${publicUrl(url)} does not say how large the file is`,
        'download it first, or use another server',
        { feature: 'HTTP without sizes' },
      );
    }
    return new HttpSource(url, options, size, etag, body, counters);
  }

  async read(offset: number, length: number, options: ReadOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    checkRange(this, offset, length);
    if (offset + length <= this.#prefix.byteLength) return this.#prefix.slice(offset, offset + length);
    const { response, body } = await request(
      this.#url,
      offset,
      length,
      this.#options,
      options.signal,
      this.counters,
    );
    const etag = response.headers.get('etag');
    const changed = response.status === 416 || (this.etag !== null && etag !== this.etag);
    if (changed) throw fileChanged(this.name);
    if (response.status !== 206) {
      throw networkError(this.#url, 'stopped answering range requests', response.status);
    }
    const { size } = checkContentRange(this.#url, response, offset, body.byteLength);
    if (size !== null && size !== this.size) throw fileChanged(this.name);
    if (body.byteLength !== length) {
      throw networkError(this.#url, `sent ${body.byteLength} bytes of ${length}`);
    }
    return body;
  }

  async close(): Promise<void> {}
}

/** @returns the answer and its body: up to `length` bytes of a range, or a whole file from a server without ranges */
async function request(
  url: string,
  offset: number,
  length: number,
  options: HttpOptions,
  signal: AbortSignal | undefined,
  counters: HttpCounters,
): Promise<{ response: Response; body: Uint8Array<ArrayBuffer> }> {
  const controller = new AbortController();
  const { timeout = 60_000 } = options;
  const expire = (): void => controller.abort(new Error(`no answer within ${timeout / 1000} s`));
  signal?.throwIfAborted();
  const unwatch = onAbort(signal, () => controller.abort(signal?.reason));
  let timer = setTimeout(expire, timeout);
  counters.requests++;
  try {
    const response = await fetch(url, {
      headers: { ...options.headers, range: `bytes=${offset}-${offset + length - 1}` },
      signal: controller.signal,
    });
    const refusal = response.status === 416 ? null : refusalOf(url, response);
    // What is not wanted is not downloaded either.
    const wanted = response.status === 206 || (response.status === 200 && offset === 0);
    if (refusal !== null || !wanted) await response.body?.cancel();
    if (refusal !== null) throw refusal;
    if (!wanted) return { response, body: new Uint8Array(0) };
    const limit = response.status === 206 ? length : MAX_WHOLE_BYTES;
    const body = await readBody(url, response, limit, () => {
      clearTimeout(timer);
      timer = setTimeout(expire, timeout);
    });
    counters.bytes += body.byteLength;
    return { response, body };
  } catch (error) {
    if (error instanceof TerrachipError) throw error;
    signal?.throwIfAborted();
    throw networkError(url, `failed (${reasonOf(error)})`, undefined, error);
  } finally {
    clearTimeout(timer);
    unwatch();
  }
}

/** fetch says "fetch failed" and leaves what happened in the cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && cause.message !== '' ? cause.message : messageOf(error);
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
    return new TerrachipError(
      'NETWORK',
      `${name} answered ${status}: it may not be read without credentials, or they do not suffice`,
      'give the headers or the signed address that it wants',
      { url: name, status },
      { exitStatus: 2 },
    );
  }
  return networkError(url, `answered ${status}`, status, {
    retryAfter: 1000 * Number(response.headers.get('retry-after') ?? 0) || 0,
  });
}

/** Checks that an answer holds the range that was asked for. @returns the file's size; null for one not told */
function checkContentRange(
  url: string,
  response: Response,
  offset: number,
  length: number,
): { size: number | null } {
  const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '');
  if (range === null || Number(range[1]) !== offset || Number(range[2]) + 1 - offset !== length) {
    throw networkError(url, 'answered a range request with a range that was not asked for', response.status);
  }
  return { size: range[3] === '*' ? null : Number(range[3]) };
}

/** Reads at most `limit` bytes, whatever the server declares or sends. */
async function readBody(
  url: string,
  response: Response,
  limit: number,
  onPart: () => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const tooMuch = (): TerrachipError =>
    response.status === 206
      ? networkError(url, 'sent more bytes than were asked for')
      : new TerrachipError(
          'UNSUPPORTED',
          `the server of ${publicUrl(url)} does not support range requests and the file is large`,
          'download it first, or use a server that supports ranges',
          { feature: 'HTTP without ranges' },
        );
  if (Number(response.headers.get('content-length') ?? 0) > limit) {
    await response.body?.cancel();
    throw tooMuch();
  }
  const parts: Uint8Array[] = [];
  let size = 0;
  if (response.body !== null) {
    for await (const part of response.body) {
      onPart();
      size += part.byteLength;
      if (size > limit) throw tooMuch();
      parts.push(part);
    }
  }
  const body = new Uint8Array(size);
  let offset = 0;
  for (const part of parts) {
    body.set(part, offset);
    offset += part.byteLength;
  }
  return body;
}

function fileChanged(name: string): TerrachipError {
  return invalidInput(name, 'changed while it was being read', 'run again');
}

function networkError(url: string, problem: string, status?: number, cause?: unknown): TerrachipError {
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
    return url;
  }
}
