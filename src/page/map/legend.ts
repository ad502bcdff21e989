/** The legend of a layer: classes, or a colour bar with the values at its ends. */
import { element } from './dom.js';

export interface LegendItem {
  readonly label: string;
  /** `#rrggbb`. */
  readonly colour: string;
  readonly kind: 'fill' | 'outline' | 'hatch';
}

export interface LegendBar {
  readonly label: string;
  /** Colours at equal steps from the low end to the high end, `#rrggbb`. */
  readonly colours: readonly string[];
  /** The values at the ends, as text. */
  readonly low: string;
  readonly high: string;
}

export interface Legend {
  readonly items: readonly LegendItem[];
  readonly bar: LegendBar | null;
}

/** Colours come from data: only valid ones are used. */
function colourOf(text: string): string {
  return /^#[0-9a-fA-F]{6}$/.test(text) ? text : '#808080';
}

export function drawLegend({ items, bar }: Legend): HTMLElement {
  const legend = element('div', { className: 'legend' });
  if (items.length > 0) {
    const list = element('ul');
    for (const { label, colour, kind } of items) {
      const swatch = element('span', { className: `swatch swatch-${kind}` });
      swatch.style.setProperty('--swatch', colourOf(colour));
      list.append(element('li', { children: [swatch, element('span', { text: label })] }));
    }
    legend.append(list);
  }
  if (bar !== null) {
    const ramp = element('div', { className: 'ramp' });
    ramp.style.background = `linear-gradient(to right, ${bar.colours.map(colourOf).join(', ')})`;
    const ends = element('div', {
      className: 'ramp-ends',
      children: [element('span', { text: bar.low }), element('span', { text: bar.high })],
    });
    legend.append(element('div', { className: 'ramp-label', text: bar.label }), ramp, ends);
  }
  return legend;
}
