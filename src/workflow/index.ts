/** What a person runs, as functions: each command of the CLI is one of these, with printing around it. */

export { bundledModel, readModelSpec } from '../inference/node/index.js';
export {
  type BandSource,
  type CalculateOptions,
  type CalculateReport,
  calculate,
} from './calculate.js';
export type { RowSelection } from './catalog.js';
export {
  CatalogChips,
  type CatalogChipsOptions,
  type CatalogInput,
  type Chip,
  type ChipMethod,
  type ChipSource,
  type ChipValues,
  type LoadedChip,
  SceneChips,
  type SceneChipsOptions,
  type StripColumn,
} from './chips/index.js';
export { type DoctorReport, diagnose } from './doctor.js';
export {
  type CatalogLike,
  type ChipTimes,
  type EdgePolicy,
  type EmbedCatalogsOptions,
  type EmbedChipsOptions,
  type EmbeddingPool,
  type EmbedReport,
  type EmbedRunOptions,
  type EmbedScenesOptions,
  embedCatalogs,
  embedChips,
  embedScenes,
} from './embed/index.js';
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
export { type FinalizeReport, finalizeRun, missingUnits, type RunRecord } from './finalize.js';
export { type InferOptions, type InferReport, infer } from './infer.js';
export { type BandReport, describeRaster, type InfoOptions, type RasterReport } from './info.js';
export {
  type ChosenStatistics,
  type ImportOptions,
  type ImportReport,
  importModel,
  type RunModelOptions,
  type RunModelReport,
  runModel,
} from './model/index.js';
export { type PackageOptions, type PackageReport, packageManifest } from './package.js';
export {
  type AlignmentOptions,
  type AlignmentReport,
  type ColourMapName,
  drawAlignment,
  drawRaster,
  type IndexName,
  type QuicklookOptions,
  type QuicklookReport,
} from './picture/index.js';
export type { Plan, PlanOptions } from './plan.js';
export { type PolygonizeOptions, type PolygonizeReport, polygonizeFile } from './polygonize.js';
export { type RasterizeFileOptions, type RasterizeReport, rasterizeFile } from './rasterize.js';
export type { CogOutputOptions, CogReport } from './stream-rows.js';
export type { TargetGrid } from './target-grid.js';
export { type WarpFileOptions, type WarpReport, warpFile } from './warp.js';
