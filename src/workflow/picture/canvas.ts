/** Draws into RGBA pixels. */
import { encode } from 'fast-png';
import { removeSidecars } from '../../io/node/beside.js';
import { writeFileAtomically } from '../../io/node/output.js';
import { type Polyline, textStrokes, textWidth } from './text.js';

/** Red, green and blue from 0 to 255. */
export type Colour = readonly [number, number, number];

/** `#rrggbb`. */
export function toHex(colour: Colour): string {
  return `#${colour.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`;
}

export const BLACK: Colour = [34, 34, 34];
export const GREY: Colour = [110, 110, 110];
export const LIGHT_GREY: Colour = [214, 214, 214];
export const WHITE: Colour = [255, 255, 255];

/** Pixels to draw: RGBA in C order. */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

export interface TextStyle {
  /** Height of a capital in pixels (default 10). */
  size?: number;
  colour?: Colour;
  /** Which point of the text is at x (default left). */
  align?: 'left' | 'centre' | 'right';
  bold?: boolean;
}

/** An RGBA picture; coordinates are pixels from the upper left corner. */
export class Canvas implements Image {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;

  constructor(width: number, height: number, background: Colour = WHITE) {
    this.width = Math.ceil(width);
    this.height = Math.ceil(height);
    this.pixels = new Uint8Array(4 * this.width * this.height);
    this.fill(0, 0, this.width, this.height, background);
  }

  /** Fills a rectangle of whole pixels. */
  fill(x: number, y: number, width: number, height: number, [red, green, blue]: Colour): void {
    const left = Math.max(0, Math.round(x));
    const right = Math.min(this.width, Math.round(x + width));
    if (left >= right) return;
    const bottom = Math.min(this.height, Math.round(y + height));
    for (let row = Math.max(0, Math.round(y)); row < bottom; row++) {
      for (let at = 4 * (row * this.width + left); at < 4 * (row * this.width + right); at += 4) {
        this.pixels[at] = red;
        this.pixels[at + 1] = green;
        this.pixels[at + 2] = blue;
        this.pixels[at + 3] = 255;
      }
    }
  }

  /** Draws the outline of a rectangle, one pixel wide, just outside it. */
  frame(x: number, y: number, width: number, height: number, colour: Colour = GREY): void {
    this.fill(x - 1, y - 1, width + 2, 1, colour);
    this.fill(x - 1, y + height, width + 2, 1, colour);
    this.fill(x - 1, y, 1, height, colour);
    this.fill(x + width, y, 1, height, colour);
  }

  /** Mixes a colour into a pixel. @param share 0 leaves the pixel, 1 replaces it */
  blend(x: number, y: number, colour: Colour, share: number): void {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height) return;
    const at = 4 * (y * this.width + x);
    for (let channel = 0; channel < 3; channel++) {
      const below = this.pixels[at + channel];
      this.pixels[at + channel] = Math.round(below + (colour[channel] - below) * share);
    }
  }

  /** Draws an image; transparent pixels become a grey hatch, which means no data. */
  draw({ width, height, pixels }: Image, x: number, y: number): void {
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const from = 4 * (row * width + column);
        if (pixels[from + 3] === 0) {
          this.hatch(x + column, y + row);
          continue;
        }
        const to = 4 * ((y + row) * this.width + x + column);
        for (let channel = 0; channel < 3; channel++) this.pixels[to + channel] = pixels[from + channel];
      }
    }
  }

  /** Draws one pixel of the grey hatch. */
  hatch(x: number, y: number): void {
    const level = (x + y) % 8 < 2 ? 190 : 240;
    this.pixels.fill(level, 4 * (y * this.width + x), 4 * (y * this.width + x) + 3);
  }

  /** Draws lines with round ends and joins, antialiased. */
  stroke(lines: readonly Polyline[], width: number, colour: Colour): void {
    const coverage = new Map<number, number>();
    for (const line of lines) {
      for (let k = 0; k < line.length; k++) {
        if (k > 0 || line.length === 1) this.#cover(coverage, line[Math.max(0, k - 1)], line[k], width / 2);
      }
    }
    for (const [at, share] of coverage)
      this.blend(at % this.width, Math.floor(at / this.width), colour, share);
  }

  /** Adds the coverage of each pixel by a thick line, from the distance of the pixel's centre to the line. */
  #cover(
    coverage: Map<number, number>,
    [x0, y0]: readonly [number, number],
    [x1, y1]: readonly [number, number],
    radius: number,
  ): void {
    const reach = radius + 1;
    const [dx, dy] = [x1 - x0, y1 - y0];
    const length2 = dx * dx + dy * dy;
    const top = Math.max(0, Math.floor(Math.min(y0, y1) - reach));
    const bottom = Math.min(this.height - 1, Math.ceil(Math.max(y0, y1) + reach));
    const left = Math.max(0, Math.floor(Math.min(x0, x1) - reach));
    const right = Math.min(this.width - 1, Math.ceil(Math.max(x0, x1) + reach));
    for (let y = top; y <= bottom; y++) {
      for (let x = left; x <= right; x++) {
        const [px, py] = [x + 0.5 - x0, y + 0.5 - y0];
        const t = length2 === 0 ? 0 : Math.max(0, Math.min(1, (px * dx + py * dy) / length2));
        const share = Math.min(1, radius + 0.5 - Math.hypot(px - t * dx, py - t * dy));
        const at = y * this.width + x;
        if (share > (coverage.get(at) ?? 0)) coverage.set(at, share);
      }
    }
  }

  /** Fills a polygon without holes, antialiased by 4 × 4 samples per pixel. */
  polygon(points: Polyline, colour: Colour): void {
    const xs = points.map(([x]) => x);
    const ys = points.map(([, y]) => y);
    for (let y = Math.floor(Math.min(...ys)); y <= Math.ceil(Math.max(...ys)); y++) {
      for (let x = Math.floor(Math.min(...xs)); x <= Math.ceil(Math.max(...xs)); x++) {
        let hits = 0;
        for (let k = 0; k < 16; k++) {
          if (isInside(points, x + ((k % 4) + 0.5) / 4, y + (Math.floor(k / 4) + 0.5) / 4)) hits++;
        }
        if (hits > 0) this.blend(x, y, colour, hits / 16);
      }
    }
  }

  /** Draws a line of text. @param y top of the capitals @returns the width of the text */
  text(text: string, x: number, y: number, style: TextStyle = {}): number {
    const { size = 10, colour = BLACK, align = 'left', bold = false } = style;
    const width = textWidth(text, size);
    const left = align === 'left' ? x : align === 'right' ? x - width : x - width / 2;
    const pen = Math.max(1.1, size * (bold ? 0.16 : 0.115));
    // Half pixels keep vertical stems sharp.
    const [ox, oy] = [Math.round(left) + 0.5, Math.round(y) + 0.5];
    const strokes = textStrokes(text, size).map((line) =>
      line.map(([px, py]) => [px + ox, py + oy] as const),
    );
    this.stroke(strokes, pen, colour);
    return width;
  }
}

/** Writes a picture as PNG. */
export async function writePng(target: string, { width, height, pixels }: Image): Promise<void> {
  await writeFileAtomically(target, encode({ width, height, data: pixels, channels: 4, depth: 8 }));
  await removeSidecars(target);
}

function isInside(points: Polyline, x: number, y: number): boolean {
  let odd = false;
  for (let k = 0; k < points.length; k++) {
    const [x0, y0] = points[k];
    const [x1, y1] = points[(k + 1) % points.length];
    if (y0 > y !== y1 > y && x < ((y - y0) * (x1 - x0)) / (y1 - y0) + x0) odd = !odd;
  }
  return odd;
}
