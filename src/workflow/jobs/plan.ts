/** Plans a job without computing it. */
import type { BackendInfo } from '../../gpu/index.js';
import { openModel } from '../../inference/node/index.js';
import { checkProductOptions } from '../finalize.js';
import { createPlan, type Plan } from '../plan.js';
import { discardRuns } from '../run-folder.js';
import { declaredGrid, readScene, SceneRasters } from '../scene.js';
import { describeJob, jobPath, type MapJob, type MapJobOptions, mapFolder, writeJob } from './job.js';

/** Options of `planMaps`. */
export interface PlanMapsOptions extends MapJobOptions {
  /** Replace the plan of another job for the same output, and remove its units. */
  overwrite?: boolean;
}

/** A scene of a planned job. */
export interface PlannedScene
  extends Pick<Plan, 'grid' | 'rowsPerUnit' | 'batchSize' | 'estimatedTensorBytes'> {
  readonly scene: string;
  /** The folder for its map. */
  readonly output: string;
  readonly units: number;
}

/** The result of `planMaps`. */
export interface PlanMapsReport {
  readonly output: string;
  /** The file with the plan. */
  readonly job: string;
  readonly model: { readonly name: string; readonly version: string };
  /** In the order in which units are counted. */
  readonly scenes: readonly PlannedScene[];
  /** Units of all scenes: there can be as many shards. */
  readonly units: number;
}

/** Stands for the processor of the nodes, which only they know. */
const NODE: BackendInfo = { kind: 'cpu', adapter: '', adapterClass: 'cpu', threads: 0 };

export async function planMaps(options: PlanMapsOptions): Promise<PlanMapsReport> {
  const { output, overwrite = false } = options;
  const model = await openModel(options.model);
  checkProductOptions(options, model.spec);
  const job = await describeJob(options);
  const scenes: PlannedScene[] = [];
  for (const planned of job.scenes) {
    const scene = await readScene(planned.path);
    const rasters = new SceneRasters(declaredGrid(scene));
    try {
      const execution = { backend: NODE, provider: 'cpu', fixedBatch: null };
      const plan = await createPlan(scene, model, rasters, execution, options);
      const { grid, rowsPerUnit, batchSize, estimatedTensorBytes } = plan;
      const about = { scene: planned.path, output: mapFolder(output, planned), units: planned.units };
      scenes.push({ ...about, grid, rowsPerUnit, batchSize, estimatedTensorBytes });
    } finally {
      await rasters.dispose();
    }
  }
  const replace = async (before: MapJob): Promise<void> => {
    for (const scene of before.scenes) await discardRuns(mapFolder(output, scene));
  };
  await writeJob(output, job, overwrite ? replace : undefined);
  const { name, version } = model.spec;
  const units = scenes.reduce((sum, scene) => sum + scene.units, 0);
  return { output, job: jobPath(output), model: { name, version }, scenes, units };
}
