/** Inference over a scene: makes the plan, computes its units, and then writes the products. */
import { stat } from 'node:fs/promises';
import { invalidInput } from '../errors.js';
import { createChipLayout, type RowRange, shardUnits } from '../geo/index.js';
import type { Backend, BackendInfo } from '../gpu/index.js';
import { channelsOf } from '../inference/model-spec.js';
import {
  type ExecutionOptions,
  type MapSpec,
  type ModelFolder,
  type ModelSession,
  openExecution,
  openModel,
  type RunnerCounters,
  runScene,
} from '../inference/node/index.js';
import { requireRuntime } from '../inference/node/onnx-runtime.js';
import { requireSpace } from '../io/node/disk-space.js';
import { counted, type OperationOptions, reportPlan, reportProgress } from '../progress.js';
import { type BlockCache, createBlockCache } from '../raster/node/index.js';
import {
  checkProductOptions,
  type FinalizeReport,
  finalizeMap,
  type GpuIdentity,
  hasFinishedMap,
  makeProductFolder,
  type ProductOptions,
  type RunRecord,
} from './finalize.js';
import { chipCount, consecutive, unitAssembler } from './map-units.js';
import type { MemoryOptions, MemoryPlan } from './memory.js';
import { createPlan, type Plan, type PlanOptions } from './plan.js';
import { changedInputs } from './plan-images.js';
import { removeEmptyOutput } from './run-owner.js';
import { refuseOtherPlans, runFolder } from './run-plan.js';
import { declaredGrid, filesOfScene, type RequestOptions, readScene } from './scene.js';
import { type OpenImage, openImages } from './scene-images.js';
import { chooseChipsAtOnce, planSceneMemory, requireModelFits } from './scene-memory.js';
import { SceneRasters } from './scene-rasters.js';
import { mapBytes, RunStore } from './store.js';
import { peakMemoryBytes, StageClock } from './timing.js';

/** Options of `infer`. */
export interface InferOptions
  extends PlanOptions,
    ExecutionOptions,
    ProductOptions,
    MemoryOptions,
    RequestOptions {
  /** The scene file, the folder of a package, or an acquisition manifest. */
  scene: string;
  /** The model folder. */
  model: string;
  /** The folder for the products. */
  output: string;
  /** Compute only the units of shard `index` of `count`. `finalizeRun` then writes the products. */
  shard?: { index: number; count: number };
  /** As `shard`, for the units from `start` to before `end`. A map whose number of units is not `of` is refused. */
  units?: { start: number; end: number; of: number };
  /** Keep the units that an earlier run with the same plan finished; a finished map is left as it is. */
  resume?: boolean;
  /** Compute those units again. Without `resume`, `overwrite` and `shard` they are an error. */
  overwrite?: boolean;
  /**
   * The GPU of this process, for the record. The environment chooses it before Vulkan is loaded. A function is called when
   * the device is open; it verifies the choice, and returns null if no GPU is used.
   */
  gpu?: GpuIdentity | ((device: BackendInfo) => Promise<GpuIdentity | null>);
  /** Keep the run folder with its intermediate store after the products are written. */
  keepRun?: boolean;
}

/** The result of `infer`. */
export interface InferReport {
  plan: Plan;
  /** The folder of units and markers. Removed after the products are written, except with `keepRun`. */
  runFolder: string;
  unitsRun: number;
  unitsMissing: number;
  /** Whether the output had the finished map of this plan already, so that nothing was computed. */
  finishedBefore: boolean;
  /** Null while units are missing, for a run with shards, and for a map that was finished before. */
  products: FinalizeReport | null;
  run: RunRecord;
}

export async function infer(options: InferOptions): Promise<InferReport> {
  const clock = new StageClock();
  const { signal, onProgress, output } = options;
  await requireRuntime(options.provider);
  onProgress?.({ type: 'stage', stage: 'plan' });
  const model = await openModel(options.model);
  checkProductOptions(options, model.spec);
  const scene = await readScene(options.scene);
  const isNew = (await stat(output).catch(() => null)) === null;
  await makeProductFolder(output, [...filesOfScene(scene), model.path]);
  await requireModelFits(model, options);
  const cache = createBlockCache();
  const rasters = new SceneRasters(declaredGrid(scene), cache, options);
  try {
    const chipsAtOnce = await chooseChipsAtOnce(model, options);
    const { backend, session, dispose } = await openExecution(model, { ...options, chipsAtOnce });
    let isHeld = true;
    const release = async (): Promise<void> => {
      if (!isHeld) return;
      isHeld = false;
      cache.clear();
      await dispose();
    };
    try {
      const { provider, fixedBatch } = session;
      const execution = { backend: backend.info, provider, fixedBatch };
      const plan = await clock.measure('plan', () => createPlan(scene, model, rasters, execution, options));
      const gpu = typeof options.gpu === 'function' ? await options.gpu(backend.info) : options.gpu;
      return await runPlan({
        ...options,
        gpu: gpu ?? undefined,
        plan,
        model,
        session,
        backend,
        rasters,
        cache,
        clock,
        release,
      });
    } finally {
      await release();
    }
  } catch (error) {
    if (isNew) await removeEmptyOutput(output, error);
    throw error;
  } finally {
    await rasters.dispose();
    signal?.throwIfAborted();
  }
}

interface Job extends Omit<InferOptions, 'model' | 'backend' | 'gpu'> {
  gpu?: GpuIdentity;
  plan: Plan;
  model: ModelFolder<MapSpec>;
  session: ModelSession<MapSpec>;
  backend: Backend;
  rasters: SceneRasters;
  cache: BlockCache;
  clock: StageClock;
  /** Gives back the memory of blocks, strips and the model, once. */
  release(): Promise<void>;
}

async function runPlan(job: Job): Promise<InferReport> {
  const { plan, model, backend, signal, shard = { index: 0, count: 1 } } = job;
  const store = new RunStore(runFolder(job.output, plan.fingerprint), plan, model.spec.output);
  const { run, geobox } = store;
  const chips: RunnerCounters = { chipsRun: 0, chipsSkipped: 0, batches: 0, notFinite: 0 };
  const isPart = job.units !== undefined || shard.count > 1;
  const own = job.units ?? shardUnits(run.units.length, shard.index, shard.count);
  if (job.units !== undefined && job.units.of !== run.units.length) {
    const problem = `has ${run.units.length} units instead of ${job.units.of}`;
    throw invalidInput(plan.scene.path, problem, 'plan the job again');
  }
  if (job.resume === true) {
    if (await hasFinishedMap(job.output, plan)) {
      if (!isPart && job.keepRun !== true) await run.removeRest();
      const about = { unitsRun: 0, unitsMissing: 0, finishedBefore: true, products: null };
      return { plan, runFolder: run.folder, ...about, run: runRecord(job, chips, 0, [], null) };
    }
    const settings = Object.fromEntries(SETTINGS.map((key) => [key, plan[key]]));
    await refuseOtherPlans(run.folder, settings, (theirs) => changedInputs(plan.images, theirs));
  }
  const images = await openImages(plan.images, {
    spec: model.spec,
    geobox,
    rasters: job.rasters,
    backend,
    signal,
  });
  const layers = channelsOf(model.spec.output);
  const memory = await planSceneMemory(
    {
      name: plan.scene.path,
      geobox,
      images,
      model,
      session: job.session,
      backend: backend.info,
      batchSize: plan.batchSize,
      map: { layers, rowsPerUnit: plan.rowsPerUnit },
    },
    job,
  );
  const isOwn = (unit: number): boolean => unit >= own.start && unit < own.end;
  const missing = (await run.missing()).filter(isOwn);
  const toDo = job.overwrite === true ? [...run.units.keys()].filter(isOwn) : missing;
  const disk = await requireSpace(run.folder, mapBytes(plan, layers, missing.length, !isPart));
  reportPlan(job, 'infer', {
    reads: `${counted(images.length, 'image')} of ${plan.scene.path} in ${counted(chipCount(plan, run.units, consecutive(toDo)), 'chip')} of ${plan.chip.size} × ${plan.chip.size} pixels`,
    writes: `${counted(toDo.length, 'unit')} of a map of ${plan.grid.width} × ${plan.grid.height} pixels to ${job.output}`,
    disk,
    memoryBytes: memory.bytes,
  });
  job.cache.restart(memory.cacheBytes);
  await using _claimed = await run.claim(own, {
    resume: job.resume === true || isPart,
    overwrite: job.overwrite,
  });
  await store.create();
  const unitsRun = await run.compute(
    'infer',
    own,
    async (rest, done) => {
      const groups = consecutive(rest);
      const onChips = chipProgress(plan, run.units, groups, job);
      for (const units of groups) {
        const counters = await runUnits(job, store, images, units, { done, onChips });
        chips.chipsRun += counters.chipsRun;
        chips.chipsSkipped += counters.chipsSkipped;
        chips.notFinite += counters.notFinite;
        chips.batches += counters.batches;
      }
    },
    job,
  );
  if (chips.notFinite > 0) {
    const message = `${model.spec.name} returns NaN or infinite values for ${chips.notFinite} valid pixels, which are nodata in the map`;
    job.onProgress?.({ type: 'warning', message });
  }
  const unitsMissing = (await run.missing()).length;
  const record = (): RunRecord => runRecord(job, chips, unitsRun, images, memory);
  let products: FinalizeReport | null = null;
  if (unitsMissing === 0 && !isPart) {
    await job.rasters.versions.requireUnchanged(signal);
    await job.release();
    products = await finalizeMap({ store, model, output: job.output, record }, job);
    if (job.keepRun !== true) await run.remove();
  }
  const finishedBefore = false;
  return { plan, runFolder: run.folder, unitsRun, unitsMissing, finishedBefore, products, run: record() };
}

/** Runs the model on consecutive units, and writes each unit after its last row. */
async function runUnits(
  { plan, session, backend, rasters, clock, signal, gpu }: Job,
  store: RunStore,
  images: readonly OpenImage[],
  own: RowRange,
  { done, onChips }: { done: () => void; onChips: (count: number) => void },
): Promise<RunnerCounters> {
  const { units } = store.run;
  const { width, height } = plan.grid;
  const about = { adapter: backend.info.adapter, provider: session.provider, ...(gpu && { gpu: gpu.uuid }) };
  const addRows = unitAssembler(
    channelsOf(session.spec.output),
    width,
    units,
    own.start,
    async (unit, values) => {
      await rasters.versions.requireUnchanged(signal);
      await clock.measure('store', () => store.writeUnit(unit, values, about));
      done();
    },
  );
  return runScene(
    {
      backend,
      session,
      images: images.map(({ image }) => image),
      layout: createChipLayout(width, height, plan.chip.size, plan.chip.stride),
      batchSize: plan.batchSize,
      blend: plan.blend,
      minChipValid: plan.minChipValid,
      onRows: addRows,
      onChips,
      onTime: (stage, milliseconds) => clock.add(stage, milliseconds),
      onWait: (wait, milliseconds) => clock.addWait(wait, milliseconds),
      signal,
    },
    { start: units[own.start].start, end: units[own.end - 1].end },
  );
}

/** The keys of a plan that decide the units of a run, named like the options where these decide. */
const SETTINGS = [
  'batchSize',
  'blend',
  'threshold',
  'minChipValid',
  'rowsPerUnit',
  'provider',
  'backend',
  'chip',
  'grid',
  'model',
  'images',
  'terrachip',
] as const;

/** Reports how many chips of groups of units are done. @returns adds chips */
function chipProgress(
  plan: Plan,
  units: readonly RowRange[],
  groups: readonly RowRange[],
  options: OperationOptions,
): (count: number) => void {
  const total = chipCount(plan, units, groups);
  let done = 0;
  return (count) => {
    done += count;
    reportProgress(options, 'infer', done, total, 'chips');
  };
}

function runRecord(
  { backend, session, clock, cache, gpu }: Job,
  chips: RunnerCounters,
  units: number,
  images: readonly OpenImage[],
  memory: MemoryPlan | null,
): RunRecord {
  const { provider, phases, readbackBytes } = session;
  const warped = images.flatMap((image) => image.warped.map((raster) => raster.counters));
  return {
    backend: backend.info,
    ...(gpu && { gpu }),
    provider,
    seconds: clock.toJSON(),
    waitSeconds: clock.waits(),
    counters: {
      units,
      ...chips,
      ...phases,
      ...(readbackBytes === null ? {} : { modelReadbackBytes: readbackBytes }),
      warpedPixels: warped.reduce((sum, c) => sum + c.warpedPixels, 0),
      sourcePixelsRead: warped.reduce((sum, c) => sum + c.sourcePixelsRead, 0),
      ...cache.counters,
      ...backend.counters,
    },
    memory,
    peakMemoryBytes: peakMemoryBytes(),
  };
}
