import { polygonizeFile } from '../../workflow/index.js';
import { parseCount, parseNumber } from '../arguments.js';
import { argument, defineCommand, list, option } from '../command.js';
import { outputOption } from '../shared-options.js';

export const polygonizeCommand = defineCommand(
  'polygonize',
  'convert the areas of a class map to polygons in longitude and latitude',
  {
    source: argument('<raster>', 'path or URL of a raster of classes'),
    destination: outputOption(
      '<file>',
      'file to write: .geojson, .fgb (FlatGeobuf) or .parquet (GeoParquet)',
    ),
    band: option('--band <number>', 'band number (default 1)', parseCount()),
    values: list('--values <numbers...>', 'values to convert (default: all but nodata)', parseNumber),
    nodata: option('--nodata <value>', "nodata value (default: the file's)", parseNumber),
  },
  async (values, { output, ...operation }) => {
    const report = await polygonizeFile({ ...values, ...operation });
    const lines = report.values.map(
      ({ value, areas, km2 }) => `  ${value}: ${areas} areas, ${km2.toFixed(3)} km²`,
    );
    output.result(report, [`${report.destination}: ${report.areas} areas`, ...lines].join('\n'));
  },
);
