/**
 * `terrachip/archives` in Node: the portable part, and what reads and writes files.
 * @module terrachip/archives
 */
export * from '../index.js';
export { type ProcessFileOptions, type ProcessReport, processFile } from './process-file.js';
