/** A catalog of satellite products. */
import { invalidInput } from '../../errors.js';
import { isUrl } from '../../io/open-url.js';
import type { ItemOptions } from '../products/index.js';
import type { CatalogRow } from '../row.js';
import { stacItems } from '../stac/catalog.js';
import type { HrefOptions } from '../stac/href.js';
import { isDocumentPath, readDocuments } from './documents.js';
import { findFiles } from './find-files.js';
import { type OpenProductOptions, openProduct } from './open-product.js';
import { type BuildOptions, type BuiltCatalog, builtCatalog, readEach } from './read-each.js';

/** Options of `buildProductCatalog`. */
export interface BuildProductOptions extends BuildOptions, ItemOptions, HrefOptions {}

/** Every file that a pattern finds is a product, whatever its name; a SAFE folder is one product. */
const PRODUCTS = { wanted: /(?:)/, isStore: /\.SAFE\/?$/i };

/**
 * A catalog of products: one row per product, one asset per file of a band. Only metadata is read.
 * @param inputs what `openProduct` takes: SAFE folders and zip files, files and addresses of STAC items, one or several
 * in each; and patterns of them, such as `scenes/*.SAFE`
 * @throws {TerrachipError} NOT_FOUND for a pattern that finds nothing, INVALID_INPUT if none can be read
 */
export async function buildProductCatalog(
  inputs: string | readonly string[],
  options: BuildProductOptions = {},
): Promise<BuiltCatalog> {
  const { addOffset, allowLocal = false, signal } = options;
  const matches = await Promise.all(
    (typeof inputs === 'string' ? [inputs] : inputs).map((input) =>
      isPattern(input) ? findFiles(input, { ...PRODUCTS, signal }) : [input],
    ),
  );
  const paths = [...new Set(matches.flat())];
  const open: OpenProductOptions = { addOffset, signal, allowLocal };
  const { found, unreadable } = await readEach(paths, options, async (path): Promise<CatalogRow[]> => {
    if (!isDocumentPath(path)) return [(await openProduct(path, open)).row()];
    const { items } = stacItems(await readDocuments(path, open), path);
    const products = items.map(({ item }) => openProduct(requireObject(item, path), { ...open, base: path }));
    return (await Promise.all(products)).map((product) => product.row());
  });
  return builtCatalog(
    found.flatMap(({ value }) => value),
    options,
    unreadable,
  );
}

function requireObject(item: unknown, path: string): object {
  if (typeof item === 'object' && item !== null) return item;
  throw invalidInput(path, 'holds no STAC item', 'check the file');
}

function isPattern(input: string): boolean {
  return !isUrl(input) && /[*?[{]/.test(input);
}
