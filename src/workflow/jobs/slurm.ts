/** The scripts and commands of a job on Slurm. Nothing is run here. */
import { invalidOption, requireWhole } from '../../errors.js';
import { shellWords } from '../../text.js';

/** How a job runs on Slurm. Missing options are left to the cluster. */
export interface SlurmOptions {
  /** The number of shards. A multiple of `tasks`. */
  shards: number;
  /** Shards that run at once in an element of the array, one per task (default 1); for clusters that allocate whole nodes. */
  tasks?: number;
  partition?: string;
  account?: string;
  qos?: string;
  /** GPUs per shard (default 0). With GPUs, the backend must be webgpu. */
  gpus?: number;
  /** The time limit of an element, as sbatch takes it: `30`, `1:30:00`, `1-0`. */
  time?: string;
  /** Memory of an element, as sbatch takes it: `16G`. */
  memory?: string;
  /** Cores per shard, which are also its worker threads. */
  cpus?: number;
  /** Elements that run at the same time, at most. */
  throttle?: number;
  /** How often an element that ends with status 75 (worth a retry) or runs out of time is started again (default 3). */
  restarts?: number;
  /** An image of Apptainer with terrachip, such as that of `containers/terrachip.def`. */
  container?: string;
  /** Folders to mount in the container, besides those that the cluster mounts. */
  bind?: readonly string[];
  /** More arguments of sbatch, for both jobs. */
  sbatch?: readonly string[];
  /** More arguments of sbatch, for the job that writes the products. */
  finalizeSbatch?: readonly string[];
  /** How terrachip is started on the nodes (default: `terrachip`); in a container always `terrachip`. */
  command?: readonly string[];
}

/** A script, and the arguments of sbatch before it. */
export interface SlurmScript {
  readonly content: string;
  readonly args: readonly string[];
}

/** Seconds before the time limit at which an element is stopped, so that it ends in order. */
const STOP_AHEAD = 120;

/** @throws {TerrachipError} INVALID_OPTION for numbers that are none, and shards that are no multiple of the tasks */
export function checkSlurmOptions(options: SlurmOptions): void {
  const { shards, tasks = 1, gpus = 0, cpus = 1, throttle = 1, restarts = 0 } = options;
  for (const [name, value, least] of [
    ['shards', shards, 1],
    ['tasks', tasks, 1],
    ['gpus', gpus, 0],
    ['cpus', cpus, 1],
    ['throttle', throttle, 1],
    ['restarts', restarts, 0],
  ] as const) {
    requireWhole(name, value, least, 1_000_000);
  }
  if (shards % tasks !== 0) {
    throw invalidOption('shards', `cannot be ${shards} with ${tasks} tasks`, 'give a multiple of `tasks`');
  }
}

/**
 * The script of the array. Each element computes one shard, or one per task.
 * @param output the folder of the job, as an absolute path
 * @param missing the shards to compute
 * @param backend the required backend of the shards; null for that of the plan
 */
export function arrayScript(
  options: SlurmOptions,
  output: string,
  missing: readonly number[],
  backend: string | null,
): SlurmScript {
  const { shards, tasks = 1, gpus = 0, cpus, throttle, restarts = 3, time } = options;
  const elements = [...new Set(missing.map((shard) => Math.floor(shard / tasks)))];
  const limit = throttle === undefined ? '' : `%${throttle}`;
  const worker = [
    ...commandOf(options),
    'infer',
    output,
    ...(backend === null ? [] : ['--backend', backend]),
    ...(cpus === undefined ? [] : ['--threads', String(cpus)]),
  ];
  const index = tasks === 1 ? '$SLURM_ARRAY_TASK_ID' : `$((SLURM_ARRAY_TASK_ID * ${tasks} + SLURM_PROCID))`;
  const shard = `${shellWords(worker)} --shard "${index}/${shards}"`;
  // Tasks go on when another one fails.
  const srun = ['srun', `--ntasks=${tasks}`, '--kill-on-bad-exit=0', '--wait=0', 'bash', '-c'];
  const start = tasks === 1 ? shard : shellWords([...srun, `exec ${shard}`]);
  return {
    args: [
      ...sharedArguments(options, output, 'terrachip', '%A_%a'),
      `--array=${ranges(elements)}${limit}`,
      `--ntasks=${tasks}`,
      ...(gpus === 0 ? [] : [`--gpus-per-task=${gpus}`]),
      ...(cpus === undefined ? [] : [`--cpus-per-task=${cpus}`]),
      ...(options.memory === undefined ? [] : [`--mem=${options.memory}`]),
      ...(time === undefined ? [] : [`--time=${time}`]),
      restarts === 0 ? '--no-requeue' : '--requeue',
      `--signal=B:USR1@${STOP_AHEAD}`,
      ...(options.sbatch ?? []),
    ],
    content: `#!/bin/bash
# Computes a shard of ${shards}. Written by terrachip submit.
stopped=
stop() {
  stopped=1
  kill -TERM "$child" 2>/dev/null
}
# Slurm sends it before the time limit.
trap stop USR1
${start} &
child=$!
wait "$child"
status=$?
if [ -n "$stopped" ]; then
  wait "$child"
  status=75
fi
# 75 is worth a retry: a lost device, the network, a full disk, or no time left. Finished units are kept.
if [ "$status" -eq 75 ] && [ "\${SLURM_RESTART_COUNT:-0}" -lt ${restarts} ]; then
  scontrol requeue "\${SLURM_ARRAY_JOB_ID}_\${SLURM_ARRAY_TASK_ID}"
fi
exit "$status"
`,
  };
}

/** The script of the job that writes the products. @param after the array that it waits for; null for none */
export function finalizeScript(options: SlurmOptions, output: string, after: string | null): SlurmScript {
  const [finalize, missing] = ['finalize', 'missing'].map((name) =>
    shellWords([...commandOf({ ...options, gpus: 0 }), name, output]),
  );
  return {
    args: [
      ...sharedArguments(options, output, 'terrachip-finalize', '%j_finalize'),
      '--ntasks=1',
      // Also when elements have failed: the script says what is missing.
      ...(after === null ? [] : [`--dependency=afterany:${after}`]),
      ...(options.sbatch ?? []),
      ...(options.finalizeSbatch ?? []),
    ],
    content: `#!/bin/bash
# Writes the products, or says which shards are missing and exits with 3. Written by terrachip submit.
${finalize}
status=$?
if [ "$status" -eq 3 ]; then
  echo "missing shards of ${options.shards}:"
  ${missing} --of ${options.shards}
fi
exit "$status"
`,
  };
}

function sharedArguments(options: SlurmOptions, output: string, name: string, log: string): string[] {
  const { partition, account, qos } = options;
  const given = Object.entries({ partition, account, qos }).flatMap(([flag, value]) =>
    value === undefined ? [] : [`--${flag}=${value}`],
  );
  // Slurm replaces what follows a percent sign.
  const folder = `${output}.run/slurm`.replaceAll('%', '%%');
  return [
    '--parsable',
    `--job-name=${name}`,
    `--output=${folder}/${log}.log`,
    '--open-mode=append',
    ...given,
  ];
}

function commandOf({ container, bind = [], gpus = 0, command = ['terrachip'] }: SlurmOptions): string[] {
  if (container === undefined) return [...command];
  const shown = bind.flatMap((folder) => ['--bind', folder]);
  return ['apptainer', 'exec', ...(gpus === 0 ? [] : ['--nv']), ...shown, container, 'terrachip'];
}

/** Numbers as sbatch lists them: `0-3,7`. */
export function ranges(numbers: readonly number[]): string {
  const sorted = [...numbers].sort((a, b) => a - b);
  const groups: [first: number, last: number][] = [];
  for (const number of sorted) {
    const group = groups.at(-1);
    if (group !== undefined && group[1] === number - 1) group[1] = number;
    else groups.push([number, number]);
  }
  return groups.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(',');
}
