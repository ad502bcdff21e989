import { describe, expect, it } from 'vitest';
import { openProduct } from '../../src/catalog/node/index.js';
import { base, item, write } from '../support/items.js';

const first = 5;

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

  it('give reflectance, temperature and clouds by the constants of Collection 2', async () => {
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

  const red = { href: 'optical.tif', 'eo:bands': [{ name: 'B4', common_name: 'red' }] };
  const scene = (id: string, properties: Record<string, unknown>, assets = {}): object =>
    item({ id, collection: 'landsat-made', properties, assets: { red, ...assets } });

  it('of Level 1 give top-of-atmosphere reflectance, and the panchromatic band', async () => {
    const first = scene(
      'LC08_L1TP_199026_20210715_20210721_02_T1',
      {
        platform: 'LANDSAT_8',
        'landsat:wrs_path': '199',
        'landsat:wrs_row': '026',
        'view:sun_elevation': 30,
      },
      {
        pan: { href: 'optical.tif' },
        cirrus: { href: 'optical.tif' },
        B5: { href: 'optical.tif' },
        lwir11: { href: 'optical.tif' },
        qa_pixel: { href: 'qa.tif' },
      },
    );
    const product = await openProduct(first, { base });
    expect(product.attributes).toMatchObject({
      productType: 'L1TP',
      tile: '199026',
      condensedName: '20210715T105031_L8_199026_OLI_TIRS',
    });
    // Brightness temperature needs constants that items do not have.
    expect(product.bands.map(({ name }) => name)).toEqual([
      'RED', 'NIR', 'NARROW_NIR', 'SWIR_CIRRUS', 'PAN', 'QA_PIXEL', 'CLOUDS', 'SHADOWS', 'CIRRUS', 'ALL_CLOUDS',
    ]); // biome-ignore format: a list
    const { tensor } = await product.load(['PAN', 'pan', 'RED']);
    // The sine of 30 degrees is a half.
    expect(tensor.data[4]).toBeCloseTo((11_000 * 2e-5 - 0.1) * 2, 6);
    expect(tensor.plane(2).data).toEqual(tensor.plane(0).data);
    for (const elevation of [undefined, 0, -5, 'high']) {
      const night = scene('LC08_L1TP_199026_20210715_20210721_02_T1', { 'view:sun_elevation': elevation });
      await expect(openProduct(night, { base })).rejects.toThrow(
        /view:sun_elevation.* cannot become reflectance/,
      );
    }
  });

  it('of an unknown kind are refused', async () => {
    const kinds: [string, Record<string, unknown>, RegExp][] = [
      ['LC08_L1TP_199026_20210715_20210721_01_T1', {}, /of Collection 01 L1TP, which is not supported/],
      ['LC08_L2SP_199026_20210715_20210721_01_T1', {}, /of Collection 01 L2SP, which is not supported/],
      [
        'LE07_L1TP_199026_20010715_20210721_02_T1',
        { 'view:sun_elevation': 30 },
        /Level 1 of an older Landsat/,
      ],
      ['scene', { platform: 'landsat-8' }, /of an unknown level/],
    ];
    for (const [id, properties, problem] of kinds)
      await expect(openProduct(scene(id, properties), { base })).rejects.toThrow(problem);
  });

  it('before Landsat 8 have no cirrus mask', async () => {
    const old = scene('LT05_L2SP_199026_19950715_20200912_02_T1', {}, { qa_pixel: { href: 'qa.tif' } });
    const product = await openProduct(old, { base });
    expect(product.bands.map(({ name }) => name).slice(-3)).toEqual(['CLOUDS', 'SHADOWS', 'ALL_CLOUDS']);
    const { tensor } = await product.load(['ALL_CLOUDS']);
    expect(Array.from(tensor.data.subarray(0, 5))).toEqual([Number.NaN, 1, 1, 0, 0]);
    expect(product.attributes.condensedName).toMatch(/_TM$/);
  });

  it('have nodata for saturated pixels', async () => {
    await write('saturated.tif', 'uint16', (k) => (k === 1 ? 65_535 : 20_000), 0);
    const bright = scene('LC09_L2SP_199026_20230715_20230721_02_T1', {}, { red: { href: 'saturated.tif' } });
    const { tensor } = await (await openProduct(bright, { base })).load(['RED']);
    expect(tensor.data[1]).toBeNaN();
    expect(tensor.data[0]).toBeCloseTo(20_000 * 2.75e-5 - 0.2, 6);
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

  it('give power, and decibels on request', async () => {
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

  it('of other catalogs have bands named by polarization', async () => {
    const aws = item({
      id: 'S1B_20161121_12SYJ_ASC',
      collection: 'sentinel1-rtc-aws',
      properties: { platform: 'sentinel-1b', 'sat:orbit_state': 'ASCENDING' },
      assets: { gamma0_vv: { href: 'radar.tif', 'raster:bands': [{ nodata: 0 }] } },
    });
    const product = await openProduct(aws, { base });
    expect(product.bands).toEqual([{ name: 'VV', id: 'gamma0_vv', resolutions: [10] }]);
    expect(product.attributes).toMatchObject({
      orbitDirection: 'ascending',
      condensedName: '20210715T105031_S1_VV_RTC',
    });
    // Without a nodata value, values below 0 have no decibels.
    const { tensor } = await product.load(['VV'], { units: 'dB' });
    expect(tensor.data[0]).toBeNaN();
    expect(tensor.data[1]).toBeCloseTo(-30, 3);
  });

  it('without terrain correction are not products', async () => {
    const grd = item({
      id: 'S1A_IW_GRDH_1SDV_20210715T055012',
      collection: 'sentinel-1-grd',
      properties: {},
      assets: { vv: { href: 'radar.tif' } },
    });
    await expect(openProduct(grd, { base })).rejects.toThrow(/no product known here; give one of Sentinel-2/);
  });
});
