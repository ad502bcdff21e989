/**
 * `terrachip/geo` in Node: the portable part, every EPSG code, and ndarray views.
 * @module terrachip/geo
 */
import './epsg.js';

export * from '../index.js';
export { fromNdarray, statistics, type TensorStatistics, toNdarray } from './ndarray.js';
