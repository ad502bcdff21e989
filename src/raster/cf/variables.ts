/** The rasters among a store's arrays, and the choice of one. */

import * as v from 'valibot';
import { invalidInput, isTerrachipError, TerrachipError, unsupported } from '../../errors.js';
import { sizeOf } from '../../geo/dtype.js';
import type { OnProgress } from '../../progress.js';
import type { ArrayGroup, Attributes, StoredArray } from '../arrays/index.js';

import { namesOf } from './attributes.js';
import { groupsAround, sideOf, spatialAxes } from './coordinates.js';
import { spatialAttributes } from './georeference.js';

/** The most names in a message. */
const SHOWN = 20;

/**
 * The paths of the arrays that can be opened as rasters: numeric ones with y and x axes, or if there are none, numeric
 * ones with two axes or more. Coordinates, bounds and overviews are left out. An unreadable array is left out with a
 * warning.
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
  // Latitudes and longitudes of a swath are no images.
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

/** Descriptions of the arrays of two axes or more, for a message; empty for none. */
async function describeArrays(
  group: ArrayGroup,
  describe: (array: StoredArray) => string | null,
): Promise<string> {
  const found: string[] = [];
  for (const path of await group.list()) {
    const array = await group.array(path).catch(() => null);
    const text = array === null || array.shape.length < 2 ? null : describe(array);
    if (text !== null) found.push(`${path} ${text}`);
  }
  return found.slice(0, SHOWN).join(', ');
}

/** Keeps only the largest level of each variable. */
async function withoutReduced(group: ArrayGroup, paths: readonly string[]): Promise<string[]> {
  const kept = await Promise.all(
    paths.map(async (path) => {
      const [largest] = await levelArrays(group, path);
      return largest === undefined || largest.array.path === path ? [path] : [];
    }),
  );
  return kept.flat();
}

/** A variable's levels, the largest first; empty for none. */
export async function levelArrays(
  group: ArrayGroup,
  path: string,
): Promise<{ array: StoredArray; attributes: Attributes }[]> {
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
 * @param variable its path, or a name that only one array has; default: the only raster
 * @throws {TerrachipError} NOT_FOUND, INVALID_INPUT or UNSUPPORTED for no raster, INVALID_OPTION for several
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
    const unread = await describeArrays(group, ({ dtype, storedType }) =>
      dtype === null && !['string', 'char'].includes(storedType) ? `holds ${storedType}` : null,
    );
    if (unread !== '') {
      throw unsupported(
        'types of arrays',
        `${group.name} holds no array that terrachip reads: ${unread}`,
        'store it as another type, such as float32',
      );
    }
    const empty = await describeArrays(group, ({ dtype, shape }) =>
      dtype !== null && sizeOf(shape) === 0 ? `has the shape ${shape.join(' × ')}` : null,
    );
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

/** The convention of 2025, and the earlier list of datasets. */
const LayoutSchema = v.object({ layout: v.array(v.looseObject({ asset: v.string() })) });
const Datasets = v.array(v.object({ datasets: v.array(v.looseObject({ path: v.string() })) }));

interface MultiscaleLevel {
  /** The array's path. */
  readonly path: string;
  /** The layout's attributes of this level. */
  readonly attributes: Attributes;
}

/** All levels of a variable, itself included, in the listed order; null for none. */
async function levelsOf(group: ArrayGroup, path: string): Promise<MultiscaleLevel[] | null> {
  for (const folder of groupsAround(path)) {
    const assets = assetsOf(await group.attributes(folder));
    const start = folder === '' ? '' : `${folder}/`;
    const own = assets.find(({ asset }) => `${path}/`.startsWith(`${start}${asset}/`));
    if (own === undefined) continue;
    const rest = path.slice(`${start}${own.asset}`.length);
    return assets.map(({ asset, attributes }) => ({ path: `${start}${asset}${rest}`, attributes }));
  }
  return null;
}

function assetsOf(attributes: Attributes): { asset: string; attributes: Attributes }[] {
  const layout = v.safeParse(LayoutSchema, attributes.multiscales);
  if (layout.success) return layout.output.layout.map((entry) => ({ asset: entry.asset, attributes: entry }));
  const datasets = v.safeParse(Datasets, attributes.multiscales);
  if (!datasets.success) return [];
  return datasets.output[0]?.datasets.map(({ path }) => ({ asset: path, attributes: {} })) ?? [];
}
