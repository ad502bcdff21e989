/**
 * What a person runs, as functions: each command of the CLI is one of these, with printing around it. The code of each
 * is loaded when it is first called.
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

/** Indices of the units of a run that are not done. */
export const missingUnits = lazy(
  () => import('./finalize.js'),
  (module) => module.missingUnits,
);

/**
 * Resamples every band of a manifest bilinearly onto its grid (tiles of one band are averaged where they overlap),
 * and writes the images, the mask of pixels where all have data, the label, the chip index and the scene file.
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
 * Evaluates expressions at every pixel of some rasters and writes the results as the bands of a COG. A pixel without
 * data in a band that an expression uses has none in the result.
 * @throws {TerrachipError} INVALID_INPUT for an expression that cannot be read, or a band that is not there or on
 *   another grid
 */
export const calculate = lazy(
  () => import('./calculate.js'),
  (module) => module.calculate,
);

/** Describes a raster by its headers, and by its pixels where asked for. */
export const describeRaster = lazy(
  () => import('./info.js'),
  (module) => module.describeRaster,
);

/** Draws a raster. @throws {TerrachipError} INVALID_OPTION, or INVALID_INPUT for bands that it lacks */
export const drawRaster = lazy(
  () => import('./picture/raster-picture.js'),
  (module) => module.drawRaster,
);

/** Draws the phases of a scene × true colour, VV, VH, DEM and valid mask, all on the scene's grid. */
export const drawAlignment = lazy(
  () => import('./picture/alignment.js'),
  (module) => module.drawAlignment,
);

/**
 * Writes the 4-connected areas of equal pixels of a raster as GeoJSON (RFC 7946): along pixel edges, with holes,
 * nothing simplified but positions on straight lines.
 * @throws {TerrachipError} INVALID_INPUT for a raster of another type or without a place; TOO_LARGE where the outlines
 * of areas that are open at a time have more than 2^27 corners
 */
export const polygonizeFile = lazy(
  () => import('./polygonize.js'),
  (module) => module.polygonizeFile,
);

/**
 * Burns polygons by one of GDAL's two rules into a COG; of polygons that overlap, the last wins.
 * Of a file with an index only what touches the grid is read.
 * @throws {TerrachipError} INVALID_INPUT for a file that holds no polygons, none near the grid, or a property that is no number
 * which the type holds; INVALID_OPTION for a value that it does not hold
 */
export const rasterizeFile = lazy(
  () => import('./rasterize.js'),
  (module) => module.rasterizeFile,
);

/**
 * Measures a map, and scores it where there is a label. Writes `statistics.json`, with a label `metrics.json` and
 * `quicklook.png` with the label's outline, with zones `zones.csv` into the map's folder.
 * @throws {TerrachipError} INVALID_INPUT for what is not a map, or does not overlap it; INVALID_OPTION
 */
export const assessMap = lazy(
  () => import('./evaluate/evaluate.js'),
  (module) => module.assessMap,
);

/** Compares a map with a label, each pixel of the map's grid once. Writes what `assessMap` writes. */
export const evaluateMap = lazy(
  () => import('./evaluate/evaluate.js'),
  (module) => module.evaluateMap,
);

/**
 * Makes a model folder of a TerraMind checkpoint: `model.onnx` and `model.json`, and with `split` `encoder.onnx` and
 * `decoder.onnx`. Tensors are read and written one by one: memory stays below twice the largest. Trying float16 on a
 * sample takes what the model takes to run.
 * @throws {TerrachipError} INVALID_INPUT for what is no complete TerraMind checkpoint, or has tensors left over;
 * INVALID_OPTION for options that do not fit it; DISK
 */
export const importModel = lazy(
  () => import('./model/import.js'),
  (module) => module.importModel,
);

/**
 * Runs a model on arrays, without a scene around them.
 * @throws {TerrachipError} INVALID_OPTION for inputs that are missing or too many; INVALID_INPUT for arrays of the
 * wrong shape or type, and for NaN in normalised ones
 */
export const runModel = lazy(
  () => import('./model/run.js'),
  (module) => module.runModel,
);

/**
 * Embeds every chip of scenes.
 * @throws {TerrachipError} as `embedChips`, `openEmbeddingModel` and `SceneChips.open`; INVALID_INPUT for two scenes of
 * one id, whose chips could not be told apart
 */
export const embedScenes = lazy(
  () => import('./embed/scenes.js'),
  (module) => module.embedScenes,
);

/**
 * Embeds every chip of catalogs: a regular grid over the outlines of the leading catalog's rows, each place at each of
 * their times. An input sees the rows whose time meets the chip's; what does not change with time is read whatever its date.
 * @throws {TerrachipError} as `embedChips`, `openEmbeddingModel`, `CatalogChips.open`, `GeoCatalog.query` and
 * `gridSampler`; INVALID_INPUT where no row is left
 */
export const embedCatalogs = lazy(
  () => import('./embed/catalogs.js'),
  (module) => module.embedCatalogs,
);

/**
 * Embeds all chips of a source. The store is made in `OUTPUT.run/<fingerprint>` and appears under its name when it is
 * whole; a run that ended early goes on with `resume`, to the same bytes.
 * @throws {TerrachipError} INVALID_OPTION; INVALID_INPUT for an output that exists, or a source without chips; DISK
 */
export const embedChips = lazy(
  () => import('./embed/embed.js'),
  (module) => module.embedChips,
);

/** Finds out what this machine can run: adapters, providers, optional packages. Installs nothing. */
export const diagnose = lazy(
  () => import('./doctor.js'),
  (module) => module.diagnose,
);

/** The specification of a model. @param model a folder, or the name of a model that comes with the package */
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
