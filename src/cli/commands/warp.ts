import { Command } from 'commander';
import { parseAntialias, parseResampling, RESAMPLINGS } from '../../kernels/resampling.js';
import type { CogCompression } from '../../raster/cog/options.js';
import type { WarpFileOptions } from '../../workflow/index.js';
import {
  collect,
  parseBackend,
  parseChoice,
  parseCount,
  parseDtype,
  parseNodata,
  parseNumber,
} from '../arguments.js';
import { addGridOptions, type GridOptions, parseGrid } from '../grid-options.js';
import type { Run } from '../main.js';

type Options = Omit<
  WarpFileOptions,
  'source' | 'destination' | 'grid' | 'bands' | 'compression' | 'bigTiff'
> & {
  band?: number[];
  compress: CogCompression;
  bigtiff: 'auto' | 'yes' | 'no';
} & GridOptions;

export function warpCommand(run: Run): Command {
  const command = addGridOptions(
    new Command('warp')
      .description('resample a raster onto another grid, into a COG')
      .argument('<source>', 'path or URL of a GeoTIFF')
      .argument('<destination>', 'path of the COG to write'),
  )
    .option('--band <numbers...>', 'bands to warp (default: all)', collect(parseCount('--band')))
    .option('--dtype <type>', "type of the result (default: the source's)", parseDtype)
    .option('--nodata <value>', "nodata of the result (default: the source's)", parseNodata)
    .option(
      `--resampling <name>`,
      RESAMPLINGS.join(', '),
      (text) => parseResampling(text),
      'nearest' as const,
    )
    .option(
      '--antialias <how>',
      'whether filters widen with larger pixels: off, gdal, or destination pixels per source pixel, as 0.5',
      (text) => parseAntialias(text),
      'off' as const,
    )
    .option('--backend <name>', 'auto, webgpu or cpu', parseBackend, 'auto' as const)
    .option('--threads <n>', 'worker threads of the CPU backend', parseCount('--threads', 0))
    .option(
      '--compress <name>',
      'deflate, zstd or none',
      parseChoice('--compress', ['deflate', 'zstd', 'none']),
      'deflate' as const,
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
      '--overviews <name>',
      'average, mode, nearest or none',
      parseChoice('--overviews', ['average', 'mode', 'nearest', 'none']),
    )
    .option(
      '--tolerance <pixels>',
      'largest error of positions, in source pixels (default 0.002)',
      parseNumber('--tolerance'),
    )
    .option('--max-pixels <n>', 'refuse larger results (default 500000000)', parseCount('--max-pixels'));
  return command.action((source: string, destination: string, options: Options) =>
    run(command, async ({ output, signal }) => {
      const { like, crs, bounds, size, res, band, compress, bigtiff, ...rest } = options;
      const { warpFile } = await import('../../workflow/warp.js');
      const report = await warpFile({
        ...rest,
        source,
        destination,
        grid: parseGrid({ like, crs, bounds, size, res }),
        ...(band === undefined ? {} : { bands: band }),
        compression: compress,
        bigTiff: bigtiff === 'auto' ? bigtiff : bigtiff === 'yes',
        signal,
        onProgress: output.onProgress,
      });
      const { backend } = report;
      const valid = report.validPixels.map(
        (n) => `${((100 * n) / (report.width * report.height)).toFixed(1)} %`,
      );
      output.result(
        report,
        `${destination}: ${report.width} × ${report.height} in ${report.crs}, ${report.dtype}, valid ${valid.join(', ')}\n` +
          `${backend.kind} on ${backend.adapter}${backend.threads > 0 ? `, ${backend.threads} threads` : ''}`,
      );
    }),
  );
}
