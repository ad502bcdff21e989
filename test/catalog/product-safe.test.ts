import { readFileSync } from 'node:fs';
import { cp, mkdir, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openProduct } from '../../src/catalog/node/index.js';
import { type Bounds, GeoBox } from '../../src/geo/node/index.js';
import { openRaster, writeCog } from '../../src/raster/node/index.js';
import { temporaryFolder } from '../support/files.js';
import { type SafeOptions, writeOldSafe, writeSafe } from '../support/safe.js';
import { buildZip } from '../support/zip.js';

const folder = await temporaryFolder();
let made = 0;
/** A new folder. */
async function parent(): Promise<string> {
  const path = join(folder, String(made++));
  await mkdir(path);
  return path;
}
const safe = async (options: SafeOptions = {}): Promise<string> => writeSafe(await parent(), options);

async function stored(name: string): Promise<number[]> {
  const raster = await openRaster(`test/fixtures/jpeg2000/${name}.jp2`);
  const [plane] = await raster.readPlanes();
  await raster.close();
  return Array.from(plane);
}

async function imageOf(root: string, part: string): Promise<string> {
  const files = await readdir(root, { recursive: true });
  const found = files.find((file) => file.includes(part));
  if (found === undefined) throw new Error(`no ${part}`);
  return join(root, found);
}

/** Pixels of 60 m: 1 where a test of column and row holds, NaN where the band of 60 m has no data. */
async function mask(test: (x: number, y: number) => boolean): Promise<number[]> {
  const band = await stored('s2-60m');
  return band.map((dn, k) => (dn === 0 ? Number.NaN : test(k % 20, Math.floor(k / 20)) ? 1 : 0));
}

describe('masks of clouds of Level 1C', () => {
  const CLASSI = { 'GRANULE/…/QI_DATA/MSK_CLASSI_B00.jp2': 's2-classi.jp2' };

  it('are bands of MSK_CLASSI from baseline 04.00 on', async () => {
    const product = await openProduct(await safe({ level: 'L1C', baseline: '04.00', images: CLASSI }));
    expect(product.bands.slice(-3)).toEqual([
      { name: 'CLOUDS', id: 'MSK_CLASSI', resolutions: [60] },
      { name: 'CIRRUS', id: 'MSK_CLASSI', resolutions: [60] },
      { name: 'ALL_CLOUDS', id: 'MSK_CLASSI', resolutions: [60] },
    ]);
    const { tensor, bands } = await product.load(['CLOUDS', 'CIRRUS', 'ALL_CLOUDS']);
    expect(bands[0].units).toBe('class');
    expect(tensor.shape).toEqual([3, 20, 20]);
    // As scripts/truth/jpeg2000.py made them: snow is in neither.
    expect(Array.from(tensor.plane(0).data)).toEqual(await mask((_, y) => y >= 10));
    expect(Array.from(tensor.plane(1).data)).toEqual(await mask((x) => x >= 15));
    expect(Array.from(tensor.plane(2).data)).toEqual(await mask((x, y) => y >= 10 || x >= 15));
    const fine = await product.load(['CLOUDS'], { resolution: 10 });
    expect(fine.tensor.shape).toEqual([1, 120, 120]);
    expect(fine.tensor.data[60 * 120 + 60]).toBe(1);
    expect(fine.tensor.data[59 * 120 + 60]).toBe(0);
    await expect(product.load(['SHADOWS'])).rejects.toThrow(/has no band "SHADOWS"; choose some of CA, /);
  });

  /** Polygons as products before baseline 04.00 have them, in metres from the upper left corner. */
  function gml(members: string, epsg = 32631): string {
    return `<?xml version="1.0" encoding="UTF-8"?>
<eop:Mask xmlns:eop="http://www.opengis.net/eop/2.0" xmlns:gml="http://www.opengis.net/gml/3.2" gml:id="made">
  <gml:boundedBy><gml:Envelope srsName="urn:ogc:def:crs:EPSG:8.7:${epsg}"><gml:lowerCorner>600000 5698800</gml:lowerCorner></gml:Envelope></gml:boundedBy>
  <eop:maskMembers>${members}</eop:maskMembers>
</eop:Mask>`;
  }
  function ring(kind: string, [left, top, right, bottom]: readonly number[]): string {
    const corners = [left, top, right, top, right, bottom, left, bottom, left, top];
    const at = corners.map((metres, k) => (k % 2 === 0 ? 600000 + metres : 5700000 - metres));
    return `<gml:${kind}><gml:LinearRing><gml:posList srsDimension="2">${at.join(' ')}</gml:posList></gml:LinearRing></gml:${kind}>`;
  }
  function member(type: string, ...rings: string[]): string {
    return `<eop:MaskFeature><eop:maskType codeSpace="urn:gs2:S2PDGS:maskType">${type}</eop:maskType><eop:extentOf><gml:Polygon>${rings.join('')}</gml:Polygon></eop:extentOf></eop:MaskFeature>`;
  }
  const older = async (text: string): Promise<string> =>
    safe({
      level: 'L1C',
      baseline: '02.09',
      offset: null,
      more: { 'GRANULE/…/QI_DATA/MSK_CLOUDS_B00.gml': text },
    });

  it('are polygons before baseline 04.00', async () => {
    const opaque = member(
      'OPAQUE',
      ring('exterior', [300, 0, 900, 600]),
      ring('interior', [480, 120, 600, 240]),
    );
    const cirrus = member('CIRRUS', ring('exterior', [840, 0, 1200, 1200]));
    const product = await openProduct(await older(gml(opaque + cirrus)));
    expect(product.bands.at(-1)).toEqual({ name: 'ALL_CLOUDS', id: 'MSK_CLOUDS', resolutions: [60] });
    expect(product.has('SHADOWS')).toBe(false);
    const { tensor } = await product.load(['CLOUDS', 'CIRRUS', 'ALL_CLOUDS']);
    const isHole = (x: number, y: number): boolean => x >= 8 && x < 10 && y >= 2 && y < 4;
    const isOpaque = (x: number, y: number): boolean => x >= 5 && x < 15 && y < 10 && !isHole(x, y);
    expect(Array.from(tensor.plane(0).data)).toEqual(await mask(isOpaque));
    expect(Array.from(tensor.plane(1).data)).toEqual(await mask((x) => x >= 14));
    expect(Array.from(tensor.plane(2).data)).toEqual(await mask((x, y) => isOpaque(x, y) || x >= 14));
    const geobox = GeoBox.fromSize([4.445, 51.434, 4.453, 51.438], 'EPSG:4326', 7, 7);
    const other = await product.load(['CIRRUS', 'CLOUDS'], { geobox });
    expect(new Set(other.tensor.data)).toEqual(new Set([0, 1]));
  });

  it('may be empty, and are refused when damaged', async () => {
    const empty = await openProduct(await older(gml('')));
    const { tensor } = await empty.load(['ALL_CLOUDS']);
    expect(Array.from(tensor.data)).toEqual(await mask(() => false));
    await expect(openProduct(await older(gml('', 32632)))).rejects.toThrow(
      /is in EPSG:32632, but its tile in/,
    );
    const odd = member(
      'OPAQUE',
      ring('exterior', [0, 0, 60, 60]).replace('</gml:posList>', ' 1</gml:posList>'),
    );
    await expect(openProduct(await older(gml(odd)))).rejects.toThrow(
      /MSK_CLOUDS_B00\.gml has an invalid outline/,
    );
    await expect(openProduct(await older('<a>'))).rejects.toThrow(/MSK_CLOUDS_B00\.gml is not XML/);
  });
});

describe('digital numbers', () => {
  it('have the offset of each band, by its number', async () => {
    // B08 is number 7 and B8A number 8.
    const offset = Array.from({ length: 13 }, (_, k) => -100 * k);
    const product = await openProduct(await safe({ offset }));
    const { tensor } = await product.load(['NIR', 'NARROW_NIR', 'CA'], {
      units: 'dn_harmonised',
      resolution: 60,
    });
    const values = await stored('s2-60m');
    expect(tensor.plane(2).data[15]).toBe(values[15]);
    const own = await product.load(['NIR'], { units: 'dn_harmonised' });
    const narrow = await product.load(['NARROW_NIR'], { units: 'dn_harmonised' });
    expect(own.tensor.data[100]).toBe((await stored('s2-10m'))[100] - 700);
    expect(narrow.tensor.data[50]).toBe((await stored('s2-20m'))[50] - 800);
  });

  it('are refused when an offset is missing', async () => {
    const partly = Array.from({ length: 13 }, (_, k) => (k === 3 ? null : -1000));
    await expect(openProduct(await safe({ offset: partly }))).rejects.toThrow(
      /has no BOA_ADD_OFFSET of band_id 3, but of others/,
    );
    await expect(openProduct(await safe({ offset: null, baseline: '04.00' }))).rejects.toThrow(
      /has no BOA_ADD_OFFSET, as products of baseline 04\.00 have/,
    );
    // Products processed by users have a baseline without meaning.
    const own = await openProduct(await safe({ offset: null, baseline: '99.99' }));
    const { tensor } = await own.load(['RED'], { units: 'dn_harmonised' });
    expect(tensor.data[100]).toBe((await stored('s2-10m'))[100]);
  });

  it('are scaled by the quantification of the metadata', async () => {
    const product = await openProduct(await safe({ quantification: 5000, offset: null, baseline: '02.00' }));
    const dn = (await stored('s2-10m'))[100];
    expect((await product.load(['RED'])).tensor.data[100]).toBeCloseTo(dn / 5000, 6);
    expect((await product.load(['RED'], { units: 'dn_harmonised' })).tensor.data[100]).toBeCloseTo(dn * 2, 2);
  });

  it('of 60 m are repeated on 10 m', async () => {
    const product = await openProduct(await safe());
    const { tensor } = await product.load(['CA', 'RED'], { resampling: 'nearest', units: 'dn_harmonised' });
    const band = await stored('s2-60m');
    const expected = Array.from({ length: 120 * 120 }, (_, k) => {
      const dn = band[Math.floor(Math.floor(k / 120) / 6) * 20 + Math.floor((k % 120) / 6)];
      return dn === 0 ? Number.NaN : Math.max(0, dn - 1000);
    });
    expect(Array.from(tensor.plane(0).data)).toEqual(expected);
  });
});

describe('grids', () => {
  it('of another projection with larger pixels are averaged from the coarsest sufficient file', async () => {
    const root = await safe();
    const product = await openProduct(root);
    // Pixels of about 190 m on 20 m: too coarse for point samples.
    const geobox = GeoBox.fromSize([4.4445, 51.432, 4.4525, 51.4388], 'EPSG:4326', 3, 4);
    const { tensor } = await product.load(['RED'], { geobox });
    const average = await product.load(['RED'], { geobox, resampling: 'average' });
    const bilinear = await product.load(['RED'], { geobox, resampling: 'bilinear' });
    expect(tensor.data).toEqual(average.tensor.data);
    expect(tensor.data).not.toEqual(bilinear.tensor.data);
    await rm(await imageOf(root, 'B04_10m'));
    expect((await product.load(['RED'], { geobox })).tensor.data).toEqual(tensor.data);
  });

  it('may cross the antimeridian, and are refused when empty', async () => {
    const grid = GeoBox.fromSize([800000, 8100000, 840000, 8140000], 'EPSG:32760', 40, 40);
    const path = join(await parent(), 'east.tif');
    const values = Uint16Array.from({ length: 1600 }, (_, k) => 1000 + (k % 40));
    await writeCog(path, [values], { geobox: grid, bands: 1, dtype: 'uint16', nodata: 0 });
    const asset = { href: path, 'proj:shape': [40, 40], 'proj:transform': grid.transform.toTuple() };
    const document = {
      type: 'Feature',
      id: 'S2A_60KYF',
      geometry: { type: 'Polygon', coordinates: [grid.footprint()] },
      properties: { datetime: '2021-07-15', 'proj:epsg': 32760, 's2:processing_baseline': '03.00' },
      assets: { B04: asset },
    };
    const product = await openProduct(document);
    const load = (bounds: Bounds): ReturnType<typeof product.load> =>
      product.load(['RED'], { bounds, units: 'dn_harmonised' });
    const around = await load([179.9, -17.1, -179.9, -17]);
    const same = await load([179.9, -17.1, 180.1, -17]);
    expect(around.tensor.geobox.equals(same.tensor.geobox)).toBe(true);
    expect(around.tensor.geobox.bounds).toEqual([808000, 8106000, 831000, 8119000]);
    expect(around.tensor.data[0]).toBe(1008);
    for (const bounds of [[179.9, -17, 179.95, -17.1], [179.9, -17, 179.9, -16.9], [Number.NaN, 1, 2, 3]] as const) // biome-ignore format: bounds
      await expect(load(bounds)).rejects.toThrow(
        /^the bounds \[.*\] do not enclose an area; give them as minimum x/,
      );
    await expect(
      product.load(['RED'], { bounds: [830000, 8100000, 810000, 8110000], boundsCrs: 32760 }),
    ).rejects.toThrow(/do not enclose an area/);
  });
});

describe('products with older names', () => {
  it('of several tiles open by tile', async () => {
    const root = await writeOldSafe(await parent(), ['31UFS', '31UGS', '31UFT']);
    await expect(openProduct(root)).rejects.toThrow(
      /tile is missing: S2A_OPER_PRD\S+ holds 3 tiles; choose one of 31UFS, 31UFT, 31UGS/,
    );
    await expect(openProduct(root, { tile: '32UFS' })).rejects.toThrow(
      /tile cannot be 32UFS: .* holds 3 tiles/,
    );
    const product = await openProduct(root, { tile: 'T31UFS' });
    expect(product.attributes).toMatchObject({
      name: 'S2A_OPER_PRD_MSIL1C_PDMC_20160105T022217_R051_V20160104T104502_20160104T104502_T31UFS',
      tile: '31UFS',
      processingBaseline: '02.01',
      productType: 'S2MSI1C',
    });
    expect(product.bands.map(({ name }) => name)).toEqual(['RED']);
    const { tensor } = await product.load(['RED']);
    expect(tensor.data[100]).toBeCloseTo((await stored('s2-10m'))[100] / 1000, 6);
    // The footprint is the tile's, not that of all tiles.
    const other = await openProduct(root, { tile: '31UGS' });
    const west = (one: typeof product): number =>
      Math.min(...one.attributes.footprint[0][0].map(([longitude]) => longitude));
    expect(west(other)).toBeGreaterThan(west(product) + 0.01);
    expect(other.attributes.name).toMatch(/_T31UGS$/);
  });

  it('of one tile open without a tile', async () => {
    const root = await writeOldSafe(await parent(), ['31UFS']);
    expect((await openProduct(root)).attributes.name).toMatch(/_20160104T104502$/);
    await expect(openProduct(root, { tile: '31UGS' })).rejects.toThrow(/holds one tile; choose one of 31UFS/);
  });

  it('of Level 2A of 2017 have other names in their metadata', async () => {
    const source = await safe({ offset: null, baseline: '02.05' });
    const path = join(source, 'MTD_MSIL2A.xml');
    const text = readFileSync(path, 'utf8')
      .replaceAll('BOA_QUANTIFICATION_VALUE', 'L2A_BOA_QUANTIFICATION_VALUE')
      .replaceAll('PRODUCT_URI', 'PRODUCT_URI_2A');
    await writeFile(path, text);
    const tile = await imageOf(source, 'MTD_TL.xml');
    await writeFile(tile, readFileSync(tile, 'utf8').replaceAll('TILE_ID>', 'TILE_ID_2A>'));
    const scl = await imageOf(source, '_SCL_20m.jp2');
    await cp(scl, scl.replace(/[^/]*$/, 'S2A_USER_SCL_L2A_TL_EPA__20170104T162151_A002800_T31UFS_20m.jp2'));
    await rm(scl);
    const product = await openProduct(source);
    expect(product.attributes).toMatchObject({
      tile: '31UFS',
      name: expect.stringMatching(/^S2A_MSIL2A_2021/),
    });
    const { tensor } = await product.load(['SCL', 'RED']);
    expect(tensor.plane(1).data[100]).toBeCloseTo((await stored('s2-10m'))[100] / 10_000, 6);
    expect(tensor.plane(0).data[119 * 120 + 119]).toBe((await stored('s2-scl')).at(-1));
  });
});

describe('the location of a product', () => {
  async function zipOf(root: string, prefix: string): Promise<{ name: string; bytes: Uint8Array }[]> {
    const entries = await readdir(root, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => ({ name: `${prefix}${path.slice(root.length + 1)}`, bytes: readFileSync(path) }));
  }

  it('may be the root of a zip file, or folders of any name', async () => {
    const root = await safe();
    const expected = (await (await openProduct(root)).load(['RED'])).tensor.data;
    for (const [k, prefix] of ['', 'renamed/', `a/b/${basename(root)}/`].entries()) {
      const path = join(folder, `place-${k}.zip`);
      await writeFile(path, buildZip(await zipOf(root, prefix)));
      const product = await openProduct(path);
      expect(product.attributes.name).toBe(basename(root).replace('.SAFE', ''));
      expect((await product.load(['RED'])).tensor.data).toEqual(expected);
    }
    // As unzipping into a folder of the archive's name gives.
    const around = join(root, '..');
    expect((await (await openProduct(around)).load(['RED'])).tensor.data).toEqual(expected);
  });

  it('must have one product', async () => {
    const root = await safe();
    const path = join(folder, 'two.zip');
    await writeFile(path, buildZip([...(await zipOf(root, 'one/')), ...(await zipOf(root, 'two/'))]));
    await expect(openProduct(path)).rejects.toThrow(
      /two\.zip holds 2 products: one\/, two\/; give the folder of one/,
    );
  });

  it('must have all images, complete', async () => {
    const root = await safe();
    const product = await openProduct(root);
    const red = await imageOf(root, 'B02_10m');
    await truncate(red, 400);
    await expect(product.load(['BLUE'])).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await rm(red);
    await expect(product.load(['BLUE'])).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(product.load(['BLUE'])).rejects.toThrow(/B02_10m\.jp2/);
    // The image of 20 m exists, and is read where it suffices.
    expect((await product.load(['BLUE'], { resolution: 20 })).tensor.shape).toEqual([1, 60, 60]);
    await rm(join(root, 'GRANULE', (await readdir(join(root, 'GRANULE')))[0], 'IMG_DATA'), {
      recursive: true,
    });
    await expect(openProduct(root)).rejects.toThrow(/has no image of a band in GRANULE/);
  });
});
