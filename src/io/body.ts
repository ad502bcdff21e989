/** Bodies of answers, read with a bound. */
import { TerrachipError } from '../errors.js';
import type { Received } from './exchange.js';
import {
  isHtmlType,
  networkError,
  publicUrl,
  type RetryAfterUnit,
  refusalOf,
  webPage,
} from './http-errors.js';
import { MAX_ERROR_BYTES, toldBy } from './server-text.js';

/** Whether an answer is compressed on the way; fetch decompresses it. */
export function isEncoded(response: Response): boolean {
  return (response.headers.get('content-encoding') ?? 'identity') !== 'identity';
}

/**
 * Reads at most `limit` bytes, whatever the server declares or sends.
 * @param tooMuch the error for more
 */
export async function readBody(
  { response, onBytes }: Received,
  limit: number,
  tooMuch: () => TerrachipError,
): Promise<Uint8Array<ArrayBuffer>> {
  if (!isEncoded(response) && Number(response.headers.get('content-length') ?? 0) > limit) {
    await response.body?.cancel();
    throw tooMuch();
  }
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    onBytes(part.byteLength);
    size += part.byteLength;
    if (size > limit) throw tooMuch();
    parts.push(part);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/** The error for an answer larger than the requested range, or than a file that is read whole. */
export function tooLong(url: string, response: Response): TerrachipError {
  if (response.status === 206) return networkError(url, 'sent more bytes than requested');
  if (isHtmlType(response)) return webPage(url, response);
  return new TerrachipError(
    'UNSUPPORTED',
    `the server of ${publicUrl(url)} does not support range requests and the file is large`,
    'download it first, or use a server that supports ranges',
    { feature: 'HTTP without ranges' },
  );
}

/** @throws {TerrachipError} NETWORK or NOT_FOUND, with what the server says, for a status of failure */
export async function requireOk(
  url: string,
  received: Received,
  retryAfterUnit?: RetryAfterUnit,
): Promise<void> {
  const { response, secrets } = received;
  if (response.ok) return;
  // Some servers of S3 call their XML HTML.
  const explains = /\b(?:json|xml|html)\b/i.test(response.headers.get('content-type') ?? '');
  const body = explains ? await startOfBody(response, received.onBytes) : new Uint8Array(0);
  if (!explains) await response.body?.cancel();
  const told = toldBy(body, secrets);
  throw refusalOf(url, response, told === '' ? '' : ` (${told})`, retryAfterUnit);
}

/** The first bytes of a body; a failure after them counts as its end. */
export async function startOfBody(
  response: Response,
  onBytes: (bytes: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const reader = response.body?.getReader();
  const start = new Uint8Array(MAX_ERROR_BYTES);
  let size = 0;
  try {
    while (reader !== undefined && size < MAX_ERROR_BYTES) {
      const { value, done } = await reader.read();
      if (done) break;
      onBytes(value.byteLength);
      const part = value.subarray(0, MAX_ERROR_BYTES - size);
      start.set(part, size);
      size += part.byteLength;
    }
    await reader?.cancel();
  } catch {
    // The status is enough.
  }
  return start.subarray(0, size);
}
