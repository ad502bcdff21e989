/** Which bands are shown, and in which colours. */
import { element, requireElement } from '../src/page/map/index.js';
import { type App, numberOf, Status } from './app.js';
import type { Layer } from './layers.js';

export function connectShow(app: App): void {
  const selects = ['band-red', 'band-green', 'band-blue'].map((id) => requireElement(id, HTMLSelectElement));
  const [low, high] = ['stretch-low', 'stretch-high'].map((id) => requireElement(id, HTMLInputElement));
  const about = requireElement('about', HTMLElement);
  const status = new Status('show-status');

  const redraw = (): void => {
    status.say('');
    app.map.redraw().catch((error: unknown) => status.fail(error));
  };
  for (const select of selects) {
    select.addEventListener('change', () => {
      if (app.active === null) return;
      const bands = selects.map(({ value }) => Number(value));
      app.active.shown = bands[1] > 0 && bands[2] > 0 ? bands : [bands[0]];
      app.active.expression = null;
      app.active.stretches = null;
      redraw();
      app.changed();
    });
  }
  for (const input of [low, high]) {
    input.addEventListener('change', () => {
      try {
        setStretch(
          app.shown,
          numberOf(low.value, 'The darkest value'),
          numberOf(high.value, 'The brightest value'),
        );
        redraw();
      } catch (error) {
        status.fail(error);
      }
    });
  }
  requireElement('stretch-fit', HTMLButtonElement).addEventListener('click', () => {
    if (app.active === null) return;
    app.active.stretches = null;
    redraw();
  });

  app.onChange(() => {
    const layer = app.active;
    about.textContent = layer === null ? '' : describe(layer);
    for (const [k, select] of selects.entries()) fillBands(select, layer, k);
    const [first] = layer?.stretches ?? [];
    low.value = first === undefined ? '' : short(first[0]);
    high.value = first === undefined ? '' : short(first[1]);
  });
}

function setStretch(layer: Layer, low: number, high: number): void {
  if (low >= high) throw new Error(`The darkest value ${low} must be below the brightest ${high}.`);
  const planes = layer.expression === null ? layer.shown.length : 1;
  layer.stretches = Array.from({ length: planes }, () => [low, high] as const);
}

function fillBands(select: HTMLSelectElement, layer: Layer | null, k: number): void {
  const options = (layer?.info.bands ?? []).map(({ index, name }) => {
    const option = element('option', { text: name });
    option.value = String(index);
    return option;
  });
  if (k > 0) {
    const none = element('option', { text: 'none' });
    none.value = '0';
    options.unshift(none);
  }
  select.replaceChildren(...options);
  if (layer !== null) select.value = String(layer.shown[k] ?? 0);
}

function describe({ name, info }: Layer): string {
  const { width, height, bands, crs, resolution, isGeographic, compression, overviews } = info;
  const types = [...new Set(bands.map(({ dtype }) => dtype))].join(', ');
  const pixel = resolution.map((size) => Number(size.toPrecision(6))).join(' × ');
  const unit = isGeographic ? '°' : ' units';
  const count = bands.length === 1 ? 'one band' : `${bands.length} bands`;
  return `${name}: ${width} × ${height} pixels of ${pixel}${unit} in ${crs}, ${count} of ${types}, ${compression}, ${overviews} overviews.`;
}

function short(value: number): string {
  return String(Number(value.toPrecision(5)));
}
