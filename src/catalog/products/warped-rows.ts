/** Reads bands of a product's files on one grid, in strips and stored units. */
import type { GeoBox } from '../../geo/index.js';
import type { Backend } from '../../gpu/index.js';
import type { Resampling } from '../../kernels/index.js';
import { DeclaredRaster } from '../../raster/declared.js';
import { type BlockCache, readStrips, type UnitStep, WarpedRaster } from '../../raster/index.js';
import type { OpenAsset } from '../loaders/options.js';
import type { ProductFile } from './description.js';

export interface WarpedRowsContext {
  readonly grid: GeoBox;
  readonly backend: Backend;
  readonly cache: BlockCache;
  readonly open: OpenAsset;
  readonly overview: 'auto' | 'none';
  readonly signal?: AbortSignal;
}

export interface ReadRowsOptions {
  readonly resampling: Resampling;
  /** Band number of the file, from 1 (default 1). */
  readonly band?: number;
  /** Changes stored values before resampling. */
  readonly prepare?: UnitStep | null;
  /** Changes values after resampling. */
  readonly finish?: UnitStep | null;
}

/**
 * Reads a file's band in stored units.
 * @param visit receives values of some rows, NaN for no data, and the index of the first pixel in the grid
 */
export async function readWarpedRows(
  { grid, backend, cache, open, overview, signal }: WarpedRowsContext,
  { href, nodata, invalid, geobox }: Pick<ProductFile, 'href' | 'nodata' | 'invalid' | 'geobox'>,
  { resampling, band = 1, prepare, finish }: ReadRowsOptions,
  visit: (values: Float32Array, first: number) => void,
): Promise<void> {
  const opened = await open(href, { cache, signal });
  try {
    // Undefined keeps the file's own; null would mean no nodata.
    const declared = { nodata: nodata ?? undefined, invalid, geobox: geobox ?? undefined };
    const raster = new DeclaredRaster(opened, declared);
    const warped = new WarpedRaster(backend, raster, {
      geobox: grid,
      resampling,
      bands: [band],
      overview,
      unscale: false,
      prepare,
      finish,
    });
    for await (const { rows, values } of readStrips(backend, warped, signal))
      visit(values[0], rows.start * grid.width);
  } finally {
    await opened.dispose();
  }
}
