/** Embeds every chip of a source and writes a store of embeddings. */
import { join } from 'node:path';
import { invalidInput } from '../../errors.js';
import type { RowRange } from '../../geo/index.js';
import type { Backend } from '../../gpu/index.js';
import { ChipBatch, type ModelFolder, type ModelSession } from '../../inference/node/index.js';
import { requireSpace } from '../../io/node/disk-space.js';
import { readJson } from '../../io/node/json.js';
import { moveTo, requireFolderName, writeJson } from '../../io/node/output.js';
import { isMembers } from '../../json.js';
import { counted, type OperationOptions, reportPlan, reportProgress } from '../../progress.js';
import { VERSION } from '../../version.js';
import { type ChipSource, withStrip } from '../chips/source.js';
import type { EmbeddingPool } from '../choices.js';
import { DEFAULT_BATCH_SIZE } from '../plan.js';
import {
  fingerprintOf,
  refuseOtherPlans,
  requireAbsent,
  requireBatchSize,
  requireMultiple,
  runFolder,
} from '../run-plan.js';
import { peakMemoryBytes } from '../timing.js';
import { UnitRun } from '../unit-run.js';
import { CHUNK_CHIPS, type ChipRecord, EmbeddingStore } from './store.js';

/** The version of the attributes of an embedding store. */
const EMBEDDINGS_SCHEMA_VERSION = 1;

/** Default limits of a unit: chips, and bytes of embeddings. */
const UNIT_CHIPS = 256;
const UNIT_BYTES = 64 * 2 ** 20;

/** Bytes of the metadata of a chip, about: its id, CRS, bounds and times. */
const RECORD_BYTES = 256;

/** Options of `embedChips`. */
export interface EmbedChipsOptions extends OperationOptions {
  source: ChipSource;
  model: ModelFolder;
  /** Cuts and normalises chips. A source whose chips are on a device must use the same backend. */
  backend: Backend;
  /** A session that returns embeddings. */
  session: ModelSession;
  /** The Zarr group to write. It must not exist, unless with `resume`. */
  output: string;
  /** How a chip's tokens are pooled (default `mean`). */
  pool?: EmbeddingPool;
  /** Chips per batch (default 4). Batches are always full, so that a chip's result does not depend on other chips. */
  batchSize?: number;
  /** Chips per unit, a multiple of 16. A unit is one shard of the store; an interrupted run loses at most one. */
  unitChips?: number;
  /** Keep the units that an earlier run with the same chips and model finished; a finished store is left as it is. */
  resume?: boolean;
  /** Compute those units again. Without `resume` and `overwrite` they are an error. */
  overwrite?: boolean;
}

/** The result of `embedChips`. */
export interface EmbedReport {
  readonly output: string;
  /** (chip, channel) or (chip, token, channel). */
  readonly shape: readonly number[];
  readonly pool: EmbeddingPool;
  readonly provider: string;
  readonly chipsRun: number;
  /** Chips without data. Their embeddings are NaN. */
  readonly chipsSkipped: number;
  /** Units that an earlier run had finished. */
  readonly unitsKept: number;
  /** Whether the output had these embeddings already, so that nothing was computed. */
  readonly finishedBefore: boolean;
  readonly peakMemoryBytes: number;
}

export async function embedChips(options: EmbedChipsOptions): Promise<EmbedReport> {
  const { source, backend, session, output, pool = 'mean', batchSize = DEFAULT_BATCH_SIZE, signal } = options;
  const [tokens, channels] = session.answerShape;
  const unitChips = options.unitChips ?? defaultUnit(pooledLength(pool, tokens, channels));
  requireBatchSize(batchSize);
  requireMultiple('unitChips', unitChips, CHUNK_CHIPS);
  requireFolderName(output);
  if (options.resume !== true) await requireAbsent(output);
  const { count } = source;
  if (count === 0) throw invalidInput(output, 'would hold no chips', 'give a source with chips');
  const attributes = describe(options, pool, batchSize);
  const settings = { ...attributes, unitChips, source: source.identity };
  const fingerprint = fingerprintOf(settings);
  const units = Array.from({ length: Math.ceil(count / unitChips) }, (_, k) => ({
    start: k * unitChips,
    end: Math.min(count, (k + 1) * unitChips),
  }));
  const run = new UnitRun(runFolder(output, fingerprint), units);
  const own = { start: 0, end: units.length };
  const shape = pool === 'none' ? [tokens, channels] : [channels];
  const report = (chipsRun: number, chipsSkipped: number, unitsKept: number, finishedBefore: boolean) => ({
    output,
    shape: [count, ...shape],
    pool,
    provider: session.provider,
    chipsRun,
    chipsSkipped,
    unitsKept,
    finishedBefore,
    peakMemoryBytes: peakMemoryBytes(),
  });
  if (options.resume === true) {
    if (await hasStore(output, fingerprint)) {
      await run.removeRest();
      return report(0, 0, units.length, true);
    }
    await requireAbsent(output);
    await refuseOtherPlans(run.folder, settings);
  }
  const toDo = (await run.missing()).reduce((sum, unit) => sum + units[unit].end - units[unit].start, 0);
  const bytes = toDo * (4 * pooledLength(pool, tokens, channels) + RECORD_BYTES);
  const disk = await requireSpace(run.folder, bytes);
  reportPlan(options, 'embed', {
    reads: `${counted(toDo, 'chip')} of ${session.spec.chip.size} × ${session.spec.chip.size} pixels`,
    writes: `embeddings of (${[toDo, ...shape].join(', ')}) to ${output}`,
    disk,
  });
  await using _claimed = await run.claim(own, options);
  const store = new EmbeddingStore(join(run.folder, 'embeddings.zarr'), {
    count,
    unitChips,
    shape,
    attributes: { ...attributes, fingerprint },
  });
  await store.create();
  await writeJson(join(run.folder, 'plan.json'), { ...settings, fingerprint });
  const about = { adapter: backend.info.adapter, provider: session.provider };
  let [chipsRun, chipsSkipped] = [0, 0];
  using batch = new ChipBatch(backend, session.spec, batchSize);
  const embedUnits = async (missing: readonly number[], done: () => void): Promise<void> => {
    const total = missing.reduce((sum, unit) => sum + units[unit].end - units[unit].start, 0);
    let count = 0;
    const onChip = (): void => reportProgress(options, 'embed', count++, total, 'chips');
    for (const unit of missing) {
      const { records, values } = await embedUnit(options, units[unit], batch, pool, onChip);
      const empty = records.filter(({ valid }) => valid === 0).length;
      chipsSkipped += empty;
      chipsRun += records.length - empty;
      signal?.throwIfAborted();
      await source.requireUnchanged?.(signal);
      await run.mark(unit, await store.writeUnit(unit, records, values), about);
      done();
    }
    reportProgress(options, 'embed', count, total, 'chips');
  };
  const unitsRun = await run.compute('embed', own, embedUnits, options);
  await run.requireComplete(signal);
  await source.requireUnchanged?.(signal);
  await requireAbsent(output);
  await moveTo(store.folder, output);
  await run.remove();
  return report(chipsRun, chipsSkipped, units.length - unitsRun, false);
}

/** Embeds the chips of one unit. Chips without data do not run. */
async function embedUnit(
  { source, backend, session, signal }: EmbedChipsOptions,
  { start, end }: RowRange,
  batch: ChipBatch,
  pool: EmbeddingPool,
  onChip: () => void,
): Promise<{ records: ChipRecord[]; values: Float32Array }> {
  const [tokens, channels] = session.answerShape;
  const length = pooledLength(pool, tokens, channels);
  const values = new Float32Array((end - start) * length).fill(Number.NaN);
  const records: ChipRecord[] = [];
  let rows: number[] = [];
  const flush = async (): Promise<void> => {
    if (batch.count === 0) return;
    const answer = await batch.run(session);
    const results = await backend.download(answer);
    answer.dispose();
    for (const [k, row] of rows.entries()) {
      const one = results.subarray(k * tokens * channels, (k + 1) * tokens * channels);
      poolInto(pool, one, channels, values.subarray(row * length, (row + 1) * length));
    }
    rows = [];
  };
  for await (const chip of source.chips(start, end, signal)) {
    const { id, crs, bounds, interval } = chip;
    onChip();
    await withStrip(backend, session.spec, chip, async ({ strip, column }) => {
      const valid = (await strip.validShares())[column];
      records.push({ id, crs, bounds, interval, valid });
      if (valid === 0) return;
      batch.add(strip, [column]);
      rows.push(records.length - 1);
    });
    if (batch.count === batch.size) await flush();
  }
  await flush();
  if (records.length === end - start) return { records, values };
  const problem = `gave ${records.length} of ${end - start} chips`;
  throw invalidInput('a source of chips', problem, 'correct its count');
}

/** The attributes of the store. They are part of the run's fingerprint. */
function describe(
  { model, session, backend }: EmbedChipsOptions,
  pool: EmbeddingPool,
  batchSize: number,
): Record<string, unknown> {
  const { spec, provider } = session;
  const { name, version, inputs, phases, chip } = spec;
  const { kind, adapterClass } = backend.info;
  return {
    schemaVersion: EMBEDDINGS_SCHEMA_VERSION,
    terrachip: VERSION,
    model: { name, version, sha256: model.sha256 },
    inputs: inputs.map((input) => ({ name: input.name, bands: input.bands, units: input.units })),
    phases,
    chip,
    pool,
    batchSize,
    provider,
    backend: { kind, adapterClass },
  };
}

/** The number of stored values per chip. */
function pooledLength(pool: EmbeddingPool, tokens: number, channels: number): number {
  return pool === 'none' ? tokens * channels : channels;
}

/** @param values (token, channel) of one chip @param target has `pooledLength` elements */
function poolInto(pool: EmbeddingPool, values: Float32Array, channels: number, target: Float32Array): void {
  if (pool === 'none') {
    target.set(values);
    return;
  }
  const tokens = values.length / channels;
  for (let channel = 0; channel < channels; channel++) {
    let sum = 0;
    let largest = -Infinity;
    for (let k = channel; k < values.length; k += channels) {
      sum += values[k];
      largest = Math.max(largest, values[k]);
    }
    target[channel] = pool === 'mean' ? sum / tokens : largest;
  }
}

function defaultUnit(length: number): number {
  const fitting = Math.floor(UNIT_BYTES / (4 * length * CHUNK_CHIPS)) * CHUNK_CHIPS;
  return Math.max(CHUNK_CHIPS, Math.min(UNIT_CHIPS, fitting));
}

/** Whether a store of a run with this fingerprint lies at a path. */
async function hasStore(path: string, fingerprint: string): Promise<boolean> {
  const group = await readJson(join(path, 'zarr.json')).catch(() => null);
  if (!isMembers(group) || !isMembers(group.attributes)) return false;
  return group.attributes.fingerprint === fingerprint;
}
