/** The legend of a layer as it is drawn. */
import { colourAt, type Stretch } from '../../workflow/picture/colours.js';
import type { LayerDocument } from '../../workflow/view/documents.js';
import { drawLegend } from '../map/index.js';
import { shortNumber } from './controls.js';
import { type Drawing, showsClasses } from './drawing.js';

/** Limit on listed classes. */
const MOST_CLASSES = 30;

/** Steps of a colour bar. */
const STEPS = 9;

/** @param values in view, of each tile and plane */
export function legendOf(
  { bands, classes }: LayerDocument,
  drawing: Drawing,
  stretches: readonly Stretch[],
  values: readonly (readonly Float32Array[])[],
): HTMLElement {
  if (showsClasses(drawing)) {
    const seen = new Set<number>();
    for (const [plane] of values) for (const value of plane) seen.add(value);
    const items = (classes ?? [])
      .filter(({ value }) => seen.has(value))
      .slice(0, MOST_CLASSES)
      .map(({ value, name, colour }) => ({
        label: `${value} ${name}`.trim(),
        colour,
        kind: 'fill' as const,
      }));
    return drawLegend({ items, bar: null });
  }
  const map = drawing.colours === 'classes' ? 'grey' : drawing.colours;
  const ramp = Array.from({ length: STEPS }, (_, k) => hex(colourAt(map, k / (STEPS - 1))));
  if (drawing.mode === 'rgb') {
    const label = drawing.rgb
      .map((band, k) => `${bands[band - 1].name} ${(stretches[k] ?? []).map(shortNumber).join(' to ')}`)
      .join(' · ');
    return drawLegend({
      items: [],
      bar: { label, colours: ['#000000', '#ffffff'], low: 'dark', high: 'bright' },
    });
  }
  const [low, high] = stretches[0];
  const label = drawing.mode === 'expression' ? drawing.text : labelOf(drawing, bands);
  return drawLegend({
    items: [],
    bar: { label, colours: ramp, low: shortNumber(low), high: shortNumber(high) },
  });
}

function labelOf({ band, decibels }: Drawing, bands: LayerDocument['bands']): string {
  const { name, unit } = bands[band - 1];
  const shown = decibels ? 'dB' : unit;
  return shown === '' ? name : `${name} (${shown})`;
}

function hex(colour: readonly number[]): string {
  return `#${colour.map((level) => level.toString(16).padStart(2, '0')).join('')}`;
}
