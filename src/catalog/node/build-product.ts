/** A catalog of satellite products. */

import { isUrl } from '../../io/node/index.js';
import { GeoCatalog } from '../geo-catalog.js';
import type { ItemOptions } from '../products/index.js';
import { findFiles } from './find-files.js';
import { openProduct } from './open-product.js';
import { type BuildOptions, type BuiltCatalog, readEach } from './read-each.js';

export interface BuildProductOptions extends BuildOptions, ItemOptions {}

/** What a pattern finds is a product, whatever its name; a SAFE folder is one, not what lies in it. */
const PRODUCTS = { wanted: /(?:)/, isStore: /\.SAFE\/?$/i };

/**
 * A catalog of products: a row each, an asset a file of a band. Only metadata is read.
 * @param inputs what `openProduct` takes: SAFE folders and zip files, files and addresses of STAC items; and patterns
 * of them, such as `scenes/*.SAFE`
 * @throws {TerrachipError} NOT_FOUND for a pattern that finds nothing, INVALID_INPUT where not one can be read
 */
export async function buildProductCatalog(
  inputs: string | readonly string[],
  options: BuildProductOptions = {},
): Promise<BuiltCatalog> {
  const { collection, addOffset, signal } = options;
  const matches = await Promise.all(
    (typeof inputs === 'string' ? [inputs] : inputs).map((input) =>
      isPattern(input) ? findFiles([input], { ...PRODUCTS, signal }) : [input],
    ),
  );
  const paths = [...new Set(matches.flat())];
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

function isPattern(input: string): boolean {
  return !isUrl(input) && /[*?[{]/.test(input);
}
