import { Command } from 'commander';
import type { DemoOptions } from '../../workflow/index.js';
import { parseBackend, parseCount } from '../arguments.js';
import type { Run } from '../main.js';
import { describeMetrics } from './evaluate.js';
import { describeInference } from './infer.js';

export function demoCommand(run: Run): Command {
  const command = new Command('demo')
    .description('make a small radar scene, map its water, and score the map')
    .option('-o, --output <folder>', 'where scene and map go', 'terrachip-demo')
    .option('--seed <n>', 'another scene (default 7)', parseCount('--seed', 0))
    .option('--backend <name>', 'auto, webgpu or cpu', parseBackend, 'auto' as const);
  return command.action((options: DemoOptions) =>
    run(command, async ({ output, signal }) => {
      const { runDemo } = await import('../../workflow/demo/index.js');
      const report = await runDemo({ ...options, signal, onProgress: output.onProgress });
      output.result(
        report,
        [
          describeInference(report.inference),
          '',
          describeMetrics(report.metrics),
          '',
          `radar    ${report.radar}`,
          `picture  ${report.quicklook}`,
        ].join('\n'),
      );
    }),
  );
}
