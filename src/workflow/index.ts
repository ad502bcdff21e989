/**
 * The commands of the CLI as functions, without printing. The module of each is loaded on the first call.
 */
export type {
  LandCoverClass,
  PlaceRegions,
  RapidAi4EoProduct,
  RegionNames,
  RegionShare,
} from '../archives/index.js';
export type { ProcessFileOptions, ProcessReport } from '../archives/node/index.js';
export type { Weights } from '../inference/checkpoint/index.js';
export type { Activation, InputLayout } from '../inference/model-spec.js';
export { bundledModel } from '../inference/node/bundled.js';
export type { StoredObject } from '../io/index.js';
export type { DiskPlan } from '../io/node/disk-space.js';
export type { AcquiredPhase, AcquiredScene, AcquireOptions, AcquireReport } from './acquire/acquire.js';
export type { BandSource, CalculateOptions, CalculateReport } from './calculate.js';
export type { RowSelection } from './catalog.js';
export type { RowGrid } from './catalog-grid.js';
export type { CatalogChipsOptions, LoadedChip } from './chips/catalog.js';
export type { CatalogInput } from './chips/catalog-input.js';
export type { SceneChipsOptions } from './chips/scene.js';
export type { ChipSource, ChipValues, ModelChip, StripColumn } from './chips/source.js';
export type {
  ChipFormat,
  ChipMethod,
  ChipSampler,
  ChipTimes,
  ColourMapName,
  EdgePolicy,
  EmbeddingPool,
  IndexName,
  LegendName,
  MapTask,
  MaskWord,
  ModelPrecision,
  PackageFormat,
  PolygonFormat,
  ZonalTimes,
  ZoneCoverage,
} from './choices.js';
export type { CopyOptions, CopyReport, FileList, ListFilesOptions } from './copy.js';
export type { DoctorReport } from './doctor.js';
export type { CatalogLike, EmbedCatalogsOptions } from './embed/catalogs.js';
export type { EmbedChipsOptions, EmbedReport } from './embed/embed.js';
export type { EmbedRunOptions } from './embed/run.js';
export type { EmbedScenesOptions } from './embed/scenes.js';
export type { Assessment, AssessOptions, EvaluateMapOptions } from './evaluate/evaluate.js';
export type { LabelMetrics } from './evaluate/labels.js';
export type {
  BaselineMetrics,
  BinaryCounts,
  BinaryScores,
  ClassMetrics,
  Metrics,
  PermanentWaterMetrics,
  ZoneMetrics,
} from './evaluate/metrics.js';
export type { ValueMetrics } from './evaluate/regression.js';
export type {
  ClassArea,
  Statistics,
  ValueStatistics,
  WaterSplit,
  ZoneStatistics,
} from './evaluate/statistics.js';
export type { FinalizeOptions, FinalizeReport, GpuIdentity, ProductOptions, RunRecord } from './finalize.js';
export type { InferOptions, InferReport } from './infer.js';
export type { BandReport, InfoOptions, RasterReport } from './info.js';
export type { InferMapsOptions, WorkerOptions } from './jobs/infer.js';
export type { JobScene, MapJob, MapJobOptions } from './jobs/job.js';
export type { PlanMapsOptions, PlanMapsReport, PlannedScene } from './jobs/plan.js';
export type { SlurmOptions } from './jobs/slurm.js';
export type { SubmitOptions, SubmitReport, SubmittedJob } from './jobs/submit.js';
export type { LandCoverOptions, LandCoverReport, RegionOptions, RegionReport } from './land-cover.js';
export type { MemoryOptions, MemoryPart, MemoryPlan } from './memory.js';
export type { ChosenStatistics } from './model/checkpoint-model.js';
export type { HalfPrecisionReport } from './model/half-precision.js';
export type { ImportOptions, ImportReport } from './model/import.js';
export type { OnnxOptions, OnnxReport } from './model/import-onnx.js';
export type { OnnxInputOptions } from './model/onnx-input.js';
export type { PerInput } from './model/onnx-metadata.js';
export type { OnnxOutputOptions } from './model/onnx-output.js';
export type { RunModelOptions, RunModelReport } from './model/run.js';
export type {
  MosaicCatalogOptions,
  MosaicCounters,
  MosaicPlan,
  MosaicReport,
} from './mosaic/options.js';
export type { PackagedChips } from './package/form.js';
export type { PackageOptions, PackageReport } from './package.js';
export type { AlignmentOptions, AlignmentReport } from './picture/alignment.js';
export type { PairOptions, PairReport } from './picture/pair.js';
export type { QuicklookOptions, QuicklookReport } from './picture/raster-picture.js';
export type { Plan, PlanOptions } from './plan.js';
export type { PolygonizeOptions, PolygonizeReport } from './polygonize.js';
export type { ProcessGridOptions } from './process.js';
export type {
  IndexRapidAi4EoOptions,
  IndexRapidAi4EoReport,
  ListRapidAi4EoOptions,
  ListRapidAi4EoReport,
} from './rapidai4eo.js';
export type { RasterizeFileOptions, RasterizeReport } from './rasterize.js';
export type { ReportFile, ReportOptions } from './report/report.js';
export type { RequestOptions } from './scene.js';
export type { SceneInitOptions, SceneInitReport } from './scene-init.js';
export type { CogOutputOptions, CogReport } from './stream-rows.js';
export type { TargetGrid } from './target-grid.js';
export type {
  ChipClass,
  ChipImages,
  ChipLabels,
  ChipPlaces,
  ChipSplit,
  ExportChipsOptions,
  ExportChipsReport,
} from './training/options.js';
export type { View, ViewOptions, ViewReport } from './view/view.js';
export type { WarpFileOptions, WarpReport } from './warp.js';
export type { ZonalSourceOptions } from './zonal/catalog-source.js';
export type { ZonalLayers } from './zonal/layers.js';
export type { ZonalPlotOptions, ZonalPlotReport } from './zonal/plot.js';
export type { ZonalStatistic } from './zonal/statistics.js';
export type { ZonalFileOptions, ZonalOptions, ZonalReport, ZonalRow } from './zonal/zonal.js';

/** Calls an asynchronous function of a module, which is loaded on the first call. */
function lazy<Parameters extends unknown[], Result>(
  load: () => Promise<(...parameters: Parameters) => Promise<Result>>,
): (...parameters: Parameters) => Promise<Result> {
  return async (...parameters) => (await load())(...parameters);
}

/** Copies a file between disks, web servers and object stores. */
export const copyFile = lazy(async () => (await import('./copy.js')).copyFile);

/** Lists the objects of a bucket of S3. */
export const listFiles = lazy(async () => (await import('./copy.js')).listFiles);

/** Maps a scene with a model. */
export const infer = lazy(async () => (await import('./infer.js')).infer);

/**
 * Maps several scenes with a model, each into a folder of `output` with the name of the scene's id. Shards divide the units
 * of all scenes.
 * @throws {TerrachipError} as `infer`; INVALID_INPUT for scenes of one id, or one that cannot name a folder
 */
export const inferMaps = lazy(async () => (await import('./jobs/infer.js')).inferMaps);

/**
 * Computes a shard of a job that `planMaps` planned. Finished units are kept.
 * @throws {TerrachipError} as `infer`; NOT_FOUND for a folder without a plan; INVALID_INPUT for inputs and options that
 * changed since
 */
export const inferPlanned = lazy(async () => (await import('./jobs/infer.js')).inferPlanned);

/**
 * Plans a job of one or more scenes: checks them with the model, counts the units, and writes `OUTPUT.run/job.json`. Nothing
 * is computed, and no GPU is needed.
 * @throws {TerrachipError} as `infer`; INVALID_INPUT for another plan of the same output without `overwrite`
 */
export const planMaps = lazy(async () => (await import('./jobs/plan.js')).planMaps);

/**
 * Submits a planned job to Slurm: an array of shards with missing units, and a job that writes the products afterwards.
 * @throws {TerrachipError} NOT_FOUND for a folder without a plan; MISSING_DEPENDENCY without sbatch; INVALID_INPUT where it
 * refuses a job; INVALID_OPTION
 */
export const submitJob = lazy(async () => (await import('./jobs/submit.js')).submitJob);

/** Makes the products of a run whose units other processes computed. */
export const finalizeRun = lazy(async () => (await import('./run-folder.js')).finalizeRun);

/** Makes the products of all maps of a job, each in its folder. */
export const finalizeMaps = lazy(async () => (await import('./run-folder.js')).finalizeMaps);

/** Indices of the unfinished units of a run, or of all maps of a job. */
export const missingUnits = lazy(async () => (await import('./run-folder.js')).missingUnits);

/** Indices of the shards that have unfinished units, for a number of shards. */
export const missingShards = lazy(async () => (await import('./run-folder.js')).missingShards);

/**
 * Chooses the scenes of an event from STAC APIs or catalogs, and writes the manifest that `packageManifest` reads.
 * Addresses in it are not signed.
 * @throws {TerrachipError} INVALID_INPUT for an event file that is not valid, and for a phase without a scene unless
 * `allowMissing` is given; NETWORK and what else the catalogs throw
 */
export const acquire = lazy(async () => (await import('./acquire/acquire.js')).acquire);

/**
 * Resamples every band of a manifest bilinearly onto its grid (overlapping tiles of one band are averaged). Writes the
 * images, the mask of pixels where all bands have data, the label, the chip index and the scene file.
 * @throws {TerrachipError} INVALID_INPUT for a manifest that lacks files, units or phases
 */
export const packageManifest = lazy(async () => (await import('./package.js')).packageManifest);

/**
 * Requests a raster from the Process API of the Copernicus Data Space, on a chosen grid.
 * @throws {TerrachipError} as `processFile` of `terrachip/archives`; TOO_LARGE
 */
export const processGrid = lazy(async () => (await import('./process.js')).processGrid);

/** Warps a raster file into a COG. */
export const warpFile = lazy(async () => (await import('./warp.js')).warpFile);

/**
 * Evaluates expressions at every pixel of some rasters and writes the results as the bands of a COG. A pixel is nodata
 * where any band of the expression is nodata.
 * @throws {TerrachipError} INVALID_INPUT for an expression that cannot be parsed, or a band that is missing or on
 *   another grid
 */
export const calculate = lazy(async () => (await import('./calculate.js')).calculate);

/** Describes a raster: its header, and with `checksum` its pixels. */
export const describeRaster = lazy(async () => (await import('./info.js')).describeRaster);

/**
 * Writes the scene file of some rasters. Inputs, bands, dates and units come from the files, their names or the options;
 * the report lists what was assumed.
 * @throws {TerrachipError} INVALID_INPUT for a raster that is not known to be an input, has bands without names, or
 *   values that its units cannot have; INVALID_OPTION for unknown units
 */
export const initScene = lazy(async () => (await import('./scene-init.js')).initScene);

/** Draws a raster as PNG. @throws {TerrachipError} INVALID_OPTION, or INVALID_INPUT for missing bands */
export const drawRaster = lazy(async () => (await import('./picture/raster-picture.js')).drawRaster);

/** Draws a scene as PNG: a row for each phase; columns for true colour, VV, VH, DEM and valid mask. */
export const drawAlignment = lazy(async () => (await import('./picture/alignment.js')).drawAlignment);

/**
 * Writes the 4-connected areas of equal pixels of a raster as GeoJSON (RFC 7946). Outlines follow pixel edges, have
 * holes, and are not simplified apart from collinear positions.
 * @throws {TerrachipError} INVALID_INPUT for a raster that is not of integers or not georeferenced; TOO_LARGE where the
 * unfinished outlines have more than 2^27 corners at a time
 */
export const polygonizeFile = lazy(async () => (await import('./polygonize.js')).polygonizeFile);

/**
 * Burns polygons into a COG by GDAL's rules (pixel centres, or all touched). Where polygons overlap, the last wins.
 * From a file with a spatial index, only features near the grid are read.
 * @throws {TerrachipError} INVALID_INPUT for a file without polygons or with none near the grid, and for a property
 * whose value `dtype` cannot hold; INVALID_OPTION for a `value` that it cannot hold
 */
export const rasterizeFile = lazy(async () => (await import('./rasterize.js')).rasterizeFile);

/**
 * Measures a map, and scores it against a label if there is one. Writes into the map's folder: `statistics.json`; with a
 * label `metrics.json` and `quicklook.png` with the label's outline; with zones `zones.csv`.
 * @throws {TerrachipError} INVALID_INPUT for a folder that is not a map, or a label or zones that do not overlap it;
 * INVALID_OPTION
 */
export const assessMap = lazy(async () => (await import('./evaluate/evaluate.js')).assessMap);

/** Compares a map with a label, pixel by pixel on the map's grid. Writes the files of `assessMap`. */
export const evaluateMap = lazy(async () => (await import('./evaluate/evaluate.js')).evaluateMap);

/**
 * Computes statistics of the pixels inside of polygons, as rows in memory: by date, then by zone, then by band or
 * expression. The raster is read in strips, and only where zones lie. Edges of zones in another CRS are projected as curves.
 * Percentiles and majorities are exact: above two million distinct values, they are sorted in a temporary file.
 * @throws {TerrachipError} INVALID_INPUT for a file without polygons or with none on the raster, and for a band or
 * expression that is not there; INVALID_OPTION; DISK
 */
export const zonalStatistics = lazy(async () => (await import('./zonal/zonal.js')).zonalStatistics);

/** As `zonalStatistics`, into a file: CSV, Parquet, or with outlines GeoParquet, GeoJSON or FlatGeobuf. */
export const zonalFile = lazy(async () => (await import('./zonal/zonal.js')).zonalFile);

/**
 * Combines the rows of a catalog at a place and a time on one grid, without masked pixels: a cloud-free composite. Written
 * into a COG or a Zarr store, tile by tile: memory depends on the width of the grid and on the rows over a tile, not on the
 * height of the grid or the number of rows. Expressions are computed for each row, then combined.
 * @throws {TerrachipError} INVALID_INPUT where no row is left, a row lacks a band, or its quality band is not filled;
 * INVALID_OPTION; TOO_LARGE before any pixel is read for more than `memory` or `maxPixels`; DISK
 */
export const mosaicCatalog = lazy(async () => (await import('./mosaic/mosaic.js')).mosaicCatalog);

/**
 * Draws a series of `zonalStatistics` as PNG or SVG: a line over time for each of the first seven zones, a panel for each of
 * the first four bands. A date without data has no marker; the line goes on to the next date.
 * @throws {TerrachipError} INVALID_INPUT for rows without dates, and a `label` that no zone has; INVALID_OPTION for a
 * statistic that the rows do not have; DISK
 */
export const plotZonalSeries = lazy(async () => (await import('./zonal/plot.js')).plotZonalSeries);

/**
 * Makes a model folder from a TerraMind checkpoint: `model.onnx` and `model.json`, and with `split` `encoder.onnx` and
 * `decoder.onnx`. Tensors are read and written one by one: memory stays below twice the largest. The check of float16
 * on a sample needs the memory of a model run.
 * @throws {TerrachipError} INVALID_INPUT for a file that is not a complete checkpoint of a known family, or has unused tensors;
 * INVALID_OPTION for options that do not fit it; DISK
 */
export const importModel = lazy(async () => (await import('./model/import.js')).importModel);

/**
 * Runs a model on arrays, without a scene.
 * @throws {TerrachipError} INVALID_OPTION for missing or unknown inputs; INVALID_INPUT for arrays of the wrong shape or
 * type, and for NaN in normalised arrays
 */
export const runModel = lazy(async () => (await import('./model/run.js')).runModel);

/**
 * Embeds every chip of scenes.
 * @throws {TerrachipError} as `embedChips`, `openEmbeddingModel` and `SceneChips.open`; INVALID_INPUT for two scenes
 * with the same id
 */
export const embedScenes = lazy(async () => (await import('./embed/scenes.js')).embedScenes);

/**
 * Embeds every chip of catalogs. Chips are a regular grid over the footprints of the leading catalog's rows, at each of
 * their times. An input reads the rows whose interval overlaps the chip's; static inputs are read regardless of date.
 * @throws {TerrachipError} as `embedChips`, `openEmbeddingModel`, `CatalogChips.open`, `GeoCatalog.query` and
 * `gridSampler`; INVALID_INPUT where no row is left
 */
export const embedCatalogs = lazy(async () => (await import('./embed/catalogs.js')).embedCatalogs);

/**
 * Embeds all chips of a source. The store is written in `OUTPUT.run/<fingerprint>` and renamed to `OUTPUT` when it is
 * complete. `resume` continues an interrupted run, with byte-identical results.
 * @throws {TerrachipError} INVALID_OPTION; INVALID_INPUT for an output that exists, or a source without chips; DISK
 */
export const embedChips = lazy(async () => (await import('./embed/embed.js')).embedChips);

/**
 * Writes training chips of a catalog: an image and a label for each, as GeoTIFF, `.npy` or Zarr; an index in GeoParquet with
 * places, times, splits and class shares; and the statistics of the split train. The folder is written in
 * `OUTPUT.run/<fingerprint>` and renamed to `OUTPUT` when it is complete. `resume` continues an interrupted run, with
 * byte-identical results.
 * @throws {TerrachipError} INVALID_OPTION for options that do not fit each other; INVALID_INPUT for an output that exists, a
 * selection without rows or chips, labels that are no classes, or `resume` with other options than before, which it names;
 * DISK; as `loadRaster`, `spatialFolds` and the samplers
 */
export const exportChips = lazy(async () => (await import('./training/export.js')).exportChips);

/** Reports what this machine can run: adapters, providers, optional packages. Installs nothing. */
export const diagnose = lazy(async () => (await import('./doctor.js')).diagnose);

/** The specification of a model. @param model a folder, or the name of a bundled model */
export const readModelSpec = lazy(
  async () => (await import('../inference/node/model-folder.js')).readModelSpec,
);

/** Chips of catalogs for a model. Close them when done. */
export type CatalogChips = import('./chips/catalog.js').CatalogChips;
export const CatalogChips = {
  open: lazy(async () => (await import('./chips/catalog.js')).CatalogChips.open),
};

/** Chips of a scene for a model. Close them when done. */
export type SceneChips = import('./chips/scene.js').SceneChips;
export const SceneChips = {
  open: lazy(async () => (await import('./chips/scene.js')).SceneChips.open),
};

/**
 * Writes the locations of the RapidAI4EO corpus as a catalog, with the share of each class of CORINE Land Cover as
 * `clc_312` and of each group of level 2 as `clc_31`, from 0 to 1.
 * @throws {TerrachipError} INVALID_INPUT for files that are something else or damaged; NETWORK
 */
export const indexRapidAi4Eo = lazy(async () => (await import('./rapidai4eo.js')).indexRapidAi4Eo);

/**
 * Lists the images of some locations of RapidAI4EO: addresses in a text file, or a catalog.
 * @throws {TerrachipError} INVALID_INPUT, INVALID_OPTION, or TOO_LARGE for a catalog of more than a million images
 */
export const listRapidAi4Eo = lazy(async () => (await import('./rapidai4eo.js')).listRapidAi4Eo);

/**
 * Writes the CLC+ Backbone label of a patch of the SSP Cloud, or of a box, from a Web Coverage Service: as `.npy` of shape
 * (y, x) or as COG, with a class from 1 to 10 a pixel and 0 where there is none.
 * @throws {TerrachipError} INVALID_OPTION, INVALID_INPUT for an answer that is something else, NETWORK
 */
export const writeLandCover = lazy(async () => (await import('./land-cover.js')).writeLandCover);

/**
 * Names the regions that a patch of the SSP Cloud or a raster lies in, with areas on the ground in km².
 * @throws {TerrachipError} INVALID_INPUT, NOT_FOUND, NETWORK
 */
export const nameRegions = lazy(async () => (await import('./land-cover.js')).nameRegions);

/**
 * Draws an image and its label side by side as PNG, with a legend of the classes.
 * @throws {TerrachipError} INVALID_INPUT for a label of another size, INVALID_OPTION for bands that are not there
 */
export const drawPair = lazy(async () => (await import('./picture/pair.js')).drawPair);

/**
 * Serves a map of rasters, of the layers of a map that `infer` wrote, or of the rasters of one catalog, to a browser on this
 * machine: on the loopback address only, at an address with a random token. Dispose of the view to end it.
 * @throws {TerrachipError} INVALID_OPTION for a port that is taken; INVALID_INPUT for a raster without a place; as
 * `openRaster` and `loadCatalog`
 */
export const startView = lazy(async () => (await import('./view/view.js')).startView);

/** Writes the folder of a map as one HTML page that opens without a network. */
export const writeReport = lazy(async () => (await import('./report/report.js')).writeReport);
