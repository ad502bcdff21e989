/**
 * Models: their specifications and sessions, and the runner that applies one to a scene. The ONNX runtime is an argument.
 * @module
 */
export {
  type Checkpoint,
  type CheckpointDType,
  type CheckpointTensor,
  openCheckpoint,
} from './checkpoint/index.js';
export { ChipBatch } from './chip-batch.js';
export { GpuGraph, type GpuRuntime, type GraphBytes } from './gpu-graph.js';
export { type GraphSource, HostGraph, type OnnxRuntime, type RuntimeOptions } from './host-graph.js';
export type { GraphInput, GraphResult, ModelGraph, ModelGraphs } from './model-graph.js';
export {
  answerShape,
  decidesValidity,
  type EmbeddingSpec,
  inputShape,
  MODEL_SCHEMA_VERSION,
  type ModelInput,
  type ModelSpec,
  parseModelSpec,
  type SegmentationSpec,
  timeSteps,
} from './model-spec.js';
export { type Graph, type Sink, type WriteGraphOptions, writeGraph } from './onnx/index.js';
export type { PhaseCounters } from './phases.js';
export { type RunnerCounters, type RunnerOptions, runScene, type Stage } from './runner.js';
export { ModelSession, type SessionOptions } from './session.js';
export { type SceneImage, SceneStrips, type Strip } from './strip.js';
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
