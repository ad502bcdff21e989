/** Prints the rows of a catalog. */
import { bboxOf } from '../catalog/boxes.js';
import type { CatalogRow, GeoCatalog } from '../catalog/index.js';
import type { Output } from './output.js';
import { formatLines } from './table.js';

/** Prints rows. @param file the file that they were written to, if any */
export function presentRows(catalog: GeoCatalog, file: string | undefined, output: Output): void {
  const items = itemsOf(catalog);
  const written = file === undefined ? {} : { output: file };
  output.result({ ...written, count: items.length, items }, describeItems(items, file));
}

/** Largest number of rows in the printed table; `--json` and files have all. */
const SHOWN = 100;

/** A row in the output of `--json`, which scripts depend on. */
interface CatalogItem {
  path: string;
  id: string;
  collection: string;
  /** Longitude and latitude; a west greater than the east crosses the antimeridian. Null for a row without a place. */
  bbox: readonly [number, number, number, number] | null;
  /** ISO 8601 UTC; `..` for an open end. */
  interval: readonly [string, string];
  assets: Record<string, string>;
  properties: CatalogRow['properties'];
}

function itemsOf(catalog: GeoCatalog): CatalogItem[] {
  return Array.from(catalog, ({ id, collection, href, footprint, interval, assets, properties }) => ({
    path: href,
    id,
    collection,
    bbox: bboxOf(footprint),
    interval: interval.toJSON(),
    assets: Object.fromEntries(Object.entries(assets).map(([name, asset]) => [name, asset.href])),
    properties,
  }));
}

/** A line for each row, and the number of rows. */
function describeItems(items: readonly CatalogItem[], written?: string): string {
  const total = `${items.length} ${items.length === 1 ? 'row' : 'rows'}`;
  if (written !== undefined) return `${written}: ${total}`;
  if (items.length === 0) return 'no rows';
  const rows = items
    .slice(0, SHOWN)
    .map(({ id, interval, bbox, path }) => [
      id,
      timeOf(interval),
      bbox === null ? '—' : bbox.map((degrees) => degrees.toFixed(3)).join(' '),
      path,
    ]);
  const table = formatLines([['id', 'time', 'west south east north', 'path'], ...rows]);
  const rest = items.length - rows.length;
  return `${table}\n${rest > 0 ? `… and ${rest} more of ` : ''}${total}`;
}

/** A short form of an interval: days without times, seconds without fractions. */
function timeOf([start, end]: readonly [string, string]): string {
  if (start === '..' && end === '..') return 'static';
  const isDay = start.slice(0, 10) === end.slice(0, 10) && /T00:00:00\.000Z$/.test(start);
  if (isDay && end.endsWith('T23:59:59.999Z')) return start.slice(0, 10);
  const short = (time: string): string => time.replace('.000Z', 'Z');
  return start === end ? short(start) : `${short(start)}/${short(end)}`;
}
