import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import {
  buildCrawledCatalog,
  catalogFromStac,
  crawlStac,
  type SearchOptions,
  type StacQuery,
  searchStac,
} from '../../src/catalog/node/index.js';
import { startArchiveServer } from '../support/archive-server.js';
import { sharedFolder, sharedPath } from '../support/files.js';

/** Conversations with STAC servers that other clients recorded; not part of this project, so absent on most machines. */
const absent = sharedFolder === null;

interface Exchange {
  request: { method: string; uri: string; body: unknown };
  status: number;
  response: { features?: { id: string }[] };
}

const server = await startArchiveServer();
afterEach(() => {
  server.fault = null;
});

/** Responds as recorded; to anything else with 418. Origins are those of the test server. */
function replay(name: string): Exchange[] {
  const text = readFileSync(sharedPath('stac', 'recorded-http', name), 'utf8');
  const origin = /"uri": ?"(https:\/\/[^/"]+)/.exec(text)?.[1] ?? '';
  const exchanges = JSON.parse(text.replaceAll(origin, server.url)) as Exchange[];
  server.fault = ({ method, path, body }) => {
    const found = exchanges.find(
      ({ request }) =>
        request.method === method &&
        isSame(request.uri, server.url + path) &&
        isEqual(request.body, body === '' ? null : JSON.parse(body)),
    );
    return {
      type: 'status',
      status: found?.status ?? 418,
      body: found?.response ?? { detail: `${method} ${path} ${body}` },
    };
  };
  return exchanges;
}

function isSame(a: string, b: string): boolean {
  return decodeURIComponent(new URL(a).href) === decodeURIComponent(new URL(b).href);
}

function isEqual(a: unknown, b: unknown): boolean {
  const sorted = (value: unknown) =>
    JSON.stringify(Object.entries(value ?? {}).sort(([p], [q]) => (p < q ? -1 : 1)));
  return sorted(a) === sorted(b);
}

async function found(url: string, query: StacQuery, options: SearchOptions): Promise<{ id: string }[]> {
  const items = [];
  for await (const item of searchStac(url, query, { retry: { attempts: 1 }, ...options })) items.push(item);
  return items;
}

const recordedItems = (exchanges: Exchange[]) => exchanges.flatMap(({ response }) => response.features ?? []);

describe.skipIf(absent)('recorded conversations', () => {
  it.each(['cop-dem-glo-30', 'era5-pds', 'io-lulc', 'naip', 'sentinel-1-rtc', 'sentinel-2-l2a'])(
    'of the Planetary Computer about an item of %s',
    async (collection) => {
      const exchanges = replay(`pc-${collection}.json`);
      const url = `${server.url}/api/stac/v1/collections/${collection}/items`;
      const items = await found(url, {}, { maxItems: 1 });
      expect(items).toEqual(recordedItems(exchanges));
      expect(catalogFromStac(items)).toHaveLength(1);
    },
  );

  it('of pystac-client: pages of a search', async () => {
    const exchanges = replay('pystac-client.TestItemSearch.test_result_paging.json');
    const query = { bbox: [-73.21, 43.99, -73.12, 44.05], collections: 'naip' };
    const items = await found(`${server.url}/api/stac/v1`, query, { limit: 10, maxItems: 20 });
    expect(items).toHaveLength(20);
    expect(items).toEqual(recordedItems(exchanges));
  });

  it('of pystac-client: a search with a geometry', async () => {
    const exchanges = replay('pystac-client.TestItemSearch.test_intersects_results.json');
    // That search did not set the number of items per page.
    const ask = server.fault;
    server.fault = (request) => ask?.({ ...request, body: request.body.replace(',"limit":100', '') }) ?? null;
    const { intersects } = exchanges[0].request.body as StacQuery;
    const items = await found(`${server.url}/api/stac/v1/`, { collections: ['naip'], intersects }, {});
    expect(items).toHaveLength(42);
    expect(items).toEqual(recordedItems(exchanges));
  });

  it('of pystac-client: the first page of Earth Search', async () => {
    const exchanges = replay('pystac-client.TestCLISearch.test_matched.json');
    const items = await found(
      `${server.url}/v1`,
      { collections: ['cop-dem-glo-30'] },
      { limit: 1, maxItems: 1 },
    );
    expect(items).toEqual(recordedItems(exchanges));
  });

  it('of pystac-client: the items of a collection', async () => {
    const exchanges = replay('pystac-client.TestCollectionClient.test_get_items.json');
    const ask = server.fault;
    server.fault = (request) => ask?.({ ...request, path: request.path.replace(/&limit=10$/, '') }) ?? null;
    const items = await found(
      `${server.url}/api/stac/v1/collections/aster-l1t/items`,
      { collections: 'aster-l1t' },
      { maxItems: 10 },
    );
    expect(items).toEqual(recordedItems(exchanges));
  });
});

describe.skipIf(absent)('static catalogs', () => {
  const path = (...parts: string[]): string => sharedPath('stac', ...parts);

  it.each(['radiantearth__stac-spec/examples', 'stac-utils__pystac/examples/1.0.0'])(
    'of %s',
    async (folder) => {
      const { catalog, unreadable } = await buildCrawledCatalog(path(folder, 'catalog.json'));
      expect(unreadable).toEqual([]);
      expect([...catalog].map(({ id }) => id).sort()).toEqual(['CS3-20160503_132131_08', 'proj-example']);
    },
  );

  it('of stactools: Sentinel-1 RTC by year, without unwanted years', async () => {
    const root = path('stactools-packages__sentinel1/examples/rtc/catalog.json');
    const ids = async (datetime?: string): Promise<string[]> => {
      const all: string[] = [];
      for await (const { item } of crawlStac(root, {
        ...(datetime === undefined ? {} : { datetime }),
        read: async (href) => JSON.parse(readFileSync(href, 'utf8')),
      }))
        all.push(item.id);
      return all;
    };
    expect(await ids()).toEqual(['S1A_20200103_17RMJ_ASC', 'S1B_20161121_12SYJ_ASC']);
    expect(await ids('2020')).toEqual(['S1A_20200103_17RMJ_ASC']);
  });
});
