import { Command } from 'commander';
import type { Dtype } from '../../geo/index.js';
import { collect, parseCount, parseDtype, parseNumber, parsePair } from '../arguments.js';
import { addGridOptions, type GridOptions, parseGrid } from '../grid-options.js';
import type { Run } from '../main.js';

interface Options extends GridOptions {
  output: string;
  layer?: string;
  sourceCrs?: string;
  encoding?: string;
  allTouched?: boolean;
  value?: number;
  property?: string;
  classes?: [string, string][];
  background?: number;
  dtype: Dtype;
  maxPixels?: number;
}

export function rasterizeCommand(run: Run): Command {
  const command = addGridOptions(
    new Command('rasterize')
      .description('burn polygons onto a grid, into a COG')
      .argument(
        '<file>',
        'polygons: GeoJSON, TopoJSON, FlatGeobuf, GeoPackage, GeoParquet, shapefile or file geodatabase',
      )
      .requiredOption('-o, --output <cog>', 'the COG to write'),
  )
    .option('--layer <name>', 'the layer of a file with several')
    .option('--source-crs <crs>', 'of a file that does not say its own')
    .option('--encoding <name>', "of a shapefile's attributes: UTF-8, CP850, GBK; default: as the file says")
    .option(
      '--all-touched',
      'also pixels that an outline merely touches (default: those whose centre lies inside)',
    )
    .option('--value <number>', 'what is burned (default 1)', parseNumber('--value'))
    .option('--property <name>', 'burn this property of each polygon: a number, or a text of --classes')
    .option(
      '--classes <text=number...>',
      'the number of each text of --property',
      collect(parsePair('--classes', 'NUMBER')),
    )
    .option('--background <number>', 'where no polygon lies (default 0)', parseNumber('--background'))
    .option(
      '--dtype <type>',
      'the type of the result, which holds each number exactly',
      parseDtype,
      'uint8' as const,
    )
    .option('--max-pixels <n>', 'refuse larger results (default 500000000)', parseCount('--max-pixels'));
  return command.action((source: string, options: Options) =>
    run(command, async ({ output, signal }) => {
      const { output: destination, like, crs, bounds, size, res, classes, ...rest } = options;
      const { rasterizeFile } = await import('../../workflow/rasterize.js');
      const report = await rasterizeFile({
        ...rest,
        ...(classes === undefined ? {} : { classes: parseClasses(classes) }),
        source,
        destination,
        grid: parseGrid({ like, crs, bounds, size, res }, false),
        signal,
        onProgress: output.onProgress,
      });
      output.result(
        report,
        `${destination}: ${report.burnedPixels} of ${report.width} × ${report.height} pixels burned, ${report.features} features`,
      );
    }),
  );
}

function parseClasses(pairs: readonly (readonly [string, string])[]): Record<string, number> {
  return Object.fromEntries(pairs.map(([text, number]) => [text, parseNumber('--classes')(number)]));
}
