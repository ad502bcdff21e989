/** Catalogs in files, opened with the index that lies beside them. */
import { invalidOption, isTerrachipError, requireChoice } from '../../errors.js';
import { type ByteSource, openUrl } from '../../io/index.js';
import { isUrl } from '../../io/open-url.js';
import { orDispose } from '../../resource.js';
import type { HrefOptions } from '../stac/href.js';
import { CatalogFile } from './catalog-file.js';

/** How a catalog on a server is opened. */
export interface OpenUrlOptions extends HrefOptions {
  signal?: AbortSignal;
  /** Extra headers for HTTP. */
  headers?: Readonly<Record<string, string>>;
  /**
   * `use` (default) uses an index beside the file, and throws if it is damaged or belongs to another version of the file;
   * `ignore` does not read it.
   */
  index?: 'use' | 'ignore';
}

type ReadBytes = Omit<OpenUrlOptions, 'index'>;

/** Opens a file, or its index, for its bytes. */
type Open = (path: string, options: ReadBytes) => Promise<ByteSource>;

/**
 * Opens a catalog that `writeCatalog` wrote, or STAC-GeoParquet, from a URL; in Node also from a path. Queries read
 * only what they need: rows of the index, then pages of the rows that they find.
 * @throws {TerrachipError} INVALID_INPUT for another or a damaged file or index; UNSUPPORTED for a newer version;
 * NOT_FOUND or NETWORK
 */
export async function openCatalogUrl(url: string, options: OpenUrlOptions = {}): Promise<CatalogFile> {
  const { index = 'use' } = options;
  if (!isUrl(url))
    throw invalidOption('url', `is "${url}"`, 'give an http: or https: URL; paths are for Node');
  requireChoice('index', index, ['use', 'ignore']);
  return openCatalogFile(openUrl, url, options);
}

/** @param open gives the bytes of the file and of its index */
export async function openCatalogFile(
  open: Open,
  path: string,
  options: OpenUrlOptions,
): Promise<CatalogFile> {
  const source = await open(path, options);
  return orDispose(source, async () => {
    const file = await CatalogFile.open(source, options);
    if (options.index !== 'ignore') await attachIndexOf(file, open, path, options);
    return file;
  }).catch((error: unknown) => {
    options.signal?.throwIfAborted();
    throw error;
  });
}

/**
 * @returns whether there was an index
 * @throws {TerrachipError} INVALID_INPUT for one that is damaged or belongs to another file
 */
export async function attachIndexOf(
  file: CatalogFile,
  open: Open,
  path: string,
  options: ReadBytes,
): Promise<boolean> {
  const source = await openIfThere(open, indexPath(path), options);
  if (source === null) return false;
  await orDispose(source, () => file.attachIndex(source, options));
  return true;
}

/** Null for a missing file. Object stores answer 403 for it without permission to list. */
async function openIfThere(open: Open, path: string, options: ReadBytes): Promise<ByteSource | null> {
  try {
    return await open(path, options);
  } catch (error) {
    const isMissing =
      isTerrachipError(error, 'NOT_FOUND') ||
      (isTerrachipError(error, 'NETWORK') && error.fields.status === 403);
    if (isMissing) return null;
    throw error;
  }
}

/** `catalog.parquet.index`; a signature in a URL's query is kept. */
export function indexPath(path: string): string {
  if (!isUrl(path)) return `${path}.index`;
  const url = new URL(path);
  url.pathname += '.index';
  return url.href;
}
