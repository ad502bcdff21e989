/** The list of a map's layers, each with a visibility switch, opacity and legend. */
import type * as L from 'leaflet';
import { element } from './dom.js';
import { drawLegend, type Legend } from './legend.js';

export interface ListedLayer {
  readonly title: string;
  readonly layer: L.Layer;
  readonly isVisible: boolean;
  /** From 0 to 1; null for a layer without opacity. */
  readonly opacity: number | null;
  setOpacity(opacity: number): void;
  readonly legend: Legend | null;
  /** A sentence below the title; empty for none. */
  readonly note: string;
}

/** Fills an element with the list, the uppermost layer first, and adds the visible layers to the map. */
export function listLayers(map: L.Map, container: HTMLElement, layers: readonly ListedLayer[]): void {
  for (const [k, listed] of layers.entries()) container.append(layerItem(map, listed, `layer-${k}`));
}

function layerItem(map: L.Map, listed: ListedLayer, id: string): HTMLElement {
  const { title, layer, isVisible, opacity, legend, note } = listed;
  const item = element('div', { className: 'layer' });
  const shown = element('input');
  shown.type = 'checkbox';
  shown.id = id;
  shown.checked = isVisible;
  const label = element('label', { text: title });
  label.htmlFor = id;
  item.append(element('div', { className: 'layer-title', children: [shown, label] }));
  if (note !== '') item.append(element('p', { className: 'layer-note', text: note }));
  const details = element('div', { className: 'layer-details' });
  if (opacity !== null) details.append(opacitySlider(listed, `${id}-opacity`));
  if (legend !== null) details.append(drawLegend(legend));
  item.append(details);
  const show = (visible: boolean): void => {
    if (visible) map.addLayer(layer);
    else map.removeLayer(layer);
    details.hidden = !visible;
  };
  shown.addEventListener('change', () => show(shown.checked));
  if (opacity !== null) listed.setOpacity(opacity);
  show(isVisible);
  return item;
}

function opacitySlider({ title, opacity, setOpacity }: ListedLayer, id: string): HTMLElement {
  const slider = element('input');
  slider.type = 'range';
  slider.id = id;
  slider.min = '0';
  slider.max = '100';
  slider.step = '5';
  slider.value = String(Math.round(100 * (opacity ?? 1)));
  slider.setAttribute('aria-label', `Opacity of ${title}`);
  const shown = element('output', { text: `${slider.value} %` });
  slider.addEventListener('input', () => {
    setOpacity(Number(slider.value) / 100);
    shown.textContent = `${slider.value} %`;
  });
  return element('div', { className: 'layer-opacity', children: [slider, shown] });
}
