/** A catalog of satellite products. */
import { GeoCatalog } from '../geo-catalog.js';
import type { ItemOptions } from '../products/index.js';
import { openProduct } from './open-product.js';
import { type BuildOptions, type BuiltCatalog, readEach } from './read-each.js';

export interface BuildProductOptions extends BuildOptions, ItemOptions {}

/**
 * A catalog of products: a row each, an asset a file of a band. Only metadata is read.
 * @param paths what `openProduct` takes: SAFE folders and zip files, files and addresses of STAC items
 * @throws {TerrachipError} INVALID_INPUT where not one can be read
 */
export async function buildProductCatalog(
  paths: readonly string[],
  options: BuildProductOptions = {},
): Promise<BuiltCatalog> {
  const { collection, addOffset, signal } = options;
  const { found, unreadable } = await readEach(paths, options, (path) =>
    openProduct(path, {
      ...(addOffset === undefined ? {} : { addOffset }),
      ...(signal === undefined ? {} : { signal }),
    }),
  );
  const rows = found.map(({ value }) => value.row());
  const named = collection === undefined ? rows : rows.map((row) => ({ ...row, collection }));
  return { catalog: GeoCatalog.from(named), unreadable, unmatched: [] };
}
