/** Prithvi-EO 2.0: architecture detection, graph, and training statistics. */
export {
  detectPrithvi,
  isPrithvi,
  type PrithviArchitecture,
  type PrithviEncoder,
  type PrithviOptions,
  TRAINING_SIZE,
} from './architecture.js';
export { PRITHVI_INPUT, prithviGraph } from './graph.js';
export { countPrithviParameters, findPrithviLeftovers } from './leftovers.js';
export {
  HLS_BANDS,
  HLS_PIXEL_SIZE,
  type HlsStatistics,
  PRITHVI_STATISTICS,
  PRITHVI_STATISTICS_NAMES,
  type PrithviStatisticsName,
  PUBLISHED_PRITHVI,
  type PublishedPrithvi,
} from './statistics.js';
