/**
 * Models: their specifications and sessions, and the runner that applies one to a scene. The ONNX runtime is an argument.
 * @module
 */

export type { ChipLayout, GeoTensor, RowRange } from '../geo/index.js';
export type { Backend, DeviceMeter, DeviceTensor, WebGpuBackend } from '../gpu/index.js';
export type { BackendChoice } from '../gpu/node/choice.js';
export type { ByteSource, OpenOptions, ReadOptions } from '../io/index.js';
export type { Resource } from '../resource.js';
export {
  type Checkpoint,
  type CheckpointDType,
  type CheckpointOptions,
  type CheckpointTensor,
  openCheckpoint,
  type Weights,
} from './checkpoint/index.js';
export { ChipBatch } from './chip-batch.js';
export type { GpuGraph, GpuRuntime, GraphBytes } from './gpu-graph.js';
export { HostGraph } from './host-graph.js';
export type {
  ArraySession,
  GraphSource,
  HostArray,
  NumberType,
  OnnxRuntime,
  RuntimeOptions,
} from './host-session.js';
export { type MapTensorOptions, mapTensor } from './map-tensor.js';
export type { DeclaredTensor, GraphInput, GraphResult, ModelGraph, ModelGraphs } from './model-graph.js';
export {
  type Activation,
  type EmbeddingLayout,
  type EmbeddingSpec,
  type InputLayout,
  inputShape,
  type MapSpec,
  type ModelClass,
  type ModelInput,
  type ModelInputDocument,
  type ModelSpec,
  type OutputLayout,
  parseModelSpec,
  type RegressionSpec,
  type SegmentationSpec,
} from './model-spec.js';
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
export {
  type Graph,
  type Sink,
  type WriteGraphOptions,
  writeGraph,
} from './onnx/index.js';
export type { PhaseCounters } from './phases.js';
export {
  detectPrithvi,
  findPrithviLeftovers,
  type PrithviArchitecture,
  type PrithviEncoder,
  type PrithviOptions,
  prithviGraph,
} from './prithvi/index.js';
export { type RunnerCounters, type RunnerOptions, runScene, type Stage, type Wait } from './runner.js';
export { ModelSession, type SessionOptions } from './session.js';
export { type SceneImage, SceneStrips, type Strip } from './strip.js';
export type { Encoder, Merge, Modality } from './terramind/architecture.js';
export {
  type Architecture,
  type ArchitectureOptions,
  decoderGraph,
  detectArchitecture,
  encoderGraph,
  findLeftovers,
  type WholeGraphOptions,
  wholeGraph,
} from './terramind/index.js';
export type {
  CheckpointGraph,
  ChipSize,
  Decoder,
  Leftovers,
  PhasePooling,
  Pooling,
  Segmentation,
} from './vit/index.js';
