/** Static STAC catalogs: documents that link to each other, read from the root down. */
import * as v from 'valibot';
import { invalidInput, isError, messageOf, requireWhole, tooLarge } from '../../errors.js';
import { onAbort } from '../../io/abort.js';
import { publicUrl } from '../../io/http-errors.js';
import type { OpenOptions } from '../../io/open-url.js';
import { Semaphore } from '../../io/semaphore.js';
import { requestJson } from '../../io/web-request.js';
import { AnyRecord, validate } from '../../json.js';
import { type OperationOptions, reportPlan, reportProgress } from '../../progress.js';
import { CrawlFilter, type CrawlSelection } from './crawl-filter.js';
import { type HrefOptions, trustedHref } from './href.js';
import type { ItemDocument } from './search.js';

/** How a static catalog is crawled, and what of it is wanted. */
export interface CrawlOptions extends CrawlSelection, OpenOptions, HrefOptions, OperationOptions {
  /** The most items. Default: all. */
  maxItems?: number;
  /** A crawl of more documents ends with an error (default 1 000 000). */
  maxDocuments?: number;
  /** Documents that are read at a time (default 8). */
  concurrency?: number;
  /** Whether links to `related` items and collections are followed (default true). */
  related?: boolean;
  /** Reads the JSON document at an address. Default: over HTTP. */
  read?: (href: string, signal: AbortSignal) => Promise<unknown>;
  /** Receives the error of a document below the root, which is then left out. Default: the error ends the crawl. */
  onUnreadable?: (href: string, error: Error) => void;
}

/** An item that a crawl found. */
export interface CrawledItem {
  readonly item: ItemDocument;
  /** The address of the document that contains it. */
  readonly href: string;
  /** Whether that holds a list of items. */
  readonly inList: boolean;
  /** The collection above it; null for none. */
  readonly collection: Readonly<Record<string, unknown>> | null;
}

/** Catalogs inside of catalogs. */
const MAX_DEPTH = 64;

/** Documents that are requested ahead, as a multiple of those that are read at a time. */
const AHEAD = 4;

/** A catalog, a collection, an item or a list of items; before STAC 1.0, the first two have no type. */
const StacNode = v.looseObject({
  type: v.nullish(v.string()),
  id: v.nullish(v.string()),
  collection: v.nullish(v.string()),
  links: v.nullish(
    v.array(
      v.looseObject({
        rel: v.nullish(v.string()),
        href: v.nullish(v.string()),
        type: v.nullish(v.string()),
        method: v.nullish(v.string()),
      }),
    ),
  ),
  features: v.nullish(v.array(AnyRecord)),
});
type StacNode = v.InferOutput<typeof StacNode>;

/** A document to read, and its collection. */
interface Place {
  readonly href: string;
  readonly depth: number;
  readonly collection: CrawledItem['collection'];
  readonly isRelated?: boolean;
  outcome?: Promise<{ readonly document: unknown } | { readonly error: unknown }>;
}

/**
 * The items of a static catalog of STAC 0.9 to 1.1, in the order of its links, then related items; each document is read
 * once. Collections whose extent does not overlap the place and time are not entered. Links to children, items and related
 * documents are followed, never those to parents and roots. When the loop ends early, no more is read.
 * @param url of a catalog, a collection, an item or a list of items
 * @throws {TerrachipError} NETWORK, NOT_FOUND or INVALID_INPUT for a document that cannot be read; TOO_LARGE for more
 * than `maxDocuments`
 */
export async function* crawlStac(
  url: string,
  options: CrawlOptions = {},
): AsyncGenerator<CrawledItem, void, undefined> {
  const { maxItems = Infinity, signal } = options;
  if (maxItems !== Infinity) requireWhole('maxItems', maxItems, 1);
  const controller = new AbortController();
  const unwatch = onAbort(signal, () => controller.abort(signal?.reason));
  const crawl = new Crawl(url, options, controller.signal);
  let found = 0;
  try {
    for (let items = await crawl.next(); items !== null; items = await crawl.next()) {
      for (const item of items) {
        yield item;
        if (++found >= maxItems) return;
      }
    }
  } finally {
    unwatch();
    controller.abort(new Error('the crawl has ended'));
  }
}

/** Documents in the order of their links, depth first. Those that come next are read ahead. */
class Crawl {
  readonly #options: CrawlOptions;
  readonly #filter: CrawlFilter;
  readonly #limit: Semaphore;
  readonly #ahead: number;
  readonly #signal: AbortSignal;
  readonly #read: (href: string, signal: AbortSignal) => Promise<unknown>;
  readonly #known = new Set<string>();
  /** Documents to read; the next one is last. */
  readonly #stack: Place[] = [];
  /** Related documents. They are read last, since links from their own collections take precedence. */
  readonly #related: string[] = [];
  #done = 0;

  constructor(url: string, options: CrawlOptions, signal: AbortSignal) {
    const { concurrency = 8, maxDocuments = 1_000_000, read } = options;
    requireWhole('concurrency', concurrency, 1, 256);
    requireWhole('maxDocuments', maxDocuments, 1);
    this.#options = options;
    this.#filter = new CrawlFilter(options);
    this.#limit = new Semaphore(concurrency);
    this.#ahead = AHEAD * concurrency;
    this.#signal = signal;
    this.#read =
      read ?? (async (href) => (await requestJson(href, { ...options, signal, keep: true })).document);
    const reads = `${publicUrl(url)} and all documents that it links, at most ${maxDocuments}, ${concurrency} at a time`;
    reportPlan(options, 'crawl', { reads, writes: 'their items' });
    this.#push([url], 0, null);
  }

  /** The items of the next document; null after the last. */
  async next(): Promise<CrawledItem[] | null> {
    this.#signal.throwIfAborted();
    if (this.#stack.length === 0) this.#push(this.#related.splice(0), 1, null, true);
    for (const place of this.#stack.slice(-this.#ahead).reverse()) place.outcome ??= this.#start(place.href);
    const place = this.#stack.pop();
    if (place?.outcome === undefined) return null;
    this.#requireFew();
    const outcome = await place.outcome;
    this.#signal.throwIfAborted();
    let items: CrawledItem[] = [];
    try {
      if ('error' in outcome) throw outcome.error;
      items = this.#visit(place, outcome.document);
    } catch (error) {
      this.#leaveOut(place, error);
    }
    reportProgress(this.#options, 'crawl', ++this.#done, this.#known.size, 'documents');
    return items;
  }

  async #start(href: string): Promise<{ document: unknown } | { error: unknown }> {
    try {
      return { document: await this.#limit.run(() => this.#read(href, this.#signal), this.#signal) };
    } catch (error) {
      return { error };
    }
  }

  #requireFew(): void {
    const { maxDocuments = 1_000_000 } = this.#options;
    if (this.#done < maxDocuments) return;
    throw tooLarge(
      `the catalog has more than ${maxDocuments} documents`,
      'narrow the crawl, or raise `maxDocuments`',
      {
        size: this.#done + 1,
        limit: maxDocuments,
      },
    );
  }

  #leaveOut({ href, depth }: Place, error: unknown): void {
    const { onUnreadable } = this.#options;
    if (depth === 0 || onUnreadable === undefined) throw error;
    onUnreadable(href, isError(error) ? error : new Error(messageOf(error)));
  }

  /** The items in a document; what it links to is read next. */
  #visit(place: Place, document: unknown): CrawledItem[] {
    const { href, depth } = place;
    const name = publicUrl(href);
    const node = validate(StacNode, document, name);
    const kind = kindOf(node);
    // A related document may be anything.
    if (kind === null && place.isRelated === true) return [];
    if (kind === null) throw invalidInput(name, 'is no STAC document', 'check the link to it');
    const collection = kind === 'Collection' ? node : place.collection;
    const isWanted = this.#filter.wantsCollection(collection?.id);
    if (kind === 'Collection' && !this.#filter.mayHave(node.extent)) return [];
    const wanted = new Set(['child']);
    if (isWanted) wanted.add('item').add('items');
    this.#push(this.#linksOf(node, wanted, href), depth + 1, collection);
    if (this.#options.related !== false) {
      for (const link of this.#linksOf(node, new Set(['related']), href)) this.#related.push(link);
    }
    // The pages of a list lie beside each other.
    const next = new Set((node.features ?? []).length > 0 ? ['next'] : []);
    this.#push(this.#linksOf(node, next, href), depth, place.collection);
    const items = kind === 'Feature' ? [node] : kind === 'FeatureCollection' ? (node.features ?? []) : [];
    return items.flatMap((item) => this.#itemOf(item, kind !== 'Feature', place));
  }

  #itemOf(
    document: Readonly<Record<string, unknown>>,
    inList: boolean,
    { href, collection }: Place,
  ): CrawledItem[] {
    const name = publicUrl(href);
    const { id } = document;
    if (typeof id !== 'string' || id === '')
      throw invalidInput(name, 'holds an item without an id', 'give it one');
    const item = { ...withCommonProperties(document, collection), id };
    if (!this.#filter.wantsItem(item, `${name}: item "${id}"`)) return [];
    return [{ item, href, inList, collection }];
  }

  #linksOf({ links }: StacNode, wanted: ReadonlySet<string>, base: string): string[] {
    return (links ?? []).flatMap(({ rel, href, type, method }) => {
      if (!wanted.has(rel ?? '') || !href || (method ?? 'GET').toUpperCase() !== 'GET') return [];
      // Related documents are often pages for people.
      const isJson = type ? /json/i.test(type) : rel !== 'related' || /\.(geo)?json$/i.test(href);
      if (!isJson) return [];
      return [trustedHref(href, base, publicUrl(base), this.#options)];
    });
  }

  #push(
    hrefs: readonly string[],
    depth: number,
    collection: CrawledItem['collection'],
    isRelated = false,
  ): void {
    if (depth > MAX_DEPTH && hrefs.length > 0) {
      throw invalidInput(
        publicUrl(hrefs[0]),
        `lies deeper than ${MAX_DEPTH} catalogs`,
        'start the crawl further down',
      );
    }
    const fresh = hrefs.filter((href) => {
      const key = href.replace(/#.*$/s, '');
      if (this.#known.has(key)) return false;
      this.#known.add(key);
      return true;
    });
    for (const href of fresh.reverse()) this.#stack.push({ href, depth, collection, isRelated });
  }
}

type Kind = 'Feature' | 'FeatureCollection' | 'Collection' | 'Catalog';

function kindOf(node: StacNode): Kind | null {
  const { type, features, extent, id } = node;
  if (type === 'Feature') return 'Feature';
  if (Array.isArray(features)) return 'FeatureCollection';
  if (type === 'Collection' || (!type && extent !== undefined)) return 'Collection';
  return type === 'Catalog' || (!type && typeof id === 'string') ? 'Catalog' : null;
}

/**
 * An item with what its collection says of all its items: in STAC 0.9 by the extension `commons`
 * (https://github.com/radiantearth/stac-spec/blob/v0.9.0/extensions/commons/README.md).
 */
function withCommonProperties(
  item: Readonly<Record<string, unknown>>,
  collection: CrawledItem['collection'],
): Readonly<Record<string, unknown>> {
  if (collection === null) return item;
  const named = item.collection ? item : { ...item, collection: collection.id };
  const { stac_extensions: extensions, properties } = item;
  if (!Array.isArray(extensions) || !extensions.includes('commons')) return named;
  return { ...named, properties: Object.assign({}, collection.properties, properties) };
}
