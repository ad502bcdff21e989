/** A cache of servers' answers between runs: parts of files, and documents. */
import { type ByteSource, wrapSource } from './byte-source.js';

/**
 * Keeps bytes by a key. It never fails: bytes that cannot be kept or found are requested again. Keys hold no signatures of
 * known kinds, but may hold the rest of an address's query: store a hash of them.
 */
export interface ByteCache {
  get(key: string): Promise<Uint8Array<ArrayBuffer> | null>;
  put(key: string, bytes: Uint8Array): Promise<void>;
}

let ofProcess: ByteCache | null = null;

/** Sets the cache of all requests that do not give one; null for none, as at first. */
export function setDefaultCache(cache: ByteCache | null): void {
  ofProcess = cache;
}

/** The cache that `setDefaultCache` set. */
export function defaultCache(): ByteCache | null {
  return ofProcess;
}

/** Parameters of queries that sign an address: of Azure, Amazon and Google. */
const SIGNATURE =
  /^(?:s[eprtvi]|srt|ss|sig|sip|spr|sdd|sk(?:oid|tid|t|e|s|v)|x-(?:amz|goog)-.*|awsaccesskeyid|googleaccessid|signature|expires|key-pair-id|policy)$/i;

/** The key of an address: without user, password and signature, so that a new signature finds the same bytes. */
export function keyOf(url: string): string {
  const parsed = new URL(url);
  parsed.username = '';
  parsed.password = '';
  parsed.hash = '';
  for (const name of [...new Set(parsed.searchParams.keys())]) {
    if (SIGNATURE.test(name)) parsed.searchParams.delete(name);
  }
  return parsed.href;
}

/**
 * Reads ranges of this version of a file from a cache. Opening the file asks the server, so that a changed file is read
 * again. Without a strong entity tag nothing is kept.
 * @param start bytes at the start that the source holds already
 */
export function withCache(source: ByteSource, url: string, cache: ByteCache, start = 0): ByteSource {
  const { etag, size } = source;
  if (etag === null || etag.startsWith('W/')) return source;
  const file = `range ${keyOf(url)} ${etag} ${size}`;
  return wrapSource(source, async (offset, length, options) => {
    options?.signal?.throwIfAborted();
    if (offset + length <= start) return source.read(offset, length, options);
    const key = `${file} ${offset}+${length}`;
    const known = await cache.get(key);
    if (known !== null && known.byteLength === length) return known;
    const bytes = await source.read(offset, length, options);
    await cache.put(key, bytes);
    return bytes;
  });
}

/** A document that was kept, and the validators of its version. */
export interface CachedDocument {
  readonly etag: string | null;
  readonly modified: string | null;
  readonly contentType: string | null;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** @param accept the requested type */
export function documentKey(url: string, accept: string): string {
  return `document ${accept} ${keyOf(url)}`;
}

/** The document of a key; null for none, or one that is damaged. */
export async function cachedDocument(cache: ByteCache, key: string): Promise<CachedDocument | null> {
  const bytes = await cache.get(key);
  const end = bytes?.indexOf(10) ?? -1;
  if (bytes === null || end < 0) return null;
  const [etag, modified, contentType] = new TextDecoder().decode(bytes.subarray(0, end)).split('\t');
  if (contentType === undefined) return null;
  return {
    etag: etag || null,
    modified: modified || null,
    contentType: contentType || null,
    body: bytes.slice(end + 1),
  };
}

/** Keeps a document if its server allows this and sends a validator. */
export async function keepDocument(
  cache: ByteCache,
  key: string,
  headers: Headers,
  body: Uint8Array,
): Promise<void> {
  const [etag, modified] = [headers.get('etag'), headers.get('last-modified')];
  if ((etag ?? modified) === null || /no-store/i.test(headers.get('cache-control') ?? '')) return;
  const head = [etag ?? '', modified ?? '', headers.get('content-type') ?? ''].join('\t');
  const line = new TextEncoder().encode(`${head}\n`);
  const bytes = new Uint8Array(line.length + body.length);
  bytes.set(line);
  bytes.set(body, line.length);
  await cache.put(key, bytes);
}
