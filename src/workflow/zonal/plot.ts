/** A picture of a series of zonal statistics. */
import { invalidInput, invalidOption } from '../../errors.js';
import { requireOutput } from '../../io/node/inputs.js';
import { requireEnding, writeFileAtomically } from '../../io/node/output.js';
import { memberOf } from '../../json/keys.js';
import { Canvas, writePng } from '../picture/canvas.js';
import {
  describeTimes,
  drawSeriesPlot,
  SERIES_COLOURS,
  type SeriesPlot,
  seriesPlotSize,
} from '../picture/series-plot.js';
import { Svg } from '../picture/svg.js';
import { requireStatistics, type ZonalStatistic } from './statistics.js';
import type { ZonalRow } from './zonal.js';

/** How a series is drawn. */
export interface ZonalPlotOptions {
  /** The picture to write: PNG (`.png`) or SVG (`.svg`). */
  output: string;
  /** Default: `mean`, where the rows have it, else the first that they have. */
  statistic?: ZonalStatistic;
  /** The attribute that names zones in the legend. Default: `name` in any case of letters, else their numbers. */
  label?: string;
  /** Default: the statistic and the bands. */
  title?: string;
  /** The unit of bands, for their axes, such as `{ VV: 'dB' }`. */
  units?: Readonly<Record<string, string>>;
}

/** The picture that was drawn. */
export interface ZonalPlotReport {
  output: string;
  statistic: ZonalStatistic;
  dates: number;
  /** The zones that are drawn, and how many there are. */
  zones: number[];
  zonesInAll: number;
  /** The bands that are drawn, a panel each, and how many there are. */
  bands: string[];
  bandsInAll: number;
}

/** Panels of a picture, at most. */
const MOST_BANDS = 4;

/** The formats of pictures of series. */
export const PLOT_FORMATS = ['PNG', 'SVG'] as const;

/**
 * Draws a line over time for each of the first seven zones, in a panel for each of the first four bands. A date without data
 * has no marker; the line goes on to the next date.
 * @param rows of `zonalStatistics` with `by`
 * @throws {TerrachipError} INVALID_INPUT for another ending, rows without dates, and a `label` that no zone has;
 * INVALID_OPTION for a statistic that the rows do not have; DISK where the file cannot be written
 */
export async function plotZonalSeries(
  rows: Iterable<ZonalRow>,
  options: ZonalPlotOptions,
): Promise<ZonalPlotReport> {
  await requireOutput(options.output, { formats: PLOT_FORMATS, inputs: [] });
  const series = new ZonalSeries(options);
  for (const row of rows) series.add(row);
  return series.write();
}

/** The lines of a picture, from rows as they come. */
export class ZonalSeries {
  readonly #options: ZonalPlotOptions;
  readonly #times: number[] = [];
  readonly #zones = new Map<number, string>();
  readonly #bands = new Set<string>();
  readonly #allZones = new Set<number>();
  readonly #allBands = new Set<string>();
  /** Values by zone, band and time. */
  readonly #values = new Map<string, number>();
  #date: string | null = null;
  #statistic: ZonalStatistic | null = null;

  constructor(options: ZonalPlotOptions) {
    this.#options = options;
  }

  add({ zone, properties, date, band, statistics }: ZonalRow): void {
    const { output, label } = this.#options;
    if (date === null)
      throw invalidInput('the rows', `have no dates, which ${output} would show`, 'compute them with `by`');
    this.#statistic ??= chosenStatistic(requireStatistics(Object.keys(statistics)), this.#options);
    if (date !== this.#date) this.#times.push(Date.parse(date));
    this.#date = date;
    this.#allZones.add(zone);
    this.#allBands.add(band);
    if (this.#bands.size < MOST_BANDS) this.#bands.add(band);
    if (this.#zones.size < SERIES_COLOURS.length && !this.#zones.has(zone))
      this.#zones.set(zone, zoneName(zone, properties, label));
    const value = statistics[this.#statistic] ?? null;
    if (value !== null && this.#zones.has(zone) && this.#bands.has(band))
      this.#values.set(keyOf(zone, band, this.#times.length - 1), value);
  }

  async write(): Promise<ZonalPlotReport> {
    const { output } = this.#options;
    if (this.#statistic === null)
      throw invalidInput(
        'the rows',
        'are empty, so there is nothing to draw',
        'check the catalog and the zones',
      );
    const plot = this.#plot(this.#statistic);
    const [width, height] = seriesPlotSize(plot);
    if (requireEnding(output, ...PLOT_FORMATS) === 'SVG') {
      const svg = new Svg(width, height, `${plot.title}: ${plot.subtitle}`);
      drawSeriesPlot(svg, plot);
      await writeFileAtomically(output, svg.toString());
    } else {
      const canvas = new Canvas(width, height);
      drawSeriesPlot(canvas, plot);
      await writePng(output, canvas);
    }
    return {
      output,
      statistic: this.#statistic,
      dates: this.#times.length,
      zones: [...this.#zones.keys()],
      zonesInAll: this.#allZones.size,
      bands: [...this.#bands],
      bandsInAll: this.#allBands.size,
    };
  }

  #plot(statistic: ZonalStatistic): SeriesPlot {
    const [bands, zones] = [[...this.#bands], [...this.#zones]];
    const dates = this.#times.length;
    const all = this.#allZones.size;
    const shown = zones.length < all ? `the first ${zones.length} of ${all} zones` : `${all} zones`;
    const hidden = this.#allBands.size - bands.length;
    return {
      title: this.#options.title ?? `${statistic} of ${bands.join(', ')}`,
      subtitle: `${all === 1 ? '1 zone' : shown} · ${dates} ${dates === 1 ? 'date' : 'dates'}, ${describeTimes(this.#times)}`,
      times: this.#times,
      panels: bands.map((band) => ({
        label: `${statistic} of ${band}${unitOf(statistic, memberOf(this.#options.units ?? {}, band))}`,
        lines: zones.map(([zone, label]) => ({
          label,
          values: this.#times.map((_, k) => this.#values.get(keyOf(zone, band, k)) ?? null),
        })),
      })),
      footer: `a marker at each date with data${hidden > 0 ? ` · ${hidden} more bands are not drawn` : ''}`,
    };
  }
}

function keyOf(zone: number, band: string, time: number): string {
  return `${zone} ${time} ${band}`;
}

/** @throws {TerrachipError} INVALID_OPTION for a statistic that is not among those found */
export function chosenStatistic(
  found: readonly ZonalStatistic[],
  { statistic }: Pick<ZonalPlotOptions, 'statistic'>,
): ZonalStatistic {
  const chosen = statistic ?? (found.includes('mean') ? 'mean' : found[0]);
  if (found.includes(chosen)) return chosen;
  throw invalidOption(
    'statistic',
    `is ${chosen}, which the rows do not have`,
    `choose one of ${found.join(', ')}`,
  );
}

/** The unit of a statistic of a band, in brackets. */
function unitOf(statistic: ZonalStatistic, ofBand: string | undefined): string {
  if (statistic === 'area') return ' (m²)';
  if (statistic === 'count' || statistic === 'nodata') return ' (pixels)';
  return ofBand === undefined || statistic === 'variety' ? '' : ` (${ofBand})`;
}

function zoneName(
  zone: number,
  properties: Readonly<Record<string, unknown>>,
  label: string | undefined,
): string {
  if (label !== undefined && !Object.hasOwn(properties, label)) {
    const has = Object.keys(properties).slice(0, 30).join(', ');
    throw invalidInput(
      'the zones',
      `have no attribute ${label} that could name them in the legend`,
      has === '' ? 'leave out the label' : `choose one of ${has}`,
    );
  }
  const name = label ?? Object.keys(properties).find((key) => key.toLowerCase() === 'name');
  const value = name === undefined ? null : (memberOf(properties, name) ?? null);
  if (value === null || value === '') return `zone ${zone}`;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
