import type { TypedArray } from '../geo/index.js';
import { ByteLru } from '../io/byte-lru.js';

/** Decoded blocks, shared by the rasters of a job under one limit. */
export type BlockCache = ByteLru<string, TypedArray>;

/** Bytes of decoded blocks in a cache. */
const DEFAULT_CACHE_BYTES = 128 * 2 ** 20;

/**
 * A cache of decoded blocks that rasters share; the least recently used are dropped first.
 * @param maxBytes the most bytes of decoded blocks (default 128 MiB)
 */
export function createBlockCache(maxBytes = DEFAULT_CACHE_BYTES): BlockCache {
  return new ByteLru(maxBytes, (block) => block.byteLength);
}
