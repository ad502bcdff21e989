import { describe, expect, it } from 'vitest';
import { type CatalogRow, type Dedupe, GeoCatalog, sceneId } from '../../src/catalog/index.js';
import type { Bounds } from '../../src/geo/node/index.js';
import { catalogRow, idsOf } from '../support/catalog.js';

const TILE: Bounds = [6, 49.6, 7.5, 50.6];

const scene = (
  id: string,
  rest: Partial<CatalogRow> = {},
  box = TILE,
  time = '2021-07-18T10:36:29Z',
): CatalogRow => catalogRow(id, box, time, { collection: 'sentinel-2-l2a', ...rest });

const unionIds = (a: CatalogRow[], b: CatalogRow[], dedupe?: Dedupe): string[] =>
  idsOf(GeoCatalog.from(a).union(GeoCatalog.from(b), { dedupe }));

describe('GeoCatalog.union', () => {
  it('merges rows of one collection and id, and keeps the assets of both', () => {
    const red = scene('a', { assets: { red: { href: 'red.tif' } } });
    const nir = scene('a', { assets: { red: { href: 'other.tif' }, nir: { href: 'nir.tif' } } });
    const union = GeoCatalog.from([red]).union(GeoCatalog.from([nir, scene('a', { collection: 'other' })]));
    expect(union).toHaveLength(2);
    expect(union.row(0).assets).toEqual({ red: { href: 'red.tif' }, nir: { href: 'nir.tif' } });
  });

  it('merges rows without a collection only when their file is the same', () => {
    const of = (href: string): CatalogRow =>
      catalogRow('tile', TILE, '2021-07-18', { href, assets: { data: { href } } });
    const [clean, shadow] = [of('/data/clean/tile.tif'), of('/data/shadow/tile.tif')];
    for (const dedupe of [undefined, 'item', 'newest'] as const) {
      expect(unionIds([clean], [shadow], dedupe)).toEqual(['tile', 'tile']);
      expect(unionIds([clean], [clean, of('file:///data/clean/tile.tif')], dedupe)).toEqual(['tile']);
    }
  });

  it('keeps all rows when asked to', () => {
    expect(unionIds([scene('a')], [scene('a')], 'none')).toEqual(['a', 'a']);
  });

  const older = 'S2A_MSIL2A_20210718T103629_N0301_R008_T32ULA_20210718T132419';
  const newer = 'S2A_MSIL2A_20210718T103629_N0500_R008_T32ULA_20230203T084100';

  it('keeps the newest processing of a scene, in any order', () => {
    const [p, q] = [
      scene(older, { properties: { 's2:processing_baseline': '03.01' } }),
      scene(newer, { properties: { 's2:processing_baseline': '05.00' } }),
    ];
    expect(unionIds([p], [q], 'newest')).toEqual([newer]);
    expect(unionIds([q], [p], 'newest')).toEqual([newer]);
    expect(unionIds([p], [q])).toEqual([older, newer]);
    // Without the property the names decide.
    expect(unionIds([scene(newer)], [scene(older)], 'newest')).toEqual([newer]);
  });

  it('keeps overlapping MGRS tiles of one pass as different scenes', () => {
    const neighbour = 'S2A_MSIL2A_20210718T103629_N0500_R008_T31UGR_20230203T084100';
    const shifted: Bounds = [5.9, 49.6, 7.4, 50.6];
    for (const dedupe of ['item', 'newest'] as const) {
      expect(unionIds([scene(newer)], [scene(neighbour, {}, shifted)], dedupe)).toEqual([newer, neighbour]);
    }
  });

  it('keeps two halves of a tile, and two passes of one day', () => {
    const [first, second] = ['S2A_32ULA_20210718_0_L2A', 'S2A_32ULA_20210718_1_L2A'];
    expect(sceneId(first)).toBe(sceneId(second));
    const north: Bounds = [6, 50.1, 7.5, 50.6];
    const south: Bounds = [6, 49.6, 7.5, 50.12];
    expect(unionIds([scene(first, {}, north)], [scene(second, {}, south)], 'newest')).toHaveLength(2);
    const later = scene(second, {}, TILE, '2021-07-18T12:16:29Z');
    expect(unionIds([scene(first)], [later], 'newest')).toHaveLength(2);
    expect(unionIds([scene(first)], [scene(second)], 'newest')).toEqual([second]);
  });

  it('finds the processing part of scene names', () => {
    expect(sceneId('LC08_L2SP_028030_20200114_20200824_02_T1_SR')).toBe('LC08_L2SP_028030_20200114_02_SR');
    expect(sceneId('LC08_L2SP_028030_20200114_20200114_02_RT_SR')).toBe('LC08_L2SP_028030_20200114_02_SR');
    const grd = 'S1A_IW_GRDH_1SDV_20210809T173953_20210809T174018_039156_049F13';
    expect(sceneId(`${grd}_CC1D`)).toBe(grd);
    expect(sceneId(`${grd}_CC1D_rtc`)).toBe(`${grd}_rtc`);
    expect(sceneId(`${grd}_rtc`)).toBe(`${grd}_rtc`);
    expect(sceneId('my scene 2021_1')).toBe('my scene 2021_1');
  });

  it('takes a function as policy', () => {
    const dedupe: Dedupe = {
      key: ({ interval }) => interval.toString(),
      merge: (first, second) =>
        Number(first.properties.clouds) <= Number(second.properties.clouds) ? first : second,
    };
    const rows = [scene('a', { properties: { clouds: 50 } }), scene('b', { properties: { clouds: 10 } })];
    expect(unionIds(rows, [scene('c', { properties: { clouds: 30 } })], dedupe)).toEqual(['b']);
  });

  it('refuses an unknown policy', () => {
    expect(() => unionIds([], [], 'latest' as 'newest')).toThrow(/dedupe is "latest".*none, item, newest/);
  });
});
