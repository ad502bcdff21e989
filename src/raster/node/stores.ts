import { stat } from 'node:fs/promises';
import { TerrachipError } from '../../errors.js';
import { isTiff, startsWith } from '../../io/bytes.js';
import type { ByteSource } from '../../io/index.js';
import { cannotOpen, localPath } from '../../io/node/file.js';
import { type OpenOptions, openSource } from '../../io/node/index.js';
import { isUrl } from '../../io/open-url.js';
import { orDispose } from '../../resource.js';
import type { ArrayGroup } from '../arrays/index.js';
import { type BlockCache, createBlockCache } from '../block-cache.js';
import { CODESTREAM_SIGNATURE, JP2_SIGNATURE } from '../jp2/boxes.js';
import { openNetcdf3 } from '../netcdf/netcdf3.js';
import { NpyArray } from '../npy/array.js';
import { NPY_MAGIC } from '../npy/header.js';
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
type StoreKind = 'zip' | 'npy' | 'netcdf3' | 'hdf5' | 'jpeg2000';

const SIGNATURES: readonly (readonly [signature: string, kind: StoreKind])[] = [
  [NPY_MAGIC, 'npy'],
  ['PK\x03\x04', 'zip'],
  ['PK\x05\x06', 'zip'],
  [JP2_SIGNATURE, 'jpeg2000'],
  [CODESTREAM_SIGNATURE, 'jpeg2000'],
  ['CDF\x01', 'netcdf3'],
  ['CDF\x02', 'netcdf3'],
];

/** HDF5's signature is at the start, or after a user block. */
const HDF5_SIGNATURE = '\x89HDF\r\n\x1a\n';
const HDF5_OFFSETS = [0, 512, 1024, 2048];

/** A file's format by its signature; null for none of these. */
export async function kindOfSource(source: ByteSource, signal?: AbortSignal): Promise<StoreKind | null> {
  const head = await source.read(0, Math.min(8, source.size), { signal });
  const known = SIGNATURES.find(([signature]) => startsWith(head, signature));
  if (known !== undefined) return known[1];
  // A TIFF needs no further reads for HDF5's signature.
  if (isTiff(head)) return null;
  for (const offset of HDF5_OFFSETS) {
    if (offset + 8 > source.size) break;
    if (startsWith(await source.read(offset, 8, { signal }), HDF5_SIGNATURE)) return 'hdf5';
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
 * Opens a Zarr store, of version 2 or 3: a folder, a zip file, or an `http(s):` URL. Dispose it when done.
 * @throws {TerrachipError} NOT_FOUND, INVALID_INPUT, UNSUPPORTED or NETWORK
 */
export async function openZarr(path: string, options: OpenStoreOptions = {}): Promise<ArrayGroup> {
  const isZip = isUrl(path) ? /\.zip$/i.test(new URL(path).pathname) : !(await isFolder(path));
  if (isZip) {
    const source = await openSource(path, options);
    return orDispose(source, () => openStoreFile(source, 'zip', path, options));
  }
  return openGroup(isUrl(path) ? httpStore(path, options) : folderStore(localPath(path)), options);
}

function openGroup(store: ZarrStore, { cache, signal }: OpenStoreOptions): Promise<ArrayGroup> {
  return orDispose(store, async () => {
    await registerCodecs();
    // zarrita is loaded with the first store.
    const { openZarrGroup } = await import('../zarr/group.js');
    return openZarrGroup(store, cache ?? createBlockCache(), signal);
  });
}

/**
 * Opens a netCDF or HDF5 file: netCDF-3 with the package netcdfjs, netCDF-4 and HDF5 with h5wasm. Dispose it when done.
 * @throws {TerrachipError} NOT_FOUND, INVALID_INPUT, MISSING_DEPENDENCY without the package, or UNSUPPORTED for HDF5
 * on a web server
 */
export async function openNetcdf(path: string, options: OpenStoreOptions = {}): Promise<ArrayGroup> {
  const source = await openSource(path, options);
  return orDispose(source, async () => {
    const kind = await kindOfSource(source, options.signal);
    if (kind === 'netcdf3' || kind === 'hdf5') return openStoreFile(source, kind, path, options);
    throw new TerrachipError('UNSUPPORTED', `${source.name} is no netCDF or HDF5 file`, 'check the file', {
      feature: 'unknown format',
    });
  });
}

/**
 * Opens a file of arrays. The group owns the source from then on; after an error the caller closes it.
 * @param path the source's path or URL
 */
export async function openStoreFile(
  source: ByteSource,
  kind: 'zip' | 'netcdf3' | 'hdf5',
  path: string,
  options: OpenStoreOptions,
): Promise<ArrayGroup> {
  if (kind === 'zip') return openGroup(await openZipStore(source), options);
  if (kind === 'netcdf3') return openNetcdf3(source, options.signal);
  if (isUrl(path)) {
    throw new TerrachipError('UNSUPPORTED', `${source.name} is HDF5 on a web server`, 'download it first', {
      feature: 'HDF5 over HTTP',
    });
  }
  // The library opens the file itself.
  await source.dispose();
  return openHdf5(localPath(path), options.cache ?? createBlockCache());
}

/**
 * Opens a `.npy` file; reads only its header. Dispose it when done.
 * @throws {TerrachipError} NOT_FOUND, INVALID_INPUT, UNSUPPORTED or NETWORK
 */
export async function openNpy(path: string, options: OpenOptions = {}): Promise<NpyArray> {
  const source = await openSource(path, options);
  return orDispose(source, () => NpyArray.open(source, options.signal));
}
