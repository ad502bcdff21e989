/** Which arrays of a store are rasters, and the one that is meant. */

import { invalidInput, isTerrachipError, TerrachipError } from '../../errors.js';
import { sizeOf } from '../../geo/dtype.js';
import type { OnProgress } from '../../progress.js';
import type { ArrayGroup, StoredArray } from '../arrays/index.js';

import { namesOf } from './attributes.js';
import { sideOf, spatialAxes } from './coordinates.js';
import { spatialAttributes } from './georeference.js';
import { levelsOf } from './multiscales.js';

/** Names in a message. */
const SHOWN = 20;

/**
 * The paths of the arrays that can be opened as rasters: those of numbers with axes for y and x, or, where there is
 * none, those of numbers with two axes or more. Coordinates, bounds and reduced versions are left out. An array that
 * cannot be read is left out with a warning.
 */
export async function rasterVariables(group: ArrayGroup, onProgress?: OnProgress): Promise<string[]> {
  const arrays: StoredArray[] = [];
  const helpers = new Set<string>();
  let problem: TerrachipError | null = null;
  for (const path of await group.list()) {
    const array = await group.array(path).catch((error: unknown) => {
      if (!isTerrachipError(error) || error.code === 'NETWORK') throw error;
      problem ??= error;
      onProgress?.({ type: 'warning', message: `left out: ${error.message}` });
      return null;
    });
    if (array === null) continue;
    arrays.push(array);
    for (const attribute of ['coordinates', 'bounds', 'grid_mapping']) {
      for (const name of namesOf(array.attributes, attribute)) helpers.add(lastPart(name));
    }
  }
  const numbers = arrays.filter(
    (array) =>
      array.dtype !== null &&
      array.shape.length >= 2 &&
      sizeOf(array.shape) > 0 &&
      !helpers.has(lastPart(array.path)),
  );
  if (numbers.length === 0 && problem !== null) throw problem;
  const placed: string[] = [];
  for (const array of numbers) {
    if ((await spatialAxes(group, array, await spatialAttributes(group, array))) !== null)
      placed.push(array.path);
  }
  if (placed.length > 0) return withoutReduced(group, placed);
  // Latitudes and longitudes of a swath are no images, though nothing names them.
  const images = numbers.filter((array) => sideOf(lastPart(array.path), array.attributes) === null);
  return withoutReduced(
    group,
    (images.length > 0 ? images : numbers).map(({ path }) => path),
  );
}

/** The name at the end of a path. */
function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The arrays that would be rasters if their types were read, with these; empty for none. */
async function unreadTypes(group: ArrayGroup): Promise<string> {
  const found: string[] = [];
  for (const path of await group.list()) {
    const array = await group.array(path).catch(() => null);
    if (array === null || array.dtype !== null || array.shape.length < 2) continue;
    if (!['string', 'char'].includes(array.storedType)) found.push(`${path} holds ${array.storedType}`);
  }
  return found.slice(0, SHOWN).join(', ');
}

/** The arrays that would be rasters if they had values, with their shapes; empty for none. */
async function emptyArrays(group: ArrayGroup): Promise<string> {
  const found: string[] = [];
  for (const path of await group.list()) {
    const array = await group.array(path).catch(() => null);
    if (array === null || array.dtype === null || array.shape.length < 2 || sizeOf(array.shape) > 0) continue;
    found.push(`${path} has the shape ${array.shape.join(' × ')}`);
  }
  return found.slice(0, SHOWN).join(', ');
}

/** Of the levels of one variable only the largest. */
async function withoutReduced(group: ArrayGroup, paths: readonly string[]): Promise<string[]> {
  const kept = await Promise.all(
    paths.map(async (path) => {
      const [largest] = await levelArrays(group, path);
      return largest === undefined || largest.array.path === path ? [path] : [];
    }),
  );
  return kept.flat();
}

/** A variable's levels, the largest first; empty for a variable without. */
export async function levelArrays(
  group: ArrayGroup,
  path: string,
): Promise<{ array: StoredArray; attributes: Readonly<Record<string, unknown>> }[]> {
  const levels = (await levelsOf(group, path)) ?? [];
  const found = await Promise.all(
    levels.map(async ({ path: level, attributes }) => {
      const array = await group.array(level);
      return array === null ? [] : [{ array, attributes }];
    }),
  );
  return found.flat().sort((a, b) => sizeOf(b.array.shape) - sizeOf(a.array.shape));
}

/**
 * The array to open as a raster.
 * @param variable its path, or its name where only one array has it; default: the only one there is
 * @throws {TerrachipError} NOT_FOUND, or INVALID_OPTION where there are several to choose from
 */
export async function chooseVariable(
  group: ArrayGroup,
  variable?: string,
  onProgress?: OnProgress,
): Promise<StoredArray> {
  if (variable !== undefined) {
    const path = variable.replace(/^\/+|\/+$/g, '');
    const named = await group.array(path);
    if (named !== null) return named;
  }
  const paths = await rasterVariables(group, onProgress);
  const wanted =
    variable === undefined ? paths : (await group.list()).filter((path) => path.endsWith(`/${variable}`));
  if (wanted.length === 1) {
    const array = await group.array(wanted[0]);
    if (array !== null) return array;
  }
  if (variable === undefined && wanted.length === 0) {
    const unread = await unreadTypes(group);
    if (unread !== '') {
      throw new TerrachipError(
        'UNSUPPORTED',
        `${group.name} holds no array that terrachip reads: ${unread}`,
        'store it as another type, such as float32',
        { feature: 'types of arrays' },
      );
    }
    const empty = await emptyArrays(group);
    throw invalidInput(
      group.name,
      empty === '' ? 'holds no array of numbers with two axes or more' : `holds no pixels: ${empty}`,
      'check the file',
    );
  }
  const shown = paths.length > SHOWN ? `${paths.slice(0, SHOWN).join(', ')}, …` : paths.join(', ');
  if (variable !== undefined && wanted.length === 0) {
    throw new TerrachipError(
      'NOT_FOUND',
      `${group.name} has no variable "${variable}"`,
      `choose one of ${shown === '' ? 'its arrays' : shown}`,
      { source: `${group.name}#${variable}` },
    );
  }
  const options = variable === undefined ? shown : wanted.join(', ');
  throw new TerrachipError(
    'INVALID_OPTION',
    `${group.name} holds ${wanted.length} rasters`,
    `name one as in "${group.name}#${wanted[0]}": ${options}`,
    { option: 'variable' },
  );
}
