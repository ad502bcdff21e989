/** What a catalog knows of one item: where it lies, when it was taken, and where its files are. */
import type { GeoBox, TimeInterval } from '../geo/index.js';
import { memberOf } from '../json/keys.js';
import type { Units } from '../raster/units.js';
import type { Polygon } from '../vector/index.js';

/** What the values of a band are. */
export interface BandValues {
  /** Lower case, as STAC's `eo:common_name` writes it: `red`, `nir`, `swir16`. */
  readonly commonName?: string;
  /** The stored value of pixels without data; null for none. */
  readonly nodata?: number | null;
  /** Physical value = stored · scale + offset. */
  readonly scale?: number;
  readonly offset?: number;
  /** Where they differ from the asset's. */
  readonly units?: Units;
}

/** One band of an asset. */
export interface CatalogBand extends BandValues {
  /** As the file or the item calls it: `B04`, `VV`. */
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
  /** What holds for each band of the file, where `bands` does not list them. */
  readonly everyBand?: BandValues;
  readonly units?: Units;
  /** The pixel grid, where it is known without opening the file. */
  readonly geobox?: GeoBox;
}

/** The value of a row's property: JSON. */
export type CatalogValue =
  | string
  | number
  | boolean
  | null
  | readonly CatalogValue[]
  | { readonly [name: string]: CatalogValue };

/** One item. Rows are never changed; an operation that clips one makes another. */
export interface CatalogRow {
  /** Unique within its collection. */
  readonly id: string;
  /** The collection of STAC, or the name given when the catalog was built; empty for none. */
  readonly collection: string;
  /**
   * The outline on the ground in longitude and latitude (WGS 84), edges densified, cut at the antimeridian, poles
   * included where the item covers one. A place without area (points, lines) is a ring without area.
   */
  readonly footprint: readonly Polygon[];
  /** `TimeInterval.always` for what has no date. */
  readonly interval: TimeInterval;
  /** The item's main file: where there are several assets, the first that holds data. */
  readonly href: string;
  readonly assets: Readonly<Record<string, CatalogAsset>>;
  readonly properties: Readonly<Record<string, CatalogValue>>;
  /**
   * The rows that this one is the overlap of, as they were, in the order of the catalogs that were intersected: what
   * loaders read each side from.
   */
  readonly parents?: readonly CatalogRow[];
}

/** A property of a row, or undefined. */
export function propertyOf(row: CatalogRow, name: string): CatalogValue | undefined {
  return memberOf(row.properties, name);
}
