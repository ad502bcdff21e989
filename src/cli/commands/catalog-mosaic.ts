import type { RowOrder } from '../../catalog/node/index.js';
import { MOSAIC_METHODS } from '../../kernels/mosaic-methods.js';
import { parseResampling, RESAMPLINGS } from '../../kernels/resampling.js';
import { COG_COMPRESSIONS } from '../../raster/cog/options.js';
import { OVERVIEW_METHODS } from '../../raster/cog/overview.js';
import { MASK_WORDS } from '../../workflow/choices.js';
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
Without grid options, the result has the CRS of most rows, their extent, and the smallest pixel size of their files. A row
without the mask band is an error. Expressions are computed for each row, then combined.

  terrachip catalog mosaic scenes.parquet --datetime 2021-07 --mask scl --band B04 B03 B02 --count -o july.tif
  terrachip catalog mosaic scenes.parquet --crs EPSG:32632 --bounds 293000 5480000 303000 5490000 --res 10 \\
    --datetime 2021-06/2021-08 --where "eo:cloud_cover < 60" --mask clouds --mask-dilate 2 --band red nir -o summer.zarr
  terrachip catalog mosaic scenes.parquet --like dem.tif --mask scl --expression "ndvi = NDVI" --reduce max -o ndvi.tif`;

const parseOrder: Parse<RowOrder> = (text) => {
  if (text === 'time' || text === 'given') return text;
  const descending = text.startsWith('-');
  return { property: descending ? text.slice(1) : text, descending };
};

export const mosaicCommand = defineCommand(
  'mosaic',
  'combine rows of a catalog into one raster, such as a cloud-free composite',
  {
    catalog: argument(
      '<catalog>',
      'a catalog (.parquet, .geojson), or STAC items (.json, .ndjson), by path or URL',
    ),
    destination: outputOption('<path>', 'a COG (.tif), or a Zarr store (.zarr) that does not exist'),
    bands: list('--band <names...>', "bands by name, common name, or number in a row's main file", parseBand),
    expressions: list(
      '--expression <texts...>',
      'expressions of band names, or NDVI; NAME = EXPRESSION names the result (see terrachip calc)',
    ),
    ...GRID_OPTIONS,
    datetime: SELECTION_OPTIONS.datetime,
    where: SELECTION_OPTIONS.where,
    allowLocal: SELECTION_OPTIONS.allowLocal,
    method: option(
      '--reduce <name>',
      `how overlapping rows are combined: ${MOSAIC_METHODS.join(', ')} (default median)`,
      parseChoice(MOSAIC_METHODS),
    ),
    order: option(
      '--order <by>',
      'row order for first and last: time (oldest first, default), given, a property, or -PROPERTY for descending',
      parseOrder,
    ),
    mask: option(
      '--mask <band:classes>',
      'pixels to mask: scl (clouds, shadows and cirrus of Sentinel-2), clouds (by SCL or QA_PIXEL), or classes such as SCL:3,8,9,10',
      maskParser('BAND:CLASS,CLASS', ...MASK_WORDS),
    ),
    dilate: option('--mask-dilate <pixels>', 'pixels by which the mask grows (default 0)', parseCount(0)),
    count: flag('--count', 'also write a band with the number of valid rows at each pixel'),
    resampling: option(
      '--resampling <name>',
      `resampling onto the grid: ${RESAMPLINGS.join(', ')} (default bilinear, nearest for classes)`,
      parseResampling,
    ),
    skipUnreadable: flag('--skip-unreadable', 'skip rows that cannot be read or lack a band'),
    dtype: option('--dtype <type>', 'data type of the result (default float32)', DTYPE),
    nodata: option(
      '--nodata <value>',
      'nodata value of the result, or none to write a mask (default: nan for floats; for integers that of the first row, else the end of the range)',
      parseNodata,
    ),
    tile: option(
      '--tile <pixels>',
      'side of the tiles that are computed in turn, and of Zarr shards (default 1024)',
      parseCount(),
    ),
    memory: MEMORY,
    cacheBytes: CACHE,
    compression: option(
      '--compress <name>',
      `compression: ${COG_COMPRESSIONS.join(', ')} (default deflate, for a Zarr store zstd)`,
      parseChoice(COG_COMPRESSIONS),
    ),
    overviews: option(
      '--overviews <name>',
      'resampling of COG overviews: average, mode, nearest or none (default: average, or nearest if all values are copies of source pixels)',
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
