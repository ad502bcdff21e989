/**
 * Plans: everything that decides the bytes of a map, fixed before any pixel is computed. Workers read the plan and
 * agree without talking to one another; its fingerprint names the run.
 */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import * as v from 'valibot';
import { invalidInput, invalidOption } from '../errors.js';
import { createChipLayout, type GeoBox, type PixelWindow, unitRows } from '../geo/index.js';
import type { BackendInfo } from '../gpu/index.js';
import type { ModelFolder } from '../inference/index.js';
import type { ModelInput } from '../inference/manifest.js';
import { isUrl, readJson } from '../io/node/index.js';
import { validate } from '../json.js';
import { RESAMPLINGS, type Resampling, suitsCategories } from '../kernels/index.js';
import { checkPlausible, isCategorical, type Raster, UNITS, unitConversion } from '../raster/index.js';
import { VERSION } from '../version.js';
import { resolveGrid, resolveHref, type Scene, type SceneBands, type SceneRasters } from './scene.js';

export const PLAN_SCHEMA_VERSION = 1;

/** Inner chunks of the intermediate store, and the rows that shards are made of. */
export const CHUNK_SIZE = 256;

/** A unit holds about this many values of one class: large enough for a parallel file system, small to lose. */
const UNIT_VALUES = 8 * 2 ** 20;

/** A grid above this is more likely a slip of the resolution than a wish. */
export const DEFAULT_MAX_PIXELS = 500_000_000;

const Source = v.object({
  href: v.string(),
  band: v.number(),
  /** Identifies the content: an entity tag, or the size and time of a file. */
  identity: v.string(),
});

const PlanSchema = v.object({
  schemaVersion: v.literal(PLAN_SCHEMA_VERSION),
  terrachip: v.string(),
  fingerprint: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  scene: v.object({ path: v.string(), id: v.string(), datetime: v.nullable(v.string()) }),
  model: v.object({ path: v.string(), name: v.string(), version: v.string(), sha256: v.string() }),
  grid: v.object({
    crs: v.string(),
    transform: v.tuple([v.number(), v.number(), v.number(), v.number(), v.number(), v.number()]),
    width: v.number(),
    height: v.number(),
  }),
  images: v.array(
    v.object({
      input: v.string(),
      phase: v.nullable(v.string()),
      /** The scene's name of the phase. */
      scenePhase: v.nullable(v.string()),
      units: v.picklist(UNITS),
      resampling: v.picklist(RESAMPLINGS),
      sources: v.array(Source),
    }),
  ),
  chip: v.object({ size: v.number(), stride: v.number() }),
  rowsPerUnit: v.number(),
  batchSize: v.number(),
  blend: v.picklist(['probability', 'logits']),
  threshold: v.number(),
  minChipValid: v.number(),
  backend: v.object({
    kind: v.picklist(['webgpu', 'cpu']),
    adapterClass: v.picklist(['hardware', 'software', 'cpu']),
  }),
  provider: v.string(),
  /** Estimated peak of the tensors of one worker, in bytes. */
  estimatedTensorBytes: v.number(),
});

export type Plan = v.InferOutput<typeof PlanSchema>;
export type PlannedImage = Plan['images'][number];

export interface PlanOptions {
  batchSize?: number;
  blend?: 'probability' | 'logits';
  /** A pixel of a two-class map belongs to the second class above this probability (default 0.5). */
  threshold?: number;
  minChipValid?: number;
  rowsPerUnit?: number;
  maxPixels?: number;
  /** Scene phases in the order of the model's, where the names differ. */
  phases?: readonly string[];
  signal?: AbortSignal;
}

/** Reads a plan that an earlier run wrote. */
export async function readPlan(path: string): Promise<Plan> {
  return parsePlan(await readJson(path), path);
}

/** Checks a plan that came from a file. @param name the file, for messages */
export function parsePlan(document: unknown, name: string): Plan {
  return validate(PlanSchema, document, name);
}

/** The folder of a run's units and markers, beside the output. */
export function runFolder(output: string, plan: Plan): string {
  return join(`${output}.run`, plan.fingerprint.slice(0, 16));
}

/**
 * Checks a scene against a model and fixes the plan.
 * @throws {TerrachipError} INVALID_INPUT for anything that does not fit: inputs, phases, units, CRS, bands
 */
export async function createPlan(
  scene: Scene,
  model: ModelFolder,
  rasters: SceneRasters,
  execution: { backend: BackendInfo; provider: string },
  options: PlanOptions = {},
): Promise<Plan> {
  const { manifest } = model;
  const { signal } = options;
  checkPlanOptions(options);
  const phases = matchPhases(scene, manifest.phases, manifest.inputs, options.phases);
  const images: PlannedImage[] = [];
  for (const input of manifest.inputs) {
    const steps = input.kind === 'static' ? [null] : manifest.phases;
    for (const phase of steps) {
      images.push(
        await planImage(scene, rasters, input, phase, phase === null ? null : phases.get(phase)!, signal),
      );
    }
  }
  const grid = (await resolveGrid(scene, rasters, signal)).requireAtMost(
    options.maxPixels ?? DEFAULT_MAX_PIXELS,
    'choose a coarser resolution or smaller bounds, or raise --max-pixels',
  );
  await checkUnits(images, manifest.inputs, rasters, signal);
  const rowsPerUnit = options.rowsPerUnit ?? defaultRowsPerUnit(grid);
  const batchSize = options.batchSize ?? 4;
  const decisive = {
    terrachip: VERSION,
    model: { name: manifest.name, version: manifest.version, sha256: model.sha256 },
    grid: grid.toJSON(),
    images: images.map(({ sources, ...image }) => ({
      ...image,
      sources: sources.map(({ band, identity }) => ({ band, identity })),
    })),
    chip: manifest.chip,
    rowsPerUnit,
    batchSize,
    blend: options.blend ?? 'probability',
    threshold: options.threshold ?? 0.5,
    minChipValid: options.minChipValid ?? 0,
    backend: { kind: execution.backend.kind, adapterClass: execution.backend.adapterClass },
    provider: execution.provider,
  } as const;
  const fingerprint = createHash('sha256').update(JSON.stringify(decisive)).digest('hex');
  return validate(
    PlanSchema,
    {
      schemaVersion: PLAN_SCHEMA_VERSION,
      ...decisive,
      fingerprint,
      scene: {
        path: resolve(scene.path),
        id: scene.document.id ?? 'scene',
        datetime: scene.document.datetime ?? null,
      },
      model: { path: resolve(model.path), ...decisive.model },
      images,
      estimatedTensorBytes: estimateTensorBytes(grid, model, images, batchSize),
    },
    'the plan',
  );
}

function checkPlanOptions(options: PlanOptions): void {
  const { batchSize = 1, threshold = 0.5, minChipValid = 0, rowsPerUnit = CHUNK_SIZE } = options;
  if (!Number.isInteger(batchSize) || batchSize < 1 || batchSize > 1024) {
    throw invalidOption('--batch', `cannot be ${batchSize}`, 'give a whole number from 1 to 1024');
  }
  if (!(threshold > 0 && threshold < 1)) {
    throw invalidOption('--threshold', `cannot be ${threshold}`, 'give a probability between 0 and 1');
  }
  if (!(minChipValid >= 0 && minChipValid <= 1)) {
    throw invalidOption('--min-chip-valid', `cannot be ${minChipValid}`, 'give a share from 0 to 1');
  }
  if (!Number.isInteger(rowsPerUnit) || rowsPerUnit < CHUNK_SIZE || rowsPerUnit % CHUNK_SIZE !== 0) {
    throw invalidOption('--unit-rows', `cannot be ${rowsPerUnit}`, `give a multiple of ${CHUNK_SIZE}`);
  }
}

/** The scene's phase for each phase of the model: by name, by the caller's list, or one for one. */
function matchPhases(
  scene: Scene,
  wanted: readonly string[],
  inputs: readonly ModelInput[],
  given: readonly string[] | undefined,
): Map<string, string> {
  const { document, path } = scene;
  const has = new Set([
    ...document.phases,
    ...Object.values(document.inputs).flatMap((i) => Object.keys(i.phases ?? {})),
  ]);
  if (given !== undefined) {
    const unknown = given.find((phase) => !has.has(phase));
    if (given.length !== wanted.length || unknown !== undefined) {
      throw invalidOption(
        '--phases',
        unknown === undefined
          ? `names ${given.length} phases, the model has ${wanted.length}`
          : `names ${unknown}, which ${path} lacks`,
        `choose ${wanted.length} of ${[...has].join(', ')}, in the model's order ${wanted.join(', ')}`,
      );
    }
    return new Map(wanted.map((phase, k) => [phase, given[k]]));
  }
  if (!inputs.some((input) => input.kind === 'temporal')) return new Map();
  if (wanted.every((phase) => has.has(phase))) return new Map(wanted.map((phase) => [phase, phase]));
  if (wanted.length === 1 && has.size === 1) return new Map([[wanted[0], [...has][0]]]);
  throw invalidInput(
    path,
    `has the phases ${[...has].join(', ') || 'none'}, but the model wants ${wanted.join(', ')}`,
    'say which to use with --phases, in the order of the model',
  );
}

async function planImage(
  scene: Scene,
  rasters: SceneRasters,
  input: ModelInput,
  phase: string | null,
  scenePhase: string | null,
  signal: AbortSignal | undefined,
): Promise<PlannedImage> {
  const { path, document } = scene;
  const found = document.inputs[input.name];
  const bands: SceneBands | undefined = scenePhase === null ? found?.static : found?.phases?.[scenePhase];
  const place = `${input.name}${scenePhase === null ? '' : ` in phase ${scenePhase}`}`;
  if (found === undefined || bands === undefined) {
    throw invalidInput(
      path,
      `lacks ${place}, which the model wants (${input.bands.join(', ')} in ${input.units})`,
      'add it to the scene, or choose another model',
    );
  }
  const missing = input.bands.filter((band) => bands[band] === undefined);
  if (missing.length > 0) {
    throw invalidInput(
      path,
      `lacks ${missing.join(', ')} of ${place}, which the model wants`,
      'add the bands',
    );
  }
  unitConversion(found.units, input.units, `${path}: ${input.name}`);
  const resampling: Resampling = found.resampling ?? (isCategorical(found.units) ? 'nearest' : 'bilinear');
  if (isCategorical(found.units) && !suitsCategories(resampling)) {
    throw invalidInput(
      path,
      `resamples the categories of ${input.name} by ${resampling}`,
      'use nearest or mode',
    );
  }
  const sources = [];
  for (const name of input.bands) {
    const { href, band } = bands[name];
    const location = resolveHref(scene, href);
    const raster = await rasters.open(location, signal);
    if (band > raster.bands.length) {
      throw invalidInput(
        raster.name,
        `has ${raster.bands.length} bands, but ${path} asks for band ${band}`,
        'correct it',
      );
    }
    sources.push({ href: absolute(location), band, identity: await identityOf(location) });
  }
  return { input: input.name, phase, scenePhase, units: found.units, resampling, sources };
}

function absolute(location: string): string {
  return isUrl(location) || isAbsolute(location) ? location : resolve(location);
}

async function identityOf(location: string): Promise<string> {
  if (isUrl(location)) return location;
  const { size, mtimeMs } = await stat(location);
  return `${location.split('/').at(-1)}:${size}:${Math.round(mtimeMs)}`;
}

/** Windows of this size at the corners and in the middle of a raster are looked at. */
const SAMPLE_SIZE = 128;

async function checkUnits(
  images: readonly PlannedImage[],
  inputs: readonly ModelInput[],
  rasters: SceneRasters,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const image of images) {
    const input = inputs.find((candidate) => candidate.name === image.input)!;
    for (const [k, { href, band }] of image.sources.entries()) {
      const raster = await rasters.open(href, signal);
      const sample = await sampleBand(raster, band, signal);
      checkPlausible(image.units, sample, `${raster.name}: ${input.name} ${input.bands[k]}`);
    }
  }
}

/** Physical values from windows spread over a raster, without nodata. */
async function sampleBand(raster: Raster, band: number, signal?: AbortSignal): Promise<Float64Array> {
  const level = raster.overviews.length;
  const [width, height] = raster.overviews.at(-1) ?? [raster.width, raster.height];
  const size: [number, number] = [Math.min(SAMPLE_SIZE, width), Math.min(SAMPLE_SIZE, height)];
  const windows: PixelWindow[] = [];
  for (const fy of [0, 0.5, 1]) {
    for (const fx of [0, 0.5, 1]) {
      const x = Math.round((width - size[0]) * fx);
      const y = Math.round((height - size[1]) * fy);
      windows.push({ x, y, width: size[0], height: size[1] });
    }
  }
  const { nodata, scale, offset } = raster.bands[band - 1];
  const values: number[] = [];
  for (const window of windows) {
    const [plane] = await raster.readPlanes({
      window,
      bands: [band],
      level,
      ...(signal === undefined ? {} : { signal }),
    });
    for (const value of plane) {
      if (!Number.isNaN(value) && value !== nodata) values.push(value * scale + offset);
    }
  }
  return Float64Array.from(values);
}

function defaultRowsPerUnit(grid: GeoBox): number {
  const chunks = Math.min(
    Math.round(UNIT_VALUES / grid.width / CHUNK_SIZE),
    Math.ceil(grid.height / CHUNK_SIZE),
  );
  return Math.max(1, chunks) * CHUNK_SIZE;
}

/** Strips of inputs, their conversion buffers, a batch, and the predictions of the rows of chips in the ring. */
function estimateTensorBytes(
  grid: GeoBox,
  model: ModelFolder,
  images: readonly PlannedImage[],
  batchSize: number,
): number {
  const { size, stride } = model.manifest.chip;
  const classes = model.manifest.output.classes.length;
  const layout = createChipLayout(grid.width, grid.height, size, stride);
  const strip = Math.min(size, grid.height) * grid.width;
  const planes = images.reduce((sum, image) => sum + image.sources.length, 0);
  const largest = Math.max(...images.map((image) => image.sources.length));
  const ring = (Math.ceil(size / stride) + 1) * layout.columnStarts.length;
  const chip = size * size;
  const values =
    (2 * planes + largest) * strip + ring * classes * chip + batchSize * (planes + 2 * classes) * chip;
  return 4 * values;
}

/** The units of a plan's rows. */
export function planUnits(plan: Plan): ReturnType<typeof unitRows> {
  return unitRows(plan.grid.height, plan.rowsPerUnit);
}
