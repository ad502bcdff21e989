/** What is known of a product before any of its images is opened. */
import type { Crs, GeoBox, TimeInterval } from '../../geo/index.js';
import type { Polygon } from '../../vector/index.js';
import type { CatalogValue } from '../row.js';
import type { FileBandName } from './names.js';

/** What the values of a band are. */
export type Quantity = 'reflectance' | 'power' | 'temperature' | 'class' | 'bits';

/** One image of one band. A product may have several of a band, of different pixel sizes. */
export interface ProductFile {
  readonly name: FileBandName;
  /** As the product calls it: `B04`, `red`, `vv`. */
  readonly id: string;
  /** Its asset in a catalog row. */
  readonly key: string;
  readonly href: string;
  readonly mediaType: string;
  /** In units of the product's CRS; null where it is not known without opening the file. */
  readonly resolution: number | null;
  readonly geobox: GeoBox | null;
  readonly quantity: Quantity;
  /** In stored units; null where the file's own counts. */
  readonly nodata: number | null;
  /** Stored values that stand for no measurement, besides nodata. */
  readonly invalid: readonly number[];
  /** Physical value = stored · scale + offset. */
  readonly scale: number;
  readonly offset: number;
}

/** Attributes that EOReader prints of a product; null where the product does not say. */
export interface ProductAttributes {
  readonly name: string;
  readonly path: string;
  readonly constellation: 'Sentinel-1' | 'Sentinel-2' | 'Landsat';
  /** The satellite: `Sentinel-2A`, `landsat-8`. */
  readonly platform: string | null;
  readonly sensorType: 'OPTICAL' | 'SAR';
  /** EOReader's short name: `20210715T105031_S2_T31UFS_L2A_142302`. */
  readonly condensedName: string;
  /** `S2MSI2A`, `RTC`, `L2SP`. */
  readonly productType: string;
  /** That of the finest band, in units of the product's CRS; null where only opening files would tell. */
  readonly pixelSize: number | null;
  readonly acquired: TimeInterval;
  /** `31TFJ` of Sentinel-2, `199026` (path and row) of Landsat. */
  readonly tile: string | null;
  readonly orbitDirection: 'ascending' | 'descending' | null;
  readonly relativeOrbit: number | null;
  readonly processingBaseline: string | null;
  readonly generated: string | null;
  /** Per cent. */
  readonly cloudCover: number | null;
  readonly crs: Crs | null;
  /** In longitude and latitude. */
  readonly footprint: readonly Polygon[];
}

/** A stored value of a product's metadata that is worth keeping. */
export interface ProductDescription {
  readonly attributes: ProductAttributes;
  readonly collection: string;
  readonly files: readonly ProductFile[];
  /** Where masks of clouds come from; null where there is nothing to make them of. */
  readonly clouds: CloudSource | null;
  /** What else a catalog row keeps, in STAC's names. */
  readonly properties: Readonly<Record<string, CatalogValue>>;
}

/** What masks of clouds tell apart. */
export type CloudKind = 'clouds' | 'shadows' | 'cirrus';

/** What a source tells of each kind; kinds that it does not know are left out. */
export type ByKind<T> = Readonly<Partial<Record<CloudKind, T>>>;

/**
 * A band of classes or of bits; or, beside the bands, an image with a plane a kind (not 0: there), or polygons. Those
 * beside do not say where there was no measurement: `valid` does, the coarsest band.
 */
export type CloudSource =
  | { readonly kind: 'classes'; readonly name: FileBandName; readonly of: ByKind<readonly number[]> }
  | { readonly kind: 'bits'; readonly name: FileBandName; readonly of: ByKind<number> }
  | ({ readonly kind: 'planes'; readonly href: string; readonly of: ByKind<number> } & CloudsBeside)
  | ({
      readonly kind: 'polygons';
      readonly crs: Crs;
      readonly of: ByKind<readonly Polygon[]>;
    } & CloudsBeside);

/** Where a product keeps its cloud mask. */
export interface CloudsBeside {
  /** As the product calls it. */
  readonly id: string;
  readonly valid: ProductFile;
}

/** Scene classification of Sentinel-2 (Sen2Cor): 8 and 9 clouds of medium and high probability. */
export const SCL_CLOUDS: CloudSource = {
  kind: 'classes',
  name: 'SCL',
  of: { clouds: [8, 9], shadows: [3], cirrus: [10] },
};

/** QA_PIXEL of Landsat's Collection 2: bit 3 cloud, 4 shadow. */
const QA_PIXEL_BITS = { clouds: 1 << 3, shadows: 1 << 4 };

/** Satellites with a band for cirrus have bit 2 for it, too. */
export function qaPixelClouds(hasCirrus: boolean): CloudSource {
  const of = hasCirrus ? { ...QA_PIXEL_BITS, cirrus: 1 << 2 } : QA_PIXEL_BITS;
  return { kind: 'bits', name: 'QA_PIXEL', of };
}

/** No data in QA_PIXEL: bit 0, fill, and nothing else. */
export const QA_PIXEL_FILL = 1;
