/** Reprojection to another grid. */
import { keepsValues, parseResampling, RESAMPLINGS } from 'terrachip/kernels';
import { element, requireElement } from '../src/page/map/index.js';
import { type App, chosen, debounced, numberOf, percent, Status } from './app.js';
import type { Layer } from './layers.js';
import type { BandSummary, GridJson } from './protocol.js';
import { collectRows, requireSize } from './rows.js';
import type { Storage } from './steps/cog.js';

/** Suggestions; any EPSG code that the page knows, WKT and PROJ strings can be typed. */
const SYSTEMS = [
  'EPSG:4326',
  'EPSG:3857',
  'EPSG:3035',
  'EPSG:32632',
  'EPSG:32633',
  'EPSG:2154',
  'EPSG:27700',
];

const WAIT = 300;

export function connectReproject(app: App): void {
  const form = requireElement('reproject-form', HTMLFormElement);
  const crs = requireElement('crs', HTMLInputElement);
  const resolution = requireElement('resolution', HTMLInputElement);
  const resampling = requireElement('resampling', HTMLSelectElement);
  const status = new Status('reproject-status');
  requireElement('crs-list', HTMLDataListElement).append(
    ...SYSTEMS.map((name) => Object.assign(element('option'), { value: name })),
  );
  resampling.append(...RESAMPLINGS.map((name) => element('option', { text: name })));
  resampling.value = 'bilinear';

  const bandsOf = (layer: Layer): readonly BandSummary[] =>
    chosen(form, 'reproject-bands') === 'all'
      ? layer.info.bands
      : layer.shown.map((index) => layer.info.bands[index - 1]);
  const gridFor = async (layer: Layer): Promise<GridJson> => {
    const grid = await app.engine.ask('grid', {
      layer,
      crs: crs.value.trim(),
      resolution: numberOf(resolution.value, 'The pixel size'),
      bounds: chosen(form, 'reproject-part') === 'view' ? app.map.view : null,
    });
    requireSize(grid, bandsOf(layer).length);
    return grid;
  };

  form.addEventListener(
    'input',
    debounced(WAIT, () => {
      const layer = app.active;
      if (layer === null) return;
      gridFor(layer).then(
        ({ width, height }) => status.say(`The result will have ${width} × ${height} pixels.`),
        (error: unknown) => status.fail(error),
      );
    }),
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void status.run(form, async () => {
      const layer = app.shown;
      const grid = await gridFor(layer);
      const bands = bandsOf(layer);
      const method = parseResampling(resampling.value);
      const numbers = bands.map(({ index }) => index);
      const started = performance.now();
      const values = await collectRows(
        grid,
        bands.length,
        app.engine.workers.length,
        (rows) => app.engine.ask('reproject', { layer, grid, resampling: method, bands: numbers, rows }),
        (share) => status.say(percent(share)),
      );
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      status.say('Writing the file…');
      const transfer = values.map(({ buffer }) => buffer);
      const storage = storageOf(bands, keepsValues(method), method === 'sum' || method === 'rms');
      const blob = await app.engine.ask('cog', { bands: values, grid, storage }, { transfer });
      await app.add(`${layer.name} in ${crs.value.trim().slice(0, 40)}`, blob, true);
      return `${grid.width} × ${grid.height} pixels are reprojected, in ${seconds} s.`;
    });
  });
  let last: Layer | null = null;
  app.onChange(() => {
    const layer = app.active;
    if (layer === null || layer === last) return;
    last = layer;
    crs.value = layer.info.crs;
    resolution.value = String(Number(layer.info.resolution[0].toPrecision(8)));
  });
}

/** As the source is stored, like gdalwarp; in float32 where the bands differ, or for sums. */
function storageOf(bands: readonly BandSummary[], keeps: boolean, sums: boolean): Storage {
  const [first] = bands;
  const same = bands.every(({ dtype }) => dtype === first.dtype) && !sums;
  const dtype = same ? first.dtype : 'float32';
  const shared = bands.every(({ nodata }) => Object.is(nodata, first.nodata));
  const isFloat = dtype.startsWith('float');
  return {
    dtype,
    nodata: same && shared && first.nodata !== null ? first.nodata : isFloat ? Number.NaN : null,
    names: bands.map(({ name }) => name),
    scales: bands.map(({ scale }) => scale),
    offsets: bands.map(({ offset }) => offset),
    overviews: keeps ? 'nearest' : 'average',
  };
}
