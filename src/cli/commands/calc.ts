import { invalidOption } from '../../errors.js';
import { parseResampling, RESAMPLINGS } from '../../kernels/resampling.js';
import { type BandSource, calculate } from '../../workflow/index.js';
import { type Parse, parseCount } from '../arguments.js';
import { argumentList, defineCommand, list, option } from '../command.js';
import { cogOptions, describeCog, outputOption, STORED } from '../shared-options.js';

const EXPRESSIONS = `
Expressions have band names, numbers, + - * / ^ (whole powers), comparisons (1 or 0), and, or, not,
abs sqrt log log10 exp floor min max, where(condition, then, else), bits(x, first, width), valid(x), nan,
and the indices NDVI, NDWI, MNDWI and NBR of bands named like those of Sentinel-2. Division by 0 gives nodata.

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
  'compute expressions of raster bands, into a COG with a band for each expression',
  {
    expressions: argumentList('<expressions...>', "expressions such as '(B08 - B04) / (B08 + B04)', or NDVI"),
    destination: outputOption('<cog>', 'path of the COG to write'),
    bands: list(
      '--band <name=raster:n...>',
      'names of bands: each is a raster, or a band of it (default: its first)',
      parseBand,
    ),
    like: option('--like <raster>', 'raster whose grid the result has (default: the first band)'),
    resampling: option(
      '--resampling <name>',
      `resampling of bands on other grids: ${RESAMPLINGS.join(', ')} (default: refuse them)`,
      parseResampling,
    ),
    stored: STORED,
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
