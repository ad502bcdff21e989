import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { dailyItems } from '../support/archive-items.js';
import { firstTimes, startArchiveServer } from '../support/archive-server.js';
import { commandsIn } from '../support/command.js';

const folder = await mkdtemp(join(tmpdir(), 'terrachip-test-'));
afterAll(() => rm(folder, { recursive: true }));
const run = commandsIn(folder);

const items = dailyItems(25).map((item) => ({
  ...item,
  assets: {
    data: {
      href: `{BASE}/blobs/archive/data/${item.id}.tif?sv=1&se=2021&sig=secret`,
      roles: ['data'],
      datetime: '2020-01-01T00:00:00Z',
    },
    preview: { href: `{BASE}/blobs/archive/data/${item.id}.png`, roles: ['thumbnail'] },
  },
}));
const root = {
  type: 'Catalog',
  id: 'root',
  stac_version: '1.0.0',
  links: items.map((_, k) => ({ rel: 'item', href: `${k}.json` })),
};
const server = await startArchiveServer({
  items,
  collections: [{ id: 'scenes' }, { id: 'dem' }],
  documents: { 'root.json': root, ...Object.fromEntries(items.map((item, k) => [`${k}.json`, item])) },
});
const API = `${server.url}/stac`;

beforeEach(() => {
  server.fault = null;
  server.requests.length = 0;
});

interface Found {
  output?: string;
  count: number;
  items: { id: string; assets: Record<string, string> }[];
}

async function found(...args: string[]): Promise<Found> {
  const { status, stdout, stderr } = await run('stac', ...args, '--json');
  expect(stderr.replace(/^(search|crawl)( will read .*)?\n/gm, '')).toBe('');
  expect(status).toBe(0);
  return JSON.parse(stdout) as Found;
}

const ids = ({ items }: Found) => items.map(({ id }) => id);

describe('terrachip stac search', () => {
  it('writes a catalog for every other command', async () => {
    const written = await found(
      'search',
      API,
      '--datetime',
      '2021-07-03/2021-07-12',
      '--query',
      'eo:cloud_cover<50',
      '-o',
      'found.parquet',
    );
    expect(written).toMatchObject({ output: 'found.parquet', count: 5 });
    const info = await run('catalog', 'info', 'found.parquet', '--json');
    expect(JSON.parse(info.stdout)).toMatchObject({
      count: 5,
      interval: ['2021-07-04T10:30:00.000Z', '2021-07-12T10:30:00.000Z'],
      assets: ['data', 'preview'],
    });
    const asked = await run('catalog', 'query', 'found.parquet', '--where', 'eo:cloud_cover < 12', '--json');
    expect(ids(JSON.parse(asked.stdout) as Found)).toEqual(['scenes-011', 'scenes-003']);
  });

  it('writes items as JSON, without signatures', async () => {
    const written = await found(
      'search',
      API,
      '--max-items',
      '12',
      '--limit',
      '5',
      '--roles',
      'data',
      '-o',
      'found.json',
    );
    expect(written.count).toBe(12);
    const text = await readFile(join(folder, 'found.json'), 'utf8');
    expect(text).not.toContain('secret');
    const { features } = JSON.parse(text);
    expect(features[1]).toMatchObject({
      id: 'scenes-001',
      properties: { 'eo:cloud_cover': 37 },
      assets: { data: { href: `${server.url}/blobs/archive/data/scenes-001.tif` } },
    });
    expect(features[1].assets.preview).toBeUndefined();
    const again = await run('catalog', 'query', 'found.json', '--datetime', '2021-07-02', '--json');
    expect(JSON.parse(again.stdout).items).toEqual(written.items.slice(1, 2));
  });

  it('takes places, ids, filters, orders and headers', async () => {
    const area = {
      type: 'Polygon',
      coordinates: [
        [
          [6.22, 49.02],
          [6.28, 49.02],
          [6.28, 49.08],
          [6.22, 49.02],
        ],
      ],
    };
    await writeFile(join(folder, 'area.geojson'), JSON.stringify(area));
    expect(ids(await found('search', API, '--geometry', 'area.geojson'))).toEqual(['scenes-002']);
    expect(ids(await found('search', API, '--bbox', '6.31', '49', '6.39', '49.05'))).toEqual(['scenes-003']);
    const filter = '{"op":"in","args":[{"property":"id"},["scenes-004","scenes-009"]]}';
    expect(ids(await found('search', API, '--filter', filter, '--sortby', '-properties.datetime'))).toEqual([
      'scenes-009',
      'scenes-004',
    ]);
    expect(
      ids(await found('search', API, '--ids', 'scenes-007', '--header', 'x-api-key: my-api-key')),
    ).toEqual(['scenes-007']);
    expect(server.requests.at(-1)?.headers['x-api-key']).toBe('my-api-key');
    expect(ids(await found('search', API, '--max-items', '3', '--asset-datetime', '2020'))).toHaveLength(3);
    expect(ids(await found('search', API, '--max-items', '3', '--asset-datetime', '2019'))).toEqual([]);
  });

  it.each<[string[], string]>([
    [
      ['--bbox', '6', '50', '7', '49'],
      '--bbox [6, 50, 7, 49] has its south above its north; give its west, south, east and north, in this order.',
    ],
    [
      ['--bbox', '6', '49', '7', '50', '--geometry', 'x.geojson'],
      '--bbox and --geometry cannot be combined; give one of them.',
    ],
    [['--datetime', '2021-02-30'], '"2021-02-30" is not a date, a time or an interval; write it as'],
    [['--query', 'clouds'], '--query cannot be "clouds"; write it as eo:cloud_cover<20.'],
    [['--filter', '{"op"'], 'the filter is not JSON (line 1, column 6'],
    [['--header', 'my secret key'], '--header is no header; write it as "NAME: VALUE".'],
    [['-o', 'found.tif'], 'found.tif ends with .tif, but would be written as GeoParquet or GeoJSON'],
    [['--limit', '20000'], '--limit cannot be 20000; give a whole number from 1 to 10000.'],
  ])('says what is wrong with %j', async (args, message) => {
    const { status, stderr } = await run('stac', 'search', API, ...args);
    expect(stderr).toContain(`terrachip: ${message}`);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(status).toBe(2);
    expect(server.requests).toEqual([]);
  });

  it('explains that the server lacks a collection', async () => {
    const named = await run('stac', 'search', API, '--collections', 'scene');
    expect(named.stderr).toBe(
      `search\nterrachip: --collections has "scene", which ${API} does not know; did you mean "scenes"?\n`,
    );
    const { status, stderr } = await run('stac', 'search', `${API}/collections/none`);
    expect(stderr).toMatch(
      /^terrachip: .*\/stac\/collections\/none\/items does not exist.*; check the address\.\n$/,
    );
    expect(status).toBe(2);
  });
});

describe('terrachip stac crawl', () => {
  const crawl = `${server.url}/static/root.json`;

  it('writes a catalog, and continues after an interruption', async () => {
    server.fault = firstTimes(1, /\/20\.json/, { type: 'status', status: 404 });
    const failed = await run(
      'stac',
      'crawl',
      crawl,
      '-o',
      'crawled.parquet',
      '--strict',
      '--concurrency',
      '1',
    );
    expect(failed.stderr).toContain('/static/20.json does not exist');
    expect(failed.status).toBe(2);
    expect(existsSync(join(folder, 'crawled.parquet'))).toBe(false);
    expect(await readFile(join(folder, 'crawled.parquet.crawl'), 'utf8')).not.toContain('secret');
    server.requests.length = 0;
    const { count } = await found('crawl', crawl, '-o', 'crawled.parquet', '--resume');
    expect(count).toBe(25);
    const asked = server.requests.map(({ path }) => path);
    expect(asked).toContain('/static/20.json');
    expect(asked).not.toContain('/static/19.json');
    expect(existsSync(join(folder, 'crawled.parquet.crawl'))).toBe(false);
    const info = await run('catalog', 'info', 'crawled.parquet', '--json');
    expect(JSON.parse(info.stdout).count).toBe(25);
  });

  it('finds by place and time, and prints a table', async () => {
    const { stdout } = await run(
      'stac',
      'crawl',
      crawl,
      '--bbox',
      '6',
      '49',
      '7',
      '49.1',
      '--datetime',
      '2021-07-05/..',
    );
    expect(stdout).toMatch(/^id +time +west south east north +path\nscenes-004 +2021-07-05T10:30:00Z/);
    expect(stdout.trim().split('\n').at(-1)).toBe('6 rows');
  });

  it('leaves out unreadable documents, with a warning', async () => {
    server.fault = firstTimes(99, /\/3\.json/, { type: 'status', status: 404 });
    const { status, stdout, stderr } = await run('stac', 'crawl', crawl, '--json');
    expect(JSON.parse(stdout).count).toBe(24);
    expect(stderr).toContain('left out: http://127.0.0.1');
    expect(status).toBe(0);
  });

  it('needs an output to resume', async () => {
    const { stderr } = await run('stac', 'crawl', crawl, '--resume');
    expect(stderr).toBe(
      'terrachip: --resume continues a crawl to an output; give --output, or leave it out.\n',
    );
  });
});
