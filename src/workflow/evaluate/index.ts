/** Evaluation of maps: areas, and scores against a label and baselines. */
export {
  type Assessment,
  type AssessOptions,
  assessMap,
  type EvaluateOptions,
  evaluateMap,
} from './evaluate.js';
export type {
  BaselineMetrics,
  BinaryCounts,
  BinaryScores,
  ClassMetrics,
  Metrics,
  PermanentWaterMetrics,
  ZoneMetrics,
} from './metrics.js';
export {
  AreaTally,
  type ClassArea,
  type Statistics,
  type WaterSplit,
  type ZoneStatistics,
} from './statistics.js';
