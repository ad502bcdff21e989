/**
 * `terrachip/io` in Node: the portable part, and files on disk.
 * @module terrachip/io
 */
export * from '../index.js';
export { DiskCache, type DiskCacheOptions } from './disk-cache.js';
export { FileSource, openSource } from './file.js';
