import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openProduct } from '../../src/catalog/node/index.js';
import { sharedFolder, sharedPath } from '../support/files.js';

/** Real items without their images; not part of the project, so absent on most machines. */
const absent = sharedFolder === null;
const json = (...parts: string[]): unknown => JSON.parse(readFileSync(sharedPath('stac', ...parts), 'utf8'));

/** The first item of a recorded response. */
function recorded(name: string): object {
  const [{ response }] = json('recorded-http', name) as { response: { features: object[] } }[];
  return response.features[0];
}

/** All twelve bands of L2A, in the order of the spectrum. */
const L2A = [
  'CA',
  'BLUE',
  'GREEN',
  'RED',
  'VRE_1',
  'VRE_2',
  'VRE_3',
  'NIR',
  'NARROW_NIR',
  'WV',
  'SWIR_1',
  'SWIR_2',
];
const MASKS = ['SCL', 'CLOUDS', 'SHADOWS', 'CIRRUS', 'ALL_CLOUDS'];

describe.skipIf(absent)('items of real catalogs', () => {
  it('of Sentinel-2 on the Planetary Computer open with their offset', async () => {
    const product = await openProduct(recorded('pc-sentinel-2-l2a.json'));
    expect(product.bands.map(({ name }) => name)).toEqual([...L2A, ...MASKS]);
    expect(product.attributes).toMatchObject({
      platform: 'Sentinel-2B', tile: '53NKG', processingBaseline: '05.11', relativeOrbit: 74,
      orbitDirection: 'descending', cloudCover: 9.976021, productType: 'S2MSI2A',
    }); // biome-ignore format: attributes
    expect(product.attributes.crs?.epsg).toBe(32653);
    const { bands, geobox } = product.row().assets.B04;
    expect(bands?.[0]).toMatchObject({
      name: 'B04',
      commonName: 'red',
      nodata: 0,
      scale: 0.0001,
      offset: -0.1,
    });
    expect(geobox?.bounds).toEqual([199980, 590220, 309780, 700020]);
  });

  it('of Sentinel-2 before baseline 04.00 have offset 0', async () => {
    const name = 'S2B_MSIL2A_20190629T212529_R043_T06VVN_20201006T080531.json';
    const product = await openProduct(sharedPath('stac', 'opendatacube__odc-stac', name));
    expect(product.attributes.processingBaseline).toBe('02.12');
    expect(product.row().assets.B02.bands?.[0].offset).toBe(0);
    expect(product.bands.map(({ name }) => name)).toEqual([...L2A, ...MASKS]);
  });

  it('of Sentinel-2 on Earth Search, version 0, have their baseline in the name', async () => {
    const product = await openProduct(
      sharedPath('stac', 'opendatacube__odc-stac', 'S2A_28QCH_20200714_0_L2A.json'),
    );
    expect(product.attributes.processingBaseline).toBe('02.14');
    expect(product.bands.map(({ name }) => name)).toEqual([...L2A, ...MASKS]);
  });

  it('of Sentinel-2 on Earth Search, version 1, have the offset of their bands', async () => {
    const { features } = json(
      'stac-utils__rustac',
      'server',
      'data',
      'sentinel-2',
      'item-collection.json',
    ) as {
      features: { id: string; properties: Record<string, unknown> }[];
    };
    for (const item of features) {
      const product = await openProduct(item);
      expect(product.bands.map(({ name }) => name)).toEqual([...L2A, ...MASKS]);
      expect(product.attributes.tile).toBe('13TDE');
      const baseline = Number(item.properties['s2:processing_baseline']);
      const { red } = product.row().assets;
      expect(red.bands?.[0].offset).toBe(baseline >= 4 ? -0.1 : 0);
    }
    expect(features.length).toBeGreaterThan(5);
  });

  for (const [folder, baseline, offset, bands] of [
    ['S2A_MSIL1C_20210908T042701_N0301_R133_T46RER_20210908T070248.SAFE', '03.01', 0, 13],
    ['S2A_MSIL2A_20190212T192651_N0212_R013_T07HFE_20201007T160857.SAFE', '02.12', 0, 17],
    ['S2B_MSIL2A_20220413T150759_N0400_R025_T33XWJ_20220414T082126.SAFE', '04.00', -0.1, 17],
  ] as const) {
    it(`of stactools: ${folder}`, async () => {
      const path = sharedPath('stac', 'stactools-packages__sentinel2', folder, 'expected_output.json');
      const product = await openProduct(path);
      expect(product.attributes.processingBaseline).toBe(baseline);
      expect(product.bands).toHaveLength(bands);
      const { red } = product.row().assets;
      expect(red.bands?.[0].offset).toBe(offset);
      expect(red.href.startsWith(sharedPath('stac'))).toBe(true);
    });
  }

  it('of Sentinel-1 RTC', async () => {
    const product = await openProduct(recorded('pc-sentinel-1-rtc.json'));
    expect(product.bands.map(({ name }) => name)).toEqual(['VV', 'VH']);
    expect(product.attributes).toMatchObject({ platform: 'SENTINEL-1A', orbitDirection: 'descending' });
    expect(product.attributes.acquired.toJSON()).toEqual([
      '2025-03-11T04:42:31.719Z',
      '2025-03-11T04:42:49.673Z',
    ]);
  });

  it('of Landsat', async () => {
    const name = 'LC08_L2SP_028030_20200114_20200824_02_T1_SR.json';
    const product = await openProduct(sharedPath('stac', 'opendatacube__odc-stac', name));
    expect(product.attributes).toMatchObject({ platform: 'LANDSAT_8', tile: '028030', cloudCover: 8.18 });
    expect(product.bands.map(({ name }) => name)).toEqual([
      'CA', 'BLUE', 'GREEN', 'RED', 'NIR', 'NARROW_NIR', 'SWIR_1', 'SWIR_2', 'QA_PIXEL',
      'CLOUDS', 'SHADOWS', 'CIRRUS', 'ALL_CLOUDS',
    ]); // biome-ignore format: a list
    expect(product.row().assets.red.bands?.[0]).toMatchObject({ scale: 2.75e-5, offset: -0.2, nodata: 0 });
  });
});
