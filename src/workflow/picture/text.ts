/** Converts text to strokes. */
import { CAP_HEIGHT, GLYPHS, UNKNOWN_GLYPH } from './glyphs.js';

/** Points of one stroke, in units of the font. */
export type Polyline = readonly (readonly [number, number])[];

interface Glyph {
  readonly advance: number;
  readonly strokes: readonly Polyline[];
}

/** Space between letters, in units of the font. */
const SPACING = 0.8;

/** Line segments of a curve: enough for letters of 40 pixels. */
const CURVE_PIECES = 8;

const parsed = new Map<string, Glyph>();

function glyphOf(character: string): Glyph {
  const known = parsed.get(character);
  if (known !== undefined) return known;
  const [advance, path] = GLYPHS[character] ?? UNKNOWN_GLYPH;
  const glyph = { advance, strokes: parsePath(path) };
  parsed.set(character, glyph);
  return glyph;
}

function parsePath(path: string): Polyline[] {
  const strokes: [number, number][][] = [];
  for (const [, command, numbers] of path.matchAll(/([MLQ])([^MLQ]*)/g)) {
    const values = numbers.trim().split(/\s+/).map(Number);
    const end: [number, number] = [values[values.length - 2], values[values.length - 1]];
    const stroke = strokes.at(-1);
    const from = stroke?.at(-1);
    if (command === 'M' || stroke === undefined || from === undefined) {
      strokes.push([end]);
      continue;
    }
    if (command === 'Q') {
      const [cx, cy] = values;
      for (let k = 1; k < CURVE_PIECES; k++) {
        const t = k / CURVE_PIECES;
        const [a, b, c] = [(1 - t) * (1 - t), 2 * t * (1 - t), t * t];
        stroke.push([a * from[0] + b * cx + c * end[0], a * from[1] + b * cy + c * end[1]]);
      }
    }
    stroke.push(end);
  }
  return strokes;
}

/** The characters of a text; accents without a glyph are dropped. */
function characters(text: string): string[] {
  return [...text].map((character) => {
    if (GLYPHS[character] !== undefined) return character;
    return character.normalize('NFD').replace(/\p{M}/gu, '');
  });
}

/** The width of a text in pixels. @param size height of a capital in pixels */
export function textWidth(text: string, size: number): number {
  return (characters(text).reduce((sum, c) => sum + glyphOf(c).advance + SPACING, 0) * size) / CAP_HEIGHT;
}

/** Shortens a text with an ellipsis to at most `width` pixels. */
export function fitText(text: string, size: number, width: number): string {
  if (textWidth(text, size) <= width) return text;
  let kept = [...text];
  while (kept.length > 0 && textWidth(`${kept.join('')}…`, size) > width) kept = kept.slice(0, -1);
  return `${kept.join('').trimEnd()}…`;
}

/** Breaks a text between words into lines of at most `width` pixels; the last of `most` lines ends with an ellipsis. */
export function wrapText(text: string, size: number, width: number, most: number): string[] {
  const lines: string[] = [];
  let rest = text.trim().split(/\s+/);
  while (rest.length > 0 && rest[0] !== '' && lines.length < most) {
    let count = 1;
    while (count < rest.length && textWidth(rest.slice(0, count + 1).join(' '), size) <= width) count++;
    const isLast = lines.length === most - 1;
    lines.push(fitText((isLast ? rest : rest.slice(0, count)).join(' '), size, width));
    rest = rest.slice(count);
  }
  return lines;
}

/** The strokes of a text in pixels, from the upper left corner of its first capital. */
export function textStrokes(text: string, size: number): Polyline[] {
  const scale = size / CAP_HEIGHT;
  const strokes: Polyline[] = [];
  let x = 0;
  for (const character of characters(text)) {
    const glyph = glyphOf(character);
    for (const stroke of glyph.strokes) {
      strokes.push(stroke.map(([px, py]) => [(x + px) * scale, py * scale]));
    }
    x += glyph.advance + SPACING;
  }
  return strokes;
}
