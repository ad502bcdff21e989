/** Writes the products of a map from the units of a run, streamed by rows. Each file is written atomically. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { invalidInput, TerrachipError } from '../errors.js';
import { gridStrips, PixelAreas } from '../geo/index.js';
import type { BackendCounters, BackendInfo } from '../gpu/index.js';
import {
  type ModelFolder,
  openModel,
  type PhaseCounters,
  type RunnerCounters,
  type SegmentationSpec,
} from '../inference/node/index.js';
import { requireApart } from '../io/node/inputs.js';
import { makeOutputFolder, writeJson } from '../io/node/output.js';
import { type OperationOptions, reportProgress } from '../progress.js';
import { CogWriter } from '../raster/node/index.js';
import { classPolygons } from '../vector/class-polygons.js';
import { GeoJsonFile } from '../vector/node/geojson-file.js';
import { CLASS_NODATA, classify, parseColour } from './classes.js';
import { AreaTally } from './evaluate/statistics.js';
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

/** The products of a map. */
export interface FinalizeReport {
  /** Paths by product. */
  files: Record<'probability' | 'classes' | 'polygons' | 'quicklook' | 'statistics' | 'item' | 'run', string>;
  /** Pixels by class, and `nodata`. */
  pixels: Record<string, number>;
}

/** What products are made of: a run, its model, and where they go. */
export interface FinalizeJob {
  store: RunStore;
  model: ModelFolder<SegmentationSpec>;
  output: string;
  /** The record of the run so far, for `run.json`; null when another process ran the units. */
  record: (() => RunRecord) | null;
}

function productFiles(output: string): FinalizeReport['files'] {
  return {
    probability: join(output, 'probability.tif'),
    classes: join(output, 'classes.tif'),
    polygons: join(output, 'polygons.geojson'),
    quicklook: join(output, 'quicklook.png'),
    statistics: join(output, 'statistics.json'),
    item: join(output, 'item.json'),
    run: join(output, 'run.json'),
  };
}

/**
 * Creates the folder for the products.
 * @param inputs the files of the scene, and the model's folder
 * @throws {TerrachipError} INVALID_INPUT if a product would overwrite an input; DISK
 */
export async function makeProductFolder(output: string, inputs: readonly string[]): Promise<void> {
  await requireApart(Object.values(productFiles(output)), inputs);
  await makeOutputFolder(output);
}

export async function finalizeMap(job: FinalizeJob, options: OperationOptions = {}): Promise<FinalizeReport> {
  const { store, model, output } = job;
  const { plan, geobox } = store;
  const missing = await store.run.missing();
  if (missing.length > 0) {
    throw new TerrachipError(
      'INCOMPLETE',
      `${missing.length} of ${planUnits(plan).length} units of ${store.run.folder} are missing (${missing.slice(0, 8).join(', ')}${missing.length > 8 ? ', …' : ''})`,
      'run infer with `resume`, or run the missing shards',
      { missing: missing.length },
    );
  }
  const { classes } = model.spec.output;
  const files = productFiles(output);
  await using probability = await CogWriter.create(files.probability, {
    geobox,
    bands: classes.length,
    dtype: 'float32',
    nodata: Number.NaN,
    descriptions: classes.map(({ name }) => name),
  });
  await using classMap = await CogWriter.create(files.classes, {
    geobox,
    bands: 1,
    dtype: 'uint8',
    nodata: CLASS_NODATA,
    overviews: 'mode',
    colourTable: classes.map(({ colour }) => parseColour(colour)),
    descriptions: ['class'],
  });
  await using polygonFile = await GeoJsonFile.create(files.polygons);
  const polygons = classPolygons({
    geobox,
    nodata: CLASS_NODATA,
    names: classes.map(({ name }) => name),
    onArea: (parts, properties) => polygonFile.add(parts, { ...properties }),
  });
  const counts = new Float64Array(256);
  const areas = new AreaTally(
    classes.map(({ name }) => name),
    new PixelAreas(geobox),
    geobox.width,
  );
  for (const strip of gridStrips(geobox, classes.length)) {
    options.signal?.throwIfAborted();
    const rows = await store.readRows(strip);
    const labels = classify(rows, classes.length, plan.threshold);
    for (const label of labels) counts[label]++;
    areas.add(labels, strip.start);
    const size = labels.length;
    await probability.writeRows(classes.map((_, c) => rows.subarray(c * size, (c + 1) * size)));
    await classMap.writeRows([labels]);
    polygons.addRows(labels);
    await polygonFile.flush();
    reportProgress(options, 'finalize', strip.end, geobox.height, 'rows');
  }
  await probability.finish();
  await classMap.finish();
  polygons.finish();
  await polygonFile.finish();
  const statistics = areas.describe();
  await writeJson(files.statistics, statistics);
  await drawMap({
    classMap: files.classes,
    target: files.quicklook,
    classes,
    plan,
    km2: statistics.classes.map(({ km2 }) => km2),
    signal: options.signal,
  });
  await writeJson(files.item, stacItem(plan, geobox, assetsOf(model)));
  await writeJson(files.run, {
    schemaVersion: RUN_SCHEMA_VERSION,
    fingerprint: plan.fingerprint,
    plan: { ...plan },
    ...job.record?.(),
  });
  const pixels = Object.fromEntries(classes.map(({ name }, value) => [name, counts[value]]));
  return { files, pixels: { ...pixels, nodata: counts[CLASS_NODATA] } };
}

const COG_TYPE = 'image/tiff; application=geotiff; profile=cloud-optimized';

function assetsOf({ spec }: ModelFolder<SegmentationSpec>): Record<string, unknown> {
  const { classes } = spec.output;
  const asset = (file: string, type: string, role: string, title: string) => ({
    href: `./${file}`,
    type,
    roles: [role],
    title,
  });
  return {
    probability: {
      ...asset('probability.tif', COG_TYPE, 'data', 'Probability of each class'),
      bands: classes.map(({ name }) => ({ name, data_type: 'float32', nodata: 'nan' })),
    },
    classes: {
      ...asset('classes.tif', COG_TYPE, 'data', 'Most probable class'),
      bands: [{ name: 'class', data_type: 'uint8', nodata: CLASS_NODATA }],
      'terrachip:classes': classes.map(({ name, colour }, value) => ({ value, name, colour })),
    },
    polygons: asset(
      'polygons.geojson',
      'application/geo+json',
      'data',
      'Areas of equal class in longitude and latitude',
    ),
    quicklook: asset('quicklook.png', 'image/png', 'overview', 'Map at a glance'),
    statistics: asset('statistics.json', 'application/json', 'metadata', 'Areas of the classes in km²'),
    run: asset('run.json', 'application/json', 'metadata', 'How the map was made'),
  };
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

async function openRun(folder: string): Promise<{ store: RunStore; model: ModelFolder<SegmentationSpec> }> {
  await refuseFolderOfRuns(folder);
  const plan = await readPlan(join(folder, 'plan.json'));
  const model = await openModel(plan.model.path);
  if (model.sha256 !== plan.model.sha256) {
    const problem = 'has changed since the run was planned';
    throw invalidInput(plan.model.path, problem, 'restore the model, or run infer again');
  }
  const classes = model.spec.output.classes.map(({ name }) => name);
  return { store: new RunStore(folder, plan, classes), model };
}

export async function missingUnits(folder: string): Promise<number[]> {
  return (await openRun(folder)).store.run.missing();
}

export async function finalizeRun(
  folder: string,
  output: string,
  options: OperationOptions = {},
): Promise<FinalizeReport> {
  const run = await openRun(folder);
  const { images, scene } = run.store.plan;
  const hrefs = images.flatMap(({ sources }) => sources.map(({ href }) => href));
  await makeProductFolder(output, [scene.path, ...hrefs, run.model.path]);
  return finalizeMap({ ...run, output, record: null }, options);
}
