import { parseAntialias, parseResampling, RESAMPLINGS } from '../../kernels/resampling.js';
import { warpFile } from '../../workflow/index.js';
import { parseChoice, parseCount, parseNumber } from '../arguments.js';
import { argument, converted, defineCommand, list, option, withDefault } from '../command.js';
import { cogOptions, describeCog, GRID_OPTIONS, gridOf, MEMORY, memoryOf } from '../shared-options.js';

export const warpCommand = defineCommand(
  'warp',
  'warp a raster onto another grid, into a COG; grid options that are not given are derived as in gdalwarp',
  {
    source: argument('<source>', 'path or URL of a GeoTIFF'),
    destination: argument('<destination>', 'path of the COG to write'),
    ...GRID_OPTIONS,
    bands: list('--band <numbers...>', 'bands to warp (default: all)', parseCount()),
    resampling: withDefault(
      'nearest',
      option('--resampling <name>', `resampling: ${RESAMPLINGS.join(', ')}`, parseResampling),
    ),
    antialias: withDefault(
      'off',
      option(
        '--antialias <how>',
        'widening of filters when downsampling: off, gdal, or destination pixels per source pixel, such as 0.5',
        parseAntialias,
      ),
    ),
    level: option(
      '--level <n>',
      'compression level: deflate 1 to 9 (default 6), zstd 1 to 22 (default 9)',
      parseCount(),
    ),
    bigTiff: withDefault(
      'auto',
      converted(
        option(
          '--bigtiff <choice>',
          'write BigTIFF, for files beyond 4 GiB: auto, yes or no',
          parseChoice(['auto', 'yes', 'no']),
        ),
        (choice) => (choice === 'auto' ? choice : choice === 'yes'),
      ),
    ),
    tolerance: option(
      '--tolerance <pixels>',
      'largest position error, in source pixels (default 0.002)',
      parseNumber,
    ),
    memory: MEMORY,
    ...cogOptions({
      dtype: "the source's",
      nodata: "the source's, else nan for floats and none for integers",
      overviews: 'nearest for resampling methods that keep values, else average',
    }),
  },
  async (values, { output, ...operation }) => {
    const memory = memoryOf(values.memory, process.env);
    const report = await warpFile({ ...values, memory, grid: gridOf(values, true), ...operation });
    output.result(report, describeCog(report));
  },
);
