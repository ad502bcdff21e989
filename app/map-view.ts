/** The map: the shown layer, its colours, and the values under the pointer. */
import type * as L from 'leaflet';
import { CpuBackend } from 'terrachip/kernels';
import { messageOf } from '../src/errors.js';
import { createMap, Graticule, type LonLatBounds, latLngBounds } from '../src/page/map/index.js';
import {
  CachedTiles,
  type Colouring,
  type Recipe,
  stretchesOf,
  type TileSource,
  WarpedTileLayer,
} from '../src/page/tiles/index.js';
import type { Engine } from './client.js';
import type { Layer } from './layers.js';

const WORLD: LonLatBounds = [-160, -60, 160, 75];

/** Limit on concurrent requests for tiles. */
const AT_ONCE = 6;

const PERCENTILES = [2, 98] as const;

export interface MapEvents {
  /** The colours were taken from the values in view. */
  onStretch(): void;
  onValue(text: string): void;
  onError(message: string): void;
}

export class MapView {
  readonly map: L.Map;
  /** Computes expressions of tiles, which are small. */
  readonly #backend = new CpuBackend();
  #layer: Layer | null = null;
  #tiles: { readonly drawn: WarpedTileLayer; readonly source: TileSource } | null = null;
  #asked: AbortController | null = null;

  constructor(
    element: HTMLElement,
    private readonly engine: Engine,
    private readonly events: MapEvents,
  ) {
    this.map = createMap(element, { bounds: WORLD });
    new Graticule().addTo(this.map);
    this.map.on('mousemove', ({ latlng }) => void this.#showValue(latlng));
    this.map.on('click', ({ latlng }) => void this.#showValue(latlng));
    this.map.on('moveend', () => {
      if (document.activeElement === element) void this.#showValue(this.map.getCenter());
    });
  }

  /** West, south, east and north of the view in degrees. */
  get view(): LonLatBounds {
    const bounds = this.map.getBounds();
    return [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()];
  }

  /** Shows another layer, or none. */
  show(layer: Layer | null): void {
    this.#tiles?.drawn.remove();
    this.#tiles = null;
    this.#layer = layer;
    if (layer === null) return;
    const { info } = layer;
    const bounds = latLngBounds(info.lonLat);
    const source = new CachedTiles(
      this.engine.tilesOf(
        layer,
        info.bands.map(({ index }) => index),
      ),
      AT_ONCE,
    );
    const drawn = new WarpedTileLayer({
      backend: this.#backend,
      source,
      recipe: recipeOf(layer),
      colouring: colouringOf(layer),
      bounds,
      onError: (error) => this.events.onError(messageOf(error)),
    });
    this.#tiles = { drawn, source };
    drawn.on('values', () => this.#takeStretch());
    if (!this.map.getBounds().intersects(bounds)) this.fit();
    drawn.addTo(this.map);
  }

  /** Zooms to the shown layer. */
  fit(): void {
    if (this.#layer !== null) this.map.fitBounds(latLngBounds(this.#layer.info.lonLat));
  }

  /** Draws other bands, another expression or other colours of the shown layer. */
  async redraw(): Promise<void> {
    if (this.#layer === null || this.#tiles === null) return;
    const { drawn } = this.#tiles;
    const recipe = recipeOf(this.#layer);
    drawn.setColouring(colouringOf(this.#layer));
    if (!sameRecipe(drawn.recipe, recipe)) await drawn.setRecipe(recipe);
    else this.#takeStretch();
  }

  #takeStretch(): void {
    const layer = this.#layer;
    if (layer === null || this.#tiles === null || layer.stretches !== null) return;
    if (layer.info.colourTable !== null && layer.expression === null) return;
    const values = this.#tiles.drawn.valuesInView();
    if (values.length === 0) return;
    layer.stretches = stretchesOf(values, PERCENTILES);
    this.#tiles.drawn.setColouring(colouringOf(layer));
    this.events.onStretch();
  }

  async #showValue({ lng, lat }: L.LatLng): Promise<void> {
    const [layer, tiles] = [this.#layer, this.#tiles];
    if (layer === null || tiles === null) return;
    this.#asked?.abort();
    const asked = new AbortController();
    this.#asked = asked;
    const { bands } = recipeOf(layer);
    const at = `${lat.toFixed(6)}°, ${lng.toFixed(6)}°`;
    try {
      const found = await tiles.source.valueAt(lng, lat, bands, asked.signal);
      if (asked.signal.aborted) return;
      const names = bands.map((band) => layer.info.bands[band - 1].name);
      const values = (found?.values ?? []).map((value, k) => `${names[k]}: ${value ?? 'no data'}`);
      const where = found === null ? 'beside the layer' : `column ${found.column}, row ${found.row}`;
      this.events.onValue([at, where, ...values].join(' · '));
    } catch (error) {
      if (!asked.signal.aborted) this.events.onError(messageOf(error));
    }
  }
}

function recipeOf({ shown, expression, info }: Layer): Recipe {
  const bands =
    expression === null
      ? shown
      : expression.bands.map((name) => info.bands.find(({ symbol }) => symbol === name)?.index ?? 1);
  return { bands, expression, decibels: false, resampling: 'nearest' };
}

function sameRecipe(a: Recipe, b: Recipe): boolean {
  return a.bands.join() === b.bands.join() && a.expression?.text === b.expression?.text;
}

function colouringOf({ info, shown, expression, stretches }: Layer): Colouring {
  if (info.colourTable !== null && expression === null) {
    const hex = (part: number): string => part.toString(16).padStart(2, '0');
    return {
      classes: info.colourTable.map((colour, value) => ({
        value,
        name: String(value),
        colour: `#${colour.map(hex).join('')}`,
      })),
    };
  }
  const planes = expression === null ? shown.length : 1;
  const fallback = Array.from({ length: planes }, () => [0, 1] as const);
  return {
    stretches: stretches?.length === planes ? stretches : fallback,
    colourMap: expression === null && info.bands.length > 1 ? 'grey' : 'viridis',
  };
}
