/**
 * Which shard of a job this process computes. Variables of engines are read only where `auto` asks for it: a command in an
 * array over scenes, say, must map its scene whole.
 */
import { invalidOption } from '../errors.js';
import { type Parse, parseCount, parseShard } from './arguments.js';

type Environment = Readonly<Record<string, string | undefined>>;

interface Shard {
  readonly index: number;
  readonly count: number;
}

/** A shard, and the option or the variables that say so. */
export interface ChosenShard extends Shard {
  readonly by: string;
}

/** Variables of an engine. */
interface Engine {
  readonly name: string;
  /** The number of this process. Of several names, the first that is set. */
  readonly index: readonly string[];
  /** The number of processes, or the largest index of an engine that counts from 1. Some engines have none. */
  readonly count?: string;
  /** The first index (default 0). */
  readonly first?: number;
  /** Values that these variables must have, so that the count is right. */
  readonly expected?: (count: number) => Readonly<Record<string, number>>;
  /** An index that means that there is none. */
  readonly none?: string;
}

const ARRAY: Engine = {
  name: 'Slurm',
  index: ['SLURM_ARRAY_TASK_ID'],
  count: 'SLURM_ARRAY_TASK_COUNT',
  // The count is that of the submitted elements: of `--array=2` it is 1.
  expected: (count) => ({
    SLURM_ARRAY_TASK_MIN: 0,
    SLURM_ARRAY_TASK_STEP: 1,
    SLURM_ARRAY_TASK_MAX: count - 1,
  }),
};
const STEP: Engine = { name: 'srun', index: ['SLURM_PROCID'], count: 'SLURM_NTASKS' };

const OTHERS: readonly Engine[] = [
  { name: 'PBS', index: ['PBS_ARRAY_INDEX', 'PBS_ARRAYID'] },
  {
    name: 'LSF',
    index: ['LSB_JOBINDEX'],
    none: '0',
    count: 'LSB_JOBINDEX_END',
    first: 1,
    expected: () => ({ LSB_JOBINDEX_STEP: 1 }),
  },
  {
    name: 'Grid Engine',
    index: ['SGE_TASK_ID'],
    none: 'undefined',
    count: 'SGE_TASK_LAST',
    first: 1,
    expected: () => ({ SGE_TASK_FIRST: 1, SGE_TASK_STEPSIZE: 1 }),
  },
  { name: 'Kubernetes', index: ['JOB_COMPLETION_INDEX'] },
  { name: 'AWS Batch', index: ['AWS_BATCH_JOB_ARRAY_INDEX'], count: 'AWS_BATCH_JOB_ARRAY_SIZE' },
  { name: 'Google Batch', index: ['BATCH_TASK_INDEX'], count: 'BATCH_TASK_COUNT' },
  { name: 'Cloud Run', index: ['CLOUD_RUN_TASK_INDEX'], count: 'CLOUD_RUN_TASK_COUNT' },
  { name: 'torchrun', index: ['RANK'], count: 'WORLD_SIZE' },
  { name: 'Open MPI', index: ['OMPI_COMM_WORLD_RANK'], count: 'OMPI_COMM_WORLD_SIZE' },
  { name: 'PMI', index: ['PMI_RANK'], count: 'PMI_SIZE' },
  { name: 'Flux', index: ['FLUX_TASK_RANK'], count: 'FLUX_JOB_SIZE' },
];

/** Parses `--shard`: `i/n` or `auto`. */
export const parseShardChoice: Parse<Shard | 'auto'> = (text, option) =>
  text === 'auto' ? text : parseShard(text, option);

/**
 * The shard by the option, else by `TERRACHIP_SHARD`; null for none. Where one of these is `auto`, the engine's variables
 * say it, and `TERRACHIP_SHARDS` the count of an engine that does not.
 * @throws {TerrachipError} INVALID_OPTION where no engine is found, two of them disagree, or a count is not to be trusted
 */
export function chooseShard(given: Shard | 'auto' | undefined, env: Environment): ChosenShard | null {
  if (given !== undefined && given !== 'auto') return { ...given, by: '--shard' };
  if (given === 'auto') return detectShard('--shard', env);
  const own = textOf(env, 'TERRACHIP_SHARD');
  if (own === null) return null;
  const shard = parseShardChoice(own, 'TERRACHIP_SHARD');
  return shard === 'auto' ? detectShard('TERRACHIP_SHARD', env) : { ...shard, by: 'TERRACHIP_SHARD' };
}

const EXPLICIT = 'write it as i/n';

/** @param option what asked for it, for errors */
function detectShard(option: string, env: Environment): ChosenShard {
  const found = [...slurmShards(option, env), ...OTHERS.flatMap((engine) => readEngine(option, engine, env))];
  // An engine with one process says nothing of the processes that this one started.
  const several = found.filter(({ count }) => count > 1);
  const [chosen, ...others] = several.length === 0 ? found : several;
  if (chosen === undefined) {
    throw invalidOption(
      option,
      'cannot be auto: no variables of an array job or of a parallel step are set',
      EXPLICIT,
    );
  }
  const step = stepOf(env);
  for (const other of others) {
    const isSame = other.index === chosen.index && other.count === chosen.count;
    // Steps of Slurm set the variables of MPI too.
    const isStep = other.index === step?.index && other.count === step.count;
    if (isSame || isStep) continue;
    const [one, two] = [chosen, other].map(({ by, index, count }) => `${by} says ${index}/${count}`);
    throw invalidOption(option, `cannot be auto: ${one} and ${two}`, EXPLICIT);
  }
  return chosen;
}

/** An element of an array, a task of a step, or a task of a step in an element. */
function slurmShards(option: string, env: Environment): ChosenShard[] {
  const elements = readEngine(option, ARRAY, env, stepOf(env)?.count ?? 1);
  const [step] = inStep(option, env);
  const [element] = elements;
  if (element === undefined) return step === undefined ? [] : [step];
  if (step === undefined || step.count === 1) return elements;
  const total = shardCount(env) ?? element.count * step.count;
  const shard = { index: element.index * step.count + step.index, count: total };
  return [requireBelow(option, { ...shard, by: `${element.by} and ${step.by}` })];
}

/** The task of a step. The batch script has its variables too, as if it were the first task. */
function inStep(option: string, env: Environment): ChosenShard[] {
  const isBatch = textOf(env, 'SLURM_STEP_ID') === null;
  if (!isBatch) return readEngine(option, STEP, env, 1, false);
  const tasks = textOf(env, 'SLURM_NTASKS');
  if (textOf(env, 'SLURM_PROCID') === null || textOf(env, 'SLURM_ARRAY_TASK_ID') !== null) return [];
  if (tasks === null || tasks === '1') return [{ index: 0, count: 1, by: 'SLURM_PROCID' }];
  throw invalidOption(
    option,
    `cannot be auto in a batch script of ${tasks} tasks, which runs once`,
    'start the command with srun, or write i/n',
  );
}

/** The task of a step, unchecked; null outside of steps. */
function stepOf(env: Environment): Shard | null {
  if (textOf(env, 'SLURM_STEP_ID') === null) return null;
  const [index, count] = [Number(env.SLURM_PROCID), Number(env.SLURM_NTASKS)];
  return Number.isInteger(index) && Number.isInteger(count) ? { index, count } : null;
}

/**
 * What an engine says.
 * @param each processes of an element
 * @param isWhole whether `TERRACHIP_SHARDS` counts its processes
 */
function readEngine(
  option: string,
  engine: Engine,
  env: Environment,
  each = 1,
  isWhole = true,
): ChosenShard[] {
  const by = engine.index.find((name) => textOf(env, name) !== null);
  const text = by === undefined ? null : textOf(env, by);
  if (by === undefined || text === null || text === engine.none) return [];
  const { first = 0 } = engine;
  const index = parseCount(first)(text, by) - first;
  const total = isWhole ? shardCount(env) : null;
  const count = total === null ? countOf(option, engine, by, env) : Math.ceil(total / each);
  return [requireBelow(option, { index, count, by })];
}

/** The count of an engine. @throws {TerrachipError} INVALID_OPTION if there is none, or it is not to be trusted */
function countOf(option: string, { name, count, expected }: Engine, by: string, env: Environment): number {
  const remedy = 'set TERRACHIP_SHARDS to the number of shards, or write i/n';
  const text = count === undefined ? null : textOf(env, count);
  if (count === undefined || text === null) {
    const why = count === undefined ? `${name} does not say how many there are` : `${count} is not set`;
    throw invalidOption(option, `cannot be auto: ${by} is set, but ${why}`, remedy);
  }
  const value = parseCount()(text, count);
  for (const [variable, wanted] of Object.entries(expected?.(value) ?? {})) {
    const seen = textOf(env, variable);
    if (seen === String(wanted)) continue;
    const problem = `${variable} is ${seen ?? 'not set'} instead of ${wanted}, so ${count} may be the number of some elements`;
    throw invalidOption(option, `cannot be auto: ${problem}`, remedy);
  }
  return value;
}

function requireBelow(option: string, shard: ChosenShard): ChosenShard {
  if (shard.index < shard.count) return shard;
  const problem = `${shard.by} says ${shard.index} of ${shard.count}, counted from 0`;
  throw invalidOption(option, `cannot be auto: ${problem}`, EXPLICIT);
}

function shardCount(env: Environment): number | null {
  const text = textOf(env, 'TERRACHIP_SHARDS');
  return text === null ? null : parseCount()(text, 'TERRACHIP_SHARDS');
}

/** The value of a variable; null for one that is not set or empty. */
function textOf(env: Environment, name: string): string | null {
  const text = env[name]?.trim() ?? '';
  return text === '' ? null : text;
}
