import { readFileSync } from 'node:fs';
import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  buildProductCatalog,
  loadRaster,
  openCatalog,
  openProduct,
  PRODUCT_BANDS,
  writeCatalog,
} from '../../src/catalog/node/index.js';
import { GeoBox } from '../../src/geo/node/index.js';
import { openRaster } from '../../src/raster/node/index.js';
import { temporaryFolder } from '../support/files.js';
import { writeSafe } from '../support/safe.js';
import { buildZip } from '../support/zip.js';

const folder = await temporaryFolder();
const safe = await writeSafe(folder);
const SIDE = 120;

/** Stored values of a fixture. */
async function stored(name: string): Promise<number[]> {
  const raster = await openRaster(`test/fixtures/jpeg2000/${name}.jp2`);
  const [plane] = await raster.readPlanes();
  await raster.close();
  return Array.from(plane);
}

/** By the definition: DN 0 and saturated pixels are nodata, and negative results are 0. */
const reflectance = (dn: number, added: number): number =>
  dn === 0 || dn === 32767 ? Number.NaN : Math.max(0, dn + added) / 10_000;

/** All files of a folder as entries of a zip file, under the folder's name. */
async function zipOf(root: string, deflate: boolean): Promise<Uint8Array> {
  const name = root.split('/').at(-1) ?? '';
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return buildZip(
    files.map((path) => ({ name: `${name}${path.slice(root.length)}`, bytes: readFileSync(path), deflate })),
  );
}

describe('a Sentinel-2 product in a folder', () => {
  it('has the properties that EOReader gives', async () => {
    const product = await openProduct(safe);
    expect(product.attributes).toMatchObject({
      name: 'S2A_MSIL2A_20210715T105031_N0500_R051_T31UFS_20210715T142302',
      constellation: 'Sentinel-2',
      platform: 'Sentinel-2A',
      sensorType: 'OPTICAL',
      productType: 'S2MSI2A',
      tile: '31UFS',
      orbitDirection: 'descending',
      relativeOrbit: 51,
      processingBaseline: '05.00',
      generated: '2021-07-15T14:23:02.000000Z',
      cloudCover: 12.5,
      pixelSize: 10,
      condensedName: '20210715T105031_S2_T31UFS_L2A_142302',
    });
    expect(product.attributes.acquired.toJSON()[0]).toBe('2021-07-15T10:50:31.024Z');
    expect(product.attributes.crs?.epsg).toBe(32631);
    const [[ring]] = product.attributes.footprint;
    expect(ring.every(([x, y]) => x > 4.42 && x < 4.46 && y > 51.41 && y < 51.45)).toBe(true);
    expect(String(product)).toMatch(
      /processing baseline: 05\.00\n {2}cloud cover: 12\.5 %\n {2}CRS: EPSG:32631/,
    );
  });

  it('has bands by common names', async () => {
    const product = await openProduct(safe);
    expect(product.bands.map(({ name, id }) => `${name} ${id}`)).toEqual([
      'CA B01', 'BLUE B02', 'RED B04', 'VRE_1 B05', 'NIR B08', 'NARROW_NIR B8A', 'WV B09', 'SWIR_1 B11', 'SCL SCL',
      'CLOUDS SCL', 'SHADOWS SCL', 'CIRRUS SCL', 'ALL_CLOUDS SCL',
    ]); // biome-ignore format: a list
    expect(product.bands.find(({ name }) => name === 'RED')?.resolutions).toEqual([10, 20]);
    for (const name of ['RED', 'red', 'B04', 'nir08', 'NARROW_NIR', 'b8a', 'VEGETATION_RED_EDGE_1']) {
      expect(product.has(name)).toBe(true);
    }
    for (const name of ['GREEN', 'B10', 'VV', 'PAN', '']) expect(product.has(name)).toBe(false);
    expect(new Set(PRODUCT_BANDS).size).toBe(PRODUCT_BANDS.length);
  });

  it('gives reflectance, and harmonised digital numbers, by the offset of its metadata', async () => {
    const dns = await stored('s2-10m');
    expect(dns.slice(60, 61)).toEqual([900]);
    const product = await openProduct(safe);
    const { tensor, bands } = await product.load(['RED']);
    expect(bands).toEqual([{ name: 'RED', units: 'reflectance' }]);
    expect(tensor.shape).toEqual([1, SIDE, SIDE]);
    expect(tensor.geobox.transform.toTuple()).toEqual([10, 0, 600000, 0, -10, 5700000]);
    const expected = dns.map((dn) => reflectance(dn, -1000));
    expect(expected.filter(Number.isNaN).length).toBe(SIDE * 30 + 1);
    expect(Array.from(tensor.data)).toEqual(
      expected.map((value) => (Number.isNaN(value) ? value : expect.closeTo(value, 6))),
    );
    const harmonised = await product.load(['B04'], { units: 'dn_harmonised' });
    expect(harmonised.bands[0].units).toBe('dn_harmonised');
    expect(Array.from(harmonised.tensor.data)).toEqual(
      dns.map((dn) => (dn === 0 || dn === 32767 ? Number.NaN : Math.max(0, dn - 1000))),
    );
  });

  it('has offset 0 when the metadata has none', async () => {
    const old = await openProduct(await writeSafe(folder, { baseline: '02.14', offset: null }));
    const { tensor } = await old.load(['red'], { units: 'dn_harmonised' });
    const dns = await stored('s2-10m');
    expect(Array.from(tensor.data)).toEqual(dns.map((dn) => (dn === 0 || dn === 32767 ? Number.NaN : dn)));
  });

  it('clips at zero before it resamples', async () => {
    const product = await openProduct(safe);
    const { tensor } = await product.load(['RED'], {
      geobox: GeoBox.fromSize([600600, 5699960, 600640, 5700000], 'EPSG:32631', 1, 1),
      resampling: 'average',
      units: 'dn_harmonised',
    });
    // The pixel of 40 m covers four of 20 m, one of which is negative after the offset of -1000.
    const dns = await stored('s2-20m');
    const cells = [30, 31, 90, 91].map((k) => dns[k]);
    expect(cells[0]).toBe(900);
    const sum = cells.reduce((total, dn) => total + Math.max(0, dn - 1000), 0);
    expect(tensor.data[0]).toBeCloseTo(sum / 4, 3);
    expect(sum / 4).not.toBeCloseTo(cells.reduce((total, dn) => total + dn - 1000, 0) / 4, 3);
  });

  it('resamples bands of different pixel sizes onto one grid', async () => {
    const product = await openProduct(safe);
    const { tensor, bands } = await product.load(['RED', 'VRE_1', 'CA', 'SCL'], { resolution: 20 });
    expect(tensor.shape).toEqual([4, 60, 60]);
    expect(bands.map(({ units }) => units)).toEqual(['reflectance', 'reflectance', 'reflectance', 'class']);
    // The file of 20 m is read where there is one.
    const coarse = await stored('s2-20m');
    expect(tensor.data[59]).toBeCloseTo(reflectance(coarse[59], -1000), 6);
    expect(tensor.plane(1).data).toEqual(tensor.plane(0).data);
    const classes = await stored('s2-scl');
    expect(Array.from(tensor.plane(3).data)).toEqual(
      classes.map((value) => (value === 0 ? Number.NaN : value)),
    );
    // 60 m onto 20 m: interpolated, so within the range of the source.
    const range = (await stored('s2-60m')).filter((dn) => dn > 1000).map((dn) => (dn - 1000) / 10_000);
    for (const value of tensor.plane(2).data) {
      if (!Number.isNaN(value)) expect(value).toBeLessThanOrEqual(Math.max(...range));
    }
  });

  it("loads an area of interest on the product's pixels", async () => {
    const product = await openProduct(safe);
    const area = await product.load(['RED'], {
      bounds: [600405, 5699405, 600795, 5699701],
      boundsCrs: 'EPSG:32631',
    });
    expect(area.tensor.geobox.bounds).toEqual([600400, 5699400, 600800, 5699710]);
    const whole = await product.load(['RED']);
    const [row, column] = [29, 40];
    expect(area.tensor.data[0]).toBe(whole.tensor.data[row * SIDE + column]);
    const lonLat = await product.load(['RED'], { bounds: [4.44, 51.436, 4.445, 51.438], resolution: 30 });
    expect(lonLat.tensor.geobox.resolution).toEqual([30, 30]);
    await expect(product.load(['RED'], { bounds: [10, 40, 11, 41] })).rejects.toThrow(/does not touch S2A_/);
  });

  it('loads onto any grid', async () => {
    const product = await openProduct(safe);
    const geobox = GeoBox.fromSize([4.436, 51.434, 4.446, 51.439], 'EPSG:4326', 50, 40);
    const { tensor } = await product.load(['RED', 'ALL_CLOUDS'], { geobox });
    expect(tensor.shape).toEqual([2, 40, 50]);
    expect(tensor.geobox.equals(geobox)).toBe(true);
    expect(tensor.data.some((value) => value > 0)).toBe(true);
  });

  it('has cloud masks', async () => {
    const classes = await stored('s2-scl');
    const product = await openProduct(safe);
    const { tensor, bands } = await product.load(['CLOUDS', 'SHADOWS', 'ALL_CLOUDS']);
    expect(bands[0]).toEqual({ name: 'CLOUDS', units: 'class' });
    const mask = (set: number[]): number[] =>
      classes.map((value) => (value === 0 ? Number.NaN : set.includes(value) ? 1 : 0));
    expect(Array.from(tensor.plane(0).data)).toEqual(mask([8, 9]));
    expect(Array.from(tensor.plane(1).data)).toEqual(mask([3]));
    expect(Array.from(tensor.plane(2).data)).toEqual(mask([3, 8, 9, 10]));
    const first = await openProduct(await writeSafe(folder, { level: 'L1C' }));
    expect(first.has('CLOUDS')).toBe(false);
    expect(first.attributes.productType).toBe('S2MSI1C');
    expect(first.bands.find(({ name }) => name === 'SWIR_1')?.resolutions).toEqual([20]);
    expect((await first.load(['CA'])).tensor.shape).toEqual([1, 20, 20]);
  });

  it('refuses impossible options', async () => {
    const product = await openProduct(safe);
    await expect(product.load([])).rejects.toThrow(/is asked for no bands; choose some of CA, BLUE, RED/);
    await expect(product.load(['GREEN'])).rejects.toThrow(/has no band "GREEN"; choose some of CA, BLUE/);
    await expect(product.load(['RED'], { units: 'dB' })).rejects.toThrow(
      'units cannot be dB for RED; choose reflectance or dn_harmonised.',
    );
    await expect(product.load(['SCL'], { resampling: { SCL: 'cubic' } })).rejects.toThrow(/holds categories/);
    await expect(product.load(['RED'], { maxBytes: 1000 })).rejects.toThrow(/above the limit of 1000/);
    await expect(product.load(['RED'], { resolution: -1 })).rejects.toThrow(/resolution of -1 is impossible/);
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(product.load(['RED'], { signal })).rejects.toThrow('enough');
  });
});

describe('a Sentinel-2 product in a zip file', () => {
  for (const deflate of [false, true]) {
    it(`is equal to its folder, ${deflate ? 'deflated' : 'stored'}`, async () => {
      const path = join(folder, `${deflate ? 'deflated' : 'stored'}.zip`);
      await writeFile(path, await zipOf(safe, deflate));
      const zipped = await openProduct(path);
      const open = await openProduct(safe);
      expect({ ...zipped.attributes, path: '' }).toEqual({ ...open.attributes, path: '' });
      const bands = ['BLUE', 'VRE_1', 'SCL'];
      expect((await zipped.load(bands)).tensor.data).toEqual((await open.load(bands)).tensor.data);
    });
  }

  it('is refused when an entry name leaves the archive', async () => {
    const path = join(folder, 'traversal.zip');
    await writeFile(path, buildZip([{ name: '../MTD_MSIL2A.xml', bytes: new Uint8Array(3) }]));
    await expect(openProduct(path)).rejects.toThrow(/leaves the store/);
  });

  it('is refused when metadata is absurdly large', async () => {
    const path = join(folder, 'bomb.zip');
    const bytes = new Uint8Array(20 * 2 ** 20).fill(32);
    const parts = ['MTD_MSIL2A.xml', 'GRANULE/a/MTD_TL.xml'].map((name) => ({ name, bytes, deflate: true }));
    await writeFile(path, buildZip(parts));
    await expect(openProduct(path)).rejects.toThrow(/above the limit of 16777216 for metadata/);
  });
});

describe('damaged products', () => {
  const broken = async (options: Parameters<typeof writeSafe>[1]): Promise<string> => {
    const parent = join(folder, `broken-${Math.random().toString(36).slice(2)}`);
    await mkdir(parent);
    return writeSafe(parent, options);
  };

  it('are refused for XML entities', async () => {
    const bomb = `<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><a>&b;</a>`;
    await expect(openProduct(await broken({ product: bomb }))).rejects.toThrow(/declares a document type/);
    await expect(openProduct(await broken({ product: '<a>&b;</a>' }))).rejects.toThrow(/is not XML/);
    const deep = '<a>'.repeat(100_000);
    await expect(openProduct(await broken({ tile: deep }))).rejects.toThrow(/nested deeper than 64/);
  });

  it('are refused for missing parts', async () => {
    await expect(openProduct(await broken({ product: '<a></a>' }))).rejects.toThrow(
      /does not declare the scale of its digital numbers/,
    );
    await expect(openProduct(await broken({ tile: '<a></a>' }))).rejects.toThrow(/has no HORIZONTAL_CS_CODE/);
    await expect(openProduct(join(safe, 'GRANULE'))).rejects.toThrow(/holds no MTD_MSIL1C.xml or MTD_MSIL2A/);
    await expect(openProduct(join(folder, 'nothing.SAFE'))).rejects.toThrow(/does not exist/);
    const offset = await broken({ offset: Number.NaN });
    await expect(openProduct(offset)).rejects.toThrow(/an offset of a band that is not a number/);
  });

  it('are refused when images and metadata have different sizes', async () => {
    const root = await broken({});
    const files = await readdir(root, { recursive: true });
    const [red, ca] = ['B04_10m', 'B01_60m'].map((name) =>
      join(root, files.find((file) => file.includes(name)) ?? ''),
    );
    await rm(red);
    await cp(ca, red);
    const product = await openProduct(root);
    await expect(product.load(['RED'])).rejects.toThrow(/has 20 × 20 pixels, but its product says 120 × 120/);
  });
});

describe('products in a catalog', () => {
  it('load as rows', async () => {
    const zip = join(folder, 'row.zip');
    await writeFile(zip, await zipOf(await writeSafe(join(folder), { baseline: '04.00' }), false));
    const { catalog } = await buildProductCatalog([safe, zip]);
    expect(catalog.length).toBe(2);
    const path = join(folder, 'products.parquet');
    await writeCatalog(catalog, path);
    const written = await openCatalog(path);
    expect(written.length).toBe(2);
    await written.dispose();
    const grid = GeoBox.fromSize([600000, 5698800, 601200, 5700000], 'EPSG:32631', SIDE, SIDE);
    const product = await openProduct(safe);
    const own = await product.load(['RED'], { geobox: grid });
    const tensor = await loadRaster(catalog, grid, { bands: ['B04'] });
    // Loaders apply scale, offset and nodata; only the product clips at 0 and masks saturation.
    const dns = await stored('s2-10m');
    for (const [i, dn] of dns.entries()) {
      if (dn < 1000 || dn === 32767) continue;
      expect(tensor.data[i]).toBeCloseTo(own.tensor.data[i], 6);
    }
  });

  it('can be skipped when unreadable', async () => {
    const missing = join(folder, 'nothing');
    const { catalog, unreadable } = await buildProductCatalog([safe, missing], { collection: 'mine' });
    expect([...catalog].map(({ collection }) => collection)).toEqual(['mine']);
    expect(unreadable).toMatchObject([{ path: missing, error: { code: 'NOT_FOUND' } }]);
    const strict = buildProductCatalog([safe, missing], { onUnreadable: 'throw' });
    await expect(strict).rejects.toThrow(/nothing does not exist/);
    await expect(buildProductCatalog([join(folder, 'nothing')])).rejects.toThrow(/does not exist/);
  });

  it('are found by glob patterns', async () => {
    const many = join(folder, 'many');
    await writeSafe(many, { baseline: '04.00' });
    await writeSafe(many, { baseline: '05.00' });
    const { catalog } = await buildProductCatalog(join(many, '*.SAFE'));
    expect([...catalog].map(({ properties }) => properties['s2:processing_baseline'])).toEqual([
      '04.00',
      '05.00',
    ]);
    await expect(buildProductCatalog(join(many, '*.zip'))).rejects.toThrow(/matches no file/);
  });
});
