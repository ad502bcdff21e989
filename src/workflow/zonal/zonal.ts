/** Zonal statistics: a table of statistics of a raster's pixels inside polygons. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GeoCatalog } from '../../catalog/node/index.js';
import { invalidOption, requireChoice } from '../../errors.js';
import { PixelAreas } from '../../geo/index.js';
import { requireOutput } from '../../io/node/inputs.js';
import { pathOf } from '../../io/open-url.js';
import { counted, type OperationOptions, reportPlan, reportProgress } from '../../progress.js';
import type { Units } from '../../raster/units.js';
import { type AreaFeatures, readAreas } from '../../vector/node/index.js';
import { TABLE_FORMATS } from '../../vector/node/polygon-file.js';
import { COVERAGES, type ZoneCoverage } from '../choices.js';
import { UNIT_LABELS } from '../picture/appearance.js';
import { CatalogSource, type ZonalSourceOptions } from './catalog-source.js';
import { orderStatistics } from './order.js';
import {
  chosenStatistic,
  PLOT_FORMATS,
  type ZonalPlotOptions,
  type ZonalPlotReport,
  ZonalSeries,
} from './plot.js';
import { RasterSource } from './raster-source.js';
import type { SourceStep, ZonalSource, ZonalStrip } from './source.js';
import {
  DEFAULT_STATISTICS,
  needsValues,
  requireStatistics,
  type ZonalStatistic,
  ZoneSums,
} from './statistics.js';
import { ZonalTable } from './table.js';
import { ValueCounts } from './values.js';
import { GridZones } from './zones.js';

/** The source, the zones, and what is computed. */
export interface ZonalOptions extends OperationOptions, ZonalSourceOptions {
  /** Path or URL of a raster, or a catalog or its path or URL (`.parquet`, `.geojson`, STAC items). */
  source: string | GeoCatalog;
  /** A vector file of polygons. Each feature is a zone; they may overlap, and may be in another CRS. */
  zones: string;
  /** Default: count, min, mean and max. */
  statistics?: readonly ZonalStatistic[];
  /**
   * Which pixels belong to a zone: `centre` (default) those whose centre lies in it, `touched` also those that its outline
   * passes through, `fraction` all that it covers in part, each counted by the covered part of its area.
   */
  coverage?: ZoneCoverage;
  /** The layer of a file of zones that has several. */
  layer?: string;
  /** The CRS of a file of zones that does not say its own. */
  sourceCrs?: string;
  /** The encoding of a shapefile's attributes; overrides the file's own. */
  encoding?: string;
  /** Attributes of zones that the rows have (default: all). */
  properties?: readonly string[];
}

/** One zone, at one time, of one band or expression. */
export interface ZonalRow {
  /** The number of the zone in its file, from 1. */
  zone: number;
  /** Attributes of the zone. */
  properties: Readonly<Record<string, unknown>>;
  /** Null for a source without times. */
  date: string | null;
  /** The name or number of a band, or an expression. */
  band: string;
  /**
   * By name. `count` and `nodata` are pixels with and without data, `area` is that of pixels with data in m² on the
   * ellipsoid. Others are null where no pixel has data.
   */
  statistics: Readonly<Partial<Record<ZonalStatistic, number | null>>>;
}

/** Where the table of `zonalFile` goes. */
export interface ZonalFileOptions extends ZonalOptions {
  /** CSV (`.csv`), Parquet (`.parquet`), or with the outlines GeoJSON or FlatGeobuf (`.fgb`). */
  destination: string;
  /** Write GeoParquet with the outlines of zones in longitude and latitude (default false: a plain table). */
  geometry?: boolean;
  /** Also draw the series, which needs `by`. */
  plot?: ZonalPlotOptions;
}

/** The table that `zonalFile` wrote. */
export interface ZonalReport {
  destination: string;
  rows: number;
  zones: number;
  /** Zones without a pixel with data at any time. */
  emptyZones: number;
  bands: string[];
  /** Empty for a source without times. */
  dates: string[];
  statistics: ZonalStatistic[];
  /** Null without `plot`. */
  plot: ZonalPlotReport | null;
}

/** The rows of a table, by date, then by zone, then by band. */
export async function zonalStatistics(options: ZonalOptions): Promise<ZonalRow[]> {
  await using job = await openJob(options);
  const rows: ZonalRow[] = [];
  for await (const part of computeRows(job, options, join(tmpdir(), 'terrachip-zonal'))) rows.push(...part);
  return rows;
}

export async function zonalFile(options: ZonalFileOptions): Promise<ZonalReport> {
  const { destination, source, zones, geometry = false, plot } = options;
  const inputs = typeof source === 'string' ? [source, zones] : [zones];
  await requireOutput(destination, { formats: TABLE_FORMATS, inputs });
  if (plot !== undefined) {
    if (options.by === undefined)
      throw invalidOption('plot', 'needs a series of dates', 'give a catalog and `by`, or leave it out');
    await requireOutput(plot.output, { formats: PLOT_FORMATS, inputs });
    chosenStatistic(requireStatistics(options.statistics ?? DEFAULT_STATISTICS), plot);
  }
  await using job = await openJob(options);
  const { areas, statistics } = job;
  const series =
    plot === undefined
      ? null
      : new ZonalSeries({ ...plot, units: { ...unitLabels(job.source), ...plot.units } });
  await using table = await ZonalTable.create(destination, {
    areas,
    properties: options.properties,
    statistics,
    whole: options.coverage !== 'fraction',
    dated: job.source.steps.some(({ date }) => date !== null),
    geometry,
  });
  const withData = new Set<number>();
  for await (const rows of computeRows(job, options, destination, (zone) => withData.add(zone))) {
    for (const row of rows) {
      await table.add(row);
      series?.add(row);
    }
  }
  await table.finish();
  return {
    destination,
    rows: table.count,
    zones: areas.features.length,
    emptyZones: areas.features.length - withData.size,
    bands: [...job.source.layers],
    dates: job.source.steps.flatMap(({ date }) => date ?? []),
    statistics,
    plot: series === null ? null : await series.write(),
  };
}

/** The units of layers, for axes. */
function unitLabels({ units }: ZonalSource): Record<string, string> {
  const labels: Readonly<Partial<Record<Units, string>>> = { ...UNIT_LABELS, linear_power: 'linear power' };
  const known = Object.entries(units).map(([layer, of]) => [layer, labels[of] ?? ''] as const);
  return Object.fromEntries(known.filter(([, label]) => label !== ''));
}

/** The resources that are open while a table is computed. */
interface ZonalJob extends AsyncDisposable {
  readonly source: ZonalSource;
  readonly areas: AreaFeatures;
  readonly zones: GridZones;
  readonly statistics: ZonalStatistic[];
}

async function openJob(options: ZonalOptions): Promise<ZonalJob> {
  const { coverage = 'centre', layer, encoding, signal, onProgress } = options;
  requireChoice('coverage', coverage, COVERAGES);
  const statistics = requireStatistics(options.statistics ?? DEFAULT_STATISTICS);
  const areas = await readAreas(options.zones, {
    layer,
    crs: options.sourceCrs,
    encoding,
    signal,
    onProgress,
  });
  const source = await openSource(options, areas);
  try {
    const zones = new GridZones(areas, source.grid, coverage, source.name);
    return { source, areas, zones, statistics, [Symbol.asyncDispose]: () => source.dispose() };
  } catch (error) {
    await source.dispose();
    throw error;
  }
}

/** Catalogs by the endings of their files. */
const CATALOG = /\.((geo)?parquet|(geo)?json|nd(geo)?json|(geo)?jsonl)$/i;

/** Options that only catalogs have. */
const OF_CATALOGS = ['select', 'by', 'method', 'resampling', 'grid'] as const;

function openSource(options: ZonalOptions, areas: AreaFeatures): Promise<ZonalSource> {
  const { source } = options;
  if (typeof source !== 'string' || CATALOG.test(pathOf(source)))
    return CatalogSource.open(source, areas, options);
  const meant = OF_CATALOGS.find((name) => options[name] !== undefined);
  if (meant !== undefined)
    throw invalidOption(meant, `has no meaning for the raster ${source}`, 'leave it out, or give a catalog');
  return RasterSource.open(source, options);
}

/** Pixels that are read before values are written to a file. */
const CHUNK_PIXELS = 2 ** 20;

/** The rows of each step. @param onData receives zones that have pixels with data */
async function* computeRows(
  job: ZonalJob,
  options: ZonalOptions,
  beside: string,
  onData?: (zone: number) => void,
): AsyncGenerator<ZonalRow[]> {
  const { source, areas, zones, statistics } = job;
  const layers = source.layers.length;
  const pixels = zones.blocks.reduce((sum, { window }) => sum + window.width * window.height, 0);
  const times = source.steps.length > 1 ? ` at ${source.steps.length} dates` : '';
  reportPlan(options, 'zonal', {
    reads: `${pixels} pixels of ${source.name} around ${counted(zones.count, 'zone')}${times}`,
    writes: `a table of ${counted(zones.count * layers * source.steps.length, 'row')}`,
  });
  const rule = options.coverage === 'fraction' ? 'weighted' : 'linear';
  const ofValues = statistics.filter(needsValues);
  for (const [k, step] of source.steps.entries()) {
    const sums = Array.from({ length: zones.count * layers }, () => new ZoneSums());
    await using values = ofValues.length === 0 ? null : new ValueCounts(sums.length, beside);
    await readStep(job, step, sums, values, options);
    const rows: ZonalRow[] = [];
    for (const [zone, { properties }] of areas.features.entries()) {
      for (const [layer, band] of source.layers.entries()) {
        const group = zone * layers + layer;
        const { count } = sums[group];
        const ordered = values === null ? null : await orderStatistics(values, group, count, ofValues, rule);
        if (count > 0) onData?.(zone);
        const of = (name: ZonalStatistic): number | null =>
          ordered?.has(name) ? (ordered.get(name) ?? null) : sums[group].of(name);
        rows.push({
          zone: zone + 1,
          properties,
          date: step.date,
          band,
          statistics: Object.fromEntries(statistics.map((name) => [name, of(name)])),
        });
      }
    }
    if (source.steps.length > 1) reportProgress(options, 'zonal', k + 1, source.steps.length, 'dates');
    yield rows;
  }
}

/** Adds all pixels of a step to the sums and values of the zones, which are numbered by zone, then by layer. */
async function readStep(
  { source, zones, statistics }: ZonalJob,
  step: SourceStep,
  sums: readonly ZoneSums[],
  values: ValueCounts | null,
  options: ZonalOptions,
): Promise<void> {
  const layers = source.layers.length;
  const areas = statistics.includes('area') ? new PixelAreas(source.grid) : null;
  const areasOfSpan = new Float64Array(areas === null ? 0 : source.grid.width);
  const total = zones.blocks.reduce((sum, { window }) => sum + window.height, 0);
  let done = 0;
  for (const { window, zones: members } of zones.blocks) {
    const add = (zone: number, strip: ZonalStrip, rows: ZonalStrip['rows']): void =>
      zones.visit(zone, rows, (row, start, end, share) => {
        const first = (row - strip.rows.start) * window.width - window.x;
        areas?.fill(row, start, end, areasOfSpan);
        for (let layer = 0; layer < layers; layer++) {
          const group = zone * layers + layer;
          const plane = strip.values[layer];
          sums[group].add(plane, first + start, first + end, share, areas === null ? null : areasOfSpan);
          values?.add(group, plane, first + start, first + end, share);
        }
      });
    const height = Math.max(1, Math.floor(CHUNK_PIXELS / window.width));
    for await (const strip of source.read(step, window)) {
      for (let { start } = strip.rows; start < strip.rows.end; start += height) {
        const rows = { start, end: Math.min(strip.rows.end, start + height) };
        for (const zone of members) add(zone, strip, rows);
        await values?.settle();
      }
      done += strip.rows.end - strip.rows.start;
      if (source.steps.length === 1) reportProgress(options, 'zonal', done, total, 'rows');
    }
  }
}
