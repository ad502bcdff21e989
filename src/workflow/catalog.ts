/** Catalog files: query, intersection, union and description. */

import {
  type Dedupe,
  type GeoCatalog,
  loadCatalog,
  openCatalog,
  type PlaceAndTime,
  type Predicate,
  type Region,
} from '../catalog/node/index.js';
import { isParquetPath } from '../catalog/node/open-save.js';
import { invalidOption } from '../errors.js';
import type { Bounds } from '../geo/index.js';
import type { OperationOptions } from '../progress.js';
import { readFeatures } from '../vector/node/index.js';

/** A selection of catalog rows by place, time and properties. */
export interface RowSelection {
  /** In `crs`. In degrees, west > east crosses the antimeridian. */
  bbox?: Bounds;
  /** Default: longitude and latitude. */
  crs?: string;
  /** A vector file; its features are the query geometry. */
  geometry?: string;
  /** `2021-07-15`, `2021-07-01/2021-07-31`, `2021-07-01/..` */
  datetime?: string;
  predicate?: Predicate;
  touch?: boolean;
  /** A condition on fields and properties. */
  where?: string;
  /** For a catalog on a server: accept hrefs to local files and to addresses in the local network. */
  allowLocal?: boolean;
}

export interface QueryCatalogOptions extends OperationOptions, RowSelection {
  /** A catalog in GeoParquet or GeoJSON, or STAC items in JSON, by path or URL. */
  catalog: string;
}

/**
 * The selected rows of a catalog file; without a condition all of them. From GeoParquet only these are read.
 * @throws {TerrachipError} INVALID_OPTION with both `bbox` and `geometry`; as `GeoCatalog.query`
 */
export async function queryCatalogFile(options: QueryCatalogOptions): Promise<GeoCatalog> {
  const place = await readPlace(options, options.signal);
  return selectRows(options.catalog, options, place, options.signal);
}

/**
 * The region of a selection; null without `bbox` and `geometry`.
 * @param option the name of the option `crs` in messages
 * @throws {TerrachipError} INVALID_OPTION for both `bbox` and `geometry`, or `crs` without `bbox`
 */
export async function readPlace(
  { bbox, crs, geometry }: RowSelection,
  signal?: AbortSignal,
  option = 'crs',
): Promise<Region | null> {
  if (bbox !== undefined && geometry !== undefined) {
    throw invalidOption('bbox and geometry', 'cannot be combined', 'give one of them');
  }
  if (bbox === undefined && crs !== undefined) {
    throw invalidOption(option, 'is the CRS of `bbox`, which is missing', 'leave it out, or give `bbox`');
  }
  if (geometry !== undefined) return placeOfFile(geometry, signal);
  return bbox === undefined ? null : { geometry: bbox, crs };
}

/** The selected rows of a catalog or catalog file; without a condition all rows. */
export async function selectRows(
  catalog: string | GeoCatalog,
  { datetime, where, predicate, touch, allowLocal }: RowSelection,
  region: Region | null,
  signal?: AbortSignal,
): Promise<GeoCatalog> {
  const read = { signal, allowLocal };
  const place: PlaceAndTime = { ...region, interval: datetime };
  const relation = { predicate, touch };
  const isPlaced = region !== null || datetime !== undefined;
  let selected: GeoCatalog;
  if (isPlaced && typeof catalog === 'string' && isParquetPath(catalog)) {
    await using file = await openCatalog(catalog, read);
    selected = await file.query(place, { ...relation, ...read });
  } else {
    const all = typeof catalog === 'string' ? await loadCatalog(catalog, read) : catalog;
    selected = isPlaced ? all.query(place, relation) : all;
  }
  return where === undefined || selected.length === 0 ? selected : selected.where(where);
}

async function placeOfFile(path: string, signal: AbortSignal | undefined): Promise<Region> {
  const { crs, features } = await readFeatures(path, { signal, stac: true });
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

export interface IntersectCatalogsOptions extends OperationOptions, Pick<RowSelection, 'allowLocal'> {
  first: string;
  second: string;
  /** Ignore time: pair rows of any dates. */
  spatialOnly?: boolean;
}

/** The intersection of two catalogs; if it is empty, a sentence that explains why. */
export async function intersectCatalogFiles(
  options: IntersectCatalogsOptions,
): Promise<{ catalog: GeoCatalog; explanation: string }> {
  const first = await loadCatalog(options.first, options);
  const second = await loadCatalog(options.second, options);
  const catalog = first.intersect(second, { spatialOnly: options.spatialOnly ?? false });
  return { catalog, explanation: catalog.length > 0 ? '' : first.explainIntersection(second).message };
}

export interface UniteCatalogsOptions extends OperationOptions, Pick<RowSelection, 'allowLocal'> {
  catalogs: readonly string[];
  dedupe?: Dedupe;
}

/** The union of several catalogs, in their order. */
export async function uniteCatalogFiles(options: UniteCatalogsOptions): Promise<GeoCatalog> {
  let united: GeoCatalog | null = null;
  for (const path of options.catalogs) {
    const next = await loadCatalog(path, options);
    united = united === null ? next : united.union(next, { dedupe: options.dedupe });
  }
  if (united === null) throw invalidOption('catalogs', 'are missing', 'name two or more');
  return united;
}

export interface CatalogReport {
  path: string;
  count: number;
  /** In longitude and latitude; null for an empty catalog. */
  bbox: Bounds | null;
  interval: [string, string] | null;
  /** Rows without a date. */
  static: number;
  collections: Record<string, number>;
  /** Number of assets by CRS. */
  crs: Record<string, number>;
  assets: string[];
  properties: string[];
}

/** Describes a catalog file. */
export async function describeCatalogFile(
  path: string,
  options: OperationOptions & Pick<RowSelection, 'allowLocal'> = {},
): Promise<CatalogReport> {
  const catalog = await loadCatalog(path, options);
  const collections = new Map<string, number>();
  const systems = new Map<string, number>();
  const assets = new Set<string>();
  const properties = new Set<string>();
  let withoutDate = 0;
  for (const row of catalog) {
    count(collections, row.collection);
    if (row.interval.start === -Infinity && row.interval.end === Infinity) withoutDate++;
    for (const name of Object.keys(row.properties)) properties.add(name);
    for (const [name, { geobox }] of Object.entries(row.assets)) {
      assets.add(name);
      if (geobox !== undefined) count(systems, String(geobox.crs));
    }
  }
  return {
    path,
    count: catalog.length,
    bbox: catalog.bounds,
    interval: catalog.temporalExtent?.toJSON() ?? null,
    static: withoutDate,
    collections: Object.fromEntries(collections),
    crs: Object.fromEntries(systems),
    assets: [...assets].sort(),
    properties: [...properties].sort(),
  };
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
