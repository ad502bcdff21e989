/** Searches of STAC APIs, page by page. */
import { invalidOption, requireWhole } from '../../errors.js';
import { publicUrl } from '../../io/http-errors.js';
import { isUrl, type OpenOptions } from '../../io/open-url.js';
import { type OperationOptions, reportProgress } from '../../progress.js';
import { contradicts } from './conditions.js';
import type { HrefOptions } from './href.js';
import { type StacQuery, searchBody } from './query.js';
import { isItems, type Page, type PageRequest, SearchPages } from './search-pages.js';

/** An item as its server sent it. */
export interface ItemDocument {
  readonly id: string;
  readonly [member: string]: unknown;
}

/** How a STAC API is searched. */
export interface SearchOptions extends OpenOptions, HrefOptions, OperationOptions {
  /** The most items; no further page is requested. Default: all. */
  maxItems?: number;
  /** Items per page (default 100). It is halved if a server fails to send so many. */
  limit?: number;
  /**
   * Default: POST, and GET where the server does not take it, for a filter in CQL2 text, and for the items of a
   * collection.
   */
  method?: 'GET' | 'POST';
}

const PAGE_SIZE = 100;

/**
 * The most items per page of some servers: Earth Search fails above 267 (https://github.com/Element84/earth-search/issues/60),
 * the Planetary Computer takes 1000 (https://github.com/allenai/rslearn/pull/418), Sentinel Hub's catalogs 100
 * (https://docs.sentinel-hub.com/api/latest/reference/#tag/catalog_item_search).
 */
const LARGEST_PAGES: readonly (readonly [host: RegExp, limit: number])[] = [
  [/^earth-search\.aws\.element84\.com$/, 250],
  [/^planetarycomputer\.microsoft\.com$/, 1000],
  [/^(?:sh\.dataspace\.copernicus\.eu|services(?:-uswest2)?\.sentinel-hub\.com)$/, 100],
];

/**
 * The items that a search finds, in the order of the server, each once. Pages are read on demand: when the
 * loop ends early, no more are requested.
 * @param url of a STAC API, such as `https://planetarycomputer.microsoft.com/api/stac/v1`, of its `/search`, or of one
 * collection (`…/collections/ID`)
 * @throws {TerrachipError} INVALID_OPTION for an invalid query, or collections that the server does not have; NETWORK
 * or NOT_FOUND; INVALID_INPUT for an answer that is no page of items, or pages that repeat an earlier one
 */
export async function* searchStac(
  url: string,
  query: StacQuery = {},
  options: SearchOptions = {},
): AsyncGenerator<ItemDocument, void, undefined> {
  const { maxItems = Infinity, limit = PAGE_SIZE } = options;
  if (maxItems !== Infinity) requireWhole('maxItems', maxItems, 1);
  requireWhole('limit', limit, 1, 10_000);
  const address = searchAddress(url);
  const body = searchBody(query);
  const largest = LARGEST_PAGES.find(([host]) => host.test(new URL(address).hostname))?.[1] ?? Infinity;
  const size = Math.min(limit, largest, maxItems);
  const search = new SearchPages(address, options, size);
  const conditions = (body.query ?? {}) as Readonly<Record<string, unknown>>;
  const seen = new Set<string>();
  let left = 0;
  let request: PageRequest | null = search.first(body);
  while (request !== null) {
    const page: Page = await search.page(request);
    let isNews = false;
    for (const item of page.features) {
      const key = `${String(item.collection)}/${item.id}`;
      if (seen.has(key)) continue;
      seen.add(key);
      isNews = true;
      if (contradicts(item, conditions)) {
        if (left++ === 0) options.onProgress?.({ type: 'warning', message: ignoring(address) });
        continue;
      }
      yield item;
      if (seen.size - left >= maxItems) return;
    }
    const total = page.numberMatched ?? page.context?.matched ?? seen.size;
    reportProgress(options, 'search', seen.size, Math.max(total, seen.size), 'items');
    // Servers link to a next page that is empty.
    request = page.features.length === 0 ? null : await search.next(page, isNews);
  }
  if (seen.size === 0) await search.requireKnown(body.collections);
}

function ignoring(address: string): string {
  return `${publicUrl(address)} does not heed \`query\`; items that contradict it are left out here`;
}

/** @throws {TerrachipError} INVALID_OPTION for an invalid address */
function searchAddress(url: string): string {
  if (!isUrl(url))
    throw invalidOption('url', `is "${publicUrl(url)}"`, 'give the http: or https: address of a STAC API');
  const address = new URL(url);
  address.pathname = address.pathname.replace(/\/+$/, '');
  if (/\/collections\/[^/]+$/.test(address.pathname)) address.pathname += '/items';
  if (!isItems(address) && !address.pathname.endsWith('/search')) address.pathname += '/search';
  return address.href;
}
