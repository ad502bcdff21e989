import { invalidOption } from '../../errors.js';
import { parseResampling, RESAMPLINGS } from '../../kernels/resampling.js';
import { type BandSource, calculate } from '../../workflow/index.js';
import { type Parse, parseCount } from '../arguments.js';
import { argumentList, defineCommand, flag, list, option } from '../command.js';
import { cogOptions, describeCog, outputOption } from '../shared-options.js';

const EXPRESSIONS = `
An expression is made of band names, numbers, + - * / ^ (whole powers), comparisons (1 or 0), and, or, not,
abs sqrt log log10 exp floor min max, where(condition, then, else), bits(x, first, width), valid(x), nan,
and the indices NDVI, NDWI, MNDWI and NBR of bands named as Sentinel-2's. Division by 0 gives no data.

  terrachip calc '(B08 - B04) / (B08 + B04)' --band B08=s2.tif:8 B04=s2.tif:4 -o ndvi.tif
  terrachip calc 'where(bits(QA, 3, 2) == 0, NDWI > 0, nan)' --band B03=b3.tif B08=b8.tif QA=qa.tif -o water.tif --dtype uint8`;

/** `NAME=RASTER`, or `NAME=RASTER:N` for its band N. */
const parseBand: Parse<BandSource> = (text, flag) => {
  const [, name = '', place = ''] = /^([^=]*)=(.+)$/s.exec(text) ?? [];
  if (name === '' || place === '')
    throw invalidOption(flag, `cannot be "${text}"`, 'write it as NAME=RASTER or NAME=RASTER:BAND');
  const [, path, number] = /^(.+):(\d+)$/s.exec(place) ?? [];
  if (path === undefined) return { name, path: place };
  return { name, path, band: parseCount()(number, flag) };
};

export const calcCommand = defineCommand(
  'calc',
  'band arithmetic: expressions of the bands of rasters, into a COG with a band for each',
  {
    expressions: argumentList('<expressions...>', "such as '(B08 - B04) / (B08 + B04)', or NDVI"),
    destination: outputOption('<cog>', 'path of the COG to write'),
    bands: list(
      '--band <name=raster:n...>',
      'what a name stands for: a raster, or a band of it (default: its first)',
      parseBand,
    ),
    like: option('--like <raster>', "the grid of the result (default: the first band's)"),
    resampling: option(
      '--resampling <name>',
      `for bands on other grids: ${RESAMPLINGS.join(', ')} (default: refuse them)`,
      parseResampling,
    ),
    stored: flag('--stored', 'take values as they are stored, without scale and offset'),
    ...cogOptions({
      dtype: 'float32',
      nodata: 'nan for floats, none for integers',
      overviews: 'average for floats, nearest for whole numbers and classes',
    }),
  },
  async ({ bands = [], ...values }, { output, ...operation }) => {
    const report = await calculate({ ...values, bands, ...operation });
    output.result(report, describeCog(report));
  },
  { after: EXPRESSIONS },
);
