/** Every chip of a source through an encoder, into a store of embeddings. */
import { createHash } from 'node:crypto';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { internalError, invalidInput, invalidOption } from '../../errors.js';
import type { EmbeddingFolder } from '../../inference/index.js';
import { type Embedder, inputShape, type ModelInput } from '../../inference/index.js';
import { makeFolder, moveTo, removeRun, requireFolderName } from '../../io/node/output.js';
import type { OperationOptions } from '../../progress.js';
import { VERSION } from '../../version.js';
import { type Chip, type ChipSource, chipValues, normaliseInto, validShare } from '../chips/index.js';
import { peakMemoryBytes } from '../timing.js';
import { type EmbeddingPool, pooledLength, poolInto } from './pool.js';
import { CHUNK_CHIPS, type ChipRecord, EmbeddingStore } from './store.js';

const EMBEDDINGS_SCHEMA_VERSION = 1;

/** Chips that a unit holds at most by default, and its length in bytes. */
const UNIT_CHIPS = 256;
const UNIT_BYTES = 64 * 2 ** 20;

export interface EmbedChipsOptions extends OperationOptions {
  source: ChipSource;
  model: EmbeddingFolder;
  embedder: Embedder;
  /** The Zarr group to write; it must not exist. */
  output: string;
  /** What is stored of a chip's tokens (default `mean`). */
  pool?: EmbeddingPool;
  /** Chips that run at once (default 4). Batches are always full, so that a chip's result depends on no other. */
  batchSize?: number;
  /** Chips a unit: what a killed run loses, and a file of the store; a multiple of 16. */
  unitChips?: number;
  /** Keep the units that an earlier run of the same chips and model finished. */
  resume?: boolean;
  /** What computes beside the provider, for the identity of the run. */
  backend?: { kind: string; adapterClass: string };
}

export interface EmbedReport {
  readonly output: string;
  /** (chip, channel) or (chip, token, channel). */
  readonly shape: readonly number[];
  readonly pool: EmbeddingPool;
  readonly provider: string;
  readonly chipsRun: number;
  /** Chips without any data: their embeddings are NaN. */
  readonly chipsSkipped: number;
  /** Units that were done already. */
  readonly unitsKept: number;
  readonly peakMemoryBytes: number;
}

/**
 * Embeds all chips of a source. The store is made in `OUTPUT.run/<fingerprint>` and appears under its name when it is
 * whole; a run that ended early goes on with `resume`, to the same bytes.
 * @throws {TerrachipError} INVALID_OPTION; INVALID_INPUT for an output that exists, or a source without chips; DISK
 */
export async function embedChips(options: EmbedChipsOptions): Promise<EmbedReport> {
  const { source, embedder, output, pool = 'mean', batchSize = 4, signal, onProgress } = options;
  const { tokens, channels } = embedder;
  const length = pooledLength(pool, tokens, channels);
  const unitChips = options.unitChips ?? defaultUnit(length);
  checkOptions(batchSize, unitChips);
  requireFolderName(output);
  await requireAbsent(output);
  if (source.count === 0) throw invalidInput(output, 'would hold no chips', 'give scenes that have some');
  const attributes = describe(options, pool, batchSize);
  const fingerprint = createHash('sha256')
    .update(JSON.stringify({ ...attributes, unitChips, source: source.identity }))
    .digest('hex');
  const folder = join(`${output}.run`, fingerprint.slice(0, 16));
  if (options.resume !== true) await rm(folder, { recursive: true, force: true });
  await makeFolder(folder);
  const shape = pool === 'none' ? [tokens, channels] : [channels];
  const store = new EmbeddingStore(join(folder, 'embeddings.zarr'), {
    count: source.count,
    unitChips,
    shape,
    attributes,
  });
  await store.create();
  const missing = await store.missing();
  const units = Math.ceil(source.count / unitChips);
  const counters = { chipsRun: 0, chipsSkipped: 0 };
  let done = units - missing.length;
  const embedOne = async (unit: number): Promise<void> => {
    onProgress?.({ type: 'progress', stage: 'embed', done, total: units, unit: 'units' });
    const end = Math.min(source.count, (unit + 1) * unitChips);
    const chips = source.chips(unit * unitChips, end, signal);
    const { records, values } = await embedUnit(chips, end - unit * unitChips, embedder, pool, batchSize);
    for (const { valid } of records) counters[valid > 0 ? 'chipsRun' : 'chipsSkipped']++;
    signal?.throwIfAborted();
    await store.writeUnit(unit, records, values);
    done++;
  };
  try {
    for (const unit of missing) await embedOne(unit);
  } catch (error) {
    const message = `${done} of ${units} units are done (${folder}); run it again with \`resume\` to go on`;
    if (done > 0) onProgress?.({ type: 'warning', message });
    throw error;
  }
  onProgress?.({ type: 'progress', stage: 'embed', done, total: units, unit: 'units' });
  await requireAbsent(output);
  await moveTo(store.folder, output);
  await removeRun(folder);
  return {
    output,
    shape: [source.count, ...shape],
    pool,
    provider: embedder.provider,
    ...counters,
    unitsKept: units - missing.length,
    peakMemoryBytes: peakMemoryBytes(),
  };
}

/** Chips of one unit, batch by batch; those without data are left out of batches. */
async function embedUnit(
  chips: AsyncIterable<Chip>,
  count: number,
  embedder: Embedder,
  pool: EmbeddingPool,
  batchSize: number,
): Promise<{ records: ChipRecord[]; values: Float32Array }> {
  const { manifest, tokens, channels } = embedder;
  const length = pooledLength(pool, tokens, channels);
  const values = new Float32Array(count * length).fill(Number.NaN);
  const records: ChipRecord[] = [];
  const batch = new Map(
    manifest.inputs.map((input) => {
      const shape = inputShape(manifest, input, batchSize);
      return [input.name, new Float32Array(shape.reduce((product, axis) => product * axis, 1))];
    }),
  );
  let places: number[] = [];
  const flush = async (): Promise<void> => {
    if (places.length === 0) return;
    for (const input of manifest.inputs) {
      requireBatch(batch, input).fill(0, places.length * chipValues(manifest, input));
    }
    const results = await embedder.run(batch, batchSize, places.length);
    for (const [k, place] of places.entries()) {
      const one = results.subarray(k * tokens * channels, (k + 1) * tokens * channels);
      poolInto(pool, one, channels, values.subarray(place * length, (place + 1) * length));
    }
    places = [];
  };
  for await (const chip of chips) {
    const { id, crs, bounds, interval } = chip;
    const inputs = manifest.inputs.map((input) => ({ input, values: valuesOf(manifest, input, chip) }));
    const valid = validShare(manifest, chip);
    records.push({ id, crs, bounds, interval, valid });
    if (valid === 0) continue;
    for (const { input, values: own } of inputs) {
      const start = places.length * own.length;
      normaliseInto(input, own, requireBatch(batch, input).subarray(start, start + own.length));
    }
    places.push(records.length - 1);
    if (places.length === batchSize) await flush();
  }
  await flush();
  if (records.length === count) return { records, values };
  throw invalidInput('a source of chips', `gave ${records.length} of ${count} chips`, 'correct its count');
}

/** @throws {TerrachipError} INVALID_INPUT for a chip that lacks an input, or has it in another size */
function valuesOf(manifest: Embedder['manifest'], input: ModelInput, { id, inputs }: Chip): Float32Array {
  const values = inputs.get(input.name) ?? new Float32Array(0);
  const expected = chipValues(manifest, input);
  if (values.length === expected) return values;
  throw invalidInput(
    id,
    `holds ${values.length} values of ${input.name}, not ${expected}`,
    'give chips of the model’s size',
  );
}

function requireBatch(batch: ReadonlyMap<string, Float32Array>, { name }: ModelInput): Float32Array {
  const values = batch.get(name);
  if (values === undefined) throw internalError('embedChips', `no batch for ${name}`);
  return values;
}

/** What the store says of itself; all of it decides its bytes. */
function describe(
  { model, embedder, backend }: EmbedChipsOptions,
  pool: EmbeddingPool,
  batchSize: number,
): Record<string, unknown> {
  const { manifest, provider } = embedder;
  const { name, version } = manifest;
  return {
    schemaVersion: EMBEDDINGS_SCHEMA_VERSION,
    terrachip: VERSION,
    model: { name, version, sha256: model.sha256 },
    inputs: manifest.inputs.map((input) => ({ name: input.name, bands: input.bands, units: input.units })),
    phases: manifest.phases,
    chip: manifest.chip,
    pool,
    batchSize,
    provider,
    backend: backend ?? null,
  };
}

function defaultUnit(length: number): number {
  const fitting = Math.floor(UNIT_BYTES / (4 * length * CHUNK_CHIPS)) * CHUNK_CHIPS;
  return Math.max(CHUNK_CHIPS, Math.min(UNIT_CHIPS, fitting));
}

function checkOptions(batchSize: number, unitChips: number): void {
  if (!Number.isInteger(batchSize) || batchSize < 1 || batchSize > 1024) {
    throw invalidOption('batchSize', `cannot be ${batchSize}`, 'give a whole number from 1 to 1024');
  }
  if (!Number.isInteger(unitChips) || unitChips < CHUNK_CHIPS || unitChips % CHUNK_CHIPS !== 0) {
    throw invalidOption('unitChips', `cannot be ${unitChips}`, `give a multiple of ${CHUNK_CHIPS}`);
  }
}

async function requireAbsent(output: string): Promise<void> {
  const exists = await stat(output).then(
    () => true,
    () => false,
  );
  if (exists) throw invalidInput(output, 'exists already', 'remove it, or choose another output');
}
