import { ANCHORS, PACKAGE_FORMATS } from '../../workflow/choices.js';
import { packageManifest } from '../../workflow/index.js';
import { parseChoice, parseNumber } from '../arguments.js';
import { argument, defineCommand, flag, option } from '../command.js';
import { BACKEND, MEMORY, maxPixels, memoryOf, outputOption, THREADS } from '../shared-options.js';
import { formatMemory } from '../table.js';

export const packageCommand = defineCommand(
  'package',
  "put all bands of an event's manifest on one grid, to infer often (infer also reads the manifest itself)",
  {
    manifest: argument('<manifest>', 'an acquisition manifest: which items show an event, phase by phase'),
    output: outputOption('<folder>', 'where the package goes'),
    resolution: option('--res <r>', 'pixel size in units of the CRS (default 10)', parseNumber),
    anchor: option(
      '--anchor <how>',
      "fit stretches pixels to the event's box, snap keeps them exact (default fit)",
      parseChoice(ANCHORS),
    ),
    format: option(
      '--format <form>',
      'cog, or npy for the arrays, chip list and document of the notebooks (default cog)',
      parseChoice(PACKAGE_FORMATS),
    ),
    backend: BACKEND,
    threads: THREADS,
    memory: MEMORY,
    maxPixels: maxPixels(),
    resume: flag('--resume', 'keep the files that an earlier run finished'),
    overwrite: flag('--overwrite', 'make the files that an earlier run finished again'),
  },
  async (values, { output, ...operation }) => {
    const memory = memoryOf(values.memory, process.env);
    const report = await packageManifest({ ...values, memory, ...operation });
    const { width, height, crs } = report.grid;
    const before = report.finishedBefore ? 'the package is finished already: ' : '';
    output.result(
      report,
      [
        `${before}${width} × ${height} in ${crs}, ${(100 * report.validShare).toFixed(1)} % valid in all bands`,
        report.scene,
        ...(report.memory === null ? [] : [formatMemory(report.memory)]),
      ].join('\n'),
    );
  },
);
