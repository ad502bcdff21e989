import { invalidOption } from '../../errors.js';
import { UNITS } from '../../raster/units.js';
import { COLOUR_MAP_NAMES, INDEX_NAMES, LEGEND_NAMES } from '../../workflow/choices.js';
import { drawAlignment, drawRaster } from '../../workflow/index.js';
import { parseChoice, parseCount, parseNumber } from '../arguments.js';
import { argument, defineCommand, flag, list, option, pair } from '../command.js';
import { outputOption } from '../shared-options.js';

export const quicklookCommand = defineCommand(
  'quicklook',
  'draw a picture of a raster, or of the rasters of a scene on its grid',
  {
    raster: argument('<raster>', 'path or URL of a GeoTIFF, or of a scene file with --alignment'),
    target: outputOption('<png>', 'picture to write'),
    title: option('--title <text>', 'title above the picture (default: the name of the file or the scene)'),
    plain: flag('--plain', 'draw only the pixels, without title, legend and scale'),
    size: option(
      '--size <pixels>',
      'longer side of the raster (default 1024) or of a panel (240) in the picture, in pixels',
      parseCount(),
    ),
    bands: list(
      '--bands <numbers...>',
      'one band, or bands for red, green and blue (default: true colour if the file names these bands, else 1)',
      parseCount(),
    ),
    trueColour: flag('--true-colour', 'draw true colour: bands B04, B03 and B02 by name'),
    falseColour: flag('--false-colour', 'draw false colour: bands B08 (near infrared) as red, B04 and B03'),
    index: option(
      '--index <name>',
      `normalised difference to draw: ${INDEX_NAMES.join(', ')}`,
      parseChoice(INDEX_NAMES),
    ),
    bandNames: list('--band-names <names...>', 'names of the bands in order, if the file has none'),
    colourMap: option(
      '--colour-map <name>',
      `colour map of one band: ${COLOUR_MAP_NAMES.join(', ')} (default: grey, or viridis for an index)`,
      parseChoice(COLOUR_MAP_NAMES),
    ),
    percentiles: pair(
      '--percentiles <p...>',
      'percentiles at the ends of the colours, without clouds by a band SCL or QA_PIXEL (default 2 98; 8-bit colours are not stretched)',
      parseNumber,
    ),
    units: option(
      '--units <units>',
      `units of the values: ${UNITS.join(', ')}; power is drawn in dB (default: derived from the values of VV, VH, HH and HV)`,
      parseChoice(UNITS),
    ),
    legend: option(
      '--legend <name>',
      `names and colours of classes: ${LEGEND_NAMES.join(', ')} (default: by the name of the file)`,
      parseChoice(LEGEND_NAMES),
    ),
    date: option(
      '--date <text>',
      'date beside the bands (default: from the metadata or the name of the file)',
    ),
    alignment: flag(
      '--alignment',
      'draw all phases of a scene file: true colour, VV, VH, DEM, and where all have data',
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
