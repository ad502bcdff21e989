import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openProduct } from '../../src/catalog/node/index.js';
import { GeoBox } from '../../src/geo/node/index.js';
import { writeCog } from '../../src/raster/index.js';
import { temporaryFolder } from '../support/files.js';

const folder = await temporaryFolder();
const SIDE = 12;
const GRID = GeoBox.fromSize([600000, 5699880, 600120, 5700000], 'EPSG:32631', SIDE, SIDE);

/** Writes a raster of one band whose pixel k holds `value(k)`. */
async function write(
  name: string,
  dtype: 'uint16' | 'uint8' | 'float32',
  value: (k: number) => number,
  nodata: number | null,
): Promise<void> {
  const array = { uint16: Uint16Array, uint8: Uint8Array, float32: Float32Array }[dtype];
  const values = Array.from({ length: SIDE * SIDE }, (_, k) => value(k));
  await writeCog(join(folder, name), [array.from(values)], { geobox: GRID, bands: 1, dtype, nodata });
}

const DNS = (k: number): number => [0, 900, 1000, 1500, 11_000][k % 5];
await write('optical.tif', 'uint16', DNS, null);
await write('scl.tif', 'uint8', (k) => [0, 4, 9, 3][k % 4], null);
await write('qa.tif', 'uint16', (k) => [1, 0b1000, 0b10000, 0b100, 0b1000000][k % 5], null);
await write('radar.tif', 'float32', (k) => [-32768, 0.001, 0.1, 1][k % 4], null);

interface Made {
  id: string;
  collection?: string;
  properties: Record<string, unknown>;
  assets: Record<string, Record<string, unknown>>;
}

/** An item over the made rasters. */
function item({ id, collection, properties, assets }: Made): object {
  const ring = GRID.footprint();
  return {
    type: 'Feature',
    stac_version: '1.0.0',
    id,
    ...(collection === undefined ? {} : { collection }),
    geometry: { type: 'Polygon', coordinates: [ring] },
    properties: { datetime: '2021-07-15T10:50:31Z', 'proj:epsg': 32631, ...properties },
    assets: Object.fromEntries(
      Object.entries(assets).map(([key, asset]) => [
        key,
        {
          type: 'image/tiff; application=geotiff; profile=cloud-optimized',
          roles: ['data'],
          'proj:shape': [SIDE, SIDE],
          'proj:transform': [10, 0, 600000, 0, -10, 5700000],
          ...asset,
        },
      ]),
    ),
    links: [],
  };
}

const base = join(folder, 'item.json');
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
  it('of the Planetary Computer have the offset of their baseline', async () => {
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

  it('of Earth Search have the offset of their bands, unless it has been applied', async () => {
    expect(await firstDns(earthSearch(null, -0.1))).toEqual(expected(-1000));
    expect(await firstDns(earthSearch(false, -0.1))).toEqual(expected(-1000));
    expect(await firstDns(earthSearch(true, -0.1))).toEqual(expected(0));
    // Bands that contradict the baseline of a known collection are not believed; those of another one are.
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

  it('may be corrected by hand', async () => {
    expect(await firstDns(earthSearch(false, -0.1), { addOffset: 0 })).toEqual(expected(0));
    expect(await firstDns(planetary('03.01'), { addOffset: -1000 })).toEqual(expected(-1000));
  });

  it('are refused when they do not tell their offset', async () => {
    const document = item({
      id: 'S2A_31UFS',
      collection: 'sentinel-2',
      properties: {},
      assets: { B04: { href: 'optical.tif' } },
    });
    await expect(openProduct(document, { base })).rejects.toThrow(/give addOffset: 0 or addOffset: -1000/);
    expect(await firstDns(document, { addOffset: 0 })).toEqual(expected(0));
  });
});

describe('items of Landsat', () => {
  const landsat = item({
    id: 'LC08_L2SP_199026_20210715_02_T1',
    collection: 'landsat-c2-l2',
    properties: {
      platform: 'landsat-8',
      'landsat:wrs_path': '199',
      'landsat:wrs_row': '026',
      'landsat:correction': 'L2SP',
      'eo:cloud_cover': 3,
    },
    assets: {
      red: { href: 'optical.tif', 'eo:bands': [{ name: 'OLI_B4', common_name: 'red' }] },
      nir08: { href: 'optical.tif', 'eo:bands': [{ name: 'OLI_B5', common_name: 'nir08' }] },
      lwir11: { href: 'optical.tif', 'eo:bands': [{ name: 'TIRS_B10', common_name: 'lwir11' }] },
      qa_pixel: { href: 'qa.tif' },
    },
  });

  it('have reflectance, temperature and clouds by the constants of Collection 2', async () => {
    const product = await openProduct(landsat, { base });
    expect(product.attributes).toMatchObject({
      constellation: 'Landsat',
      tile: '199026',
      productType: 'L2SP',
    });
    expect(product.bands.map(({ name }) => name)).toEqual([
      'RED', 'NIR', 'NARROW_NIR', 'TIR_1', 'QA_PIXEL', 'CLOUDS', 'SHADOWS', 'CIRRUS', 'ALL_CLOUDS',
    ]); // biome-ignore format: a list
    const { tensor, bands } = await product.load(['RED', 'NIR', 'TIR_1', 'CLOUDS', 'ALL_CLOUDS']);
    expect(bands.map(({ units }) => units)).toEqual([
      'reflectance',
      'reflectance',
      'kelvin',
      'class',
      'class',
    ]);
    const at = (band: number): number[] => Array.from(tensor.plane(band).data.subarray(0, first));
    const [fill, ...red] = at(0);
    expect(fill).toBeNaN();
    const byHand = [900, 1000, 1500, 11_000].map((dn) => Math.max(0, dn * 2.75e-5 - 0.2));
    for (const [k, value] of byHand.entries()) expect(red[k]).toBeCloseTo(value, 6);
    expect(red[3]).toBeGreaterThan(0.1);
    expect(at(1)).toEqual(at(0));
    expect(at(2)[1]).toBeCloseTo(900 * 0.00341802 + 149, 4);
    expect(at(3)).toEqual([Number.NaN, 1, 0, 0, 0]);
    expect(at(4)).toEqual([Number.NaN, 1, 1, 1, 0]);
  });
});

describe('items of Sentinel-1 RTC', () => {
  const radar = item({
    id: 'S1A_IW_GRDH_1SDV_20210715T055012_20210715T055037_038786_04939C_rtc',
    collection: 'sentinel-1-rtc',
    properties: { platform: 'SENTINEL-1A', 'sat:orbit_state': 'descending' },
    assets: {
      vv: { href: 'radar.tif', 'raster:bands': [{ nodata: -32768 }] },
      vh: { href: 'radar.tif', 'raster:bands': [{ nodata: -32768 }] },
    },
  });

  it('have power, and decibels when asked', async () => {
    const product = await openProduct(radar, { base });
    expect(product.attributes).toMatchObject({
      constellation: 'Sentinel-1',
      sensorType: 'SAR',
      productType: 'RTC',
    });
    const power = await product.load(['VV', 'VH']);
    expect(power.bands[0].units).toBe('linear_power');
    expect(Array.from(power.tensor.data.subarray(0, 4))).toEqual([
      Number.NaN, Math.fround(0.001), Math.fround(0.1), 1,
    ]); // biome-ignore format: values
    const decibels = await product.load(['vv'], { units: 'dB' });
    expect(decibels.bands[0].units).toBe('dB');
    const values = Array.from(decibels.tensor.data.subarray(1, 4));
    for (const [k, value] of [-30, -10, 0].entries()) expect(values[k]).toBeCloseTo(value, 3);
    await expect(product.load(['VV'], { units: 'reflectance' })).rejects.toThrow(/choose linear_power or dB/);
  });

  it('that are not corrected for terrain are no products', async () => {
    const grd = item({
      id: 'S1A_IW_GRDH_1SDV_20210715T055012',
      collection: 'sentinel-1-grd',
      properties: {},
      assets: { vv: { href: 'radar.tif' } },
    });
    await expect(openProduct(grd, { base })).rejects.toThrow(/no product known here; give one of Sentinel-2/);
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

  it('name images beside them, which are read by ranges', async () => {
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
  it('name images beside them', async () => {
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
