/** A catalog of stores of arrays: Zarr, netCDF, HDF5. */
import { invalidInput } from '../../errors.js';
import { TimeInterval } from '../../geo/index.js';
import { rasterVariables } from '../../raster/cf/variables.js';
import { type ArrayGroup, ArrayRaster } from '../../raster/node/index.js';
import { openStore } from '../../raster/node/open.js';
import { noReference } from '../../raster/request.js';
import { largestOutline } from '../boxes.js';
import { withoutExtension } from '../name-pattern.js';
import { gridFootprint } from '../place.js';
import type { CatalogAsset, CatalogRow } from '../row.js';
import { bandsOf } from './build-raster.js';
import { findFiles } from './find-files.js';
import { fileName, groupItems } from './group-items.js';
import { type BuildOptions, type BuiltCatalog, builtCatalog, readEach } from './read-each.js';

/** Which arrays `buildZarrCatalog` reads, and how. */
export interface BuildZarrOptions extends BuildOptions {
  /** The arrays to include. Default: all georeferenced rasters. */
  variables?: readonly string[];
  /**
   * `store` (default): one row per store, from its first time to its last. `step`: one row per time step, whose assets have
   * the bands of that step.
   */
  rows?: 'store' | 'step';
  /** Extra headers for HTTP. */
  headers?: Readonly<Record<string, string>>;
}

const STORE_FILES = /\.(zarr|zarr\.zip|nc|nc4|cdf|h5|hdf5?|he5)\/?$/i;
const STORE_FOLDERS = /\.zarr\/?$/i;

/** One array of a store. */
interface Variable {
  readonly name: string;
  readonly asset: CatalogAsset;
  readonly footprint: CatalogRow['footprint'];
  /** The time of each band; null for bands without. */
  readonly times: readonly (TimeInterval | null)[];
}

interface Store {
  readonly path: string;
  readonly stem: string;
  readonly band: null;
  readonly variables: readonly Variable[];
  /** The time in the store's attributes, for arrays without one. */
  readonly declared: TimeInterval;
}

/**
 * A catalog of Zarr stores, netCDF and HDF5 files, from their metadata and coordinates: times by the CF conventions,
 * places by GeoZarr and CF grid mappings. Arrays without a time axis take `time_coverage_start` and `time_coverage_end` of
 * the store, or are static.
 * @param inputs paths, patterns, folders (searched with those inside), URLs, or `store.zarr#variable`
 * @throws {TerrachipError} NOT_FOUND for an input that names no store, INVALID_INPUT where no store can be read
 */
export async function buildZarrCatalog(
  inputs: string | readonly string[],
  options: BuildZarrOptions = {},
): Promise<BuiltCatalog> {
  const { signal, rows = 'store' } = options;
  const paths = await findFiles(inputs, { wanted: STORE_FILES, isStore: STORE_FOLDERS, signal });
  const { found, unreadable } = await readEach(paths, options, (path) => readStore(path, options));
  const items = groupItems(found.map(({ value }) => value));
  const all = items.flatMap(({ id, files }) =>
    files.flatMap((store) => (rows === 'store' ? [storeRow(id, store)] : stepRows(id, store))),
  );
  return builtCatalog(all, options, unreadable);
}

async function readStore(path: string, options: BuildZarrOptions): Promise<Store> {
  const { signal, headers, onProgress } = options;
  const { group, place, variable } = await openStore(path, { signal, headers });
  try {
    const wanted = options.variables ?? (variable === undefined ? undefined : [variable]);
    const names = wanted ?? (await rasterVariables(group, onProgress));
    if (names.length === 0) throw invalidInput(path, 'holds no array that is a raster', 'check the store');
    const variables: Variable[] = [];
    let problem: Error | null = null;
    for (const name of names) {
      const raster = await ArrayRaster.open(group, { variable: name, signal, onProgress });
      // Arrays that were not requested by name may have no place.
      if (raster.geobox === null) problem ??= noReference(raster);
      else variables.push(describe(raster, name, place));
      if (wanted !== undefined && problem !== null) throw problem;
    }
    if (variables.length === 0 && problem !== null) throw problem;
    const stem = withoutExtension(withoutExtension(fileName(place)));
    return {
      path,
      stem: variable === undefined ? stem : `${stem}#${variable}`,
      band: null,
      variables,
      declared: await declaredTime(group),
    };
  } finally {
    await group.dispose();
  }
}

function describe(raster: ArrayRaster, name: string, place: string): Variable {
  const { geobox } = raster;
  if (geobox === null) throw noReference(raster);
  const bands = bandsOf(raster, null);
  return {
    name,
    asset: { href: `${place}#${encodeURIComponent(name)}`, roles: ['data'], bands, geobox },
    footprint: gridFootprint(geobox, raster.name),
    times: bands.map(({ index }) => {
      const times = Object.values(raster.bandCoordinates(index));
      return times.find((value): value is TimeInterval => value instanceof TimeInterval) ?? null;
    }),
  };
}

/** As the attribute convention for data discovery (ACDD) writes it. */
async function declaredTime(group: ArrayGroup): Promise<TimeInterval> {
  const { time_coverage_start: start, time_coverage_end: end } = await group.attributes();
  if (typeof start !== 'string') return TimeInterval.always;
  try {
    return TimeInterval.parse(typeof end === 'string' ? `${start}/${end}` : start);
  } catch {
    // Free text, which cannot be compared.
    return TimeInterval.always;
  }
}

function storeRow(id: string, { path, variables, declared }: Store): CatalogRow {
  const times = variables.flatMap((variable) => variable.times).filter((time) => time !== null);
  const interval = times.length === 0 ? declared : times.reduce((a, b) => a.union(b));
  return rowOf(id, interval, path, variables);
}

function rowOf(id: string, interval: TimeInterval, href: string, variables: readonly Variable[]): CatalogRow {
  const footprint = largestOutline(variables.map((variable) => variable.footprint));
  const assets = Object.fromEntries(variables.map(({ name, asset }) => [name, asset]));
  return { id, collection: '', footprint, interval, href, assets, properties: {} };
}

/** A row for each time, in order. Arrays without a time are left out, unless none has a time. */
function stepRows(id: string, store: Store): CatalogRow[] {
  const steps = new Map<string, TimeInterval>();
  for (const { times } of store.variables) {
    for (const time of times) if (time !== null) steps.set(String(time), time);
  }
  if (steps.size === 0) return [storeRow(id, store)];
  const ordered = [...steps.values()].sort((a, b) => a.start - b.start || a.end - b.end);
  return ordered.map((step) => {
    const present = store.variables.flatMap((variable) => {
      const bands = (variable.asset.bands ?? []).filter((_, k) => variable.times[k]?.equals(step) === true);
      return bands.length === 0 ? [] : [{ ...variable, asset: { ...variable.asset, bands } }];
    });
    const moment = new Date(step.start).toISOString().replace(/\.000Z$/, 'Z');
    return rowOf(`${id}/${moment}`, step, present[0].asset.href, present);
  });
}
