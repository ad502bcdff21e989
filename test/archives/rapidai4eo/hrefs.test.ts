import { describe, expect, it } from 'vitest';
import { eachAsset, getAssetHrefs } from '../../../src/archives/index.js';
import { labelHref } from '../../../src/archives/rapidai4eo/hrefs.js';

const ids = (count: number): string[] =>
  Array.from({ length: count }, (_, k) => `33N_18E-242N_${String(k).padStart(4, '0')}`);

describe('the addresses of RapidAI4EO', () => {
  it('are built from zone, tile, id, product and date', () => {
    const root = 'https://radiantearth.blob.core.windows.net/mlhub/rapidai4eo';
    const base = `${root}/imagery/33N/18E-242N/33N_18E-242N_07_03`;
    const hrefs = getAssetHrefs(['33N_18E-242N_07_03']);
    expect(hrefs[0]).toBe(`${base}/PF-SR/2018-01-03.tif`);
    expect(hrefs[145]).toBe(`${base}/PF-SR/2019-12-29.tif`);
    expect(hrefs[146]).toBe(`${base}/PF-QA/2018-01-03.tif`);
    expect(hrefs.slice(-12)[1]).toBe(`${base}/S2-SR/2018-02.tif`);
    expect(labelHref('33N_18E-242N_07_03')).toBe(
      `${root}/labels/33N/18E-242N/labels_33N_18E-242N_07_03.geojson`,
    );
  });

  it('have the counts of the tutorial', () => {
    // Four calls of the tutorial; the others are in locations.test.ts.
    expect(getAssetHrefs(ids(198))).toHaveLength(60_192);
    expect(getAssetHrefs(ids(198), { products: ['pfsr', 's2'] })).toHaveLength(31_284);
    expect(getAssetHrefs(ids(198), { products: ['pfsr', 'pfqa'], temporalFilter: '2018-05' })).toHaveLength(
      2376,
    );
    expect(getAssetHrefs(ids(198), { products: ['pfsr', 's2'], temporalFilter: '2018' })).toHaveLength(
      16_830,
    );
    // In May 2018: 12 of Planet Fusion, of which 6 are images; with the Sentinel-2 mosaic 7.
    const may = { temporalFilter: '2018-05' } as const;
    expect(getAssetHrefs(ids(1), { ...may, products: ['pfsr', 'pfqa'] })).toHaveLength(12);
    expect(getAssetHrefs(ids(198), { ...may, products: 'pfsr' })).toHaveLength(1188);
    expect(getAssetHrefs(ids(198), { ...may, products: ['pfsr', 's2'] })).toHaveLength(1386);
  });

  it('follow the date of each image', () => {
    const dates = (temporalFilter: string): string[] =>
      Array.from(eachAsset(ids(1), { products: ['pfsr', 's2'], temporalFilter }), ({ date }) => date);
    // Every five days from 3 January 2018; a mosaic has the last day of its month.
    expect(dates('2018-05')).toEqual([
      '2018-05-03',
      '2018-05-08',
      '2018-05-13',
      '2018-05-18',
      '2018-05-23',
      '2018-05-28',
      '2018-05',
    ]);
    expect(dates('2018-02-25/2018-02-27')).toEqual(['2018-02-27']);
    expect(dates('2018-02-28T10:30:00Z')).toEqual(['2018-02']);
    expect(dates('2020')).toEqual([]);
  });

  it('refuse an invalid id, product or list', () => {
    expect(() => getAssetHrefs(['../../etc_x_y'])).toThrow(/is not an id of RapidAI4EO/);
    expect(() => getAssetHrefs(['33N'])).toThrow(/write it as in 33N_18E-242N_07_03/);
    expect(() => getAssetHrefs(ids(1), { products: 'sar' as 's2' })).toThrow(/choose one of pfsr, pfqa, s2/);
    expect(() => getAssetHrefs(Array<string>(70_000).fill('33N_18E-242N_1'))).toThrow(/21280000 images/);
  });
});
