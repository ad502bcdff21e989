/** A catalog of STAC items in files. */
import { invalidInput } from '../../errors.js';
import { isStac } from '../../vector/geojson.js';
import { catalogFromStac } from '../stac/catalog.js';
import type { HrefOptions } from '../stac/href.js';
import { isDocumentPath, readDocuments } from './documents.js';
import { findFiles } from './find-files.js';
import { type BuildOptions, type BuiltCatalog, builtCatalog, readEach } from './read-each.js';

/** How `buildStacCatalog` reads items. */
export interface BuildStacOptions extends BuildOptions, HrefOptions {}

const DOCUMENTS = { wanted: /\.(json|geojson|ndjson|jsonl)$/i, isStore: /(?!)/ };

/**
 * A catalog of STAC items: one row per item, in the order of their files. Files hold one item, a FeatureCollection of items
 * as searches are saved, or one item per line.
 * @param inputs paths, patterns such as `items/*.json`, folders (searched with those inside), or URLs
 * @throws {TerrachipError} NOT_FOUND for an input that names no file, INVALID_INPUT where no file can be read
 */
export async function buildStacCatalog(
  inputs: string | readonly string[],
  options: BuildStacOptions = {},
): Promise<BuiltCatalog> {
  const { allowLocal = false, signal } = options;
  const paths = await findFiles(inputs, { ...DOCUMENTS, signal });
  const { found, unreadable } = await readEach(paths, options, async (path) => {
    const document = await readDocuments(path, { signal });
    if (!isStac(document)) throw invalidInput(path, 'holds no STAC items', 'leave it out');
    return catalogFromStac(document, { source: path, allowLocal });
  });
  return builtCatalog(
    found.flatMap(({ value }) => [...value]),
    options,
    unreadable,
  );
}

/** Whether a path or URL holds STAC items; files with an extension of JSON are read. */
export async function isStacFile(path: string, signal?: AbortSignal): Promise<boolean> {
  if (!isDocumentPath(path)) return false;
  try {
    return isStac(await readDocuments(path, { signal }));
  } catch {
    signal?.throwIfAborted();
    // A pattern, or a file whose reader will report the error.
    return false;
  }
}
