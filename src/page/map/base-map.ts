/** The map of a page: Web Mercator, without any request unless a basemap is given. */
import * as L from 'leaflet';
import type { LonLatBounds } from '../../workflow/report/document.js';

/** Tiles of a server under the layers. */
export interface Basemap {
  /** An address with `{z}`, `{x}` and `{y}`. */
  readonly url: string;
  /** Who made the tiles, shown on the map. */
  readonly attribution: string;
}

export interface BaseMapOptions {
  /** What the map shows at first. */
  readonly bounds: LonLatBounds;
  readonly basemap?: Basemap | null;
}

/** Levels beyond 19, so that small pixels can be seen. */
const MAX_ZOOM = 24;

/** Creates a map in an element, which has a size. The arrow keys, + and − move it when it has the focus. */
export function createMap(element: HTMLElement, { bounds, basemap = null }: BaseMapOptions): L.Map {
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  const map = L.map(element, {
    maxZoom: MAX_ZOOM,
    zoomSnap: 0.25,
    zoomAnimation: !still,
    fadeAnimation: !still,
    inertia: !still,
    worldCopyJump: false,
  });
  map.attributionControl.setPrefix(false);
  L.control.scale({ imperial: false }).addTo(map);
  if (basemap !== null) {
    L.tileLayer(basemap.url, {
      attribution: escapeHtml(basemap.attribution),
      maxNativeZoom: 19,
      maxZoom: MAX_ZOOM,
    }).addTo(map);
  }
  map.fitBounds(latLngBounds(bounds));
  return map;
}

/** Leaflet's form of bounds. */
export function latLngBounds([west, south, east, north]: LonLatBounds): L.LatLngBounds {
  return L.latLngBounds([south, west], [north, east]);
}

/** Text for the places where Leaflet takes HTML. */
export function escapeHtml(text: string): string {
  const span = document.createElement('span');
  span.textContent = text;
  return span.innerHTML;
}
