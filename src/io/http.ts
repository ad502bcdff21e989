import { invalidInput, messageOf, TerrachipError } from '../errors.js';
import { type ByteSource, checkRange, type ReadOptions } from './byte-source.js';

export interface HttpOptions {
  /** Extra request headers. */
  headers?: Readonly<Record<string, string>>;
  /** Milliseconds before a request without an answer counts as failed (default 60 000). */
  timeout?: number;
  signal?: AbortSignal;
}

/** Bytes of the first request: the headers of most files, and the size from the answer. */
const PREFIX_BYTES = 64 * 1024;

/** A server that ignores ranges sends everything: kept in memory up to this size, refused above. */
const MAX_WHOLE_BYTES = 64 * 2 ** 20;

/** Counts the requests of all HTTP sources, for tests and reports. */
export interface HttpCounters {
  requests: number;
  bytes: number;
}

/**
 * A file on a web server, read by byte ranges. Opening it asks for its first 64 KiB, which then answer reads of
 * headers. The entity tag of every answer is compared: a file that changes while it is read is an error.
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
    if (response.status === 206) {
      const range = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(response.headers.get('content-range') ?? '');
      if (range === null || Number(range[1]) !== 0 || Number(range[2]) + 1 !== body.byteLength) {
        throw networkError(
          url,
          'answered a range request with a range that was not asked for',
          response.status,
        );
      }
      return new HttpSource(url, options, Number(range[3]), etag, body, counters);
    }
    // An empty file has no satisfiable range; a server without ranges sends the whole file.
    return new HttpSource(url, options, body.byteLength, etag, body, counters);
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
    if (response.status !== 206) {
      throw networkError(this.#url, 'stopped answering range requests', response.status);
    }
    if (this.etag !== null && response.headers.get('etag') !== this.etag) {
      throw invalidInput(this.name, 'changed while it was being read', 'run again');
    }
    if (body.byteLength !== length) {
      throw networkError(this.#url, `sent ${body.byteLength} bytes of ${length}`);
    }
    return body;
  }

  async close(): Promise<void> {}
}

async function request(
  url: string,
  offset: number,
  length: number,
  options: HttpOptions,
  signal: AbortSignal | undefined,
  counters: HttpCounters,
): Promise<{ response: Response; body: Uint8Array<ArrayBuffer> }> {
  const timeout = AbortSignal.timeout(options.timeout ?? 60_000);
  const either = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
  counters.requests++;
  try {
    const response = await fetch(url, {
      headers: { ...options.headers, range: `bytes=${offset}-${offset + length - 1}` },
      signal: either,
    });
    if (response.status === 404 || response.status === 410) {
      throw new TerrachipError('NOT_FOUND', `${publicUrl(url)} does not exist`, 'check the address', {
        source: publicUrl(url),
      });
    }
    const empty = response.status === 416 && offset === 0;
    if (!response.ok && !empty) {
      await response.body?.cancel();
      throw networkError(url, `answered ${response.status}`, response.status, {
        retryAfter: 1000 * Number(response.headers.get('retry-after') ?? 0) || 0,
      });
    }
    const limit = response.status === 206 ? length : MAX_WHOLE_BYTES;
    const body = empty ? new Uint8Array(0) : await readBody(url, response, limit);
    counters.bytes += body.byteLength;
    return { response, body };
  } catch (error) {
    if (error instanceof TerrachipError) throw error;
    signal?.throwIfAborted();
    throw networkError(url, `failed (${messageOf(error)})`, undefined, error);
  }
}

/** Reads at most `limit` bytes, whatever the server declares or sends. */
async function readBody(url: string, response: Response, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let size = 0;
  if (response.body !== null) {
    for await (const part of response.body) {
      size += part.byteLength;
      if (size > limit) {
        if (response.status === 206) throw networkError(url, 'sent more bytes than were asked for');
        throw new TerrachipError(
          'UNSUPPORTED',
          `the server of ${publicUrl(url)} does not support range requests and the file is large`,
          'download it first, or use a server that supports ranges',
          { feature: 'HTTP without ranges' },
        );
      }
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
