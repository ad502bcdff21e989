import { Command } from 'commander';
import { invalidOption } from '../../errors.js';
import { parseResampling, RESAMPLINGS } from '../../kernels/resampling.js';
import type { BandSource, CalculateOptions } from '../../workflow/index.js';
import { collect, parseCount } from '../arguments.js';
import { addCogOptions, describeCog, nodataOption } from '../cog-options.js';
import type { Run } from '../main.js';

type Options = Omit<CalculateOptions, 'expressions' | 'bands' | 'destination' | 'compression' | 'nodata'> & {
  output: string;
  band?: BandSource[];
  nodata?: number | 'none';
  compress: CalculateOptions['compression'];
};

const EXPRESSIONS = `
An expression is made of band names, numbers, + - * / ^ (whole powers), comparisons (1 or 0), and, or, not,
abs sqrt log log10 exp floor min max, where(condition, then, else), bits(x, first, width), valid(x), nan,
and the indices NDVI, NDWI, MNDWI and NBR of bands named as Sentinel-2's. Division by 0 gives no data.

  terrachip calc '(B08 - B04) / (B08 + B04)' --band B08=s2.tif:8 B04=s2.tif:4 -o ndvi.tif
  terrachip calc 'where(bits(QA, 3, 2) == 0, NDWI > 0, nan)' --band B03=b3.tif B08=b8.tif QA=qa.tif -o water.tif --dtype uint8`;

export function calcCommand(run: Run): Command {
  const command = addCogOptions(
    new Command('calc')
      .description('band arithmetic: expressions of the bands of rasters, into a COG with a band for each')
      .argument('<expressions...>', "such as '(B08 - B04) / (B08 + B04)', or NDVI")
      .requiredOption('-o, --output <cog>', 'path of the COG to write')
      .option(
        '--band <name=raster:n...>',
        'what a name stands for: a raster, or a band of it (default: its first)',
        collect(parseBand),
      )
      .option('--like <raster>', "the grid of the result (default: the first band's)")
      .option(
        '--resampling <name>',
        `for bands on other grids: ${RESAMPLINGS.join(', ')} (default: refuse them)`,
        (text) => parseResampling(text, '--resampling'),
      )
      .option('--stored', 'take values as they are stored, without scale and offset'),
    {
      dtype: 'float32',
      nodata: 'nan for floats, none for integers',
      overviews: 'average for floats, nearest for whole numbers and classes',
    },
  ).addHelpText('after', EXPRESSIONS);
  return command.action((expressions: string[], options: Options) =>
    run(command, async ({ output, signal }) => {
      const { output: destination, band, compress, nodata, ...rest } = options;
      const { calculate } = await import('../../workflow/calculate.js');
      const report = await calculate({
        ...rest,
        ...nodataOption(nodata),
        expressions,
        bands: band ?? [],
        destination,
        ...(compress === undefined ? {} : { compression: compress }),
        signal,
        onProgress: output.onProgress,
      });
      output.result(report, describeCog(report));
    }),
  );
}

/** `NAME=RASTER`, or `NAME=RASTER:N` for its band N. */
function parseBand(text: string): BandSource {
  const [, name = '', place = ''] = /^([^=]*)=(.+)$/s.exec(text) ?? [];
  if (name === '' || place === '')
    throw invalidOption('--band', `cannot be "${text}"`, 'write it as NAME=RASTER or NAME=RASTER:BAND');
  const [, path, number] = /^(.+):(\d+)$/s.exec(place) ?? [];
  if (path === undefined) return { name, path: place };
  return { name, path, band: parseCount('--band')(number) };
}
