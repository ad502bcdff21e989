/** Values at a position: of a click, of the map's centre (Enter), or of typed coordinates. */
import * as L from 'leaflet';
import type { ReportDocument } from '../../workflow/report/document.js';
import { element, requireElement } from '../map/index.js';
import { type OpenRaster, textOf, valueAt } from './paint.js';

/** Digits of coordinates: about a centimetre. */
const DIGITS = 7;

export function connectValues(
  map: L.Map,
  { mercator, bounds }: ReportDocument,
  rasters: readonly OpenRaster[],
): void {
  const values = requireElement('values', HTMLDivElement);
  const latitude = requireElement('latitude', HTMLInputElement);
  const longitude = requireElement('longitude', HTMLInputElement);
  const marker = L.circleMarker([0, 0], {
    radius: 7,
    weight: 3,
    className: 'place-marker',
    interactive: false,
  });
  const middle = (bounds[0] + bounds[2]) / 2;
  const show = ({ lat, lng }: L.LatLng): void => {
    // The map may cross the antimeridian.
    const turns = Math.abs(middle - lng) <= 180 ? 0 : Math.round((middle - lng) / 360);
    const place = L.latLng(lat, lng + 360 * turns);
    const { width, height } = rasters[0].about.pixels;
    const { x, y } = L.CRS.EPSG3857.project(place);
    const [x0, y0, x1, y1] = mercator;
    const column = Math.floor(((x - x0) / (x1 - x0)) * width);
    const row = Math.floor(((y1 - y) / (y1 - y0)) * height);
    if (!(column >= 0 && row >= 0 && column < width && row < height)) {
      marker.remove();
      values.replaceChildren(element('p', { text: 'This place lies outside of the map.' }));
      return;
    }
    const centre = L.CRS.EPSG3857.unproject(
      L.point(x0 + ((column + 0.5) / width) * (x1 - x0), y1 - ((row + 0.5) / height) * (y1 - y0)),
    );
    marker.setLatLng(centre).addTo(map);
    const list = element('dl');
    const add = (term: string, text: string): void =>
      list.append(element('dt', { text: term }), element('dd', { text }));
    add('Centre of the pixel', `${centre.lat.toFixed(DIGITS)}, ${centre.wrap().lng.toFixed(DIGITS)}`);
    for (const raster of rasters) {
      const { title, style } = raster.about;
      add(title, textOf(style, valueAt(raster, row * width + column)));
    }
    values.replaceChildren(list);
    if (!map.getBounds().contains(centre)) map.panTo(centre);
  };
  const fill = (place: L.LatLng): void => {
    const { lat, lng } = place.wrap();
    latitude.value = lat.toFixed(DIGITS);
    longitude.value = lng.toFixed(DIGITS);
  };
  map.on('click', ({ latlng }) => {
    fill(latlng);
    show(latlng);
  });
  map.getContainer().addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.target !== map.getContainer()) return;
    fill(map.getCenter());
    show(map.getCenter());
  });
  requireElement('place', HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault();
    show(L.latLng(latitude.valueAsNumber, longitude.valueAsNumber));
  });
}
