import type { CatalogRow } from '../row.js';
import type { ProductDescription, ProductFile } from './description.js';
import { describe, fileOf, firstBand, isImage } from './item-fields.js';

const NAMES = ['VV', 'VH', 'HH', 'HV'] as const;

/** Terrain-corrected backscatter power: assets `vv`, or `gamma0_vv`. */
export function describeSentinel1(row: CatalogRow, path: string): ProductDescription {
  const files = Object.entries(row.assets).flatMap(([key, asset]): ProductFile[] => {
    const plain = key.toLowerCase().replace(/^gamma0_/, '');
    const name = NAMES.find((each) => each.toLowerCase() === plain);
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
