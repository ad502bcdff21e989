/**
 * Cases of torchgeo's tests/datasets/test_geo.py by their names that no other test file has: datasets in several CRSs and
 * resolutions.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  buildRasterCatalog,
  buildVectorCatalog,
  type CatalogRow,
  GeoCatalog,
  loadRaster,
} from '../../src/catalog/node/index.js';
import {
  Crs,
  createTransform,
  type GeoBox,
  TimeInterval,
  type TypedArray,
} from '../../src/geo/node/index.js';
import { describeBackends } from '../support/backends.js';
import { boxOutline, catalogRow, idsOf } from '../support/catalog.js';
import { temporaryFolder } from '../support/files.js';
import { gridAt, writeRow } from '../support/raster-rows.js';

const folder = await temporaryFolder();

/** 40 × 40 pixels of one value around one position, with a resolution and a CRS. */
async function around(id: string, epsg: number, size: number, value: number): Promise<GeoCatalog> {
  const [x, y] = createTransform(Crs.wgs84, Crs.fromEpsg(epsg)).forward(6, 49);
  const geobox = gridAt(Math.round(x) - 20 * size, Math.round(y) + 20 * size, 40, 40, size, epsg);
  const bands = [new Uint8Array(1600).fill(value)];
  return GeoCatalog.from([await writeRow(folder, id, { data: { geobox, bands } })]);
}

const [utm31, utm32, mercator] = await Promise.all([
  around('utm31', 32631, 100, 1),
  around('utm32', 32632, 100, 2),
  around('mercator', 3857, 150, 3),
]);
const [fine, middle, coarse] = await Promise.all([
  around('fine', 32631, 20, 1),
  around('middle', 32631, 40, 2),
  around('coarse', 32631, 80, 3),
]);

const here = (epsg: number, size: number): GeoBox => {
  const [x, y] = createTransform(Crs.wgs84, Crs.fromEpsg(epsg)).forward(6, 49);
  return gridAt(Math.round(x) - 4 * size, Math.round(y) + 4 * size, 8, 8, size, epsg);
};

describeBackends('torchgeo tests/datasets/test_geo.py, CRSs and resolutions', (backend) => {
  /** The values of each side of an intersection on a grid. */
  const sides = async (overlap: GeoCatalog, grid: GeoBox): Promise<number[][]> => {
    const count = overlap.row(0).parents?.length ?? 0;
    const found: number[][] = [];
    for (let side = 0; side < count; side++) {
      const tensor = await loadRaster(overlap.parents(side), grid, {
        backend: backend(),
        resampling: 'nearest',
      });
      expect(tensor.geobox.equals(grid)).toBe(true);
      found.push([...new Set(tensor.data)]);
    }
    return found;
  };

  it.each([
    ['test_different_crs_12', utm31.intersect(utm32), [[1], [2]]],
    ['test_different_crs_12_3', utm31.intersect(utm32).intersect(mercator), [[1], [2], [3]]],
    ['test_different_crs_1_23', utm31.intersect(utm32.intersect(mercator)), [[1], [2], [3]]],
  ] as const)('TestIntersectionDataset %s', async (_, overlap, expected) => {
    expect(overlap).toHaveLength(1);
    for (const epsg of [32631, 32632, 3857]) expect(await sides(overlap, here(epsg, 100))).toEqual(expected);
  });

  it.each([
    ['test_different_res_12', fine.intersect(middle), [[1], [2]]],
    ['test_different_res_12_3', fine.intersect(middle).intersect(coarse), [[1], [2], [3]]],
    ['test_different_res_1_23', fine.intersect(middle.intersect(coarse)), [[1], [2], [3]]],
  ] as const)('TestIntersectionDataset %s', async (_, overlap, expected) => {
    expect(overlap).toHaveLength(1);
    for (const size of [20, 40, 80]) expect(await sides(overlap, here(32631, size / 2))).toEqual(expected);
  });

  it('TestIntersectionDataset: three catalogs give the common overlap in any order', () => {
    const area = (overlap: GeoCatalog): number[] =>
      (overlap.bounds ?? []).map((degrees) => Number(degrees.toFixed(9)));
    const orders = [
      utm31.intersect(utm32).intersect(mercator),
      utm31.intersect(utm32.intersect(mercator)),
      mercator.intersect(utm31).intersect(utm32),
    ];
    expect(orders.map(area)).toEqual([area(orders[0]), area(orders[0]), area(orders[0])]);
  });

  it.each([
    ['test_different_crs_12', [utm31, utm32]],
    ['test_different_crs_12_3, test_different_crs_1_23', [utm31, utm32, mercator]],
    ['test_different_res_12', [fine, middle]],
    ['test_different_res_12_3, test_different_res_1_23', [fine, middle, coarse]],
  ] as const)('TestUnionDataset %s', async (_, parts) => {
    const [first, ...rest] = parts;
    const left = rest.reduce((union, part) => union.union(part), first);
    const right = first.union(rest.reduce((union, part) => union.union(part)));
    expect(idsOf(left)).toEqual(idsOf(right));
    expect(left).toHaveLength(parts.length);
    const load = async (catalog: GeoCatalog): Promise<number[]> => [
      ...(await loadRaster(catalog, here(32631, 10), { backend: backend(), method: 'sum' })).data,
    ];
    const total = parts.reduce((sum, _, k) => sum + k + 1, 0);
    expect(new Set(await load(left))).toEqual(new Set([total]));
    expect(await load(right)).toEqual(await load(left));
  });

  it.each<[string, TypedArray]>([
    ['uint16', Uint16Array.of(0, 1, 40_000, 65_535)],
    ['uint32', Uint32Array.of(0, 1, 16_777_215, 16_777_216)],
  ])('TestRasterDataset test_getitem_uint_dtype: %s', async (dtype, values) => {
    const grid = gridAt(500_000, 5_000_000, 4, 1);
    const row = await writeRow(folder, dtype, { data: { geobox: grid, bands: [values] } });
    const tensor = await loadRaster([row], grid, { backend: backend() });
    expect([tensor.dtype, ...tensor.data]).toEqual(['float32', ...values]);
    const own = await loadRaster([row], grid, { backend: backend(), dtype: tensor.dtype });
    expect([...own.data]).toEqual([...values]);
  });

  it('TestRasterDataset test_getitem_uint_dtype: integers that float32 cannot hold are kept', async () => {
    const grid = gridAt(500_000, 5_000_000, 2, 1);
    const values = Uint32Array.of(16_777_217, 4_294_967_295);
    const row = await writeRow(folder, 'large', { data: { geobox: grid, bands: [values] } });
    const options = { backend: backend(), dtype: 'uint32', resampling: 'nearest', nodata: 0 } as const;
    expect([...(await loadRaster([row], grid, options)).data]).toEqual([...values]);
  });

  it('TestRasterDataset test_resampling_float_dtype, test_resampling_int_dtype: by the kind of values, not by dtype', async () => {
    const grid = gridAt(500_000, 5_000_000, 2, 1);
    const data = { geobox: grid, bands: [Uint16Array.of(10, 20)] };
    const numbers = await writeRow(folder, 'numbers', { data });
    const classes = await writeRow(folder, 'classes', { data: { ...data, asset: { units: 'class' } } });
    const between = gridAt(500_005, 5_000_000, 1, 1);
    const value = async (row: CatalogRow, options: object = {}): Promise<number> =>
      (await loadRaster([row], between, { backend: backend(), ...options })).data[0];
    expect(await value(numbers)).toBe(15);
    expect(await value(numbers, { resampling: 'nearest' })).toBe(20);
    expect(await value(classes)).toBe(20);
    await expect(value(classes, { resampling: 'bilinear' })).rejects.toThrow(/categories/);
  });

  it('TestRasterDataset test_single_res, test_change_res: loads at any resolution', async () => {
    for (const size of [5, 10, 20]) {
      const slice = {
        bounds: here(32631, 100).bounds,
        crs: here(32631, 100).crs,
        resolution: size,
        interval: TimeInterval.always,
      };
      const tensor = await loadRaster(utm31, slice, { backend: backend() });
      expect(tensor.geobox.resolution).toEqual([size, size]);
      expect(new Set(tensor.data)).toEqual(new Set([1]));
    }
  });
});

describe('torchgeo tests/datasets/test_geo.py TestGeoDataset', () => {
  const day = (k: number): string => `2021-07-0${k}`;
  const catalog = GeoCatalog.from([1, 2, 3].map((k) => catalogRow(`r${k}`, [k, 0, k + 1, 1], day(k))));

  it('test_len, test_getitem', () => {
    expect(catalog).toHaveLength(3);
    expect(catalog.row(2).id).toBe('r3');
    expect(() => catalog.row(3)).toThrow('the row 3 is none of the 3 of the catalog; count from 0');
  });

  it('test_disambiguate_slice: bounds alone, a time alone, both', () => {
    const geometry = [1.5, 0, 2.5, 1] as const;
    expect(idsOf(catalog.query({ geometry }))).toEqual(['r1', 'r2']);
    expect(idsOf(catalog.query({ interval: day(2) }))).toEqual(['r2']);
    expect(idsOf(catalog.query({ geometry, interval: '2021-07-02/..' }))).toEqual(['r2']);
    expect(idsOf(catalog.query({ geometry, interval: '../2021-07-01' }))).toEqual(['r1']);
  });

  it('test_and_two, test_or_two, test_or_three', () => {
    const other = GeoCatalog.from([catalogRow('o', [1.5, 0.5, 9, 9], day(2))]);
    expect(idsOf(catalog.intersect(other))).toEqual(['r2+o']);
    expect(idsOf(catalog.union(other))).toEqual(['r1', 'r2', 'r3', 'o']);
    const third = GeoCatalog.from([catalogRow('t', [0, 0, 1, 1])]);
    expect(idsOf(catalog.union(other).union(third))).toEqual(['r1', 'r2', 'r3', 'o', 't']);
  });

  it('test_picklable: rows survive JSON', () => {
    const copy = JSON.parse(JSON.stringify(catalog.toGeoJSON()));
    expect(copy.features.map((feature: { id: string }) => feature.id)).toEqual(['r1', 'r2', 'r3']);
    expect(copy.features[0].geometry.coordinates).toEqual([boxOutline([1, 0, 2, 1])]);
  });

  it('TestRasterDataset test_no_data: a folder without rasters', async () => {
    const empty = join(folder, 'empty');
    await mkdir(empty);
    await expect(buildRasterCatalog(empty)).rejects.toThrow(
      /empty holds no file of that kind; check the path/,
    );
  });

  it('TestRasterDataset test_no_all_bands: a missing band', async () => {
    await expect(loadRaster(utm31, here(32631, 100), { bands: ['B04'] })).rejects.toThrow(
      'utm31 has no band "B04"; choose one of data, B1',
    );
  });

  it('TestVectorDataset test_no_data', async () => {
    await expect(buildVectorCatalog(join(folder, 'empty'))).rejects.toThrow(
      /empty holds no file of that kind; check the path/,
    );
  });
});
