import { Command } from 'commander';
import { collect, parseCount, parseNumber, requireLength } from '../arguments.js';
import type { Run } from '../main.js';

interface Options {
  output: string;
  size?: number;
  bands?: number[];
  percentiles?: number[];
}

export function quicklookCommand(run: Run): Command {
  const command = new Command('quicklook')
    .description('a picture of a raster')
    .argument('<raster>', 'path or URL of a GeoTIFF')
    .requiredOption('-o, --output <png>', 'the picture to write')
    .option('--size <pixels>', 'longer side (default 1024)', parseCount('--size'))
    .option('--bands <numbers...>', 'one band, or red, green and blue', collect(parseCount('--bands')))
    .option(
      '--percentiles <p...>',
      'drawn black and white (default 2 98)',
      collect(parseNumber('--percentiles')),
    );
  return command.action((raster: string, options: Options) =>
    run(command, async ({ output, signal }) => {
      const { drawRaster } = await import('../../workflow/quicklook.js');
      const { size, bands, percentiles } = options;
      const range = percentiles === undefined ? undefined : requireLength('--percentiles', percentiles, [2]);
      const report = await drawRaster(raster, options.output, {
        ...(size === undefined ? {} : { size }),
        ...(bands === undefined ? {} : { bands }),
        ...(range === undefined ? {} : { percentiles: [range[0], range[1]] }),
        signal,
      });
      output.result(report, `${report.path}: ${report.width} × ${report.height}`);
    }),
  );
}
