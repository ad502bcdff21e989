/** Inference over a scene: the plan, its units, and, when all are done, the products. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { invalidInput } from '../errors.js';
import { createChipLayout, type RowRange, shardUnits } from '../geo/index.js';
import type { Backend, BackendInfo } from '../gpu/index.js';
import {
  type ChipModel,
  type ExecutionOptions,
  type ModelFolder,
  openExecution,
  openModel,
  type RunnerCounters,
  runScene,
} from '../inference/index.js';
import { readJson } from '../io/node/json.js';
import { removeRun } from '../io/node/output.js';
import { createBlockCache } from '../raster/node/index.js';
import { type FinalizeReport, finalizeMap, makeProductFolder, type RunRecord } from './finalize.js';
import { createPlan, type Plan, type PlanOptions, planUnits, runFolder } from './plan.js';
import { filesOfScene, readScene, SceneRasters } from './scene.js';
import { type OpenImage, openImages } from './scene-images.js';
import { RunStore } from './store.js';
import { peakMemoryBytes, StageClock } from './timing.js';

export interface InferOptions extends PlanOptions, ExecutionOptions {
  /** The scene file. */
  scene: string;
  /** The model folder. */
  model: string;
  /** The folder for the products. */
  output: string;
  /** Run only the units of shard `index` of `count`; the products are then made by `finalizeMap`. */
  shard?: { index: number; count: number };
  /** Keep the units that an earlier run of the same plan finished. */
  resume?: boolean;
  /** Keep the run folder with its intermediate store after the products are made. */
  keepRun?: boolean;
  /** Decoded source blocks to keep, in bytes (default 256 MiB). */
  cacheBytes?: number;
}

export interface InferReport {
  plan: Plan;
  /** The folder of the run's units and markers; it is gone once the products are made, unless it was to be kept. */
  runFolder: string;
  unitsRun: number;
  unitsMissing: number;
  /** Null while units of other shards are missing. */
  products: FinalizeReport | null;
  run: RunRecord;
}

const DEFAULT_CACHE_BYTES = 256 * 2 ** 20;

/** Maps a scene with a model. */
export async function infer(options: InferOptions): Promise<InferReport> {
  const clock = new StageClock();
  const { signal, onProgress } = options;
  onProgress?.({ type: 'stage', stage: 'plan' });
  const model = await openModel(options.model);
  const scene = await readScene(options.scene);
  await makeProductFolder(options.output, [...filesOfScene(scene), model.path]);
  const rasters = new SceneRasters(createBlockCache(options.cacheBytes ?? DEFAULT_CACHE_BYTES));
  const { backend, session } = await openExecution(model, options);
  try {
    try {
      const execution = { backend: backend.info, provider: session.provider };
      const plan = await clock.measure('plan', () => createPlan(scene, model, rasters, execution, options));
      try {
        return await runPlan({ ...options, plan, model, session, backend, rasters, clock });
      } catch (error) {
        await tellHowToGoOn(plan, options);
        throw error;
      }
    } finally {
      await session.dispose();
    }
  } finally {
    backend.dispose();
    await rasters.close();
    signal?.throwIfAborted();
  }
}

/** After an end before time: what is done, where it is, and how to go on. */
async function tellHowToGoOn(plan: Plan, { output, shard, onProgress }: InferOptions): Promise<void> {
  const folder = runFolder(output, plan);
  const done = (await new RunStore(folder, plan, []).markers().catch(() => new Map())).size;
  if (done === 0) return;
  const message = `${done} of ${planUnits(plan).length} units are done (${folder}); run it again${
    shard === undefined ? ' with `resume`' : ''
  } to go on`;
  onProgress?.({ type: 'warning', message });
}

interface Job extends InferOptions {
  plan: Plan;
  session: ChipModel;
  rasters: SceneRasters;
  clock: StageClock;
}

async function runPlan(
  job: Omit<Job, 'model' | 'backend'> & { model: ModelFolder; backend: Backend },
): Promise<InferReport> {
  const { plan, model, session, backend, clock, shard = { index: 0, count: 1 } } = job;
  const classes = model.manifest.output.classes.map(({ name }) => name);
  const folder = runFolder(job.output, plan);
  const store = new RunStore(folder, plan, classes);
  await prepareRun(store, job);
  const units = planUnits(plan);
  const own = shardUnits(units.length, shard.index, shard.count);
  const missing = (await store.missing()).filter((unit) => unit >= own.start && unit < own.end);
  const totals: RunnerCounters = { chipsRun: 0, chipsSkipped: 0, batches: 0 };
  const images = await openImages(plan.images, {
    manifest: model.manifest,
    geobox: store.geobox,
    rasters: job.rasters,
    backend,
    ...(job.signal === undefined ? {} : { signal: job.signal }),
  });
  let unitsDone = 0;
  job.onProgress?.({ type: 'progress', stage: 'infer', done: 0, total: missing.length, unit: 'units' });
  for (const run of consecutive(missing)) {
    const range = { start: units[run.start].start, end: units[run.end - 1].end };
    const assembler = new UnitAssembler(
      classes.length,
      plan.grid.width,
      units,
      run.start,
      async (unit, values) => {
        await clock.measure('store', () =>
          store.writeUnit(unit, units[unit], values, {
            adapter: backend.info.adapter,
            provider: session.provider,
          }),
        );
        unitsDone++;
        job.onProgress?.({
          type: 'progress',
          stage: 'infer',
          done: unitsDone,
          total: missing.length,
          unit: 'units',
        });
      },
    );
    const counters = await runScene(
      {
        backend,
        session,
        images: images.map(({ image }) => image),
        layout: createChipLayout(plan.grid.width, plan.grid.height, plan.chip.size, plan.chip.stride),
        batchSize: plan.batchSize,
        blend: plan.blend,
        minChipValid: plan.minChipValid,
        onRows: (start, rows, values) => assembler.add(start, rows, values),
        onTime: (stage, milliseconds) => clock.add(stage, milliseconds),
        ...(job.signal === undefined ? {} : { signal: job.signal }),
      },
      range,
    );
    totals.chipsRun += counters.chipsRun;
    totals.chipsSkipped += counters.chipsSkipped;
    totals.batches += counters.batches;
  }
  const left = await store.missing();
  const record = runRecord(backend.info, session, totals, unitsDone, images, backend, clock);
  const complete = left.length === 0;
  let products: FinalizeReport | null = null;
  if (complete && shard.count === 1) {
    products = await finalizeMap(
      {
        store,
        model,
        output: job.output,
        record: () => runRecord(backend.info, session, totals, unitsDone, images, backend, clock),
      },
      job,
    );
    if (job.keepRun !== true) await removeRun(folder);
  }
  return {
    plan,
    runFolder: folder,
    unitsRun: unitsDone,
    unitsMissing: left.length,
    products,
    run: record,
  };
}

/** Makes the run folder; without `resume`, what an earlier run of the same plan left is removed first. */
async function prepareRun(
  store: RunStore,
  job: Pick<Job, 'resume' | 'shard' | 'output' | 'plan'>,
): Promise<void> {
  const others = job.shard !== undefined && job.shard.count > 1;
  if (job.resume === true || others) {
    const existing = await readJson(join(job.output, 'run.json')).catch(() => null);
    if (existing !== null && job.resume === true && isFinished(existing, job.plan.fingerprint)) {
      throw invalidInput(
        job.output,
        'already holds the finished map of this plan',
        'leave out `resume` to make it anew',
      );
    }
  } else {
    await rm(store.folder, { recursive: true, force: true });
  }
  await store.create();
}

function isFinished(run: unknown, fingerprint: string): boolean {
  return typeof run === 'object' && run !== null && 'fingerprint' in run && run.fingerprint === fingerprint;
}

/** Runs of consecutive units: rows of chips between them are then computed once. */
function consecutive(units: readonly number[]): RowRange[] {
  const runs: RowRange[] = [];
  for (const unit of units) {
    const last = runs.at(-1);
    if (last !== undefined && last.end === unit) runs[runs.length - 1] = { start: last.start, end: unit + 1 };
    else runs.push({ start: unit, end: unit + 1 });
  }
  return runs;
}

/** Puts finished rows together to whole units. */
class UnitAssembler {
  readonly #classes: number;
  readonly #width: number;
  readonly #units: readonly RowRange[];
  readonly #onUnit: (unit: number, values: Float32Array) => Promise<void>;
  #unit: number;
  #values: Float32Array;

  constructor(
    classes: number,
    width: number,
    units: readonly RowRange[],
    first: number,
    onUnit: (unit: number, values: Float32Array) => Promise<void>,
  ) {
    this.#classes = classes;
    this.#width = width;
    this.#units = units;
    this.#unit = first;
    this.#onUnit = onUnit;
    this.#values = this.#allocate();
  }

  async add(start: number, rows: number, values: Float32Array): Promise<void> {
    let row = start;
    while (row < start + rows) {
      const unit = this.#units[this.#unit];
      const end = Math.min(start + rows, unit.end);
      for (let c = 0; c < this.#classes; c++) {
        const from = (c * rows + row - start) * this.#width;
        const to = (c * (unit.end - unit.start) + row - unit.start) * this.#width;
        this.#values.set(values.subarray(from, from + (end - row) * this.#width), to);
      }
      row = end;
      if (end === unit.end) {
        await this.#onUnit(this.#unit, this.#values);
        this.#unit++;
        if (this.#unit < this.#units.length) this.#values = this.#allocate();
      }
    }
  }

  #allocate(): Float32Array {
    const { start, end } = this.#units[this.#unit];
    return new Float32Array(this.#classes * (end - start) * this.#width);
  }
}

function runRecord(
  info: BackendInfo,
  { provider, phases, readbackBytes }: ChipModel,
  chips: RunnerCounters,
  units: number,
  images: readonly OpenImage[],
  backend: Backend,
  clock: StageClock,
): RunRecord {
  const warped = images.flatMap((image) => image.warped.map((raster) => raster.counters));
  return {
    backend: info,
    provider,
    seconds: clock.toJSON(),
    counters: {
      units,
      ...chips,
      ...phases,
      ...(readbackBytes === null ? {} : { modelReadbackBytes: readbackBytes }),
      warpedPixels: warped.reduce((sum, c) => sum + c.warpedPixels, 0),
      sourcePixelsRead: warped.reduce((sum, c) => sum + c.sourcePixelsRead, 0),
      ...backend.counters,
    },
    peakMemoryBytes: peakMemoryBytes(),
  };
}
