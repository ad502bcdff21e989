/** Catalogs in files: GeoParquet by its ending, with an index beside it; GeoJSON and STAC items by their content. */
import { rm } from 'node:fs/promises';
import { invalidOption, isTerrachipError, requireChoice } from '../../errors.js';
import type { ReadOptions } from '../../io/index.js';
import { openSource } from '../../io/node/index.js';
import { CATALOG_FORMATS, requireEnding, requireWritable, writeAtomically } from '../../io/node/output.js';
import { isUrl, pathOf } from '../../io/open-url.js';
import type { Sink } from '../../parquet/sink-writer.js';
import { isStac } from '../../vector/geojson.js';
import type { GeoCatalog } from '../geo-catalog.js';
import { catalogOfGeoJson, featureWithAssets } from '../geojson-catalog.js';
import type { CatalogFile } from '../parquet/catalog-file.js';
import type { Fingerprint, IndexBuilder } from '../parquet/index-build.js';
import { attachIndexOf, indexPath, type OpenUrlOptions, openCatalogFile } from '../parquet/open.js';
import type { WriteOptions } from '../parquet/write.js';
import { catalogFromStac } from '../stac/catalog.js';
import type { HrefOptions } from '../stac/href.js';
import { readDocuments } from './documents.js';

const PARQUET = /\.(geo)?parquet$/i;

/** Text is written in pieces of about this many characters. */
const PIECE = 1 << 20;

/** Whether a path names a catalog in GeoParquet, by its ending. */
export function isParquetPath(path: string): boolean {
  return PARQUET.test(pathOf(path));
}

/** How `loadCatalog` reads a catalog of any format. */
export interface LoadCatalogOptions extends ReadOptions, HrefOptions {}

/**
 * Reads all of a catalog: GeoParquet that `writeCatalog` wrote or STAC-GeoParquet, GeoJSON that `saveCatalog` wrote, or
 * STAC items: one, a FeatureCollection, or one a line (`.ndjson`, `.jsonl`).
 * @throws {TerrachipError} as `openCatalog` and `catalogFromStac`, and TOO_LARGE for JSON above 64 MiB
 */
export async function loadCatalog(path: string, options: LoadCatalogOptions = {}): Promise<GeoCatalog> {
  if (!isParquetPath(path)) {
    const document = await readDocuments(path, options);
    const { allowLocal = false } = options;
    if (isStac(document)) return catalogFromStac(document, { source: path, allowLocal });
    return catalogOfGeoJson(document, path, { allowLocal });
  }
  const file = await openCatalog(path, { ...options, index: 'ignore' });
  try {
    return await file.load(options);
  } finally {
    await file.dispose();
  }
}

/**
 * Writes a catalog atomically, by the ending of its path: GeoParquet with an index beside it, or GeoJSON.
 * @throws {TerrachipError} INVALID_INPUT for another ending; DISK where the file cannot be written
 */
export async function saveCatalog(
  catalog: GeoCatalog,
  path: string,
  options: ReadOptions = {},
): Promise<void> {
  if (requireEnding(path, ...CATALOG_FORMATS) === 'GeoParquet') return writeCatalog(catalog, path, options);
  await requireWritable(path);
  await writeAtomically(path, async (file) => {
    let pending = '{"type":"FeatureCollection","features":[';
    let separator = '\n';
    for (const row of catalog) {
      pending += `${separator}${JSON.stringify(featureWithAssets(row))}`;
      separator = ',\n';
      if (pending.length < PIECE) continue;
      options.signal?.throwIfAborted();
      await file.appendFile(pending);
      pending = '';
    }
    await file.appendFile(`${pending}\n]}\n`);
  });
}

/** How `writeCatalog` writes its file. */
export interface WriteCatalogOptions extends WriteOptions {
  /** Whether to write an index beside the file, `NAME.index` (default true). */
  index?: boolean;
}

/**
 * Writes a catalog as GeoParquet 1.1 with an index beside it; each file is written atomically. The grid of an
 * asset is left out where its reference system has neither an EPSG code nor WKT.
 * @throws {TerrachipError} DISK where the file cannot be written; INVALID_INPUT for another format's ending, or properties
 * that are NaN or infinite
 */
export async function writeCatalog(
  catalog: GeoCatalog,
  path: string,
  { index = true, ...options }: WriteCatalogOptions = {},
): Promise<void> {
  // hyparquet-writer is loaded with the first file.
  const { writeParquet } = await import('../parquet/write.js');
  const written = await writeFile(path, options.signal, (sink) =>
    writeParquet(catalog, sink, { ...options, index }),
  );
  if (written.index !== null) await writeIndex(indexPath(path), written.index, written.fingerprint);
}

/**
 * Writes a catalog as STAC-GeoParquet, a column for each property and each kind of asset, for tools that read items.
 * Assets keep what a `CatalogAsset` holds. `openCatalog` reads it too.
 * @throws {TerrachipError} DISK; INVALID_INPUT for another format's ending, a row with an open time, which STAC lacks, or
 * properties with the name of a member; TOO_LARGE for too many kinds of assets and properties
 */
export async function writeStacGeoParquet(
  catalog: GeoCatalog,
  path: string,
  options: WriteOptions = {},
): Promise<void> {
  const { writeStacParquet } = await import('../parquet/stac-write.js');
  await writeFile(path, options.signal, (sink) => writeStacParquet(catalog, sink, options));
}

/** Writes a Parquet file atomically. */
async function writeFile<T>(
  path: string,
  signal: AbortSignal | undefined,
  write: (sink: Sink) => Promise<T>,
): Promise<T> {
  requireEnding(path, 'GeoParquet');
  await requireWritable(path);
  return writeAtomically(path, async (file) => {
    const result = await write((bytes) => file.writeFile(bytes));
    signal?.throwIfAborted();
    // The old index must not outlive the file that it belongs to.
    await rm(indexPath(path), { force: true });
    return result;
  });
}

/** How `openCatalog` opens a file or an address. */
export interface OpenCatalogOptions extends Omit<OpenUrlOptions, 'index'> {
  /**
   * `use` (default) uses an index beside the file, and throws if it is damaged or belongs to another version of the file;
   * `ignore` does not read it; `rebuild` builds it again if it is missing, damaged or out of date, for local files only.
   */
  index?: 'use' | 'ignore' | 'rebuild';
}

/**
 * Opens a catalog that `writeCatalog` wrote, or STAC-GeoParquet, from a path or a URL. Queries read only what they
 * need: rows of the index, then pages of the rows that they find.
 * @throws {TerrachipError} INVALID_INPUT for another or a damaged file or index; UNSUPPORTED for a newer version;
 * NOT_FOUND or NETWORK
 */
export async function openCatalog(path: string, options: OpenCatalogOptions = {}): Promise<CatalogFile> {
  const { index = 'use', signal } = options;
  requireChoice('index', index, ['use', 'ignore', 'rebuild']);
  if (index === 'rebuild' && isUrl(path)) {
    throw invalidOption('index', 'is "rebuild" for a file on a server', 'download the file first');
  }
  if (index !== 'rebuild') return openCatalogFile(openSource, path, { ...options, index });
  const file = await openCatalogFile(openSource, path, { ...options, index: 'ignore' });
  try {
    await rebuildIndex(file, path, options);
    return file;
  } catch (error) {
    await file.dispose();
    signal?.throwIfAborted();
    throw error;
  }
}

/** Uses the existing index, or builds it again if it does not belong to the file. */
async function rebuildIndex(file: CatalogFile, path: string, options: OpenCatalogOptions): Promise<void> {
  try {
    if (await attachIndexOf(file, openSource, path, options)) return;
  } catch (error) {
    if (!isTerrachipError(error, 'INVALID_INPUT')) throw error;
  }
  const beside = indexPath(path);
  await writeIndex(beside, await file.buildIndex(options), await file.fingerprint());
  await file.attachIndex(await openSource(beside, options), options);
}

async function writeIndex(path: string, index: IndexBuilder, fingerprint: Fingerprint): Promise<void> {
  await writeAtomically(path, async (handle) => {
    for (const part of index.finish(fingerprint)) await handle.writeFile(part);
  });
}
