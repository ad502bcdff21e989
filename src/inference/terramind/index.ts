/** TerraMind: architecture detection, graphs, and training statistics. */
export {
  type Architecture,
  type ArchitectureOptions,
  detectArchitecture,
  type Encoder,
  MERGES,
  type Merge,
  type Modality,
  PATCH,
  POOLINGS,
  type Pooling,
} from './architecture.js';
export {
  type ChipSize,
  decoderGraph,
  encoderGraph,
  isStatic,
  type TerramindGraph,
  type WholeGraphOptions,
  wholeGraph,
} from './graph.js';
export { countParameters, findLeftovers, type Leftovers } from './leftovers.js';
export { MODALITIES, type ModalityFacts } from './modalities.js';
export {
  type BandStatistics,
  STATISTICS,
  STATISTICS_NAMES,
  type StatisticsName,
  type StatisticsSet,
} from './statistics.js';
