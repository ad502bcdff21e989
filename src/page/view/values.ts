/** The values at a position: of the pointer, of a click, or of the middle of the map. */
import * as L from 'leaflet';
import type { PixelAt } from '../../raster/map-tiles.js';
import { element } from '../map/index.js';
import { explanationOf } from '../tiles/index.js';
import { button } from './controls.js';
import type { PanelLayer } from './layer-panel.js';

/** Milliseconds of rest of the pointer before values are requested. */
const REST = 120;

/** @param layers on the page, the uppermost first */
export function connectValues(map: L.Map, container: HTMLElement, layers: () => readonly PanelLayer[]): void {
  const place = element('p', { className: 'place' });
  const table = element('div');
  const status = element('p', { className: 'spoken' });
  status.setAttribute('role', 'status');
  const marker = L.circleMarker([0, 0], { radius: 6, className: 'value-marker', interactive: false });
  let reading = new AbortController();
  let timer = 0;
  let isHeld = false;

  const show = async (at: L.LatLng): Promise<string> => {
    reading.abort();
    const own = new AbortController();
    reading = own;
    const { lat, lng } = at.wrap();
    place.textContent = positionText(lat, lng);
    const shown = layers().filter((each) => each.isShown());
    const answers = await Promise.all(
      shown.map(async ({ source }) => {
        try {
          return { pixel: await source.valueAt(lng, lat, undefined, own.signal), problem: '' };
        } catch (error) {
          return { pixel: null, problem: explanationOf(error) };
        }
      }),
    );
    if (own.signal.aborted) return '';
    table.replaceChildren(
      ...shown.map((layer, k) => layerValues(layer, answers[k].pixel, answers[k].problem)),
    );
    return `${place.textContent}. ${table.innerText.replaceAll('\n', ' ')}`;
  };
  const hold = (at: L.LatLng): void => {
    isHeld = true;
    clearTimeout(timer);
    marker.setLatLng(at).addTo(map);
    release.hidden = false;
    void show(at).then((text) => {
      status.textContent = text;
    });
  };
  const release = button('Follow the pointer again', () => {
    isHeld = false;
    marker.remove();
    release.hidden = true;
  });
  release.hidden = true;
  map.on('mousemove', ({ latlng }) => {
    if (isHeld) return;
    clearTimeout(timer);
    timer = window.setTimeout(() => void show(latlng), REST);
  });
  map.on('click', ({ latlng }) => hold(latlng));
  container.append(
    element('div', {
      className: 'row',
      children: [button('Values in the middle of the map', () => hold(map.getCenter())), release],
    }),
    place,
    table,
    status,
  );
}

/** `49.61200° N, 6.13100° E`. */
function positionText(lat: number, lng: number): string {
  const side = (value: number, [positive, negative]: readonly [string, string]): string =>
    `${Math.abs(value).toFixed(5)}° ${value < 0 ? negative : positive}`;
  return `${side(lat, ['N', 'S'])}, ${side(lng, ['E', 'W'])}`;
}

function layerValues({ document }: PanelLayer, pixel: PixelAt | null, problem: string): HTMLElement {
  const heading = element('h3', { text: document.name });
  const made = element('div', { className: 'values', children: [heading] });
  if (pixel === null) {
    made.append(element('p', { text: problem === '' ? 'outside of the raster' : problem }));
    return made;
  }
  const { column, row, x, y, values } = pixel;
  const digits = document.crs === 'EPSG:4326' ? 6 : 2;
  const where = `column ${column}, row ${row}; ${x.toFixed(digits)}, ${y.toFixed(digits)} in ${document.crs}`;
  const list = element('dl');
  for (const [k, band] of document.bands.entries()) {
    list.append(
      element('dt', { text: band.name }),
      element('dd', { text: valueText(values[k], band, document.classes) }),
    );
  }
  made.append(element('p', { className: 'hint', text: where }), list);
  return made;
}

/** The stored value, and its meaning. */
function valueText(
  value: number | null | undefined,
  { scale, offset, unit }: PanelLayer['document']['bands'][number],
  classes: PanelLayer['document']['classes'],
): string {
  if (value === null || value === undefined) return 'no data';
  const name = classes?.find((each) => each.value === value)?.name ?? '';
  if (name !== '') return `${value} (${name})`;
  const isScaled = scale !== 1 || offset !== 0;
  const physical = isScaled ? ` = ${Number((value * scale + offset).toPrecision(7))}` : '';
  return `${value}${physical}${unit === '' ? '' : ` ${unit}`}`;
}
