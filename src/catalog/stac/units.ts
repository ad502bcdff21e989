/**
 * Units of what well-known STAC collections hold. A collection that is not here has none: they are declared then, never
 * guessed.
 */
import type { Units } from '../../raster/units.js';
import type { CatalogAsset, CatalogBand, CatalogValue } from '../row.js';

type Properties = Readonly<Record<string, CatalogValue>>;

/** The processing baseline from which Sentinel-2's digital numbers carry an offset of 1000. */
const OFFSET_BASELINE = 4;

/** Landsat Collection 2 Level-2 surface reflectance = stored · scale + offset (USGS LSDS-1619). */
const LANDSAT_SCALE = 0.000_027_5;
const LANDSAT_OFFSET = -0.2;
const LANDSAT_REFLECTANCE = new Set(['coastal', 'blue', 'green', 'red', 'nir', 'nir08', 'swir16', 'swir22']);

/**
 * An asset with the units that its collection is known to have, after its bands' scale and offset. Sentinel-2's digital
 * numbers keep none: what offset they have is in the units, where items contradict themselves.
 */
export function withKnownUnits(
  asset: CatalogAsset,
  key: string,
  collection: string,
  properties: Properties,
): CatalogAsset {
  const bands = asset.bands ?? [];
  if (isSentinel2(collection)) {
    if (/^scl(-jp2)?$/i.test(key)) return { ...asset, units: 'class' };
    // Older items name no bands.
    const names = bands.length > 0 ? bands.map(({ name }) => name) : [key];
    const isReflectance = names.every((name) => /^B(0?[1-9]|8A|1[0-2])$/i.test(name));
    const units = isReflectance ? sentinel2Units(properties) : null;
    if (units === null) return asset;
    return { ...asset, units, ...(asset.bands ? { bands: bands.map(withoutScale) } : {}) };
  }
  if (collection === 'sentinel-1-rtc')
    return /^(vv|vh|hh|hv)$/i.test(key) ? { ...asset, units: 'linear_power' } : asset;
  if (/^cop-dem-glo-(30|90)$/.test(collection)) return isMain(asset, key) ? { ...asset, units: 'm' } : asset;
  if (/^(io-lulc|esa-worldcover)/.test(collection))
    return isMain(asset, key) || key === 'map' ? { ...asset, units: 'class' } : asset;
  if (/^landsat-c2-?l2/.test(collection)) return landsatUnits(asset, key, bands);
  return asset;
}

function isSentinel2(collection: string): boolean {
  return /^sentinel-(2|s2)-(c1-)?l(1c|2a)(-cogs)?$/.test(collection);
}

function isMain({ roles }: CatalogAsset, key: string): boolean {
  return key === 'data' || (roles?.includes('data') ?? false);
}

function sentinel2Units(properties: Properties): Units | null {
  // Earth Search took the offset off, and says so; the offset of its bands stayed in some items.
  const applied = properties['earthsearch:boa_offset_applied'] ?? properties['sentinel:boa_offset_applied'];
  if (applied === true) return 'dn_harmonised';
  const baseline = baselineOf(properties);
  if (baseline === null) return null;
  return baseline < OFFSET_BASELINE ? 'dn_harmonised' : 'dn_offset_1000';
}

/** As a property, or in the name of the product: `…_N0214_…` is 2.14. */
function baselineOf(properties: Properties): number | null {
  const stated = properties['s2:processing_baseline'] ?? properties['processing:version'];
  if (typeof stated === 'string' && /^\d+\.\d+$/.test(stated)) return Number(stated);
  const product = properties['s2:product_uri'] ?? properties['sentinel:product_id'];
  const match = typeof product === 'string' ? /_N(\d{2})(\d{2})_/.exec(product) : null;
  return match === null ? null : Number(`${match[1]}.${match[2]}`);
}

function withoutScale({ scale, offset, ...band }: CatalogBand): CatalogBand {
  return band;
}

function landsatUnits(asset: CatalogAsset, key: string, bands: readonly CatalogBand[]): CatalogAsset {
  if (/^qa|_qa$|qa_/i.test(key) && asset.mediaType?.startsWith('image/')) return { ...asset, units: 'bits' };
  const isReflectance =
    bands.length > 0 && bands.every(({ commonName }) => LANDSAT_REFLECTANCE.has(commonName ?? ''));
  if (!isReflectance) return asset;
  const scaled = bands.map((band) => ({ scale: LANDSAT_SCALE, offset: LANDSAT_OFFSET, ...band }));
  return { ...asset, units: 'reflectance', bands: scaled };
}
