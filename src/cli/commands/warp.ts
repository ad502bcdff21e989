import { Command } from 'commander';
import { parseAntialias, parseResampling, RESAMPLINGS } from '../../kernels/resampling.js';
import type { CogCompression } from '../../raster/cog/options.js';
import type { WarpFileOptions } from '../../workflow/index.js';
import { collect, parseChoice, parseCount, parseNumber } from '../arguments.js';
import { addCogOptions, describeCog, nodataOption } from '../cog-options.js';
import { addGridOptions, type GridOptions, parseGrid } from '../grid-options.js';
import type { Run } from '../main.js';

type Options = Omit<
  WarpFileOptions,
  'source' | 'destination' | 'grid' | 'bands' | 'compression' | 'bigTiff' | 'nodata'
> & {
  band?: number[];
  nodata?: number | 'none';
  compress: CogCompression;
  bigtiff: 'auto' | 'yes' | 'no';
} & GridOptions;

export function warpCommand(run: Run): Command {
  const command = addGridOptions(
    new Command('warp')
      .description(
        'resample a raster onto another grid, into a COG; what is left out of the grid is chosen as gdalwarp does',
      )
      .argument('<source>', 'path or URL of a GeoTIFF')
      .argument('<destination>', 'path of the COG to write'),
  )
    .option('--band <numbers...>', 'bands to warp (default: all)', collect(parseCount('--band')))
    .option(
      `--resampling <name>`,
      RESAMPLINGS.join(', '),
      (text) => parseResampling(text, '--resampling'),
      'nearest' as const,
    )
    .option(
      '--antialias <how>',
      'whether filters widen with larger pixels: off, gdal, or destination pixels per source pixel, as 0.5',
      (text) => parseAntialias(text, '--antialias'),
      'off' as const,
    )
    .option(
      '--level <n>',
      'how hard to compress: deflate 1 to 9 (default 6), zstd 1 to 22 (default 9)',
      parseCount('--level'),
    )
    .option(
      '--bigtiff <choice>',
      'auto, yes or no: whether the file may grow beyond 4 GiB',
      parseChoice('--bigtiff', ['auto', 'yes', 'no']),
      'auto' as const,
    )
    .option(
      '--tolerance <pixels>',
      'largest error of positions, in source pixels (default 0.002)',
      parseNumber('--tolerance'),
    );
  addCogOptions(command, {
    dtype: "the source's",
    nodata: "the source's, else nan for floats and none for integers",
    overviews: 'nearest for resamplings that keep values, else average',
  });
  return command.action((source: string, destination: string, options: Options) =>
    run(command, async ({ output, signal }) => {
      const { like, crs, bounds, size, res, band, compress, bigtiff, nodata, ...rest } = options;
      const { warpFile } = await import('../../workflow/warp.js');
      const report = await warpFile({
        ...rest,
        ...nodataOption(nodata),
        source,
        destination,
        grid: parseGrid({ like, crs, bounds, size, res }, true),
        ...(band === undefined ? {} : { bands: band }),
        compression: compress,
        bigTiff: bigtiff === 'auto' ? bigtiff : bigtiff === 'yes',
        signal,
        onProgress: output.onProgress,
      });
      output.result(report, describeCog(report));
    }),
  );
}
