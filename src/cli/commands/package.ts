import { Command } from 'commander';
import type { PackageOptions } from '../../workflow/index.js';
import { parseBackend, parseChoice, parseCount, parseNumber } from '../arguments.js';
import type { Run } from '../main.js';

type Options = Omit<PackageOptions, 'manifest' | 'resolution' | 'signal' | 'onProgress'> & { res?: number };

export function packageCommand(run: Run): Command {
  const command = new Command('package')
    .description("put all bands of an event's manifest on one grid, for infer")
    .argument('<manifest>', 'an acquisition manifest: which items show an event, phase by phase')
    .requiredOption('-o, --output <folder>', 'where the package goes')
    .option('--res <r>', 'pixel size in units of the CRS (default 10)', parseNumber('--res'))
    .option(
      '--anchor <how>',
      "fit stretches pixels to the event's box, snap keeps them exact (default fit)",
      parseChoice('--anchor', ['fit', 'snap']),
    )
    .option('--backend <name>', 'auto, webgpu or cpu', parseBackend, 'auto' as const)
    .option('--threads <n>', 'worker threads', parseCount('--threads', 0))
    .option('--max-pixels <n>', 'refuse larger grids (default 500000000)', parseCount('--max-pixels'));
  return command.action((manifest: string, { res, ...options }: Options) =>
    run(command, async ({ output, signal }) => {
      const { packageManifest } = await import('../../workflow/package.js');
      const report = await packageManifest({
        ...options,
        manifest,
        ...(res === undefined ? {} : { resolution: res }),
        signal,
        onProgress: output.onProgress,
      });
      const { width, height, crs } = report.grid;
      output.result(
        report,
        [
          `${width} × ${height} in ${crs}, ${(100 * report.validShare).toFixed(1)} % valid in all bands`,
          report.scene,
        ].join('\n'),
      );
    }),
  );
}
