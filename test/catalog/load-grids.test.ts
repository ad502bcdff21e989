import { describe, expect, it } from 'vitest';
import { type CatalogRow, GeoCatalog, loadRaster } from '../../src/catalog/node/index.js';
import { Affine, Crs, createTransform, GeoBox, type GeoTensor } from '../../src/geo/node/index.js';
import type { MosaicMethod } from '../../src/kernels/index.js';
import { describeBackends } from '../support/backends.js';
import { temporaryFolder } from '../support/files.js';
import { gridAt, valuesOf, writeRow } from '../support/raster-rows.js';
import { referenceWarp } from '../support/warp-reference.js';

const folder = await temporaryFolder();
const NAN = Number.NaN;

/** The four files of rasterio's test_rio_merge: one pixel each, in degrees there, in units of UTM here. */
const tiny = await Promise.all(
  (
    [
      ['a-sw', 1, 1, 1, 40],
      ['b-ct', 2, 2, 1, 60],
      ['c-ne', 3, 4, 2, 90],
      ['d-ne', 2, 4, 2, 120],
    ] as const
  ).map(([id, left, top, size, value]) =>
    writeRow(folder, id, {
      data: { geobox: gridAt(left, top, 1, 1, size), bands: [Uint8Array.of(value)] },
    }),
  ),
);

describeBackends('the cases of rasterio.merge', (backend) => {
  const merge = (rows: CatalogRow[], grid: GeoBox, method: MosaicMethod = 'first'): Promise<GeoTensor> =>
    loadRaster(rows, grid, { backend: backend(), order: 'given', resampling: 'nearest', method });

  it('test_merge_tiny_base', async () => {
    const tensor = await merge(tiny, gridAt(1, 4, 4, 4, 1));
    // The first file wins where d-ne is under c-ne: rasterio's expectations, with NaN for 0.
    expect(valuesOf(tensor)).toEqual([
      NAN,
      120,
      90,
      90,
      NAN,
      120,
      90,
      90,
      NAN,
      60,
      NAN,
      NAN,
      40,
      NAN,
      NAN,
      NAN,
    ]);
  });

  it('test_merge_tiny_res_bounds', async () => {
    const tensor = await merge(tiny, gridAt(1, 4, 2, 2, 2));
    // The centre of the third pixel is the corner of a-sw, which is inside; rasterio has 40 there too.
    expect(valuesOf(tensor)).toEqual([120, 90, 40, NAN]);
  });

  it('test_merge_tiny_res_high_precision', async () => {
    const tensor = await merge(tiny, gridAt(1, 4, 4, 4, 0.9999999));
    expect(valuesOf(tensor)).toEqual([
      NAN,
      120,
      90,
      90,
      NAN,
      120,
      90,
      90,
      NAN,
      60,
      NAN,
      NAN,
      40,
      NAN,
      NAN,
      NAN,
    ]);
  });

  it('test_merge_tiny_intres', async () => {
    // Twice as fine: each pixel of 1 becomes four.
    const tensor = await merge(tiny, gridAt(1, 4, 8, 8, 0.5));
    const coarse = [NAN, 120, 90, 90, NAN, 120, 90, 90, NAN, 60, NAN, NAN, 40, NAN, NAN, NAN];
    const expected = Array.from({ length: 64 }, (_, i) => coarse[(i >> 4) * 4 + ((i % 8) >> 1)]);
    expect(valuesOf(tensor)).toEqual(expected);
  });

  it('test_issue2163: a single raster is unchanged, gaps included', async () => {
    const box = new GeoBox(32631, new Affine(1.1, 0, 0.3, 0, -1.1, 7.7), 9, 7);
    const values = Float32Array.from({ length: 63 }, (_, i) => (i % 5 === 0 ? -9999 : i / 7));
    const row = await writeRow(folder, 'issue2163', {
      data: { geobox: box, bands: [values], options: { nodata: -9999 } },
    });
    const expected = [...values].map((value) => (value === -9999 ? NAN : value));
    expect(valuesOf(await merge([row], box))).toEqual(expected);
  });

  it('test_issue2202: an uncovered column is nodata', async () => {
    const left = gridAt(0, 10, 5, 10, 1);
    const right = gridAt(6, 10, 4, 10, 1);
    const rows = [
      await writeRow(folder, 'issue2202a', { data: { geobox: left, bands: [new Uint8Array(50).fill(1)] } }),
      await writeRow(folder, 'issue2202b', { data: { geobox: right, bands: [new Uint8Array(40).fill(2)] } }),
    ];
    const tensor = await merge(rows, gridAt(0, 10, 10, 1, 1));
    expect(valuesOf(tensor)).toEqual([1, 1, 1, 1, 1, NAN, 2, 2, 2, 2]);
  });

  it('test_merge_no_gap: sources on unaligned grids meet without a gap', async () => {
    // Four quarters whose grids are shifted by odd fractions of a pixel, and overlap by less than one.
    const quarter = async (id: string, left: number, top: number): Promise<CatalogRow> =>
      writeRow(folder, id, {
        data: { geobox: gridAt(left, top, 51, 51, 1), bands: [new Float32Array(51 * 51).fill(5)] },
      });
    const rows = [
      await quarter('nw', 0.13, 100.4),
      await quarter('ne', 50.71, 100.2),
      await quarter('sw', 0.37, 50.05),
      await quarter('se', 50.9, 49.9),
    ];
    const inside = gridAt(1, 99, 98, 98, 1);
    for (const resampling of ['nearest', 'bilinear', 'cubic'] as const) {
      const tensor = await loadRaster(rows, inside, { backend: backend(), resampling });
      expect(tensor.data.every((value) => Math.abs(value - 5) < 1e-5)).toBe(true);
    }
  });

  it('test_issue2848: nodata 0 is not part of a maximum of negative values', async () => {
    const box = gridAt(0, 1, 2, 1, 1);
    const file = (values: number[]) => ({
      data: { geobox: box, bands: [Int16Array.from(values)], options: { nodata: 0 } },
    });
    const rows = [
      await writeRow(folder, 'issue2848a', file([-5, 0])),
      await writeRow(folder, 'issue2848b', file([-7, -3])),
    ];
    expect(valuesOf(await merge(rows, box, 'max'))).toEqual([-5, -3]);
    expect(valuesOf(await merge(rows, box, 'sum'))).toEqual([-12, -3]);
  });
});

describeBackends('sources in several CRSs', (backend) => {
  it('are each reprojected from their own CRS', async () => {
    // Two sources that overlap at a UTM zone's edge, each with the values of a smooth field.
    const field = (lon: number, lat: number): number => 1000 * (lon - 6) + 500 * (lat - 45);
    const fill = (box: GeoBox): Float32Array => {
      const toLonLat = createTransform(box.crs, Crs.wgs84);
      return Float32Array.from({ length: box.pixelCount }, (_, i) => {
        const x = (i % box.width) + 0.5;
        const y = Math.floor(i / box.width) + 0.5;
        return field(...toLonLat.forward(...box.transform.apply(x, y)));
      });
    };
    const west = gridAt(730_000, 4_990_000, 100, 100, 100, 32631);
    const east = gridAt(260_000, 4_990_000, 100, 100, 100, 32632);
    const wide = gridAt(5.9, 45.2, 60, 60, 0.005, 4326);
    const rows = [
      await writeRow(folder, 'zone31', { data: { geobox: west, bands: [fill(west)] } }),
      await writeRow(folder, 'zone32', { data: { geobox: east, bands: [fill(east)] } }),
      await writeRow(folder, 'lonlat', { data: { geobox: wide, bands: [fill(wide)] } }),
    ];
    const to = gridAt(660_000, 5_640_000, 150, 100, 150, 3857);
    const tensor = await loadRaster(rows, to, { backend: backend(), method: 'mean' });
    const boxes = [west, east, wide];
    const references = boxes.map((box) => referenceWarp(fill(box), box, to, 'bilinear').values);
    const expected = Float32Array.from(tensor.data, (_, k) => {
      const known = references.flatMap((values) => (Number.isNaN(values[k]) ? [] : [values[k]]));
      return known.length === 0 ? NAN : known.reduce((sum, value) => sum + value) / known.length;
    });
    const unequal = expected.filter((value, k) => !(Math.abs(value - tensor.data[k]) < 0.03));
    // Positions within 0.002 pixels of an edge may be in one source and outside the other.
    expect(unequal.filter(Number.isFinite).length).toBeLessThan(10);
    const gaps = (values: ArrayLike<number>): number => Array.from(values).filter(Number.isNaN).length;
    expect(Math.abs(gaps(tensor.data) - gaps(expected))).toBeLessThan(10);
    expect(gaps(expected)).toBeLessThan(5000);
    // The field is smooth across the sources' edges, except in the half pixel that edges repeat.
    const truth = fill(to);
    expect(expected.filter((value, k) => Math.abs(value - truth[k]) > 3)).toHaveLength(0);
    const counts = await loadRaster(rows, to, { backend: backend(), method: 'count' });
    expect(Math.max(...counts.data)).toBeGreaterThan(1);
  });

  it('cross the antimeridian', async () => {
    const box = gridAt(179.8, -16.8, 40, 40, 0.01, 4326);
    const utm = gridAt(800_000, 8_140_000, 40, 20, 1000, 32760);
    const row = await writeRow(folder, 'fiji', {
      data: { geobox: utm, bands: [new Uint8Array(800).fill(3)] },
    });
    const tensor = await loadRaster([row], box, { backend: backend(), bands: [1], resampling: 'nearest' });
    // Columns on both sides of 180 have data.
    const rowOf = valuesOf(tensor).slice(10 * 40, 11 * 40);
    expect(rowOf.slice(5, 19).every((value) => value === 3)).toBe(true);
    expect(rowOf.slice(21, 36).every((value) => value === 3)).toBe(true);
  });
});

describe('a rotated grid', () => {
  it('is accepted as a target', async () => {
    const box = gridAt(0, 100, 100, 100, 1);
    const values = Float32Array.from({ length: 10_000 }, (_, i) => i % 100);
    const row = await writeRow(folder, 'ramp', { data: { geobox: box, bands: [values] } });
    const angle = Math.PI / 6;
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    const rotated = new GeoBox(32631, new Affine(c, s, 40, s, -c, 50), 20, 20);
    const tensor = await loadRaster([row], rotated, {});
    for (let y = 0; y < 20; y++) {
      for (let x = 0; x < 20; x++) {
        const [px] = rotated.transform.apply(x + 0.5, y + 0.5);
        expect(Math.abs(tensor.data[y * 20 + x] - (px - 0.5))).toBeLessThan(0.005);
      }
    }
  });
});

/** Files of one area, 8 units wide, with two pixel sizes. */
const eightUnits = (id: string, size: number, value: number): Promise<CatalogRow> => {
  const count = 8 / size;
  const bands = [new Uint8Array(count * count).fill(value)];
  return writeRow(folder, id, { data: { geobox: gridAt(0, 8, count, count, size), bands } });
};
const [one, two] = await Promise.all([eightUnits('res-1', 1, 7), eightUnits('res-2', 2, 9)]);

describeBackends('torchgeo tests/datasets/test_geo.py TestIntersectionDataset', (backend) => {
  it.each([
    ['test_single_res', [one, one], 1],
    ['test_multiple_res_12', [one, two], 1],
    ['test_multiple_res_12, the coarser grid', [one, two], 2],
    ['test_multiple_res_21', [two, one], 1],
  ] as const)('%s: both sides are loaded on the grid that is asked for', async (_, [left, right], size) => {
    const both = GeoCatalog.from([left]).intersect(GeoCatalog.from([right]));
    expect(both.length).toBe(1);
    const grid = gridAt(0, 8, 8 / size, 8 / size, size);
    for (const [side, row] of [left, right].entries()) {
      const tensor = await loadRaster(both.parents(side), grid, { backend: backend() });
      expect(tensor.shape).toEqual([1, 8 / size, 8 / size]);
      expect(new Set(tensor.data)).toEqual(new Set([row === one ? 7 : 9]));
    }
  });

  it('test_invalid_query: nothing is loaded outside the catalog', async () => {
    const catalog = GeoCatalog.from([one, two]);
    const away = gridAt(5000, 5000, 4, 4, 1);
    const found = catalog.query({ geometry: away.bounds, crs: away.crs });
    expect(found.length).toBe(0);
    const options = { backend: backend(), bands: [1] };
    await expect(loadRaster(catalog, away, options)).rejects.toThrow(/2 rows does not overlap the grid/);
    const tensor = await loadRaster(catalog, away, { ...options, allowEmpty: true });
    expect([...tensor.data].every(Number.isNaN)).toBe(true);
  });
});
