/**
 * `terrachip/archives` in Node: the portable part, and what reads and writes files.
 * @module terrachip/archives
 */
export * from '../index.js';
export { type OpenRapidAi4EoOptions, openRapidAi4Eo } from './rapidai4eo.js';
