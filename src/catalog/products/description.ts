/** The metadata of a product, without opening its images. */
import type { Crs, GeoBox, TimeInterval } from '../../geo/index.js';
import type { Polygon } from '../../vector/index.js';
import type { CatalogValue } from '../row.js';
import type { FileBandName } from './names.js';

/** The quantity in a band. */
export type Quantity = 'reflectance' | 'power' | 'temperature' | 'class' | 'bits';

/** An image of one band. A product may have several images of a band with different pixel sizes. */
export interface ProductFile {
  readonly name: FileBandName;
  /** The product's own name for it: `B04`, `red`, `vv`. */
  readonly id: string;
  /** The key of its asset in a catalog row. */
  readonly key: string;
  readonly href: string;
  readonly mediaType: string;
  /** In units of the product's CRS; null if unknown without opening the file. */
  readonly resolution: number | null;
  readonly geobox: GeoBox | null;
  readonly quantity: Quantity;
  /** In stored units; null for the file's own nodata. */
  readonly nodata: number | null;
  /** Further stored values without a valid measurement. */
  readonly invalid: readonly number[];
  /** Physical value = stored · scale + offset. */
  readonly scale: number;
  readonly offset: number;
}

/** Attributes of a product, as in EOReader; null if the product does not declare them. */
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
  /** The finest band's, in units of the product's CRS; null if unknown without opening files. */
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

/** The attributes, files and cloud masks of a product. */
export interface ProductDescription {
  readonly attributes: ProductAttributes;
  readonly collection: string;
  readonly files: readonly ProductFile[];
  /** The source of cloud masks; null for none. */
  readonly clouds: CloudSource | null;
  /** Further properties for a catalog row, with STAC names. */
  readonly properties: Readonly<Record<string, CatalogValue>>;
}

/** Kinds of pixels in cloud masks. */
export type CloudKind = 'clouds' | 'shadows' | 'cirrus';

/** A value for each kind that a source distinguishes. */
export type ByKind<T> = Readonly<Partial<Record<CloudKind, T>>>;

/**
 * The source of cloud masks: a band of classes or bits; or a separate image with a plane per kind (nonzero: cloud); or
 * polygons. The last two do not mark pixels without data, so these come from `valid`, the coarsest band.
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
  /** The product's own name for it. */
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

/** QA_PIXEL has bit 2 for cirrus on satellites with a cirrus band. */
export function qaPixelClouds(hasCirrus: boolean): CloudSource {
  const of = hasCirrus ? { ...QA_PIXEL_BITS, cirrus: 1 << 2 } : QA_PIXEL_BITS;
  return { kind: 'bits', name: 'QA_PIXEL', of };
}

/** The nodata value of QA_PIXEL: only the fill bit 0 is set. */
export const QA_PIXEL_FILL = 1;

/**
 * EOReader's condensed names of products: time, constellation, tile and type. Sentinel-2 names end with the generation
 * time, since two products may be equal in the rest.
 */
export function condensedName(
  attributes: Omit<ProductAttributes, 'condensedName'>,
  files: readonly ProductFile[],
): string {
  const { constellation, name, tile, productType, platform, generated } = attributes;
  const time = attributes.acquired.toJSON()[0].slice(0, 19).replace(/[-:]/g, '');
  if (constellation === 'Sentinel-2') {
    const level = /(?:1C|2A)$/.exec(productType)?.[0] ?? '';
    const made = (/_\d{8}T(\d{6})$/.exec(name)?.[1] ?? generated?.slice(11, 19) ?? '').replace(/:/g, '');
    return joined([time, 'S2', tile && `T${tile}`, level && `L${level}`, made]);
  }
  if (constellation === 'Landsat') {
    const number = /(\d)\D*$/.exec(platform ?? '')?.[1] ?? '';
    const letter = /^L([COTEM])0\d_/.exec(name)?.[1] ?? '';
    return joined([time, `L${number}`, tile, LANDSAT_INSTRUMENTS[letter] ?? null]);
  }
  const polarizations = files.map((file) => file.name);
  const mode = /_(IW|EW|SM|WV)_/.exec(name)?.[1] ?? null;
  return joined([time, 'S1', ...polarizations, mode, productType]);
}

/** By the letter in a product's name. */
const LANDSAT_INSTRUMENTS: Readonly<Record<string, string>> = {
  C: 'OLI_TIRS',
  O: 'OLI',
  T: 'TM',
  E: 'ETM',
  M: 'MSS',
};

function joined(parts: readonly (string | null)[]): string {
  return parts.filter((part) => part !== null && part !== '').join('_');
}

/** The files of a product, in a folder or in a zip file. */
export interface ProductTree {
  /** The product's own name, for messages. */
  readonly name: string;
  /** The path of the folder or zip file. */
  readonly path: string;
  /** Paths inside the product, with `/`. */
  readonly files: readonly string[];
  /** The address of a file for `openRaster`. */
  href(file: string): string;
  /** Reads a file. @throws {TerrachipError} TOO_LARGE above `maxBytes` */
  read(file: string, maxBytes: number, signal?: AbortSignal): Promise<Uint8Array>;
  dispose(): Promise<void>;
}
