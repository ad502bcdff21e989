import { Command } from 'commander';
import type { DemoOptions } from '../../workflow/demo.js';
import { collect, parseBackend, parseCount, requireLength } from '../arguments.js';
import type { Run } from '../main.js';
import { describeMetrics } from './evaluate.js';
import { describeInference } from './infer.js';

type Options = Omit<DemoOptions, 'size' | 'signal' | 'onProgress'> & { size?: number[] };

export function demoCommand(run: Run): Command {
  const command = new Command('demo')
    .description('make up a flood and its satellite images, map it, and score the map')
    .option('-o, --output <folder>', 'where everything goes', 'terrachip-demo')
    .option('--seed <n>', 'another event (default 7)', parseCount('--seed', 0))
    .option('--size <w h...>', 'pixels of the map (default 1500 1200)', collect(parseCount('--size')))
    .option('--backend <name>', 'auto, webgpu or cpu', parseBackend, 'auto' as const);
  return command.action(({ size, ...options }: Options) =>
    run(command, async ({ output, signal }) => {
      const { runDemo } = await import('../../workflow/demo.js');
      const [width, height] = requireLength('--size', size ?? [1500, 1200], [2]);
      const report = await runDemo({
        ...options,
        size: [width, height],
        signal,
        onProgress: output.onProgress,
      });
      output.result(
        report,
        [
          describeInference(report.inference),
          '',
          describeMetrics(report.metrics),
          '',
          `event    ${report.manifest}`,
          `package  ${report.package.scene}`,
          `radar    ${report.radar}`,
          `optical  ${report.optical}`,
          `picture  ${report.quicklook}`,
        ].join('\n'),
      );
    }),
  );
}
