/** Coordinates along the frame of a map. */
import type { GeoBox } from '../../geo/index.js';
import { type Canvas, GREY } from './canvas.js';
import { textWidth } from './text.js';

/** A coordinate at a round number, and its place in pixels from the image's upper left corner. */
export interface AxisTick {
  readonly at: number;
  readonly label: string;
}

/** Ticks below an image and to the left of it. */
export interface Axes {
  readonly x: readonly AxisTick[];
  readonly y: readonly AxisTick[];
}

/** Height of the labels in pixels. */
const SIZE = 8;

/** From the frame to a label. */
const OFFSET = 7;

/** Pixels between ticks, at least. */
const LEAST_GAP = { x: 96, y: 48 };

/** The ticks of a grid in its own coordinates; null for a rotated grid, whose edges have none of their own. */
export function axesOf({ transform, crs, width, height }: GeoBox): Axes | null {
  const { a, b, c, d, e, f } = transform;
  if (b !== 0 || d !== 0) return null;
  const [east, north] = crs.isGeographic ? ['E W', 'N S'] : ['', ''];
  return { x: ticksOf(c, a, width, LEAST_GAP.x, east), y: ticksOf(f, e, height, LEAST_GAP.y, north) };
}

/** @param signs the words for positive and negative degrees; empty for other coordinates */
function ticksOf(origin: number, pixel: number, count: number, gap: number, signs: string): AxisTick[] {
  const step = roundUp(gap * Math.abs(pixel));
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const [low, high] = [origin, origin + pixel * count].sort((p, q) => p - q);
  const ticks: AxisTick[] = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) {
    const text = Math.abs(k * step).toFixed(decimals);
    const [positive, negative] = signs.split(' ');
    const sign = k === 0 ? '' : k < 0 ? negative : positive;
    const label = signs === '' ? `${k < 0 ? '−' : ''}${text}` : `${text}°${sign}`;
    ticks.push({ at: (k * step - origin) / pixel, label });
  }
  return ticks;
}

/** The least of …, 1, 2, 5, 10, 20, … that is at least a value. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value) + 1e-9);
  return power * ([1, 2, 5].find((digit) => digit * power >= value * (1 - 1e-9)) ?? 10);
}

/** Pixels that the labels take to the left of an image, and below it. */
export function marginsOf(axes: Axes | null): { left: number; below: number } {
  if (axes === null) return { left: 0, below: 0 };
  const widths = axes.y.map(({ label }) => textWidth(label, SIZE));
  return {
    left: axes.y.length === 0 ? 0 : Math.ceil(Math.max(...widths)) + OFFSET,
    below: SIZE + OFFSET + 4,
  };
}

/** Draws the ticks of an image of a height whose upper left corner is at `left`, `top`. */
export function drawAxes(canvas: Canvas, axes: Axes, left: number, top: number, height: number): void {
  for (const { at, label } of axes.x) {
    const x = Math.min(left + at, canvas.width - 1);
    canvas.fill(x, top + height + 1, 1, 4, GREY);
    canvas.text(label, x, top + height + OFFSET, { size: SIZE, colour: GREY, align: 'centre' });
  }
  for (const { at, label } of axes.y) {
    canvas.fill(left - 5, top + at, 4, 1, GREY);
    canvas.text(label, left - OFFSET, top + at - SIZE / 2, { size: SIZE, colour: GREY, align: 'right' });
  }
}
