/** The rasters of a view: opened on demand; the least recently used are closed again. */
import { TerrachipError } from '../../errors.js';
import type { Backend } from '../../gpu/index.js';
import { MapTiles } from '../../raster/map-tiles.js';
import { createBlockCache, openRaster, type Raster } from '../../raster/node/index.js';
import { orDispose, Resource } from '../../resource.js';
import { describeLayer } from './describe.js';
import type { LayerDocument } from './documents.js';
import type { LayerSource, Subject } from './subject.js';

/** Rasters that are open at a time, besides those in use. */
const MOST_OPEN = 16;

/** Bytes of decoded blocks that are kept. */
const CACHE_BYTES = 512 * 2 ** 20;

/** A layer whose raster is open. */
export interface OpenLayer {
  readonly source: LayerSource;
  readonly raster: Raster;
  readonly tiles: MapTiles;
  readonly document: LayerDocument;
}

interface Slot {
  readonly opened: Promise<OpenLayer>;
  users: number;
}

/** Layers by id. Each is opened once, for all who ask for it. */
export class OpenLayers extends Resource {
  readonly #subject: Subject;
  readonly #backend: Backend;
  readonly #cache = createBlockCache(CACHE_BYTES);
  /** In the order of their last use. */
  readonly #slots = new Map<string, Slot>();

  constructor(subject: Subject, backend: Backend) {
    super();
    this.#subject = subject;
    this.#backend = backend;
  }

  /**
   * Runs a task with a layer, which is not closed meanwhile.
   * @throws {TerrachipError} NOT_FOUND for no such layer; as `openRaster`; INVALID_INPUT for a raster without a place
   */
  async use<T>(id: string, task: (layer: OpenLayer) => Promise<T>): Promise<T> {
    const slot = this.#slots.get(id) ?? { opened: this.#open(id), users: 0 };
    this.#slots.delete(id);
    this.#slots.set(id, slot);
    slot.users++;
    try {
      return await task(await slot.opened);
    } catch (error) {
      // A layer that could not be opened may be opened later.
      slot.opened.catch(() => {
        if (this.#slots.get(id) === slot) this.#slots.delete(id);
      });
      throw error;
    } finally {
      slot.users--;
      this.#closeOldest();
    }
  }

  async dispose(): Promise<void> {
    const slots = [...this.#slots.values()];
    this.#slots.clear();
    for (const { opened } of slots) await closed(opened);
  }

  async #open(id: string): Promise<OpenLayer> {
    const source = this.#subject.layer(id);
    if (source === null) {
      throw new TerrachipError('NOT_FOUND', `there is no layer ${id}`, 'reload the page', { source: id });
    }
    const raster = await openRaster(source.path, { cache: this.#cache });
    return orDispose(raster, async () => {
      const tiles = new MapTiles(this.#backend, raster);
      return { source, raster, tiles, document: await describeLayer(source, raster) };
    });
  }

  #closeOldest(): void {
    let idle = [...this.#slots].filter(([, { users }]) => users === 0);
    while (idle.length > MOST_OPEN) {
      const [[id, { opened }], ...rest] = idle;
      this.#slots.delete(id);
      void closed(opened);
      idle = rest;
    }
  }
}

/** Closes a layer; one that could not be opened is closed. */
async function closed(opened: Promise<OpenLayer>): Promise<void> {
  const layer = await opened.catch(() => null);
  await layer?.raster.dispose();
}
