import { Command } from 'commander';
import { collect, parseCount, parseNumber } from '../arguments.js';
import type { Run } from '../main.js';

interface Options {
  output: string;
  band?: number;
  values?: number[];
  nodata?: number;
}

export function polygonizeCommand(run: Run): Command {
  const command = new Command('polygonize')
    .description('the areas of a class map as polygons in longitude and latitude')
    .argument('<raster>', 'path or URL of a raster of classes')
    .requiredOption('-o, --output <geojson>', 'the GeoJSON file to write')
    .option('--band <number>', 'which band (default 1)', parseCount('--band'))
    .option(
      '--values <numbers...>',
      'only these values (default: all but nodata)',
      collect(parseNumber('--values')),
    )
    .option('--nodata <value>', "the value without data (default: the file's)", parseNumber('--nodata'));
  return command.action((source: string, { output: destination, ...options }: Options) =>
    run(command, async ({ output, signal }) => {
      const { polygonizeFile } = await import('../../workflow/polygonize.js');
      const report = await polygonizeFile({
        ...options,
        source,
        destination,
        signal,
        onProgress: output.onProgress,
      });
      const lines = report.values.map(
        ({ value, areas, km2 }) => `  ${value}: ${areas} areas, ${km2.toFixed(3)} km²`,
      );
      output.result(report, [`${destination}: ${report.areas} areas`, ...lines].join('\n'));
    }),
  );
}
