/** Draws values over time: a line for each series, in one panel for each quantity, with a legend. */
import { type Colour, GREY, LIGHT_GREY } from './canvas.js';
import { roundDown, roundTicks } from './sheet.js';
import type { Surface } from './svg.js';
import { fitText, type Polyline, textWidth } from './text.js';
import { labelOfTime, timeTicks } from './time-axis.js';

/** One line: a value or null at each time of the plot. */
export interface SeriesLine {
  readonly label: string;
  readonly values: readonly (number | null)[];
}

/** Lines that share an axis of values. */
export interface SeriesPanel {
  /** The quantity and its unit. */
  readonly label: string;
  /** At most as many as there are colours, in the order of the legend; the same labels in each panel. */
  readonly lines: readonly SeriesLine[];
}

export interface SeriesPlot {
  readonly title: string;
  readonly subtitle: string;
  /** Milliseconds since 1970, ascending. */
  readonly times: readonly number[];
  readonly panels: readonly SeriesPanel[];
  readonly footer: string;
}

/** The colours of Okabe and Ito (2008) for all kinds of colour vision, without yellow, which is faint on white. */
export const SERIES_COLOURS: readonly Colour[] = [
  [0, 114, 178],
  [213, 94, 0],
  [0, 158, 115],
  [204, 121, 167],
  [0, 0, 0],
  [230, 159, 0],
  [86, 180, 233],
];

const WIDTH = 800;
const MARGIN = 18;
const HEADER = 66;
const LEGEND = 170;
const PANEL_HEIGHT = 230;
const PANEL_HEAD = 24;
const TIME_AXIS = 34;
const FOOTER = 30;
const ENTRY = 24;
const TICK_SIZE = 9;

/** Markers closer than this hide the lines, and are left out. */
const LEAST_MARKER_GAP = 7;

/** The size of the picture of a plot, in pixels. */
export function seriesPlotSize({ panels }: SeriesPlot): readonly [width: number, height: number] {
  const legend = ENTRY * (panels[0]?.lines.length ?? 0);
  const below = Math.max(panels.length * (PANEL_HEAD + PANEL_HEIGHT + TIME_AXIS), legend);
  return [WIDTH, HEADER + below + FOOTER];
}

/** @param surface of the size `seriesPlotSize` */
export function drawSeriesPlot(surface: Surface, plot: SeriesPlot): void {
  const { title, subtitle, panels, footer } = plot;
  const room = WIDTH - 2 * MARGIN;
  surface.text(fitText(title, 15, room - 10), MARGIN, 14, { size: 15, bold: true });
  surface.text(fitText(subtitle, 10, room), MARGIN, 41, { size: 10, colour: GREY });
  const axes = panels.map(valueAxis);
  const left = MARGIN + Math.max(0, ...axes.flatMap(({ ticks }) => ticks.map(tickWidth))) + 8;
  const right = WIDTH - MARGIN - LEGEND - 14;
  for (const [k, panel] of panels.entries()) {
    const top = HEADER + k * (PANEL_HEAD + PANEL_HEIGHT + TIME_AXIS) + PANEL_HEAD;
    surface.text(fitText(panel.label, 10, right - left), left, top - PANEL_HEAD + 4, { size: 10 });
    drawPanel(surface, plot, panel, axes[k], { left, right, top, bottom: top + PANEL_HEIGHT });
  }
  for (const [k, { label }] of (panels[0]?.lines ?? []).entries()) {
    const [x, y] = [right + 26, HEADER + PANEL_HEAD + 8 + k * ENTRY];
    const colour = SERIES_COLOURS[k];
    surface.stroke([[[x - 12, y] as const, [x + 12, y] as const]], 2, colour);
    surface.polygon(marker(k, x, y), colour);
    surface.text(fitText(label, 10, LEGEND - 32), x + 20, y - 5, { size: 10 });
  }
  surface.text(fitText(footer, 8, room), MARGIN, surface.height - 16, { size: 8, colour: GREY });
}

interface Frame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

function drawPanel(
  surface: Surface,
  { times }: SeriesPlot,
  { lines }: SeriesPanel,
  axis: ValueAxis,
  { left, right, top, bottom }: Frame,
): void {
  const [first, last] = timeRange(times);
  const inset = 8;
  const x = (time: number): number =>
    left + inset + ((time - first) / (last - first)) * (right - left - 2 * inset);
  const y = (value: number): number =>
    bottom - ((value - axis.low) / (axis.high - axis.low)) * (bottom - top);
  for (const { value, label } of axis.ticks) {
    surface.fill(left, Math.round(y(value)), right - left, 1, LIGHT_GREY);
    surface.text(label, left - 7, Math.round(y(value)) - TICK_SIZE / 2, {
      size: TICK_SIZE,
      colour: GREY,
      align: 'right',
    });
  }
  surface.fill(left, top, 1, bottom - top, GREY);
  surface.fill(left, bottom, right - left, 1, GREY);
  for (const { time, label } of timeTicks(first, last, (right - left) / 96)) {
    surface.fill(Math.round(x(time)), bottom, 1, 5, GREY);
    surface.text(label, x(time), bottom + 10, { size: TICK_SIZE, colour: GREY, align: 'centre' });
  }
  const gap = (right - left) / times.length;
  for (const [k, { values }] of lines.entries()) {
    const points = values.flatMap((value, i): (readonly [number, number])[] =>
      value === null ? [] : [[x(times[i]), y(value)]],
    );
    if (points.length > 1) surface.stroke([points], 1.8, SERIES_COLOURS[k]);
    if (points.length === 1 || gap >= LEAST_MARKER_GAP)
      for (const [px, py] of points) surface.polygon(marker(k, px, py), SERIES_COLOURS[k]);
  }
  if (lines.every(({ values }) => values.every((value) => value === null)))
    surface.text('no data', (left + right) / 2, (top + bottom) / 2, { colour: GREY, align: 'centre' });
}

interface ValueAxis {
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly { readonly value: number; readonly label: string }[];
}

/** An axis that holds all values, with a margin. */
function valueAxis({ lines }: SeriesPanel): ValueAxis {
  let [least, most] = [Infinity, -Infinity];
  for (const { values } of lines) {
    for (const value of values) {
      if (value === null) continue;
      least = Math.min(least, value);
      most = Math.max(most, value);
    }
  }
  if (least > most) return { low: 0, high: 1, ticks: [] };
  // For equal values, and for those that differ by rounding only.
  const span = Math.max(most - least, 1e-9 * Math.max(Math.abs(least), Math.abs(most)));
  const margin = span > 0 ? 0.08 * span : 1;
  const [low, high] = [least - margin, most + margin];
  // As in `roundTicks`.
  const step = roundDown((high - low) / 2.2);
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const ticks = roundTicks(low, high).map((value) => ({ value, label: numberLabel(value, decimals) }));
  return { low, high, ticks };
}

/** A number with thin groups of thousands; very large and very small ones as powers of ten. */
function numberLabel(value: number, decimals: number): string {
  const size = Math.abs(value);
  if (size >= 1e9 || decimals > 6) return value.toExponential(2).replace('-', '−');
  const [whole, part] = size.toFixed(decimals).split('.');
  const grouped = whole.length > 4 ? whole.replace(/\B(?=(\d{3})+$)/g, ' ') : whole;
  const sign = value < 0 && Number(size.toFixed(decimals)) > 0 ? '−' : '';
  return `${sign}${grouped}${part === undefined ? '' : `.${part}`}`;
}

function tickWidth({ label }: { readonly label: string }): number {
  return textWidth(label, TICK_SIZE);
}

/** The first and the last time; around a single time, a day. */
function timeRange(times: readonly number[]): [first: number, last: number] {
  const [first, last] = [times[0] ?? 0, times.at(-1) ?? 0];
  return first < last ? [first, last] : [first - 43_200_000, first + 43_200_000];
}

/** Corners of the markers of series, on a unit circle: the shapes differ too, not just the colours. */
const MARKERS: readonly Polyline[] = [
  regular(16, 0),
  regular(4, Math.PI / 4),
  regular(3, -Math.PI / 2),
  regular(4, 0),
  regular(3, Math.PI / 2),
  regular(5, -Math.PI / 2),
  regular(6, 0),
];

function regular(corners: number, turn: number): Polyline {
  return Array.from({ length: corners }, (_, k) => {
    const angle = turn + (2 * Math.PI * k) / corners;
    return [Math.cos(angle), Math.sin(angle)];
  });
}

function marker(series: number, x: number, y: number): Polyline {
  return MARKERS[series].map(([dx, dy]) => [x + 4.4 * dx, y + 4.4 * dy]);
}

/** What a series covers, for a subtitle: one time, or the first and the last. */
export function describeTimes(times: readonly number[]): string {
  const [first, last] = [labelOfTime(times[0] ?? 0), labelOfTime(times.at(-1) ?? 0)];
  const zone = times.some((time) => labelOfTime(time).includes(':')) ? ' UTC' : '';
  return `${first === last ? first : `${first} to ${last}`}${zone}`;
}
