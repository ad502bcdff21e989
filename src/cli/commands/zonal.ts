import { invalidOption } from '../../errors.js';
import { parseResampling, RESAMPLINGS } from '../../kernels/resampling.js';
import { COVERAGES, ZONAL_TIMES } from '../../workflow/choices.js';
import { type ZonalPlotReport, type ZonalReport, zonalFile } from '../../workflow/index.js';
import { requireStatistics } from '../../workflow/zonal/statistics.js';
import { parseChoice, parseNumber } from '../arguments.js';
import { argument, converted, defineCommand, flag, list, option, required } from '../command.js';
import {
  ENCODING,
  IMAGE_OPTIONS,
  outputOption,
  parseBands,
  rowGridOf,
  SELECTION_OPTIONS,
  STORED,
} from '../shared-options.js';

const STATISTICS = `
Statistics are count and nodata (pixels with and without data), min, max, mean, sum, std (of the pixels), median,
percentiles such as p10, majority, minority and variety (of values), and area (of pixels with data, in m² on the
ellipsoid). With --coverage fraction, each pixel is weighted by the share of its area inside the zone.

  terrachip zonal ndvi.tif --zones districts.gpkg --stat mean,std,p10,p90 -o ndvi.csv
  terrachip zonal s2.tif --zones fields.geojson --expression '(b8 - b4) / (b8 + b4)' --coverage fraction -o ndvi.parquet
  terrachip zonal scenes.parquet --zones fields.geojson --expression NDVI --mask scl --by date -o series.csv \\
    --plot series.png`;

export const zonalCommand = defineCommand(
  'zonal',
  'compute statistics of the pixels inside polygons, as a table',
  {
    source: argument('<source>', 'a raster, or a catalog (.parquet, .geojson, or STAC items .json, .ndjson)'),
    zones: required(option('--zones <file>', 'vector file of polygons in any CRS; each is a zone')),
    destination: outputOption(
      '<file>',
      'file to write: .csv or .parquet, or with outlines .geojson or .fgb (FlatGeobuf)',
    ),
    statistics: converted(
      list('--stat <names...>', 'statistics to compute (default count,min,mean,max): see below'),
      (texts) => requireStatistics(texts.flatMap((text) => text.split(','))),
    ),
    coverage: option(
      '--coverage <rule>',
      'pixels of a zone: centre (those with their centre inside, default), touched, or fraction (all, weighted by the share inside)',
      parseChoice(COVERAGES),
    ),
    bands: converted(
      list(
        '--band <names...>',
        "bands by name or number (in catalogs, of a row's main file; default: all bands of a raster, or none with --expression)",
        parseBands,
      ),
      (parsed) => parsed.flat(),
    ),
    expressions: list(
      '--expression <texts...>',
      'expressions of band names or b1, b2, …, or NDVI: see terrachip calc',
    ),
    mask: IMAGE_OPTIONS.mask,
    by: option(
      '--by <time>',
      `period of each table row, for catalogs: ${ZONAL_TIMES.join(', ')}; days are in UTC (default: all times together)`,
      parseChoice(ZONAL_TIMES),
    ),
    method: IMAGE_OPTIONS.method,
    datetime: SELECTION_OPTIONS.datetime,
    where: SELECTION_OPTIONS.where,
    allowLocal: SELECTION_OPTIONS.allowLocal,
    like: option('--like <raster>', 'raster whose grid the pixels are on (default: the first image)'),
    crs: option('--crs <crs>', 'CRS of the pixels, with --res, instead of --like'),
    resolution: option('--res <units>', 'pixel size in that CRS', parseNumber),
    resampling: option(
      '--resampling <name>',
      `resampling of a catalog onto that grid: ${RESAMPLINGS.join(', ')} (default bilinear, nearest for classes)`,
      parseResampling,
    ),
    stored: STORED,
    properties: converted(
      list('--keep <names...>', 'attributes of zones to keep as columns (default: all)'),
      (texts) => texts.flatMap((text) => text.split(',')),
    ),
    plot: option('--plot <file>', 'also plot the series of the first seven zones, as PNG or SVG; needs --by'),
    plotStatistic: option(
      '--plot-stat <name>',
      'statistic to plot (default mean, or the first)',
      (text) => requireStatistics([text])[0],
    ),
    plotLabel: option(
      '--plot-label <attribute>',
      'attribute that names zones in the plot (default: name, or their numbers)',
    ),
    geometry: flag('--geometry', 'also write the outlines of zones to Parquet, as GeoParquet'),
    layer: option('--layer <name>', 'layer of a zones file with several layers'),
    sourceCrs: option('--source-crs <crs>', 'CRS of a zones file without one'),
    encoding: ENCODING,
  },
  async (
    { datetime, where, allowLocal, like, crs, resolution, plot, plotStatistic, plotLabel, ...values },
    { output, ...operation },
  ) => {
    const given = datetime ?? where ?? allowLocal;
    if (plot === undefined && (plotStatistic ?? plotLabel) !== undefined)
      throw invalidOption('--plot-stat and --plot-label', 'need --plot', 'leave them out, or give --plot');
    const report = await zonalFile({
      ...values,
      select: given === undefined ? undefined : { datetime, where, allowLocal },
      grid: rowGridOf(like, crs, resolution),
      plot: plot === undefined ? undefined : { output: plot, statistic: plotStatistic, label: plotLabel },
      ...operation,
    });
    output.result(report, describeReport(report));
  },
  { after: STATISTICS },
);

function describeReport({ destination, rows, zones, emptyZones, bands, dates, plot }: ZonalReport): string {
  const parts = [`${zones} zones`, `${bands.length} ${bands.length === 1 ? 'band' : 'bands'}`];
  if (dates.length > 0) parts.push(`${dates.length} ${dates.length === 1 ? 'date' : 'dates'}`);
  const empty = emptyZones === 0 ? '' : `; ${emptyZones} zones have no pixel with data`;
  const table = `${destination}: ${rows} rows of ${parts.join(', ')}${empty}`;
  return plot === null ? table : `${table}\n${describePlot(plot)}`;
}

function describePlot({ output, statistic, zones, zonesInAll, bands, bandsInAll }: ZonalPlotReport): string {
  const ofZones = zones.length < zonesInAll ? `the first ${zones.length} of ${zonesInAll}` : `${zonesInAll}`;
  const ofBands =
    bands.length < bandsInAll ? `the first ${bands.length} of ${bandsInAll} bands` : bands.join(', ');
  return `${output}: ${statistic} of ${ofBands}, ${ofZones} ${zonesInAll === 1 ? 'zone' : 'zones'}`;
}
