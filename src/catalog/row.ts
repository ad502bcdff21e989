/** The rows of catalogs: one item each, with its footprint, its time and the addresses of its files. */
import type { GeoBox, TimeInterval } from '../geo/index.js';
import { memberOf } from '../json/keys.js';
import type { Units } from '../raster/units.js';
import type { Polygon } from '../vector/index.js';

/** How the stored values of a band are read. */
export interface BandValues {
  /** Lower case, as in STAC's `eo:common_name`: `red`, `nir`, `swir16`. */
  readonly commonName?: string;
  /** The stored value of pixels without data; null for none. */
  readonly nodata?: number | null;
  /** Physical value = stored · scale + offset. */
  readonly scale?: number;
  readonly offset?: number;
  /** Default: those of the asset. */
  readonly units?: Units;
}

/** One band of an asset. */
export interface CatalogBand extends BandValues {
  /** The name in the file or item: `B04`, `VV`. */
  readonly name: string;
  /** Band number in the file, from 1. */
  readonly index: number;
}

/** One file or array of an item. */
export interface CatalogAsset {
  /** A path, a URL, or either with `#variable` for one array of a store. */
  readonly href: string;
  readonly mediaType?: string;
  readonly roles?: readonly string[];
  readonly bands?: readonly CatalogBand[];
  /** Values of all bands of the file, if `bands` does not list them. */
  readonly everyBand?: BandValues;
  readonly units?: Units;
  /** The pixel grid, if it is known without opening the file. */
  readonly geobox?: GeoBox;
}

/** The value of a row's property: any JSON value. */
export type CatalogValue =
  | string
  | number
  | boolean
  | null
  | readonly CatalogValue[]
  | { readonly [name: string]: CatalogValue };

/** One item. Rows are immutable; an operation that clips a row makes a new one. */
export interface CatalogRow {
  /** Unique within its collection. */
  readonly id: string;
  /** The STAC collection, or the name given when the catalog was built; empty for none. */
  readonly collection: string;
  /**
   * The outline on the ground in longitude and latitude (WGS 84), with densified edges, cut at the antimeridian, with
   * the poles that the item covers. Points and lines are rings without area.
   */
  readonly footprint: readonly Polygon[];
  /** `TimeInterval.always` for an item without a date. */
  readonly interval: TimeInterval;
  /** The item's main file: of several assets, the first with data. */
  readonly href: string;
  readonly assets: Readonly<Record<string, CatalogAsset>>;
  readonly properties: Readonly<Record<string, CatalogValue>>;
  /** The original rows of an overlap, in the order of the intersected catalogs; loaders read each side from them. */
  readonly parents?: readonly CatalogRow[];
}

/** A property of a row; undefined without it, also for names such as `constructor`. */
export function propertyOf(row: CatalogRow, name: string): CatalogValue | undefined {
  return memberOf(row.properties, name);
}

/** A property that is a non-empty text, or null. */
export function textOf(row: CatalogRow, name: string): string | null {
  const value = propertyOf(row, name);
  return typeof value === 'string' && value !== '' ? value : null;
}

/** The name of a row in messages. */
export function rowName(row: CatalogRow): string {
  return row.collection === '' ? row.id : `${row.collection}/${row.id}`;
}

/** The asset of a row's main file; for a store, whose own address is not an asset, its first array. */
export function mainAsset(row: CatalogRow): CatalogAsset {
  const assets = Object.values(row.assets);
  return assets.find((asset) => asset.href === row.href) ?? assets[0] ?? { href: row.href };
}

/** Whether a row has a time with two ends. */
export function isDated({ interval }: CatalogRow): boolean {
  return Number.isFinite(interval.end - interval.start);
}
