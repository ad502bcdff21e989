/** Fields that STAC items of all products share. */
import { invalidInput } from '../../errors.js';
import { Crs } from '../../geo/index.js';
import { type CatalogAsset, type CatalogBand, type CatalogRow, propertyOf, textOf } from '../row.js';
import {
  type CloudSource,
  condensedName,
  type ProductAttributes,
  type ProductDescription,
  type ProductFile,
} from './description.js';

/** The parts of a description that depend on the product. */
interface ItemProduct {
  readonly own: Pick<
    ProductAttributes,
    'constellation' | 'sensorType' | 'productType' | 'tile' | 'processingBaseline' | 'generated'
  >;
  readonly files: readonly ProductFile[];
  readonly clouds: CloudSource | null;
}

/** Describes the product of an item. @throws {TerrachipError} INVALID_INPUT for an item without bands */
export function describe(
  row: CatalogRow,
  path: string,
  { own, files: all, clouds }: ItemProduct,
): ProductDescription {
  const files = withoutCopies(all);
  const unscaled = files.find(({ scale }) => !(scale > 0));
  if (unscaled !== undefined)
    throw invalidInput(path, `has a scale of ${unscaled.scale} for ${unscaled.key}`, 'correct the item');
  if (files.length === 0) {
    const remedy = 'check the item, or load its assets as rasters';
    throw invalidInput(path, `has no asset that is a band of ${own.constellation}`, remedy);
  }
  const orbit = textOf(row, 'sat:orbit_state')?.toLowerCase();
  const sizes = files.flatMap(({ resolution }) => resolution ?? []);
  const attributes: Omit<ProductAttributes, 'condensedName'> = {
    ...own,
    name: row.id,
    path,
    platform: textOf(row, 'platform'),
    acquired: row.interval,
    pixelSize: sizes.length === 0 ? null : Math.min(...sizes),
    orbitDirection: orbit === 'ascending' || orbit === 'descending' ? orbit : null,
    relativeOrbit: number(row, 'sat:relative_orbit'),
    cloudCover: number(row, 'eo:cloud_cover'),
    crs: files.flatMap(({ geobox }) => geobox?.crs ?? [])[0] ?? crsOf(row),
    footprint: row.footprint,
  };
  return {
    attributes: { ...attributes, condensedName: condensedName(attributes, files) },
    collection: row.collection,
    files,
    clouds:
      clouds !== null && 'name' in clouds && files.some(({ name }) => name === clouds.name) ? clouds : null,
    properties: row.properties,
  };
}

/** Earth Search has each image as GeoTIFF and as the original JPEG 2000; keeps the GeoTIFF, which is faster to read. */
function withoutCopies(files: readonly ProductFile[]): ProductFile[] {
  const kept = new Map<string, ProductFile>();
  for (const file of files) {
    const key = `${file.name} ${file.resolution}`;
    const copy = kept.get(key);
    const isBetter =
      copy?.mediaType.startsWith('image/jp2') === true && !file.mediaType.startsWith('image/jp2');
    if (copy === undefined || isBetter) kept.set(key, file);
  }
  return [...kept.values()];
}

/** A file with the metadata of its asset, without scaling. */
export function fileOf(asset: CatalogAsset, key: string): Omit<ProductFile, 'name' | 'quantity' | 'nodata'> {
  const { name } = firstBand(asset);
  return {
    // Unnamed bands have their number as name.
    id: name === '1' ? key : name,
    key,
    href: asset.href,
    mediaType: asset.mediaType ?? 'image/tiff',
    resolution: asset.geobox?.resolution[0] ?? null,
    geobox: asset.geobox ?? null,
    invalid: [],
    scale: 1,
    offset: 0,
  };
}

/** The first band of an asset; `1` is its name if the asset does not list it. */
export function firstBand({ bands, everyBand }: CatalogAsset): CatalogBand {
  return bands?.[0] ?? { name: '1', index: 1, ...everyBand };
}

/** Whether an asset is a band's image. Several bands mean a rendered image, which some items give the role `data`. */
export function isImage({ mediaType, roles, bands = [] }: CatalogAsset): boolean {
  const isOther =
    bands.length > 1 ||
    (roles?.some((role) => ['overview', 'thumbnail', 'visual', 'metadata'].includes(role)) ?? false);
  return !isOther && (mediaType === undefined || /^image\/(tiff|jp2|vnd\.stac\.geotiff)/.test(mediaType));
}

function crsOf(row: CatalogRow): Crs | null {
  const code = textOf(row, 'proj:code') ?? row.properties['proj:epsg'];
  if (typeof code === 'number') return Crs.parse(`EPSG:${code}`);
  return typeof code === 'string' ? Crs.parse(code) : null;
}

/** A property that is a finite number, or null. */
export function number(row: CatalogRow, name: string): number | null {
  const value = propertyOf(row, name);
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
