import { stat } from 'node:fs/promises';
import { TerrachipError } from '../../errors.js';
import type { ByteSource } from '../../io/index.js';
import { cannotOpen, localPath } from '../../io/node/file.js';
import { type OpenOptions, openSource } from '../../io/node/index.js';
import { isUrl } from '../../io/open-url.js';
import type { ArrayGroup } from '../arrays/index.js';
import { type BlockCache, createBlockCache } from '../block-cache.js';
import { isJpeg2000 } from '../jp2/boxes.js';
import { openNetcdf3 } from '../netcdf/index.js';
import { NPY_MAGIC, NpyArray } from '../npy/index.js';
import { openZipStore, type ZarrStore } from '../zarr/store.js';
import { openHdf5 } from './hdf5.js';
import { registerCodecs } from './zarr-codecs.js';
import { folderStore, httpStore } from './zarr-stores.js';

/** Options of opening a store of arrays. */
export interface OpenStoreOptions extends OpenOptions {
  /** Cache of decoded chunks; default: its own, of 128 MiB. */
  cache?: BlockCache;
}

/** Formats recognised by content; any other file is opened as TIFF. */
export type StoreKind = 'zarr' | 'zip' | 'npy' | 'netcdf3' | 'hdf5' | 'jpeg2000';

/** HDF5's signature is at the start, or after a user block. */
const HDF5_SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
const HDF5_OFFSETS = [0, 512, 1024, 2048];

function startsWith(bytes: Uint8Array, signature: ArrayLike<number>): boolean {
  return Array.from(signature).every((byte, i) => bytes[i] === byte);
}

/** A file's format by its signature; null for none of these. */
export async function kindOfSource(source: ByteSource, signal?: AbortSignal): Promise<StoreKind | null> {
  const options = { signal };
  const head = await source.read(0, Math.min(8, source.size), options);
  if (startsWith(head, NPY_MAGIC)) return 'npy';
  if (startsWith(head, [0x50, 0x4b, 0x03, 0x04]) || startsWith(head, [0x50, 0x4b, 0x05, 0x06])) return 'zip';
  if (isJpeg2000(head)) return 'jpeg2000';
  if (startsWith(head, [0x43, 0x44, 0x46]) && (head[3] === 1 || head[3] === 2)) return 'netcdf3';
  // A TIFF needs no further reads for HDF5's signature.
  if (startsWith(head, [0x49, 0x49]) || startsWith(head, [0x4d, 0x4d])) return null;
  for (const offset of HDF5_OFFSETS) {
    if (offset + 8 > source.size) break;
    if (startsWith(await source.read(offset, 8, options), HDF5_SIGNATURE)) return 'hdf5';
  }
  return null;
}

export async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(localPath(path))).isDirectory();
  } catch (cause) {
    throw cannotOpen(path, cause);
  }
}

/**
 * Opens a Zarr store, of version 2 or 3: a folder, a zip file, or an `http(s):` URL. Close it when done.
 * @throws {TerrachipError} NOT_FOUND, INVALID_INPUT, UNSUPPORTED or NETWORK
 */
export async function openZarr(path: string, options: OpenStoreOptions = {}): Promise<ArrayGroup> {
  await registerCodecs();
  // zarrita is loaded with the first store.
  const { ZarrGroup } = await import('../zarr/group.js');
  const cache = options.cache ?? createBlockCache();
  const isZip = isUrl(path) ? /\.zip$/i.test(new URL(path).pathname) : !(await isFolder(path));
  const store = isZip
    ? await openZip(path, options)
    : isUrl(path)
      ? httpStore(path, options)
      : folderStore(localPath(path));
  try {
    return await ZarrGroup.open(store, cache, options.signal);
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function openZip(path: string, options: OpenOptions): Promise<ZarrStore> {
  const source = await openSource(path, options);
  try {
    return await openZipStore(source);
  } catch (error) {
    await source.close();
    throw error;
  }
}

/**
 * Opens a netCDF or HDF5 file: netCDF-3 with the package netcdfjs, netCDF-4 and HDF5 with h5wasm. Close it when done.
 * @throws {TerrachipError} NOT_FOUND, INVALID_INPUT, MISSING_DEPENDENCY without the package, or UNSUPPORTED for HDF5
 * on a web server
 */
export async function openNetcdf(path: string, options: OpenStoreOptions = {}): Promise<ArrayGroup> {
  const source = await openSource(path, options);
  try {
    const kind = await kindOfSource(source, options.signal);
    if (kind === 'netcdf3') return await openNetcdf3(source, options.signal);
    if (kind === 'hdf5' && !isUrl(path)) {
      await source.close();
      return await openHdf5(localPath(path), options.cache ?? createBlockCache());
    }
    throw new TerrachipError(
      'UNSUPPORTED',
      kind === 'hdf5' ? `${source.name} is HDF5 on a web server` : `${source.name} is no netCDF or HDF5 file`,
      kind === 'hdf5' ? 'download it first' : 'check the file',
      { feature: kind === 'hdf5' ? 'HDF5 over HTTP' : 'unknown format' },
    );
  } catch (error) {
    await source.close();
    throw error;
  }
}

/**
 * Opens a `.npy` file; reads only its header. Dispose it when done.
 * @throws {TerrachipError} NOT_FOUND, INVALID_INPUT, UNSUPPORTED or NETWORK
 */
export async function openNpy(path: string, options: OpenOptions = {}): Promise<NpyArray> {
  const source = await openSource(path, options);
  try {
    return await NpyArray.open(source, options.signal);
  } catch (error) {
    await source.close();
    throw error;
  }
}
