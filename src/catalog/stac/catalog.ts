import { invalidInput, isTerrachipError, type TerrachipError } from '../../errors.js';
import { memberOf } from '../../json/keys.js';
import { mapValues } from '../../json.js';
import { GeoCatalog } from '../geo-catalog.js';
import type { CatalogRow } from '../row.js';
import type { HrefOptions } from './href.js';
import { rowOfItem } from './item.js';

/** How STAC documents become rows. */
export interface StacOptions extends HrefOptions {
  /** The file or URL that the documents came from: for messages, and for relative addresses of assets. */
  readonly source?: string;
  /** Receives the error of an invalid item, which is then left out. Default: the first error is thrown. */
  readonly onInvalid?: (error: TerrachipError) => void;
}

/** Lists inside of lists: pages of a search are lists of collections of items. */
const MAX_DEPTH = 3;

/**
 * A catalog of STAC items (versions 0.9 to 1.1): one, a FeatureCollection of them as a search answers, or a list of
 * either. Collections among them have the common metadata of their items' assets (`item_assets`).
 * @throws {TerrachipError} INVALID_INPUT for an invalid item, without `onInvalid`
 */
export function catalogFromStac(documents: unknown, options: StacOptions = {}): GeoCatalog {
  return GeoCatalog.from(rowsFromStac(documents, options));
}

/** The rows of `catalogFromStac`. */
export function rowsFromStac(documents: unknown, options: StacOptions): CatalogRow[] {
  const { source = 'the STAC document', onInvalid } = options;
  const { items, collections } = stacItems(documents, source);
  const rows: CatalogRow[] = [];
  for (const { item, inCollection } of items) {
    try {
      requireItem(item, source);
      const origin = { ...options, base: options.source ?? null, inCollection };
      rows.push(rowOfItem(withItemAssets(item, collections), source, origin));
    } catch (error) {
      if (onInvalid === undefined || !isTerrachipError(error)) throw error;
      onInvalid(error);
    }
  }
  return rows;
}

/**
 * The items in documents, and the `item_assets` of collections beside them, by their ids.
 * @throws {TerrachipError} INVALID_INPUT for a FeatureCollection without features, and lists inside of lists
 */
export function stacItems(documents: unknown, source: string) {
  const items: { readonly item: unknown; readonly inCollection: boolean }[] = [];
  const collections = new Map<unknown, unknown>();
  const add = (document: unknown, depth: number, inCollection: boolean): void => {
    const members = Array.isArray(document) ? document : featuresOf(document, source);
    if (members !== null) {
      if (depth === MAX_DEPTH) throw invalidInput(source, 'has lists inside of lists', 'give items');
      for (const member of members) add(member, depth + 1, !Array.isArray(document));
    } else if (isRecord(document) && document.type === 'Collection' && depth > 0) {
      collections.set(document.id, document.item_assets);
    } else {
      items.push({ item: document, inCollection });
    }
  };
  add(documents, 0, false);
  return { items, collections };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function featuresOf(document: unknown, source: string): readonly unknown[] | null {
  if (!isRecord(document)) return null;
  const { type, features } = document;
  // Before STAC 1.0, and in some answers, collections of items have a type of their own, or none.
  const isUntyped = type === undefined && 'features' in document;
  if (type !== 'FeatureCollection' && type !== 'ItemCollection' && !isUntyped) return null;
  if (Array.isArray(features)) return features;
  throw invalidInput(source, 'is a FeatureCollection without features', 'give it some');
}

/** @throws {TerrachipError} INVALID_INPUT for documents of STAC that only link to items */
function requireItem(document: unknown, source: string): void {
  if (!isRecord(document) || (document.type !== 'Catalog' && document.type !== 'Collection')) return;
  throw invalidInput(
    source,
    `is a STAC ${document.type}: its items are documents of their own, to which it links (the type must be "Feature")`,
    'give the items, or the answer of a search',
  );
}

/** An item whose assets have the metadata that its collection gives for their names. */
function withItemAssets(item: unknown, collections: ReadonlyMap<unknown, unknown>): unknown {
  if (collections.size === 0 || !isRecord(item)) return item;
  const shared = collections.get(item.collection);
  if (!isRecord(shared) || !isRecord(item.assets)) return item;
  const assets = mapValues(item.assets, (asset, key) => {
    const defaults = memberOf(shared, key);
    return isRecord(defaults) && isRecord(asset) ? { ...defaults, ...asset } : asset;
  });
  return { ...item, assets };
}
