/** A Leaflet layer whose tiles are warped, computed and coloured in the page. */
import * as L from 'leaflet';
import type { Backend } from '../../gpu/index.js';
import { MAP_TILE_SIZE } from '../../raster/map-tiles.js';
import { type Colouring, colourPixels } from './paint.js';
import { type Recipe, shownPlanes } from './recipe.js';
import type { TileSource } from './source.js';

/** A tile on the map. */
interface DrawnTile {
  readonly canvas: HTMLCanvasElement;
  readonly coords: L.Coords;
  readonly reading: AbortController;
  /** Values of the recipe's bands; null before they are read, and outside the raster. */
  planes: readonly Float32Array[] | null;
  /** The drawn values. */
  shown: readonly Float32Array[] | null;
}

/** Options of a layer besides those of Leaflet. */
export interface WarpedTileLayerOptions extends L.GridLayerOptions {
  /** The device for expressions. */
  readonly backend: Backend;
  readonly source: TileSource;
  readonly recipe: Recipe;
  readonly colouring: Colouring;
  /** Receives errors, once per tile. */
  readonly onError?: (error: unknown) => void;
}

/**
 * A raster on a map. New colours only repaint tiles; a new expression is computed from the values in memory; only other bands
 * are read again. Fires `values` when all tiles in view have their values.
 */
export class WarpedTileLayer extends L.GridLayer {
  readonly #backend: Backend;
  readonly #source: TileSource;
  readonly #onError: (error: unknown) => void;
  readonly #tiles = new Set<DrawnTile>();
  #recipe: Recipe;
  #colouring: Colouring;

  constructor({ backend, source, recipe, colouring, onError, ...options }: WarpedTileLayerOptions) {
    super({ tileSize: MAP_TILE_SIZE, className: 'warped-tiles', ...options });
    this.#backend = backend;
    this.#source = source;
    this.#recipe = recipe;
    this.#colouring = colouring;
    this.#onError = onError ?? (() => undefined);
    this.on('tileunload', ({ tile }) => this.#drop(tile));
    this.on('load', () => this.fire('values'));
  }

  get recipe(): Recipe {
    return this.#recipe;
  }

  /** Draws other values. */
  async setRecipe(recipe: Recipe): Promise<void> {
    const before = this.#recipe;
    this.#recipe = recipe;
    if (before.bands.join() !== recipe.bands.join() || before.resampling !== recipe.resampling) {
      this.redraw();
      return;
    }
    await Promise.all([...this.#tiles].map((tile) => this.#compute(tile)));
    if (this.#recipe === recipe) this.fire('values');
  }

  /** Draws the values in other colours. */
  setColouring(colouring: Colouring): void {
    this.#colouring = colouring;
    for (const tile of this.#tiles) this.#paint(tile);
  }

  /** The drawn values within the map's view, per tile. */
  valuesInView(): (readonly Float32Array[])[] {
    const map: L.Map | undefined = this._map;
    if (map === undefined) return [];
    const view = map.getBounds();
    return [...this.#tiles].flatMap(({ coords, shown }) => {
      if (shown === null) return [];
      const [upper, lower] = [view.getNorthWest(), view.getSouthEast()].map((corner) =>
        map.project(corner, coords.z).subtract(coords.scaleBy(this.getTileSize())),
      );
      const clip = (value: number): number => Math.max(0, Math.min(MAP_TILE_SIZE, Math.round(value)));
      const [x0, y0, x1, y1] = [upper.x, upper.y, lower.x, lower.y].map(clip);
      return x0 < x1 && y0 < y1 ? [shown.map((plane) => cut(plane, x0, y0, x1, y1))] : [];
    });
  }

  override createTile(coords: L.Coords, done: L.DoneCallback): HTMLElement {
    const canvas = L.DomUtil.create('canvas');
    canvas.width = MAP_TILE_SIZE;
    canvas.height = MAP_TILE_SIZE;
    canvas.dataset.tile = `${coords.z}/${coords.x}/${coords.y}`;
    const tile: DrawnTile = { canvas, coords, reading: new AbortController(), planes: null, shown: null };
    this.#tiles.add(tile);
    this.#read(tile).then(
      () => done(undefined, canvas),
      (error: unknown) => {
        if (!tile.reading.signal.aborted) this.#onError(error);
        done(error instanceof Error ? error : new Error(String(error)), canvas);
      },
    );
    return canvas;
  }

  async #read(tile: DrawnTile): Promise<void> {
    const { bands, resampling } = this.#recipe;
    const { x, y, z } = tile.coords;
    const { signal } = tile.reading;
    tile.planes = await this.#source.read({ x, y, z }, { bands, resampling, signal });
    await this.#compute(tile);
  }

  async #compute(tile: DrawnTile): Promise<void> {
    const recipe = this.#recipe;
    // Bands of another recipe are being read.
    if (tile.planes === null || tile.planes.length !== recipe.bands.length) return;
    const shown = await shownPlanes(this.#backend, recipe, tile.planes);
    if (this.#recipe !== recipe) return;
    tile.shown = shown;
    this.#paint(tile);
  }

  #paint({ canvas, shown }: DrawnTile): void {
    const context = canvas.getContext('2d');
    if (shown === null || context === null) return;
    const needed = 'classes' in this.#colouring ? 1 : this.#colouring.stretches.length;
    if (shown.length !== needed) return;
    const image = context.createImageData(MAP_TILE_SIZE, MAP_TILE_SIZE);
    image.data.set(colourPixels(shown, this.#colouring));
    context.putImageData(image, 0, 0);
  }

  #drop(element: HTMLElement): void {
    for (const tile of this.#tiles) {
      if (tile.canvas !== element) continue;
      tile.reading.abort();
      this.#tiles.delete(tile);
    }
  }
}

/** A part of a plane of a tile. */
function cut(plane: Float32Array, x0: number, y0: number, x1: number, y1: number): Float32Array {
  if (x0 === 0 && y0 === 0 && x1 === MAP_TILE_SIZE && y1 === MAP_TILE_SIZE) return plane;
  const width = x1 - x0;
  const part = new Float32Array(width * (y1 - y0));
  for (let y = y0; y < y1; y++) {
    const start = y * MAP_TILE_SIZE;
    part.set(plane.subarray(start + x0, start + x1), (y - y0) * width);
  }
  return part;
}
