/** What items of all products have in common. */
import { invalidInput, TerrachipError } from '../../errors.js';
import { Crs } from '../../geo/index.js';
import { type CatalogAsset, type CatalogBand, type CatalogRow, propertyOf } from '../row.js';
import { condensedName } from './condensed-name.js';
import type { CloudSource, ProductAttributes, ProductDescription, ProductFile } from './description.js';

/** What the product of an item is, besides what all items tell alike. */
interface ItemProduct {
  readonly own: Pick<
    ProductAttributes,
    'constellation' | 'sensorType' | 'productType' | 'tile' | 'processingBaseline' | 'generated'
  >;
  readonly files: readonly ProductFile[];
  readonly clouds: CloudSource | null;
}

/** @throws {TerrachipError} INVALID_INPUT for an item without bands */
export function describe(
  row: CatalogRow,
  path: string,
  { own, files: all, clouds }: ItemProduct,
): ProductDescription {
  const files = withoutCopies(all);
  const odd = files.find(({ scale }) => !(scale > 0));
  if (odd !== undefined)
    throw invalidInput(path, `has a scale of ${odd.scale} for ${odd.key}`, 'correct the item');
  if (files.length === 0) {
    throw new TerrachipError(
      'INVALID_INPUT',
      `${path} has no asset that is a band of ${own.constellation}`,
      'check the item, or load its assets as rasters',
      { source: path },
    );
  }
  const orbit = text(row, 'sat:orbit_state')?.toLowerCase();
  const sizes = files.flatMap(({ resolution }) => resolution ?? []);
  const attributes: Omit<ProductAttributes, 'condensedName'> = {
    ...own,
    name: row.id,
    path,
    platform: text(row, 'platform'),
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

/** Earth Search has each image twice, as GeoTIFF and as the JPEG 2000 it was made from: the first is quicker to read. */
function withoutCopies(files: readonly ProductFile[]): ProductFile[] {
  const kept = new Map<string, ProductFile>();
  for (const file of files) {
    const key = `${file.name} ${file.resolution}`;
    const known = kept.get(key);
    const isBetter =
      known?.mediaType.startsWith('image/jp2') === true && !file.mediaType.startsWith('image/jp2');
    if (known === undefined || isBetter) kept.set(key, file);
  }
  return [...kept.values()];
}

/** What an asset says of its file; its values are as they are. */
export function fileOf(
  asset: CatalogAsset,
  key: string,
): Pick<
  ProductFile,
  'id' | 'key' | 'href' | 'mediaType' | 'resolution' | 'geobox' | 'invalid' | 'scale' | 'offset'
> {
  const { name } = firstBand(asset);
  return {
    // A band without a name has its number.
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

/** The first band of an asset; one that the asset does not list has its number for a name. */
export function firstBand({ bands, everyBand }: CatalogAsset): CatalogBand {
  return bands?.[0] ?? { name: '1', index: 1, ...everyBand };
}

/** Metadata and pictures are assets too; pictures, of several bands, are data by the roles of some items. */
export function isImage({ mediaType, roles, bands = [] }: CatalogAsset): boolean {
  const picture =
    bands.length > 1 ||
    (roles?.some((role) => ['overview', 'thumbnail', 'visual', 'metadata'].includes(role)) ?? false);
  return !picture && (mediaType === undefined || /^image\/(tiff|jp2|vnd\.stac\.geotiff)/.test(mediaType));
}

function crsOf(row: CatalogRow): Crs | null {
  const code = text(row, 'proj:code') ?? row.properties['proj:epsg'];
  return typeof code === 'string'
    ? Crs.parse(code)
    : typeof code === 'number'
      ? Crs.parse(`EPSG:${code}`)
      : null;
}

/** A property that is a text, and not empty. */
export function text(row: CatalogRow, name: string): string | null {
  const found = propertyOf(row, name);
  return typeof found === 'string' && found !== '' ? found : null;
}

/** A property that is a number. */
export function number(row: CatalogRow, name: string): number | null {
  const found = propertyOf(row, name);
  return typeof found === 'number' && Number.isFinite(found) ? found : null;
}
