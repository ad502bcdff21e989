import { Command } from 'commander';
import type { Metrics } from '../../workflow/index.js';
import { parseCount } from '../arguments.js';
import type { Run } from '../main.js';

export function evaluateCommand(run: Run): Command {
  const command = new Command('evaluate')
    .description('compare a map with a label')
    .argument('<map>', 'the folder that infer wrote')
    .requiredOption('--label <raster>', 'class values; its nodata, or -1, is ignored')
    .option('--band <n>', 'band of the label (default 1)', parseCount('--band'));
  return command.action((map: string, options: { label: string; band?: number }) =>
    run(command, async ({ output, signal }) => {
      const { evaluateMap } = await import('../../workflow/evaluate.js');
      const metrics = await evaluateMap({ map, ...options, signal, onProgress: output.onProgress });
      output.result(metrics, describeMetrics(metrics));
    }),
  );
}

/** The scores as a table, with the accuracy of doing nothing beside the accuracy. */
export function describeMetrics(metrics: Metrics): string {
  const number = (value: number | null, digits = 3): string => (value === null ? '—' : value.toFixed(digits));
  const percent = (value: number | null): string => (value === null ? '—' : `${(100 * value).toFixed(1)} %`);
  const rows = [
    ['class', 'IoU', 'precision', 'recall', 'F1', 'map km²', 'label km²'],
    ...metrics.classes.map((c) => [
      c.name,
      number(c.iou),
      number(c.precision),
      number(c.recall),
      number(c.f1),
      number(c.mapKm2, 2),
      number(c.labelKm2, 2),
    ]),
  ];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const table = rows.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '),
  );
  const { mapInvalid, labelUnknown, otherClass } = metrics.excludedShare;
  return [
    ...table,
    `pixel accuracy ${number(metrics.pixelAccuracy)}; everything as the most frequent class would reach ${number(metrics.majorityClassAccuracy)}`,
    `${metrics.evaluatedPixels} pixels; left out: ${percent(mapInvalid)} without data in the map, ${percent(labelUnknown)} unknown in the label, ${percent(otherClass)} of other classes`,
  ].join('\n');
}
