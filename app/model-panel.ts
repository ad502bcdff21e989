/** Maps by a model of the site, with layers as its inputs. */
import type { MapSpec, ModelInput } from 'terrachip/inference';
import { type Units, unitConversion } from 'terrachip/raster';
import { isTerrachipError } from '../src/errors.js';
import { element, requireElement } from '../src/page/map/index.js';
import { UNITS } from '../src/raster/units.js';
import { type App, chosen, percent, Status } from './app.js';
import type { Layer } from './layers.js';
import { readSpec } from './open-model.js';
import type { ModelInputChoice } from './protocol.js';
import { requireSize } from './rows.js';

/** The bundled models, beside the page. */
const MODELS = ['demo-flood', 'demo-water-s1', 'water-threshold'];

/** An input of the model at one phase, and the form's choice for it. */
interface Row {
  readonly input: ModelInput;
  readonly phase: string | null;
  readonly layer: HTMLSelectElement;
  readonly units: HTMLSelectElement;
}

export function connectModel(app: App): void {
  const form = requireElement('model-form', HTMLFormElement);
  const model = requireElement('model', HTMLSelectElement);
  const provider = requireElement('provider', HTMLSelectElement);
  const status = new Status('model-status');
  model.append(...MODELS.map((name) => element('option', { text: name })));
  provider.append(...providers(app));
  let spec: MapSpec | null = null;
  let rows: Row[] = [];

  const load = async (): Promise<void> => {
    spec = await readSpec(`models/${model.value}`);
    requireElement('model-warning', HTMLElement).textContent =
      `${spec.description} ${spec.limitations}`.trim();
    rows = rowsOf(spec);
    requireElement('model-inputs', HTMLElement).replaceChildren(...rows.map(tableRow));
    fillLayers(rows, app.layers);
  };
  model.addEventListener('change', () => void load().catch((error: unknown) => status.fail(error)));
  void load().catch((error: unknown) => status.fail(error));
  app.onChange(() => fillLayers(rows, app.layers));

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void status.run(form, async () => {
      if (spec === null) throw new Error('The model is not loaded; load the page again.');
      const { output, name } = spec;
      const images = rows.map((row) => choiceOf(row, app.layers));
      const bounds = chosen(form, 'model-part') === 'view' ? app.map.view : null;
      const grid = await app.engine.ask('crop', { layer: app.shown, bounds });
      const bands = 'values' in output ? output.values : output.classes;
      requireSize(grid, bands.length);
      const request = {
        folder: `models/${model.value}`,
        provider: provider.value === 'webgpu' ? 'webgpu' : 'wasm',
        grid,
        images,
      } as const;
      const started = performance.now();
      const values = await app.engine.ask('model', request, {
        onProgress: (share) => status.say(percent(share)),
      });
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      const transfer = values.map(({ buffer }) => buffer);
      const storage = {
        dtype: 'float32',
        nodata: Number.NaN,
        names: bands.map((band) => band.name),
        scales: bands.map(() => 1),
        offsets: bands.map(() => 0),
        overviews: 'average',
      } as const;
      const blob = await app.engine.ask('cog', { bands: values, grid, storage }, { transfer });
      const layer = await app.add(`${name} at ${app.shown.name}`, blob, true);
      layer.shown = [bands.length];
      if (!('values' in output)) layer.stretches = [[0, 1]];
      app.activate(layer);
      return `${grid.width} × ${grid.height} pixels are mapped, in ${seconds} s. The layer has ${bands.map((band) => band.name).join(', ')}.`;
    });
  });
}

function providers(app: App): HTMLOptionElement[] {
  const { kind, isSoftware } = app.engine.info;
  const names = kind === 'cpu' ? ['wasm'] : isSoftware ? ['wasm', 'webgpu'] : ['webgpu', 'wasm'];
  return names.map((value) => {
    const text = value === 'webgpu' ? 'WebGPU' : 'processor (WebAssembly)';
    return Object.assign(element('option', { text }), { value });
  });
}

function rowsOf(spec: MapSpec): Row[] {
  return spec.inputs.flatMap((input) => {
    const phases = input.kind === 'static' ? [null] : spec.phases;
    return phases.map((phase) => {
      const title = titleOf(input, phase);
      const [layer, units] = [element('select'), element('select')];
      layer.setAttribute('aria-label', `Layer of ${title}`);
      units.setAttribute('aria-label', `Units of ${title}`);
      const choices = unitsFor(input.units);
      // Units are declared, never guessed.
      const ask =
        choices.length === 1 ? [] : [Object.assign(element('option', { text: 'choose…' }), { value: '' })];
      units.append(...ask, ...choices.map((name) => element('option', { text: name })));
      return { input, phase, layer, units };
    });
  });
}

function titleOf({ name }: ModelInput, phase: string | null): string {
  return phase === null ? name : `${name} ${phase}`;
}

function tableRow({ input, phase, layer, units }: Row): HTMLElement {
  const title = element('th', { text: titleOf(input, phase) });
  title.scope = 'row';
  const cells = [layer, units].map((select) => element('td', { children: [select] }));
  return element('tr', { children: [title, ...cells] });
}

/** Units that can be converted to those of the model. */
function unitsFor(wanted: Units): Units[] {
  return UNITS.filter((units) => {
    try {
      unitConversion(units, wanted, '');
      return true;
    } catch (error) {
      if (isTerrachipError(error)) return false;
      throw error;
    }
  });
}

/** Lists the layers with the bands of each input; a layer named after input and phase is first. */
function fillLayers(rows: readonly Row[], layers: readonly Layer[]): void {
  for (const { input, phase, layer: select, units } of rows) {
    const before = select.value;
    const fitting = layers.filter((layer) => bandsFor(input, layer) !== null);
    const none = Object.assign(element('option', { text: 'none' }), { value: '' });
    const options = fitting.map(({ id, name }) =>
      Object.assign(element('option', { text: name }), { value: String(id) }),
    );
    select.replaceChildren(none, ...options);
    const wanted = plain(titleOf(input, phase));
    const named = fitting.find(({ name }) => plain(name.replace(/\.tiff?$/i, '')) === wanted);
    const only = fitting.length === 1 && rows.length === 1 ? fitting[0] : undefined;
    const still = fitting.some(({ id }) => String(id) === before);
    select.value = still ? before : String((named ?? only)?.id ?? '');
    const declared = layers.find(({ id }) => String(id) === select.value)?.units;
    if (units.value === '' && declared !== undefined) units.value = declared;
  }
}

function plain(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]/g, '');
}

/** The numbers of an input's bands in a layer, by name; null if it lacks one. */
function bandsFor(input: ModelInput, { info }: Layer): number[] | null {
  if (input.bands.length === 1 && info.bands.length === 1) return [1];
  const numbers = input.bands.map(
    (name) => info.bands.find((band) => band.name.toLowerCase() === name.toLowerCase())?.index,
  );
  return numbers.every((index) => index !== undefined) ? (numbers as number[]) : null;
}

function choiceOf({ input, phase, layer: select, units }: Row, layers: readonly Layer[]): ModelInputChoice {
  const layer = layers.find(({ id }) => String(id) === select.value);
  const bands = layer === undefined ? null : bandsFor(input, layer);
  if (layer === undefined || bands === null) {
    const title = titleOf(input, phase);
    throw new Error(
      `There is no layer for ${title}; open a file with the bands ${input.bands.join(', ')}, and choose it.`,
    );
  }
  if (units.value === '') {
    const choices = unitsFor(input.units).join(' or ');
    throw new Error(`The units of ${titleOf(input, phase)} are not chosen; choose ${choices}.`);
  }
  const { id, name, place } = layer;
  return { input: input.name, phase, layer: { id, name, place }, bands, units: unitOf(units.value) };
}

function unitOf(text: string): Units {
  const units = UNITS.find((name) => name === text);
  if (units === undefined) throw new Error(`"${text}" is no unit.`);
  return units;
}
