/**
 * Vector data in Node: the portable part, and files.
 * @module
 */
export * from '../index.js';
export { GeoJsonFile } from './geojson-file.js';
export { isVectorPath, readAreas } from './read.js';
