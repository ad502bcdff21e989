import { invalidOption, TerrachipError } from '../errors.js';
import { isTiff } from '../io/bytes.js';
import { isUrl, type OpenOptions, openUrl } from '../io/open-url.js';
import type { OnProgress } from '../progress.js';
import { orDispose } from '../resource.js';
import type { BlockCache } from './block-cache.js';
import type { BlockDecoder } from './codecs/decoder.js';
import { GeoTiffRaster } from './geotiff/reader.js';
import type { Raster } from './raster.js';

/** How `openRaster` opens a raster. */
export interface OpenRasterOptions extends OpenOptions {
  /** Cache of decoded blocks; default: its own, of 128 MiB. Share one among the rasters of a job. */
  cache?: BlockCache;
  /** Decoder of GeoTIFF blocks and JPEG 2000 tiles; default: see `GeoTiffOptions`. */
  decoder?: BlockDecoder;
  /** Receives warnings about Zarr, netCDF and HDF5 stores: unreadable arrays, times that are no dates. */
  onProgress?: OnProgress;
  /** The array of a Zarr, netCDF or HDF5 store; default: what follows `#` in the path, else the only one there is. */
  variable?: string;
}

type OpenRaster = (path: string, options?: OpenRasterOptions) => Promise<Raster>;

/** The opener without Node's entry: GeoTIFF on a web server. */
async function openGeoTiffUrl(url: string, options: OpenRasterOptions = {}): Promise<Raster> {
  if (!isUrl(url)) {
    throw invalidOption('path', `is "${url}"`, 'give an http: or https: URL; paths are for Node');
  }
  const source = await openUrl(url, options);
  return orDispose(source, async () => {
    const head = await source.read(0, Math.min(2, source.size));
    if (isTiff(head)) return await GeoTiffRaster.open(source, options);
    throw new TerrachipError(
      'UNSUPPORTED',
      `${source.name} is no GeoTIFF`,
      'give a GeoTIFF; other formats are opened in Node',
      { feature: 'format' },
    );
  });
}

let opener: OpenRaster = openGeoTiffUrl;

/** Replaces the opener. Node's entry does it once. */
export function registerOpener(open: OpenRaster): void {
  opener = open;
}

/**
 * Opens a raster; reads only its headers. Dispose it when done.
 *
 * A browser opens GeoTIFF by URL. Node opens a path or a URL and detects the format by content: GeoTIFF, JPEG 2000, Zarr
 * (a folder, a zip file or a URL that ends with `.zarr`), netCDF, HDF5 or `.npy`. Sidecars of a local TIFF are read too,
 * with names in any case: `.ovr`, `.msk`, a world file and `.aux.xml` (for JPEG 2000 also). On a server each would cost a
 * request.
 * @param path `https://…/scene.tif`; in Node also `scene.tif`, `store.zarr#variable`, `product.zip#folder/band.jp2`
 * @throws {TerrachipError} NOT_FOUND, INVALID_INPUT, INVALID_OPTION for a store of several rasters, UNSUPPORTED,
 * MISSING_DEPENDENCY or NETWORK
 */
export function openRaster(path: string, options: OpenRasterOptions = {}): Promise<Raster> {
  return opener(path, options);
}
