/** Sentinel-2 products from STAC items. */
import { invalidInput } from '../../errors.js';
import type { Units } from '../../raster/index.js';
import { withoutResolution } from '../categories.js';
import { type CatalogRow, textOf } from '../row.js';
import { baselineOf, hasOffset } from '../stac/sentinel2-baseline.js';
import { type ProductDescription, type ProductFile, SCL_CLOUDS } from './description.js';
import { describe, fileOf, firstBand, isImage } from './item-fields.js';
import { fileBandNamed, SENTINEL2_BANDS, type Sentinel2Band } from './names.js';

/** Corrections for the STAC item of a product. */
export interface ItemOptions {
  /**
   * The offset of Sentinel-2's digital numbers, 0 or −1000, for an item with wrong metadata. Default: by the units
   * known for its collection (−1000 from baseline 04.00 on, unless it is already applied), else the offset of its
   * bands, else by its baseline.
   */
  addOffset?: number;
}

/** The offset of digital numbers from processing baseline 04.00 on, and the digital number of reflectance 1. */
const SENTINEL2_ADDED = -1000;
const SENTINEL2_QUANTIFICATION = 10_000;

export function describeSentinel2(
  row: CatalogRow,
  path: string,
  { addOffset }: ItemOptions,
): ProductDescription {
  const baseline = baselineOf(row.properties, row.id);
  const files = Object.entries(row.assets).flatMap(([key, asset]): ProductFile[] => {
    if (!isImage(asset)) return [];
    const band = firstBand(asset);
    const shared = fileOf(asset, key);
    const names = [key, band.name].map((name) => withoutResolution(name).toLowerCase());
    const standard = bandOf(names);
    if (standard === undefined)
      return names.includes('scl')
        ? [{ ...shared, id: 'SCL', name: 'SCL', quantity: 'class', nodata: 0 }]
        : [];
    const { id, name } = standard;
    const scale = band.scale ?? 1 / SENTINEL2_QUANTIFICATION;
    const stated = addOffset ?? (asset.units === undefined ? undefined : addedIn(asset.units));
    const offset =
      stated === undefined ? (band.offset ?? addedSince(baseline, row, path) * scale) : stated * scale;
    const nodata = band.nodata ?? 0;
    return [{ ...shared, id, name, quantity: 'reflectance', nodata, scale, offset }];
  });
  const level = /L1C/i.test(`${row.collection} ${textOf(row, 's2:product_type') ?? ''} ${row.id}`)
    ? 'S2MSI1C'
    : 'S2MSI2A';
  return describe(row, path, {
    own: {
      constellation: 'Sentinel-2',
      sensorType: 'OPTICAL',
      productType: textOf(row, 's2:product_type') ?? level,
      tile: tileOf(row),
      processingBaseline: baseline,
      generated: textOf(row, 's2:generation_time'),
    },
    files,
    clouds: SCL_CLOUDS,
  });
}

/** `31TFJ`: from one property, three properties, or the names of the product. */
function tileOf(row: CatalogRow): string | null {
  const own = textOf(row, 's2:mgrs_tile') ?? textOf(row, 'grid:code')?.replace(/^MGRS-/, '');
  if (own != null) return own;
  for (const prefix of ['mgrs', 'sentinel']) {
    const parts = ['utm_zone', 'latitude_band', 'grid_square'].map(
      (name) => row.properties[`${prefix}:${name}`] ?? '',
    );
    const tile = parts.join('').padStart(5, '0');
    if (TILE.test(tile)) return tile;
  }
  const names = [textOf(row, 's2:product_uri'), textOf(row, 'sentinel:product_id'), row.id];
  const tiles = names.map((name) => /_T?(\d{2}[C-X][A-Z]{2})(?:_|\.|$)/.exec(name ?? '')?.[1]);
  return tiles.find((tile) => tile !== undefined) ?? null;
}

const TILE = /^\d{2}[C-X][A-Z]{2}$/;

/** `B04` for the first of some names that is `b04` or `red`. */
function bandOf(names: readonly string[]): Sentinel2Band | undefined {
  return names
    .map((name) =>
      SENTINEL2_BANDS.find((band) => band.id.toLowerCase() === name || band.name === fileBandNamed(name)),
    )
    .find((band) => band !== undefined);
}

/** The offset that known units imply. */
function addedIn(units: Units): number | undefined {
  return units === 'dn_offset_1000' ? SENTINEL2_ADDED : units === 'dn_harmonised' ? 0 : undefined;
}

function addedSince(baseline: string | null, row: CatalogRow, path: string): number {
  const added = hasOffset(baseline);
  if (added !== null) return added ? SENTINEL2_ADDED : 0;
  throw invalidInput(
    path,
    `has neither the offset nor the processing baseline of ${row.id}, so that its digital numbers may or may not have 1000 added`,
    'give `addOffset` 0 or -1000, or make a catalog of the item as it is (catalogFromStac, or `type` stac)',
  );
}
