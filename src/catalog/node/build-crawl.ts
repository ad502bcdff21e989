/** A catalog of the items that a static STAC catalog links to. */
import { isTerrachipError } from '../../errors.js';
import { publicUrl } from '../../io/http-errors.js';
import type { OpenOptions } from '../../io/open-url.js';
import { isAddress } from '../../io/schemes.js';
import { requestJson } from '../../io/web-request.js';
import type { CatalogRow } from '../row.js';
import { rowsFromStac } from '../stac/catalog.js';
import { type CrawlOptions, crawlStac } from '../stac/crawl.js';
import { type AssetSelection, selectAssets, storableItem } from '../stac/item-assets.js';
import type { ItemDocument } from '../stac/search.js';
import { CrawlJournal } from './crawl-journal.js';
import { readDocuments } from './documents.js';
import { type BuiltCatalog, builtCatalog, type UnreadableFile } from './read-each.js';

/** How `buildCrawledCatalog` crawls, and what it keeps. */
export interface BuildCrawledOptions extends Omit<CrawlOptions, 'read' | 'onUnreadable'>, AssetSelection {
  /**
   * A file that keeps documents as they are read. With `resume`, documents of an interrupted crawl come from it. It is not
   * removed.
   */
  journal?: string;
  /** Whether to take documents from the journal of an earlier crawl (default false). */
  resume?: boolean;
  /** `report` (default) leaves out and lists unreadable documents below the root; `throw` stops at the first. */
  onUnreadable?: 'report' | 'throw';
}

/** A catalog, and the items that it was made of. */
export interface CrawledCatalog extends BuiltCatalog {
  /** Items with whole addresses and without signatures, in the order of the rows. */
  readonly items: readonly ItemDocument[];
}

/**
 * A catalog of the items of a static STAC catalog, by `crawlStac`.
 * @param root the address or path of a catalog, a collection, an item or a list of items
 * @throws {TerrachipError} as `crawlStac`; DISK for a journal that cannot be written
 */
export async function buildCrawledCatalog(
  root: string,
  options: BuildCrawledOptions = {},
): Promise<CrawledCatalog> {
  const { journal: path, resume = false, onUnreadable = 'report', ...crawling } = options;
  const { onProgress, allowLocal = false } = options;
  await using journal = path === undefined ? null : await CrawlJournal.open(path, resume);
  const unreadable: UnreadableFile[] = [];
  const report = (place: string, error: Error): void => {
    onProgress?.({ type: 'warning', message: `left out: ${error.message}` });
    unreadable.push({ path: publicUrl(place), error });
  };
  const found: { item: ItemDocument; row: CatalogRow }[] = [];
  const crawl = crawlStac(root, {
    ...crawling,
    ...(onUnreadable === 'report' ? { onUnreadable: report } : {}),
    read: (href, signal) => readKept(href, { ...options, signal }, journal),
  });
  for await (const crawled of crawl) {
    const { item, href, inList, collection } = crawled;
    try {
      const selected = selectAssets(item, options);
      if (selected === null) continue;
      const stored = storableItem(selected, href, inList, { allowLocal });
      const rows = rowsFromStac(
        collection === null ? [stored] : [{ ...collection, type: 'Collection' }, stored],
        {
          source: href,
          allowLocal,
        },
      );
      for (const row of rows) found.push({ item: stored, row });
    } catch (error) {
      if (onUnreadable === 'throw' || !isTerrachipError(error)) throw error;
      report(href, error);
    }
  }
  const { catalog } = builtCatalog(
    found.map(({ row }) => row),
    {},
    [],
  );
  return { catalog, unreadable, unmatched: [], items: found.map(({ item }) => item) };
}

/** A document, from the journal if it is there. Lists of items are not kept: links to their next pages contain tokens. */
async function readKept(href: string, options: OpenOptions, journal: CrawlJournal | null): Promise<unknown> {
  const known = await journal?.read(href);
  if (known !== undefined) return known;
  const document = isAddress(href)
    ? (await requestJson(href, options)).document
    : await readDocuments(href, options);
  const isList = typeof document === 'object' && document !== null && 'features' in document;
  if (!isList) await journal?.add(href, document);
  return document;
}
