import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type CatalogRow, catalogFromStac } from '../../src/catalog/node/index.js';
import type { TerrachipError } from '../../src/errors.js';
import { sharedFolder, sharedPath } from '../support/files.js';

/** Items as servers and tools write them; not part of this project, so absent on most machines. */
const absent = sharedFolder === null;

const read = (...parts: string[]): unknown => JSON.parse(readFileSync(sharedPath('stac', ...parts), 'utf8'));

const rowOf = (...parts: string[]): CatalogRow => catalogFromStac(read(...parts)).row(0);

/** Recorded responses of servers, one per exchange. */
function recorded(name: string): unknown[] {
  const exchanges = read('recorded-http', name) as { response: { type?: string } }[];
  return exchanges.map(({ response }) => response).filter(({ type }) => type === 'FeatureCollection');
}

describe.skipIf(absent)('items of STAC servers', () => {
  it('Sentinel-2 of the Planetary Computer: grids and units of each band', () => {
    const row = catalogFromStac(recorded('pc-sentinel-2-l2a.json')).row(0);
    expect(row.id).toBe('S2B_MSIL2A_20250312T014549_R074_T53NKG_20250312T041213');
    expect(row.assets.B04).toMatchObject({
      units: 'dn_offset_1000',
      bands: [{ name: 'B04', commonName: 'red', index: 1 }],
    });
    expect(row.assets.B04.geobox?.toJSON()).toMatchObject({
      crs: 'EPSG:32653',
      width: 10_980,
      height: 10_980,
    });
    expect(row.assets.SCL).toMatchObject({ units: 'class' });
    expect(row.assets.SCL.geobox?.resolution).toEqual([20, 20]);
  });

  it('Sentinel-1 RTC: times with a space, a footprint with corners of each slice', () => {
    const row = catalogFromStac(recorded('pc-sentinel-1-rtc.json')).row(0);
    expect(row.interval.toString()).toBe('2025-03-11T04:42:31.719Z/2025-03-11T04:42:49.673Z');
    expect(row.assets.vv).toMatchObject({ units: 'linear_power' });
    expect(row.footprint[0][0]).toHaveLength(9);
  });

  it('the Copernicus DEM beyond the antimeridian is cut there', () => {
    const row = catalogFromStac(recorded('pc-cop-dem-glo-30.json')).row(0);
    expect(row.id).toContain('S90_00_W180');
    const sides = row.footprint.map(([ring]) => Math.sign(ring[0][0]));
    expect(sides.sort()).toEqual([-1, 1]);
    expect(row.assets.data.units).toBe('m');
  });

  it('ERA5 covers the globe', () => {
    const catalog = catalogFromStac(recorded('pc-era5-pds.json'));
    expect(catalog.bounds).toEqual([-180, -90, 180, 90]);
    const there = catalog.query({ geometry: { type: 'Point', coordinates: [6.1, 49.6] } });
    expect(there).toHaveLength(1);
  });

  it('Earth Search declares whether the offset was applied', () => {
    const catalog = catalogFromStac(read('stac-utils__rustac/server/data/sentinel-2/item-collection.json'));
    expect(catalog).toHaveLength(10);
    const { red } = catalog.row(0).assets;
    expect(red.units).toBe('dn_offset_1000');
    expect(red.bands).toEqual([{ name: 'B04', commonName: 'red', index: 1, nodata: 0 }]);
    expect(catalog.where("grid:code = 'MGRS-13TDE'").length).toBeGreaterThan(0);
  });

  it('Landsat of USGS, STAC 1.0 beta of sentinel-cogs, lidar by range', () => {
    const landsat = rowOf('opendatacube__odc-stac/LC08_L2SP_028030_20200114_20200824_02_T1_SR.json');
    expect(landsat.collection).toBe('landsat-c2l2-sr');
    expect(landsat.assets.red).toMatchObject({
      units: 'reflectance',
      bands: [{ name: 'B4', scale: 0.0000275, offset: -0.2 }],
    });
    expect(landsat.assets.red.geobox?.toJSON()).toMatchObject({ crs: 'EPSG:32615', width: 7931 });
    const beta = rowOf('opendatacube__odc-stac/S2A_28QCH_20200714_0_L2A.json');
    expect(beta.assets.B04.units).toBe('dn_harmonised');
    const lidar = rowOf('opendatacube__odc-stac/lidar_dem.json');
    expect(lidar.interval.toString()).toBe('2012-01-01T00:00:00.000Z/2012-01-01T00:00:00.000Z');
    expect(lidar.assets.dem.geobox?.toJSON()).toMatchObject({ crs: 'EPSG:28355', width: 2000 });
  });

  it('stactools writes STAC 1.1 with relative addresses, at 80° north', () => {
    const folder = 'S2B_MSIL2A_20220413T150759_N0400_R025_T33XWJ_20220414T082126.SAFE';
    const source = `https://example.com/${folder}/item.json`;
    const catalog = catalogFromStac(read('stactools-packages__sentinel2', folder, 'expected_output.json'), {
      source,
    });
    const row = catalog.row(0);
    expect(row.assets.blue.href).toBe(
      `https://example.com/${folder}/GRANULE/L2A_T33XWJ_A026649_20220413T150756/IMG_DATA/R10m/T33XWJ_20220413T150759_B02_10m.tif`,
    );
    expect(row.assets.blue.geobox?.crs.epsg).toBe(32633);
    // Its tile in UTM 33, and a position in it from the polar projection.
    expect(catalog.query({ geometry: [499_980, 8_890_000, 550_000, 8_900_000], crs: 32633 })).toHaveLength(1);
    const [x0, y0] = [1_065_000, -20_000];
    expect(catalog.query({ geometry: [-x0, y0, x0, -y0], crs: 3413 })).toHaveLength(0);
  });

  it('bands of STAC 1.0 and 1.1 are the same', () => {
    const bands = (version: string) =>
      rowOf(`stac-utils__rustac/core/data/bands-v${version}.json`).assets.example.bands;
    const names = (version: string) => bands(version)?.map(({ name, commonName }) => [name, commonName]);
    expect(names('1.1.0')).toEqual([
      ['r', 'red'],
      ['g', 'green'],
      ['b', 'blue'],
      ['nir', 'nir'],
    ]);
    expect(names('1.0.0')).toEqual(names('1.1.0'));
  });

  it('pages of a search make one catalog', () => {
    const pages = recorded('pystac-client.TestItemSearch.test_result_paging.json');
    const catalog = catalogFromStac(pages);
    expect(catalog.length).toBeGreaterThan(pages.length);
    expect(catalog.union(catalog)).toHaveLength(catalog.length);
  });

  it('every item is read or refused by name', () => {
    const names = [
      'radiantearth__stac-spec/examples/simple-item.json',
      'radiantearth__stac-spec/examples/core-item.json',
      'radiantearth__stac-spec/examples/extended-item.json',
      'radiantearth__stac-spec/examples/collectionless-item.json',
      'radiantearth__stac-spec/examples/extensions-collection/proj-example/proj-example.json',
      'stac-utils__pystac/examples/1.0.0/example-sentinel2.json',
      'stac-utils__rustac/core/data/item-collection.json',
      'stac-utils__rustac/core/data/two-sentinel-2-items.json',
      'microsoft__planetary-computer-sdk-for-python/sample-item.json',
      'microsoft__planetary-computer-sdk-for-python/sample-zarr-item.json',
    ];
    for (const name of names) expect(catalogFromStac(read(name)).length).toBeGreaterThan(0);
    const refused: TerrachipError[] = [];
    const onInvalid = (error: TerrachipError): void => void refused.push(error);
    expect(
      catalogFromStac(read('stac-utils__rustac/core/data/invalid-item.json'), { onInvalid }),
    ).toHaveLength(0);
    expect(
      catalogFromStac(read('radiantearth__stac-spec/examples/collection.json'), { onInvalid }),
    ).toHaveLength(0);
    expect(refused).toHaveLength(2);
  });
});
