/** The state of the page: its workers, its layers, and the shown one. */
import type { Units } from 'terrachip/raster';
import { messageOf } from '../src/errors.js';
import { requireElement } from '../src/page/map/index.js';
import type { Engine } from './client.js';
import { defaultBands, type Layer } from './layers.js';
import { MapView } from './map-view.js';

/** Reports what a step does, below its form. */
export class Status {
  readonly #element: HTMLElement;

  /** @param id of the element */
  constructor(id: string) {
    this.#element = requireElement(id, HTMLElement);
  }

  say(text: string): void {
    this.#element.textContent = text;
    this.#element.classList.remove('failed');
  }

  fail(error: unknown): void {
    this.#element.textContent = messageOf(error);
    this.#element.classList.add('failed');
  }

  /** Runs a step with its buttons disabled, and reports its result or error. */
  async run(form: HTMLElement, step: () => Promise<string>): Promise<void> {
    const buttons = [...form.querySelectorAll('button')];
    for (const button of buttons) button.disabled = true;
    try {
      this.say('Working…');
      this.say(await step());
    } catch (error) {
      this.fail(error);
    } finally {
      for (const button of buttons) button.disabled = false;
    }
  }
}

/** Part of a step that is done, as text. */
export function percent(share: number): string {
  return `${Math.round(100 * share)} % done`;
}

export class App {
  readonly map: MapView;
  readonly layers: Layer[] = [];
  active: Layer | null = null;
  readonly #listeners: (() => void)[] = [];
  #count = 0;

  constructor(readonly engine: Engine) {
    const show = new Status('show-status');
    const value = requireElement('value', HTMLOutputElement);
    this.map = new MapView(requireElement('map', HTMLElement), engine, {
      onStretch: () => this.changed(),
      onValue: (text) => {
        value.textContent = text;
      },
      onError: (message) => show.fail(message),
    });
  }

  /** The shown layer. @throws {Error} if there is none */
  get shown(): Layer {
    if (this.active === null) throw new Error('There is no layer yet; open a file first.');
    return this.active;
  }

  /** Calls a function after layers or their display changed. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  changed(): void {
    for (const listener of this.#listeners) listener();
  }

  /**
   * Opens a layer and shows it.
   * @param result whether it is the result of a step
   * @param units of its values, if known
   */
  async add(name: string, place: string | Blob, result: boolean, units?: Units): Promise<Layer> {
    const id = this.#count++;
    const info = await this.engine.ask('open', { layer: { id, name, place } });
    const layer: Layer = {
      id,
      name,
      place,
      info,
      result: result && place instanceof Blob ? place : null,
      units,
      shown: defaultBands(info),
      expression: null,
      stretches: null,
    };
    this.layers.unshift(layer);
    this.activate(layer);
    // A result covers only the current view.
    if (!result) this.map.fit();
    return layer;
  }

  activate(layer: Layer | null): void {
    this.active = layer;
    this.map.show(layer);
    this.changed();
  }

  async remove(layer: Layer): Promise<void> {
    this.layers.splice(this.layers.indexOf(layer), 1);
    if (this.active === layer) this.activate(this.layers[0] ?? null);
    else this.changed();
    await this.engine.close(layer.id);
  }
}

/** The value of the radio buttons of a name. */
export function chosen(form: HTMLFormElement, name: string): string {
  return String(new FormData(form).get(name) ?? '');
}

/** Calls a function with a delay after the last of many calls. */
export function debounced(wait: number, call: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(call, wait);
  };
}

/** A number as written by a user. @throws {Error} that names the field */
export function numberOf(text: string, field: string): number {
  const value = Number(text.trim().replace(',', '.'));
  if (text.trim() === '' || !Number.isFinite(value))
    throw new Error(`${field} cannot be "${text}"; give a number.`);
  return value;
}
