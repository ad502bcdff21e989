import { invalidOption } from '../../errors.js';
import {
  type FinalizeReport,
  finalizeMaps,
  finalizeRun,
  missingShards,
  missingUnits,
  type PlanMapsReport,
  planMaps,
  type SubmitReport,
  submitJob,
} from '../../workflow/index.js';
import { parseChoice, parseCount, parseSize } from '../arguments.js';
import {
  argument,
  argumentList,
  defineCommand,
  flag,
  list,
  option,
  required,
  withDefault,
} from '../command.js';
import { EXECUTION_OPTIONS, MAP_OUTPUT, MODEL, PLAN_OPTIONS, PRODUCT_OPTIONS } from '../map-options.js';
import { formatDisk, formatLines, formatMemory } from '../table.js';
import { describeProducts } from './infer.js';

const RUN = argument('<folder>', 'folder of one or several maps, or of a run');

const JOB_OPTIONS = { ...EXECUTION_OPTIONS, ...PLAN_OPTIONS, ...PRODUCT_OPTIONS };

const REPLAN = flag(
  '--overwrite',
  'replace the plan of another job for the same output, and remove its units',
);

export const planCommand = defineCommand(
  'plan',
  'check scenes and a model, and plan their maps for infer, submit, missing and finalize',
  {
    scenes: argumentList('<scene...>', 'scene files or packages'),
    model: required(MODEL),
    output: required(MAP_OUTPUT),
    ...JOB_OPTIONS,
    threads: option('--threads <n>', 'worker threads of each process', parseCount(0)),
    memory: option(
      '--memory <size>',
      'memory limit of each process: 8GB, 7.5GiB, 800MiB; larger jobs are refused (default: free memory)',
      parseSize,
    ),
    overwrite: REPLAN,
  },
  async (values, { output, ...operation }) => {
    const report = await planMaps({ ...values, ...operation });
    output.result(report, describePlan(report));
  },
);

function describePlan({ output, model, scenes, units, disk }: PlanMapsReport): string {
  const rows = scenes.map((scene) => [
    scene.scene,
    `${scene.grid.width} × ${scene.grid.height}`,
    `${scene.units} units of ${scene.rowsPerUnit} rows`,
    scene.output,
  ]);
  const largest = scenes.reduce((most, each) => (each.memory.bytes > most.memory.bytes ? each : most));
  return [
    formatLines(rows),
    `${units} units by ${model.name} ${model.version}`,
    ...(scenes.length === 1 ? [] : [`${largest.scene} needs most:`]),
    formatMemory(largest.memory),
    formatDisk(disk),
    `next: terrachip infer ${output}, with --shard i/n for one of up to ${units} parts, or terrachip submit ${output}`,
  ].join('\n');
}

export const missingCommand = defineCommand(
  'missing',
  'list the units of a run or a job that are not done',
  {
    run: RUN,
    of: option('--of <n>', 'list instead which of n shards have missing units', parseCount()),
  },
  async ({ run, of }, { output }) => {
    const units = await missingUnits(run);
    const shards = of === undefined ? null : await missingShards(run, of);
    const listed = shards ?? units;
    const document = { count: units.length, units, ...(shards === null ? {} : { shards }) };
    output.result(document, listed.length === 0 ? 'none' : listed.join(','));
    if (units.length > 0) process.exitCode = 3;
  },
);

export const finalizeCommand = defineCommand(
  'finalize',
  'write the products of a run or a job whose units are all done',
  {
    run: RUN,
    folder: option('-o, --output <folder>', 'folder of the products (default: the folder of the map)'),
    ...PRODUCT_OPTIONS,
  },
  async ({ run, folder, ...options }, { output, ...operation }) => {
    if (folder !== undefined) {
      const report = await finalizeRun(run, folder, { ...options, ...operation });
      output.result(report, describeFinished(report));
      return;
    }
    const reports = await finalizeMaps(run, { ...options, ...operation });
    output.result({ maps: reports }, reports.map(describeFinished).join('\n'));
  },
);

function describeFinished(report: FinalizeReport): string {
  const total = Object.values(report.pixels).reduce((sum, count) => sum + count, 0);
  return describeProducts(report, total);
}

export const submitCommand = defineCommand(
  'submit',
  'submit a job to a cluster: an array of shards, and a job that writes the products',
  {
    scenes: argumentList('<scene...>', 'scene files or packages; or the folder of a planned map'),
    model: MODEL,
    output: MAP_OUTPUT,
    engine: withDefault('slurm', option('--engine <name>', 'batch system: slurm', parseChoice(['slurm']))),
    shards: required(option('--shards <n>', 'number of shards', parseCount())),
    tasks: option('--tasks <n>', 'shards to run at once in an array element (default 1)', parseCount()),
    partition: option('--partition <name>', 'partition of both jobs'),
    account: option('--account <name>', 'account of both jobs'),
    qos: option('--qos <name>', 'quality of service of both jobs'),
    gpus: option('--gpus <n>', 'GPUs per shard (default 0)', parseCount(0)),
    time: option('--time <limit>', 'time limit of an array element: 30, 1:30:00, 1-0'),
    memory: option('--mem <size>', 'memory of an array element: 16G'),
    cpus: option('--cpus <n>', 'cores per shard', parseCount()),
    throttle: option('--throttle <n>', 'largest number of array elements that run at once', parseCount()),
    restarts: option(
      '--restarts <n>',
      'largest number of restarts of an element after status 75 or its time limit (default 3)',
      parseCount(0),
    ),
    container: option('--container <image>', 'Apptainer image with terrachip'),
    bind: list('--bind <folders...>', 'folders to bind into the container'),
    sbatch: list(
      '--sbatch <arguments...>',
      'more sbatch arguments of both jobs, each as --sbatch=--constraint=a100',
    ),
    finalizeSbatch: list(
      '--finalize-sbatch <arguments...>',
      'more sbatch arguments of the job that writes the products',
    ),
    dryRun: flag('--dry-run', 'print the scripts and the commands without submitting'),
    ...JOB_OPTIONS,
    overwrite: REPLAN,
  },
  async ({ scenes, model, output: folder, ...values }, { output, ...operation }) => {
    if ((model === undefined) !== (folder === undefined)) {
      const option = model === undefined ? '--model' : '--output';
      throw invalidOption(option, 'is missing', 'give it, or only the folder of a planned map');
    }
    const isPlanned = model === undefined || folder === undefined;
    if (isPlanned && scenes.length > 1) {
      throw invalidOption(
        '--model and --output',
        'are missing',
        'give them, or only the folder of a planned map',
      );
    }
    if (!isPlanned) {
      const share = shareOfElement(values.memory, values.tasks);
      const memory = share === undefined ? {} : { memory: share };
      const { memory: _, ...job } = values;
      await planMaps({
        ...job,
        ...memory,
        threads: values.cpus,
        scenes,
        model,
        output: folder,
        ...operation,
      });
    }
    const command = [process.execPath, ...process.argv.slice(1, 2)];
    const report = await submitJob({ ...values, output: isPlanned ? scenes[0] : folder, command });
    output.result(report, describeSubmission(report));
  },
);

/** The memory of a task, of that of an element as sbatch takes it: a number is of MiB, and 0 is all of a node. */
function shareOfElement(text: string | undefined, tasks = 1): number | undefined {
  if (text === undefined || /^0+[a-z]*$/i.test(text)) return undefined;
  return Math.floor(parseSize(/^\d+$/.test(text) ? `${text}M` : text, '--mem') / tasks);
}

function describeSubmission({ output, shards, array, finalize }: SubmitReport): string {
  const jobs = array === null ? [finalize] : [array, finalize];
  if (finalize.id === null) {
    return jobs.map(({ script, content, command }) => `# ${script}\n${content}\n${command}`).join('\n\n');
  }
  const parts = array === null ? 'no shard is missing' : `array ${array.id} of ${shards.length} shards`;
  return `${parts}; job ${finalize.id} writes ${output}`;
}
