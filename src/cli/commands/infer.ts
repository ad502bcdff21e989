import { Command } from 'commander';
import { PROVIDER_CHOICES } from '../../inference/node/provider-choice.js';
import type { InferOptions, InferReport } from '../../workflow/index.js';
import { collect, parseBackend, parseChoice, parseCount, parseNumber, parseShard } from '../arguments.js';
import type { Run } from '../main.js';

type Options = Omit<
  InferOptions,
  'scene' | 'signal' | 'onProgress' | 'batchSize' | 'rowsPerUnit' | 'cacheBytes' | 'reusePhases'
> & {
  batch?: number;
  unitRows?: number;
  cacheMb?: number;
  phaseReuse: boolean;
};

export function inferCommands(run: Run): Command[] {
  return [inferCommand(run), missingCommand(run), finalizeCommand(run)];
}

function inferCommand(run: Run): Command {
  const command = new Command('infer')
    .description('map a scene with a model')
    .argument('<scene>', 'a scene file: rasters by input, phase and band')
    .requiredOption(
      '--model <folder>',
      'a folder with model.json and model.onnx, or demo-flood, demo-water-s1 or water-threshold',
    )
    .requiredOption('-o, --output <folder>', 'where the products go')
    .option('--backend <name>', 'auto, webgpu or cpu', parseBackend, 'auto' as const)
    .option(
      '--provider <name>',
      PROVIDER_CHOICES.join(', '),
      parseChoice('--provider', PROVIDER_CHOICES),
      'auto' as const,
    )
    .option('--threads <n>', 'worker threads', parseCount('--threads', 0))
    .option('--phases <names...>', "phases of the scene, in the order of the model's", collect(String))
    .option(
      '--threshold <p>',
      'probability above which a pixel is of the second of two classes',
      parseNumber('--threshold'),
    )
    .option('--blend <what>', 'probability or logits', parseChoice('--blend', ['probability', 'logits']))
    .option(
      '--min-chip-valid <share>',
      'leave out chips with a smaller share of valid pixels',
      parseNumber('--min-chip-valid'),
    )
    .option('--batch <n>', 'chips a batch (default 4)', parseCount('--batch'))
    .option('--no-phase-reuse', 'encode equal phases each time, in models of two graphs; changes no bit')
    .option('--unit-rows <n>', 'rows a unit: a multiple of 256', parseCount('--unit-rows'))
    .option('--shard <i/n>', 'run only the units of one of n shards; then use finalize', parseShard)
    .option('--resume', 'keep the units that an earlier run finished')
    .option('--keep-run', 'keep the intermediate store')
    .option('--cache-mb <n>', 'decoded source blocks to keep (default 256)', parseCount('--cache-mb'))
    .option('--max-pixels <n>', 'refuse larger grids (default 500000000)', parseCount('--max-pixels'));
  return command.action((scene: string, options: Options) =>
    run(command, async ({ output, signal }) => {
      const { infer } = await import('../../workflow/infer.js');
      const { batch, unitRows, cacheMb, phaseReuse, ...rest } = options;
      const report = await infer({
        ...rest,
        scene,
        reusePhases: phaseReuse,
        ...(batch === undefined ? {} : { batchSize: batch }),
        ...(unitRows === undefined ? {} : { rowsPerUnit: unitRows }),
        ...(cacheMb === undefined ? {} : { cacheBytes: cacheMb * 2 ** 20 }),
        signal,
        onProgress: output.onProgress,
      });
      output.result(report, describeInference(report));
    }),
  );
}

/** A few lines on what was made, where, how and how fast. */
export function describeInference(report: InferReport): string {
  const { plan, run, products } = report;
  const { backend } = run;
  const lines = [
    `${plan.grid.width} × ${plan.grid.height} in ${plan.grid.crs} by ${plan.model.name} ${plan.model.version}`,
    `${backend.kind} on ${backend.adapter}, model on ${run.provider}; ${run.counters.chipsRun} chips in ${run.seconds.total} s`,
  ];
  if (products === null) {
    lines.push(
      `${report.unitsRun} units done, ${report.unitsMissing} missing; run folder ${report.runFolder}`,
    );
  } else {
    const total = plan.grid.width * plan.grid.height;
    const shares = Object.entries(products.pixels).map(
      ([name, n]) => `${name} ${((100 * n) / total).toFixed(1)} %`,
    );
    lines.push(shares.join(', '), ...Object.values(products.files));
  }
  return lines.join('\n');
}

function missingCommand(run: Run): Command {
  const command = new Command('missing')
    .description('which units of a run are not done')
    .argument('<run>', 'the run folder that infer named');
  return command.action((folder: string) =>
    run(command, async ({ output }) => {
      const { missingUnits } = await import('../../workflow/finalize.js');
      const units = await missingUnits(folder);
      output.result({ count: units.length, units }, units.length === 0 ? 'none' : units.join(','));
      if (units.length > 0) process.exitCode = 3;
    }),
  );
}

function finalizeCommand(run: Run): Command {
  const command = new Command('finalize')
    .description('make the products of a run whose units are all done')
    .argument('<run>', 'the run folder that infer named')
    .requiredOption('-o, --output <folder>', 'where the products go');
  return command.action((folder: string, options: { output: string }) =>
    run(command, async ({ output, signal }) => {
      const { finalizeRun } = await import('../../workflow/finalize.js');
      const report = await finalizeRun(folder, options.output, { signal, onProgress: output.onProgress });
      output.result(report, Object.values(report.files).join('\n'));
    }),
  );
}
