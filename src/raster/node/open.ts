import { type OpenOptions, openSource } from '../../io/node/index.js';
import { type BlockCache, GeoTiffRaster } from '../geotiff/reader.js';
import type { Raster } from '../raster.js';

export interface OpenRasterOptions extends OpenOptions {
  /** Decoded blocks to keep; default: a cache of 128 MiB of its own. Share one among the rasters of a job. */
  cache?: BlockCache;
}

/**
 * Opens a raster by path or URL: its headers only. Close it when done.
 * @throws {TerrachipError} NOT_FOUND, INVALID_INPUT, UNSUPPORTED or NETWORK
 */
export async function openRaster(path: string, options: OpenRasterOptions = {}): Promise<Raster> {
  const source = await openSource(path, options);
  try {
    return await GeoTiffRaster.open(source, options);
  } catch (error) {
    await source.close();
    throw error;
  }
}
