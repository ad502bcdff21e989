import { beforeEach, describe, expect, it } from 'vitest';
import { catalogFromStac, type SearchOptions, type StacQuery, searchStac } from '../../src/catalog/index.js';
import { dailyItems } from '../support/archive-items.js';
import { type ArchiveRequest, everyNth, startArchiveServer } from '../support/archive-server.js';

const items = [...dailyItems(25), ...dailyItems(3, 'dem')];
const server = await startArchiveServer({ items, collections: [{ id: 'scenes' }, { id: 'dem' }] });
const API = `${server.url}/stac`;
const retry = { delay: 1 };

beforeEach(() => {
  server.requests.length = 0;
  server.fault = null;
  Object.assign(server.api, { paging: 'merge', post: true, pageSize: 10, maxLimit: 250 });
});

async function idsOf(query: StacQuery, options: SearchOptions = {}, url = API): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of searchStac(url, query, { retry, ...options })) ids.push(id);
  return ids;
}

const allScenes = items.slice(0, 25).map(({ id }) => id);
const sent = ({ method, path, body }: ArchiveRequest) =>
  body === '' ? [method, path] : [method, path, JSON.parse(body)];

describe('searchStac', () => {
  it.each(['merge', 'body', 'href'] as const)('follows pages that are linked by %s', async (paging) => {
    server.api.paging = paging;
    // With links for GET, the first page must be a GET too, since this server pages each method differently.
    const method = paging === 'href' ? 'GET' : undefined;
    expect(await idsOf({ collections: 'scenes' }, { limit: 10, ...(method && { method }) })).toEqual(
      allScenes,
    );
    expect(server.requests.map(({ method }) => method)).toEqual(Array(3).fill(method ?? 'POST'));
    const { path, body } = server.requests[2];
    const wanted = { collections: ['scenes'], limit: 10, token: '20' };
    if (method === undefined) expect(JSON.parse(body)).toEqual(wanted);
    else expect(path).toBe('/stac/search?collections=scenes&limit=10&token=20');
  });

  it('finds by place, time, ids and conditions', async () => {
    expect(await idsOf({ bbox: [6.11, 49, 6.19, 49.05] })).toEqual(['scenes-001', 'dem-001']);
    expect(await idsOf({ collections: 'scenes', datetime: '2021-07-02' })).toEqual(['scenes-001']);
    expect(await idsOf({ collections: 'scenes', datetime: '2021-07-24/..' })).toEqual([
      'scenes-023',
      'scenes-024',
    ]);
    expect(await idsOf({ ids: ['dem-002', 'scenes-004'] })).toEqual(['scenes-004', 'dem-002']);
    expect(await idsOf({ collections: 'scenes', query: ['eo:cloud_cover<10', "platform='a'"] })).toEqual([
      'scenes-000',
    ]);
    const filter = {
      op: 'and',
      args: [
        { op: '<', args: [{ property: 'eo:cloud_cover' }, 10] },
        { op: '=', args: [{ property: 'collection' }, 'scenes'] },
      ],
    };
    expect(await idsOf({ filter })).toEqual(['scenes-000', 'scenes-011', 'scenes-019']);
    const point = { type: 'Feature', geometry: { type: 'Point', coordinates: [6.15, 49.05] } };
    expect(await idsOf({ collections: 'scenes', intersects: point })).toEqual(['scenes-001']);
  });

  it('sends requests by the rules of the API', async () => {
    await idsOf({
      collections: ['scenes'],
      bbox: [6, 49, 0, 6.1, 49.1, 500],
      datetime: '2021-07-02T10:00:00Z/2021-08',
      sortby: ['-properties.datetime', '+id'],
      fields: ['id', '-geometry'],
      query: { 'eo:cloud_cover': { lt: 20 } },
    });
    expect(server.requests.map(sent)).toEqual([
      [
        'POST',
        '/stac/search',
        {
          collections: ['scenes'],
          bbox: [6, 49, 6.1, 49.1],
          datetime: '2021-07-02T10:00:00Z/2021-08-31T23:59:59.999Z',
          sortby: [
            { field: 'properties.datetime', direction: 'desc' },
            { field: 'id', direction: 'asc' },
          ],
          fields: { include: ['id'], exclude: ['geometry'] },
          query: { 'eo:cloud_cover': { lt: 20 } },
          limit: 100,
        },
      ],
    ]);
    expect(server.requests[0].headers['content-type']).toBe('application/json');
  });

  it('sends the same parameters in the query of a GET', async () => {
    const query: StacQuery = {
      collections: ['scenes', 'dem'],
      bbox: [6, 49, 6.1, 49.1],
      datetime: '2021-07-01',
      sortby: '-properties.datetime',
      fields: ['id', 'properties', '-links'],
      query: ['platform=a'],
    };
    expect(await idsOf(query, { method: 'GET' })).toEqual(['scenes-000', 'dem-000']);
    const { searchParams } = new URL(server.requests[0].path, API);
    expect(Object.fromEntries(searchParams)).toEqual({
      collections: 'scenes,dem',
      bbox: '6,49,6.1,49.1',
      datetime: '2021-07-01T00:00:00Z/2021-07-01T23:59:59.999Z',
      sortby: '-properties.datetime',
      fields: 'id,properties,-links',
      query: '{"platform":{"eq":"a"}}',
      limit: '100',
    });
  });

  it('sends a filter in CQL2 text by GET, since servers take JSON in a POST', async () => {
    await expect(idsOf({ filter: 'eo:cloud_cover < 20' })).rejects.toThrow(
      'this server reads CQL2 as JSON only',
    );
    expect(server.requests.map(sent)).toEqual([
      ['GET', '/stac/search?filter=eo%3Acloud_cover+%3C+20&filter-lang=cql2-text&limit=100'],
    ]);
  });

  it('uses GET if the server supports no POST, and for the items of a collection', async () => {
    server.api.post = false;
    expect(await idsOf({ collections: 'scenes' }, { limit: 10 })).toEqual(allScenes);
    expect(server.requests.map(({ method, status }) => `${method} ${status}`)).toEqual([
      'POST 405',
      'GET 200',
      'GET 200',
      'GET 200',
    ]);
    await expect(idsOf({}, { method: 'POST' })).rejects.toMatchObject({ fields: { status: 405 } });
    expect(await idsOf({}, {}, `${API}/collections/dem/items/`)).toEqual(['dem-000', 'dem-001', 'dem-002']);
  });

  it('halves pages that are too large, and keeps that size', async () => {
    server.api.maxLimit = 7;
    expect(await idsOf({ collections: 'scenes' }, { limit: 24 })).toEqual(allScenes);
    const limits = server.requests.map(({ body, status }) => `${JSON.parse(body).limit} ${status}`);
    // Each size is tried twice, since a server may also fail for other reasons.
    expect(limits).toEqual(['24 502', '24 502', '12 502', '12 502', ...Array(5).fill('6 200')]);
  });

  it.each([
    // https://github.com/Element84/earth-search/issues/60: it fails above 267.
    ['https://earth-search.aws.element84.com/v1', 250],
    ['https://planetarycomputer.microsoft.com/api/stac/v1', 1000],
    ['https://sh.dataspace.copernicus.eu/api/v1/catalog/1.0.0', 100],
  ])('asks %s for at most %i items a page', async (url, limit) => {
    server.api.maxLimit = 10_000;
    // An access that redirects to the test's server.
    const access = {
      authorize: async (request: { url: string }) => ({ url: request.url.replace(url, API), headers: {} }),
    };
    expect(await idsOf({}, { access, limit: 5000 }, url)).toHaveLength(28);
    expect(JSON.parse(server.requests[0].body).limit).toBe(limit);
  });

  it('ends with the same items when the server is throttled, fails, and cuts connections', async () => {
    const faults = [
      { type: 'status', status: 429, retryAfter: 0 },
      { type: 'status', status: 500 },
      { type: 'cut' },
      { type: 'short' },
    ] as const;
    for (const fault of faults) {
      server.fault = everyNth(2, /search/, fault);
      expect(await idsOf({ collections: 'scenes' }, { limit: 5 })).toEqual(allScenes);
    }
  });

  it('requests no more pages and items than necessary', async () => {
    expect(await idsOf({}, { maxItems: 12, limit: 10 })).toHaveLength(12);
    expect(server.requests).toHaveLength(2);
    expect(await idsOf({}, { maxItems: 3 })).toHaveLength(3);
    expect(JSON.parse(server.requests[2].body).limit).toBe(3);
    for await (const _ of searchStac(API, {}, { limit: 10 })) break;
    expect(server.requests).toHaveLength(4);
  });

  it('sends a box across the antimeridian as two polygons', async () => {
    await idsOf({ bbox: [170, -20, -170, -10] });
    expect(JSON.parse(server.requests[0].body).intersects).toEqual({
      type: 'MultiPolygon',
      coordinates: [
        [
          [
            [170, -20],
            [180, -20],
            [180, -10],
            [170, -10],
            [170, -20],
          ],
        ],
        [
          [
            [-180, -20],
            [-170, -20],
            [-170, -10],
            [-180, -10],
            [-180, -20],
          ],
        ],
      ],
    });
  });

  it('returns items that can be made a catalog', async () => {
    const found: unknown[] = [];
    for await (const item of searchStac(API, { collections: 'dem' })) found.push(item);
    const catalog = catalogFromStac(found, { source: API, allowLocal: true });
    expect(catalog).toHaveLength(3);
    expect(catalog.row(1).assets.data.href).toBe(`${server.url}/blobs/archive/data/1.tif`);
  });

  it.each<[StacQuery, RegExp]>([
    [{ bbox: [6, 50, 7, 49] }, /^bbox \[6, 50, 7, 49\] has its south above its north; give its west/],
    [{ bbox: [600_000, 5_000_000, 610_000, 5_010_000] }, /is no box in degrees/],
    [{ bbox: [1, 2, 3] }, /is no box in degrees/],
    [{ bbox: [0, 0, 1, 1], intersects: { type: 'Point', coordinates: [0, 0] } }, /cannot be combined/],
    [{ datetime: '2021-13' }, /"2021-13" is not a date/],
    [{ datetime: '../..' }, /^datetime is open at both ends/],
    [{ query: ['clouds'] }, /^query cannot be "clouds"; write it as/],
  ])('refuses %j before it asks', async (query, message) => {
    await expect(idsOf(query)).rejects.toThrow(message);
    expect(server.requests).toEqual([]);
  });

  it("repeats the server's message when it refuses a search", async () => {
    const error = await idsOf({ filter: { op: 'like', args: [] } }).then(String, String);
    expect(error).toMatch(/\/stac\/search answered 400.*no operator like/);
  });

  it('can be aborted', async () => {
    const controller = new AbortController();
    const found = searchStac(API, {}, { limit: 10, signal: controller.signal });
    await found.next();
    controller.abort(new Error('enough'));
    const rest = async () => {
      for await (const _ of found);
    };
    await expect(rest()).rejects.toThrow('enough');
  });
});

describe('servers with faulty paging', () => {
  /** The ids found on a server that responds to each request by `answer`. */
  async function idsFrom(
    answer: (path: string, body: string, n: number) => object | number,
  ): Promise<string[]> {
    server.fault = ({ path, body }) => {
      const given = answer(path, body, server.requests.length - 1);
      return {
        type: 'status',
        ...(typeof given === 'number' ? { status: given } : { status: 200, body: given }),
      };
    };
    return idsOf({}, {}, `${server.url}/prefix/stac`);
  }
  const page = (id: string, next: object | null, links: object[] = []): object => ({
    type: 'FeatureCollection',
    features: id === '' ? [] : [{ type: 'Feature', id, collection: 'c' }],
    links: next === null ? links : [{ rel: 'next', ...next }, ...links],
  });

  it('by a next page that was already read', async () => {
    const next = { method: 'GET', href: `${server.url}/prefix/stac/search?token=1` };
    await expect(idsFrom((_, __, n) => page(`item-${n}`, next))).rejects.toThrow(
      /stac\/search links from a page of items to one that was there already; narrow/,
    );
    expect(server.requests).toHaveLength(2);
  });

  it('by the same items under other addresses', async () => {
    const next = (n: number) => ({ href: `${server.url}/prefix/stac/search?page=${n + 2}` });
    await expect(idsFrom((_, __, n) => page('item', next(n)))).rejects.toThrow('was there already');
    expect(server.requests).toHaveLength(2);
  });

  it('by an empty last page, and repeated items', async () => {
    const next = (n: number) => ({ method: 'POST', merge: true, body: { token: n }, href: 'search' });
    const ids = ['a', 'b', 'b', ''];
    const answer = (_: string, __: string, n: number) =>
      n === 2
        ? { ...page('b', next(n)), features: ['b', 'c'].map((id) => ({ id, collection: 'c' })) }
        : page(ids[n], next(n));
    expect(await idsFrom(answer)).toEqual(['a', 'b', 'c']);
    expect(server.requests.map(({ body }) => JSON.parse(body).token)).toEqual([undefined, 0, 1, 2]);
  });

  it('by a URL without the prefix of a proxy', async () => {
    // https://github.com/microsoft/PlanetaryComputer/issues/360
    const next = { method: 'GET', href: `${server.url}/search?token=2` };
    const answer = (path: string, _: string, n: number) => {
      if (path.startsWith('/search')) return 404;
      return n === 0 ? page('a', next) : page('b', null);
    };
    expect(await idsFrom(answer)).toEqual(['a', 'b']);
    expect(server.requests.at(-1)?.path).toBe('/prefix/stac/search?token=2');
  });

  it('and servers whose landing page links to a search elsewhere', async () => {
    const answer = (path: string, _: string, n: number) => {
      if (path === '/prefix/stac') return page('', null, [{ rel: 'search', href: `${server.url}/find` }]);
      if (path !== '/find') return 404;
      return page(`item-${n}`, null);
    };
    expect(await idsFrom(answer)).toEqual(['item-2']);
    expect(server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /prefix/stac/search',
      'GET /prefix/stac',
      'POST /find',
    ]);
  });

  it('and responses that are not pages are refused', async () => {
    await expect(idsFrom(() => ({ type: 'FeatureCollection' }))).rejects.toThrow(
      /search is not valid: features/,
    );
    await expect(idsFrom(() => ({ features: [{ id: '' }] }))).rejects.toThrow(
      /features.0.id: must not be empty/,
    );
  });

  it("and the caller's headers are sent only to its server", async () => {
    const other = (n: number) => ({ href: `${server.otherUrl}/stac/search?limit=1&token=${n}` });
    server.fault = ({ n, other: isOther }) =>
      isOther ? null : { type: 'status', status: 200, body: page('a', other(n)) };
    const ids = await idsOf({}, { headers: { authorization: 'Bearer secret-token' }, maxItems: 2 });
    expect(ids).toEqual(['a', 'scenes-000']);
    expect(server.requests.map(({ other, headers }) => [other, headers.authorization])).toEqual([
      [false, 'Bearer secret-token'],
      [true, undefined],
    ]);
  });

  it('and servers that ignore conditions: results are filtered here, with one warning', async () => {
    const clouds = [5, 80, 20, null, 'none'];
    const features = clouds.map((cover, k) => ({
      id: `${k}`,
      collection: 'c',
      properties: { 'eo:cloud_cover': cover, platform: 'A' },
    }));
    server.fault = () => ({ type: 'status', status: 200, body: { features } });
    const warnings: string[] = [];
    const onProgress: SearchOptions['onProgress'] = (event) => {
      if (event.type === 'warning') warnings.push(event.message);
    };
    const query = { 'eo:cloud_cover': { lt: 20 }, platform: { eq: 'a', startsWith: 'b' } };
    // Conditions that cannot be compared here are left to the server.
    expect(await idsOf({ query }, { onProgress })).toEqual(['0', '3', '4']);
    expect(await idsOf({ query }, { maxItems: 2 })).toEqual(['0', '3']);
    expect(await idsOf({ query: { 'eo:cloud_cover': { gte: 20, neq: 80, in: [20, 21] } } })).toEqual([
      '2',
      '3',
      '4',
    ]);
    expect(warnings).toEqual([
      `${API}/search does not heed \`query\`; items that contradict it are left out here`,
    ]);
  });
});
