/** Rasters for tests of loaders, written to a folder, and their catalog rows. */
import { join } from 'node:path';
import type { CatalogAsset, CatalogBand, CatalogRow } from '../../src/catalog/index.js';
import { gridFootprint } from '../../src/catalog/place.js';
import {
  Affine,
  type CrsLike,
  dtypeOf,
  GeoBox,
  TimeInterval,
  type TypedArray,
} from '../../src/geo/node/index.js';
import { type CogOptions, writeCog } from '../../src/raster/node/index.js';

/** A north-up grid of square pixels, by its upper left corner. */
export function gridAt(
  left: number,
  top: number,
  width: number,
  height: number,
  size = 10,
  crs: CrsLike = 32631,
): GeoBox {
  return new GeoBox(crs, new Affine(size, 0, left, 0, -size, top), width, height);
}

export interface RasterFile {
  geobox: GeoBox;
  /** One array per band. */
  bands: readonly TypedArray[];
  /** Default: `B1`, `B2`, … */
  names?: readonly string[];
  options?: Partial<CogOptions>;
  mask?: Uint8Array;
  /** Properties of every band in the row, besides name and number. */
  describe?: Partial<CatalogBand>;
  asset?: Partial<CatalogAsset>;
}

export interface RowOptions {
  interval?: string;
  collection?: string;
  properties?: CatalogRow['properties'];
}

/** Writes files and returns their row; the first is its main file. */
export async function writeRow(
  folder: string,
  id: string,
  files: Readonly<Record<string, RasterFile>>,
  { interval, collection = '', properties = {} }: RowOptions = {},
): Promise<CatalogRow> {
  const assets: Record<string, CatalogAsset> = {};
  for (const [key, file] of Object.entries(files)) {
    const href = join(folder, `${id}-${key}.tif`);
    await writeCog(
      href,
      file.bands,
      {
        geobox: file.geobox,
        bands: file.bands.length,
        dtype: dtypeOf(file.bands[0]),
        compression: 'none',
        overviews: 'none',
        mask: file.mask !== undefined,
        ...file.options,
      },
      file.mask,
    );
    const bands = file.bands.map((_, k) => ({
      name: file.names?.[k] ?? `B${k + 1}`,
      index: k + 1,
      ...file.describe,
    }));
    assets[key] = { href, bands, ...file.asset };
  }
  const [[first, { geobox }]] = Object.entries(files);
  return {
    id,
    collection,
    footprint: gridFootprint(geobox, id),
    interval: interval === undefined ? TimeInterval.always : TimeInterval.parse(interval),
    href: assets[first].href,
    assets,
    properties,
  };
}

/** Values of one band of a tensor, as numbers. */
export function valuesOf(tensor: { plane(index: number): { data: TypedArray } }, band = 0): number[] {
  return [...tensor.plane(band).data];
}
