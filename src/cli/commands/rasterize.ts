import { rasterizeFile } from '../../workflow/index.js';
import { parseNumber, parsePair } from '../arguments.js';
import { argument, converted, defineCommand, flag, list, option, withDefault } from '../command.js';
import { DTYPE, ENCODING, GRID_OPTIONS, gridOf, maxPixels, outputOption } from '../shared-options.js';

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
    like: option('--like <file>', 'raster or scene file whose grid the result has'),
    layer: option(
      '--layer <name>',
      'layer of a file with several layers (default: the layer named like a flood)',
    ),
    sourceCrs: option('--source-crs <crs>', 'CRS of a file without one'),
    encoding: ENCODING,
    allTouched: flag(
      '--all-touched',
      'also burn pixels that an outline only touches (default: those with their centre inside)',
    ),
    value: option('--value <number>', 'value to burn (default 1)', parseNumber),
    property: option('--property <name>', 'attribute to burn: a number, or a text of --classes'),
    classes: converted(
      list('--classes <text=number...>', 'number for each text of --property', parsePair('NUMBER')),
      (pairs, name) => Object.fromEntries(pairs.map(([text, number]) => [text, parseNumber(number, name)])),
    ),
    background: option('--background <number>', 'value outside of polygons (default 0)', parseNumber),
    dtype: withDefault(
      'uint8',
      option('--dtype <type>', 'data type of the result, which must hold each number exactly', DTYPE),
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
