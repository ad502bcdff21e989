/** The rows of a catalog: outlines on the map, and a list by date. */
import * as L from 'leaflet';
import type { LayerEntry, RowEntry, ViewDocument } from '../../workflow/view/documents.js';
import { element, escapeHtml } from '../map/index.js';
import { button, labelled } from './controls.js';

/** Limit on listed rows. */
const MOST_LISTED = 100;

/**
 * Fills an element with the list, and draws the outlines.
 * @param open adds a raster of a row to the map
 * @returns the bounds of all outlines; null for none
 */
export function listRows(
  map: L.Map,
  container: HTMLElement,
  { rows, count }: NonNullable<ViewDocument['catalog']>,
  open: (entry: LayerEntry) => void,
): L.LatLngBounds | null {
  const outlines = L.featureGroup();
  const shapes = rows.map((row) =>
    L.polygon(
      row.footprint.map((polygon) => polygon.map((ring) => ring.map(([lng, lat]) => L.latLng(lat, lng)))),
      { className: 'row-outline', weight: 1 },
    )
      .bindTooltip(escapeHtml(rowText(row)), { sticky: true })
      .addTo(outlines),
  );
  outlines.addTo(map);
  const filter = element('input');
  filter.type = 'search';
  const list = element('ul', { className: 'rows' });
  const shown = element('p', { className: 'hint' });
  const chosen = element('div', { className: 'chosen-row' });
  chosen.setAttribute('aria-live', 'polite');
  let marked: L.Polygon | null = null;

  const choose = (k: number, moves: boolean): void => {
    marked?.getElement()?.classList.remove('chosen');
    marked = shapes[k];
    marked.getElement()?.classList.add('chosen');
    marked.bringToFront();
    if (moves && marked.getBounds().isValid()) map.fitBounds(marked.getBounds(), { maxZoom: 12 });
    const row = rows[k];
    const buttons = row.layers.map((entry) => {
      const name = entry.name.slice(entry.name.lastIndexOf(': ') + 2);
      return element('li', { children: [button(`Show ${name}`, () => open(entry))] });
    });
    chosen.replaceChildren(
      element('h3', { text: rowText(row) }),
      element('ul', { className: 'assets', children: buttons }),
    );
  };
  for (const [k, shape] of shapes.entries()) {
    shape.on('click', (event) => {
      L.DomEvent.stopPropagation(event);
      choose(k, false);
    });
  }
  const fill = (): void => {
    const wanted = filter.value.trim().toLowerCase();
    const found = [...rows.keys()].filter((k) => rowText(rows[k]).toLowerCase().includes(wanted));
    list.replaceChildren(
      ...found
        .slice(0, MOST_LISTED)
        .map((k) => element('li', { children: [button(rowText(rows[k]), () => choose(k, true))] })),
    );
    const listed = Math.min(MOST_LISTED, found.length);
    const left = count > rows.length ? ` The newest ${rows.length} of ${count} rows are here.` : '';
    shown.textContent = `${listed} of ${found.length} rows listed, newest first.${left}`;
  };
  filter.addEventListener('input', fill);
  fill();
  container.append(labelled('Rows whose id or date contains', filter), shown, list, chosen);
  const bounds = outlines.getBounds();
  return bounds.isValid() ? bounds : null;
}

function rowText({ id, collection, datetime }: RowEntry): string {
  const date = datetime === '' ? 'no date' : datetime.slice(0, 16).replace('T', ' ');
  return `${date} ${collection === '' ? id : `${collection}/${id}`}`;
}
