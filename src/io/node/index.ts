/**
 * `terrachip/io` in Node: the portable part, and files on disk.
 * @module terrachip/io
 */
export * from '../index.js';
export { FileSource, openSource } from './file.js';
