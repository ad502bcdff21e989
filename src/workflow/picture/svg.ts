/** Draws into an SVG document, with the methods of `Canvas` that plots use. */
import { escapeXml } from '../../raster/cog/directory.js';
import { BLACK, type Colour, type TextStyle, WHITE } from './canvas.js';
import type { Polyline } from './text.js';

/** What plots draw on: pixels, or an SVG document. */
export interface Surface {
  readonly width: number;
  readonly height: number;
  fill(x: number, y: number, width: number, height: number, colour: Colour): void;
  stroke(lines: readonly Polyline[], width: number, colour: Colour): void;
  polygon(points: Polyline, colour: Colour): void;
  /** @param y top of the capitals */
  text(text: string, x: number, y: number, style?: TextStyle): void;
}

/** Size of a font whose capitals have a height of 1. */
const FONT_SIZE = 1.4;

const ANCHORS = { left: 'start', centre: 'middle', right: 'end' } as const;

export class Svg implements Surface {
  readonly width: number;
  readonly height: number;
  readonly #elements: string[] = [];
  readonly #title: string;

  /** @param title what the picture shows, for screen readers */
  constructor(width: number, height: number, title: string) {
    this.width = Math.ceil(width);
    this.height = Math.ceil(height);
    this.#title = title;
    this.fill(0, 0, this.width, this.height, WHITE);
  }

  fill(x: number, y: number, width: number, height: number, colour: Colour): void {
    const size = `width="${shown(width)}" height="${shown(height)}"`;
    this.#elements.push(`<rect x="${shown(x)}" y="${shown(y)}" ${size} fill="${hex(colour)}"/>`);
  }

  stroke(lines: readonly Polyline[], width: number, colour: Colour): void {
    for (const line of lines) {
      const style = `fill="none" stroke="${hex(colour)}" stroke-width="${shown(width)}"`;
      this.#elements.push(`<polyline points="${pointsOf(line)}" ${style} stroke-linejoin="round"/>`);
    }
  }

  polygon(points: Polyline, colour: Colour): void {
    this.#elements.push(`<polygon points="${pointsOf(points)}" fill="${hex(colour)}"/>`);
  }

  text(text: string, x: number, y: number, style: TextStyle = {}): void {
    const { size = 10, colour = BLACK, align = 'left', bold = false } = style;
    const place = `x="${shown(x)}" y="${shown(y + size)}" font-size="${shown(FONT_SIZE * size)}"`;
    const look = `text-anchor="${ANCHORS[align]}" fill="${hex(colour)}"${bold ? ' font-weight="bold"' : ''}`;
    this.#elements.push(`<text ${place} ${look}>${escapeXml(text)}</text>`);
  }

  /** The document, with a final newline. */
  toString(): string {
    const { width, height } = this;
    const box = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
    const head = `<svg xmlns="http://www.w3.org/2000/svg" ${box} role="img" font-family="Arial, Helvetica, sans-serif">`;
    return `${[head, `<title>${escapeXml(this.#title)}</title>`, ...this.#elements, '</svg>'].join('\n')}\n`;
  }
}

function pointsOf(line: Polyline): string {
  return line.map(([x, y]) => `${shown(x)},${shown(y)}`).join(' ');
}

function shown(value: number): string {
  return String(Number(value.toFixed(2)));
}

function hex(colour: Colour): string {
  return `#${colour.map((level) => level.toString(16).padStart(2, '0')).join('')}`;
}
