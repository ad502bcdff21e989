/**
 * `terrachip/geo` in Node: the portable part, any EPSG code, and views as ndarrays.
 * @module terrachip/geo
 */
import './epsg.js';

export * from '../index.js';
export { fromNdarray, statistics, type TensorStatistics, toNdarray } from './ndarray.js';
