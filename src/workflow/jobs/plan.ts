/** Plans a job without computing it. */
import { availableParallelism } from 'node:os';
import { GeoBox } from '../../geo/index.js';
import { type BackendInfo, CpuBackend } from '../../gpu/index.js';
import { answerShape, channelsOf } from '../../inference/model-spec.js';
import { type MapSpec, type ModelFolder, openModel } from '../../inference/node/index.js';
import { type DiskPlan, requireSpace } from '../../io/node/disk-space.js';
import { withoutUndefined } from '../../json.js';
import { createBlockCache } from '../../raster/node/index.js';
import { checkProductOptions } from '../finalize.js';
import type { MemoryPlan } from '../memory.js';
import { createPlan, type Plan } from '../plan.js';
import { discardRuns, missingUnits } from '../run-folder.js';
import { declaredGrid, readScene } from '../scene.js';
import { openImages } from '../scene-images.js';
import { chooseChipsAtOnce, planSceneMemory } from '../scene-memory.js';
import { SceneRasters } from '../scene-rasters.js';
import { mapBytes } from '../store.js';
import {
  describeJob,
  jobPath,
  type MapJob,
  type MapJobOptions,
  mapFolder,
  readJob,
  signedScenes,
  writeJob,
} from './job.js';

/** Options of `planMaps`. */
export interface PlanMapsOptions extends MapJobOptions {
  /**
   * Bytes that each process may take, which the plan records for `inferPlanned`. Default: any number; each process then
   * takes what its machine has free.
   */
  memory?: number;
  /** Worker threads of each process, which the plan records too (default: one for each core of the machine). */
  threads?: number;
  /** Replace the plan of another job for the same output, and remove its units. */
  overwrite?: boolean;
}

/** A scene of a planned job. */
export interface PlannedScene extends Pick<Plan, 'grid' | 'rowsPerUnit' | 'batchSize'> {
  readonly scene: string;
  /** The folder for its map. */
  readonly output: string;
  readonly units: number;
  /** The memory of a process that computes it. */
  readonly memory: MemoryPlan;
}

/** The result of `planMaps`. */
export interface PlanMapsReport {
  readonly output: string;
  /** The file with the plan. */
  readonly job: string;
  readonly model: { readonly name: string; readonly version: string };
  /** In the order in which units are counted. */
  readonly scenes: readonly PlannedScene[];
  /** Units of all scenes: the largest number of shards. */
  readonly units: number;
  /** Disk space of the missing units and the products. */
  readonly disk: DiskPlan;
}

/**
 * Checks the scenes of a job and a model, and writes the plan of their maps.
 * @throws {TerrachipError} TOO_LARGE for a scene that does not fit into `memory`, with the option that makes it fit; DISK
 *   where the units and products do not fit on the disk; as `describeJob`, `createPlan` and `writeJob`
 */
export async function planMaps(options: PlanMapsOptions): Promise<PlanMapsReport> {
  const { output, memory, threads, overwrite = false } = options;
  const model = await openModel(options.model);
  checkProductOptions(options, model.spec);
  const described = await describeJob(options);
  const worker = withoutUndefined({ memory, threads });
  const job: MapJob = Object.keys(worker).length === 0 ? described : { ...described, worker };
  const isNew = overwrite || (await readJob(output)) === null;
  const missing = isNew ? null : await missingUnits(output);
  const signed = signedScenes(options.scenes);
  const scenes: PlannedScene[] = [];
  let [units, bytes] = [0, 0];
  for (const planned of job.scenes) {
    const end = units + planned.units;
    const toDo = missing?.filter((unit) => unit >= units && unit < end).length ?? planned.units;
    units = end;
    const { plan, memory } = await planScene(signed.get(planned.path) ?? planned.path, model, options);
    bytes += mapBytes(plan, channelsOf(model.spec.output), toDo, true);
    const { grid, rowsPerUnit, batchSize } = plan;
    const about = { scene: planned.path, output: mapFolder(output, planned), units: planned.units };
    scenes.push({ ...about, grid, rowsPerUnit, batchSize, memory });
  }
  const disk = await requireSpace(output, bytes);
  const replace = async (before: MapJob): Promise<void> => {
    for (const scene of before.scenes) await discardRuns(mapFolder(output, scene));
  };
  await writeJob(output, job, overwrite ? replace : undefined);
  const { name, version } = model.spec;
  return { output, job: jobPath(output), model: { name, version }, scenes, units, disk };
}

/** Plans a map, and the memory of a process that computes it. */
async function planScene(
  location: string,
  model: ModelFolder<MapSpec>,
  options: PlanMapsOptions,
): Promise<{ plan: Plan; memory: MemoryPlan }> {
  const { signal } = options;
  const scene = await readScene(location);
  const rasters = new SceneRasters(declaredGrid(scene), createBlockCache());
  using backend = new CpuBackend();
  try {
    const node = nodeOf(options);
    const execution = { backend: node, provider: 'cpu', fixedBatch: null };
    const plan = await createPlan(scene, model, rasters, execution, options);
    const { batchSize, rowsPerUnit } = plan;
    const { spec } = model;
    const geobox = GeoBox.fromJSON(plan.grid);
    const images = await openImages(plan.images, { spec, geobox, rasters, backend, signal });
    const map = { layers: channelsOf(spec.output), rowsPerUnit };
    const limit = { memory: options.memory ?? Infinity };
    const isCpu = node.adapterClass === 'cpu' && node.threads > 0;
    const chipsAtOnce = isCpu ? await chooseChipsAtOnce(model, { ...options, ...limit }) : null;
    const session = { answerShape: answerShape(spec), fixedBatch: null, chipsAtOnce };
    const memory = await planSceneMemory(
      { name: plan.scene.path, geobox, images, model, session, backend: node, batchSize, map },
      limit,
    );
    return { plan, memory };
  } finally {
    await rasters.dispose();
  }
}

/** A placeholder for the nodes' unknown processor. Without a GPU, a process takes more memory. */
function nodeOf({ backend, threads = availableParallelism() }: PlanMapsOptions): BackendInfo {
  return backend === 'webgpu'
    ? { kind: 'webgpu', adapter: '', adapterClass: 'hardware', threads: 0 }
    : { kind: 'cpu', adapter: '', adapterClass: 'cpu', threads };
}
