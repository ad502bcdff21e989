/** The map of a page: Web Mercator, without network requests unless a basemap is given. */
import * as L from 'leaflet';
import type { LonLatBounds } from '../../workflow/report/document.js';

/** Tiles of a server below the layers. */
export interface Basemap {
  /** A URL with `{z}`, `{x}` and `{y}`. */
  readonly url: string;
  /** The attribution of the tiles, shown on the map. */
  readonly attribution: string;
}

export interface BaseMapOptions {
  /** The initial view of the map. */
  readonly bounds: LonLatBounds;
  readonly basemap?: Basemap | null;
}

/** Beyond level 19, to show small pixels. */
const MAX_ZOOM = 24;

/** Creates a map in an element that has a size. The arrow keys, + and − move it when it has the focus. */
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

/** Escapes text where Leaflet expects HTML. */
export function escapeHtml(text: string): string {
  const span = document.createElement('span');
  span.textContent = text;
  return span.innerHTML;
}
