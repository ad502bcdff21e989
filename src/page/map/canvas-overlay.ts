/** A canvas on the map, whose pixels are equal rectangles of Web Mercator. */
import * as L from 'leaflet';
import type { LonLatBounds } from '../../workflow/report/document.js';
import { latLngBounds } from './base-map.js';

export class CanvasOverlay extends L.Layer {
  readonly #bounds: L.LatLngBounds;
  #map: L.Map | null = null;

  /**
   * @param canvas whose left and right edges are meridians, and upper and lower edges parallels
   * @param pane of the map
   */
  constructor(
    readonly canvas: HTMLCanvasElement,
    bounds: LonLatBounds,
    pane = 'overlayPane',
  ) {
    super();
    L.Util.setOptions(this, { pane });
    this.#bounds = latLngBounds(bounds);
    canvas.classList.add('canvas-overlay', 'leaflet-zoom-animated');
  }

  override onAdd(map: L.Map): this {
    this.#map = map;
    this.getPane()?.append(this.canvas);
    this.#place(map);
    return this;
  }

  override onRemove(): this {
    this.#map = null;
    this.canvas.remove();
    return this;
  }

  override getEvents(): { [name: string]: L.LeafletEventHandlerFn } {
    return {
      zoom: () => this.#map && this.#place(this.#map),
      viewreset: () => this.#map && this.#place(this.#map),
      zoomanim: (event) => this.#map && this.#animate(this.#map, event as L.ZoomAnimEvent),
    };
  }

  setOpacity(opacity: number): void {
    this.canvas.style.opacity = String(opacity);
  }

  #place(map: L.Map): void {
    const upperLeft = map.latLngToLayerPoint(this.#bounds.getNorthWest());
    const lowerRight = map.latLngToLayerPoint(this.#bounds.getSouthEast());
    L.DomUtil.setPosition(this.canvas, upperLeft);
    this.canvas.style.width = `${lowerRight.x - upperLeft.x}px`;
    this.canvas.style.height = `${lowerRight.y - upperLeft.y}px`;
  }

  #animate(map: L.Map, { zoom, center }: L.ZoomAnimEvent): void {
    const pane = L.DomUtil.getPosition(map.getPane('mapPane') ?? this.canvas);
    const origin = map.project(center, zoom).subtract(map.getSize().divideBy(2)).add(pane).round();
    const upperLeft = map.project(this.#bounds.getNorthWest(), zoom).subtract(origin);
    L.DomUtil.setTransform(this.canvas, upperLeft, map.getZoomScale(zoom));
  }
}
