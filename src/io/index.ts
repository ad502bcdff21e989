/**
 * Every byte in: sources of random access, and what can be laid around them. Node's files lie in `node/`. Zip files are
 * asked for by name (`zip.ts`): bundlers for browsers refuse the package that reads them, which names a module of Node's.
 */
export { onAbort, untilAborted, withTaskSignal } from './abort.js';
export { ByteLru } from './byte-lru.js';
export { type ByteSource, checkRange, MemorySource, type ReadOptions, requireAtMost } from './byte-source.js';
export { crc32c } from './crc32c.js';
export { HttpSource } from './http.js';
export { type HttpCounters, type HttpOptions, publicUrl, setLeastRate } from './http-request.js';
export { checkKey, leavesStore } from './key.js';
export { type BlockCacheOptions, withBlockCache } from './middleware/cache.js';
export { type CoalesceOptions, withCoalescing } from './middleware/coalesce.js';
export { withLimit } from './middleware/limit.js';
export { type RetryOptions, retrying, withRetry } from './middleware/retry.js';
export { mayName } from './nearness.js';
export { isUrl, type OpenOptions, openUrl } from './open-url.js';
export { foreignAddress, isAddress } from './schemes.js';
export { mapConcurrently, Semaphore } from './semaphore.js';
