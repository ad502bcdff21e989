/**
 * `terrachip/io` in Node: the portable part, and files on disk.
 * @module
 */
export * from '../index.js';
export { FileSource } from './file.js';
export { openSource } from './open.js';
