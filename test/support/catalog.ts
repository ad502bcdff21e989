/** Rows for tests of catalogs. */
import type { CatalogRow } from '../../src/catalog/index.js';
import { type Bounds, TimeInterval } from '../../src/geo/node/index.js';
import type { Polygon } from '../../src/vector/index.js';

/** A box in degrees as an outline. */
export function boxOutline([x0, y0, x1, y1]: Bounds): Polygon {
  return [
    [
      [x0, y0],
      [x1, y0],
      [x1, y1],
      [x0, y1],
      [x0, y0],
    ],
  ];
}

/** A row with one asset, `<id>.tif`. */
export function catalogRow(
  id: string,
  place: Bounds | readonly Polygon[],
  interval: string | TimeInterval = TimeInterval.always,
  rest: Partial<CatalogRow> = {},
): CatalogRow {
  const footprint = isBounds(place) ? [boxOutline(place)] : place;
  return {
    id,
    collection: '',
    footprint,
    interval: typeof interval === 'string' ? TimeInterval.parse(interval) : interval,
    href: `${id}.tif`,
    assets: { data: { href: `${id}.tif` } },
    properties: {},
    ...rest,
  };
}

function isBounds(place: Bounds | readonly Polygon[]): place is Bounds {
  return typeof place[0] === 'number';
}

/** The ids of rows, in order. */
export function idsOf(rows: Iterable<CatalogRow>): string[] {
  return Array.from(rows, ({ id }) => id);
}
