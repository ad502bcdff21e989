/** The pages of a search of a STAC API: how each is requested, and again in another way if the server refuses it. */
import * as v from 'valibot';
import { invalidInput, isTerrachipError, tooLarge } from '../../errors.js';
import { publicUrl } from '../../io/http-errors.js';
import type { OpenOptions } from '../../io/open-url.js';
import { requestJson } from '../../io/web-request.js';
import { AnyRecord, validate, withoutNulls } from '../../json.js';
import { trustedHref } from './href.js';
import { requireCollections } from './known-collections.js';
import { type SearchBody, searchParameters } from './query.js';
import type { SearchOptions } from './search.js';

/** Statuses of a server for which a page is too large, or that fails to make it. */
const TOO_LARGE = [413, 500, 502, 504];

/** Tries of a page before it is requested with fewer items. */
const TRIES = 2;

/** More than a search of millions of items has. */
const MAX_PAGES = 100_000;

/** Servers refuse longer addresses. */
const MAX_ADDRESS = 4000;

const Link = v.looseObject({
  rel: v.nullish(v.string()),
  href: v.nullish(v.string()),
  type: v.nullish(v.string()),
  method: v.nullish(v.string()),
  merge: v.nullish(v.boolean()),
  body: v.nullish(AnyRecord),
  headers: v.nullish(AnyRecord),
});
const Page = v.looseObject({
  features: v.array(v.looseObject({ id: v.pipe(v.string(), v.nonEmpty('must not be empty')) })),
  links: v.nullish(v.array(Link)),
  numberMatched: v.nullish(v.number()),
  context: v.nullish(
    v.looseObject({ matched: v.nullish(v.number()), next: v.nullish(v.union([v.number(), v.string()])) }),
  ),
});
const Landing = v.looseObject({ links: v.nullish(v.array(Link)) });
export type Page = v.InferOutput<typeof Page>;
type Link = v.InferOutput<typeof Link>;

/** The request for a page. */
export interface PageRequest {
  readonly url: string;
  /** Null for GET. */
  readonly body: SearchBody | null;
  /** Headers that the server requires. */
  readonly headers: Readonly<Record<string, string>>;
}

/** One search: how it is requested, and which pages were read. */
export class SearchPages {
  readonly #origin: string;
  readonly #options: SearchOptions;
  readonly #asked = new Set<string>();
  readonly #size: number;
  #address: string;
  /** Whether the landing page was asked for the address of searches. */
  #isTold = false;
  #last: PageRequest | null = null;

  constructor(address: string, options: SearchOptions, size: number) {
    this.#address = address;
    this.#origin = new URL(address).origin;
    this.#options = options;
    this.#size = size;
  }

  /** The request for the first page. */
  first(query: SearchBody): PageRequest {
    const { method } = this.#options;
    const body = { ...query, limit: this.#size };
    const byGet = this.#byGet(body);
    const isText = query['filter-lang'] === 'cql2-text' && byGet.url.length <= MAX_ADDRESS;
    if (isItems(new URL(this.#address)) || method === 'GET' || (method === undefined && isText)) return byGet;
    return { url: this.#address, body, headers: {} };
  }

  #byGet(body: SearchBody): PageRequest {
    const url = new URL(this.#address);
    for (const [name, value] of searchParameters(body)) url.searchParams.set(name, value);
    return { url: url.href, body: null, headers: {} };
  }

  /** @throws {TerrachipError} INVALID_OPTION for collections that the server does not have */
  async requireKnown(collections: unknown): Promise<void> {
    if (!Array.isArray(collections) || isItems(new URL(this.#address))) return;
    const home = this.#address.replace(/\/search$/, '');
    await requireCollections(home, collections, this.#request(home));
  }

  /** Requests a page; if the server refuses it, in another way. */
  async page(request: PageRequest): Promise<Page> {
    const { retry } = this.#options;
    for (let current = request; ; ) {
      const smaller = this.#smaller(current);
      try {
        const attempts = smaller === null ? retry?.attempts : TRIES;
        const page = await this.#ask(current, { ...retry, ...(attempts === undefined ? {} : { attempts }) });
        this.#last = current;
        return page;
      } catch (error) {
        const status = isTerrachipError(error, 'NETWORK') ? error.fields.status : undefined;
        let other: PageRequest | null = null;
        if (status === 405) other = this.#withoutPost(current);
        else if (status !== undefined && TOO_LARGE.includes(status)) other = smaller;
        else if (isTerrachipError(error, 'NOT_FOUND')) other = await this.#elsewhere(current);
        if (other === null) throw error;
        current = other;
      }
    }
  }

  /** The first page by GET, unless the caller requires POST. */
  #withoutPost({ body }: PageRequest): PageRequest | null {
    return body === null || this.#options.method !== undefined || this.#last !== null
      ? null
      : this.#byGet(body);
  }

  /**
   * A page at another address: the first where the landing page says that searches are, a later one where the first was,
   * since servers behind a proxy may not know their own address.
   */
  async #elsewhere({ url, body, headers }: PageRequest): Promise<PageRequest | null> {
    const asked = new URL(url);
    const own = new URL(this.#address);
    if (this.#last !== null) {
      if (asked.origin === own.origin && asked.pathname === own.pathname) return null;
      own.search = asked.search;
      return { url: own.href, body, headers };
    }
    if (this.#isTold || isItems(own)) return null;
    this.#isTold = true;
    const place = await this.#searchLink();
    if (place === null || place === this.#address) return null;
    this.#address = place;
    return body === null ? { url: place + asked.search, body, headers } : { url: place, body, headers };
  }

  /** The address of searches in the landing page. */
  async #searchLink(): Promise<string | null> {
    const home = this.#address.replace(/\/search$/, '');
    const answer = await requestJson(home, this.#request(home)).catch((error: unknown) => {
      if (isTerrachipError(error, 'NOT_FOUND')) return null;
      throw error;
    });
    if (answer === null) return null;
    const { document } = answer;
    const { links } = validate(Landing, document, publicUrl(home));
    const link = links?.find(({ rel, type }) => rel === 'search' && type !== 'text/html');
    if (!link?.href) return null;
    return trustedHref(link.href, `${home}/`, publicUrl(home), this.#options);
  }

  async #ask({ url, body, headers }: PageRequest, retry: OpenOptions['retry']): Promise<Page> {
    const request = this.#request(url);
    const { document } = await requestJson(url, {
      ...request,
      ...(retry === undefined ? {} : { retry }),
      headers: { ...request.headers, ...headers },
      ...(body === null
        ? {}
        : { method: 'POST', body: JSON.stringify(body), contentType: 'application/json' }),
    });
    return validate(Page, document, publicUrl(url));
  }

  /** Options of a request: headers of the caller are sent only to their own server. */
  #request(url: string): OpenOptions {
    const { maxItems: _, limit: __, method: ___, onProgress: ____, headers = {}, ...open } = this.#options;
    return { ...open, headers: new URL(url).origin === this.#origin ? headers : {} };
  }

  /** The same page with half as many items; null where they are few, or pages are counted. */
  #smaller({ url, body, headers }: PageRequest): PageRequest | null {
    const address = new URL(url);
    const size = Number(body === null ? address.searchParams.get('limit') : body.limit);
    const isCounted = address.searchParams.has('page') || body?.page !== undefined;
    if (!(size > 1) || (isCounted && this.#last !== null)) return null;
    const limit = Math.floor(size / 2);
    if (body !== null) return { url, body: { ...body, limit }, headers };
    address.searchParams.set('limit', String(limit));
    return { url: address.href, body, headers };
  }

  /**
   * The request for the next page; null where there is none.
   * @throws {TerrachipError} INVALID_INPUT if it was read before, or the page had nothing new; TOO_LARGE
   */
  async next({ links, context }: Page, isNews: boolean): Promise<PageRequest | null> {
    const link = links?.find(({ rel }) => rel === 'next');
    if (this.#last === null) return null;
    const request = link?.href
      ? this.#follow(link, link.href, this.#last)
      : this.#continue(context?.next, this.#last);
    if (request === null) return null;
    this.#asked.add(await keyOf(this.#last));
    if (this.#asked.size >= MAX_PAGES) {
      throw tooLarge(
        `${publicUrl(this.#address)} has more than ${MAX_PAGES} pages of items`,
        'narrow the search, or raise `limit`',
        { size: MAX_PAGES + 1, limit: MAX_PAGES },
      );
    }
    if (isNews && !this.#asked.has(await keyOf(request))) return request;
    throw invalidInput(
      publicUrl(this.#address),
      'links from a page of items to one that was there already',
      'narrow the search so that it fits into one page, or tell the operator of the server',
    );
  }

  /** Sentinel Hub says where the next page begins in a context, without a link. */
  #continue(
    next: string | number | null | undefined,
    { url, body, headers }: PageRequest,
  ): PageRequest | null {
    return next == null || body === null ? null : { url, body: { ...body, next }, headers };
  }

  #follow(link: Link, href: string, last: PageRequest): PageRequest {
    const name = publicUrl(this.#address);
    const url = new URL(trustedHref(href, last.url, name, this.#options));
    const own = new URL(this.#address);
    // Servers behind a proxy do not know that their clients use https.
    if (url.host === own.host && own.protocol === 'https:') url.protocol = 'https:';
    if (!/^https?:$/.test(url.protocol))
      throw invalidInput(name, `links to a next page at ${publicUrl(href)}`, 'use another server');
    const headers = Object.fromEntries(
      Object.entries(withoutNulls(link.headers ?? {})).filter(([, value]) => typeof value === 'string'),
    ) as Record<string, string>;
    if ((link.method ?? 'GET').toUpperCase() !== 'POST') return { url: url.href, body: null, headers };
    const body = link.merge === true ? { ...last.body, ...link.body } : (link.body ?? {});
    return { url: url.href, body, headers };
  }
}

/** Whether an address is that of the items of a collection. */
export function isItems({ pathname }: URL): boolean {
  return /\/collections\/[^/]+\/items$/.test(pathname);
}

/** A short key of a request, whose body may hold a large geometry. */
async function keyOf({ url, body }: PageRequest): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify([url, body]));
  return String.fromCharCode(...new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
}
