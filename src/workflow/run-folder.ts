/** Finds runs by a folder: of a map, of a run, of all runs of a map, or of the maps of a job. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { invalidInput, isTerrachipError, requireWhole, TerrachipError } from '../errors.js';
import { shardUnits } from '../geo/index.js';
import { openModel } from '../inference/node/index.js';
import { removeRun } from '../io/node/output.js';
import { type FinalizeOptions, type FinalizeReport, finalizeMap, makeProductFolder } from './finalize.js';
import { requireVersions } from './input-versions.js';
import { bareFolder, mapFolder, readJob } from './jobs/job.js';
import { planUnits, readPlan } from './plan.js';
import { runsFolder } from './run-owner.js';
import { RunStore } from './store.js';
import { UnitRun } from './unit-run.js';

/** A map that some processes compute. */
interface PlannedMap {
  readonly output: string;
  /** The folder of its run; null if none of its units has been begun. */
  readonly run: string | null;
  /** The number of its units, as planned. */
  readonly units: number;
}

/** The runs of a map: the folder itself, or those in `FOLDER.run`, or in the folder of runs. */
async function findRuns(folder: string): Promise<string[]> {
  const bare = bareFolder(folder);
  const names = await readdir(bare).catch((): string[] => []);
  if (names.includes('plan.json')) return [bare];
  const parent = bare.endsWith('.run') ? bare : runsFolder(bare);
  const runs: string[] = [];
  for (const name of await readdir(parent).catch((): string[] => [])) {
    const inside = await readdir(join(parent, name)).catch((): string[] => []);
    if (inside.includes('plan.json')) runs.push(join(parent, name));
  }
  return runs;
}

/** The only run of a map; null for none. @throws {TerrachipError} INVALID_INPUT for several */
async function findRun(folder: string): Promise<string | null> {
  const runs = await findRuns(folder);
  if (runs.length < 2) return runs[0] ?? null;
  throw invalidInput(bareFolder(folder), `has several runs: ${runs.join(', ')}`, 'give one of them');
}

/** @throws {TerrachipError} INVALID_INPUT for several runs; NOT_FOUND for none */
async function requireRun(folder: string): Promise<string> {
  const run = await findRun(folder);
  if (run !== null) return run;
  const bare = bareFolder(folder);
  throw new TerrachipError(
    'NOT_FOUND',
    `${bare} has no run: neither it nor ${bare.replace(/\.run$/, '')}.run holds a plan`,
    'give the folder of a run, or of the products',
    { source: bare },
  );
}

/** The maps of a job, or the one of a run. */
async function mapsOf(place: string): Promise<PlannedMap[]> {
  const job = await readJob(place);
  if (job === null) {
    const run = await requireRun(place);
    const { units } = await openUnits(run);
    return [{ output: run.replace(/\.run[/\\][^/\\]+$/, ''), run, units: units.length }];
  }
  const maps: PlannedMap[] = [];
  for (const scene of job.scenes) {
    const output = mapFolder(place, scene);
    maps.push({ output, run: await findRun(output), units: scene.units });
  }
  return maps;
}

async function openUnits(run: string): Promise<UnitRun> {
  return new UnitRun(run, planUnits(await readPlan(join(run, 'plan.json'))));
}

/** Units of one map that are not done. */
async function missingOf({ run, units }: PlannedMap): Promise<number[]> {
  if (run !== null) return (await openUnits(run)).missing();
  return Array.from({ length: units }, (_, unit) => unit);
}

/**
 * The units that are not finished, or whose files have another size than was written. Units of several maps are numbered
 * consecutively, in the order of their folders.
 * @param folder of the map or the maps, or of a run
 */
export async function missingUnits(folder: string): Promise<number[]> {
  const missing: number[] = [];
  let before = 0;
  for (const map of await mapsOf(folder)) {
    for (const unit of await missingOf(map)) missing.push(before + unit);
    before += map.units;
  }
  return missing;
}

/**
 * The shards of which some units are missing.
 * @param count the number of shards
 * @throws {TerrachipError} INVALID_OPTION for a count that is no whole number from 1 on; as `missingUnits`
 */
export async function missingShards(folder: string, count: number): Promise<number[]> {
  requireWhole('count', count, 1);
  const total = (await mapsOf(folder)).reduce((sum, { units }) => sum + units, 0);
  const missing = await missingUnits(folder);
  return Array.from({ length: count }, (_, index) => index).filter((index) => {
    const { start, end } = shardUnits(total, index, count);
    return missing.some((unit) => unit >= start && unit < end);
  });
}

/**
 * Writes the products of a run whose units are all finished, and whose inputs have not changed.
 * @param folder of the run, or of the map that it is for
 * @throws {TerrachipError} INCOMPLETE; INVALID_INPUT for an input of another version than was planned; DISK
 */
export async function finalizeRun(
  folder: string,
  output: string,
  options: FinalizeOptions = {},
): Promise<FinalizeReport> {
  const run = await requireRun(folder);
  const plan = await readPlan(join(run, 'plan.json'));
  const model = await openModel(plan.model.path);
  if (model.sha256 !== plan.model.sha256) {
    const problem = 'has changed since the run was planned';
    throw invalidInput(plan.model.path, problem, 'restore the model, or run infer again');
  }
  const store = new RunStore(run, plan, model.spec.output);
  const sources = plan.images.flatMap((image) => image.sources);
  await makeProductFolder(output, [plan.scene.path, ...sources.map(({ href }) => href), model.path]);
  const identities = sources.map(({ href, identity }) => [href, identity] as const);
  for (const problem of await requireVersions(new Map(identities), options.signal)) {
    const message = `it is unknown whether an input has changed since the run was planned: ${problem}`;
    options.onProgress?.({ type: 'warning', message });
  }
  return finalizeMap({ store, model, output, record: null }, options);
}

/**
 * Writes the products of all maps of a job that are whole, each into its folder.
 * @param folder of the map or the maps
 * @param options default: those of the job
 * @throws {TerrachipError} INCOMPLETE for missing and damaged units, after the whole maps are written
 */
export async function finalizeMaps(folder: string, options: FinalizeOptions = {}): Promise<FinalizeReport[]> {
  const job = await readJob(folder);
  const maps = await mapsOf(folder);
  const reports: FinalizeReport[] = [];
  const incomplete: TerrachipError<'INCOMPLETE'>[] = [];
  for (const map of maps) {
    try {
      if (map.run === null) throw notBegun(map);
      reports.push(await finalizeRun(map.run, map.output, { ...job?.products, ...options }));
    } catch (error) {
      if (!isTerrachipError(error, 'INCOMPLETE')) throw error;
      incomplete.push(error);
    }
  }
  if (incomplete.length > 0) {
    if (maps.length === 1) throw incomplete[0];
    const missing = incomplete.reduce((sum, { fields }) => sum + fields.missing, 0);
    const problem = `${incomplete.length} of ${maps.length} maps in ${folder} lack units, ${missing} in all`;
    throw new TerrachipError('INCOMPLETE', problem, 'run the missing shards', { missing });
  }
  return reports;
}

function notBegun({ output, units }: PlannedMap): TerrachipError<'INCOMPLETE'> {
  const problem = `all ${units} units of ${output} are missing`;
  return new TerrachipError('INCOMPLETE', problem, 'run the missing shards', { missing: units });
}

/** Removes all runs of a map. @throws {TerrachipError} BUSY if a process is at work on one of them */
export async function discardRuns(output: string): Promise<void> {
  for (const folder of await findRuns(output)) {
    const run = await openUnits(folder);
    await using _claimed = await run.claim({ start: 0, end: run.units.length }, { resume: true });
    await removeRun(folder);
  }
}
