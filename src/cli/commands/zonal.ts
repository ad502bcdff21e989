import { invalidOption } from '../../errors.js';
import { parseResampling, RESAMPLINGS } from '../../kernels/resampling.js';
import { CHIP_METHODS, COVERAGES, ZONAL_TIMES } from '../../workflow/choices.js';
import { type ZonalPlotReport, type ZonalReport, zonalFile } from '../../workflow/index.js';
import { requireStatistics } from '../../workflow/zonal/statistics.js';
import { parseChoice, parseNumber } from '../arguments.js';
import { argument, converted, defineCommand, flag, list, option, required } from '../command.js';
import {
  ENCODING,
  outputOption,
  parseBands,
  parseMask,
  rowGridOf,
  SELECTION_OPTIONS,
} from '../shared-options.js';

const STATISTICS = `
Statistics are count and nodata (pixels with and without data), min, max, mean, sum, std (of the pixels), median,
percentiles such as p10, majority, minority and variety (of values), and area (of pixels with data, in m² on the
ellipsoid). With --coverage fraction each pixel counts by the part of its area that lies in the zone.

  terrachip zonal ndvi.tif --zones districts.gpkg --stat mean,std,p10,p90 -o ndvi.csv
  terrachip zonal s2.tif --zones fields.geojson --expression '(b8 - b4) / (b8 + b4)' --coverage fraction -o ndvi.parquet
  terrachip zonal scenes.parquet --zones fields.geojson --expression NDVI --mask scl --by date -o series.csv \\
    --plot series.png`;

export const zonalCommand = defineCommand(
  'zonal',
  'statistics of pixels inside of polygons, as a table',
  {
    source: argument('<source>', 'a raster, or a catalog (.parquet, .geojson, or STAC items .json, .ndjson)'),
    zones: required(option('--zones <file>', 'a vector file of polygons, in any CRS; each is a zone')),
    destination: outputOption(
      '<file>',
      'CSV, Parquet, or with outlines GeoJSON or FlatGeobuf, by its ending',
    ),
    statistics: converted(
      list('--stat <names...>', 'what is computed (default count,min,mean,max): see below'),
      (texts) => requireStatistics(texts.flatMap((text) => text.split(','))),
    ),
    coverage: option(
      '--coverage <rule>',
      'pixels of a zone: centre (default: whose centre lies in it), touched, or fraction (all, by the part inside)',
      parseChoice(COVERAGES),
    ),
    bands: converted(
      list(
        '--band <names...>',
        "bands by name or number, of a catalog in a row's main file (default: all of a raster, or none beside expressions)",
        parseBands,
      ),
      (parsed) => parsed.flat(),
    ),
    expressions: list(
      '--expression <texts...>',
      'NDVI, or any expression of bands by name, or b1, b2, …: see terrachip calc',
    ),
    mask: option(
      '--mask <band:classes>',
      'pixels to leave out by a band of classes, such as SCL:3,8,9,10; scl means these clouds and shadows of Sentinel-2',
      parseMask,
    ),
    by: option(
      '--by <time>',
      `of a catalog, rows for each ${ZONAL_TIMES.join(', ')}; days are UTC's (default: one for all)`,
      parseChoice(ZONAL_TIMES),
    ),
    method: option(
      '--method <how>',
      `what becomes of several images over a pixel: ${CHIP_METHODS.join(', ')} (default first)`,
      parseChoice(CHIP_METHODS),
    ),
    datetime: SELECTION_OPTIONS.datetime,
    where: SELECTION_OPTIONS.where,
    allowLocal: SELECTION_OPTIONS.allowLocal,
    like: option('--like <raster>', "count pixels of this raster's grid (default: that of the first image)"),
    crs: option('--crs <crs>', 'or pixels of --res in this CRS'),
    resolution: option('--res <units>', 'the size of these pixels', parseNumber),
    resampling: option(
      '--resampling <name>',
      `of a catalog onto that grid: ${RESAMPLINGS.join(', ')} (default bilinear, nearest for classes)`,
      parseResampling,
    ),
    stored: flag('--stored', 'take values as they are stored, without scale and offset'),
    properties: converted(
      list('--keep <names...>', 'attributes of zones that become columns (default: all)'),
      (texts) => texts.flatMap((text) => text.split(',')),
    ),
    plot: option(
      '--plot <file>',
      'also draw the series: PNG or SVG, a line for each of the first seven zones, which needs --by',
    ),
    plotStatistic: option(
      '--plot-stat <name>',
      'the statistic that is drawn (default mean, or the first)',
      (text) => requireStatistics([text])[0],
    ),
    plotLabel: option(
      '--plot-label <attribute>',
      'what names zones in the picture (default: name, or their numbers)',
    ),
    geometry: flag('--geometry', 'also write the outlines of zones into Parquet, as GeoParquet'),
    layer: option('--layer <name>', 'the layer of a file of zones that has several'),
    sourceCrs: option('--source-crs <crs>', 'of a file of zones that does not say its own'),
    encoding: ENCODING,
  },
  async (
    { datetime, where, allowLocal, like, crs, resolution, plot, plotStatistic, plotLabel, ...values },
    { output, ...operation },
  ) => {
    const given = datetime ?? where ?? allowLocal;
    if (plot === undefined && (plotStatistic ?? plotLabel) !== undefined)
      throw invalidOption(
        '--plot-stat and --plot-label',
        'are of a picture, which is missing',
        'give --plot',
      );
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
