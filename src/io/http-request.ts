/** Requests for a range of a file. */
import { isEncoded, readBody, requireOk, tooLong } from './body.js';
import { exchange, type HttpOptions } from './exchange.js';
import { isWebPage, webPage } from './http-errors.js';

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
  const headers: Record<string, string> =
    range === null ? {} : { range: `bytes=${range.offset}-${range.offset + range.length - 1}` };
  counters.requests++;
  return exchange(url, { method: 'GET', headers }, options, signal, async (received) => {
    const { response } = received;
    // A part of a compressed file cannot be decompressed.
    if (response.status === 416 || (response.status === 206 && isEncoded(response))) {
      await response.body?.cancel();
      return { response, body: new Uint8Array(0) };
    }
    await requireOk(url, received);
    const limit = response.status === 206 && range !== null ? range.length : MAX_WHOLE_BYTES;
    const body = await readBody(received, limit, () => tooLong(url, response));
    counters.bytes += body.byteLength;
    if (isWebPage(response, body)) throw webPage(url, response);
    return { response, body };
  });
}
