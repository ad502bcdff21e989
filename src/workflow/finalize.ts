/** Writes the products of a map from the units of a run, streamed by rows. Each file is written atomically. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { invalidInput, invalidOption, requireChoice, TerrachipError } from '../errors.js';
import { gridStrips, PixelAreas } from '../geo/index.js';
import type { BackendCounters, BackendInfo } from '../gpu/index.js';
import {
  type MapSpec,
  type ModelFolder,
  openModel,
  type PhaseCounters,
  type RunnerCounters,
} from '../inference/node/index.js';
import { requireApart } from '../io/node/inputs.js';
import { makeOutputFolder, writeJson } from '../io/node/output.js';
import { type OperationOptions, reportProgress } from '../progress.js';
import { CogWriter } from '../raster/node/index.js';
import { AREA_TYPES } from '../vector/class-polygons.js';
import { PolygonFile } from '../vector/node/polygon-file.js';
import { POLYGON_FORMATS, type PolygonFormat } from './choices.js';
import { classMapWriter, outlineWriters, writeClassTable } from './class-products.js';
import { classify, isAbove, layersOf, planesOf } from './classes.js';
import { AreaTally, type Statistics, ValueTally } from './evaluate/statistics.js';
import { drawMap } from './picture/map-picture.js';
import { planUnits, readPlan } from './plan.js';
import { stacItem } from './stac-item.js';
import { RunStore } from './store.js';

export const RUN_SCHEMA_VERSION = 1;

/** Counters and timings of a run, for `run.json`. */
export interface RunRecord {
  backend: BackendInfo;
  provider: string;
  /** Seconds by stage. Stages that run concurrently overlap. */
  seconds: Record<string, number>;
  counters: RunnerCounters &
    Partial<PhaseCounters> &
    BackendCounters & {
      units: number;
      warpedPixels: number;
      sourcePixelsRead: number;
      /** Bytes that the model's runtime read back, if it shares the backend's device. */
      modelReadbackBytes?: number;
    };
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
  /** What they are written as: GeoJSON (default), FlatGeobuf or GeoParquet. */
  polygonFormat?: PolygonFormat;
  /** Outlines of smaller areas, in m², are left out (default 0). Holes in others remain, and `classes.tif` is whole. */
  minArea?: number;
  /**
   * Leaves out corners of outlines that are at most so many pixels from the outline without them (default 0). Neighbours
   * keep a common border, and no outlines cross.
   */
  simplify?: number;
}

/** Options of `finalizeRun`. */
export interface FinalizeOptions extends OperationOptions, ProductOptions {}

/** What products are made of: a run, its model, and where they go. */
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
  const outlines = POLYGON_FORMATS.map((ending) => `polygons.${ending}`);
  const names = [...Object.values(FILES), ...outlines, `${FILES.classes}.aux.xml`];
  await requireApart(
    names.map((name) => join(output, name)),
    inputs,
  );
  await makeOutputFolder(output);
}

export async function finalizeMap(job: FinalizeJob, options: FinalizeOptions = {}): Promise<FinalizeReport> {
  const { store, model, output } = job;
  const { plan, geobox } = store;
  const { spec } = model;
  checkProductOptions(options, spec);
  const missing = await store.run.missing();
  if (missing.length > 0) {
    throw new TerrachipError(
      'INCOMPLETE',
      `${missing.length} of ${planUnits(plan).length} units of ${store.run.folder} are missing (${missing.slice(0, 8).join(', ')}${missing.length > 8 ? ', …' : ''})`,
      'run infer with `resume`, or run the missing shards',
      { missing: missing.length },
    );
  }
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
    // Of a regression, only the pixels without data count.
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
  return { files, pixels: { ...pixels, nodata: areas.nodataPixels }, statistics };
}

/** @throws {TerrachipError} INVALID_INPUT for the parent folder of runs (`OUTPUT.run`) */
async function refuseFolderOfRuns(folder: string): Promise<void> {
  const names = await readdir(folder).catch((): string[] => []);
  if (names.includes('plan.json')) return;
  const runs: string[] = [];
  for (const name of names) {
    const inside = await readdir(join(folder, name)).catch((): string[] => []);
    if (inside.includes('plan.json')) runs.push(join(folder, name));
  }
  if (runs.length === 0) return;
  throw invalidInput(folder, `is a folder of runs: ${runs.join(', ')}`, 'give one of them');
}

async function openRun(folder: string): Promise<{ store: RunStore; model: ModelFolder<MapSpec> }> {
  await refuseFolderOfRuns(folder);
  const plan = await readPlan(join(folder, 'plan.json'));
  const model = await openModel(plan.model.path);
  if (model.sha256 !== plan.model.sha256) {
    const problem = 'has changed since the run was planned';
    throw invalidInput(plan.model.path, problem, 'restore the model, or run infer again');
  }
  return { store: new RunStore(folder, plan, model.spec.output), model };
}

export async function missingUnits(folder: string): Promise<number[]> {
  return (await openRun(folder)).store.run.missing();
}

export async function finalizeRun(
  folder: string,
  output: string,
  options: FinalizeOptions = {},
): Promise<FinalizeReport> {
  const run = await openRun(folder);
  const { images, scene } = run.store.plan;
  const hrefs = images.flatMap(({ sources }) => sources.map(({ href }) => href));
  await makeProductFolder(output, [scene.path, ...hrefs, run.model.path]);
  return finalizeMap({ ...run, output, record: null }, options);
}
