/**
 * Products from STAC items: Sentinel-2, Sentinel-1 RTC and Landsat Collection 2, of the Planetary Computer, Earth
 * Search and the USGS.
 */
import { TerrachipError } from '../../errors.js';
import { type CatalogRow, textOf } from '../row.js';
import type { ProductDescription, ProductFile } from './description.js';
import { describe, fileOf, firstBand, isImage } from './item-fields.js';
import { describeLandsat } from './landsat-item.js';
import { describeSentinel2, type ItemOptions } from './sentinel2-item.js';

/** @throws {TerrachipError} UNSUPPORTED for an item of another product */
export function describeItem(row: CatalogRow, path: string, options: ItemOptions): ProductDescription {
  const about = `${row.collection} ${row.id} ${textOf(row, 'platform') ?? ''} ${textOf(row, 'constellation') ?? ''}`;
  if (/sentinel[-_ ]?2|\bS2[A-D]_/i.test(about)) return describeSentinel2(row, path, options);
  if (/landsat|\bL[COTEM]0\d_/i.test(about)) return describeLandsat(row, path);
  if (/sentinel[-_ ]?1|\bS1[A-D]_/i.test(about) && /rtc/i.test(about)) return describeSentinel1(row, path);
  throw new TerrachipError(
    'UNSUPPORTED',
    `${path} is an item of ${row.collection || 'no collection'} that is not a supported product`,
    'give one of Sentinel-2, Sentinel-1 RTC or Landsat Collection 2, or make a catalog of its assets as they are (catalogFromStac, or `type` stac)',
    { feature: 'products of this kind' },
  );
}

const POLARIZATIONS = ['VV', 'VH', 'HH', 'HV'] as const;

/** Terrain-corrected backscatter power: assets `vv`, or `gamma0_vv`. */
function describeSentinel1(row: CatalogRow, path: string): ProductDescription {
  const files = Object.entries(row.assets).flatMap(([key, asset]): ProductFile[] => {
    const plain = key.toLowerCase().replace(/^gamma0_/, '');
    const name = POLARIZATIONS.find((each) => each.toLowerCase() === plain);
    if (name === undefined || !isImage(asset)) return [];
    const { nodata = null } = firstBand(asset);
    return [{ ...fileOf(asset, key), name, quantity: 'power', nodata }];
  });
  return describe(row, path, {
    own: {
      constellation: 'Sentinel-1',
      sensorType: 'SAR',
      productType: 'RTC',
      tile: null,
      processingBaseline: null,
      generated: null,
    },
    files,
    clouds: null,
  });
}
