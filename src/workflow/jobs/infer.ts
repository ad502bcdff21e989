/** Maps the scenes of a job, or the units of one of its shards. */
import { shardUnits } from '../../geo/index.js';
import { type InferOptions, type InferReport, infer } from '../infer.js';
import {
  describeJob,
  type MapJob,
  type MapJobOptions,
  mapFolder,
  partsOf,
  requireJob,
  signedScenes,
  unitsOf,
  writeJob,
} from './job.js';

/** Options of a single process of a job. They do not change the maps. */
export interface WorkerOptions
  extends Pick<
    InferOptions,
    'shard' | 'overwrite' | 'cacheBytes' | 'memory' | 'threads' | 'gpu' | 'signal' | 'onProgress'
  > {
  /** Signed addresses of scenes: plans have no signatures, since these expire. */
  signedScenes?: readonly string[];
  /** The required backend, for a job that does not name one. */
  backend?: InferOptions['backend'];
}

/** Options of `inferMaps`. */
export interface InferMapsOptions extends MapJobOptions, Omit<WorkerOptions, 'backend' | 'signedScenes'> {
  /** Keep the units that an earlier run with the same plan finished. */
  resume?: boolean;
  /** Keep the run folders with their intermediate stores after the products are written. */
  keepRun?: boolean;
}

/** @returns a report for each scene with units to compute */
export async function inferMaps(options: InferMapsOptions): Promise<InferReport[]> {
  const job = await describeJob(options);
  if ((options.shard?.count ?? 1) > 1) await writeJob(options.output, job);
  return runJob(job, options.output, { ...options, signedScenes: options.scenes });
}

/** @param output the folder that the job was planned for */
export async function inferPlanned(output: string, options: WorkerOptions = {}): Promise<InferReport[]> {
  const job = await requireJob(output);
  const { memory = job.worker?.memory, threads = job.worker?.threads } = options;
  return runJob(job, output, {
    ...options,
    memory,
    threads,
    resume: options.overwrite !== true,
    // The units show that the job is done.
    keepRun: true,
  });
}

async function runJob(
  job: MapJob,
  output: string,
  options: WorkerOptions & Pick<InferOptions, 'resume' | 'keepRun'>,
): Promise<InferReport[]> {
  const { shard = { index: 0, count: 1 }, backend = job.settings.backend, ...worker } = options;
  const signed = signedScenes(options.signedScenes);
  const reports: InferReport[] = [];
  for (const { scene, units } of partsOf(job, shardUnits(unitsOf(job), shard.index, shard.count))) {
    const part = shard.count === 1 ? {} : { units: { ...units, of: scene.units }, resume: true };
    reports.push(
      await infer({
        ...worker,
        ...job.settings,
        ...job.products,
        backend,
        scene: signed.get(scene.path) ?? scene.path,
        model: job.model,
        output: mapFolder(output, scene),
        ...part,
      }),
    );
  }
  return reports;
}
