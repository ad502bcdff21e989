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
 * A catalog of STAC items: a row each, in the order of their files. Files hold one item, a FeatureCollection of them as
 * searches are saved, or an item a line.
 * @param inputs paths, patterns such as `items/*.json`, folders (searched with those inside), or URLs
 * @throws {TerrachipError} NOT_FOUND for what names no file, INVALID_INPUT where no file can be read
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

/** Whether a path or URL holds STAC items: it is read, where its ending is that of JSON. */
export async function isStacFile(path: string, signal?: AbortSignal): Promise<boolean> {
  if (!isDocumentPath(path)) return false;
  try {
    return isStac(await readDocuments(path, { signal }));
  } catch {
    signal?.throwIfAborted();
    // A pattern, or a file that whoever reads it will tell about.
    return false;
  }
}
