/**
 * Vector data in Node: the portable part, and files.
 * @module
 */
export * from '../index.js';
export { GEODATABASE_PACKAGE } from './geodatabase.js';
export { GeoJsonFile } from './geojson-file.js';
export { isVectorPath, type ReadVectorOptions, readAreas, readFeatures } from './read.js';
