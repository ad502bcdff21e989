/** Catalogs in files of any kind: GeoParquet by its ending, GeoJSON and STAC items by what they hold. */
import type { ReadOptions } from '../../io/index.js';
import { CATALOG_FORMATS, requireEnding, requireWritable, writeAtomically } from '../../io/node/output.js';
import { isUrl } from '../../io/open-url.js';
import { isStac } from '../../vector/geojson.js';
import type { GeoCatalog } from '../geo-catalog.js';
import { catalogOfGeoJson, featureWithAssets } from '../geojson-catalog.js';
import { catalogFromStac } from '../stac/catalog.js';
import type { HrefOptions } from '../stac/href.js';
import { openCatalog, writeCatalog } from './catalog-file.js';
import { readDocuments } from './documents.js';

const PARQUET = /\.(geo)?parquet$/i;

/** Text is written in pieces of about this many characters. */
const PIECE = 1 << 20;

/** Whether a path names a catalog in GeoParquet, by its ending. */
export function isParquetPath(path: string): boolean {
  return PARQUET.test(isUrl(path) ? new URL(path).pathname : path);
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
 * Writes a catalog by the ending of its path: GeoParquet with an index beside it, or GeoJSON, wholly or not at all.
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
