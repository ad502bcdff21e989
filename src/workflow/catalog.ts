/** Catalogs as files: asked, intersected, united and described. */

import { isParquetPath } from '../catalog/node/any-catalog-file.js';
import {
  type Dedupe,
  type GeoCatalog,
  loadCatalog,
  openCatalog,
  type PlaceAndTime,
  type Predicate,
  type Region,
} from '../catalog/node/index.js';
import { invalidOption } from '../errors.js';
import type { Bounds } from '../geo/index.js';
import type { OperationOptions } from '../progress.js';
import { readFeatures } from '../vector/node/index.js';

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
  /** Takes files of this machine and addresses of its network from a catalog on a server, too. */
  allowLocal?: boolean;
}

export interface QueryCatalogOptions extends OperationOptions, RowSelection {
  /** A catalog in GeoParquet or GeoJSON, or STAC items in JSON, by path or URL. */
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
      'bbox, geometry, datetime or where',
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
  option = 'crs',
): Promise<Region | null> {
  if (bbox !== undefined && geometry !== undefined) {
    throw invalidOption('bbox and geometry', 'both say where', 'give one of them');
  }
  if (bbox === undefined && crs !== undefined) {
    throw invalidOption(option, 'is that of `bbox`, which is missing', 'leave it out, or give `bbox`');
  }
  if (geometry !== undefined) return placeOfFile(geometry, signal);
  return bbox === undefined ? null : { geometry: bbox, crs };
}

/** The rows of a catalog, or of its file, that a selection means; all of them where it says nothing. */
export async function selectRows(
  catalog: string | GeoCatalog,
  { datetime, where, predicate, touch, allowLocal }: RowSelection,
  region: Region | null,
  signal?: AbortSignal,
): Promise<GeoCatalog> {
  const read = { signal, allowLocal };
  const place: PlaceAndTime = { ...region, interval: datetime };
  const how = { predicate, touch };
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

export interface IntersectCatalogsOptions extends OperationOptions {
  first: string;
  second: string;
  /** Pairs of any time. */
  spatialOnly?: boolean;
  /** As in `RowSelection`. */
  allowLocal?: boolean;
}

/** The overlaps of two catalogs' rows, and in a sentence why there are so many. */
export async function intersectCatalogFiles(
  options: IntersectCatalogsOptions,
): Promise<{ catalog: GeoCatalog; explanation: string }> {
  const read = { signal: options.signal, allowLocal: options.allowLocal };
  const first = await loadCatalog(options.first, read);
  const second = await loadCatalog(options.second, read);
  const catalog = first.intersect(second, { spatialOnly: options.spatialOnly ?? false });
  return { catalog, explanation: catalog.length > 0 ? '' : first.explainIntersection(second).message };
}

export interface UniteCatalogsOptions extends OperationOptions {
  catalogs: readonly string[];
  dedupe?: Dedupe;
  /** As in `RowSelection`. */
  allowLocal?: boolean;
}

/** The rows of several catalogs, the first one's first. */
export async function uniteCatalogFiles(options: UniteCatalogsOptions): Promise<GeoCatalog> {
  const read = { signal: options.signal, allowLocal: options.allowLocal };
  let united: GeoCatalog | null = null;
  for (const path of options.catalogs) {
    const next = await loadCatalog(path, read);
    united = united === null ? next : united.union(next, { dedupe: options.dedupe });
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
  options: OperationOptions & { /** As in `RowSelection`. */ allowLocal?: boolean } = {},
): Promise<CatalogReport> {
  const catalog = await loadCatalog(path, { signal: options.signal, allowLocal: options.allowLocal });
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
