import type { QualityMask, RowOrder } from '../../catalog/node/index.js';
import { MOSAIC_METHODS } from '../../kernels/mosaic-methods.js';
import { parseResampling, RESAMPLINGS } from '../../kernels/resampling.js';
import { COG_COMPRESSIONS } from '../../raster/cog/options.js';
import { OVERVIEW_METHODS } from '../../raster/cog/overview.js';
import { MASK_WORDS, type MaskWord } from '../../workflow/choices.js';
import type { MosaicCatalogOptions, MosaicReport } from '../../workflow/index.js';
import { type Parse, parseBand, parseChoice, parseCount, parseNodata } from '../arguments.js';
import { argument, defineCommand, flag, list, option } from '../command.js';
import {
  BACKEND,
  CACHE,
  DTYPE,
  GRID_OPTIONS,
  gridOf,
  MEMORY,
  maskParser,
  maxPixels,
  memoryOf,
  outputOption,
  SELECTION_OPTIONS,
  THREADS,
} from '../shared-options.js';

const EXAMPLES = `
Without a grid, the result has the CRS of most rows, their extent, and the smallest pixels of their files. A row without a
mask band is an error. Expressions are computed for each row, then combined.

  terrachip catalog mosaic scenes.parquet --datetime 2021-07 --mask scl --band B04 B03 B02 --count -o july.tif
  terrachip catalog mosaic scenes.parquet --crs EPSG:32632 --bounds 293000 5480000 303000 5490000 --res 10 \\
    --datetime 2021-06/2021-08 --where "eo:cloud_cover < 60" --mask clouds --mask-dilate 2 --band red nir -o summer.zarr
  terrachip catalog mosaic scenes.parquet --like dem.tif --mask scl --expression "ndvi = NDVI" --reduce max -o ndvi.tif`;

const parseClasses = maskParser(`BAND:CLASS,CLASS, ${MASK_WORDS.join(' or ')}`);

const parseMask: Parse<QualityMask | MaskWord> = (text, name) => {
  const word = MASK_WORDS.find((each) => each === text.toLowerCase());
  return word ?? parseClasses(text, name);
};

const parseOrder: Parse<RowOrder> = (text) => {
  if (text === 'time' || text === 'given') return text;
  const descending = text.startsWith('-');
  return { property: descending ? text.slice(1) : text, descending };
};

export const mosaicCommand = defineCommand(
  'mosaic',
  'combine the rows at a place and a time into one raster, without clouds',
  {
    catalog: argument(
      '<catalog>',
      'a catalog (.parquet, .geojson), or STAC items (.json, .ndjson), by path or URL',
    ),
    destination: outputOption('<path>', 'a COG (.tif), or a Zarr store (.zarr) that does not exist'),
    bands: list('--band <names...>', "bands by name, common name, or number in a row's main file", parseBand),
    expressions: list(
      '--expression <texts...>',
      'NDVI, or any expression of bands by name, as NAME = EXPRESSION to name it: see terrachip calc',
    ),
    ...GRID_OPTIONS,
    datetime: SELECTION_OPTIONS.datetime,
    where: SELECTION_OPTIONS.where,
    allowLocal: SELECTION_OPTIONS.allowLocal,
    method: option(
      '--reduce <how>',
      `what becomes of several rows over a pixel: ${MOSAIC_METHODS.join(', ')} (default median)`,
      parseChoice(MOSAIC_METHODS),
    ),
    order: option(
      '--order <by>',
      'for first and last: time (default: oldest first), given, or a property, ascending, or with - before it descending',
      parseOrder,
    ),
    mask: option(
      '--mask <band:classes>',
      'pixels to leave out: scl (clouds, shadows and cirrus of Sentinel-2), clouds (by SCL or QA_PIXEL), or classes such as SCL:3,8,9,10',
      parseMask,
    ),
    dilate: option('--mask-dilate <pixels>', 'by which the mask grows (default 0)', parseCount(0)),
    count: flag('--count', 'also write a band with the number of rows that have data'),
    resampling: option(
      '--resampling <name>',
      `onto the grid: ${RESAMPLINGS.join(', ')} (default bilinear, nearest for classes)`,
      parseResampling,
    ),
    skipUnreadable: flag('--skip-unreadable', 'leave out rows that cannot be read or lack a band'),
    dtype: option('--dtype <type>', 'type of the result (default float32)', DTYPE),
    nodata: option(
      '--nodata <value>',
      "nodata of the result, or none for a mask (default: nan for floats, for integers the first row's or the end of the range)",
      parseNodata,
    ),
    tile: option(
      '--tile <pixels>',
      'side of the tiles that are computed one after the other, and of Zarr shards (default 1024)',
      parseCount(),
    ),
    memory: MEMORY,
    cacheBytes: CACHE,
    compression: option(
      '--compress <name>',
      `${COG_COMPRESSIONS.join(', ')} (default deflate, of a Zarr store zstd)`,
      parseChoice(COG_COMPRESSIONS),
    ),
    overviews: option(
      '--overviews <name>',
      'of a COG: average, mode, nearest or none (default: average, nearest for values that are picked)',
      parseChoice(OVERVIEW_METHODS),
    ),
    maxPixels: maxPixels('refuse larger results'),
    backend: BACKEND,
    threads: THREADS,
  },
  async (values, { output, ...operation }) => {
    const { mosaicCatalog } = await import('../../workflow/index.js');
    const { datetime, where, allowLocal, crs, bounds, size, resolution, like, ...rest } = values;
    const options: MosaicCatalogOptions = {
      ...rest,
      select: { datetime, where, allowLocal },
      grid: gridOf({ crs, bounds, size, resolution, like }, true),
      memory: memoryOf(values.memory, process.env),
      ...operation,
    };
    const report = await mosaicCatalog(options);
    output.result(report, describeReport(report));
  },
  { after: EXAMPLES },
);

function describeReport({ destination, width, height, crs, dtype, ...report }: MosaicReport): string {
  const share = (pixels: number): string => `${((100 * pixels) / (width * height)).toFixed(1)} %`;
  const bands = report.bands.map((name, k) => `${name} ${share(report.validPixels[k])}`);
  const time = report.interval === null ? '' : `, ${report.interval.join(' to ')}`;
  return (
    `${destination}: ${width} × ${height} in ${crs}, ${dtype}, valid ${bands.join(', ')}\n` +
    `${report.method} of ${report.rows} rows${time}`
  );
}
