/** A worker of the page: opens rasters and runs the steps, on WebGPU or on the processor. */
import { GeoBox } from 'terrachip/geo';
import { registerCommonEpsg } from 'terrachip/geo/epsg';
import { type Backend, CpuBackend, parseExpression, WebGpuBackend } from 'terrachip/kernels';
import { MapTiles, type Raster } from 'terrachip/raster';
import { messageOf } from '../src/errors.js';
import { describeLayer } from './describe.js';
import { openModel } from './open-model.js';
import type { LayerPlace, Message, OperationName, Operations, Reply } from './protocol.js';
import { calculate, cropGrid } from './steps/calculate.js';
import { toCog } from './steps/cog.js';
import { mapWithModel } from './steps/model.js';
import { open } from './steps/open.js';
import { reproject, targetGrid } from './steps/reproject.js';

registerCommonEpsg();

let backend: Backend = new CpuBackend();
const rasters = new Map<number, Promise<Raster>>();

function rasterOf({ id, place, name }: LayerPlace): Promise<Raster> {
  const known = rasters.get(id) ?? open(place, name);
  rasters.set(id, known);
  // A file that could not be opened may be tried again.
  known.catch(() => rasters.delete(id));
  return known;
}

/** What an operation may use besides its request. */
interface Context {
  readonly signal: AbortSignal;
  onProgress(share: number): void;
}

type Handlers = {
  readonly [Name in OperationName]: (
    request: Operations[Name]['request'],
    context: Context,
  ) => Promise<Operations[Name]['answer']>;
};

const handlers: Handlers = {
  async start({ device }) {
    const adapter = device === 'cpu' ? null : await navigator.gpu?.requestAdapter();
    if (adapter) {
      backend.dispose();
      backend = await WebGpuBackend.request(adapter);
    }
    const { kind, adapter: name, adapterClass } = backend.info;
    return {
      kind: kind === 'webgpu' ? 'webgpu' : 'cpu',
      adapter: name,
      isSoftware: adapterClass === 'software',
    };
  },

  async open({ layer }) {
    return describeLayer(await rasterOf(layer));
  },

  async close({ id }) {
    const raster = rasters.get(id);
    rasters.delete(id);
    await raster?.then(
      (opened) => opened.dispose(),
      () => undefined,
    );
    return null;
  },

  async tile({ layer, tile, bands, resampling }, { signal }) {
    const tiles = new MapTiles(backend, await rasterOf(layer));
    return await tiles.read(tile, { bands, resampling, signal });
  },

  async value({ layer, longitude, latitude, bands }, { signal }) {
    const tiles = new MapTiles(backend, await rasterOf(layer));
    return await tiles.valueAt(longitude, latitude, bands, signal);
  },

  async grid({ layer, crs, resolution, bounds }) {
    const { geobox } = await describedRaster(layer);
    return targetGrid(geobox, crs, resolution, bounds).toJSON();
  },

  async crop({ layer, bounds }) {
    const { geobox } = await describedRaster(layer);
    return cropGrid(geobox, bounds).toJSON();
  },

  async reproject({ layer, grid, resampling, bands, rows }) {
    return reproject(backend, await rasterOf(layer), GeoBox.fromJSON(grid), resampling, bands, rows);
  },

  async calculate({ layer, grid, expression: text, bands, rows }) {
    const raster = await rasterOf(layer);
    const options = { geobox: GeoBox.fromJSON(grid), overview: 'none' } as const;
    return [await calculate(backend, raster, parseExpression(text), bands, options, rows)];
  },

  async model({ folder, provider, grid, images }, { onProgress }) {
    const session = await openModel(folder, provider);
    try {
      const opened = await Promise.all(
        images.map(async ({ layer, ...image }) => ({
          ...image,
          phase: image.phase ?? undefined,
          raster: await rasterOf(layer),
        })),
      );
      return await mapWithModel(backend, session, GeoBox.fromJSON(grid), opened, onProgress);
    } finally {
      await session.dispose();
    }
  },

  async cog({ bands, grid, storage }) {
    return toCog(bands, GeoBox.fromJSON(grid), storage);
  },
};

async function describedRaster(layer: LayerPlace): Promise<{ raster: Raster; geobox: GeoBox }> {
  const raster = await rasterOf(layer);
  if (raster.geobox === null) throw new Error(`${raster.name} has no place on the earth`);
  return { raster, geobox: raster.geobox };
}

const running = new Map<number, AbortController>();

async function answer<Name extends OperationName>(id: number, name: Name, request: unknown): Promise<void> {
  const controller = new AbortController();
  running.set(id, controller);
  const send = (reply: Reply, transfer: Transferable[] = []): void => self.postMessage(reply, { transfer });
  const onProgress = (share: number): void => send({ id, kind: 'progress', share });
  try {
    const result = await handlers[name](request as Operations[Name]['request'], {
      signal: controller.signal,
      onProgress,
    });
    const arrays = Array.isArray(result) ? result : [];
    send({ id, kind: 'answer', answer: result }, [...new Set(arrays.map(({ buffer }) => buffer))]);
  } catch (error) {
    send({ id, kind: 'error', message: messageOf(error) });
  } finally {
    running.delete(id);
  }
}

self.addEventListener('message', ({ data }: MessageEvent<Message>) => {
  if ('cancel' in data) running.get(data.id)?.abort();
  else void answer(data.id, data.name, data.request);
});
