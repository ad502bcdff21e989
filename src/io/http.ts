import { invalidInput, TerrachipError } from '../errors.js';
import { Resource } from '../resource.js';
import { isEncoded, requireOk } from './body.js';
import { type ByteSource, checkRange, type ReadOptions } from './byte-source.js';
import { exchange, type HttpOptions } from './exchange.js';
import { networkError, publicUrl } from './http-errors.js';
import { type HttpAnswer, type HttpCounters, MAX_WHOLE_BYTES, request } from './http-request.js';

/** Bytes of the first request: the headers of most cloud-optimised files, and the size from the answer. */
export const PREFIX_BYTES = 32 * 1024;

/** A file that changed this shortly before it was sent may change again within the same second, the unit of its time. */
const SETTLED = 2000;

/** How often the first byte is requested again, to distinguish tags that vary from a file that changed. */
const PROBES = 3;

/** The result of opening a file. */
interface Opened {
  readonly size: number;
  readonly validator: Validator;
  /** The first bytes, or all. */
  readonly prefix: Uint8Array<ArrayBuffer>;
}

/** The version of a file: an entity tag, else the time of the last change, else nothing. */
interface Validator {
  readonly etag: string | null;
  readonly modified: string | null;
}

/**
 * A file on a web server, read by byte ranges. Opening it asks for its first 32 KiB, which then answer reads of
 * headers. The entity tag (or the time of the last change) and the size of every answer are compared: a file that
 * changes while it is read is an error. Tags that differ from answer to answer are ignored.
 */
export class HttpSource extends Resource implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly etag: string | null;
  readonly counters: HttpCounters;
  readonly #url: string;
  readonly #options: HttpOptions;
  #validator: Validator;
  #prefix: Uint8Array<ArrayBuffer>;

  private constructor(url: string, options: HttpOptions, opened: Opened, counters: HttpCounters) {
    super();
    this.#url = url;
    this.#options = options;
    this.#validator = opened.validator;
    this.#prefix = opened.prefix;
    this.name = publicUrl(url);
    this.size = opened.size;
    this.etag = opened.validator.etag;
    this.counters = counters;
  }

  /**
   * @param url `http:` or `https:`; a user and a password in it are sent as basic authentication, to its host only
   * @throws {TerrachipError} NETWORK, NOT_FOUND, or UNSUPPORTED for a large file on a server without ranges
   */
  static async open(url: string, options: HttpOptions = {}): Promise<HttpSource> {
    const counters: HttpCounters = { requests: 0, bytes: 0 };
    return new HttpSource(url, options, await openFile(url, options, counters), counters);
  }

  /** A server may send less of a range than requested: the rest is requested again. */
  async read(offset: number, length: number, options: ReadOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    checkRange(this, offset, length);
    if (offset + length <= this.#prefix.byteLength) return this.#prefix.slice(offset, offset + length);
    const result = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const part = await this.#readPart(offset + done, length - done, options.signal);
      if (part.length === length) return part;
      result.set(part, done);
      done += part.length;
    }
    return result;
  }

  async dispose(): Promise<void> {}

  /** At least one byte from an offset on, at most `length`. */
  async #readPart(
    offset: number,
    length: number,
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const answer = await request(this.#url, { offset, length }, this.#options, signal, this.counters);
    const { response, body } = answer;
    if (response.status === 416) {
      const size = unsatisfiedSize(response);
      if (size === null || size !== this.size) throw fileChanged(this.name);
      throw networkError(this.#url, `refused bytes ${offset} to ${offset + length} of ${size}`, 416);
    }
    await this.#requireSame(answer, signal);
    if (response.status !== 206) {
      // A cache between may send the whole file at times.
      if (body.byteLength !== this.size) throw fileChanged(this.name);
      this.#prefix = body;
      return body.slice(offset, offset + length);
    }
    const range = contentRange(answer);
    if (range === null || range.start !== offset || body.byteLength === 0) {
      // Without a status, the request is repeated: a connection may have been cut on the way.
      throw networkError(this.#url, wrongRange(answer));
    }
    if (range.size !== null && range.size !== this.size) throw fileChanged(this.name);
    return body;
  }

  /** @throws {TerrachipError} INVALID_INPUT when the answer is of another version of the file */
  async #requireSame({ response }: HttpAnswer, signal: AbortSignal | undefined): Promise<void> {
    const known = this.#validator;
    const current = validatorOf(response);
    if (!differ(known, current)) return;
    if (known.modified !== null && known.modified === current.modified) return;
    // Several servers behind one address, and servers that generate files, may give every answer another tag.
    for (let probe = 0; probe < PROBES; probe++) {
      const again = await request(this.#url, { offset: 0, length: 1 }, this.#options, signal, this.counters);
      if (!differ(validatorOf(again.response), current)) continue;
      this.#validator = { etag: null, modified: null };
      return;
    }
    throw fileChanged(this.name);
  }
}

/**
 * The version of a file on a server: its entity tag, else the time of its last change, and its size. Tags that differ from
 * answer to answer are ignored.
 * @param expected if the first answer has this version, it is not requested again
 * @throws {TerrachipError} NETWORK or NOT_FOUND
 */
export async function versionOf(url: string, options: HttpOptions = {}, expected?: string): Promise<string> {
  const { signal } = options;
  // A signed address may be for GET alone.
  const ask = (): Promise<{ etag: string | null; modified: string | null; size: number | null }> =>
    exchange(url, { method: 'GET', headers: { range: 'bytes=0-0' } }, options, signal, async (received) => {
      const { response } = received;
      if (response.status !== 416) await requireOk(url, received);
      await response.body?.cancel();
      const { headers } = response;
      const [, , , total = null] = RANGE.exec(headers.get('content-range') ?? '') ?? [];
      const whole = response.status === 200 && !isEncoded(response) ? headers.get('content-length') : null;
      const size = response.status === 416 ? unsatisfiedSize(response) : Number(total ?? whole ?? Number.NaN);
      return { etag: headers.get('etag'), modified: headers.get('last-modified'), size };
    });
  const { etag, modified, size } = await ask();
  const version = (tag: string | null): string => JSON.stringify([tag, size]);
  if (etag === null || version(opaque(etag)) === expected)
    return version(etag === null ? modified : opaque(etag));
  const again = await ask();
  const isSteady = again.etag !== null && opaque(etag) === opaque(again.etag);
  return version(isSteady ? opaque(etag) : modified);
}

async function openFile(url: string, options: HttpOptions, counters: HttpCounters): Promise<Opened> {
  const ask = (length: number | null): Promise<HttpAnswer> =>
    request(url, length === null ? null : { offset: 0, length }, options, options.signal, counters);
  let answer = await ask(PREFIX_BYTES);
  if (answer.response.status === 416) {
    // The file is empty, or the server does not clip ranges that reach beyond its end.
    const size = unsatisfiedSize(answer.response);
    if (size === 0) return { size, validator: validatorOf(answer.response), prefix: answer.body };
    answer = await ask(size === null ? null : Math.min(size, PREFIX_BYTES));
    if (answer.response.status === 416) answer = await ask(null);
  }
  const { response } = answer;
  if (response.status === 206) {
    const range = contentRange(answer);
    if (range !== null && range.start === 0 && range.size !== null) {
      return { size: range.size, validator: validatorOf(response), prefix: answer.body };
    }
    // Without the size, or with another range, only the whole file can be trusted.
    answer = await ask(null).catch((error: unknown) => {
      if (!(error instanceof TerrachipError) || error.code !== 'UNSUPPORTED') throw error;
      throw new TerrachipError(
        'UNSUPPORTED',
        `the server of ${publicUrl(url)} ${wrongRange(answer)}, and the file is larger than ${MAX_WHOLE_BYTES} bytes`,
        'download it first, or use another server',
        { feature: 'HTTP without sizes' },
      );
    });
  }
  const { status } = answer.response;
  if (status !== 200) throw networkError(url, wrongRange(answer), status);
  return { size: answer.body.byteLength, validator: validatorOf(answer.response), prefix: answer.body };
}

/** The file's size in an answer with the status 416, or null. */
function unsatisfiedSize(response: Response): number | null {
  const [, size] = /^\s*bytes\s+\*\/(\d{1,15})\s*$/i.exec(response.headers.get('content-range') ?? '') ?? [];
  return size === undefined ? null : Number(size);
}

const RANGE = /^\s*bytes\s+(\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)\s*$/i;

/** The range that an answer declares, with the file's size (null if unknown); null if the body's length differs. */
function contentRange({ response, body }: HttpAnswer): { start: number; size: number | null } | null {
  const [, start, end, size] = RANGE.exec(response.headers.get('content-range') ?? '') ?? [];
  if (start === undefined || Number(end) + 1 - Number(start) !== body.byteLength) return null;
  return { start: Number(start), size: size === '*' ? null : Number(size) };
}

/** What is wrong with an answer to a request for a range. */
function wrongRange({ response, body }: HttpAnswer): string {
  const range = response.headers.get('content-range');
  if (isEncoded(response)) return `compresses its ranges (${response.headers.get('content-encoding')})`;
  if (response.status !== 206) return `answered ${response.status} to a request for a range`;
  if (range === null) return 'does not say which range it sends (no Content-Range)';
  if (range.endsWith('/*')) return 'does not say how large the file is';
  const [, start, end] = RANGE.exec(range) ?? [];
  if (Number(end) + 1 - Number(start) !== body.byteLength)
    return `sent ${body.byteLength} bytes for what it calls ${range}`;
  return 'answered a range request with another range';
}

/** A time stands for a version only when the file did not change just before it was sent. */
function validatorOf(response: Response): Validator {
  const modified = response.headers.get('last-modified');
  const age = Date.parse(response.headers.get('date') ?? '') - Date.parse(modified ?? '');
  return { etag: response.headers.get('etag'), modified: age >= SETTLED ? modified : null };
}

/** Whether two answers are of different versions. Weak tags are compared too: compression on the way makes tags weak. */
function differ(a: Validator, b: Validator): boolean {
  if (a.etag !== null && b.etag !== null) return opaque(a.etag) !== opaque(b.etag);
  return a.modified !== null && b.modified !== null && a.modified !== b.modified;
}

function opaque(etag: string): string {
  return etag.replace(/^W\//, '');
}

function fileChanged(name: string): TerrachipError {
  return invalidInput(name, 'changed while it was being read', 'run again');
}
