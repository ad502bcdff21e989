/** Backends in Node: Dawn's adapter, a pool of worker threads, and the choice between them. */
export { BACKEND_CHOICES, type BackendChoice, isBackendChoice } from './choice.js';
export { type BackendOptions, createBackend } from './select.js';
export {
  type AdapterProbe,
  createNodeWebGpuBackend,
  type NodeAdapter,
  probeAdapter,
  requestNodeAdapter,
  webGpuGlobals,
} from './webgpu-adapter.js';
export { WorkerExecutor } from './worker-executor.js';
export { workerFile } from './worker-file.js';
