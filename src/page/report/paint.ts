/** Rasters and pictures of a report on canvases. */
import { parseColour } from '../../workflow/classes.js';
import type { RasterStyle, ReportPicture, ReportRaster } from '../../workflow/report/document.js';
import type { Legend } from '../map/index.js';
import { type Plane, unpackPlanes } from './unpack.js';

/** A raster whose values can be queried. */
export interface OpenRaster {
  readonly about: ReportRaster;
  readonly values: Plane;
}

export async function openRaster(about: ReportRaster): Promise<OpenRaster> {
  const [values] = await unpackPlanes(about.pixels);
  return { about, values };
}

/** The value of a pixel; null for no data. */
export function valueAt({ about, values }: OpenRaster, index: number): number | null {
  const stored = values[index];
  if (Number.isNaN(stored) || stored === about.nodata) return null;
  return stored * about.scale;
}

/** A value as text: the name of a class, or a number. */
export function textOf(style: RasterStyle, value: number | null): string {
  if (value === null) return 'no data';
  if (style.kind === 'ramp') return value.toFixed(style.digits);
  return style.classes.find((each) => each.value === value)?.label ?? String(value);
}

export function paintRaster({ about, values }: OpenRaster): HTMLCanvasElement {
  const { pixels, style, nodata, scale } = about;
  const colourOf = style.kind === 'classes' ? classColours(style) : rampColours(style);
  return paintCanvas(pixels.width, pixels.height, (image) => {
    for (const [i, stored] of values.entries()) {
      if (Number.isNaN(stored) || stored === nodata) continue;
      image[i] = colourOf(stored * scale);
    }
  });
}

export async function paintPicture({ pixels }: ReportPicture): Promise<HTMLCanvasElement> {
  const planes = await unpackPlanes(pixels);
  const [red, green, blue] = planes.length === 4 ? planes : [planes[0], planes[0], planes[0]];
  const alpha = planes[planes.length - 1];
  return paintCanvas(pixels.width, pixels.height, (image) => {
    for (let i = 0; i < image.length; i++) {
      image[i] = packed(red[i], green[i], blue[i], alpha[i]);
    }
  });
}

/** @param fill writes RGBA, 32 bits a pixel */
function paintCanvas(width: number, height: number, fill: (image: Uint32Array) => void): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('this browser draws no canvas');
  const image = context.createImageData(width, height);
  fill(new Uint32Array(image.data.buffer));
  context.putImageData(image, 0, 0);
  return canvas;
}

/** RGBA as a number of an image, whose bytes are red, green, blue, alpha. Browsers run on little-endian machines. */
function packed(red: number, green: number, blue: number, alpha: number): number {
  return ((alpha << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

function classColours({ classes }: Extract<RasterStyle, { kind: 'classes' }>): (value: number) => number {
  const colours = new Map(
    classes.flatMap(({ value, colour, opacity = 1 }) =>
      colour === null ? [] : [[value, packed(...parseColour(colour), Math.round(255 * opacity))]],
    ),
  );
  return (value) => colours.get(value) ?? 0;
}

/** Levels of a ramp. */
const LEVELS = 256;

function rampColours({
  colours,
  low,
  high,
}: Extract<RasterStyle, { kind: 'ramp' }>): (value: number) => number {
  const stops = colours.map(parseColour);
  const levels = Array.from({ length: LEVELS }, (_, level) => {
    const position = (level / (LEVELS - 1)) * (stops.length - 1);
    const k = Math.min(stops.length - 2, Math.floor(position));
    const [from, to] = [stops[k], stops[k + 1]];
    const mixed = from.map((channel, c) => Math.round(channel + (to[c] - channel) * (position - k)));
    return packed(mixed[0], mixed[1], mixed[2], 255);
  });
  return (value) => {
    const share = Math.max(0, Math.min(1, (value - low) / (high - low)));
    return levels[Math.round(share * (LEVELS - 1))];
  };
}

export function legendOf(style: RasterStyle): Legend {
  if (style.kind === 'ramp') {
    const { label, colours, low, high, digits } = style;
    const end = (value: number): string => String(Number(value.toFixed(digits)));
    return { items: [], bar: { label, colours, low: end(low), high: end(high) } };
  }
  const items = style.classes.flatMap(({ label, colour }) =>
    colour === null ? [] : [{ label, colour, kind: 'fill' as const }],
  );
  return { items, bar: null };
}
