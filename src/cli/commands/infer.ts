import { invalidOption } from '../../errors.js';
import {
  type FinalizeReport,
  type InferOptions,
  type InferReport,
  infer,
  inferMaps,
  inferPlanned,
} from '../../workflow/index.js';
import { inUnits } from '../../workflow/memory.js';
import { argumentList, defineCommand, flag, list, option, type Values } from '../command.js';
import { chooseGpu, verifyGpu } from '../gpu.js';
import { EXECUTION_OPTIONS, MAP_OUTPUT, MODEL, PLAN_OPTIONS, PRODUCT_OPTIONS } from '../map-options.js';
import type { Output } from '../output.js';
import { chooseShard, parseShardChoice } from '../shard.js';
import { CACHE, MEMORY, memoryOf, OVERWRITE, RESUME, THREADS } from '../shared-options.js';
import { formatMemory, formatNumber, formatPercent } from '../table.js';

const WORKER_OPTIONS = {
  threads: THREADS,
  shard: option(
    '--shard <i/n>',
    'compute only shard i of n, or with auto the shard of the array job or parallel step; then run finalize',
    parseShardChoice,
  ),
  overwrite: OVERWRITE,
  keepRun: flag('--keep-run', 'keep the intermediate store'),
  cacheBytes: CACHE,
  memory: MEMORY,
  signedScenes: list(
    '--signed <addresses...>',
    'signed URLs of the scenes of a planned map, since a plan keeps no signatures',
  ),
};

const INFER_OPTIONS = {
  scenes: argumentList(
    '<scene...>',
    'scene files, packages or manifests of events; or the folder of a planned map',
  ),
  model: MODEL,
  output: MAP_OUTPUT,
  ...EXECUTION_OPTIONS,
  ...PLAN_OPTIONS,
  ...WORKER_OPTIONS,
  resume: RESUME,
  ...PRODUCT_OPTIONS,
};

export const inferCommand = defineCommand(
  'infer',
  'map scenes with a model',
  INFER_OPTIONS,
  async ({ shard: given, ...values }, { output, ...operation }) => {
    const chosen = chooseShard(given, process.env);
    if (chosen !== null) output.note(`shard ${chosen.index}/${chosen.count}, by ${chosen.by}`);
    const own = {
      memory: memoryOf(values.memory, process.env),
      ...(chosen === null ? {} : { shard: { index: chosen.index, count: chosen.count } }),
      ...(await takeGpu(values.backend, output)),
    };
    const { scenes, model, output: folder, ...rest } = values;
    const options = { ...rest, ...own, ...operation };
    if (model === undefined && folder === undefined && scenes.length === 1) {
      const reports = await inferPlanned(scenes[0], { ...workerValues(values), ...own, ...operation });
      output.result({ maps: reports }, describeMaps(reports));
      return;
    }
    const [missing] = Object.entries({ '--model': model, '--output': folder }).filter(
      ([, value]) => value === undefined,
    );
    if (model === undefined || folder === undefined) {
      throw invalidOption(missing[0], 'is missing', 'give it, or only the folder of a planned map');
    }
    if (scenes.length === 1) {
      const report = await infer({ ...options, scene: scenes[0], model, output: folder });
      output.result(report, describeInference(report));
      return;
    }
    const reports = await inferMaps({ ...options, scenes, model, output: folder });
    output.result({ maps: reports }, describeMaps(reports));
  },
);

/** Chooses the GPU of this process before Vulkan and CUDA are loaded, which read the environment then. */
async function takeGpu(backend: string, output: Output): Promise<Pick<InferOptions, 'gpu'>> {
  const chosen = backend === 'cpu' ? null : await chooseGpu(process.env);
  if (chosen === null) return {};
  Object.assign(process.env, chosen.variables);
  output.note(`GPU ${chosen.gpu.pci} (${chosen.gpu.name}, ${chosen.gpu.uuid})`);
  return { gpu: (device) => verifyGpu(chosen.gpu, device, process.env) };
}

/** The options of a process that works on a plan. @throws {TerrachipError} INVALID_OPTION for those of the plan */
function workerValues({
  scenes,
  resume,
  backend,
  provider,
  ...values
}: Omit<Values<typeof INFER_OPTIONS>, 'shard'>) {
  const chosen = { ...values, ...(provider === 'auto' ? {} : { provider }) };
  const fixed = Object.keys(chosen).find((name) => !Object.hasOwn(WORKER_OPTIONS, name));
  if (fixed !== undefined) {
    throw invalidOption(fixed, `is fixed by the plan of ${scenes[0]}`, 'leave it out, or plan the job again');
  }
  const { threads, overwrite, cacheBytes, signedScenes } = values;
  return { threads, overwrite, cacheBytes, signedScenes, ...(backend === 'auto' ? {} : { backend }) };
}

function describeMaps(reports: readonly InferReport[]): string {
  return reports.length === 0
    ? 'there are no units for this shard'
    : reports.map(describeInference).join('\n');
}

/** A few lines on what was made, where, how and how fast. */
export function describeInference(report: InferReport): string {
  const { plan, run, products } = report;
  const { backend } = run;
  const lines = [
    `${plan.grid.width} × ${plan.grid.height} in ${plan.grid.crs} by ${plan.model.name} ${plan.model.version}`,
    `${backend.kind} on ${backend.adapter}, model on ${run.provider}; ${run.counters.chipsRun} chips in ${run.seconds.total} s`,
  ];
  if (report.finishedBefore) {
    return `the map of this plan is finished already: ${plan.grid.width} × ${plan.grid.height} in ${plan.grid.crs}`;
  }
  if (products === null) {
    lines.push(
      `${report.unitsRun} units done, ${report.unitsMissing} missing; run folder ${report.runFolder}`,
    );
  } else {
    lines.push(describeProducts(products, plan.grid.width * plan.grid.height));
  }
  const { memory, peakMemoryBytes } = run;
  if (memory !== null) lines.push(formatMemory(memory), `memory that was taken: ${inUnits(peakMemoryBytes)}`);
  return lines.join('\n');
}

/** Areas of the classes or ranges of the values, and the files. @param total pixels of the grid */
export function describeProducts({ statistics, pixels, files }: FinalizeReport, total: number): string {
  const share = (count: number): string => formatPercent(count / total);
  const parts = statistics.classes.map(
    ({ name, km2, pixels }) => `${name} ${share(pixels)} (${formatNumber(km2, 2)} km²)`,
  );
  for (const { name, units, min, mean, max, std } of statistics.values ?? []) {
    const [least, middle, most, spread] = [min, mean, max, std].map((value) => formatNumber(value));
    const unit = units === undefined ? '' : ` ${units}`;
    parts.push(`${name} from ${least} to ${most}${unit}, mean ${middle}, standard deviation ${spread}`);
  }
  return [[...parts, `nodata ${share(pixels.nodata)}`].join(', '), ...Object.values(files)].join('\n');
}
