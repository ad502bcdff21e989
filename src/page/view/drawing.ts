/** How a layer is drawn: the choices on the page, and their consequences. */
import type { Expression, Resampling } from '../../kernels/index.js';
import { parseExpression } from '../../kernels/index.js';
import type { ColourMapName } from '../../workflow/choices.js';
import type { LayerBand, LayerDocument } from '../../workflow/view/documents.js';
import type { Recipe } from '../tiles/index.js';

/** The choices for a layer. */
export interface Drawing {
  readonly mode: 'one' | 'rgb' | 'expression';
  readonly band: number;
  readonly rgb: readonly [number, number, number];
  readonly text: string;
  readonly decibels: boolean;
  /** `classes` for the layer's own colours. */
  readonly colours: ColourMapName | 'classes';
  readonly stretch: 'percentiles' | 'values';
  readonly percentiles: readonly [low: number, high: number];
  readonly values: readonly [low: number, high: number];
  readonly resampling: Resampling;
}

/** The server's suggestion for drawing a layer. */
export function firstDrawing({ bands, classes, style }: LayerDocument): Drawing {
  const [first = 1, second = first, third = second] = style.bands;
  return {
    mode: style.bands.length === 3 ? 'rgb' : 'one',
    band: first,
    rgb: style.bands.length === 3 ? [first, second, third] : proposedColours(bands),
    text: '',
    decibels: style.decibels,
    colours: classes === null ? 'grey' : 'classes',
    stretch: style.stretch === null ? 'percentiles' : 'values',
    percentiles: [2, 98],
    values: style.stretch ?? [0, 1],
    resampling: style.resampling,
  };
}

function proposedColours(bands: readonly LayerBand[]): [number, number, number] {
  const at = (k: number): number => bands[Math.min(k, bands.length - 1)].index;
  return [at(0), at(1), at(2)];
}

/**
 * The values that a drawing shows.
 * @throws {TerrachipError} INVALID_INPUT for an invalid expression
 */
export function recipeOf(drawing: Drawing, bands: readonly LayerBand[]): Recipe {
  const { mode, band, rgb, text, decibels, resampling } = drawing;
  if (mode === 'rgb') return { bands: rgb, expression: null, decibels, resampling };
  if (mode === 'one') return { bands: [band], expression: null, decibels, resampling };
  const names = bands.map(({ variable }) => variable);
  const expression: Expression = parseExpression(text, names);
  const used = expression.bands.map((name) => names.indexOf(name) + 1);
  // A constant is drawn where the raster has data.
  return { bands: used.length > 0 ? used : [band], expression, decibels: false, resampling };
}

/** Whether a layer's own colours apply to the drawn values. */
export function showsClasses({ mode, colours }: Drawing): boolean {
  return mode === 'one' && colours === 'classes';
}
