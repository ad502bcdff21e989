/** STAC items in files and on servers: saved searches, labels and addresses. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  buildProductCatalog,
  buildStacCatalog,
  buildVectorCatalog,
  catalogFromStac,
  GeoCatalog,
  isStacFile,
  loadCatalog,
  openProduct,
  saveCatalog,
  writeStacGeoParquet,
} from '../../src/catalog/node/index.js';
import { readFeatures } from '../../src/vector/node/index.js';
import { describeCatalogFile } from '../../src/workflow/catalog.js';
import { boxOutline, catalogRow, idsOf } from '../support/catalog.js';
import { temporaryFolder } from '../support/files.js';
import { serveFolder } from '../support/stores.js';

const folder = await temporaryFolder();

const item = (id: string, day: string, href = `https://example.com/${id}/B04.tif`) => ({
  type: 'Feature',
  stac_version: '1.0.0',
  id,
  collection: 'made-up',
  geometry: { type: 'Polygon', coordinates: boxOutline([9, 45, 10, 46]) },
  properties: { datetime: `${day}T10:00:00Z` },
  links: [{ rel: 'self', href: `https://example.com/${id}.json` }],
  assets: { red: { href, roles: ['data'] } },
});
const [a, b] = [item('A', '2021-07-01'), item('B', '2021-07-11')];
const collectionOf = (features: readonly unknown[], more = {}) => ({
  type: 'FeatureCollection',
  features,
  ...more,
});

async function write(name: string, content: unknown): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const links = [{ rel: 'next', href: 'https://example.com/search?page=2' }];
const lines = `${JSON.stringify(a)}\n\n${JSON.stringify(b)}`;

describe('saved searches', () => {
  it.each<[name: string, content: unknown]>([
    ['search.json', collectionOf([a, b], { links, numberReturned: 2 })],
    ['search.geojson', collectionOf([a, b])],
    ['pages.json', [collectionOf([a], { links }), collectionOf([b], { links })]],
    ['list.json', [a, b]],
    ['items.ndjson', lines],
    ['items.jsonl', `\ufeff${lines}\n`],
    ['sequence.geojsonl', lines.replaceAll('{"type":"Feature"', '\u001e{"type":"Feature"')],
    ['lines.json', lines.replace('\n\n', '\r\n')],
    [
      'old.json',
      { stac_version: '0.9.0', ...collectionOf([a, b].map(({ stac_version: _, ...rest }) => rest)) },
    ],
  ])('are catalogs: %s', async (name, content) => {
    const path = await write(name, content);
    expect(await isStacFile(path)).toBe(true);
    for (const catalog of [await loadCatalog(path), (await buildStacCatalog(path)).catalog]) {
      expect(idsOf(catalog)).toEqual(['A', 'B']);
      expect(catalog.row(0).assets.red.href).toBe('https://example.com/A/B04.tif');
      expect(idsOf(catalog.query({ interval: '2021-07-01' }))).toEqual(['A']);
    }
    // Lines of documents are not labels either.
    await expect(buildVectorCatalog(path)).rejects.toThrow(/holds STAC items/);
  });

  it('are read in UTF-16, as written by Windows PowerShell', async () => {
    for (const [name, text] of [
      ['wide.ndjson', lines],
      ['wide.json', JSON.stringify(collectionOf([a, b]))],
    ]) {
      const path = join(folder, name);
      for (const bytes of [
        Buffer.from(`\ufeff${text}`, 'utf16le'),
        Buffer.from(`\ufeff${text}`, 'utf16le').swap16(),
      ]) {
        await writeFile(path, bytes);
        expect(await isStacFile(path)).toBe(true);
        expect(idsOf(await loadCatalog(path))).toEqual(['A', 'B']);
      }
    }
  });

  it('may have one item or none', async () => {
    expect(idsOf(await loadCatalog(await write('item.json', a)))).toEqual(['A']);
    expect(await loadCatalog(await write('none.json', collectionOf([], { links })))).toHaveLength(0);
  });

  it('are refused when they only link to items; syntax errors have a line number', async () => {
    const linked = await write('collection.json', {
      type: 'Collection',
      stac_version: '1.0.0',
      id: 'c',
      links,
    });
    await expect(loadCatalog(linked)).rejects.toThrow(
      /is a STAC Collection: its items are documents of their own/,
    );
    const broken = await write('broken.ndjson', `${JSON.stringify(a)}\n{"type"`);
    await expect(loadCatalog(broken)).rejects.toThrow(/broken\.ndjson: line 2/);
  });

  it('may be one product each', async () => {
    const scene = (id: string) => ({
      ...item(id, '2021-07-01'),
      collection: 'sentinel-1-rtc',
      assets: { vv: { href: `${id}.tif`, type: 'image/tiff', roles: ['data'] } },
    });
    const path = await write('rtc.json', collectionOf([scene('S1A_1'), scene('S1A_2')]));
    const { catalog } = await buildProductCatalog(path);
    expect(Array.from(catalog, ({ id, assets }) => [id, assets.vv.units])).toEqual([
      ['S1A_1', 'linear_power'],
      ['S1A_2', 'linear_power'],
    ]);
    await expect(openProduct(path)).rejects.toThrow(/holds 2 STAC items, not one product/);
    await expect(buildProductCatalog(join(folder, 'search.json'))).rejects.toThrow(/`type` stac/);
  });

  it('use item_assets of their collection', () => {
    const red = { 'raster:scale': 0.5, 'eo:common_name': 'red', href: 'never.tif' };
    const documents = [{ type: 'Collection', id: 'made-up', item_assets: { red } }, collectionOf([a])];
    expect(catalogFromStac(documents).row(0).assets.red).toMatchObject({
      href: 'https://example.com/A/B04.tif',
      everyBand: { scale: 0.5, commonName: 'red' },
    });
  });

  it('are refused as labels, and labels as items', async () => {
    await expect(readFeatures(await write('label.geojson', a))).rejects.toThrow(/holds STAC items/);
    // As an area of interest an item is a polygon.
    expect((await readFeatures(join(folder, 'label.geojson'), { stac: true })).features).toHaveLength(1);
    const { geometry } = a;
    const properties = { stac_version: '1.0.0', datetime: '2021-07-01' };
    const label = await write('real.geojson', collectionOf([{ type: 'Feature', geometry, properties }]));
    expect(await isStacFile(label)).toBe(false);
    expect((await readFeatures(label)).features).toHaveLength(1);
    const { catalog } = await buildVectorCatalog(label);
    expect(catalog).toHaveLength(1);
    const saved = join(folder, 'saved.geojson');
    await saveCatalog(catalogFromStac(a), saved);
    expect(await isStacFile(saved)).toBe(false);
    expect(idsOf(await loadCatalog(saved))).toEqual(['A']);
  });
});

it('every kind of catalog keeps properties, assets and collections of any name', async () => {
  const hostile = JSON.parse(
    JSON.stringify({ ...item('x', '2021-07-01', 'a.tif'), collection: 'constructor' })
      .replace('"properties":{', '"properties":{"constructor":1,"__proto__":2,"toString":"t",')
      .replace('"assets":{', '"assets":{"constructor":{"href":"b.tif"},"__proto__":{"href":"c.tif"},'),
  );
  const catalog = catalogFromStac(hostile);
  for (const kind of ['.parquet', '.geojson', '.stac.parquet']) {
    const path = join(folder, `names${kind}`);
    if (kind === '.stac.parquet') await writeStacGeoParquet(catalog, path);
    else await saveCatalog(catalog, path);
    const [{ properties, assets }] = await loadCatalog(path);
    expect(Object.entries(properties)).toEqual(
      expect.arrayContaining([
        ['constructor', 1],
        // Columns of this name are lost by the reader of foreign Parquet files.
        ...(kind === '.stac.parquet' ? [] : [['__proto__', 2]]),
        ['toString', 't'],
      ]),
    );
    expect(Object.keys(assets)).toContain('constructor');
    if (kind !== '.stac.parquet') expect(Object.keys(assets)).toContain('__proto__');
    expect((await describeCatalogFile(path)).collections).toEqual({ constructor: 1 });
  }
});

describe('rows of a catalog on a server', async () => {
  const { url } = await serveFolder(folder);
  const save = async (kind: string, href: string): Promise<string> => {
    const name = `hostile${kind}`;
    const row = catalogRow('r', [9, 45, 10, 46], '2021-07-01T10:00:00Z', {
      href,
      assets: { data: { href } },
    });
    const path = join(folder, name);
    if (kind.endsWith('.stac.parquet')) await writeStacGeoParquet(GeoCatalog.from([row]), path);
    else if (kind.endsWith('.json')) await writeFile(path, JSON.stringify(item('r', '2021-07-01', href)));
    else await saveCatalog(GeoCatalog.from([row]), path);
    return `${url}/${name}`;
  };
  const load = async (address: string, options = {}) => [...(await loadCatalog(address, options))];

  it.each(['.parquet', '.geojson', '.stac.parquet', '.json'])(
    'cannot name local files or private addresses: *%s',
    async (kind) => {
      for (const href of ['file:///etc/passwd', 'C:\\secret.tif']) {
        const address = await save(kind, href);
        await expect(load(address)).rejects.toThrow(
          /comes from a server but names the file .* of this machine/,
        );
      }
      for (const host of [
        '169.254.169.254',
        '[fe80::1]',
        '2852039166',
        '[::ffff:a9fe:a9fe]',
        'metadata.google.internal',
      ]) {
        const address = await save(kind, `http://${host}/latest/meta-data`);
        await expect(load(address)).rejects.toThrow(
          /names .*, which only this machine or its network can ask/,
        );
        const [row] = await load(address, { allowLocal: true });
        expect(row.href).toContain('/latest/meta-data');
      }
      const [row] = await load(await save(kind, 'https://example.com/B04.tif'));
      expect(row.href).toBe('https://example.com/B04.tif');
    },
  );

  it('resolve relative paths against the catalog, never against a local folder', async () => {
    for (const kind of ['.parquet', '.geojson', '.stac.parquet']) {
      const [row] = await load(await save(kind, '../scenes/B04.tif'));
      expect(row.assets.data.href).toBe(`${url}/scenes/B04.tif`);
    }
    await expect(load(await save('.parquet', '/etc/passwd'))).rejects.toThrow(/names the file \/etc\/passwd/);
    const [trusted] = await load(await save('.parquet', '/data/B04.tif'), { allowLocal: true });
    expect(trusted.href).toBe('/data/B04.tif');
    // In a local file, addresses may be local files.
    await save('.parquet', '/data/B04.tif');
    expect([...(await loadCatalog(join(folder, 'hostile.parquet')))][0].href).toBe('/data/B04.tif');
  });

  it('of a search are not resolved against a local folder', async () => {
    const self = {
      ...item('s', '2021-07-01', 'passwd'),
      links: [{ rel: 'self', href: 'file:///etc/item.json' }],
    };
    await write('self.json', collectionOf([self]));
    await expect(load(`${url}/self.json`)).rejects.toThrow(/names the file file:\/\/\/etc\/item\.json/);
    await write('path.json', collectionOf([{ ...self, links: [{ rel: 'self', href: '/etc/item.json' }] }]));
    expect((await load(`${url}/path.json`))[0].href).toBe(`${url}/etc/passwd`);
  });
});
