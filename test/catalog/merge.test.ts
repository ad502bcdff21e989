/** Cases of rasterio's tests/test_merge.py and tests/test_rio_merge.py by their names; those of its issues are in load-grids. */
import { expect, it } from 'vitest';
import { type CatalogRow, type LoadRasterOptions, loadRaster } from '../../src/catalog/node/index.js';
import type { GeoBox, TypedArray } from '../../src/geo/node/index.js';
import type { MosaicMethod } from '../../src/kernels/index.js';
import { describeBackends } from '../support/backends.js';
import { temporaryFolder } from '../support/files.js';
import { gridAt, writeRow } from '../support/raster-rows.js';
import { referenceWarp } from '../support/warp-reference.js';

const folder = await temporaryFolder();
const NAN = Number.NaN;

/** 10 × 10 pixels of 0.2° at 114° west, 46° north, as in rasterio's tests. */
const montana = gridAt(-114, 46, 10, 10, 0.2, 4326);

/** A square of one value with a part of another. */
function square(from: number, to: number, inside: number, outside: number): number[] {
  return Array.from({ length: 100 }, (_, k) => {
    const [x, y] = [k % 10, Math.floor(k / 10)];
    return x >= from && x < to && y >= from && y < to ? inside : outside;
  });
}

/** The merge of the two files of most cases. */
const merged = (rest: number): number[] => {
  const below = square(0, 6, 255, rest);
  return square(4, 8, 254, NAN).map((value, k) => (Number.isNaN(value) ? below[k] : value));
};

describeBackends('rasterio tests/test_merge.py, tests/test_rio_merge.py', (backend) => {
  const merge = async (
    rows: readonly CatalogRow[],
    grid: GeoBox,
    options: LoadRasterOptions = {},
  ): Promise<number[]> => {
    const tensor = await loadRaster(rows, grid, {
      backend: backend(),
      order: 'given',
      resampling: 'nearest',
      ...options,
    });
    return [...tensor.data];
  };
  const file = (
    id: string,
    bands: readonly TypedArray[],
    nodata?: number,
    geobox = montana,
  ): Promise<CatalogRow> =>
    writeRow(folder, id, {
      data: { geobox, bands, ...(nodata === undefined ? {} : { options: { nodata } }) },
    });

  it('test_merge_with_nodata', async () => {
    const rows = [
      await file('a1', [Uint8Array.from(square(4, 8, 254, 1))], 1),
      await file('b1', [Uint8Array.from(square(0, 6, 255, 1))], 1),
    ];
    expect(await merge(rows, montana, { dtype: 'uint8' })).toEqual(merged(1));
    expect(await merge(rows, montana)).toEqual(merged(NAN));
  });

  it('test_merge_without_nodata: zeros are data unless declared as nodata', async () => {
    const rows = [
      await file('a2', [Uint8Array.from(square(4, 8, 254, 0))]),
      await file('b2', [Uint8Array.from(square(0, 6, 255, 0))]),
    ];
    // rasterio treats 0 as nodata here, though no file declares it.
    expect(await merge(rows, montana)).toEqual(square(4, 8, 254, 0));
    expect(await merge(rows, montana, { sourceNodata: 0, dtype: 'uint8', nodata: 0 })).toEqual(merged(0));
  });

  it('test_merge_bidx: one band of several', async () => {
    const bands = [square(4, 8, 254, 1), square(4, 8, 3, 1)].map((values) => Uint8Array.from(values));
    const rows = [await file('a3', bands, 1)];
    expect(await merge(rows, montana, { bands: [2] })).toEqual(square(4, 8, 3, NAN));
  });

  it("test_merge_error: a nodata value out of the type's range", async () => {
    const rows = [await file('a4', [Uint8Array.from(square(4, 8, 254, 1))], 1)];
    await expect(merge(rows, montana, { dtype: 'uint8', nodata: -1 })).rejects.toThrow(
      'nodata cannot be -1 in uint8; give a whole number from 0 to 255',
    );
  });

  it('test_merge_float', async () => {
    const rows = [
      await file('one', [Float64Array.from(square(4, 8, 254, 0))], 0),
      await file('two', [Float64Array.from(square(0, 6, 255, 0))], 0),
    ];
    expect(await merge(rows, montana, { dtype: 'float64', nodata: -1.5 })).toEqual(merged(-1.5));
  });

  it('test_merge_overlapping', async () => {
    const rows = [
      await file('nw', [new Uint8Array(100).fill(1)], 0),
      await file('se', [new Uint8Array(100).fill(2)], 0, gridAt(-113, 45, 10, 10, 0.2, 4326)),
    ];
    const expected = Array.from({ length: 225 }, (_, k) => {
      const [x, y] = [k % 15, Math.floor(k / 15)];
      return x < 10 && y < 10 ? 1 : x >= 5 && y >= 5 ? 2 : 0;
    });
    expect(await merge(rows, gridAt(-114, 46, 15, 15, 0.2, 4326), { dtype: 'uint8' })).toEqual(expected);
  });

  it.each<[MosaicMethod, number]>([
    ['first', 1],
    ['last', 2],
    ['min', 1],
    ['max', 3],
    ['sum', 6],
    ['count', 3],
    ['mean', 2],
    ['median', 2],
  ])('test_merge_method: %s', async (method, value) => {
    const rows = [
      await file('nw1', [new Uint8Array(100).fill(1)], 0),
      await file('nw3', [new Uint8Array(100).fill(3)], 0),
      await file('se2', [new Uint8Array(100).fill(2)], 0, gridAt(-113, 45, 10, 10, 0.2, 4326)),
    ];
    const all = gridAt(-113, 45, 5, 5, 0.2, 4326);
    expect(await merge(rows, all, { method, dtype: 'float64' })).toEqual(new Array(25).fill(value));
  });

  it('test_different_crs: no error, since sources are reprojected', async () => {
    // Montana in degrees on WGS 84, and in metres of its UTM zone.
    const degrees = await file('degrees', [new Uint8Array(100).fill(1)], 0);
    const utm = await file(
      'metres',
      [new Uint8Array(400).fill(2)],
      0,
      gridAt(200_000, 5_150_000, 20, 20, 20_000, 32612),
    );
    expect(await merge([degrees, utm], montana)).toEqual(new Array(100).fill(1));
    expect(await merge([utm, degrees], montana)).toEqual(new Array(100).fill(2));
  });

  it('test_unsafe_casting: values out of range are clamped, and gaps become nodata', async () => {
    const line = gridAt(0, 10, 6, 1);
    const values = Float32Array.of(-3.7, 0.4, 0.5, 254.6, 1e9, -9999);
    const row = await file('unsafe', [values], -9999, line);
    expect(await merge([row], line, { dtype: 'uint8', nodata: 7 })).toEqual([0, 0, 1, 255, 255, 7]);
  });

  it('test_merge_precision: four files side by side meet without a gap', async () => {
    const values = [1, 2, 3, 4, 3, 4, 5, 6, 4, 5, 6, 8, 7, 9, 5, 4];
    const rows = await Promise.all(
      [
        [0, 4],
        [4, 4],
        [0, 8],
        [4, 8],
      ].map(([left, top], k) =>
        file(`quad${k}`, [Float32Array.from(values)], undefined, gridAt(left, top, 4, 4, 1)),
      ),
    );
    const expected = Array.from({ length: 64 }, (_, k) => values[4 * (Math.floor(k / 8) % 4) + (k % 4)]);
    expect(await merge(rows, gridAt(0, 8, 8, 8, 1))).toEqual(expected);
  });

  it.each(['nearest', 'bilinear'] as const)('test_merge_resampling: %s', async (resampling) => {
    const source = gridAt(0, 0, 9, 1, 0.2, 4326);
    const values = Uint8Array.of(100, 100, 100, 255, 255, 255, 1, 1, 1);
    const row = await file('resampling', [values], 1, source);
    const fine = gridAt(0, 0, 18, 2, 0.1, 4326);
    const found = await merge([row], fine, { resampling });
    const known = Float32Array.from(values, (value) => (value === 1 ? NAN : value));
    expect(found).toBeCloseToArray(referenceWarp(known, source, fine, resampling).values, 1e-3);
    expect(found.slice(12, 18).every(Number.isNaN)).toBe(true);
  });
});
