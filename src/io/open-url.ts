/** Files on web servers, with the middlewares that they want. Runs anywhere. */
import { invalidInput } from '../errors.js';
import type { ByteSource } from './byte-source.js';
import { type ByteCache, defaultCache, withCache } from './cache.js';
import type { HttpOptions } from './exchange.js';
import { HttpSource, PREFIX_BYTES } from './http.js';
import { publicUrl } from './http-errors.js';
import { withCoalescing } from './middleware/coalesce.js';
import { type RetryOptions, retrying, withRetry } from './middleware/retry.js';

/** How files are opened; all but the signal is for those on web servers. */
export interface OpenOptions extends HttpOptions {
  retry?: RetryOptions;
  /** Keeps ranges of files between runs (default: what `setDefaultCache` set); null for none. */
  byteCache?: ByteCache | null;
}

/**
 * Ranges on a server are worth merging over wider gaps than on a disk, since a request costs as much as 64 KiB; but
 * the gaps of small tiles must not become most of what is read.
 */
const HTTP_GAPS = { maxGap: 64 * 1024, maxWaste: 0.25 };

/**
 * Whether a path is an address that is read by requests: `http:`, `https:`, `s3:`, `gs:` or `az:`.
 * @throws {TerrachipError} INVALID_INPUT for an address that cannot be one
 */
export function isUrl(path: string): boolean {
  if (!/^(?:https?|s3|gs|az):\/\//i.test(path)) return false;
  if (!URL.canParse(path)) throw invalidInput(publicUrl(path), 'is no valid URL', 'correct it');
  return true;
}

/** A path, or that of a URL, without its query. */
export function pathOf(place: string): string {
  return isUrl(place) ? new URL(place).pathname : place;
}

/** Opens an `http(s):`, `s3:`, `gs:` or `az:` address. */
export async function openUrl(url: string, options: OpenOptions = {}): Promise<ByteSource> {
  const http = await retrying(() => HttpSource.open(url, options), options.retry, options.signal);
  const source = withCoalescing(withRetry(http, options.retry), HTTP_GAPS);
  const { byteCache: cache = defaultCache() } = options;
  return cache === null ? source : withCache(source, url, cache, Math.min(http.size, PREFIX_BYTES));
}
