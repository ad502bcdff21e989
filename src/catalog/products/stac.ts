/**
 * Products as STAC items describe them: Sentinel-2, Sentinel-1 RTC and Landsat's Collection 2 Level 2, in the forms of
 * the Planetary Computer, Earth Search and the USGS.
 */
import { TerrachipError } from '../../errors.js';
import { Crs } from '../../geo/index.js';
import type { Units } from '../../raster/index.js';
import type { CatalogAsset, CatalogBand, CatalogRow, CatalogValue } from '../row.js';
import {
  type CloudSource,
  type ProductAttributes,
  type ProductDescription,
  type ProductFile,
  QA_PIXEL_CLOUDS,
  QA_PIXEL_FILL,
  type Quantity,
  SCL_CLOUDS,
} from './description.js';
import { type FileBandName, SENTINEL2_BANDS } from './names.js';

export interface ItemOptions {
  /**
   * What is to be added to Sentinel-2's digital numbers, 0 or −1000, where an item says it wrong. Default: by the units
   * that its collection is known to have (−1000 from baseline 04.00 on, unless it says that it has been applied), else
   * the offset of its bands, else by its baseline.
   */
  addOffset?: number;
}

/** Names of assets and bands by their meaning, in lower case, as the three catalogs write them. */
const SENTINEL2_ASSETS: Readonly<Record<string, string>> = {
  coastal: 'B01',
  blue: 'B02',
  green: 'B03',
  red: 'B04',
  rededge1: 'B05',
  rededge2: 'B06',
  rededge3: 'B07',
  nir: 'B08',
  nir08: 'B8A',
  nir09: 'B09',
  cirrus: 'B10',
  swir16: 'B11',
  swir22: 'B12',
};

const LANDSAT_ASSETS: Readonly<Record<string, readonly [FileBandName, Quantity]>> = {
  coastal: ['CA', 'reflectance'],
  blue: ['BLUE', 'reflectance'],
  green: ['GREEN', 'reflectance'],
  red: ['RED', 'reflectance'],
  nir08: ['NARROW_NIR', 'reflectance'],
  swir16: ['SWIR_1', 'reflectance'],
  swir22: ['SWIR_2', 'reflectance'],
  lwir: ['TIR_1', 'temperature'],
  lwir11: ['TIR_1', 'temperature'],
  qa_pixel: ['QA_PIXEL', 'bits'],
};

/** USGS, Landsat Collection 2 Level 2: surface reflectance, and surface temperature in kelvin. */
const LANDSAT_SCALES = {
  reflectance: { scale: 2.75e-5, offset: -0.2 },
  temperature: { scale: 0.003_418_02, offset: 149 },
} as const;

/** What Sentinel-2's processing baselines from 04.00 on add to digital numbers, and what one of them is. */
const SENTINEL2_ADDED = -1000;
const SENTINEL2_QUANTIFICATION = 10_000;

/** @throws {TerrachipError} UNSUPPORTED for an item of another product */
export function describeItem(row: CatalogRow, path: string, options: ItemOptions): ProductDescription {
  const about = `${row.collection} ${row.id} ${text(row, 'platform') ?? ''} ${text(row, 'constellation') ?? ''}`;
  if (/sentinel[-_ ]?2|\bS2[A-D]_/i.test(about)) return describeSentinel2(row, path, options);
  if (/landsat|\bL[COTE]0\d_/i.test(about)) return describeLandsat(row, path);
  if (/sentinel[-_ ]?1|\bS1[A-D]_/i.test(about) && /rtc/i.test(about)) return describeSentinel1(row, path);
  throw new TerrachipError(
    'UNSUPPORTED',
    `${path} is an item of ${row.collection || 'no collection'} that is no product known here`,
    'give one of Sentinel-2, Sentinel-1 RTC or Landsat Collection 2 Level 2, or load its assets as rasters',
    { feature: 'products of this kind' },
  );
}

function describeSentinel2(row: CatalogRow, path: string, { addOffset }: ItemOptions): ProductDescription {
  const baseline =
    text(row, 's2:processing_baseline') ?? text(row, 'processing:version') ?? baselineOfName(row);
  const files = Object.entries(row.assets).flatMap(([key, asset]): ProductFile[] => {
    if (!isImage(asset)) return [];
    const [band] = asset.bands ?? [];
    const shared = fileOf(asset, key);
    const id = sentinel2Id(key, band);
    if (id === 'SCL') return [{ ...shared, id, name: 'SCL', quantity: 'class', nodata: 0 }];
    const known = SENTINEL2_BANDS.find((each) => each.id === id);
    if (known === undefined) return [];
    const scale = band?.scale ?? 1 / SENTINEL2_QUANTIFICATION;
    const stated = addOffset ?? (asset.units === undefined ? undefined : addedIn(asset.units));
    const offset =
      stated === undefined ? (band?.offset ?? addedSince(baseline, row, path) * scale) : stated * scale;
    return [
      {
        ...shared,
        id: known.id,
        name: known.name,
        quantity: 'reflectance',
        nodata: band?.nodata ?? 0,
        scale,
        offset,
      },
    ];
  });
  const level = /L1C/i.test(`${row.collection} ${text(row, 's2:product_type') ?? ''} ${row.id}`)
    ? 'S2MSI1C'
    : 'S2MSI2A';
  const square = ['mgrs:utm_zone', 'mgrs:latitude_band', 'mgrs:grid_square'].map(
    (name) => row.properties[name] ?? '',
  );
  const tile = text(row, 's2:mgrs_tile') ?? text(row, 'grid:code')?.replace(/^MGRS-/, '') ?? square.join('');
  return {
    attributes: attributesOf(row, path, files, {
      constellation: 'Sentinel-2',
      sensorType: 'OPTICAL',
      productType: text(row, 's2:product_type') ?? level,
      tile: tile === '' ? null : tile,
      processingBaseline: baseline,
      generated: text(row, 's2:generation_time'),
    }),
    collection: row.collection,
    files,
    clouds: cloudsOf(files, SCL_CLOUDS),
    properties: row.properties,
  };
}

/** `B04` of `B04`, `B04_10m`, `red` or a band of that name; coarser copies (`red_20m`) count too, pictures do not. */
function sentinel2Id(key: string, band: CatalogBand | undefined): string | null {
  const stem = (name: string): string => name.replace(/[_-](\d+m|jp2)$/gi, '').toLowerCase();
  for (const name of [key, band?.name ?? '']) {
    const plain = stem(stem(name));
    if (plain === 'scl') return 'SCL';
    const id = SENTINEL2_ASSETS[plain] ?? SENTINEL2_BANDS.find((each) => each.id.toLowerCase() === plain)?.id;
    if (id !== undefined) return id;
  }
  return null;
}

/** `N0400` in the name of a product. */
function baselineOfName(row: CatalogRow): string | null {
  const names = [text(row, 's2:product_uri'), text(row, 'sentinel:product_id'), row.id];
  const match = names.map((name) => /_N(\d{2})(\d{2})_/.exec(name ?? '')).find((found) => found !== null);
  return match == null ? null : `${match[1]}.${match[2]}`;
}

/** Units that a collection is known to have say the offset, too. */
function addedIn(units: Units): number | undefined {
  return units === 'dn_offset_1000' ? SENTINEL2_ADDED : units === 'dn_harmonised' ? 0 : undefined;
}

function addedSince(baseline: string | null, row: CatalogRow, path: string): number {
  const value = Number.parseFloat(baseline ?? '');
  if (Number.isFinite(value)) return value >= 4 ? SENTINEL2_ADDED : 0;
  throw new TerrachipError(
    'INVALID_INPUT',
    `${path} says neither the offset nor the processing baseline of ${row.id}, so that its digital numbers may or may not have 1000 added`,
    'give addOffset: 0 or addOffset: -1000',
    { source: path },
  );
}

function describeLandsat(row: CatalogRow, path: string): ProductDescription {
  const files = Object.entries(row.assets).flatMap(([key, asset]): ProductFile[] => {
    if (!isImage(asset)) return [];
    const [band] = asset.bands ?? [];
    const known = LANDSAT_ASSETS[key.toLowerCase()] ?? LANDSAT_ASSETS[band?.commonName ?? ''];
    if (known === undefined) return [];
    const [name, quantity] = known;
    const shared = { ...fileOf(asset, key), name, quantity };
    if (quantity !== 'reflectance' && quantity !== 'temperature')
      return [{ ...shared, nodata: QA_PIXEL_FILL }];
    const { scale, offset } = LANDSAT_SCALES[quantity];
    return [
      { ...shared, nodata: band?.nodata ?? 0, scale: band?.scale ?? scale, offset: band?.offset ?? offset },
    ];
  });
  const pathRow = ['landsat:wrs_path', 'landsat:wrs_row'].map((name) =>
    String(row.properties[name] ?? '').padStart(3, '0'),
  );
  return {
    attributes: attributesOf(row, path, files, {
      constellation: 'Landsat',
      sensorType: 'OPTICAL',
      productType: text(row, 'landsat:correction') ?? 'L2SP',
      tile: pathRow.includes('000') ? null : pathRow.join(''),
      processingBaseline: text(row, 'landsat:collection_number'),
      generated: text(row, 'created'),
    }),
    collection: row.collection,
    files,
    clouds: cloudsOf(files, QA_PIXEL_CLOUDS),
    properties: row.properties,
  };
}

function describeSentinel1(row: CatalogRow, path: string): ProductDescription {
  const names = ['VV', 'VH', 'HH', 'HV'] as const;
  const files = Object.entries(row.assets).flatMap(([key, asset]): ProductFile[] => {
    const name = names.find(
      (each) =>
        key.toLowerCase() === each.toLowerCase() || key.toLowerCase() === `gamma0_${each}`.toLowerCase(),
    );
    if (name === undefined || !isImage(asset)) return [];
    const nodata = asset.bands?.[0]?.nodata;
    return [{ ...fileOf(asset, key), name, quantity: 'power', nodata: nodata ?? null }];
  });
  return {
    attributes: attributesOf(row, path, files, {
      constellation: 'Sentinel-1',
      sensorType: 'SAR',
      productType: 'RTC',
      tile: null,
      processingBaseline: null,
      generated: null,
    }),
    collection: row.collection,
    files,
    clouds: null,
    properties: row.properties,
  };
}

type Own = Pick<
  ProductAttributes,
  'constellation' | 'sensorType' | 'productType' | 'tile' | 'processingBaseline' | 'generated'
>;

function attributesOf(
  row: CatalogRow,
  path: string,
  files: readonly ProductFile[],
  own: Own,
): ProductAttributes {
  if (files.length === 0) {
    throw new TerrachipError(
      'INVALID_INPUT',
      `${path} has no asset that is a band of ${own.constellation}`,
      'check the item, or load its assets as rasters',
      { source: path },
    );
  }
  const orbit = text(row, 'sat:orbit_state');
  return {
    ...own,
    name: row.id,
    path,
    platform: text(row, 'platform'),
    acquired: row.interval,
    orbitDirection: orbit === 'ascending' || orbit === 'descending' ? orbit : null,
    relativeOrbit: number(row, 'sat:relative_orbit'),
    cloudCover: number(row, 'eo:cloud_cover'),
    crs: files.flatMap(({ geobox }) => geobox?.crs ?? [])[0] ?? crsOf(row),
    footprint: row.footprint,
  };
}

function fileOf(
  asset: CatalogAsset,
  key: string,
): Pick<
  ProductFile,
  'id' | 'key' | 'href' | 'mediaType' | 'resolution' | 'geobox' | 'invalid' | 'scale' | 'offset'
> {
  return {
    id: asset.bands?.[0]?.name ?? key,
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

/** Metadata and previews are assets too. */
function isImage({ mediaType, roles }: CatalogAsset): boolean {
  const picture =
    roles?.some((role) => ['overview', 'thumbnail', 'visual', 'metadata'].includes(role)) ?? false;
  return !picture && (mediaType === undefined || /^image\/(tiff|jp2|vnd\.stac\.geotiff)/.test(mediaType));
}

function cloudsOf(files: readonly ProductFile[], source: CloudSource): CloudSource | null {
  return files.some(({ name }) => name === source.name) ? source : null;
}

function crsOf(row: CatalogRow): Crs | null {
  const code = text(row, 'proj:code') ?? row.properties['proj:epsg'];
  return typeof code === 'string'
    ? Crs.parse(code)
    : typeof code === 'number'
      ? Crs.parse(`EPSG:${code}`)
      : null;
}

function value(row: CatalogRow, name: string): CatalogValue | undefined {
  return Object.hasOwn(row.properties, name) ? row.properties[name] : undefined;
}

function text(row: CatalogRow, name: string): string | null {
  const found = value(row, name);
  return typeof found === 'string' && found !== '' ? found : null;
}

function number(row: CatalogRow, name: string): number | null {
  const found = Number(value(row, name) ?? Number.NaN);
  return Number.isFinite(found) ? found : null;
}
