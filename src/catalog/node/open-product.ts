import { stat } from 'node:fs/promises';
import { invalidInput, invalidOption, unsupported } from '../../errors.js';
import { cannotOpen, localPath } from '../../io/node/file.js';
import { isUrl, pathOf } from '../../io/open-url.js';
import type { ProductTree } from '../products/description.js';
import { describeItem } from '../products/item.js';
import { Product } from '../products/product.js';
import { readSafe, type SafeOptions, safeFolders } from '../products/safe.js';
import type { ItemOptions } from '../products/sentinel2-item.js';
import { stacItems } from '../stac/catalog.js';
import type { HrefOptions } from '../stac/href.js';
import { rowOfItem } from '../stac/item.js';
import { readDocuments } from './documents.js';
import { folderTree, subTree, zipTree } from './product-tree.js';

/** Which product `openProduct` opens. */
export interface OpenProductOptions extends ItemOptions, SafeOptions, HrefOptions {
  signal?: AbortSignal;
  /** The path or address of a parsed item, which its relative addresses refer to. */
  base?: string;
}

/**
 * Opens a product: its metadata only.
 * @param source a Sentinel-2 product in the SAFE format, as a folder or a zip file, or a folder or zip file around it;
 * or a STAC item of Sentinel-2, Sentinel-1 RTC or Landsat Collection 2, as a file, an address, or parsed
 * @throws {TerrachipError} NOT_FOUND; INVALID_INPUT for damaged or incomplete metadata, several products, or a Sentinel-2
 * item that does not tell its offset; INVALID_OPTION where one of several tiles must be chosen; UNSUPPORTED for other
 * products; NETWORK
 */
export async function openProduct(
  source: string | object,
  options: OpenProductOptions = {},
): Promise<Product> {
  const { addOffset } = options;
  if (addOffset !== undefined && !Number.isFinite(addOffset))
    throw invalidOption('addOffset', `cannot be ${addOffset}`, 'give 0 or -1000');
  if (typeof source !== 'string') return productOfItem(source, 'the item', options.base ?? null, options);
  const path = localPath(source);
  const read = { signal: options.signal };
  if (/\.zip$/i.test(pathOf(path))) {
    return productOfTree(await zipTree(path, options.signal), options);
  }
  if (isUrl(path)) return productOfItem(await readDocuments(path, read), path, path, options);
  let isFolder: boolean;
  try {
    isFolder = (await stat(path)).isDirectory();
  } catch (cause) {
    throw cannotOpen(path, cause);
  }
  if (isFolder) return productOfTree(await folderTree(path), options);
  return productOfItem(await readDocuments(path, read), path, path, options);
}

async function productOfTree(tree: ProductTree, { tile, signal }: OpenProductOptions): Promise<Product> {
  try {
    const folders = safeFolders(tree.files);
    if (folders.length === 0) {
      throw unsupported(
        'products of this kind',
        `${tree.path} holds no MTD_MSIL1C.xml or MTD_MSIL2A.xml`,
        'give the folder or zip file of a Sentinel-2 product, or a STAC item',
      );
    }
    if (folders.length > 1) {
      throw invalidInput(
        tree.path,
        `holds ${folders.length} products: ${folders.slice(0, 5).join(', ')}${folders.length > 5 ? ', …' : ''}`,
        'give the folder of one, or a zip file of each',
      );
    }
    const product = subTree(tree, folders[0]);
    return new Product(await readSafe(product, { tile }, signal));
  } finally {
    await tree.dispose();
  }
}

function productOfItem(
  document: unknown,
  name: string,
  base: string | null,
  options: OpenProductOptions,
): Product {
  const { items } = stacItems(document, name);
  const [found] = items;
  if (items.length !== 1) {
    throw invalidInput(
      name,
      `holds ${items.length} STAC items, not one product`,
      'give one of them, or make a catalog of all with catalogFromStac or loadCatalog',
    );
  }
  const { allowLocal = false } = options;
  const row = rowOfItem(found.item, name, { base, inCollection: found.inCollection, allowLocal });
  return new Product(describeItem(row, base ?? row.id, options));
}
