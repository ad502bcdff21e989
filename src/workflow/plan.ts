/**
 * Plans: all settings that affect the bytes of a map, fixed before any pixel is computed. The fingerprint of a plan names
 * the run. Workers with the same plan need no communication.
 */
import { resolve } from 'node:path';
import * as v from 'valibot';
import { invalidInput, invalidOption } from '../errors.js';
import { ringArea } from '../geo/areas.js';
import { createChipLayout, type GeoBox, unitRows } from '../geo/index.js';
import type { BackendInfo } from '../gpu/index.js';
import { takesSoftmax } from '../inference/layout.js';
import { channelsOf } from '../inference/model-spec.js';
import type { MapSpec, ModelFolder } from '../inference/node/index.js';
import { readJson } from '../io/node/json.js';
import { isUrl } from '../io/open-url.js';
import { storedAddress } from '../io/signature.js';
import { validate, validateStrictly } from '../json.js';
import type { OperationOptions } from '../progress.js';
import { VERSION } from '../version.js';
import {
  checkUnits,
  identityOfImage,
  imagesOnGrid,
  type PlannedImage,
  PlannedImageSchema,
  planImages,
  sourcesByPlane,
} from './plan-images.js';
import { fingerprintOf, requireBatchSize, requireMultiple } from './run-plan.js';
import { resolveGrid, type Scene } from './scene.js';
import type { SceneRasters } from './scene-rasters.js';

export const PLAN_SCHEMA_VERSION = 1;

/** Width and height of the inner chunks of the intermediate store. A unit's rows are a multiple of it. */
export const CHUNK_SIZE = 256;

/** Approximate values of one class in a unit: large for parallel file systems, but a stopped run loses a unit. */
const UNIT_VALUES = 8 * 2 ** 20;

/** Chips per batch of a model that takes any number. */
export const DEFAULT_BATCH_SIZE = 4;

/** A larger grid is probably a mistake in the resolution. */
export const DEFAULT_MAX_PIXELS = 500_000_000;

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
  images: v.array(PlannedImageSchema),
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

/** All settings that affect the bytes of a map. The fingerprint names the run folder. */
export type Plan = v.InferOutput<typeof PlanSchema>;

/** Options of a plan. */
export interface PlanOptions extends OperationOptions {
  batchSize?: number;
  blend?: 'probability' | 'logits';
  /** The probability above which a pixel of a two-class map belongs to the second class (default 0.5). */
  threshold?: number;
  minChipValid?: number;
  rowsPerUnit?: number;
  maxPixels?: number;
  /** The scene's phases in the model's order, if the names differ. */
  phases?: readonly string[];
}

export async function readPlan(path: string): Promise<Plan> {
  return parsePlan(await readJson(path), path);
}

/**
 * Checks the document of a plan.
 * @param name the file, for messages
 * @throws {TerrachipError} INVALID_INPUT also for a plan that does not match its fingerprint
 */
export function parsePlan(document: unknown, name: string): Plan {
  const plan = validateStrictly(PlanSchema, document, name);
  if (fingerprintOf(settingsOf(plan)) !== plan.fingerprint) {
    const problem = 'has been changed: it does not match its fingerprint';
    throw invalidInput(name, problem, 'restore it, or plan the map again');
  }
  return plan;
}

/** What the fingerprint covers: all that affects the bytes of a map, without paths. */
function settingsOf(plan: Omit<Plan, 'fingerprint'>) {
  const { name, version, sha256 } = plan.model;
  const { crs, transform, width, height } = plan.grid;
  const { kind, adapterClass } = plan.backend;
  return {
    terrachip: plan.terrachip,
    model: { name, version, sha256 },
    grid: { crs, transform, width, height },
    images: plan.images.map(identityOfImage),
    chip: { size: plan.chip.size, stride: plan.chip.stride },
    rowsPerUnit: plan.rowsPerUnit,
    batchSize: plan.batchSize,
    blend: plan.blend,
    threshold: plan.threshold,
    minChipValid: plan.minChipValid,
    backend: { kind, adapterClass },
    provider: plan.provider,
  };
}

export async function createPlan(
  scene: Scene,
  model: ModelFolder<MapSpec>,
  rasters: SceneRasters,
  execution: { backend: BackendInfo; provider: string; fixedBatch: number | null },
  options: PlanOptions = {},
): Promise<Plan> {
  const { spec } = model;
  const { signal } = options;
  checkPlanOptions(options, spec);
  const found = await planImages(scene, spec, rasters, { phases: options.phases, signal });
  const grid = (await resolveGrid(scene, rasters, signal)).requireAtMost(
    options.maxPixels ?? DEFAULT_MAX_PIXELS,
    'choose a coarser resolution or smaller bounds, or raise `maxPixels`',
  );
  warnOfPixelSize(spec, grid, options);
  const images = await imagesOnGrid(found, spec, rasters, grid, options);
  await checkUnits(images, spec.inputs, rasters, signal);
  const rowsPerUnit = options.rowsPerUnit ?? rowsOfUnits(grid);
  const batchSize = chooseBatchSize(options.batchSize, execution.fixedBatch);
  const planned = {
    schemaVersion: PLAN_SCHEMA_VERSION,
    terrachip: VERSION,
    scene: {
      path: storedPath(scene.path),
      id: scene.document.id ?? 'scene',
      datetime: scene.document.datetime ?? null,
    },
    model: { path: resolve(model.path), name: spec.name, version: spec.version, sha256: model.sha256 },
    grid: grid.toJSON(),
    images,
    chip: { size: spec.chip.size, stride: spec.chip.stride },
    rowsPerUnit,
    batchSize,
    blend: options.blend ?? 'probability',
    threshold: options.threshold ?? ('classes' in spec.output ? spec.output.threshold : undefined) ?? 0.5,
    minChipValid: options.minChipValid ?? 0,
    backend: { kind: execution.backend.kind, adapterClass: execution.backend.adapterClass },
    provider: execution.provider,
    estimatedTensorBytes: estimateTensorBytes(grid, model, images, batchSize),
  } as const;
  // The fingerprint covers the plan as JSON stores it.
  const plan = validate(PlanSchema, { ...planned, fingerprint: '0'.repeat(64) }, 'the plan');
  return { ...plan, fingerprint: fingerprintOf(settingsOf(plan)) };
}

/** A path or an address as plans have it: valid in any folder, without secrets. */
export function storedPath(path: string): string {
  return isUrl(path) ? storedAddress(path) : resolve(path);
}

/** @throws {TerrachipError} INVALID_OPTION for another size than the model's only one */
function chooseBatchSize(chosen: number | undefined, fixed: number | null): number {
  if (chosen !== undefined && fixed !== null && chosen !== fixed) {
    throw invalidOption('batchSize', `cannot be ${chosen}: the model takes ${fixed} chips`, 'leave it out');
  }
  return chosen ?? fixed ?? DEFAULT_BATCH_SIZE;
}

function checkPlanOptions(options: PlanOptions, spec: MapSpec): void {
  const { output } = spec;
  const { batchSize = 1, threshold = 0.5, minChipValid = 0, rowsPerUnit = CHUNK_SIZE } = options;
  requireBatchSize(batchSize);
  if (!(threshold > 0 && threshold < 1)) {
    throw invalidOption('threshold', `cannot be ${threshold}`, 'give a probability between 0 and 1');
  }
  const most = 'values' in output ? 0 : output.task === 'multilabel' ? Infinity : 2;
  if (options.threshold !== undefined && channelsOf(output) > most) {
    const problem =
      most === 0
        ? 'has no meaning for values without classes'
        : `has no meaning for ${channelsOf(output)} classes, of which the most probable is taken`;
    throw invalidOption('threshold', problem, 'leave it out');
  }
  if (options.blend === 'logits' && !takesSoftmax(spec, false)) {
    throw invalidOption(
      'blend',
      'cannot be logits: the model has none of classes that exclude each other',
      'leave it out',
    );
  }
  if (!(minChipValid >= 0 && minChipValid <= 1)) {
    throw invalidOption('minChipValid', `cannot be ${minChipValid}`, 'give a share from 0 to 1');
  }
  requireMultiple('rowsPerUnit', rowsPerUnit, CHUNK_SIZE);
}

/** The share by which pixels may differ from those that a model was trained on, without a warning. */
const PIXEL_SIZE_TOLERANCE = 0.1;

/** Warns where the pixels in the middle of a grid are larger or smaller on the ground than those of the model. */
function warnOfPixelSize({ name, pixelSize }: MapSpec, grid: GeoBox, { onProgress }: PlanOptions): void {
  if (pixelSize === undefined) return;
  const middle = grid.window(grid.width >> 1, grid.height >> 1, 1, 1);
  const side = Math.sqrt(ringArea(middle.footprint(1)));
  if (side === 0 || Math.abs(side / pixelSize - 1) <= PIXEL_SIZE_TOLERANCE) return;
  const message = `the pixels of the scene are ${side.toPrecision(3)} m wide, and ${name} was trained on ${pixelSize} m`;
  onProgress?.({ type: 'warning', message });
}

/** The default rows of a unit. */
export function rowsOfUnits(grid: GeoBox): number {
  const chunks = Math.min(
    Math.round(UNIT_VALUES / grid.width / CHUNK_SIZE),
    Math.ceil(grid.height / CHUNK_SIZE),
  );
  return Math.max(1, chunks) * CHUNK_SIZE;
}

/** Bytes of the input strips, their conversion buffers, one batch, and the predictions that the runner holds. */
function estimateTensorBytes(
  grid: GeoBox,
  model: ModelFolder<MapSpec>,
  images: readonly PlannedImage[],
  batchSize: number,
): number {
  const { size, stride } = model.spec.chip;
  const classes = channelsOf(model.spec.output);
  const layout = createChipLayout(grid.width, grid.height, size, stride);
  const strip = Math.min(size, grid.height) * grid.width;
  const bands = images.map((image) => sourcesByPlane(image).length);
  const planes = bands.reduce((sum, count) => sum + count, 0);
  const largest = Math.max(...bands);
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
