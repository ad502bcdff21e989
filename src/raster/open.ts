import { invalidOption, TerrachipError } from '../errors.js';
import { isUrl, type OpenOptions, openUrl } from '../io/open-url.js';
import type { OnProgress } from '../progress.js';
import type { BlockCache } from './block-cache.js';
import type { BlockDecoder } from './codecs/decoder.js';
import { GeoTiffRaster } from './geotiff/reader.js';
import type { Raster } from './raster.js';

/** How `openRaster` opens a raster. */
export interface OpenRasterOptions extends OpenOptions {
  /** Decoded blocks to keep; default: a cache of 128 MiB of its own. Share one among the rasters of a job. */
  cache?: BlockCache;
  /** What decompresses blocks of GeoTIFF and tiles of JPEG 2000; default: see `GeoTiffOptions`. */
  decoder?: BlockDecoder;
  /** Told of what is left aside in a Zarr, netCDF or HDF5 store: arrays that cannot be read, times that are no dates. */
  onProgress?: OnProgress;
  /** The array of a Zarr, netCDF or HDF5 store; default: what follows `#` in the path, else the only one there is. */
  variable?: string;
}

type OpenRaster = (path: string, options?: OpenRasterOptions) => Promise<Raster>;

/** GeoTIFF on a web server: what is opened where Node's entry is not imported. */
async function openGeoTiffUrl(url: string, options: OpenRasterOptions = {}): Promise<Raster> {
  if (!isUrl(url)) {
    throw invalidOption('path', `is "${url}"`, 'give an http: or https: URL; paths are for Node');
  }
  const source = await openUrl(url, options);
  try {
    const [a, b] = await source.read(0, Math.min(2, source.size));
    const isTiff = (a === 0x49 && b === 0x49) || (a === 0x4d && b === 0x4d);
    if (isTiff) return await GeoTiffRaster.open(source, options);
    throw new TerrachipError(
      'UNSUPPORTED',
      `${source.name} is no GeoTIFF`,
      'give a GeoTIFF; other formats are opened in Node',
      { feature: 'format' },
    );
  } catch (error) {
    await source.close();
    throw error;
  }
}

let opener: OpenRaster = openGeoTiffUrl;

/** Sets how rasters are opened from now on. Node's entry does it once. */
export function registerOpener(open: OpenRaster): void {
  opener = open;
}

/**
 * Opens a raster: its headers only. Close it when done.
 *
 * In a browser it is a GeoTIFF by its URL. In Node it is a path or a URL, and GeoTIFF, JPEG 2000, Zarr (a folder, a zip
 * file or an address that ends with `.zarr`), netCDF, HDF5 and `.npy` are recognised by their content. Files beside a
 * local TIFF are read too, in any case of their names: overviews (`.ovr`), its mask (`.msk`), a world file and what
 * `.aux.xml` says, the last beside JPEG 2000 as well; on a server, looking for them would cost a request each.
 * @param path `https://…/scene.tif`; in Node also `scene.tif`, `store.zarr#variable`, `product.zip#folder/band.jp2`
 * @throws {TerrachipError} NOT_FOUND, INVALID_INPUT, INVALID_OPTION where a store holds several rasters, UNSUPPORTED,
 * MISSING_DEPENDENCY or NETWORK
 */
export function openRaster(path: string, options: OpenRasterOptions = {}): Promise<Raster> {
  return opener(path, options);
}
