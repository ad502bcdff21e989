/** Band arithmetic: shown during typing, and computed as a layer. */
import { parseExpression } from 'terrachip/kernels';
import { requireElement } from '../src/page/map/index.js';
import { type App, chosen, debounced, percent, Status } from './app.js';
import type { Layer } from './layers.js';
import { collectRows, requireSize } from './rows.js';

/** Milliseconds after the last key. */
const WAIT = 250;

export function connectCalculate(app: App): void {
  const form = requireElement('calculate-form', HTMLFormElement);
  const input = requireElement('expression', HTMLInputElement);
  const names = requireElement('expression-bands', HTMLElement);
  const status = new Status('calculate-status');

  const preview = (): void => {
    const layer = app.active;
    if (layer === null) return;
    try {
      layer.expression = input.value.trim() === '' ? null : parsed(layer, input.value);
      layer.stretches = null;
      status.say(layer.expression === null ? '' : 'The map shows it.');
      app.map.redraw().catch((error: unknown) => status.fail(error));
      app.changed();
    } catch (error) {
      status.fail(error);
    }
  };
  input.addEventListener('input', debounced(WAIT, preview));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void status.run(form, async () => {
      const layer = app.shown;
      const expression = parsed(layer, input.value);
      const bounds = chosen(form, 'calculate-part') === 'view' ? app.map.view : null;
      const grid = await app.engine.ask('crop', { layer, bounds });
      requireSize(grid, 1);
      const bands = expression.bands.map((name) => bandOf(layer, name));
      const compute = (rows: { start: number; end: number }) =>
        app.engine.ask('calculate', { layer, grid, expression: expression.text, bands, rows });
      const values = await collectRows(grid, 1, app.engine.workers.length, compute, (share) =>
        status.say(percent(share)),
      );
      const storage = {
        dtype: 'float32',
        nodata: Number.NaN,
        names: [expression.text.slice(0, 100)],
        scales: [1],
        offsets: [0],
        overviews: 'average',
      } as const;
      const blob = await app.engine.ask('cog', { bands: values, grid, storage });
      await app.add(`${expression.text.slice(0, 40)} of ${layer.name}`, blob, true);
      return `${grid.width} × ${grid.height} pixels are computed.`;
    });
  });
  app.onChange(() => {
    const symbols = app.active?.info.bands.map(({ symbol }) => symbol) ?? [];
    names.textContent = symbols.length === 0 ? '' : `Bands: ${symbols.slice(0, 60).join(', ')}`;
    if (document.activeElement !== input) input.value = app.active?.expression?.text ?? '';
  });
}

function bandOf({ info, name }: Layer, symbol: string): number {
  const band = info.bands.find((each) => each.symbol === symbol);
  if (band !== undefined) return band.index;
  const known = info.bands.slice(0, 30).map((each) => each.symbol);
  throw new Error(`${name} has no band ${symbol}; it has ${known.join(', ')}.`);
}

/** @throws {Error} for an invalid expression, or one with a band that the layer lacks */
function parsed(layer: Layer, text: string): ReturnType<typeof parseExpression> {
  const expression = parseExpression(text);
  for (const name of expression.bands) bandOf(layer, name);
  if (expression.bands.length === 0) throw new Error('The expression names no band; give at least one.');
  return expression;
}
