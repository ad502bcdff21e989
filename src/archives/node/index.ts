/**
 * `terrachip/archives` in Node: the portable part, and functions that read and write files.
 * @module terrachip/archives
 */
export type { Affine, Bounds, Crs, CrsLike, GeoBox, PixelWindow } from '../../geo/index.js';
export * from '../index.js';
export { type ProcessFileOptions, type ProcessReport, processFile } from './process-file.js';
export { type OpenRapidAi4EoOptions, openRapidAi4Eo } from './rapidai4eo.js';
