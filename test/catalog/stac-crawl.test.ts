import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import {
  buildCrawledCatalog,
  type CrawlOptions,
  crawlStac,
  loadCatalog,
  openCatalog,
  writeCatalog,
} from '../../src/catalog/node/index.js';
import { dailyItems } from '../support/archive-items.js';
import { everyNth, firstTimes, startArchiveServer } from '../support/archive-server.js';

const [first, second, third, radar] = [...dailyItems(3), ...dailyItems(1, 'radar')];
const link = (rel: string, href: string) => ({ rel, href, type: 'application/json' });
const extent = (bbox: number[], interval: (string | null)[]) => ({
  spatial: { bbox: [bbox] },
  temporal: { interval: [interval] },
});
const up = [link('parent', '../catalog.json'), link('root', '../catalog.json')];
const relative = (item: object) => ({
  ...item,
  assets: { data: { href: './data.tif?sv=1&sig=secret', roles: ['data'] } },
});

/** A catalog of two collections: one of STAC 1.0 with items below a catalog, and one of STAC 0.9. */
const documents: Record<string, unknown> = {
  'catalog.json': {
    type: 'Catalog',
    id: 'root',
    stac_version: '1.0.0',
    links: [
      link('self', './catalog.json'),
      link('child', './optical/collection.json'),
      link('child', 'radar/collection.json'),
    ],
  },
  'optical/collection.json': {
    type: 'Collection',
    id: 'scenes',
    stac_version: '1.1.0',
    extent: extent([6, 49, 7, 50], ['2021-07-01T00:00:00Z', '2021-07-31T00:00:00Z']),
    item_assets: { data: { 'raster:bands': [{ nodata: 0 }] } },
    links: [...up, link('child', 'july/catalog.json'), link('item', '../loose.json')],
  },
  'optical/july/catalog.json': {
    type: 'Catalog',
    id: 'july',
    stac_version: '1.0.0',
    links: [
      link('parent', '../collection.json'),
      link('item', 'a/a.json'),
      link('item', 'b.json'),
      link('child', '../collection.json'),
    ],
  },
  'optical/july/a/a.json': relative({
    ...first,
    links: [
      link('collection', '../../collection.json'),
      link('related', '../../../radar/r.json'),
      link('related', '../../../other.json'),
      { rel: 'related', href: 'https://example.com/page' },
    ],
  }),
  'optical/july/b.json': relative({ ...second, links: [] }),
  'loose.json': { ...relative(third), collection: undefined },
  'radar/collection.json': {
    id: 'radar',
    stac_version: '0.9.0',
    extent: extent([6, 49, 6.1, 49.1], ['2021-07-01T00:00:00Z', null]),
    properties: { instrument: 'c-sar' },
    links: [
      ...up,
      link('item', 'r.json'),
      { rel: 'item', href: 'r.parquet', type: 'application/vnd.apache.parquet' },
    ],
  },
  'other.json': { title: 'something else' },
  'radar/r.json': { ...relative(radar), stac_version: '0.9.0', stac_extensions: ['commons'] },
};
const server = await startArchiveServer({ documents });
const ROOT = `${server.url}/static/catalog.json`;
const ALL = [first, second, third, radar].map(({ id }) => id);
const folder = await mkdtemp(join(tmpdir(), 'terrachip-test-'));
afterAll(() => rm(folder, { recursive: true }));

beforeEach(() => {
  server.requests.length = 0;
  server.fault = null;
});

async function idsOf(options: CrawlOptions = {}, url = ROOT): Promise<string[]> {
  const ids: string[] = [];
  for await (const { item } of crawlStac(url, { retry: { delay: 1 }, ...options })) ids.push(item.id);
  return ids;
}
const paths = () => server.requests.map(({ path }) => path.replace('/static/', ''));

describe('crawlStac', () => {
  it('finds all items in the order of the links, and reads each document once', async () => {
    expect(await idsOf()).toEqual(ALL);
    expect(paths().sort()).toEqual(Object.keys(documents).sort());
  });

  it('gives the same with one document at a time, and with faults', async () => {
    expect(await idsOf({ concurrency: 1 })).toEqual(ALL);
    server.fault = everyNth(3, /static/, { type: 'status', status: 503 });
    expect(await idsOf()).toEqual(ALL);
    server.fault = everyNth(2, /static/, { type: 'cut' });
    expect(await idsOf()).toEqual(ALL);
  });

  it('respects the limit on concurrent requests', async () => {
    const many = dailyItems(40);
    const wide = await startArchiveServer({
      documents: {
        'c.json': {
          type: 'Catalog',
          id: 'c',
          stac_version: '1.0.0',
          links: many.map((_, k) => link('item', `${k}.json`)),
        },
        ...Object.fromEntries(many.map((item, k) => [`${k}.json`, item])),
      },
    });
    let [active, most] = [0, 0];
    const read = async (href: string): Promise<unknown> => {
      most = Math.max(most, ++active);
      const document: unknown = await (await fetch(href)).json();
      active--;
      return document;
    };
    const ids = await idsOf({ concurrency: 5, read }, `${wide.url}/static/c.json`);
    expect(ids).toEqual(many.map(({ id }) => id));
    expect(most).toBe(5);
  });

  it('does not read collections of other places and times', async () => {
    expect(await idsOf({ place: [6.15, 49, 6.3, 49.2], related: false })).toEqual([
      'scenes-001',
      'scenes-002',
    ]);
    expect(paths()).not.toContain('radar/r.json');
    server.requests.length = 0;
    expect(await idsOf({ datetime: '2022' })).toEqual([]);
    expect(paths().sort()).toEqual([
      'catalog.json',
      'optical/collection.json',
      'radar/collection.json',
      'radar/r.json',
    ]);
    server.requests.length = 0;
    expect(await idsOf({ datetime: '2021-07-02' })).toEqual(['scenes-001']);
  });

  it('does not follow items of other collections', async () => {
    expect(await idsOf({ collections: ['radar'], related: false })).toEqual(['radar-000']);
    expect(paths()).not.toContain('loose.json');
  });

  it('does not follow unwanted related links', async () => {
    const optical = `${server.url}/static/optical/collection.json`;
    expect(await idsOf({}, optical)).toEqual(ALL);
    expect(await idsOf({ related: false }, optical)).toEqual(['scenes-000', 'scenes-001', 'scenes-002']);
  });

  it('adds the properties of a collection to its items', async () => {
    const found = new Map<string, unknown>();
    for await (const { item, collection } of crawlStac(ROOT))
      found.set(item.id, [item.collection, item.properties, collection?.id]);
    // STAC 0.9: properties of the collection, by the extension "commons".
    expect(found.get('radar-000')).toMatchObject(['radar', { instrument: 'c-sar', platform: 'a' }, 'radar']);
    expect(found.get('scenes-002')).toMatchObject(['scenes', { platform: 'a' }, 'scenes']);
  });

  it('stops reading when enough items are found', async () => {
    expect(await idsOf({ maxItems: 1, concurrency: 1 })).toEqual(['scenes-000']);
    await expect(idsOf({ maxDocuments: 3 })).rejects.toThrow(
      'the catalog has more than 3 documents; narrow the crawl',
    );
  });

  it('reads lists of items page by page', async () => {
    const pages = (n: number) => ({
      type: 'FeatureCollection',
      features: dailyItems(70).slice(n, n + 1),
      links:
        n < 69
          ? [{ rel: 'next', href: `?page=${n + 1}`, method: 'GET' }]
          : [{ rel: 'next', href: '?page=0' }],
    });
    server.fault = ({ path }) => {
      const n = Number(/page=(\d+)/.exec(path)?.[1] ?? 0);
      return path.startsWith('/items') ? { type: 'status', status: 200, body: pages(n) } : null;
    };
    // The last page links to the first under another URL; reading ends there, since the page after it was read.
    const ids = await idsOf({}, `${server.url}/items`);
    expect(ids).toHaveLength(71);
    expect(new Set(ids).size).toBe(70);
  });

  it('names an invalid document, or leaves it out', async () => {
    server.fault = firstTimes(99, /b\.json/, { type: 'status', status: 404 });
    await expect(idsOf()).rejects.toThrow('/static/optical/july/b.json does not exist');
    const left: string[] = [];
    const onUnreadable = (href: string) => void left.push(href);
    expect(await idsOf({ onUnreadable })).toEqual(ALL.filter((id) => id !== 'scenes-001'));
    expect(left).toEqual([`${server.url}/static/optical/july/b.json`]);
    server.fault = () => ({ type: 'status', status: 200, body: { hello: 1 } });
    await expect(idsOf({ onUnreadable })).rejects.toThrow('/static/catalog.json is no STAC document');
  });

  it('does not read files of this machine for a catalog from a server', async () => {
    server.fault = () => ({
      type: 'status',
      status: 200,
      body: { type: 'Catalog', id: 'c', stac_version: '1.0.0', links: [link('child', 'file:///etc/passwd')] },
    });
    await expect(idsOf()).rejects.toThrow(
      'comes from a server but names the file file:///etc/passwd of this machine',
    );
  });

  it('ends with the reason of its signal', async () => {
    const controller = new AbortController();
    const crawl = crawlStac(ROOT, { signal: controller.signal });
    await crawl.next();
    controller.abort(new Error('enough'));
    await expect(crawl.next().then(() => crawl.next())).rejects.toThrow('enough');
  });
});

describe('buildCrawledCatalog', () => {
  it('makes a catalog that is written and opened, without signatures', async () => {
    const { catalog, items, unreadable } = await buildCrawledCatalog(ROOT);
    expect(unreadable).toEqual([]);
    expect(items.map(({ id }) => id)).toEqual(ALL);
    const path = join(folder, 'crawled.parquet');
    await writeCatalog(catalog, path);
    await using file = await openCatalog(path);
    const found = await file.query({ geometry: [6.12, 49.02, 6.14, 49.04] });
    expect([...found].map(({ id }) => id)).toEqual(['scenes-001']);
    const { assets } = found.row(0);
    expect(assets.data.href).toBe(`${server.url}/static/optical/july/data.tif`);
    expect(assets.data.bands?.[0].nodata).toBe(0);
    expect((await readFile(path)).includes('secret')).toBe(false);
  });

  it('keeps the selected assets', async () => {
    expect((await buildCrawledCatalog(ROOT, { roles: ['thumbnail'] })).catalog).toHaveLength(0);
    expect(
      (await buildCrawledCatalog(ROOT, { assets: ['data'], assetDatetime: '2021-07-03' })).catalog,
    ).toHaveLength(1);
  });

  it('continues an earlier crawl', async () => {
    const journal = join(folder, 'crawl.journal');
    const before = { journal, resume: true, concurrency: 1, retry: { attempts: 1 } };
    server.fault = firstTimes(1, /loose/, { type: 'status', status: 500 });
    await expect(buildCrawledCatalog(ROOT, { ...before, onUnreadable: 'throw' })).rejects.toThrow(
      'loose.json answered 500',
    );
    const kept = await readFile(journal, 'utf8');
    expect(kept).not.toContain('secret');
    // A crash in the middle of a line.
    await writeFile(journal, `${kept}{"href":"${server.url}/static/loose.json","docum`);
    server.requests.length = 0;
    const resumed = await buildCrawledCatalog(ROOT, before);
    expect(paths()).toEqual(['loose.json', 'radar/r.json', 'other.json']);
    expect([...resumed.catalog]).toEqual([...(await buildCrawledCatalog(ROOT)).catalog]);
    server.requests.length = 0;
    await buildCrawledCatalog(ROOT, { journal });
    expect(paths()).toHaveLength(Object.keys(documents).length);
  });

  it('reads catalogs in files', async () => {
    const { items } = await buildCrawledCatalog(ROOT);
    await writeFile(join(folder, 'item.json'), JSON.stringify(documents['optical/july/b.json']));
    const root = { type: 'Catalog', id: 'c', stac_version: '1.0.0', links: [link('item', './item.json')] };
    await writeFile(join(folder, 'root.json'), JSON.stringify(root));
    const local = await buildCrawledCatalog(join(folder, 'root.json'));
    expect(local.catalog.row(0).assets.data.href).toBe(join(folder, 'data.tif'));
    // The stored documents are read as items again.
    await writeFile(
      join(folder, 'items.json'),
      JSON.stringify({ type: 'FeatureCollection', features: items }),
    );
    expect(await loadCatalog(join(folder, 'items.json'))).toHaveLength(4);
  });
});
