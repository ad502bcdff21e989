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
} from './architecture.js';
export {
  decoderGraph,
  encoderGraph,
  isStatic,
  type WholeGraphOptions,
  wholeGraph,
} from './graph.js';
export { countParameters, findLeftovers } from './leftovers.js';
export { MODALITIES, type ModalityFacts } from './modalities.js';
export {
  type BandStatistics,
  STATISTICS,
  STATISTICS_NAMES,
  type StatisticsName,
  type StatisticsSet,
} from './statistics.js';
