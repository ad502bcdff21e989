/**
 * Byte sources with random access, and middlewares around them. Runs anywhere; Node's entry point adds files on disk.
 * @module
 */

export type { Resource } from '../resource.js';
export {
  type Access,
  type AccessRequest,
  type Authorized,
  combineAccess,
  setDefaultAccess,
} from './access.js';
export { BlobSource } from './blob-source.js';
export { type ByteSource, checkRange, MemorySource, type ReadOptions } from './byte-source.js';
export { type ByteCache, setDefaultCache } from './cache.js';
export type { HttpOptions } from './exchange.js';
export { HttpSource } from './http.js';
export type { RetryAfterUnit } from './http-errors.js';
export type { HttpCounters } from './http-request.js';
export { type BlockCacheOptions, withBlockCache } from './middleware/cache.js';
export { type CoalesceOptions, withCoalescing } from './middleware/coalesce.js';
export { type RetryOptions, withRetry } from './middleware/retry.js';
export { type OpenOptions, openUrl } from './open-url.js';
export {
  type ListOptions,
  listObjects,
  putObject,
  type S3Credentials,
  type S3Options,
  type StoredObject,
  s3Access,
  type UploadOptions,
  type UploadSource,
  uploadObject,
} from './s3/index.js';
export { Semaphore, withLimit } from './semaphore.js';
export { type RequestLimits, setRequestLimits } from './traffic.js';
export { requestBody, requestJson, type WebAnswer, type WebRequest } from './web-request.js';
