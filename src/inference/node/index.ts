/**
 * `terrachip/inference` in Node: the portable part, model folders, checkpoint files, and sessions on `onnxruntime-node` or
 * on the device of the kernels.
 * @module terrachip/inference
 */
export type { OnProgress } from '../../progress.js';
export * from '../index.js';
export { bundledModel } from './bundled.js';
export { type CheckpointFileOptions, openCheckpointFile } from './checkpoint-file.js';
export { type Execution, type ExecutionOptions, openExecution } from './execution.js';
export {
  findModel,
  type ModelFolder,
  type OpenSessionOptions,
  openEmbeddingModel,
  openModel,
  openSession,
  readModelSpec,
} from './model-folder.js';
export type { HostProviderChoice, ProviderChoice } from './provider-choice.js';
export { ResidentDevice } from './resident-device.js';
