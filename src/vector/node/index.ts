/**
 * `terrachip/vector` in Node: the portable part, any EPSG code, and files of many formats.
 * @module terrachip/vector
 */
import '../../geo/node/epsg.js';

export type { CrsLike } from '../../geo/index.js';
export type { OpenOptions } from '../../io/index.js';
export * from '../index.js';
export type { PropertyType, PropertyTypes } from '../polygon-encoder.js';
export { PolygonFile } from './polygon-file.js';
export { isVectorPath, type ReadVectorOptions, readAreas, readFeatures } from './read.js';
