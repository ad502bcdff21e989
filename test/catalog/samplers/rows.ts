import type { CatalogRow, CatalogValue } from '../../../src/catalog/row.js';
import { type Bounds, GeoBox, TimeInterval } from '../../../src/geo/node/index.js';

/** The zone of most tests. */
export const UTM = 32631;

/** The origin of the tests' pixels: in zone 31, at a multiple of every resolution used. */
export const EAST = 500_000;
export const NORTH = 5_000_000;

export const DAY = 86_400_000;

/** Bounds in metres from (EAST, NORTH). */
export function near([x0, y0, x1, y1]: Bounds): Bounds {
  return [EAST + x0, NORTH + y0, EAST + x1, NORTH + y1];
}

export interface RowInit {
  interval?: TimeInterval | string;
  properties?: Record<string, CatalogValue>;
  geobox?: GeoBox;
}

/** A row whose footprint is a box, in metres from (EAST, NORTH); a box without a side is a point or a line. */
export function row(id: string, bounds: Bounds, init: RowInit = {}): CatalogRow {
  const { interval = '2021-07-01', properties = {}, geobox } = init;
  return {
    id,
    collection: 'test',
    footprint: [[footprintOf(near(bounds))]],
    interval: typeof interval === 'string' ? TimeInterval.parse(interval) : interval,
    href: `${id}.tif`,
    assets: { data: { href: `${id}.tif`, ...(geobox === undefined ? {} : { geobox }) } },
    properties,
  };
}

function footprintOf([x0, y0, x1, y1]: Bounds): [number, number][] {
  if (x0 < x1 && y0 < y1) return GeoBox.fromSize([x0, y0, x1, y1], UTM, 1, 1).footprint();
  const [point] = GeoBox.fromSize([x0, y0, x0 + 1, y0 + 1], UTM, 1, 1).footprint(1);
  return [point, point, point, point];
}

/** Bounds back to metres from (EAST, NORTH), rounded to a millimetre. */
export function from([x0, y0, x1, y1]: Bounds): number[] {
  return [x0 - EAST, y0 - NORTH, x1 - EAST, y1 - NORTH].map((value) => Math.round(value * 1000) / 1000);
}
