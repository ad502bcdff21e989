import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { invalidInput, isTerrachipError, TerrachipError } from '../../errors.js';
import { type Bounds, Crs, type CrsLike } from '../../geo/index.js';
import type { ByteSource } from '../../io/index.js';
import { findBeside } from '../../io/node/beside.js';
import { cannotOpen, localPath } from '../../io/node/file.js';
import { type OpenOptions, openSource } from '../../io/node/index.js';
import { isUrl, pathOf } from '../../io/open-url.js';
import {
  type AreaFeatures,
  boundsAround,
  boundsOfFeature,
  type ParseVectorOptions,
  type ReadLayerOptions,
  requireAreas,
  type VectorFeatures,
  type WantedBounds,
} from '../features.js';
import { parseShapefile } from '../shapefile/index.js';
import { readArchive } from './archive.js';
import { MAX_WHOLE_BYTES, PARTS, type Part, readFormat, readParts, readWhole } from './formats.js';
import { readGeodatabase } from './geodatabase.js';

/** Which features of a file are read. */
export interface ReadVectorOptions extends OpenOptions, Omit<ParseVectorOptions, 'crs'> {
  /**
   * The CRS of files without one: a shapefile without .prj, GeoJSON or TopoJSON without a `crs` member, and others. A CRS
   * in the file takes precedence, with a warning if the two differ.
   */
  crs?: CrsLike;
  /**
   * Only features whose boxes touch these bounds. From a FlatGeobuf file or a GeoPackage with an index, or from
   * GeoParquet with a column of boxes, only those are fetched; other files are read whole.
   */
  bounds?: Bounds;
  /** The CRS of `bounds`; default: that of the file. In another CRS, features just outside may be included. */
  boundsCrs?: CrsLike;
  /** Reads the outlines of STAC items as features, although they are not labels (default false). */
  stac?: boolean;
}

const ENDINGS =
  /\.((geo)?json|nd(geo)?json|(geo)?jsonl|geojsons|json-seq|geojsonseq|topojson|fgb|gpkg|(geo)?parquet|shp|shz|gdb|(shp|gdb)\.zip)\/?$/i;

/** Whether a path or URL has the extension of a vector file. */
export function isVectorPath(path: string): boolean {
  return ENDINGS.test(pathOf(path));
}

/**
 * Reads polygons from a GeoJSON (also one per line), TopoJSON, FlatGeobuf, GeoPackage or GeoParquet file, a shapefile, or
 * an Esri file geodatabase.
 * @returns no polygons if none touches `bounds`
 * @throws {TerrachipError} as `readFeatures`, and INVALID_INPUT for a file with lines or points, or without features
 */
export async function readAreas(path: string, options: ReadVectorOptions = {}): Promise<AreaFeatures> {
  const found = await readFeatures(path, options);
  if (options.bounds !== undefined && found.features.length === 0) return { ...found, features: [] };
  return requireAreas(found);
}

/**
 * Reads the features of a vector file by path or URL: GeoJSON, TopoJSON, FlatGeobuf, GeoPackage, GeoParquet, shapefiles
 * (`.shp` with its `.shx`, `.dbf`, `.prj` and `.cpg` beside it in any case), and Esri file geodatabases with the optional
 * package gdal3.js; or one of these in a zip file. Empty geometries are left out. Unusable geometries are left out with a
 * warning: rings without area, positions that are not numbers, damaged geometries.
 * @throws {TerrachipError} NOT_FOUND, INVALID_INPUT, INVALID_OPTION for several layers without a choice,
 * UNSUPPORTED, TOO_LARGE above four million positions, MISSING_DEPENDENCY or NETWORK
 */
export async function readFeatures(path: string, options: ReadVectorOptions = {}): Promise<VectorFeatures> {
  const { layer, preferred, encoding, onProgress, signal, bounds } = options;
  const crs = options.crs === undefined ? undefined : Crs.parse(options.crs);
  const parse: ReadLayerOptions = { layer, preferred, crs, encoding, onProgress, signal };
  if (bounds === undefined) return readByEnding(path, parse, options);
  const from = options.boundsCrs === undefined ? null : Crs.parse(options.boundsCrs);
  const wanted: WantedBounds = (to) => (from === null ? bounds : boundsAround(bounds, from, to));
  const found = await readByEnding(path, { ...parse, bounds: wanted }, options);
  const [x0, y0, x1, y1] = wanted(found.crs);
  const features = found.features.filter((feature) => {
    const [minX, minY, maxX, maxY] = boundsOfFeature(feature);
    return minX <= x1 && maxX >= x0 && minY <= y1 && maxY >= y0;
  });
  return { ...found, features };
}

async function readByEnding(
  path: string,
  parse: ReadLayerOptions,
  options: ReadVectorOptions,
): Promise<VectorFeatures> {
  const place = pathOf(path);
  if (/\.gdb\/?$/i.test(place)) {
    if (isUrl(path)) {
      throw new TerrachipError(
        'UNSUPPORTED',
        `${path} is a file geodatabase on a web server`,
        'download it first',
        { feature: 'file geodatabases over HTTP' },
      );
    }
    const local = localPath(path).replace(/\/+$/, '');
    await stat(local).catch((cause: unknown) => {
      throw cannotOpen(local, cause);
    });
    return readGeodatabase(local, parse);
  }
  if (/\.shp$/i.test(place)) return readShapefileBeside(path, parse, options);
  return withSource(path, options, async (source) => {
    if (/\.(zip|shz)$/i.test(place)) return readArchive(source, parse, options);
    if (/\.gpkg$/i.test(place) && !isUrl(path)) await requireNoLog(localPath(path));
    return readFormat(source, place, parse, options);
  });
}

/** Opens a file, and closes it after use. */
async function withSource<T>(
  path: string,
  options: OpenOptions,
  use: (source: ByteSource) => Promise<T>,
): Promise<T> {
  const source = await openSource(path, options);
  try {
    return await use(source);
  } finally {
    await source.dispose();
  }
}

async function readShapefileBeside(
  path: string,
  parse: ParseVectorOptions,
  options: OpenOptions,
): Promise<VectorFeatures> {
  const read = (place: string, limit: number): Promise<Uint8Array> =>
    withSource(place, options, (source) => readWhole(source, limit, options.signal));
  const besides = await partsBeside(path);
  const beside = async (part: Part, limit: number): Promise<Uint8Array | null> => {
    for (const place of besides(part)) {
      try {
        return await read(place, limit);
      } catch (error) {
        if (!isTerrachipError(error, 'NOT_FOUND')) throw error;
      }
    }
    return null;
  };
  const shp = await read(path, MAX_WHOLE_BYTES);
  return parseShapefile(
    await readParts(shp, beside),
    path,
    basename(pathOf(path)).replace(/\.shp$/i, ''),
    parse,
  );
}

/** Possible paths of each part of a shapefile, with the extension in any case. */
async function partsBeside(path: string): Promise<(part: Part) => readonly string[]> {
  if (isUrl(path)) {
    const isUpper = /\.SHP(\?|$)/.test(path);
    return (part) => {
      const endings = isUpper ? [part.toUpperCase(), part] : [part, part.toUpperCase()];
      return endings.map((ending) => path.replace(/\.shp(?=\?|$)/i, `.${ending}`));
    };
  }
  const local = localPath(path);
  const wanted = PARTS.map((part) => local.replace(/\.shp$/i, `.${part}`));
  const found = await findBeside(local, wanted);
  return (part) => [found[PARTS.indexOf(part)]].filter((place) => place !== null);
}

/** Rows still in the write-ahead log would silently be missing. */
async function requireNoLog(path: string): Promise<void> {
  const log = await stat(`${path}-wal`).catch(() => null);
  if (log !== null && log.size > 0) {
    throw invalidInput(
      path,
      'has a write-ahead log beside it, whose rows are not in the file yet',
      'close the program that writes it, or run PRAGMA wal_checkpoint(TRUNCATE)',
    );
  }
}
