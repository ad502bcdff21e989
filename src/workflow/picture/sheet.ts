/** A map sheet: an image with title, legend, scale bar and north arrow. */
import { Affine, Crs, createTransform, GeoBox, geodesicLength } from '../../geo/index.js';
import type { ColourMapName } from '../choices.js';
import { axesOf, drawAxes, marginsOf } from './axes.js';
import { BLACK, Canvas, type Colour, GREY, type Image, LIGHT_GREY, WHITE } from './canvas.js';
import { colourAt, type Stretch } from './colours.js';
import { fitText, wrapText } from './text.js';

export interface LegendEntry {
  label: string;
  /** Text to the right of the label. */
  detail?: string;
  kind: 'fill' | 'outline' | 'hatch';
  colour: Colour;
}

export interface ColourBar {
  label: string;
  map: ColourMapName;
  stretch: Stretch;
}

export interface Sheet {
  title: string;
  subtitle: string;
  /** Transparent pixels (no data) are hatched. */
  image: Image;
  /** The grid of the image; null draws neither scale bar nor north arrow. */
  geobox: GeoBox | null;
  /** Whether the grid's coordinates are written along the frame. */
  axes: boolean;
  legend: readonly LegendEntry[];
  colourBar: ColourBar | null;
  /** A warning above the footer; empty for none. */
  note?: string;
  footer: string;
}

const MARGIN = 18;
const PANEL = 230;
const HEADER = 62;
const STRIP = 80;

/** Height of a line of the legend. */
const ENTRY = 26;

/** Smaller maps are enlarged by an integer factor. */
const LEAST_SIDE = 480;

/** Most lines of a note. */
const NOTE_LINES = 4;
const NOTE_HEIGHT = 13;

export function drawSheet(original: Sheet): Canvas {
  const sheet = enlarge(original);
  const { image, geobox } = sheet;
  const hasPanel = sheet.legend.length > 0 || sheet.colourBar !== null;
  const axes = sheet.axes && geobox !== null ? axesOf(geobox) : null;
  const margins = marginsOf(axes);
  const left = MARGIN + margins.left;
  const mapWidth = Math.max(image.width, 320);
  const width = left + mapWidth + (hasPanel ? PANEL + MARGIN : 0) + MARGIN;
  const note = wrapText(sheet.note ?? '', 8, width - 2 * MARGIN, NOTE_LINES);
  const panelHeight = ENTRY * sheet.legend.length + (sheet.colourBar === null ? 0 : 70);
  const bottom = HEADER + Math.max(image.height + margins.below, panelHeight, 260);
  const height = bottom + STRIP + NOTE_HEIGHT * note.length;
  const canvas = new Canvas(width, height);
  canvas.text(fitText(sheet.title, 15, width - 2.2 * MARGIN), MARGIN, 14, { size: 15, bold: true });
  canvas.text(fitText(sheet.subtitle, 10, width - 2 * MARGIN), MARGIN, 40, { size: 10, colour: GREY });
  canvas.draw(image, left, HEADER);
  canvas.frame(left, HEADER, image.width, image.height);
  if (axes !== null) drawAxes(canvas, axes, left, HEADER, image.height);
  const panelX = left + mapWidth + MARGIN;
  let y = HEADER;
  for (const entry of sheet.legend) {
    drawEntry(canvas, entry, panelX, y);
    y += ENTRY;
  }
  if (sheet.colourBar !== null)
    drawColourBar(canvas, sheet.colourBar, panelX, y + (y > HEADER ? 14 : 0), 180);
  if (geobox !== null) {
    drawScaleBar(canvas, geobox, left, bottom + 14);
    drawNorthArrow(canvas, northAngle(geobox), left + mapWidth - 22, bottom + 33);
  }
  for (const [k, line] of note.entries()) {
    canvas.text(line, MARGIN, height - 17 - NOTE_HEIGHT * (note.length - k), { size: 8 });
  }
  canvas.text(fitText(sheet.footer, 8, width - 2 * MARGIN), MARGIN, height - 16, {
    size: 8,
    colour: GREY,
  });
  return canvas;
}

function enlarge(sheet: Sheet): Sheet {
  const { image, geobox } = sheet;
  const factor = Math.floor(LEAST_SIDE / Math.max(image.width, image.height));
  if (factor < 2) return sheet;
  const [width, height] = [image.width * factor, image.height * factor];
  const pixels = new Uint8Array(4 * width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = 4 * (Math.floor(y / factor) * image.width + Math.floor(x / factor));
      pixels.set(image.pixels.subarray(from, from + 4), 4 * (y * width + x));
    }
  }
  return {
    ...sheet,
    image: { width, height, pixels },
    geobox:
      geobox === null
        ? null
        : new GeoBox(
            geobox.crs,
            geobox.transform.compose(Affine.scale(1 / factor, 1 / factor)),
            width,
            height,
          ),
  };
}

function drawEntry(canvas: Canvas, entry: LegendEntry, x: number, y: number): void {
  const [width, height] = [26, 16];
  if (entry.kind === 'outline') {
    canvas.fill(x, y, width, height, entry.colour);
    canvas.fill(x + 2, y + 2, width - 4, height - 4, WHITE);
  } else {
    canvas.fill(x, y, width, height, entry.colour);
    if (entry.kind === 'hatch') {
      for (let j = 0; j < height; j++) for (let i = 0; i < width; i++) canvas.hatch(x + i, y + j);
    }
    canvas.frame(x, y, width, height, LIGHT_GREY);
  }
  const detail = entry.detail ?? '';
  canvas.text(detail, x + PANEL - 4, y + 3, { size: 10, align: 'right' });
  const labelWidth = PANEL - width - 20 - (detail === '' ? 0 : 9 * detail.length);
  canvas.text(fitText(entry.label, 10, labelWidth), x + width + 10, y + 3, { size: 10 });
}

/** A horizontal colour bar with round numbers below it. */
export function drawColourBar(canvas: Canvas, bar: ColourBar, x: number, y: number, width: number): void {
  const [low, high] = bar.stretch;
  canvas.text(fitText(bar.label, 10, width + 40), x, y, { size: 10 });
  const top = y + 20;
  for (let i = 0; i < width; i++) canvas.fill(x + i, top, 1, 14, colourAt(bar.map, i / (width - 1)));
  canvas.frame(x, top, width, 14);
  for (const tick of roundTicks(low, high)) {
    const at = x + ((tick - low) / (high - low)) * (width - 1);
    canvas.fill(at, top + 14, 1, 4, GREY);
    canvas.text(formatTick(tick), at, top + 22, { size: 8, align: 'centre' });
  }
}

function formatTick(value: number): string {
  return String(Number(value.toPrecision(6))).replace('-', '−');
}

/** Two to six multiples of 1, 2 or 5 times a power of ten between two values. */
export function roundTicks(low: number, high: number): number[] {
  const step = roundDown((high - low) / 2.2);
  const ticks: number[] = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) ticks.push(k * step);
  return ticks;
}

/** The greatest of …, 1, 2, 5, 10, 20, … that is at most a value. */
export function roundDown(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([5, 2].find((digit) => digit * power <= value) ?? 1);
}

/** Width of the pixel at the centre of a grid on the ground, in metres. */
export function metresPerPixel(geobox: GeoBox): number {
  const { forward } = createTransform(geobox.crs, Crs.wgs84);
  const [x, y] = [geobox.width / 2, geobox.height / 2];
  return geodesicLength(
    forward(...geobox.transform.apply(x - 0.5, y)),
    forward(...geobox.transform.apply(x + 0.5, y)),
  );
}

/** The direction of true north at the centre of a grid: radians clockwise from up, meridian convergence included. */
export function northAngle(geobox: GeoBox): number {
  const centre = geobox.transform.apply(geobox.width / 2, geobox.height / 2);
  const [longitude, latitude] = createTransform(geobox.crs, Crs.wgs84).forward(...centre);
  const step = latitude > 89 ? -1e-4 : 1e-4;
  const northward = createTransform(Crs.wgs84, geobox.crs).forward(longitude, latitude + step);
  const [x, y] = geobox.transform.inverse().apply(...northward);
  const [dx, dy] = [(x - geobox.width / 2) * Math.sign(step), (y - geobox.height / 2) * Math.sign(step)];
  return Math.atan2(dx, -dy);
}

function drawScaleBar(canvas: Canvas, geobox: GeoBox, x: number, y: number): void {
  const metres = metresPerPixel(geobox);
  if (!(metres > 0)) return;
  const length = roundDown(metres * Math.min(0.4 * geobox.width, 200));
  const width = length / metres;
  canvas.fill(x, y, width, 7, BLACK);
  canvas.fill(x + width / 2, y + 1, width / 2 - 1, 5, WHITE);
  const [value, unit] = length >= 1000 ? [length / 1000, 'km'] : [length, 'm'];
  canvas.text('0', x, y + 13, { size: 9 });
  canvas.text(`${value} ${unit}`, x + width, y + 13, { size: 9, align: 'centre' });
}

function drawNorthArrow(canvas: Canvas, angle: number, x: number, y: number): void {
  if (Number.isNaN(angle)) return;
  const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
  const turn = (px: number, py: number): [number, number] => [
    x + px * cos - py * sin,
    y + px * sin + py * cos,
  ];
  canvas.polygon([turn(0, -21), turn(8, 8), turn(0, 3)], BLACK);
  canvas.polygon([turn(0, -21), turn(-8, 8), turn(0, 3)], GREY);
  const [tx, ty] = turn(0, 18);
  canvas.text('N', tx, ty - 5, { size: 10, align: 'centre', bold: true });
}
