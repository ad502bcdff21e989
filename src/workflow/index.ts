/** What a person runs, as functions: each command of the CLI is one of these, with printing around it. */
export { bundledModel, type DemoOptions, type DemoReport, runDemo } from './demo/index.js';
export { type DoctorReport, diagnose } from './doctor.js';
export {
  type Assessment,
  type AssessOptions,
  assessMap,
  type BaselineMetrics,
  type BinaryCounts,
  type BinaryScores,
  type ClassArea,
  type ClassMetrics,
  type EvaluateOptions,
  evaluateMap,
  type Metrics,
  type PermanentWaterMetrics,
  type Statistics,
  type WaterSplit,
  type ZoneMetrics,
  type ZoneStatistics,
} from './evaluate/index.js';
export { type FinalizeReport, finalizeMap, finalizeRun, missingUnits, type RunRecord } from './finalize.js';
export { type InferOptions, type InferReport, infer } from './infer.js';
export { type BandReport, describeRaster, type InfoOptions, type RasterReport } from './info.js';
export { createPlan, type Plan, type PlanOptions, readPlan } from './plan.js';
export { drawRaster, type QuicklookOptions, type QuicklookReport } from './quicklook.js';
export { type TargetGrid, type WarpFileOptions, type WarpReport, warpFile } from './warp.js';
