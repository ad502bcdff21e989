/**
 * The commands of the CLI as functions, without printing. The module of each is loaded on the first call.
 */
import { lazy } from './lazy.js';

export { bundledModel } from '../inference/node/bundled.js';
export type { BandSource, CalculateOptions, CalculateReport } from './calculate.js';
export type { RowSelection } from './catalog.js';
export type {
  CatalogChipsOptions,
  CatalogInput,
  Chip,
  ChipSource,
  ChipValues,
  LoadedChip,
  SceneChipsOptions,
  StripColumn,
} from './chips/index.js';
export type { ChipMethod } from './chips/methods.js';
export type { DoctorReport } from './doctor.js';
export type {
  ChipTimes,
  EdgePolicy,
} from './embed/choices.js';
export type {
  CatalogLike,
  EmbedCatalogsOptions,
  EmbedChipsOptions,
  EmbedReport,
  EmbedRunOptions,
  EmbedScenesOptions,
} from './embed/index.js';
export type { EmbeddingPool } from './embed/pool.js';
export type {
  Assessment,
  AssessOptions,
  BaselineMetrics,
  BinaryCounts,
  BinaryScores,
  ClassArea,
  ClassMetrics,
  EvaluateOptions,
  Metrics,
  PermanentWaterMetrics,
  Statistics,
  WaterSplit,
  ZoneMetrics,
  ZoneStatistics,
} from './evaluate/index.js';
export type { FinalizeReport, RunRecord } from './finalize.js';
export type { InferOptions, InferReport } from './infer.js';
export type { BandReport, InfoOptions, RasterReport } from './info.js';
export type {
  ChosenStatistics,
  ImportOptions,
  ImportReport,
  RunModelOptions,
  RunModelReport,
} from './model/index.js';
export type { PackageOptions, PackageReport } from './package.js';
export type {
  AlignmentOptions,
  AlignmentReport,
  QuicklookOptions,
  QuicklookReport,
} from './picture/index.js';
export type { ColourMapName, IndexName } from './picture/names.js';
export type { Plan, PlanOptions } from './plan.js';
export type { PolygonizeOptions, PolygonizeReport } from './polygonize.js';
export type { RasterizeFileOptions, RasterizeReport } from './rasterize.js';
export type { CogOutputOptions, CogReport } from './stream-rows.js';
export type { TargetGrid } from './target-grid.js';
export type { WarpFileOptions, WarpReport } from './warp.js';

/** Maps a scene with a model. */
export const infer = lazy(
  () => import('./infer.js'),
  (module) => module.infer,
);

/** Makes the products of a run whose units other processes computed. */
export const finalizeRun = lazy(
  () => import('./finalize.js'),
  (module) => module.finalizeRun,
);

/** Indices of the unfinished units of a run. */
export const missingUnits = lazy(
  () => import('./finalize.js'),
  (module) => module.missingUnits,
);

/**
 * Resamples every band of a manifest bilinearly onto its grid (overlapping tiles of one band are averaged). Writes the
 * images, the mask of pixels where all bands have data, the label, the chip index and the scene file.
 * @throws {TerrachipError} INVALID_INPUT for a manifest that lacks files, units or phases
 */
export const packageManifest = lazy(
  () => import('./package.js'),
  (module) => module.packageManifest,
);

/** Warps a raster file into a COG. */
export const warpFile = lazy(
  () => import('./warp.js'),
  (module) => module.warpFile,
);

/**
 * Evaluates expressions at every pixel of some rasters and writes the results as the bands of a COG. A pixel is nodata
 * where any band of the expression is nodata.
 * @throws {TerrachipError} INVALID_INPUT for an expression that cannot be parsed, or a band that is missing or on
 *   another grid
 */
export const calculate = lazy(
  () => import('./calculate.js'),
  (module) => module.calculate,
);

/** Describes a raster: its header, and with `checksum` its pixels. */
export const describeRaster = lazy(
  () => import('./info.js'),
  (module) => module.describeRaster,
);

/** Draws a raster as PNG. @throws {TerrachipError} INVALID_OPTION, or INVALID_INPUT for missing bands */
export const drawRaster = lazy(
  () => import('./picture/raster-picture.js'),
  (module) => module.drawRaster,
);

/** Draws a scene as PNG: a row for each phase; columns for true colour, VV, VH, DEM and valid mask. */
export const drawAlignment = lazy(
  () => import('./picture/alignment.js'),
  (module) => module.drawAlignment,
);

/**
 * Writes the 4-connected areas of equal pixels of a raster as GeoJSON (RFC 7946). Outlines follow pixel edges, have
 * holes, and are not simplified apart from collinear positions.
 * @throws {TerrachipError} INVALID_INPUT for a raster that is not of integers or not georeferenced; TOO_LARGE where the
 * unfinished outlines have more than 2^27 corners at a time
 */
export const polygonizeFile = lazy(
  () => import('./polygonize.js'),
  (module) => module.polygonizeFile,
);

/**
 * Burns polygons into a COG by GDAL's rules (pixel centres, or all touched). Where polygons overlap, the last wins.
 * From a file with a spatial index, only features near the grid are read.
 * @throws {TerrachipError} INVALID_INPUT for a file without polygons or with none near the grid, and for a property
 * whose value `dtype` cannot hold; INVALID_OPTION for a `value` that it cannot hold
 */
export const rasterizeFile = lazy(
  () => import('./rasterize.js'),
  (module) => module.rasterizeFile,
);

/**
 * Measures a map, and scores it against a label if there is one. Writes into the map's folder: `statistics.json`; with a
 * label `metrics.json` and `quicklook.png` with the label's outline; with zones `zones.csv`.
 * @throws {TerrachipError} INVALID_INPUT for a folder that is not a map, or a label or zones that do not overlap it;
 * INVALID_OPTION
 */
export const assessMap = lazy(
  () => import('./evaluate/evaluate.js'),
  (module) => module.assessMap,
);

/** Compares a map with a label, pixel by pixel on the map's grid. Writes the files of `assessMap`. */
export const evaluateMap = lazy(
  () => import('./evaluate/evaluate.js'),
  (module) => module.evaluateMap,
);

/**
 * Makes a model folder from a TerraMind checkpoint: `model.onnx` and `model.json`, and with `split` `encoder.onnx` and
 * `decoder.onnx`. Tensors are read and written one by one: memory stays below twice the largest. The check of float16
 * on a sample needs the memory of a model run.
 * @throws {TerrachipError} INVALID_INPUT for a file that is not a complete TerraMind checkpoint, or has unused tensors;
 * INVALID_OPTION for options that do not fit it; DISK
 */
export const importModel = lazy(
  () => import('./model/import.js'),
  (module) => module.importModel,
);

/**
 * Runs a model on arrays, without a scene.
 * @throws {TerrachipError} INVALID_OPTION for missing or unknown inputs; INVALID_INPUT for arrays of the wrong shape or
 * type, and for NaN in normalised arrays
 */
export const runModel = lazy(
  () => import('./model/run.js'),
  (module) => module.runModel,
);

/**
 * Embeds every chip of scenes.
 * @throws {TerrachipError} as `embedChips`, `openEmbeddingModel` and `SceneChips.open`; INVALID_INPUT for two scenes
 * with the same id
 */
export const embedScenes = lazy(
  () => import('./embed/scenes.js'),
  (module) => module.embedScenes,
);

/**
 * Embeds every chip of catalogs. Chips are a regular grid over the footprints of the leading catalog's rows, at each of
 * their times. An input reads the rows whose interval overlaps the chip's; static inputs are read regardless of date.
 * @throws {TerrachipError} as `embedChips`, `openEmbeddingModel`, `CatalogChips.open`, `GeoCatalog.query` and
 * `gridSampler`; INVALID_INPUT where no row is left
 */
export const embedCatalogs = lazy(
  () => import('./embed/catalogs.js'),
  (module) => module.embedCatalogs,
);

/**
 * Embeds all chips of a source. The store is written in `OUTPUT.run/<fingerprint>` and renamed to `OUTPUT` when it is
 * complete. `resume` continues an interrupted run, with byte-identical results.
 * @throws {TerrachipError} INVALID_OPTION; INVALID_INPUT for an output that exists, or a source without chips; DISK
 */
export const embedChips = lazy(
  () => import('./embed/embed.js'),
  (module) => module.embedChips,
);

/** Reports what this machine can run: adapters, providers, optional packages. Installs nothing. */
export const diagnose = lazy(
  () => import('./doctor.js'),
  (module) => module.diagnose,
);

/** The specification of a model. @param model a folder, or the name of a bundled model */
export const readModelSpec = lazy(
  () => import('../inference/node/model-folder.js'),
  (module) => module.readModelSpec,
);

/** Chips of catalogs for a model. Close them when done. */
export type CatalogChips = import('./chips/catalog.js').CatalogChips;
export const CatalogChips = {
  open: lazy(
    () => import('./chips/catalog.js'),
    (module) => module.CatalogChips.open,
  ),
};

/** Chips of a scene for a model. Close them when done. */
export type SceneChips = import('./chips/scene.js').SceneChips;
export const SceneChips = {
  open: lazy(
    () => import('./chips/scene.js'),
    (module) => module.SceneChips.open,
  ),
};
