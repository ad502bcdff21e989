import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openProduct } from '../../src/catalog/node/index.js';
import { base, DNS, folder, item, SIDE, write } from '../support/items.js';

const first = 5;

const planetary = (baseline: string): object =>
  item({
    id: 'S2A_MSIL2A_20210715T105031_R051_T31UFS_20210716T033313',
    collection: 'sentinel-2-l2a',
    properties: {
      platform: 'Sentinel-2A',
      's2:processing_baseline': baseline,
      's2:mgrs_tile': '31UFS',
      's2:product_type': 'S2MSI2A',
      'eo:cloud_cover': 7.5,
      'sat:orbit_state': 'descending',
      'sat:relative_orbit': 51,
    },
    assets: {
      B04: { href: 'optical.tif', 'eo:bands': [{ name: 'B04', common_name: 'red' }] },
      B8A: { href: 'optical.tif', 'eo:bands': [{ name: 'B8A', common_name: 'rededge' }] },
      SCL: { href: 'scl.tif' },
      'granule-metadata': { href: 'x.xml', type: 'application/xml', roles: ['metadata'] },
      visual: { href: 'optical.tif', 'eo:bands': [{ name: 'B04' }, { name: 'B03' }] },
    },
  });

const earthSearch = (applied: boolean | null, offset: number | null): object =>
  item({
    id: 'S2A_T31UFS_20210715T105031_L2A',
    collection: 'sentinel-2-c1-l2a',
    properties: {
      platform: 'sentinel-2a',
      constellation: 'sentinel-2',
      'grid:code': 'MGRS-31UFS',
      's2:processing_baseline': '05.10',
      ...(applied === null ? {} : { 'earthsearch:boa_offset_applied': applied }),
    },
    assets: Object.fromEntries(
      ['red', 'nir08', 'rededge1'].map((key) => [
        key,
        {
          href: 'optical.tif',
          'eo:bands': [{ name: { red: 'B04', nir08: 'B8A', rededge1: 'B05' }[key] }],
          'raster:bands': [{ nodata: 0, scale: 0.0001, ...(offset === null ? {} : { offset }) }],
        },
      ]),
    ),
  });

const expected = (added: number): number[] =>
  Array.from({ length: first }, (_, k) => (DNS(k) === 0 ? Number.NaN : Math.max(0, DNS(k) + added)));

async function firstDns(document: object, options: { addOffset?: number } = {}): Promise<number[]> {
  const product = await openProduct(document, { base, ...options });
  const { tensor } = await product.load(['RED'], { units: 'dn_harmonised' });
  return Array.from(tensor.data.subarray(0, first), (value) => Math.round(value * 1000) / 1000);
}

describe('items of Sentinel-2', () => {
  it('of the Planetary Computer use the offset of their baseline', async () => {
    const product = await openProduct(planetary('04.00'), { base });
    expect(product.attributes).toMatchObject({
      constellation: 'Sentinel-2',
      platform: 'Sentinel-2A',
      productType: 'S2MSI2A',
      tile: '31UFS',
      relativeOrbit: 51,
      orbitDirection: 'descending',
      processingBaseline: '04.00',
      cloudCover: 7.5,
    });
    expect(product.bands.map(({ name }) => name)).toEqual([
      'RED', 'NARROW_NIR', 'SCL', 'CLOUDS', 'SHADOWS', 'CIRRUS', 'ALL_CLOUDS',
    ]); // biome-ignore format: a list
    expect(await firstDns(planetary('04.00'))).toEqual(expected(-1000));
    expect(await firstDns(planetary('05.11'))).toEqual(expected(-1000));
    expect(await firstDns(planetary('03.01'))).toEqual(expected(0));
    const { tensor } = await product.load(['RED', 'ALL_CLOUDS']);
    expect(tensor.data[4]).toBeCloseTo(1, 6);
    expect(Array.from(tensor.plane(1).data.subarray(0, 4))).toEqual([Number.NaN, 0, 1, 1]);
  });

  it('of Earth Search use the offset of their bands, unless it has been applied', async () => {
    expect(await firstDns(earthSearch(null, -0.1))).toEqual(expected(-1000));
    expect(await firstDns(earthSearch(false, -0.1))).toEqual(expected(-1000));
    expect(await firstDns(earthSearch(true, -0.1))).toEqual(expected(0));
    // Bands that contradict the baseline of a known collection are ignored; those of another collection are used.
    expect(await firstDns(earthSearch(null, 0))).toEqual(expected(-1000));
    const other = { ...earthSearch(null, 0), collection: 'my-sentinel-2' };
    expect(await firstDns(other)).toEqual(expected(0));
    const product = await openProduct(earthSearch(null, -0.1), { base });
    expect(product.bands.map(({ name, id }) => `${name} ${id}`)).toEqual([
      'RED B04',
      'VRE_1 B05',
      'NARROW_NIR B8A',
    ]);
    expect(product.attributes.tile).toBe('31UFS');
  });

  it('may list pictures, and images twice', async () => {
    await write('picture.tif', 'uint8', () => 7, null);
    const document = item({
      id: 'S2A_MSIL2A_20210715T105031_R051_T31UFS_20210716T033313',
      collection: 'sentinel-2-l2a',
      properties: { 's2:processing_baseline': '03.00' },
      assets: {
        visual: { href: 'picture.tif', 'eo:bands': [{ name: 'B04' }, { name: 'B03' }, { name: 'B02' }] },
        'red-jp2': { href: 's3://elsewhere/B04.jp2', type: 'image/jp2', 'eo:bands': [{ name: 'B04' }] },
        B04: { href: 'optical.tif', 'eo:bands': [{ name: 'B04' }] },
      },
    });
    expect(await firstDns(document)).toEqual(expected(0));
    const product = await openProduct(document, { base });
    expect(Object.keys(product.row().assets)).toEqual(['B04']);
    expect(product.attributes).toMatchObject({
      tile: '31UFS',
      condensedName: '20210715T105031_S2_T31UFS_L2A_033313',
      pixelSize: 10,
    });
  });

  it('name their tile in several ways', async () => {
    const forms: [string, Record<string, unknown>][] = [
      ['01CCV', { 'mgrs:utm_zone': 1, 'mgrs:latitude_band': 'C', 'mgrs:grid_square': 'CV' }],
      ['28QCH', { 'sentinel:latitude_band': 'Q', 'sentinel:product_id': 'S2A_MSIL2A_20200714T115221_N0214_R123_T28QCH_20200714T191310' }],
      ['28QCH', { 's2:product_uri': 'S2A_MSIL2A_20200714T115221_N0214_R123_T28QCH_20200714T191310.SAFE' }],
    ]; // biome-ignore format: a list
    for (const [tile, properties] of forms) {
      const assets = { B04: { href: 'optical.tif' } };
      const document = item({ id: 'S2A_made', properties, assets });
      const product = await openProduct(document, { base, addOffset: 0 });
      expect(product.attributes.tile).toBe(tile);
    }
  });

  it('may be given another offset', async () => {
    await expect(openProduct(planetary('04.00'), { base, addOffset: Number.NaN })).rejects.toThrow(
      'addOffset cannot be NaN; give 0 or -1000.',
    );
    expect(await firstDns(earthSearch(false, -0.1), { addOffset: 0 })).toEqual(expected(0));
    expect(await firstDns(planetary('03.01'), { addOffset: -1000 })).toEqual(expected(-1000));
  });

  it('are refused without an offset', async () => {
    const document = item({
      id: 'S2A_31UFS',
      collection: 'sentinel-2',
      properties: {},
      assets: { B04: { href: 'optical.tif' } },
    });
    await expect(openProduct(document, { base })).rejects.toThrow(/give `addOffset` 0 or -1000/);
    // Products processed by users have a baseline without meaning.
    const own = { ...document, properties: { ...Object(planetary('99.99')).properties } };
    await expect(openProduct(own, { base })).rejects.toThrow(/give `addOffset` 0 or -1000/);
    const zero = {
      B04: { href: 'optical.tif', type: 'image/tiff', 'raster:bands': [{ scale: 0, offset: 0 }] },
    };
    await expect(openProduct({ ...document, assets: zero }, { base })).rejects.toThrow(
      /has a scale of 0 for B04/,
    );
    expect(await firstDns(document, { addOffset: 0 })).toEqual(expected(0));
  });
});

describe('items on a server', () => {
  const requests: { path: string; range: string | undefined }[] = [];
  const files = new Map<string, Uint8Array>();
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    requests.push({ path, range: request.headers.range });
    const bytes = files.get(path);
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    if (bytes === undefined) return void response.writeHead(404).end();
    if (range === null) return void response.end(bytes);
    const [start, end] = [Number(range[1]), Math.min(Number(range[2]) + 1, bytes.length)];
    response
      .writeHead(206, { 'content-range': `bytes ${start}-${end - 1}/${bytes.length}` })
      .end(bytes.subarray(start, end));
  });
  afterAll(() => void server.close());

  it('have relative image paths, read by ranges', async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    files.set('/items/one.json', Buffer.from(JSON.stringify(planetary('04.00'))));
    for (const name of ['optical.tif', 'scl.tif'])
      files.set(`/items/${name}`, readFileSync(join(folder, name)));
    const product = await openProduct(`${url}/items/one.json`);
    const { tensor } = await product.load(['RED', 'SCL']);
    const local = await (await openProduct(planetary('04.00'), { base })).load(['RED', 'SCL']);
    expect(tensor.data).toEqual(local.tensor.data);
    const images = requests.filter(({ path }) => path.endsWith('.tif'));
    expect(images.length).toBeGreaterThan(0);
    expect(images.every(({ range }) => range !== undefined)).toBe(true);
    expect(new Set(images.map(({ path }) => path))).toEqual(
      new Set(['/items/optical.tif', '/items/scl.tif']),
    );
    const bad = item({
      id: 'S2A_MSIL2A_bad',
      collection: 'sentinel-2-l2a',
      properties: { 's2:processing_baseline': '05.00' },
      assets: { B04: { href: 'file:///etc/passwd' } },
    });
    files.set('/items/bad.json', Buffer.from(JSON.stringify(bad)));
    await expect(openProduct(`${url}/items/bad.json`)).rejects.toThrow(/names the file .* of this machine/);
    await expect(openProduct(`${url}/items/none.json`)).rejects.toThrow(/none\.json/);
  });
});

describe('items in files', () => {
  it('have relative image paths', async () => {
    const own = join(folder, 'items');
    await mkdir(own);
    const path = join(own, 'one.json');
    const text = JSON.stringify(planetary('04.00')).replaceAll('"optical.tif"', '"../optical.tif"');
    await writeFile(path, text);
    const product = await openProduct(path);
    expect((await product.load(['RED'])).tensor.shape).toEqual([1, SIDE, SIDE]);
    await writeFile(path, '{"type": "Feature"}');
    await expect(openProduct(path)).rejects.toThrow(/one\.json is not as it should be/);
    await writeFile(path, 'no item');
    await expect(openProduct(path)).rejects.toThrow(/one\.json is not JSON/);
  });
});
