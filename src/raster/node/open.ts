import { readdir, stat } from 'node:fs/promises';
import { invalidInput, isTerrachipError } from '../../errors.js';
import type { ByteSource } from '../../io/index.js';
import { findBeside } from '../../io/node/beside.js';
import { cannotOpen, localPath, openSource } from '../../io/node/file.js';
import { isUrl, type OpenOptions } from '../../io/open-url.js';
import { openZip } from '../../io/zip.js';
import { disposable, orDispose } from '../../resource.js';
import type { ArrayGroup } from '../arrays/index.js';
import { ArrayRaster } from '../cf/index.js';
import type { Sidecars } from '../geotiff/levels.js';
import { GeoTiffRaster } from '../geotiff/reader.js';
import { Jp2Raster } from '../jp2/raster.js';
import { NpyArray } from '../npy/array.js';
import type { OpenRasterOptions } from '../open.js';
import { type Pam, readPam } from '../pam.js';
import type { Raster } from '../raster.js';
import { ZARR_ROOT } from '../zarr/store.js';
import { foreignFormat } from './foreign.js';
import { isFolder, kindOfSource, type OpenStoreOptions, openStoreFile, openZarr } from './stores.js';
import { isRasterEntry, openZipEntry } from './zip-entry.js';

/** Node's `openRaster`. */
export async function openAnyRaster(path: string, options: OpenRasterOptions = {}): Promise<Raster> {
  const { place, fragment, isStore } = await placeOf(path);
  const variable = options.variable ?? fragment;
  if (isStore) {
    await refuseOtherFolder(place);
    return openVariable(await openZarr(place, options), variable, options);
  }
  const source = await openSource(place, options);
  return orDispose(source, async () => {
    const kind = await kindOfSource(source, options.signal);
    if (kind === null) return openGeoTiff(source, place, options);
    if (kind === 'jpeg2000') {
      return Jp2Raster.open(source, { ...options, pam: await pamBeside(place, options) });
    }
    if (kind === 'npy') return openNpyArray(source, options);
    if (kind === 'zip') {
      if (variable !== undefined && isRasterEntry(variable)) {
        return openEntry(await openZipEntry(source, variable), options);
      }
      if (/\.npz$/i.test(place)) return openNpz(source, variable, options);
      await requireZarrInside(source);
    }
    return openVariable(await openStoreFile(source, kind, place, options), variable, options);
  });
}

/** An array of a `.npz` file, by its name. */
async function openNpz(
  source: ByteSource,
  variable: string | undefined,
  options: OpenRasterOptions,
): Promise<Raster> {
  if (variable === undefined) {
    const { entries } = await openZip(source);
    const names = [...entries.keys()].slice(0, 20).map((key) => key.replace(/\.npy$/, ''));
    throw invalidInput(
      source.name,
      `is a .npz archive of the arrays ${names.join(', ')}`,
      `name the array, as ${source.name}#${names[0] ?? 'name'}`,
    );
  }
  const entry = await openZipEntry(source, variable.endsWith('.npy') ? variable : `${variable}.npy`);
  return openNpyArray(entry, options);
}

/** A `.npy` file as a store of one array. */
async function openNpyArray(source: ByteSource, options: OpenRasterOptions): Promise<Raster> {
  const array = await NpyArray.open(source, options.signal);
  const group = {
    name: array.name,
    format: '.npy',
    list: async () => [''],
    array: async (name: string) => (name === '' ? array : null),
    attributes: async () => ({}),
  };
  return openVariable(
    disposable(group, () => array.dispose()),
    '',
    options,
  );
}

/** @throws {TerrachipError} INVALID_INPUT for a zip file that is no Zarr store; the message names its images */
async function requireZarrInside(source: ByteSource): Promise<void> {
  const keys = [...(await openZip(source)).entries.keys()];
  if (keys.some((key) => ZARR_ROOT.test(key))) return;
  const images = keys.filter(isRasterEntry).slice(0, 20);
  const [problem, remedy] =
    images.length === 0
      ? ['is a zip file without a raster that is read', 'unpack it, and give a file of it']
      : [`is a zip file of the images ${images.join(', ')}`, `name one, as ${source.name}#${images[0]}`];
  throw invalidInput(source.name, problem, remedy);
}

/** @throws {TerrachipError} INVALID_INPUT for a folder that is no Zarr store, such as a Sentinel product */
async function refuseOtherFolder(path: string): Promise<void> {
  if (isUrl(path)) return;
  const names = await readdir(localPath(path)).catch((cause: unknown) => {
    throw cannotOpen(path, cause);
  });
  if (names.some((name) => ZARR_ROOT.test(name))) return;
  if (names.includes('manifest.safe') || /\.safe\/?$/i.test(path)) {
    throw invalidInput(
      path,
      'is a SAFE folder, a product of many rasters',
      'give one of the images in it, or make a catalog of it with catalog build',
    );
  }
  throw invalidInput(
    path,
    'is a folder and no Zarr store',
    'give a raster file, or the folder of a Zarr store',
  );
}

/** Opens an entry of a zip file, without sidecars. */
async function openEntry(source: ByteSource, options: OpenRasterOptions): Promise<Raster> {
  const kind = await kindOfSource(source, options.signal);
  return kind === 'jpeg2000' ? Jp2Raster.open(source, options) : GeoTiffRaster.open(source, options);
}

async function openGeoTiff(source: ByteSource, path: string, options: OpenRasterOptions): Promise<Raster> {
  const sidecars: Sidecars = {};
  try {
    if (!isUrl(path)) await openSidecars(localPath(path), sidecars, options);
    return await GeoTiffRaster.open(source, { ...options, sidecars, pam: await pamBeside(path, options) });
  } catch (error) {
    await Promise.all(Object.values(sidecars).map((opened) => opened.dispose()));
    options.signal?.throwIfAborted();
    throw (isTerrachipError(error, 'INVALID_INPUT') && (await foreignFormat(source, path))) || error;
  }
}

/** @param sidecars gets those that are there; the caller closes them, also after an error */
async function openSidecars(path: string, sidecars: Sidecars, options: OpenOptions): Promise<void> {
  const stem = path.replace(/\.[^./\\]*$/, '');
  const names: readonly [path: string, part: keyof Sidecars][] = [
    [`${path}.ovr`, 'overviews'],
    [`${path}.msk`, 'mask'],
    [`${path}.msk.ovr`, 'maskOverviews'],
    [`${stem}.tfw`, 'worldFile'],
    [`${stem}.tifw`, 'worldFile'],
    [`${stem}.tiffw`, 'worldFile'],
    [`${stem}.wld`, 'worldFile'],
  ];
  const found = await findBeside(
    path,
    names.map(([name]) => name),
  );
  for (const [k, sidecar] of found.entries()) {
    if (sidecar !== null) sidecars[names[k][1]] ??= await openSource(sidecar, options);
  }
}

/** The content of a local raster's `.aux.xml` file; null for none. */
async function pamBeside(path: string, options: OpenOptions): Promise<Pam | null> {
  if (isUrl(path)) return null;
  const local = localPath(path);
  const [beside] = await findBeside(local, [`${local}.aux.xml`]);
  if (beside === null) return null;
  const source = await openSource(beside, options);
  try {
    return await readPam(source, options.signal);
  } finally {
    await source.dispose();
  }
}

async function openVariable(
  group: ArrayGroup,
  variable: string | undefined,
  { signal, onProgress }: OpenRasterOptions,
): Promise<Raster> {
  return orDispose(group, () => ArrayRaster.open(group, { variable, signal, onProgress }));
}

/**
 * Opens a Zarr store, or a netCDF or HDF5 file, detected by content. Dispose the group when done.
 * @param path as for `openRaster`
 * @returns the group, the path before `#`, and the variable after it
 * @throws {TerrachipError} as `openRaster`, and INVALID_INPUT for a file that is no store of arrays
 */
export async function openStore(
  path: string,
  options: OpenStoreOptions = {},
): Promise<{ group: ArrayGroup; place: string; variable: string | undefined }> {
  const { place, fragment: variable, isStore } = await placeOf(path);
  if (isStore) return { group: await openZarr(place, options), place, variable };
  const source = await openSource(place, options);
  return orDispose(source, async () => {
    const kind = await kindOfSource(source, options.signal);
    if (kind === 'zip' || kind === 'netcdf3' || kind === 'hdf5') {
      return { group: await openStoreFile(source, kind, place, options), place, variable };
    }
    throw invalidInput(place, 'is no Zarr store, netCDF or HDF5 file', 'check the path');
  });
}

/** A path before its last `#`, and what follows; the whole path if a file has that name. */
async function placeOf(
  path: string,
): Promise<{ place: string; fragment: string | undefined; isStore: boolean }> {
  const at = path.lastIndexOf('#');
  const whole = at < 0 || (!isUrl(path) && (await stat(localPath(path)).catch(() => null)) !== null);
  const place = whole ? path : path.slice(0, at);
  return {
    place,
    fragment: whole ? undefined : decodeURIComponent(path.slice(at + 1)),
    isStore: isUrl(place) ? /\.zarr(\/|$)/i.test(new URL(place).pathname) : await isFolder(place),
  };
}
