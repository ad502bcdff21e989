import { ANCHORS, PACKAGE_FORMATS } from '../../workflow/choices.js';
import { packageManifest } from '../../workflow/index.js';
import { parseChoice, parseNumber } from '../arguments.js';
import { argument, defineCommand, flag, option } from '../command.js';
import { BACKEND, MEMORY, maxPixels, memoryOf, outputOption, THREADS } from '../shared-options.js';
import { formatMemory } from '../table.js';

export const packageCommand = defineCommand(
  'package',
  "warp all bands of an event's manifest onto one grid, to run infer often (infer also reads the manifest itself)",
  {
    manifest: argument('<manifest>', 'acquisition manifest: the items of an event for each phase'),
    output: outputOption('<folder>', 'folder of the package'),
    resolution: option('--res <r>', 'pixel size in units of the CRS (default 10)', parseNumber),
    anchor: option(
      '--anchor <how>',
      "placement of the grid: fit stretches pixels to the event's box, snap keeps their exact size (default fit)",
      parseChoice(ANCHORS),
    ),
    format: option(
      '--format <form>',
      'file format: cog, or npy for arrays, chip list and document as in the notebooks (default cog)',
      parseChoice(PACKAGE_FORMATS),
    ),
    backend: BACKEND,
    threads: THREADS,
    memory: MEMORY,
    maxPixels: maxPixels(),
    resume: flag('--resume', 'continue an earlier run: keep its finished files'),
    overwrite: flag('--overwrite', 'recompute the finished files of an earlier run'),
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
