import { isTerrachipError } from '../../errors.js';
import { isUrl, type OpenOptions, openSource } from '../../io/node/index.js';
import type { Sidecars } from '../geotiff/levels.js';
import { type BlockCache, GeoTiffRaster } from '../geotiff/reader.js';
import type { Raster } from '../raster.js';

export interface OpenRasterOptions extends OpenOptions {
  /** Decoded blocks to keep; default: a cache of 128 MiB of its own. Share one among the rasters of a job. */
  cache?: BlockCache;
}

/**
 * Opens a raster by path or URL: its headers only. Close it when done. Files beside a local one are read too:
 * overviews (`.ovr`), its mask (`.msk`) and a world file; on a server, looking for them would cost a request each.
 * @throws {TerrachipError} NOT_FOUND, INVALID_INPUT, UNSUPPORTED or NETWORK
 */
export async function openRaster(path: string, options: OpenRasterOptions = {}): Promise<Raster> {
  const source = await openSource(path, options);
  const sidecars = isUrl(path) ? {} : await openSidecars(path, options);
  try {
    return await GeoTiffRaster.open(source, { ...options, sidecars });
  } catch (error) {
    await Promise.all([source, ...Object.values(sidecars)].map((opened) => opened.close()));
    throw error;
  }
}

async function openSidecars(path: string, options: OpenOptions): Promise<Sidecars> {
  const stem = path.replace(/\.[^./\\]*$/, '');
  const sidecars: Sidecars = {};
  const find = async (part: keyof Sidecars, ...paths: string[]): Promise<void> => {
    for (const candidate of paths) {
      try {
        sidecars[part] ??= await openSource(candidate, options);
      } catch (error) {
        if (!isTerrachipError(error, 'NOT_FOUND')) throw error;
      }
    }
  };
  await find('overviews', `${path}.ovr`);
  await find('mask', `${path}.msk`);
  await find('maskOverviews', `${path}.msk.ovr`);
  await find('worldFile', `${stem}.tfw`, `${stem}.tifw`, `${stem}.wld`);
  return sidecars;
}
