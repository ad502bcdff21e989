/**
 * `terrachip/kernels` in Node: the portable part, every EPSG code, and backends on Dawn or a pool of worker threads.
 * @module terrachip/kernels
 */
import '../../geo/node/epsg.js';

export {
  type AdapterProbe,
  type BackendChoice,
  type BackendOptions,
  createBackend,
  type NodeAdapter,
  probeAdapter,
  requestNodeAdapter,
} from '../../gpu/node/index.js';
export * from '../index.js';
