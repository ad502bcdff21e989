import { invalidOption } from '../../errors.js';
import { UNITS } from '../../raster/units.js';
import { COLOUR_MAP_NAMES, INDEX_NAMES, LEGEND_NAMES } from '../../workflow/choices.js';
import { drawAlignment, drawRaster } from '../../workflow/index.js';
import { parseChoice, parseCount, parseNumber } from '../arguments.js';
import { argument, defineCommand, flag, list, option, pair } from '../command.js';
import { outputOption } from '../shared-options.js';

export const quicklookCommand = defineCommand(
  'quicklook',
  'a picture of a raster, or of how the rasters of a scene lie on its grid',
  {
    raster: argument('<raster>', 'path or URL of a GeoTIFF; with --alignment a scene file'),
    target: outputOption('<png>', 'the picture to write'),
    title: option('--title <text>', 'above the picture (default: the name of the file, or of the scene)'),
    plain: flag('--plain', 'the pixels alone, without title, legend and scale'),
    size: option(
      '--size <pixels>',
      'longer side of the raster (default 1024), or of a panel (240)',
      parseCount(),
    ),
    bands: list(
      '--bands <numbers...>',
      'one band, or red, green and blue (default: true colour where the file says which they are, else 1)',
      parseCount(),
    ),
    trueColour: flag('--true-colour', 'bands B04, B03 and B02 by their names'),
    falseColour: flag('--false-colour', 'bands B08, B04 and B03: near infrared as red'),
    index: option(
      '--index <name>',
      `a normalised difference: ${INDEX_NAMES.join(', ')}`,
      parseChoice(INDEX_NAMES),
    ),
    bandNames: list('--band-names <names...>', 'names of the bands in order, where the file has none'),
    colourMap: option(
      '--colour-map <name>',
      `for one band: ${COLOUR_MAP_NAMES.join(', ')} (default: grey, or viridis for an index)`,
      parseChoice(COLOUR_MAP_NAMES),
    ),
    percentiles: pair(
      '--percentiles <p...>',
      'drawn as the ends of the colours, without clouds of a band SCL or QA_PIXEL (default 2 98; 8-bit colours as they are)',
      parseNumber,
    ),
    units: option(
      '--units <units>',
      `of the values: ${UNITS.join(', ')}; power is drawn in dB (default: as VV, VH, HH and HV look)`,
      parseChoice(UNITS),
    ),
    legend: option(
      '--legend <name>',
      `names and colours of classes: ${LEGEND_NAMES.join(', ')} (default: as the name of the file says)`,
      parseChoice(LEGEND_NAMES),
    ),
    date: option('--date <text>', 'beside the bands (default: in the metadata or the name of the file)'),
    alignment: flag(
      '--alignment',
      'all phases of a scene file: true colour, VV, VH, DEM and where all have data',
    ),
  },
  async ({ raster, target, alignment, ...values }, { output, ...operation }) => {
    const options = { ...values, ...operation };
    if (alignment === true) {
      const report = await drawAlignment(raster, target, options);
      const shares = report.phases.map(
        (phase) => `${phase} ${(100 * report.validShare[phase]).toFixed(1)} %`,
      );
      output.result(
        report,
        `${report.path}: ${report.width} × ${report.height}; valid everywhere: ${shares.join(', ')}`,
      );
      return;
    }
    const { index, trueColour, falseColour } = values;
    const wanted = [
      index,
      trueColour === true ? ('true-colour' as const) : undefined,
      falseColour === true ? ('false-colour' as const) : undefined,
    ].filter((each) => each !== undefined);
    if (wanted.length > 1)
      throw invalidOption('--index', `cannot go with ${wanted.join(' and ')} at once`, 'choose one');
    const report = await drawRaster(raster, target, { ...options, composite: wanted[0] });
    output.result(report, `${report.path}: ${report.width} × ${report.height}`);
  },
);
