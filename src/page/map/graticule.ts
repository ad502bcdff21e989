/** Meridians and parallels at round degrees, with labels at the edge of the map. */
import * as L from 'leaflet';
import { escapeHtml } from './base-map.js';

/** Steps of the lines in degrees. */
const STEPS = [30, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001];

/** Fewest lines along the longer side of the map, if the steps allow it. */
const LEAST_LINES = 3;

const WEB_MERCATOR_LATITUDE = 85.06;

/** The step for an extent in degrees. */
export function graticuleStep(degrees: number): number {
  return STEPS.find((step) => degrees / step >= LEAST_LINES) ?? STEPS[STEPS.length - 1];
}

/** `6.2° E`. @param step of the lines, which determines the number of digits */
export function formatDegrees(
  value: number,
  step: number,
  [positive, negative]: readonly [string, string],
): string {
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const text = Math.abs(value).toFixed(digits);
  const side = Number(text) === 0 ? '' : ` ${value > 0 ? positive : negative}`;
  return `${text}°${side}`;
}

export class Graticule extends L.LayerGroup {
  #map: L.Map | null = null;

  override onAdd(map: L.Map): this {
    this.#map = map;
    super.onAdd(map);
    map.on('moveend', this.#draw, this);
    this.#draw();
    return this;
  }

  override onRemove(map: L.Map): this {
    map.off('moveend', this.#draw, this);
    this.#map = null;
    this.clearLayers();
    return super.onRemove(map);
  }

  #draw(): void {
    const map = this.#map;
    if (map === null) return;
    this.clearLayers();
    const bounds = map.getBounds();
    // Longitudes continue across the antimeridian; no meridian is drawn twice.
    const west = bounds.getWest();
    const east = Math.min(bounds.getEast(), west + 359.999);
    const [south, north] = [
      Math.max(-WEB_MERCATOR_LATITUDE, bounds.getSouth()),
      Math.min(WEB_MERCATOR_LATITUDE, bounds.getNorth()),
    ];
    const step = graticuleStep(Math.min(east - west, north - south));
    for (let k = Math.ceil(west / step); k * step <= east; k++) {
      const x = k * step;
      this.#line(
        [
          [south, x],
          [north, x],
        ],
        [south, x],
        formatDegrees(L.Util.wrapNum(x, [-180, 180], true), step, ['E', 'W']),
        'meridian',
      );
    }
    for (let k = Math.ceil(south / step); k * step <= north; k++) {
      const y = k * step;
      this.#line(
        [
          [y, west],
          [y, east],
        ],
        [y, west],
        formatDegrees(y, step, ['N', 'S']),
        'parallel',
      );
    }
  }

  #line(points: [number, number][], at: [number, number], label: string, kind: string): void {
    this.addLayer(L.polyline(points, { className: 'graticule-line', interactive: false, weight: 1 }));
    const html = `<span>${escapeHtml(label)}</span>`;
    const icon = L.divIcon({ className: `graticule-label graticule-${kind}`, html, iconSize: [0, 0] });
    this.addLayer(L.marker(at, { icon, interactive: false, keyboard: false }));
  }
}
