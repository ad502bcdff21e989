import { parseCount } from '../arguments.js';
import { defineCommand, option, pair, withDefault } from '../command.js';
import { BACKEND } from '../shared-options.js';
import { describeMetrics } from './evaluate.js';
import { describeInference } from './infer.js';

export const demoCommand = defineCommand(
  'demo',
  'simulate a flood and its satellite images, map it, and score the map',
  {
    output: withDefault('terrachip-demo', option('-o, --output <folder>', 'folder of all outputs')),
    seed: option('--seed <n>', 'random seed of the event (default 7)', parseCount(0)),
    size: pair('--size <w h...>', 'width and height of the map in pixels (default 1500 1200)', parseCount()),
    backend: BACKEND,
  },
  async (values, { output, ...operation }) => {
    const { runDemo } = await import('../../workflow/demo.js');
    const report = await runDemo({ ...values, ...operation });
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
  },
);
