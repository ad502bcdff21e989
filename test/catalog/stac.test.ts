import { describe, expect, it } from 'vitest';
import { type CatalogRow, catalogFromStac, type GeoCatalog } from '../../src/catalog/index.js';
import { assetsOfStored, storedAssets } from '../../src/catalog/parquet/rows.js';
import { itemOfRow } from '../../src/catalog/stac/item.js';
import type { TerrachipError } from '../../src/errors.js';
import type { Bounds } from '../../src/geo/node/index.js';
import { boxOutline, idsOf } from '../support/catalog.js';

const RED = {
  href: 's3://bucket/B04.tif',
  type: 'image/tiff; application=geotiff',
  roles: ['data'],
};

/** An item with replaced members and properties. */
function stacItem(
  members: Readonly<Record<string, unknown>> = {},
  properties: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return {
    type: 'Feature',
    stac_version: '1.1.0',
    id: 'item',
    collection: 'made-up',
    geometry: { type: 'Polygon', coordinates: boxOutline([-3.8, 40.3, -3.6, 40.5]) },
    bbox: [-3.8, 40.3, -3.6, 40.5],
    properties: { datetime: '2024-06-01T10:00:00Z', ...properties },
    links: [],
    assets: { B04: RED },
    ...members,
  };
}

const rowOf = (...given: Parameters<typeof stacItem>): CatalogRow =>
  catalogFromStac(stacItem(...given)).row(0);

describe('geocatalog tests/test_stac.py', () => {
  it('test_from_stac_items_preserves_asset_and_extra_properties', () => {
    const row = rowOf({}, { 'eo:cloud_cover': 12.5 });
    expect(row).toMatchObject({ id: 'item', collection: 'made-up', href: 's3://bucket/B04.tif' });
    expect(row.assets.B04).toMatchObject({ href: 's3://bucket/B04.tif', roles: ['data'] });
    expect(row.properties['eo:cloud_cover']).toBe(12.5);
    expect(row.interval.toString()).toBe('2024-06-01T10:00:00.000Z/2024-06-01T10:00:00.000Z');
    expect(catalogFromStac(stacItem()).bounds).toEqual([-3.8, 40.3, -3.6, 40.5]);
  });

  it('test_from_stac_items_uses_date_range_when_datetime_is_missing', () => {
    const range = { start_datetime: '2024-06-01T00:00:00Z', end_datetime: '2024-06-30T23:59:59Z' };
    const row = rowOf({}, { datetime: null, ...range });
    expect(row.interval.toString()).toBe('2024-06-01T00:00:00.000Z/2024-06-30T23:59:59.000Z');
  });

  it('test_from_stac_items_prefers_temporal_range_over_nominal_datetime', () => {
    const range = { start_datetime: '2024-06-01T00:00:00Z', end_datetime: '2024-06-30T23:59:59Z' };
    expect(rowOf({}, { datetime: '2024-06-15T12:00:00Z', ...range }).interval.toString()).toBe(
      '2024-06-01T00:00:00.000Z/2024-06-30T23:59:59.000Z',
    );
  });

  it('test_from_stac_items_can_expand_all_assets', () => {
    const row = rowOf({ assets: { B04: RED, B08: { ...RED, href: 's3://bucket/B08.tif' } } });
    expect(Object.keys(row.assets)).toEqual(['B04', 'B08']);
  });

  it('test_from_stac_items_empty_returns_empty_catalog', () => {
    expect(catalogFromStac([])).toHaveLength(0);
    expect(catalogFromStac({ type: 'FeatureCollection', features: [] })).toHaveLength(0);
  });

  it('test_from_stac_items_prefers_per_asset_proj_epsg', () => {
    const grid = { 'proj:shape': [20, 10], 'proj:transform': [10, 0, 500_000, 0, -10, 4_500_000] };
    const assets = {
      item: RED,
      epsg: { ...RED, 'proj:epsg': 32630 },
      code: { ...RED, 'proj:code': 'EPSG:32631', 'proj:shape': [2, 1] },
    };
    const row = rowOf({ assets }, { 'proj:epsg': 32629, ...grid });
    expect(row.assets.item.geobox?.toJSON()).toMatchObject({ crs: 'EPSG:32629', width: 10, height: 20 });
    expect(row.assets.epsg.geobox?.toJSON()).toMatchObject({ crs: 'EPSG:32630', width: 10 });
    expect(row.assets.code.geobox?.toJSON()).toMatchObject({ crs: 'EPSG:32631', width: 1, height: 2 });
  });

  it('an empty search is an empty catalog; pages of a search are one catalog', () => {
    const page = (id: string): object => ({ type: 'FeatureCollection', features: [stacItem({ id })] });
    expect(
      idsOf(catalogFromStac([page('a'), page('b'), { type: 'FeatureCollection', features: [] }])),
    ).toEqual(['a', 'b']);
  });
});

describe('bands', () => {
  it('of STAC 1.1 are read like those of 1.0', () => {
    const older = {
      ...RED,
      'eo:bands': [{ name: 'r', common_name: 'red' }, { name: 'n' }],
      'raster:bands': [{ nodata: 0, scale: 0.1, offset: -5 }, { nodata: 'nan' }],
    };
    const newer = {
      ...RED,
      nodata: 0,
      bands: [
        { name: 'r', 'eo:common_name': 'red', 'raster:scale': 0.1, 'raster:offset': -5 },
        { name: 'n', nodata: 'nan' },
      ],
    };
    const wanted = [
      { name: 'r', commonName: 'red', index: 1, nodata: 0, scale: 0.1, offset: -5 },
      { name: 'n', index: 2, nodata: Number.NaN },
    ];
    for (const asset of [older, newer])
      expect(rowOf({ assets: { a: asset } }).assets.a.bands).toEqual(wanted);
  });
});

describe('values of bands', () => {
  const assetOf = (asset: object, properties: object = {}, collection = 'made-up') =>
    rowOf({ collection, assets: { a: { ...RED, ...asset } } }, { ...properties }).assets.a;
  const fields = { nodata: 0, 'raster:scale': 0.0001, 'raster:offset': -0.1 };
  const wanted = { nodata: 0, scale: 0.0001, offset: -0.1 };

  it('may be declared by the asset, when bands are not listed, or by the item', () => {
    expect(assetOf({ ...fields, 'eo:common_name': 'red' })).toMatchObject({
      everyBand: { ...wanted, commonName: 'red' },
    });
    expect(assetOf({}, fields).everyBand).toEqual(wanted);
    expect(assetOf({ bands: [{ name: 'r' }] }, fields).bands).toEqual([{ name: 'r', index: 1, ...wanted }]);
  });

  it('are each taken from the level nearest to the band', () => {
    const asset = {
      'raster:scale': 2,
      'raster:offset': 20,
      bands: [{ name: 'r', 'raster:scale': 3 }, { name: 'n' }],
      'raster:bands': [{ nodata: 'NaN' }],
    };
    expect(assetOf(asset, { nodata: -9999, 'raster:offset': 10 }).bands).toEqual([
      { name: 'r', index: 1, nodata: Number.NaN, scale: 3, offset: 20 },
      { name: 'n', index: 2, nodata: -9999, scale: 2, offset: 20 },
    ]);
  });

  it('of STAC before 1.0 are declared by the item, and assets have band numbers', () => {
    const bands = [
      { name: 'B02', common_name: 'blue' },
      { name: 'B04', common_name: 'red' },
    ];
    expect(assetOf({ 'eo:bands': [1] }, { 'eo:bands': bands }).bands).toEqual([
      { name: 'B04', index: 1, commonName: 'red' },
    ]);
    // STAC 1.1 names them.
    const named = [{ name: 'B04', 'eo:common_name': 'red', 'raster:scale': 0.5 }];
    expect(assetOf({ bands: [{ name: 'B04' }] }, { bands: named }).bands).toEqual([
      { name: 'B04', index: 1, commonName: 'red', scale: 0.5 },
    ]);
  });

  it('are categories when the asset or band declares classes or bits', () => {
    const classes = [{ value: 4, name: 'vegetation' }];
    expect(assetOf({ 'classification:classes': classes }).units).toBe('class');
    expect(assetOf({ 'file:values': [{ values: [4], summary: 'vegetation' }] }).units).toBe('class');
    expect(assetOf({ 'classification:bitfields': [{ offset: 0, length: 1 }] }).units).toBe('bits');
    expect(assetOf({ 'raster:bands': [{ 'classification:classes': classes }] }).units).toBe('class');
    const mixed = assetOf({ bands: [{ name: 'red' }, { name: 'class', 'classification:classes': classes }] });
    expect(mixed.units).toBeUndefined();
    expect(mixed.bands).toEqual([
      { name: 'red', index: 1 },
      { name: 'class', index: 2, units: 'class' },
    ]);
    expect(assetOf({ 'classification:classes': [] }).units).toBeUndefined();
    // Classes inherit no scale.
    expect(assetOf({ 'classification:classes': classes }, fields).everyBand).toEqual({ nodata: 0 });
  });

  it('are in metres or decibels when declared so', () => {
    expect(assetOf({ unit: 'm' }).units).toBe('m');
    expect(assetOf({ bands: [{ name: 'vv', unit: 'dB' }] }).units).toBe('dB');
    expect(assetOf({ unit: 'kg' }).units).toBeUndefined();
  });

  it('of Sentinel-2 without band lists have units by asset name', () => {
    const item = (key: string) =>
      rowOf(
        { collection: 'sentinel-2-l2a', assets: { [key]: { ...RED, ...fields } } },
        { 'processing:version': '05.10' },
      ).assets[key];
    expect(item('B04_10m')).toMatchObject({ units: 'dn_offset_1000', everyBand: { nodata: 0 } });
    expect(item('B04_10m').everyBand).not.toHaveProperty('scale');
    expect(item('AOT_10m').everyBand).toEqual(wanted);
    expect(item('SCL_20m').units).toBe('class');
  });

  it('are kept in both kinds of files', () => {
    const row = rowOf({ assets: { a: { ...RED, ...fields, 'eo:common_name': 'red', nodata: 'nan' } } });
    expect(catalogFromStac(itemOfRow(row)).row(0).assets).toEqual(row.assets);
    expect(assetsOfStored(JSON.parse(JSON.stringify(storedAssets(row.assets))), 'x')).toEqual(row.assets);
  });
});

describe('grids', () => {
  const grid = { 'proj:code': 'EPSG:32630', 'proj:shape': [20, 80] };
  const transform = { 'proj:transform': [10, 0, 500_000, 0, -10, 4_500_000] };
  const gridOf = (asset: object, properties: object = {}): unknown =>
    rowOf({ assets: { a: { ...RED, ...asset } } }, { ...properties }).assets.a.geobox?.toJSON() ?? null;
  const wanted = { crs: 'EPSG:32630', width: 80, height: 20, transform: transform['proj:transform'] };

  it('have a transform of six or nine numbers, or a box', () => {
    expect(gridOf({ ...grid, ...transform })).toEqual(wanted);
    expect(gridOf({ ...grid, 'proj:transform': [...transform['proj:transform'], 0, 0, 1] })).toEqual(wanted);
    expect(gridOf({ ...grid, 'proj:bbox': [500_000, 4_499_800, 500_800, 4_500_000] })).toEqual(wanted);
  });

  it('that contradict their bbox are read from the file', () => {
    const box = { 'proj:bbox': [500_000, 4_499_800, 500_800, 4_500_000] };
    expect(gridOf({ ...grid, ...transform, ...box })).toEqual(wanted);
    expect(gridOf({ ...grid, ...transform, ...box, 'proj:shape': [80, 20] })).toBeNull();
    expect(gridOf({ ...grid, 'proj:transform': [1, 0, 500_000, 0, -1, 4_500_000], ...box })).toBeNull();
  });

  it('take the CRS of the asset before that of the item, in any form', () => {
    const epsg = { 'proj:epsg': 32630, 'proj:shape': [20, 80] };
    expect(gridOf({ ...epsg, ...transform }, { 'proj:code': 'EPSG:32629' })).toEqual(wanted);
    expect(gridOf({ ...epsg, 'proj:epsg': '32630', ...transform })).toEqual(wanted);
  });
});

describe('times', () => {
  const time = (properties: object): string =>
    rowOf({}, { datetime: null, ...properties }).interval.toString();

  it('are closed or open ranges, or instants', () => {
    expect(time({ datetime: '20210715T101010Z' })).toMatch(/^2021-07-15T10:10:10/);
    expect(time({ datetime: '2021-07-15' })).toBe('2021-07-15T00:00:00.000Z/2021-07-15T23:59:59.999Z');
    expect(time({ start_datetime: '2021-07-15T00:00:00Z', end_datetime: null })).toBe(
      '2021-07-15T00:00:00.000Z/..',
    );
  });

  it('that are invalid are reported with file and item', () => {
    const source = 'https://a.org/item.json';
    expect(() => catalogFromStac(stacItem({}, { end_datetime: '2021-13-01' }), { source })).toThrow(
      'https://a.org/item.json: item "item" has the end_datetime "2021-13-01", which is no time',
    );
    expect(() => catalogFromStac(stacItem({}, { datetime: 20210715 }), { source })).toThrow(/20210715/);
  });
});

describe('footprints', () => {
  const footprintOf = (members: Readonly<Record<string, unknown>>): CatalogRow['footprint'] =>
    rowOf(members).footprint;
  const found = (catalog: GeoCatalog, geometry: Bounds): boolean => catalog.query({ geometry }).length === 1;

  it('are geometries, not bounding boxes', () => {
    const triangle = [
      [
        [0, 0],
        [10, 0],
        [0, 10],
        [0, 0],
      ],
    ];
    const catalog = catalogFromStac(
      stacItem({ geometry: { type: 'Polygon', coordinates: triangle }, bbox: [0, 0, 10, 10] }),
    );
    expect(found(catalog, [7, 7, 9, 9])).toBe(false);
    expect(found(catalog, [1, 1, 2, 2])).toBe(true);
  });

  it('are bounding boxes when there is no geometry', () => {
    expect(footprintOf({ geometry: null, bbox: [1, 2, 3, 4] })).toEqual([boxOutline([1, 2, 3, 4])]);
    expect(footprintOf({ geometry: null, bbox: [1, 2, -50, 3, 4, 800] })).toEqual([boxOutline([1, 2, 3, 4])]);
    expect(footprintOf({ geometry: null, bbox: [179, 2, -179, 4] })).toHaveLength(2);
    expect(footprintOf({ geometry: null, bbox: undefined })).toEqual([]);
    // RFC 7946 allows a geometry without coordinates as null.
    expect(footprintOf({ geometry: { type: 'Polygon', coordinates: [] } })).toEqual([]);
    const some = [[], boxOutline([1, 2, 3, 4])];
    expect(footprintOf({ geometry: { type: 'MultiPolygon', coordinates: some } })).toEqual([some[1]]);
  });

  it("are cut at the antimeridian when the item's geometry is not", () => {
    const uncut = { type: 'Polygon', coordinates: boxOutline([-179.5, 10, 179.5, 11]) };
    const catalog = catalogFromStac(stacItem({ geometry: uncut, bbox: [-179.5, 10, 179.5, 11] }));
    expect(catalog.row(0).footprint).toHaveLength(2);
    expect(found(catalog, [179.6, 10.2, 179.9, 10.8])).toBe(true);
    expect(found(catalog, [-179.9, 10.2, -179.6, 10.8])).toBe(true);
    expect(found(catalog, [-10, 10.2, 10, 10.8])).toBe(false);
    // A tile of the Copernicus DEM reaches half a pixel beyond it.
    const beyond = { type: 'Polygon', coordinates: boxOutline([-180.0014, 10, -179.0014, 11]) };
    expect(footprintOf({ geometry: beyond })).toHaveLength(2);
  });

  it('are the globe when an item covers it', () => {
    for (const globe of [boxOutline([-180, -90, 180, 90]), boxOutline([-179.95, -89.95, 179.95, 89.95])]) {
      const catalog = catalogFromStac(stacItem({ geometry: { type: 'Polygon', coordinates: globe } }));
      expect(found(catalog, [-10, 10, 10, 20])).toBe(true);
    }
  });

  it.each([
    // RFC 7946 §5.2: a box whose west is less than its east does not cross the antimeridian.
    ['the tropics', [-179.95, -40, 179.95, 40]],
    ['the north', [-180, 0, 179.75, 90]],
    ['a polar cap', [-179.875, 30, 179.875, 90]],
    ['half a cell beyond, as AgERA5', [-180.05, -90.05, 180.05, 90.05]],
    ['half a cell beside 0 to 360', [-0.25, -90, 359.75, 90]],
    ['rounding beyond', [-180.000000001, -90.000000001, 180.000000001, 90.000000001]],
  ] as const)('%s: are all longitudes where the box says so, with an outline and without', (_, bbox) => {
    const places = [
      [9, 35, 10, 36],
      [-100, 35, -99, 36],
      [139, 35, 140, 36],
    ] as const;
    for (const geometry of [{ type: 'Polygon', coordinates: boxOutline(bbox) }, null]) {
      const catalog = catalogFromStac(stacItem({ geometry, bbox }));
      expect(places.map((place) => found(catalog, place))).toEqual([true, true, true]);
    }
  });

  it('cross the antimeridian when west is greater than east', () => {
    const wide = boxOutline([-175, -60, 175, 60]);
    for (const bbox of [
      [175, -60, -175, 60],
      [175, -60, 185, 60],
    ]) {
      const catalog = catalogFromStac(stacItem({ geometry: { type: 'Polygon', coordinates: wide }, bbox }));
      expect(found(catalog, [-10, 10, 10, 20])).toBe(false);
      expect(found(catalog, [178, 10, 179, 20])).toBe(true);
    }
  });

  it('end on the antimeridian when rounding exceeds it', () => {
    const rounded = boxOutline([170, 10, 180.000000001, 11]);
    expect(footprintOf({ geometry: { type: 'Polygon', coordinates: rounded } })).toEqual([
      boxOutline([170, 10, 180, 11]),
    ]);
  });

  it('include the pole that an uncut ring goes around', () => {
    const longitudes = [0, 90, 180, -90, 0];
    for (const [latitude, inside, outside] of [
      [70, [10, 80, 20, 85], [10, 50, 20, 60]],
      [-70, [10, -85, 20, -80], [10, -60, 20, -50]],
    ] as const) {
      for (const order of [longitudes, [...longitudes].reverse()]) {
        const ring = order.map((longitude) => [longitude, latitude]);
        const catalog = catalogFromStac(stacItem({ geometry: { type: 'Polygon', coordinates: [ring] } }));
        expect(found(catalog, inside)).toBe(true);
        expect(found(catalog, outside)).toBe(false);
      }
    }
  });
});

describe('addresses', () => {
  const relative = { assets: { data: { href: './x/B04.tif' }, up: { href: '../B08.tif' } } };
  const hrefs = (document: unknown, source?: string): string[] =>
    Object.values(catalogFromStac(document, { source }).row(0).assets).map(({ href }) => href);
  const self = (href: string): object => ({ links: [{ rel: 'self', href }] });

  it('are resolved against the address of the item', () => {
    expect(hrefs(stacItem(relative), 'https://a.org/s2/item.json?sig=1')).toEqual([
      'https://a.org/s2/x/B04.tif',
      'https://a.org/B08.tif',
    ]);
    expect(hrefs(stacItem(relative), 's3://bucket/s2/item.json')).toEqual([
      's3://bucket/s2/x/B04.tif',
      's3://bucket/B08.tif',
    ]);
    expect(hrefs(stacItem(relative), '/data/s2/item.json')).toEqual(['/data/s2/x/B04.tif', '/data/B08.tif']);
    expect(hrefs(stacItem(relative), 'item.json')).toEqual(['x/B04.tif', '../B08.tif']);
    expect(hrefs(stacItem(relative))).toEqual(['./x/B04.tif', '../B08.tif']);
    expect(hrefs(stacItem({ ...relative, ...self('https://b.org/c/i.json') }))).toEqual([
      'https://b.org/c/x/B04.tif',
      'https://b.org/B08.tif',
    ]);
  });

  it('of items of a search are relative to the items', () => {
    const item = stacItem({ ...relative, ...self('https://b.org/c/i.json') });
    const answer = { type: 'FeatureCollection', features: [item] };
    expect(hrefs(answer, 'https://b.org/search')[0]).toBe('https://b.org/c/x/B04.tif');
  });

  it('from a server never name local files', () => {
    const item = stacItem({ assets: { data: { href: 'file:///etc/passwd' } } });
    expect(() => catalogFromStac(item, { source: 'https://a.org/item.json' })).toThrow(
      /item "item" comes from a server but names the file file:\/\/\/etc\/passwd/,
    );
    const absolute = stacItem({ assets: { data: { href: '/etc/passwd' } } });
    expect(hrefs(absolute, 'https://a.org/item.json')).toEqual(['https://a.org/etc/passwd']);
  });
});

describe('units', () => {
  const band = (name: string): object => ({
    ...RED,
    'eo:bands': [{ name, common_name: 'red' }],
    'raster:bands': [{ nodata: 0, scale: 0.0001, offset: -0.1 }],
  });

  it.each([
    [{ 's2:processing_baseline': '05.10' }, 'dn_offset_1000'],
    [{ 's2:processing_baseline': '02.12' }, 'dn_harmonised'],
    [{ 's2:processing_baseline': '05.10', 'earthsearch:boa_offset_applied': true }, 'dn_harmonised'],
    [{ 's2:product_uri': 'S2A_MSIL2A_20200714T115221_N0214_R123_T28QCH_20200714T191310' }, 'dn_harmonised'],
    [{}, undefined],
  ])('of Sentinel-2 with %j: %s', (properties, units) => {
    const row = rowOf({ collection: 'sentinel-2-l2a', assets: { B04: band('B04'), SCL: RED } }, properties);
    expect(row.assets.B04.units).toBe(units);
    expect(row.assets.SCL.units).toBe('class');
    // The units include the offset: it must not be applied again.
    expect('offset' in (row.assets.B04.bands?.[0] ?? {})).toBe(units === undefined);
  });

  it('are known for radar, elevation, land cover and Landsat', () => {
    const unitsOf = (collection: string, key: string, asset: object = RED): unknown =>
      rowOf({ collection, assets: { [key]: asset } }).assets[key].units;
    expect(unitsOf('sentinel-1-rtc', 'vv')).toBe('linear_power');
    expect(unitsOf('cop-dem-glo-30', 'data')).toBe('m');
    expect(unitsOf('esa-worldcover', 'map')).toBe('class');
    expect(unitsOf('landsat-c2-l2', 'qa_pixel')).toBe('bits');
    expect(unitsOf('landsat-c2-l2', 'lwir11')).toBeUndefined();
    expect(unitsOf('made-up', 'vv')).toBeUndefined();
    const landsat = rowOf({
      collection: 'landsat-c2-l2',
      assets: { red: { ...RED, 'eo:bands': [{ name: 'B4', common_name: 'red' }] } },
    });
    expect(landsat.assets.red.units).toBe('reflectance');
    expect(landsat.assets.red.bands).toEqual([
      { name: 'B4', commonName: 'red', index: 1, scale: 0.0000275, offset: -0.2 },
    ]);
  });
});

describe('hostile and damaged documents', () => {
  it.each([
    [null, /the STAC document/],
    [42, /the STAC document/],
    [{}, /id/],
    [stacItem({ id: '' }), /must not be empty/],
    [stacItem({ type: 'Collection' }), /must be "Feature"/],
    [stacItem({ geometry: { type: 'Polygon', coordinates: 'x' } }), /item "item".*no list/],
    [stacItem({ geometry: { type: 'Polygon', coordinates: [[[0, 0]]] } }), /not closed/],
    [
      stacItem({ geometry: { type: 'Point', coordinates: [500_000, 4_500_000] } }),
      /no longitude and latitude/,
    ],
    [stacItem({ geometry: null, bbox: [1, 2, 3] }), /bbox of 3 numbers/],
    [stacItem({ assets: { a: { href: 3 } } }), /assets\.a\.href/],
    [stacItem({}, { datetime: null }), /item "item" has no datetime/],
    [stacItem({}, { datetime: 'yesterday' }), /item "item" has the datetime "yesterday", which is no time/],
    [
      stacItem({}, { start_datetime: '2024-02-01T00:00:00Z', end_datetime: '2024-01-01T00:00:00Z' }),
      /ends before it starts/,
    ],
    [{ type: 'FeatureCollection' }, /without features/],
    [[[[[stacItem()]]]], /lists inside of lists/],
  ])('%#: are refused with the reason', (document, message) => {
    expect(() => catalogFromStac(document)).toThrow(message);
  });

  it('one damaged item among a thousand is reported, and the others are kept', () => {
    const documents = Array.from({ length: 1000 }, (_, k) =>
      stacItem({ id: `i${k}`, ...(k === 500 ? { geometry: { type: 'Blob' } } : {}) }),
    );
    const problems: TerrachipError[] = [];
    const catalog = catalogFromStac(documents, { onInvalid: (error) => problems.push(error) });
    expect(catalog).toHaveLength(999);
    expect(problems.map(({ message }) => message)).toEqual([expect.stringContaining('i500')]);
  });

  it('cannot change prototypes', () => {
    const item = JSON.parse(
      JSON.stringify(stacItem()).replace('"assets":{', '"assets":{"__proto__":{"href":"a.tif"},'),
    );
    const { assets } = catalogFromStac(item).row(0);
    expect(Object.keys(assets)).toEqual(['__proto__', 'B04']);
    expect(Object.getPrototypeOf(assets)).toBe(Object.prototype);
  });

  it('are refused when properties nest too deeply', () => {
    let deep: unknown = 1;
    for (let depth = 0; depth < 50_000; depth++) deep = [deep];
    expect(() => rowOf({}, { deep })).toThrow('is nested deeper than 64 levels');
  });
});
