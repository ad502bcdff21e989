/** The memory of mapping or embedding a scene. */
import { readdir, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { tooLarge } from '../errors.js';
import { sizeOf } from '../geo/dtype.js';
import { createChipLayout, type GeoBox } from '../geo/index.js';
import type { BackendInfo } from '../gpu/index.js';
import type { ExecutionOptions, ModelFolder, ModelSession, ModelSpec } from '../inference/node/index.js';
import { availableMemory } from './available-memory.js';
import {
  freshRows,
  inUnits,
  type MemoryOptions,
  type MemoryPlan,
  MODEL_COPIES,
  planMemory,
  type SceneJob,
  type SmallerJob,
  sceneParts,
} from './memory.js';
import { CHUNK_SIZE, DEFAULT_BATCH_SIZE } from './plan.js';
import type { OpenImage } from './scene-images.js';
import { mosaicValues, planTiles, sourceReads } from './tile-plan.js';

/** A scene whose images are open, and what is done with it. */
export interface OpenSceneJob {
  /** The scene file, for messages. */
  readonly name: string;
  readonly geobox: Pick<GeoBox, 'width' | 'height'>;
  readonly images: readonly OpenImage[];
  readonly model: Pick<ModelFolder, 'path' | 'spec'>;
  /** What the model returns for a chip, and how many chips it runs. */
  readonly session: Pick<ModelSession, 'answerShape' | 'fixedBatch' | 'chipsAtOnce'>;
  readonly backend: BackendInfo;
  readonly batchSize: number;
  /** Layers of the map, and rows of a unit. */
  readonly map?: { readonly layers: number; readonly rowsPerUnit: number };
}

/**
 * The memory of a scene's job, before it is allocated.
 * @throws {TerrachipError} TOO_LARGE for one that does not fit into `memory`
 */
export async function planSceneMemory(
  { name, geobox, images, model, session, backend, batchSize, map }: OpenSceneJob,
  options: MemoryOptions,
): Promise<MemoryPlan> {
  const { answerShape, fixedBatch, chipsAtOnce } = session;
  const { width, height } = geobox;
  const { size, stride } = model.spec.chip;
  const layout = createChipLayout(width, height, size, stride);
  const strips = freshRows(layout);
  const mosaics = images.flatMap((image) => image.mosaics);
  const reads = sourceReads(
    mosaics.flatMap(({ warped }) => warped),
    strips,
  );
  const tiles = planTiles(reads);
  const job: SceneJob = {
    layout,
    bands: images.map(({ image }) => image.input.bands.length),
    bandsApart: Math.max(0, ...mosaics.map(({ needsOwnRows, bandCount }) => (needsOwnRows ? bandCount : 0))),
    answerValues: sizeOf(answerShape),
    layers: map?.layers ?? 0,
    batchSize,
    chipsAtOnce,
    unitValues: map === undefined ? 0 : map.layers * Math.min(map.rowsPerUnit, height) * width,
    mosaicValues: mosaicValues(mosaics, reads, strips, width),
    modelBytes: await modelBytes(model.path),
    backend,
  };
  const memory = options.memory ?? (await availableMemory());
  const batches = fixedBatch === null ? smallerBatches(batchSize) : [];
  const smaller: SmallerJob[] = batches.map((batch) => ({
    remedy: `give a smaller \`batchSize\`, at most ${batch}`,
    parts: sceneParts(withBatches(job, batch), tiles),
  }));
  if (map !== undefined && map.rowsPerUnit > CHUNK_SIZE) {
    const unitValues = map.layers * CHUNK_SIZE * width;
    for (const batch of [batchSize, ...batches.slice(-1)]) {
      const both = batch === batchSize ? '' : `\`batchSize\` ${batch} and `;
      smaller.push({
        remedy: `give ${both}\`rowsPerUnit\` ${CHUNK_SIZE}`,
        parts: sceneParts(withBatches({ ...job, unitValues }, batch), tiles),
      });
    }
  }
  if (backend.threads > 1) {
    const least = withBatches(job, batches.at(-1) ?? batchSize);
    const both = least.batchSize === batchSize ? '' : `\`batchSize\` ${least.batchSize} and `;
    smaller.push({
      remedy: `give ${both}\`threads\` 1`,
      parts: sceneParts(
        { ...least, chipsAtOnce: least.chipsAtOnce && 1, backend: { ...backend, threads: 1 } },
        tiles,
      ),
    });
  }
  return planMemory(name, sceneParts(job, tiles), tiles, { ...options, memory }, smaller);
}

/** A job with smaller batches. No more chips than those of a batch run at a time. */
function withBatches(job: SceneJob, batchSize: number): SceneJob {
  return { ...job, batchSize, chipsAtOnce: job.chipsAtOnce && Math.min(job.chipsAtOnce, batchSize) };
}

/** The share of the memory that copies of the weights may take. */
const WEIGHTS_SHARE = 0.25;

/**
 * Chips that a model runs at a time: those of the options, or as many as there are threads, each with a core for itself, while the copies
 * of the weights take a small part of the memory.
 * @returns 0 without threads
 */
export async function chooseChipsAtOnce(
  { path }: Pick<ModelFolder, 'path'>,
  options: MemoryOptions & Pick<ExecutionOptions, 'threads' | 'chipsAtOnce'> & { batchSize?: number },
): Promise<number> {
  if (options.chipsAtOnce !== undefined) return options.chipsAtOnce;
  const { threads = availableParallelism(), batchSize = DEFAULT_BATCH_SIZE, memory } = options;
  const copy = MODEL_COPIES * (await modelBytes(path));
  const copies = Math.floor((WEIGHTS_SHARE * (memory ?? (await availableMemory()))) / copy);
  return Math.min(threads, batchSize, Math.max(1, copies));
}

/** Halves of a number of chips, from the largest on. */
function smallerBatches(batchSize: number): number[] {
  const sizes: number[] = [];
  for (let size = Math.floor(batchSize / 2); size >= 1; size = Math.floor(size / 2)) sizes.push(size);
  return sizes;
}

/** Bytes of the files of a model, without its specification. */
async function modelBytes(folder: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(folder)) {
    const info = await stat(join(folder, name)).catch(() => null);
    if (info?.isFile() === true && !name.endsWith('.json')) bytes += info.size;
  }
  return bytes;
}

/**
 * Refuses a model whose weights alone do not fit, before it is loaded.
 * @throws {TerrachipError} TOO_LARGE
 */
export async function requireModelFits(
  { path, spec }: { readonly path: string; readonly spec: Pick<ModelSpec, 'name'> },
  { memory }: MemoryOptions,
): Promise<void> {
  const bytes = await modelBytes(path);
  const limit = memory ?? (await availableMemory());
  if (bytes <= limit) return;
  throw tooLarge(
    `the weights of ${spec.name} take ${inUnits(bytes)} of memory, and the process may take ${inUnits(limit)}`,
    'take a machine with more memory, or another model',
    { size: bytes, limit },
  );
}
