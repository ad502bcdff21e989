/**
 * Units of well-known STAC collections. Units of other collections must be declared: they are never guessed.
 */
import type { Units } from '../../raster/units.js';
import { withoutResolution } from '../categories.js';
import type { BandValues, CatalogAsset, CatalogBand, CatalogValue } from '../row.js';
import { baselineOf, hasOffset } from './sentinel2-baseline.js';

type Properties = Readonly<Record<string, CatalogValue>>;

/** Landsat Collection 2 Level-2 surface reflectance = stored · scale + offset (USGS LSDS-1619). */
const LANDSAT_SCALE = 0.000_027_5;
const LANDSAT_OFFSET = -0.2;
const LANDSAT_REFLECTANCE = new Set(['coastal', 'blue', 'green', 'red', 'nir', 'nir08', 'swir16', 'swir22']);

/**
 * An asset with the known units of its collection, after its bands' scale and offset. Sentinel-2's digital numbers lose
 * scale and offset: the units include the offset, since items contradict themselves.
 */
export function withKnownUnits(
  asset: CatalogAsset,
  key: string,
  collection: string,
  properties: Properties,
): CatalogAsset {
  const { bands = [], everyBand } = asset;
  if (/^sentinel-(2|s2)-(c1-)?l(1c|2a)(-cogs)?$/.test(collection)) {
    const plain = withoutResolution(key);
    if (/^scl$/i.test(plain)) return { ...asset, units: 'class' };
    // Older items name no bands.
    const names = bands.length > 0 ? bands.map(({ name }) => name) : [plain];
    const isReflectance = names.every((name) => /^B(0?[1-9]|8A|1[0-2])$/i.test(name));
    const units = isReflectance ? sentinel2Units(properties) : null;
    if (units === null) return asset;
    return {
      ...asset,
      units,
      ...(asset.bands ? { bands: bands.map(withoutScale) } : {}),
      ...(everyBand ? { everyBand: withoutScale(everyBand) } : {}),
    };
  }
  if (collection === 'sentinel-1-rtc')
    return /^(vv|vh|hh|hv)$/i.test(key) ? { ...asset, units: 'linear_power' } : asset;
  if (/^cop-dem-glo-(30|90)$/.test(collection)) return isMain(asset, key) ? { ...asset, units: 'm' } : asset;
  if (/^(io-lulc|esa-worldcover)/.test(collection))
    return isMain(asset, key) || key === 'map' ? { ...asset, units: 'class' } : asset;
  if (/^landsat-c2-?l2/.test(collection)) return landsatUnits(asset, key, bands);
  return asset;
}

function isMain({ roles }: CatalogAsset, key: string): boolean {
  return key === 'data' || (roles?.includes('data') ?? false);
}

function sentinel2Units(properties: Properties): Units | null {
  // Earth Search removed the offset, and declares that; some items still have the offset of their bands.
  const applied = properties['earthsearch:boa_offset_applied'] ?? properties['sentinel:boa_offset_applied'];
  if (applied === true) return 'dn_harmonised';
  const offset = hasOffset(baselineOf(properties));
  if (offset === null) return null;
  return offset ? 'dn_offset_1000' : 'dn_harmonised';
}

function withoutScale<Values extends BandValues>({ scale, offset, ...values }: Values) {
  return values;
}

function landsatUnits(asset: CatalogAsset, key: string, bands: readonly CatalogBand[]): CatalogAsset {
  if (/^qa|_qa$|qa_/i.test(key) && asset.mediaType?.startsWith('image/')) return { ...asset, units: 'bits' };
  const isReflectance = ({ commonName }: BandValues): boolean => LANDSAT_REFLECTANCE.has(commonName ?? '');
  const standard = { scale: LANDSAT_SCALE, offset: LANDSAT_OFFSET };
  const { everyBand } = asset;
  if (everyBand !== undefined && isReflectance(everyBand))
    return { ...asset, units: 'reflectance', everyBand: { ...standard, ...everyBand } };
  if (bands.length === 0 || !bands.every(isReflectance)) return asset;
  return { ...asset, units: 'reflectance', bands: bands.map((band) => ({ ...standard, ...band })) };
}
