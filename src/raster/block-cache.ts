import type { TypedArray } from '../geo/index.js';
import { ByteLru } from '../io/byte-lru.js';

/** Decoded blocks, shared by the rasters of one job so that one bound holds for all of them. */
export type BlockCache = ByteLru<string, TypedArray>;

/** Bytes of decoded blocks that a raster of its own keeps. */
const DEFAULT_CACHE_BYTES = 128 * 2 ** 20;

/**
 * A cache of decoded blocks that rasters share.
 * @param maxBytes the most bytes of decoded blocks that are kept (default 128 MiB); what was used last stays
 */
export function createBlockCache(maxBytes = DEFAULT_CACHE_BYTES): BlockCache {
  return new ByteLru(maxBytes, (block) => block.byteLength);
}
