/**
 * Models: their folders, their sessions, and the runner that takes a scene through one.
 * @module
 */
export {
  type Checkpoint,
  type CheckpointDType,
  type CheckpointTensor,
  openCheckpoint,
} from './checkpoint/index.js';
export { Embedder } from './embedder.js';
export {
  decidesValidity,
  type EmbeddingManifest,
  inputShape,
  MODEL_SCHEMA_VERSION,
  type ModelInput,
  type ModelManifest,
  parseEmbeddingManifest,
  parseManifest,
  parseModelManifest,
  timeSteps,
} from './manifest.js';
export { openCheckpointFile } from './node/checkpoint-file.js';
export {
  type EmbeddingFolder,
  type ModelFolder,
  type OpenSessionOptions,
  openEmbedder,
  openEmbeddingModel,
  openModel,
  openSession,
} from './node/model-folder.js';
export { availableProviders, loadOnnxRuntime } from './node/onnx-runtime.js';
export { PROVIDER_CHOICES, type ProviderChoice } from './node/provider-choice.js';
export type { PhaseCounters } from './phase-encoder.js';
export { type RunnerCounters, type RunnerOptions, runScene, type SceneImage, type Stage } from './runner.js';
export {
  type GraphSource,
  ModelSession,
  type OnnxRuntime,
  type PhaseGraphSources,
  type SessionOptions,
} from './session.js';
