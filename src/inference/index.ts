/**
 * Models: their folders, their sessions, and the runner that takes a scene through one.
 * @module
 */

export type { ChipLayout, RowRange } from '../geo/index.js';
export type { Backend, DeviceMeter, DeviceTensor, WebGpuBackend } from '../gpu/index.js';
export type { BackendChoice } from '../gpu/node/choice.js';
export type { ByteSource, OpenOptions, ReadOptions } from '../io/index.js';
export {
  type Checkpoint,
  type CheckpointDType,
  type CheckpointTensor,
  openCheckpoint,
} from './checkpoint/index.js';
export type { ChipModel } from './chip-model.js';
export type { DeviceGraph, GraphInput, GraphResult } from './device-graph.js';
export type { Embedder } from './embedder.js';
export type { GpuGraph, GpuRuntime, GraphBytes } from './gpu-graph.js';
export {
  type EmbeddingManifest,
  inputShape,
  type ModelInput,
  type ModelManifest,
  parseModelManifest,
} from './manifest.js';
export { openCheckpointFile } from './node/checkpoint-file.js';
export { type Execution, type ExecutionOptions, openExecution } from './node/execution.js';
export {
  bundledModel,
  type EmbeddingFolder,
  findModel,
  type ModelFolder,
  type OpenSessionOptions,
  openEmbedder,
  openEmbeddingModel,
  openModel,
  openSession,
} from './node/model-folder.js';
export type { HostProviderChoice, ProviderChoice } from './node/provider-choice.js';
export { ResidentDevice } from './node/resident-device.js';
export type {
  AttributeValue,
  Axis,
  ConvolutionOptions,
  GraphBuilder,
  GraphNode,
  Initializer,
  Value,
  Weight,
} from './onnx/graph.js';
export { type Graph, type Sink, type WriteGraphOptions, writeGraph } from './onnx/index.js';
export type { PhaseCounters } from './phase-encoder.js';
export type { ResidentGraphs, ResidentSession } from './resident-session.js';
export { type RunnerCounters, type RunnerOptions, runScene, type SceneImage, type Stage } from './runner.js';
export {
  type GraphSource,
  ModelSession,
  type OnnxRuntime,
  type PhaseGraphSources,
  type SessionOptions,
} from './session.js';
export type { Encoder, Merge, Modality, Pooling } from './terramind/architecture.js';
export {
  type Architecture,
  type ArchitectureOptions,
  type ChipSize,
  decoderGraph,
  detectArchitecture,
  encoderGraph,
  findLeftovers,
  type Leftovers,
  type TerramindGraph,
  type WholeGraphOptions,
  wholeGraph,
} from './terramind/index.js';
