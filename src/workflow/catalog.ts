/** Catalogs as files: built, asked, intersected, united and described. */
import { resolve } from 'node:path';
import {
  type BuiltCatalog,
  buildRasterCatalog,
  buildVectorCatalog,
  buildZarrCatalog,
  type Dedupe,
  type GeoCatalog,
  isParquetPath,
  loadCatalog,
  openCatalog,
  type PlaceAndTime,
  type Predicate,
  type Region,
  requireCatalogPath,
  saveCatalog,
} from '../catalog/node/index.js';
import { invalidOption } from '../errors.js';
import type { Bounds } from '../geo/index.js';
import { isUrl } from '../io/node/index.js';
import type { OperationOptions } from '../progress.js';
import { isVectorPath, readFeatures } from '../vector/node/index.js';

export const CATALOG_TYPES = ['raster', 'zarr', 'vector'] as const;
export type CatalogType = (typeof CATALOG_TYPES)[number];

export interface BuildCatalogOptions extends OperationOptions {
  /** Paths, patterns, folders or URLs. */
  inputs: readonly string[];
  /** The catalog to write: GeoParquet or GeoJSON, by its ending. */
  output: string;
  /** Default: by the endings of the inputs, `raster` for folders. */
  type?: CatalogType;
  filenameRegex?: string;
  dateFormat?: string;
  collection?: string;
  concurrency?: number;
  /** Ends with the first file that cannot be read, instead of leaving it out. */
  strict?: boolean;
  /** Of rasters. */
  bandNames?: readonly string[];
  /** Of stores of arrays. */
  variables?: readonly string[];
  /** A row a `store` or a `step` of time; a row a `file` or a `feature`. */
  rows?: 'store' | 'step' | 'file' | 'feature';
  /** Of vector files. */
  layer?: string;
  sourceCrs?: string;
  dateProperty?: readonly string[];
  idProperty?: string;
}

export interface BuildCatalogReport {
  output: string;
  type: CatalogType;
  count: number;
  /** Files that are left out, since they cannot be read. */
  unreadable: { path: string; problem: string }[];
  /** Files whose names the expression does not match. */
  unmatched: readonly string[];
}

/**
 * Builds a catalog and writes it. Paths in it are absolute.
 * @throws {TerrachipError} as the builders; INVALID_OPTION for options that the type does not have
 */
export async function buildCatalogFile(options: BuildCatalogOptions): Promise<BuildCatalogReport> {
  const { output, signal } = options;
  requireCatalogPath(output, '--output');
  const type = options.type ?? typeOf(options.inputs);
  requireOwnOptions(type, options);
  const inputs = options.inputs.map((input) =>
    isUrl(input) || input.startsWith('file:') ? input : resolve(input),
  );
  const built = await build(type, inputs, options);
  await saveCatalog(built.catalog, output, signal === undefined ? {} : { signal });
  return {
    output,
    type,
    count: built.catalog.length,
    unreadable: built.unreadable.map(({ path, error }) => ({ path, problem: error.message })),
    unmatched: built.unmatched,
  };
}

function build(
  type: CatalogType,
  inputs: readonly string[],
  options: BuildCatalogOptions,
): Promise<BuiltCatalog> {
  const { collection, concurrency, signal, onProgress, rows, dateProperty, sourceCrs } = options;
  const common = given({ collection, concurrency, signal, onProgress });
  const onUnreadable = options.strict === true ? 'throw' : 'report';
  const names = given({ filenameRegex: options.filenameRegex, dateFormat: options.dateFormat });
  if (type === 'raster') {
    const bandNames = given({ bandNames: options.bandNames });
    return buildRasterCatalog(inputs, { ...common, ...names, ...bandNames, onUnreadable });
  }
  if (type === 'zarr') {
    const isStep = given({ rows: rows === 'step' || rows === 'store' ? rows : undefined });
    return buildZarrCatalog(inputs, {
      ...common,
      ...isStep,
      ...given({ variables: options.variables }),
      onUnreadable,
    });
  }
  const [start, end] = dateProperty ?? [];
  const dates =
    start === undefined ? {} : { dateProperty: end === undefined ? start : ([start, end] as const) };
  return buildVectorCatalog(inputs, {
    ...common,
    ...names,
    ...dates,
    ...given({
      rows: rows === 'feature' || rows === 'file' ? rows : undefined,
      layer: options.layer,
      crs: sourceCrs,
      idProperty: options.idProperty,
    }),
    onUnreadable,
  });
}

/** Options without those that are undefined. */
function given<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

const STORE = /\.(zarr|zarr\.zip|nc|nc4|cdf|h5|hdf5?|he5)(\/|#.*)?$/i;

function typeOf(inputs: readonly string[]): CatalogType {
  const types = new Set(
    inputs.map((input): CatalogType => {
      if (isVectorPath(input)) return 'vector';
      return STORE.test(input) ? 'zarr' : 'raster';
    }),
  );
  const [type = 'raster', other] = types;
  if (other !== undefined) {
    throw invalidOption('--type', 'cannot be told from inputs of several kinds', 'build a catalog of each');
  }
  return type;
}

const OWN_OPTIONS: Readonly<Record<CatalogType, readonly (keyof BuildCatalogOptions)[]>> = {
  raster: ['filenameRegex', 'dateFormat', 'bandNames'],
  zarr: ['variables', 'rows'],
  vector: ['filenameRegex', 'dateFormat', 'rows', 'layer', 'sourceCrs', 'dateProperty', 'idProperty'],
};

const OPTION_NAMES: Readonly<Partial<Record<keyof BuildCatalogOptions, string>>> = {
  filenameRegex: '--regex',
  dateFormat: '--date-format',
  bandNames: '--band-names',
  variables: '--variables',
  rows: '--rows',
  layer: '--layer',
  sourceCrs: '--source-crs',
  dateProperty: '--date-property',
  idProperty: '--id-property',
};

function requireOwnOptions(type: CatalogType, options: BuildCatalogOptions): void {
  for (const [key, option = ''] of Object.entries(OPTION_NAMES)) {
    const name = key as keyof BuildCatalogOptions;
    if (options[name] === undefined || OWN_OPTIONS[type].includes(name)) continue;
    throw invalidOption(option, `has no meaning for a catalog of type ${type}`, 'leave it out');
  }
  const { rows } = options;
  const allowed = type === 'zarr' ? ['store', 'step'] : ['file', 'feature'];
  if (rows !== undefined && !allowed.includes(rows)) {
    throw invalidOption(
      '--rows',
      `cannot be ${rows} for type ${type}`,
      `choose one of ${allowed.join(', ')}`,
    );
  }
}

/** Which rows of a catalog are meant: where, when and what. */
export interface RowSelection {
  /** In `crs`; in degrees, a west greater than the east crosses the antimeridian. */
  bbox?: Bounds;
  /** Default: longitude and latitude. */
  crs?: string;
  /** A vector file whose features are the place. */
  geometry?: string;
  /** `2021-07-15`, `2021-07-01/2021-07-31`, `2021-07-01/..` */
  datetime?: string;
  predicate?: Predicate;
  touch?: boolean;
  /** A condition on fields and properties. */
  where?: string;
}

export interface QueryCatalogOptions extends OperationOptions, RowSelection {
  /** A catalog in GeoParquet or GeoJSON, by path or URL. */
  catalog: string;
}

/**
 * The rows of a catalog file at a place and a time. Of GeoParquet only these are read.
 * @throws {TerrachipError} INVALID_OPTION where nothing is asked, or two places are; as `GeoCatalog.query`
 */
export async function queryCatalogFile(options: QueryCatalogOptions): Promise<GeoCatalog> {
  const { catalog, bbox, geometry, datetime, where, signal } = options;
  if ((bbox ?? geometry ?? datetime ?? where) === undefined) {
    throw invalidOption(
      '--bbox, --geometry, --datetime or --where',
      'is needed',
      'say where, when or what; terrachip catalog info describes the whole',
    );
  }
  const place = await readPlace(options, signal);
  return selectRows(catalog, options, place, signal);
}

/**
 * The place that a selection names; null for any.
 * @param option what says the CRS of `bbox`, for messages
 * @throws {TerrachipError} INVALID_OPTION for two places, or the CRS of none
 */
export async function readPlace(
  { bbox, crs, geometry }: RowSelection,
  signal?: AbortSignal,
  option = '--crs',
): Promise<Region | null> {
  if (bbox !== undefined && geometry !== undefined) {
    throw invalidOption('--bbox and --geometry', 'both say where', 'give one of them');
  }
  if (bbox === undefined && crs !== undefined) {
    throw invalidOption(option, 'is that of --bbox, which is missing', 'leave it out, or give --bbox');
  }
  if (geometry !== undefined) return placeOfFile(geometry, signal);
  return bbox === undefined ? null : { geometry: bbox, ...(crs === undefined ? {} : { crs }) };
}

/** The rows of a catalog, or of its file, that a selection means; all of them where it says nothing. */
export async function selectRows(
  catalog: string | GeoCatalog,
  { datetime, where, predicate, touch }: RowSelection,
  region: Region | null,
  signal?: AbortSignal,
): Promise<GeoCatalog> {
  const read = signal === undefined ? {} : { signal };
  const place: PlaceAndTime = { ...region, ...given({ interval: datetime }) };
  const how = given({ predicate, touch });
  const isPlaced = region !== null || datetime !== undefined;
  let found: GeoCatalog;
  if (isPlaced && typeof catalog === 'string' && isParquetPath(catalog)) {
    const file = await openCatalog(catalog, read);
    try {
      found = await file.query(place, { ...how, ...read });
    } finally {
      await file.dispose();
    }
  } else {
    const all = typeof catalog === 'string' ? await loadCatalog(catalog, read) : catalog;
    found = isPlaced ? all.query(place, how) : all;
  }
  return where === undefined || found.length === 0 ? found : found.where(where);
}

async function placeOfFile(path: string, signal: AbortSignal | undefined): Promise<Region> {
  const { crs, features } = await readFeatures(path, signal === undefined ? {} : { signal });
  const geometries = features.flatMap(({ polygons, lines, points }) => [
    { type: 'MultiPolygon', coordinates: polygons },
    { type: 'MultiLineString', coordinates: lines },
    { type: 'MultiPoint', coordinates: points },
  ]);
  return {
    geometry: {
      type: 'GeometryCollection',
      geometries: geometries.filter(({ coordinates }) => coordinates.length > 0),
    },
    crs,
  };
}

export interface IntersectCatalogsOptions extends OperationOptions {
  first: string;
  second: string;
  /** Pairs of any time. */
  spatialOnly?: boolean;
}

/** The overlaps of two catalogs' rows, and in a sentence why there are so many. */
export async function intersectCatalogFiles(
  options: IntersectCatalogsOptions,
): Promise<{ catalog: GeoCatalog; explanation: string }> {
  const read = options.signal === undefined ? {} : { signal: options.signal };
  const first = await loadCatalog(options.first, read);
  const second = await loadCatalog(options.second, read);
  const catalog = first.intersect(second, { spatialOnly: options.spatialOnly ?? false });
  return { catalog, explanation: catalog.length > 0 ? '' : first.explainIntersection(second).message };
}

export interface UniteCatalogsOptions extends OperationOptions {
  catalogs: readonly string[];
  dedupe?: Dedupe;
}

/** The rows of several catalogs, the first one's first. */
export async function uniteCatalogFiles(options: UniteCatalogsOptions): Promise<GeoCatalog> {
  const read = options.signal === undefined ? {} : { signal: options.signal };
  let united: GeoCatalog | null = null;
  for (const path of options.catalogs) {
    const next = await loadCatalog(path, read);
    united = united === null ? next : united.union(next, given({ dedupe: options.dedupe }));
  }
  if (united === null) throw invalidOption('catalogs', 'are missing', 'name two or more');
  return united;
}

export interface CatalogReport {
  path: string;
  count: number;
  /** Longitude and latitude; null for an empty catalog. */
  bbox: Bounds | null;
  interval: [string, string] | null;
  /** Rows without a date. */
  static: number;
  collections: Record<string, number>;
  /** Coordinate reference systems of assets, by how many have each. */
  crs: Record<string, number>;
  assets: string[];
  properties: string[];
}

/** Describes a catalog file. */
export async function describeCatalogFile(
  path: string,
  options: OperationOptions = {},
): Promise<CatalogReport> {
  const catalog = await loadCatalog(path, options.signal === undefined ? {} : { signal: options.signal });
  const collections: Record<string, number> = {};
  const systems: Record<string, number> = {};
  const assets = new Set<string>();
  const properties = new Set<string>();
  let withoutDate = 0;
  for (const row of catalog) {
    collections[row.collection] = (collections[row.collection] ?? 0) + 1;
    if (row.interval.start === -Infinity && row.interval.end === Infinity) withoutDate++;
    for (const name of Object.keys(row.properties)) properties.add(name);
    for (const [name, { geobox }] of Object.entries(row.assets)) {
      assets.add(name);
      if (geobox !== undefined) systems[String(geobox.crs)] = (systems[String(geobox.crs)] ?? 0) + 1;
    }
  }
  return {
    path,
    count: catalog.length,
    bbox: catalog.bounds,
    interval: catalog.temporalExtent?.toJSON() ?? null,
    static: withoutDate,
    collections,
    crs: systems,
    assets: [...assets].sort(),
    properties: [...properties].sort(),
  };
}
