/**
 * terrachip: satellite scenes into maps with a geospatial foundation model, on the GPU.
 * @module terrachip
 */
export type { Chip as CatalogChip, GeoCatalog, ItemSource, Predicate } from './catalog/index.js';
export type {
  BandChoice,
  LoadCounters,
  QualityMask,
  ResamplingChoice,
  RowOrder,
} from './catalog/loaders/options.js';
export { type ErrorCode, type ErrorFields, isTerrachipError, TerrachipError } from './errors.js';
export * from './geo/node/index.js';
export type { Backend, BackendCounters, BackendInfo } from './gpu/index.js';
export { type BackendChoice, type BackendOptions, createBackend } from './gpu/node/index.js';
export type {
  Architecture,
  ArchitectureOptions,
  Leftovers,
  ModelSession,
  ModelSpec,
  PhaseCounters,
  PrithviArchitecture,
  RunnerCounters,
  Strip,
} from './inference/index.js';
export type { ExecutionOptions } from './inference/node/execution.js';
export type { ModelFolder } from './inference/node/model-folder.js';
export type { HostProviderChoice } from './inference/node/provider-choice.js';
export type { BandStatistics } from './inference/terramind/statistics.js';
export type {
  Access,
  AccessRequest,
  Authorized,
  HttpOptions,
  OpenOptions,
  RetryOptions,
} from './io/index.js';
export type { Antialias, MosaicMethod, Resampling } from './kernels/index.js';
export type { OnProgress, OperationOptions, ProgressEvent, WorkPlan } from './progress.js';
export type {
  BandInfo,
  BlockCache,
  BlockCounters,
  ColourTable,
  MaskKind,
  Metadata,
  Units,
  WarpCounters,
} from './raster/index.js';
export type { CogOptions } from './raster/node/index.js';
export type { ReaderPackage } from './raster/node/packages.js';
export type { Resource } from './resource.js';
export type { LabelOptions } from './workflow/evaluate/label.js';
export * from './workflow/index.js';
export type { EmbeddingAgreement, MapAgreement } from './workflow/model/agreement.js';
export type { SampleOptions } from './workflow/model/half-precision.js';
