/**
 * Plans: everything that decides the bytes of a map, fixed before any pixel is computed. Workers read the plan and
 * agree without talking to one another; its fingerprint names the run.
 */
import { resolve } from 'node:path';
import * as v from 'valibot';
import { invalidOption } from '../errors.js';
import { createChipLayout, type GeoBox, unitRows } from '../geo/index.js';
import type { BackendInfo } from '../gpu/index.js';
import type { ModelFolder, SegmentationSpec } from '../inference/node/index.js';
import { readJson } from '../io/node/json.js';
import { validate, validateStrictly } from '../json.js';
import type { OperationOptions } from '../progress.js';
import { VERSION } from '../version.js';
import {
  checkOverlap,
  checkUnits,
  identityOfImage,
  type PlannedImage,
  PlannedImageSchema,
  planImages,
} from './plan-images.js';
import { resolveGrid, type Scene, type SceneRasters } from './scene.js';
import { fingerprintOf } from './unit-run.js';

export const PLAN_SCHEMA_VERSION = 1;

/** Inner chunks of the intermediate store, and the rows that shards are made of. */
export const CHUNK_SIZE = 256;

/** A unit holds about this many values of one class: large enough for a parallel file system, small to lose. */
const UNIT_VALUES = 8 * 2 ** 20;

/** A grid above this is more likely a slip of the resolution than a wish. */
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

/** Everything that decides the bytes of a map. Its fingerprint names the run folder. */
export type Plan = v.InferOutput<typeof PlanSchema>;

/** What a plan may be told. */
export interface PlanOptions extends OperationOptions {
  batchSize?: number;
  blend?: 'probability' | 'logits';
  /** A pixel of a two-class map belongs to the second class above this probability (default 0.5). */
  threshold?: number;
  minChipValid?: number;
  rowsPerUnit?: number;
  maxPixels?: number;
  /** Scene phases in the order of the model's, where the names differ. */
  phases?: readonly string[];
}

export async function readPlan(path: string): Promise<Plan> {
  return parsePlan(await readJson(path), path);
}

/** Checks a plan that came from a file. @param name the file, for messages */
export function parsePlan(document: unknown, name: string): Plan {
  return validateStrictly(PlanSchema, document, name);
}

export async function createPlan(
  scene: Scene,
  model: ModelFolder<SegmentationSpec>,
  rasters: SceneRasters,
  execution: { backend: BackendInfo; provider: string },
  options: PlanOptions = {},
): Promise<Plan> {
  const { spec } = model;
  const { signal } = options;
  checkPlanOptions(options);
  const images = await planImages(scene, spec, rasters, { phases: options.phases, signal });
  const grid = (await resolveGrid(scene, rasters, signal)).requireAtMost(
    options.maxPixels ?? DEFAULT_MAX_PIXELS,
    'choose a coarser resolution or smaller bounds, or raise maxPixels',
  );
  await checkOverlap(images, spec, rasters, grid, options);
  await checkUnits(images, spec.inputs, rasters, signal);
  const rowsPerUnit = options.rowsPerUnit ?? defaultRowsPerUnit(grid);
  const batchSize = options.batchSize ?? 4;
  const decisive = {
    terrachip: VERSION,
    model: { name: spec.name, version: spec.version, sha256: model.sha256 },
    grid: grid.toJSON(),
    images: images.map(identityOfImage),
    chip: spec.chip,
    rowsPerUnit,
    batchSize,
    blend: options.blend ?? 'probability',
    threshold: options.threshold ?? 0.5,
    minChipValid: options.minChipValid ?? 0,
    backend: { kind: execution.backend.kind, adapterClass: execution.backend.adapterClass },
    provider: execution.provider,
  } as const;
  const fingerprint = fingerprintOf(decisive);
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
    throw invalidOption('batchSize', `cannot be ${batchSize}`, 'give a whole number from 1 to 1024');
  }
  if (!(threshold > 0 && threshold < 1)) {
    throw invalidOption('threshold', `cannot be ${threshold}`, 'give a probability between 0 and 1');
  }
  if (!(minChipValid >= 0 && minChipValid <= 1)) {
    throw invalidOption('minChipValid', `cannot be ${minChipValid}`, 'give a share from 0 to 1');
  }
  if (!Number.isInteger(rowsPerUnit) || rowsPerUnit < CHUNK_SIZE || rowsPerUnit % CHUNK_SIZE !== 0) {
    throw invalidOption('rowsPerUnit', `cannot be ${rowsPerUnit}`, `give a multiple of ${CHUNK_SIZE}`);
  }
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
  model: ModelFolder<SegmentationSpec>,
  images: readonly PlannedImage[],
  batchSize: number,
): number {
  const { size, stride } = model.spec.chip;
  const classes = model.spec.output.classes.length;
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
