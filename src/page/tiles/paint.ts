/** Colours of the values of tiles. */
import type { ColourMapName } from '../../workflow/choices.js';
import { parseColour } from '../../workflow/classes.js';
import { paint, type Stretch } from '../../workflow/picture/colours.js';

/** A value with its own colour. */
export interface TileClass {
  readonly value: number;
  readonly name: string;
  /** `#1f78b4`. */
  readonly colour: string;
}

/** How values become colours: classes by their values, other values by a stretch. */
export type Colouring =
  | { readonly classes: readonly TileClass[] }
  | { readonly stretches: readonly Stretch[]; readonly colourMap: ColourMapName };

/** RGBA pixels of one plane, or of red, green and blue; transparent for NaN and for values without a class. */
export function colourPixels(planes: readonly Float32Array[], colouring: Colouring): Uint8Array {
  if ('stretches' in colouring) return paint(planes, colouring.stretches, colouring.colourMap);
  const colours = new Map(colouring.classes.map(({ value, colour }) => [value, parseColour(colour)]));
  const [plane] = planes;
  const pixels = new Uint8Array(4 * plane.length);
  for (let i = 0; i < plane.length; i++) {
    const colour = colours.get(plane[i]);
    if (colour !== undefined) pixels.set([colour[0], colour[1], colour[2], 255], 4 * i);
  }
  return pixels;
}
