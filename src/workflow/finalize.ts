/** Writes the products of a map from the units of a run, streamed by rows. Each file is written atomically. */
import { basename, join } from 'node:path';
import { invalidOption, requireChoice } from '../errors.js';
import { gridStrips, PixelAreas } from '../geo/index.js';
import type { BackendCounters, BackendInfo } from '../gpu/index.js';
import type { MapSpec, ModelFolder, PhaseCounters, RunnerCounters } from '../inference/node/index.js';
import { requireSpace } from '../io/node/disk-space.js';
import { requireApart } from '../io/node/inputs.js';
import { readJson } from '../io/node/json.js';
import { makeOutputFolder, writeJson } from '../io/node/output.js';
import { type OperationOptions, pixelsOf, reportPlan, reportProgress } from '../progress.js';
import { type BlockCounters, CogWriter } from '../raster/node/index.js';
import { AREA_TYPES } from '../vector/class-polygons.js';
import { PolygonFile } from '../vector/node/polygon-file.js';
import { POLYGON_FORMATS, type PolygonFormat } from './choices.js';
import { classMapWriter, outlineWriters, writeClassTable } from './class-products.js';
import { classify, isAbove, layersOf, planesOf } from './classes.js';
import { AreaTally, type Statistics, ValueTally } from './evaluate/statistics.js';
import type { MemoryPlan } from './memory.js';
import { drawMap } from './picture/map-picture.js';
import type { Plan } from './plan.js';
import { publishTogether } from './publish.js';
import { stacItem } from './stac-item.js';
import { mapBytes, type RunStore } from './store.js';

export const RUN_SCHEMA_VERSION = 1;

/** A GPU of a node, as nvidia-smi names it. */
export interface GpuIdentity {
  readonly uuid: string;
  /** The PCI address: `0000:41:00.0`. */
  readonly pci: string;
  readonly name: string;
  readonly driver: string;
  /**
   * How the GPU of the device was identified: nvidia-smi lists the process on it, or the names are equal (GPUs of one kind
   * share a name). Absent if unknown.
   */
  readonly verifiedBy?: 'process' | 'name';
}

/** Counters and timings of a run, for `run.json`. */
export interface RunRecord {
  backend: BackendInfo;
  /** The GPU that was chosen for the process, on nodes with several. */
  gpu?: GpuIdentity;
  provider: string;
  /** Seconds by stage. Stages that run concurrently overlap. */
  seconds: Record<string, number>;
  /** Seconds in which a run could do nothing but wait: for a strip that is read, or for rows that are written. */
  waitSeconds: Record<string, number>;
  counters: RunnerCounters &
    Partial<PhaseCounters> &
    BackendCounters &
    BlockCounters & {
      units: number;
      warpedPixels: number;
      sourcePixelsRead: number;
      /** Bytes that the model's runtime read back, if it shares the backend's device. */
      modelReadbackBytes?: number;
    };
  /** The memory that was planned, beside the measured peak; null for a map that was finished before. */
  memory: MemoryPlan | null;
  peakMemoryBytes: number;
}

/** The files of a map, by product. */
const FILES = {
  probability: 'probability.tif',
  values: 'values.tif',
  classes: 'classes.tif',
  polygons: 'polygons.geojson',
  quicklook: 'quicklook.png',
  statistics: 'statistics.json',
  item: 'item.json',
  run: 'run.json',
} as const;
type Product = keyof typeof FILES;

/** The polygons in each format. */
const OUTLINES = POLYGON_FORMATS.map((ending) => `polygons.${ending}`);

/** Names and colours of the classes, for GDAL and QGIS. */
const CLASS_TABLE = `${FILES.classes}.aux.xml`;

/** The products of a map. */
export interface FinalizeReport {
  /** Paths by product: `probability`, `classes` and `polygons` of classes, `values` of a regression, the others always. */
  files: Record<'quicklook' | 'statistics' | 'item' | 'run', string> &
    Partial<Record<'probability' | 'classes' | 'polygons' | 'values', string>>;
  /** Pixels by class or value, and `nodata`. */
  pixels: Record<string, number>;
  statistics: Statistics;
}

/** Options of the products. */
export interface ProductOptions {
  /** Whether to write outlines of classes (default true). */
  polygons?: boolean;
  /** The format of outlines: GeoJSON (default), FlatGeobuf or GeoParquet. */
  polygonFormat?: PolygonFormat;
  /** Outlines of smaller areas, in m², are left out (default 0). Holes in others remain, and `classes.tif` is whole. */
  minArea?: number;
  /**
   * Simplifies outlines: leaves out corners that are at most this many pixels from the simplified outline (default 0).
   * Neighbours keep a common border, and no outlines cross.
   */
  simplify?: number;
}

/** Options of `finalizeRun` and `finalizeMaps`. */
export interface FinalizeOptions extends OperationOptions, ProductOptions {}

/** The inputs of products: a run, its model, and their folder. */
export interface FinalizeJob {
  store: RunStore;
  model: ModelFolder<MapSpec>;
  output: string;
  /** The record of the run so far, for `run.json`; null when another process ran the units. */
  record: (() => RunRecord) | null;
}

/** @throws {TerrachipError} INVALID_OPTION for options that a model's products do not have */
export function checkProductOptions(options: ProductOptions, { output }: MapSpec): void {
  requireChoice('polygonFormat', options.polygonFormat ?? 'geojson', POLYGON_FORMATS);
  for (const name of ['minArea', 'simplify', 'polygonFormat'] as const) {
    const value = options[name];
    if (value === undefined) continue;
    if (typeof value === 'number' && !(value > 0 && Number.isFinite(value))) {
      throw invalidOption(name, `cannot be ${value}`, 'give a positive number');
    }
    if (options.polygons === false || 'values' in output) {
      throw invalidOption(name, 'has no meaning without polygons of classes', 'leave it out');
    }
  }
}

/**
 * Creates the folder for the products.
 * @param inputs the files of the scene, and the model's folder
 * @throws {TerrachipError} INVALID_INPUT if a product would overwrite an input; DISK
 */
export async function makeProductFolder(output: string, inputs: readonly string[]): Promise<void> {
  const names = [...Object.values(FILES), ...OUTLINES, CLASS_TABLE];
  await requireApart(
    names.map((name) => join(output, name)),
    inputs,
  );
  await makeOutputFolder(output);
}

/** The files that `evaluateMap` writes beside a map. */
const SCORES = ['metrics.json', 'zones.csv'];

/**
 * Writes the products of a map. Those of an earlier map in the folder, and its scores, are replaced when all are there.
 * @throws {TerrachipError} INCOMPLETE for missing and damaged units, INVALID_OPTION, DISK
 */
export async function finalizeMap(job: FinalizeJob, options: FinalizeOptions = {}): Promise<FinalizeReport> {
  const { store, model, output } = job;
  checkProductOptions(options, model.spec);
  await store.run.requireComplete(options.signal);
  const layers = layersOf(model.spec.output).length;
  const { width, height } = store.geobox;
  const disk = await requireSpace(output, mapBytes(store.plan, layers, 0, true));
  reportPlan(options, 'finalize', {
    reads: `${pixelsOf(width, height, layers)} of ${store.run.folder}`,
    writes: `the map to ${output}`,
    disk,
  });
  const outdated = [...Object.values(FILES), ...OUTLINES, CLASS_TABLE, ...SCORES];
  const { report } = await publishTogether(output, FILES.run, outdated, (stage) =>
    makeProducts({ ...job, output: stage }, options),
  );
  const moved = Object.entries(report.files).map(([product, path]) => [
    product,
    join(output, basename(path)),
  ]);
  return { ...report, files: Object.fromEntries(moved) as FinalizeReport['files'] };
}

/** Writes the products into a folder. @returns the report with their paths there, and the names of all files */
async function makeProducts(
  job: FinalizeJob,
  options: FinalizeOptions,
): Promise<{ files: string[]; report: FinalizeReport }> {
  const { store, model, output } = job;
  const { plan, geobox } = store;
  const { spec } = model;
  const layers = layersOf(spec.output);
  const classes = 'classes' in spec.output ? spec.output.classes : [];
  const apart = 'classes' in spec.output && spec.output.task === 'multilabel';
  const hasPolygons = classes.length > 0 && options.polygons !== false;
  const kept: Product[] = classes.length === 0 ? ['values'] : ['probability', 'classes'];
  if (hasPolygons) kept.push('polygons');
  kept.push('quicklook', 'statistics', 'item', 'run');
  const names = { ...FILES, polygons: `polygons.${options.polygonFormat ?? 'geojson'}` };
  const path = (product: Product): string => join(output, names[product]);
  const files = Object.fromEntries(
    kept.map((product) => [product, path(product)]),
  ) as FinalizeReport['files'];
  const metadata = {
    TERRACHIP_MODEL: `${spec.name} ${spec.version}`,
    TERRACHIP_LICENCE: spec.licence,
    TERRACHIP_LIMITATIONS: spec.limitations,
  };
  await using layerFile = await CogWriter.create(path(classes.length === 0 ? 'values' : 'probability'), {
    geobox,
    bands: layers.length,
    dtype: 'float32',
    nodata: Number.NaN,
    descriptions: layers.map(({ name }) => name),
    units: layers.map(({ units = '' }) => units),
    metadata,
  });
  await using classMap =
    classes.length === 0 ? null : await classMapWriter(path('classes'), classes, apart, { geobox, metadata });
  await using polygonFile = hasPolygons ? await PolygonFile.create(path('polygons'), AREA_TYPES) : null;
  const polygons = polygonFile === null ? [] : outlineWriters(polygonFile, classes, apart, geobox, options);
  const areas = new AreaTally(
    classes.map(({ name }) => name),
    new PixelAreas(geobox),
    geobox.width,
    apart,
  );
  const values = classes.length === 0 ? layers.map((layer) => new ValueTally(layer)) : [];
  for (const strip of gridStrips(geobox, layers.length)) {
    options.signal?.throwIfAborted();
    const rows = await store.readRows(strip);
    const planes = planesOf(rows, layers.length);
    await layerFile.writeRows(planes);
    for (const [k, tally] of values.entries()) tally.add(planes[k]);
    // For a regression, only pixels without data are counted.
    const bands =
      apart || classes.length === 0
        ? planes.map((plane) => isAbove(plane, plan.threshold))
        : [classify(rows, classes.length, plan.threshold)];
    areas.add(bands, strip.start);
    await classMap?.writeRows(bands);
    for (const [k, polygonizer] of polygons.entries()) polygonizer.addRows(bands[k]);
    await polygonFile?.flush();
    reportProgress(options, 'finalize', strip.end, geobox.height, 'rows');
  }
  await layerFile.finish();
  await classMap?.finish();
  if (classMap !== null && !apart) await writeClassTable(classMap.path, classes);
  for (const polygonizer of polygons) polygonizer.finish();
  await polygonFile?.finish();
  const statistics: Statistics = {
    ...areas.describe(),
    ...(values.length === 0 ? {} : { values: values.map((tally) => tally.describe()) }),
  };
  await writeJson(files.statistics, statistics);
  await drawMap({
    map: files.values ?? path('classes'),
    target: files.quicklook,
    classes,
    value: 'values' in spec.output ? spec.output.values[0] : null,
    plan,
    km2: statistics.classes.map(({ km2 }) => km2),
    note: spec.limitations,
    signal: options.signal,
  });
  const listed = kept.filter((product) => product !== 'item');
  const assets = listed.map((product) => [product, names[product]] as const);
  await writeJson(files.item, stacItem(plan, geobox, spec, assets));
  await writeJson(files.run, {
    schemaVersion: RUN_SCHEMA_VERSION,
    fingerprint: plan.fingerprint,
    plan: { ...plan },
    ...job.record?.(),
  });
  const counted = [...statistics.classes, ...(statistics.values ?? [])];
  const pixels = Object.fromEntries(counted.map((each) => [each.name, each.pixels]));
  const written = Object.values(files).map((path) => basename(path));
  if (classMap !== null && !apart) written.push(CLASS_TABLE);
  return {
    files: written,
    report: { files, pixels: { ...pixels, nodata: areas.nodataPixels }, statistics },
  };
}

/** Whether a folder has the finished map of a plan. */
export async function hasFinishedMap(output: string, { fingerprint }: Plan): Promise<boolean> {
  // `run.json` is written last.
  const run = await readJson(join(output, FILES.run)).catch(() => null);
  return typeof run === 'object' && run !== null && 'fingerprint' in run && run.fingerprint === fingerprint;
}
