/**
 * Protocols of archives that are known by name: how their files are signed, searched and ordered. Runs in any
 * environment; the entry point for Node adds files on disk.
 * @module
 */

export { type Dated, Expiring } from './expiring.js';
export * from './rapidai4eo/index.js';
