import { Command } from 'commander';
import { invalidOption } from '../../errors.js';
import {
  COLOUR_MAP_NAMES,
  type ColourMapName,
  INDEX_NAMES,
  type IndexName,
} from '../../workflow/picture/names.js';
import { collect, parseChoice, parseCount, parseNumber, requireLength } from '../arguments.js';
import type { Run } from '../main.js';

interface Options {
  output: string;
  size?: number;
  bands?: number[];
  bandNames?: string[];
  percentiles?: number[];
  index?: IndexName;
  trueColour?: boolean;
  falseColour?: boolean;
  colourMap?: ColourMapName;
  title?: string;
  plain?: boolean;
  alignment?: boolean;
}

export function quicklookCommand(run: Run): Command {
  const command = new Command('quicklook')
    .description('a picture of a raster, or of how the rasters of a scene lie on its grid')
    .argument('<raster>', 'path or URL of a GeoTIFF; with --alignment a scene file')
    .requiredOption('-o, --output <png>', 'the picture to write')
    .option('--title <text>', 'above the picture (default: the name of the file, or of the scene)')
    .option('--plain', 'the pixels alone, without title, legend and scale')
    .option(
      '--size <pixels>',
      'longer side of the raster (default 1024), or of a panel (240)',
      parseCount('--size'),
    )
    .option('--bands <numbers...>', 'one band, or red, green and blue', collect(parseCount('--bands')))
    .option('--true-colour', 'bands B04, B03 and B02 by their names')
    .option('--false-colour', 'bands B08, B04 and B03: near infrared as red')
    .option(
      '--index <name>',
      `a normalised difference: ${INDEX_NAMES.join(', ')}`,
      parseChoice('--index', INDEX_NAMES),
    )
    .option('--band-names <names...>', 'names of the bands in order, where the file has none')
    .option(
      '--colour-map <name>',
      `for one band: ${COLOUR_MAP_NAMES.join(', ')} (default: grey, or viridis for an index)`,
      parseChoice('--colour-map', COLOUR_MAP_NAMES),
    )
    .option(
      '--percentiles <p...>',
      'drawn as the ends of the colours (default 2 98)',
      collect(parseNumber('--percentiles')),
    )
    .option('--alignment', 'all phases of a scene file: true colour, VV, VH, DEM and where all have data');
  return command.action((raster: string, options: Options) =>
    run(command, async ({ output, signal }) => {
      const { output: target, size, title, percentiles } = options;
      const range = percentiles === undefined ? undefined : requireLength('--percentiles', percentiles, [2]);
      const common = {
        ...(size === undefined ? {} : { size }),
        ...(title === undefined ? {} : { title }),
        ...(range === undefined ? {} : { percentiles: [range[0], range[1]] as const }),
        signal,
      };
      const { drawAlignment, drawRaster } = await import('../../workflow/picture/index.js');
      if (options.alignment === true) {
        const report = await drawAlignment(raster, target, { ...common, onProgress: output.onProgress });
        const shares = report.phases.map(
          (phase) => `${phase} ${(100 * report.validShare[phase]).toFixed(1)} %`,
        );
        output.result(
          report,
          `${report.path}: ${report.width} × ${report.height}; valid everywhere: ${shares.join(', ')}`,
        );
        return;
      }
      const { bands, bandNames, colourMap, plain } = options;
      const composite = chooseComposite(options);
      const report = await drawRaster(raster, target, {
        ...common,
        ...(bands === undefined ? {} : { bands }),
        ...(bandNames === undefined ? {} : { bandNames }),
        ...(colourMap === undefined ? {} : { colourMap }),
        ...(plain === undefined ? {} : { plain }),
        ...(composite === undefined ? {} : { composite }),
      });
      output.result(report, `${report.path}: ${report.width} × ${report.height}`);
    }),
  );
}

function chooseComposite(options: Options): 'true-colour' | 'false-colour' | IndexName | undefined {
  const wanted = [
    ...(options.index === undefined ? [] : [options.index]),
    ...(options.trueColour === true ? (['true-colour'] as const) : []),
    ...(options.falseColour === true ? (['false-colour'] as const) : []),
  ];
  if (wanted.length > 1)
    throw invalidOption('--index', `cannot go with ${wanted.join(' and ')} at once`, 'choose one');
  return wanted[0];
}
