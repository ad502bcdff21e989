/** A layer on the map, and its drawing controls. */
import type * as L from 'leaflet';
import type { Backend } from '../../gpu/index.js';
import { RESAMPLINGS, type Resampling } from '../../kernels/resampling.js';
import { COLOUR_MAP_NAMES, type ColourMapName } from '../../workflow/choices.js';
import type { Stretch } from '../../workflow/picture/colours.js';
import type { LayerDocument } from '../../workflow/view/documents.js';
import { element } from '../map/index.js';
import {
  type Colouring,
  explanationOf,
  stretchesOf,
  type TileSource,
  WarpedTileLayer,
} from '../tiles/index.js';
import { button, checkbox, choice, group, labelled, numberField } from './controls.js';
import { type Drawing, firstDrawing, recipeOf, showsClasses } from './drawing.js';
import { legendOf } from './layer-legend.js';

/** A layer on the page. */
export interface PanelLayer {
  readonly document: LayerDocument;
  readonly source: TileSource;
  readonly layer: WarpedTileLayer;
  readonly panel: HTMLElement;
  isShown(): boolean;
}

/** Resamplings that make sense for pictures. */
const OFFERED: readonly Resampling[] = RESAMPLINGS.filter((name) =>
  ['nearest', 'bilinear', 'cubic'].includes(name),
);

export interface PanelOptions {
  readonly document: LayerDocument;
  readonly source: TileSource;
  /** The device for expressions. */
  readonly backend: Backend;
  readonly map: L.Map;
  /** A note about the layer, such as where its tiles are warped. */
  readonly note: string;
  /** Whether its controls are expanded. */
  readonly isOpen: boolean;
  readonly onRemove: (() => void) | null;
}

/** Adds a layer to the map, and creates its controls. */
export function addLayer(options: PanelOptions): PanelLayer {
  const { document, source, backend, map, note, isOpen, onRemove } = options;
  const { bands, classes } = document;
  let drawing = firstDrawing(document);
  let stretches: readonly Stretch[] = [drawing.values];
  let shown = true;

  const problem = element('p', { className: 'problem' });
  problem.setAttribute('role', 'status');
  const legend = element('div');
  const controls = element('div', { className: 'layer-controls' });

  const say = (text: string): void => {
    problem.textContent = text;
    problem.hidden = text === '';
  };
  const colouring = (): Colouring => {
    if (showsClasses(drawing)) return { classes: classes ?? [] };
    return { stretches, colourMap: drawing.colours === 'classes' ? 'grey' : drawing.colours };
  };
  const layer = new WarpedTileLayer({
    backend,
    source,
    recipe: recipeOf(drawing, bands),
    colouring: colouring(),
    onError: (error) => say(explanationOf(error)),
  });

  /** Updates stretch, colours and legend for the current view. */
  const paint = (): void => {
    const count = drawing.mode === 'rgb' ? 3 : 1;
    if (drawing.stretch === 'percentiles' && !showsClasses(drawing)) {
      const found = stretchesOf(layer.valuesInView(), drawing.percentiles);
      if (found.length === count) stretches = found;
    } else stretches = Array.from({ length: count }, () => drawing.values);
    layer.setColouring(colouring());
    legend.replaceChildren(legendOf(document, drawing, stretches, layer.valuesInView()));
  };
  layer.on('values', paint);
  layer.on('add', () => map.on('moveend', paint));
  layer.on('remove', () => map.off('moveend', paint));

  const change = (changes: Partial<Drawing>, rebuild = false): void => {
    drawing = { ...drawing, ...changes };
    if (rebuild) fill();
    try {
      const recipe = recipeOf(drawing, bands);
      say('');
      // The previous stretch may have another number of values.
      paint();
      void layer.setRecipe(recipe).catch((error: unknown) => say(explanationOf(error)));
    } catch (error) {
      say(explanationOf(error));
    }
  };

  const opacity = opacityControl(layer);
  const bandChoice = (value: number, set: (band: number) => void): HTMLSelectElement =>
    choice(
      bands.map(({ index, name }) => [String(index), bandLabel(index, name)] as const),
      String(value),
      (chosen) => set(Number(chosen)),
    );

  const bandControls = (): HTMLElement[] => {
    if (drawing.mode === 'one')
      return [
        labelled(
          'Band',
          bandChoice(drawing.band, (band) => change({ band })),
        ),
      ];
    if (drawing.mode === 'rgb') {
      const parts = ['Red', 'Green', 'Blue'].map((name, k) =>
        labelled(
          name,
          bandChoice(drawing.rgb[k], (band) => {
            const [r, g, b] = drawing.rgb.with(k, band);
            change({ rgb: [r, g, b] });
          }),
        ),
      );
      return [element('div', { className: 'row', children: parts })];
    }
    const input = element('input');
    input.type = 'text';
    input.value = drawing.text;
    input.spellcheck = false;
    input.autocapitalize = 'off';
    input.placeholder =
      bands.length > 1 ? `(${bands[1].variable} - ${bands[0].variable})` : bands[0].variable;
    input.addEventListener('input', () => change({ text: input.value }));
    const names = bands.map(({ variable }) => variable).join(', ');
    return [labelled('Expression', input), element('p', { className: 'hint', text: `of ${names}` })];
  };

  const stretchControls = (): HTMLElement[] => {
    if (showsClasses(drawing)) return [];
    const select = choice(
      [
        ['percentiles', 'Percentiles of the view'],
        ['values', 'Values'],
      ],
      drawing.stretch,
      // Manual values start from the computed ones.
      (stretch) => change({ stretch, values: [stretches[0][0], stretches[0][1]] }, true),
    );
    const [low, high] = drawing.stretch === 'percentiles' ? drawing.percentiles : drawing.values;
    const set = (ends: readonly [number, number]): void => {
      const isPercentile = drawing.stretch === 'percentiles';
      if (!(ends[0] < ends[1])) say('The low end of the colours must be below the high end.');
      else if (isPercentile && (ends[0] < 0 || ends[1] > 100)) say('Percentiles go from 0 to 100.');
      else change(isPercentile ? { percentiles: ends } : { values: ends });
    };
    const ends = (): readonly [number, number] =>
      drawing.stretch === 'percentiles' ? drawing.percentiles : drawing.values;
    const fields = [
      labelled(
        'Low',
        numberField(low, (value) => set([value, ends()[1]])),
      ),
      labelled(
        'High',
        numberField(high, (value) => set([ends()[0], value])),
      ),
    ];
    return [labelled('Stretch', select), element('div', { className: 'row', children: fields })];
  };

  const colourControls = (): HTMLElement[] => {
    if (drawing.mode === 'rgb') return [];
    const maps = COLOUR_MAP_NAMES.map((name) => [name, name] as const);
    const own = classes !== null && drawing.mode === 'one' ? ([['classes', 'classes']] as const) : [];
    const value: ColourMapName | 'classes' =
      own.length === 0 && drawing.colours === 'classes' ? 'grey' : drawing.colours;
    return [
      labelled(
        'Colours',
        choice<ColourMapName | 'classes'>([...own, ...maps], value, (colours) => change({ colours }, true)),
      ),
    ];
  };

  function fill(): void {
    const modes = choice(
      [
        ['one', 'One band'],
        ['rgb', 'Red, green and blue'],
        ['expression', 'An expression'],
      ],
      drawing.mode,
      (mode) => change({ mode }, true),
    );
    const isExpression = drawing.mode === 'expression';
    controls.replaceChildren(
      labelled('Show', modes),
      ...bandControls(),
      ...(isExpression
        ? []
        : [checkbox('in decibels', drawing.decibels, (decibels) => change({ decibels }))]),
      ...colourControls(),
      ...stretchControls(),
      labelled(
        'Resampling',
        choice(
          OFFERED.map((name) => [name, name] as const),
          drawing.resampling,
          (resampling) => change({ resampling }),
        ),
      ),
      opacity,
    );
  }

  fill();
  say('');
  const details = element('details', {
    children: [element('summary', { text: 'How it is drawn' }), controls],
  });
  details.open = isOpen;
  const body = element('div', { className: 'layer-details', children: [problem, legend, details] });
  const title = checkbox(document.name, true, (isShown) => {
    shown = isShown;
    body.hidden = !isShown;
    if (isShown) map.addLayer(layer);
    else map.removeLayer(layer);
  });
  title.className = 'layer-title';
  const notes = [...document.assumed.map((each) => `Assumed: ${each}.`), note].join(' ');
  const panel = group(
    document.name,
    title,
    element('p', { className: 'layer-note', text: `${describe(document)} ${notes}` }),
    body,
  );
  panel.className = 'layer';
  if (onRemove !== null) {
    const remove = button('Remove', () => {
      layer.remove();
      panel.remove();
      onRemove();
    });
    remove.setAttribute('aria-label', `Remove ${document.name}`);
    title.append(remove);
  }
  map.addLayer(layer);
  return { document, source, layer, panel, isShown: () => shown };
}

function bandLabel(index: number, name: string): string {
  return name === `band ${index}` ? name : `${index} ${name}`;
}

function describe({ width, height, crs, bands, overviews }: LayerDocument): string {
  const counted = overviews === 0 ? 'no' : overviews;
  const types = [...new Set(bands.map(({ dtype }) => dtype))].join(', ');
  return `${width} × ${height} pixels, ${crs}, ${types}, ${counted} overview${overviews === 1 ? '' : 's'}.`;
}

function opacityControl(layer: WarpedTileLayer): HTMLElement {
  const slider = element('input');
  slider.type = 'range';
  slider.min = '0';
  slider.max = '100';
  slider.step = '5';
  slider.value = '100';
  slider.addEventListener('input', () => layer.setOpacity(slider.valueAsNumber / 100));
  return labelled('Opacity', slider);
}
