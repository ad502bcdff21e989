import { rasterizeFile } from '../../workflow/index.js';
import { parseNumber, parsePair } from '../arguments.js';
import { argument, converted, defineCommand, flag, list, option, withDefault } from '../command.js';
import { DTYPE, GRID_OPTIONS, gridOf, maxPixels, outputOption } from '../shared-options.js';

export const rasterizeCommand = defineCommand(
  'rasterize',
  'burn polygons onto a grid, into a COG',
  {
    source: argument(
      '<file>',
      'polygons: GeoJSON, TopoJSON, FlatGeobuf, GeoPackage, GeoParquet, shapefile or file geodatabase, also in a zip file',
    ),
    destination: outputOption('<cog>', 'the COG to write'),
    ...GRID_OPTIONS,
    like: option('--like <file>', 'take the grid of a raster or of a scene file'),
    layer: option(
      '--layer <name>',
      'the layer of a file with several (default: the one whose name is that of a flood)',
    ),
    sourceCrs: option('--source-crs <crs>', 'of a file that does not say its own'),
    encoding: option(
      '--encoding <name>',
      "of a shapefile's attributes: UTF-8, CP850, GBK; default: as the file says",
    ),
    allTouched: flag(
      '--all-touched',
      'also pixels that an outline merely touches (default: those whose centre lies inside)',
    ),
    value: option('--value <number>', 'what is burned (default 1)', parseNumber),
    property: option(
      '--property <name>',
      'burn this property of each polygon: a number, or a text of --classes',
    ),
    classes: converted(
      list('--classes <text=number...>', 'the number of each text of --property', parsePair('NUMBER')),
      (pairs, name) => Object.fromEntries(pairs.map(([text, number]) => [text, parseNumber(number, name)])),
    ),
    background: option('--background <number>', 'where no polygon lies (default 0)', parseNumber),
    dtype: withDefault(
      'uint8',
      option('--dtype <type>', 'the type of the result, which holds each number exactly', DTYPE),
    ),
    maxPixels: maxPixels('refuse larger results'),
  },
  async (values, { output, ...operation }) => {
    const report = await rasterizeFile({ ...values, grid: gridOf(values, false), ...operation });
    output.result(
      report,
      `${report.destination}: ${report.burnedPixels} of ${report.width} × ${report.height} pixels burned, ${report.features} features`,
    );
  },
);
