import { opendir, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { writeError } from './output.js';

/** A folder of more entries is not listed: asking for a few names is faster. */
const MAX_LISTED = 1000;

/** Files that GDAL writes beside a raster. They describe its pixels, so they must not outlive it. */
const RASTER_SIDECARS = ['.aux.xml', '.msk', '.ovr', '.msk.ovr'] as const;

/**
 * Files that belong to a file by their names, whatever the case of these.
 * @param path the file
 * @param names paths beside it, such as `scene.tfw` beside `scene.tif`
 * @returns for each name the path of the file that is there, or null; of several spellings the exact one counts
 */
export async function findBeside(path: string, names: readonly string[]): Promise<(string | null)[]> {
  const listed = await listFolder(dirname(path));
  if (listed === null) return Promise.all(names.map(findSpelling));
  const own = basename(path);
  const stem = own.replace(/\.[^.]*$/, '');
  // Beside `A.tif`, files of `a.tif` are only those that are spelled as it is.
  const hasTwin = listed.some((entry) => entry !== own && isSame(entry, own));
  return names.map((name) => {
    const wanted = basename(name);
    const found = listed.includes(wanted)
      ? wanted
      : listed.find((entry) => isSame(entry, wanted) && (!hasTwin || entry.startsWith(stem)));
    return found === undefined ? null : join(dirname(path), found);
  });
}

/** Files beside a raster that would describe a file that replaces it. */
export async function rasterSidecars(path: string): Promise<string[]> {
  const found = await findBeside(
    path,
    RASTER_SIDECARS.map((ending) => `${path}${ending}`),
  );
  return found.filter((each) => each !== null);
}

/**
 * Removes what belonged to the raster whose place `path` has taken.
 * @throws {TerrachipError} DISK for a file that stays, since it would describe the new pixels
 */
export async function removeSidecars(path: string): Promise<void> {
  // If one is removed, a file of the same name in another case would be used.
  for (let [found] = await rasterSidecars(path); found !== undefined; [found] = await rasterSidecars(path)) {
    const sidecar = found;
    await rm(sidecar).catch((cause: unknown) => {
      throw writeError(sidecar, cause);
    });
  }
}

function isSame(one: string, other: string): boolean {
  return one.length === other.length && one.toLowerCase() === other.toLowerCase();
}

/** The names in a folder; null for one that cannot be listed, or has too many. */
async function listFolder(folder: string): Promise<string[] | null> {
  const names: string[] = [];
  try {
    for await (const { name } of await opendir(folder, { bufferSize: 256 })) {
      if (names.push(name) > MAX_LISTED) return null;
    }
  } catch {
    return null;
  }
  return names;
}

/** A path as it is written, or with its ending in capitals. */
async function findSpelling(path: string): Promise<string | null> {
  for (const spelling of [path, path.replace(/\.(aux\.xml|[^./\\]+)$/, (ending) => ending.toUpperCase())]) {
    if ((await stat(spelling).catch(() => null)) !== null) return spelling;
  }
  return null;
}
