/** Catalogs in files of either kind, by their endings: GeoParquet and GeoJSON. */
import type { ReadOptions } from '../../io/index.js';
import {
  CATALOG_FORMATS,
  isUrl,
  openSource,
  readJson,
  requireEnding,
  requireWritable,
  writeAtomically,
} from '../../io/node/index.js';
import { parseJson } from '../../json.js';
import type { GeoCatalog } from '../geo-catalog.js';
import { catalogOfGeoJson, featureOfRow } from '../geojson-catalog.js';
import { openCatalog, writeCatalog } from './catalog-file.js';

const PARQUET = /\.(geo)?parquet$/i;

/** Text is written in pieces of about this many characters. */
const PIECE = 1 << 20;

/** Whether a path names a catalog in GeoParquet, by its ending. */
export function isParquetPath(path: string): boolean {
  return PARQUET.test(isUrl(path) ? new URL(path).pathname : path);
}

/**
 * Reads all of a catalog: GeoParquet that `writeCatalog` wrote or STAC-GeoParquet, or GeoJSON that `saveCatalog` wrote.
 * @throws {TerrachipError} as `openCatalog`, and TOO_LARGE for GeoJSON above 64 MiB
 */
export async function loadCatalog(path: string, options: ReadOptions = {}): Promise<GeoCatalog> {
  if (!isParquetPath(path)) {
    const document = isUrl(path) ? await readJsonUrl(path, options) : await readJson(path);
    return catalogOfGeoJson(document, path);
  }
  const file = await openCatalog(path, { ...options, index: 'ignore' });
  try {
    return await file.load(options);
  } finally {
    await file.dispose();
  }
}

async function readJsonUrl(url: string, options: ReadOptions): Promise<unknown> {
  const source = await openSource(url, options);
  try {
    return parseJson(new TextDecoder().decode(await source.read(0, source.size, options)), source.name);
  } finally {
    await source.close();
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
      pending += `${separator}${JSON.stringify(featureOfRow(row))}`;
      separator = ',\n';
      if (pending.length < PIECE) continue;
      options.signal?.throwIfAborted();
      await file.appendFile(pending);
      pending = '';
    }
    await file.appendFile(`${pending}\n]}\n`);
  });
}
