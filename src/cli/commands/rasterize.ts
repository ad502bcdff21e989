import { Command } from 'commander';
import { parseChoice, parseCount, parseNumber } from '../arguments.js';
import { addGridOptions, type GridOptions, parseGrid } from '../grid-options.js';
import type { Run } from '../main.js';

interface Options extends GridOptions {
  output: string;
  layer?: string;
  allTouched?: boolean;
  value?: number;
  property?: string;
  background?: number;
  dtype: 'uint8' | 'float32';
  maxPixels?: number;
}

export function rasterizeCommand(run: Run): Command {
  const command = addGridOptions(
    new Command('rasterize')
      .description('burn polygons onto a grid, into a COG')
      .argument(
        '<file>',
        'polygons: GeoJSON, TopoJSON, FlatGeobuf, GeoPackage, shapefile or file geodatabase',
      )
      .requiredOption('-o, --output <cog>', 'the COG to write'),
  )
    .option('--layer <name>', 'the layer of a file with several')
    .option(
      '--all-touched',
      'also pixels that an outline merely touches (default: those whose centre lies inside)',
    )
    .option('--value <number>', 'what is burned (default 1)', parseNumber('--value'))
    .option('--property <name>', 'burn this property of each polygon, a number')
    .option('--background <number>', 'where no polygon lies (default 0)', parseNumber('--background'))
    .option(
      '--dtype <type>',
      'uint8 or float32',
      parseChoice('--dtype', ['uint8', 'float32']),
      'uint8' as const,
    )
    .option('--max-pixels <n>', 'refuse larger results (default 500000000)', parseCount('--max-pixels'));
  return command.action((source: string, options: Options) =>
    run(command, async ({ output, signal }) => {
      const { output: destination, like, crs, bounds, size, res, ...rest } = options;
      const { rasterizeFile } = await import('../../workflow/rasterize.js');
      const report = await rasterizeFile({
        ...rest,
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
