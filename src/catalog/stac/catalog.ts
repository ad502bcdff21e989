import { invalidInput, isTerrachipError, type TerrachipError } from '../../errors.js';
import { GeoCatalog } from '../geo-catalog.js';
import type { CatalogRow } from '../row.js';
import { rowOfItem } from './item.js';

export interface StacOptions {
  /** The file or URL that the documents came from: for messages, and for relative addresses of assets. */
  readonly source?: string;
  /** Takes what is wrong with an item, which is then left out. Default: the first wrong item ends it all. */
  readonly onInvalid?: (error: TerrachipError) => void;
}

/** Lists inside of lists: pages of a search are lists of collections of items. */
const MAX_DEPTH = 3;

/**
 * A catalog of STAC items (versions 1.0 and 1.1): one, a FeatureCollection of them as a search answers, or a list of
 * either.
 * @throws {TerrachipError} INVALID_INPUT for what is no item, unless `onInvalid` takes it
 */
export function catalogFromStac(documents: unknown, options: StacOptions = {}): GeoCatalog {
  const rows: CatalogRow[] = [];
  addRows(rows, documents, options, 0, false);
  return GeoCatalog.from(rows);
}

function addRows(
  rows: CatalogRow[],
  document: unknown,
  options: StacOptions,
  depth: number,
  inCollection: boolean,
): void {
  const { source = 'the STAC document', onInvalid } = options;
  const members = Array.isArray(document) ? document : featuresOf(document);
  if (members !== null) {
    if (depth === MAX_DEPTH) throw invalidInput(source, 'has lists inside of lists', 'give items');
    for (const member of members) addRows(rows, member, options, depth + 1, !Array.isArray(document));
    return;
  }
  try {
    rows.push(rowOfItem(document, source, { base: options.source ?? null, inCollection }));
  } catch (error) {
    if (onInvalid === undefined || !isTerrachipError(error)) throw error;
    onInvalid(error);
  }
}

function featuresOf(document: unknown): readonly unknown[] | null {
  if (typeof document !== 'object' || document === null || !('type' in document)) return null;
  if (document.type !== 'FeatureCollection') return null;
  const features = 'features' in document ? document.features : null;
  if (Array.isArray(features)) return features;
  throw invalidInput('the STAC document', 'is a FeatureCollection without features', 'give it some');
}
