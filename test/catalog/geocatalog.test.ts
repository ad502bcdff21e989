/**
 * Cases of geocatalog's test_alignment.py, test_geoslice.py, test_streaming.py and test_inmemory.py by their names that no
 * other test file has.
 */
import { mkdir, readdir, readlink, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  buildRasterCatalog,
  type CatalogRow,
  GeoCatalog,
  gridSampler,
  loadRaster,
  openCatalog,
  SampleArea,
  writeCatalog,
} from '../../src/catalog/node/index.js';
import {
  type Bounds,
  Crs,
  GeoBox,
  type GeoSlice,
  geoBoxOfSlice,
  TimeInterval,
} from '../../src/geo/node/index.js';
import { boxOutline, catalogRow, idsOf } from '../support/catalog.js';
import { temporaryFolder } from '../support/files.js';
import { gridAt, writeRow } from '../support/raster-rows.js';

const folder = await temporaryFolder();
const utm = Crs.fromEpsg(32631);

const sliceOf = (bounds: Bounds, resolution: number, crs = utm): GeoSlice => ({
  bounds,
  crs,
  resolution,
  interval: TimeInterval.always,
});

describe('geocatalog tests/test_alignment.py', () => {
  it('TestDivideEvenly test_exact_returns_quotient, TestAlignedShape test_matches_round_shape_when_aligned', () => {
    const box = geoBoxOfSlice(sliceOf([300_000, 5_000_000, 301_000, 5_000_500], 10));
    expect([box.width, box.height]).toEqual([100, 50]);
    expect(box.bounds).toEqual([300_000, 5_000_000, 301_000, 5_000_500]);
  });

  it('TestAlignModes test_snap_x_extends_xmax, test_snap_y_extends_ymin_downward, test_snap_preserves_affine_origin', () => {
    const box = geoBoxOfSlice(sliceOf([300_000, 5_000_004, 300_996, 5_000_500], 10));
    // The corner (xmin, ymax) stays, since it is a multiple of the resolution; pixels are whole to the right and below.
    expect([box.transform.c, box.transform.f]).toEqual([300_000, 5_000_500]);
    expect(box.bounds).toEqual([300_000, 5_000_000, 301_000, 5_000_500]);
    expect(box.resolution).toEqual([10, 10]);
  });

  it('TestAlignModes: without an origin, bounds snap outward to whole multiples of the resolution', () => {
    const box = geoBoxOfSlice(sliceOf([300_003, 5_000_004, 300_996, 5_000_497], 10));
    expect(box.bounds).toEqual([300_000, 5_000_000, 301_000, 5_000_500]);
  });

  it('TestAlignModes test_snap_preserves_affine_origin: the origin of another grid is kept', () => {
    const like = gridAt(300_003, 5_000_497, 4, 4);
    const area = SampleArea.of({ geometry: [300_003, 5_000_404, 300_097, 5_000_497], crs: utm }, { like });
    expect([area.geobox.transform.c, area.geobox.transform.f]).toEqual([300_003, 5_000_497]);
    for (const { geobox } of gridSampler(area, { size: 3, policy: 'pad' })) {
      expect((geobox.transform.c - 300_003) % 30).toBe(0);
      expect((5_000_497 - geobox.transform.f) % 30).toBe(0);
    }
  });

  it('TestDivideEvenly test_within_default_tol_passes, test_custom_tol_tightens: the tolerance is in pixels, not in units of the CRS', () => {
    // 10⁻³ degrees, geocatalog's tolerance, are 111 m: here they are a pixel.
    const wgs84 = Crs.wgs84;
    const exact = geoBoxOfSlice(sliceOf([6, 49, 6.01, 49.01], 0.001, wgs84));
    expect([exact.width, exact.height]).toEqual([10, 10]);
    const rounded = geoBoxOfSlice(sliceOf([6 - 1e-12, 49, 6.01 + 1e-12, 49.01], 0.001, wgs84));
    expect([rounded.width, rounded.height]).toEqual([10, 10]);
    const more = geoBoxOfSlice(sliceOf([6, 49, 6.01 + 1e-5, 49.01], 0.001, wgs84));
    expect([more.width, more.height]).toEqual([11, 10]);
  });

  it("TestIsGridAligned: values are the file's on its pixels, and interpolated off them", async () => {
    const row = await writeRow(folder, 'lattice', {
      data: {
        geobox: gridAt(300_000, 5_000_500, 8, 8),
        bands: [Float32Array.from({ length: 64 }, (_, k) => k)],
      },
    });
    const load = async (grid: GeoBox): Promise<number[]> => [...(await loadRaster([row], grid)).data];
    // On the file's pixels values are the file's; half a pixel off they are interpolated.
    expect(await load(gridAt(300_020, 5_000_480, 2, 2))).toEqual([18, 19, 26, 27]);
    expect(await load(gridAt(300_025, 5_000_480, 2, 2))).toEqual([18.5, 19.5, 26.5, 27.5]);
    expect(await load(gridAt(300_020, 5_000_475, 2, 2))).toEqual([22, 23, 30, 31]);
    expect(await load(gridAt(300_020, 5_000_480, 1, 1, 20))).toEqual([22.5]);
  });
});

describe('geocatalog tests/test_geoslice.py', () => {
  const bounds: Bounds = [300_000, 5_000_000, 301_000, 5_000_500];
  const catalog = GeoCatalog.from([
    catalogRow('fiji', [boxOutline([179, -18, 180, -17]), boxOutline([-180, -18, -179, -17])]),
  ]);

  it('TestGeoSliceInvariants test_bounds_must_be_ordered, test_resolution_must_be_positive', () => {
    const [x0, y0, x1, y1] = bounds;
    expect(() => geoBoxOfSlice(sliceOf([x1, y0, x0, y1], 10))).toThrow(/301000, 5000000, 300000, 5000500/);
    expect(() => geoBoxOfSlice(sliceOf([x0, y0, Number.NaN, y1], 10))).toThrow(/NaN/);
    for (const resolution of [0, -10, Number.NaN, Infinity])
      expect(() => geoBoxOfSlice(sliceOf(bounds, resolution))).toThrow(
        `a resolution of ${resolution} is impossible; give a positive pixel size in CRS units`,
      );
  });

  it('TestGeoSliceInvariants test_interval_must_be_closed_both: intervals and instants are closed at both ends', () => {
    const instant = TimeInterval.parse('2021-07-15T05:50:12Z');
    expect([instant.start === instant.end, instant.contains(instant.end)]).toEqual([true, true]);
    expect(() => new TimeInterval(5, 4)).toThrow('start before its end');
  });

  it('TestGeoSliceDerived test_shape, test_transform_north_up', () => {
    const box = geoBoxOfSlice(sliceOf(bounds, 100));
    expect([box.height, box.width]).toEqual([5, 10]);
    expect(box.transform.toTuple()).toEqual([100, 0, 300_000, 0, -100, 5_000_500]);
  });

  it('TestToCrsDegenerateGuards test_out_of_domain_reprojection_raises', () => {
    const far = sliceOf([1e8, 5e6, 2e8, 6e6], 10);
    expect(() => catalog.query(far)).toThrow(/leaves the domain of EPSG:32631/);
    // A pole is in the domain of its own polar projection, and at infinity in the other one.
    const [x0, y0, x1, y1] = GeoBox.fromBounds([-180, 88, 180, 90], 3413, 1000).bounds;
    expect([x0, y0, x1, y1]).toEqual([-217_000, -217_000, 217_000, 217_000]);
    expect(() => GeoBox.fromBounds([-180, 88, 180, 90], 3031, 1000)).toThrow(/pixels is impossible/);
    expect(() => GeoBox.fromBounds([1e8, 5e6, 2e8, 6e6], 4326, 1, { boundsCrs: 32631 })).toThrow(
      /lie outside the domain of/,
    );
  });

  it('TestToCrsDegenerateGuards test_antimeridian_crossing_bounds_rejected_at_construction: bounds across the antimeridian are accepted', () => {
    const slice = sliceOf([179.5, -17.5, -179.5, -17.2], 0.01, Crs.wgs84);
    expect(idsOf(catalog.query(slice))).toEqual(['fiji']);
    // Not around the rest of the globe.
    expect(catalog.query(sliceOf([-179, -17.5, 179, -17.2], 0.01, Crs.wgs84))).toHaveLength(0);
    expect(() => catalog.query(sliceOf([301_000, 5_000_000, 300_000, 5_000_500], 10))).toThrow(
      'do not enclose an area; give them as minimum x, minimum y, maximum x, maximum y',
    );
  });

  it('TestToCrsDegenerateGuards test_happy_path_reprojection_unchanged', () => {
    const box = GeoBox.fromBounds([6, 49, 6.01, 49.01], 32632, 10);
    // The bounding box of 731 × 1112 m rotated by 2.3° is 775 × 1141 m.
    expect([box.width, box.height]).toEqual([79, 115]);
  });
});

describe('geocatalog tests/test_streaming.py', () => {
  /** Open files of this test; other test files share the process. */
  const openFiles = async (): Promise<number> => {
    const targets = (await readdir('/proc/self/fd')).map((fd) =>
      readlink(`/proc/self/fd/${fd}`).catch(() => ''),
    );
    return (await Promise.all(targets)).filter((target) => target.startsWith(folder)).length;
  };

  it('TestCRSDefaults test_mixed_utm_zones_canonicalize_to_4326, test_target_crs_none_defaults_to_4326', async () => {
    const mixed = join(folder, 'mixed');
    await mkdir(mixed);
    for (const epsg of [32631, 32632, 32760]) {
      const geobox = gridAt(300_000, 5_600_000, 10, 10, 1000, epsg);
      await writeRow(mixed, String(epsg), { data: { geobox, bands: [new Uint8Array(100)] } });
    }
    const { catalog } = await buildRasterCatalog(mixed);
    const path = join(folder, 'mixed.parquet');
    await writeCatalog(catalog, path);
    const file = await openCatalog(path);
    for (const rows of [catalog, await file.load()]) {
      for (const row of rows) {
        const geobox = row.assets.data.geobox;
        for (const [x, y] of row.footprint.flat(2))
          expect(Math.abs(x) <= 180 && Math.abs(y) <= 90).toBe(true);
        // The file's own grid keeps its CRS.
        expect(geobox?.crs.epsg).toBe(Number(row.id.slice(0, 5)));
        expect(idsOf(await file.query({ geometry: geobox?.bounds, crs: geobox?.crs }))).toEqual([row.id]);
      }
    }
    await file.dispose();
  });

  it.skipIf(process.platform !== 'linux')(
    'TestPartitionedArchives test_max_open_writers_no_fd_leak: builders, loaders and catalog files close their files',
    async () => {
      const many = join(folder, 'many');
      await mkdir(many);
      const grid = gridAt(500_000, 5_000_000, 4, 4);
      const row = await writeRow(folder, 'leak', {
        data: { geobox: grid, bands: [new Uint8Array(16).fill(1)] },
      });
      for (let k = 0; k < 150; k++) await symlink(row.href, join(many, `f${k}.tif`));
      await writeFile(join(many, 'broken.tif'), 'II*\0broken');
      const before = await openFiles();
      const { catalog, unreadable } = await buildRasterCatalog(many);
      expect([catalog.length, unreadable.length]).toEqual([150, 1]);
      for (const method of ['first', 'mean', 'median'] as const) await loadRaster(catalog, grid, { method });
      const broken = [
        ...catalog,
        { ...row, id: 'gone', href: 'gone.tif', assets: { data: { href: 'gone.tif' } } },
      ];
      await expect(loadRaster(broken, grid, { method: 'count', bands: [1] })).rejects.toThrow(/gone/);
      const path = join(folder, 'leak.parquet');
      for (let k = 0; k < 10; k++) {
        await writeCatalog(catalog, path);
        const file = await openCatalog(path);
        await file.query({ geometry: [0, 0, 10, 10] });
        await file.dispose();
        await file.dispose();
      }
      expect(await openFiles()).toBe(before);
    },
  );

  it('TestPartitionedArchives test_partition_value_rejects_nat_start_time', () => {
    for (const [start, end] of [
      [Number.NaN, 0],
      [0, Number.NaN],
      [0.5, 1],
      [Infinity, Infinity],
      [1, 0],
      [0, 2 ** 60],
    ]) {
      expect(() => new TimeInterval(start, end)).toThrow(
        `the time interval [${start}, ${end}] is not one of integer milliseconds, within 100 million days of 1970, with its start before its end`,
      );
    }
  });

  it('TestPartitionedArchives test_partition_value_rejects_missing_start_time: a row without a date matches any time', async () => {
    const path = join(folder, 'static.parquet');
    // All dated rows are later, or earlier, than the query.
    const rows = [
      catalogRow('dem', [0, 0, 1, 1]),
      catalogRow('since', [0, 0, 1, 1], '2030-01-01/..'),
      catalogRow('until', [0, 0, 1, 1], '../2010-01-01'),
      catalogRow('day', [0, 0, 1, 1], '2020-01-01'),
    ];
    await writeCatalog(GeoCatalog.from(rows), path);
    for (const index of ['use', 'ignore'] as const) {
      const file = await openCatalog(path, { index });
      const dem = [...(await file.load())].find(({ id }) => id === 'dem');
      expect(dem?.interval).toEqual(TimeInterval.always);
      const ask = async (interval: string): Promise<string[]> => idsOf(await file.query({ interval })).sort();
      expect(await ask('1066-10-14')).toEqual(['dem', 'until']);
      expect(await ask('2015-01-01')).toEqual(['dem']);
      expect(await ask('2099-01-01')).toEqual(['dem', 'since']);
      await file.dispose();
    }
  });

  it('TestWorkers test_n_workers_equivalent_to_serial, TestIterRowsParallel test_ordered_preserves_input_order_with_workers', async () => {
    const mixed = join(folder, 'mixed');
    const build = async (concurrency: number): Promise<string> =>
      JSON.stringify((await buildRasterCatalog(mixed, { concurrency })).catalog.toGeoJSON());
    expect(await build(8)).toBe(await build(1));
  });

  it('TestValidation test_empty_filepaths_raises', async () => {
    await expect(buildRasterCatalog([])).rejects.toThrow('the list of files is empty; name at least one');
  });
});

describe('geocatalog tests/test_inmemory.py', () => {
  const row = (id: string, bounds: Bounds, day = '2021-07-01'): CatalogRow => catalogRow(id, bounds, day);
  const left = GeoCatalog.from([row('a', [0, 0, 1, 1]), row('b', [2, 0, 3, 1], '2021-07-05')]);

  it('TestConstruction test_rejects_unset_crs: coordinates that are not degrees are refused', () => {
    expect(() => GeoCatalog.from([row('utm', [300_000, 5_000_000, 301_000, 5_001_000])])).toThrow(
      /the row "utm" has the position 300000/,
    );
  });

  it('TestProperties test_total_bounds, test_temporal_extent, test_len', () => {
    expect(left.bounds).toEqual([0, 0, 3, 1]);
    expect(String(left.temporalExtent)).toBe('2021-07-01T00:00:00.000Z/2021-07-05T23:59:59.999Z');
    expect(left).toHaveLength(2);
  });

  it('TestQuery test_query_in_wrong_crs_reprojects_internally, test_query_rejects_both_slice_and_parts', () => {
    const metres: Bounds = [10_000, 10_000, 100_000, 100_000];
    expect(idsOf(left.query({ geometry: metres, crs: 3857 }))).toEqual(['a']);
    const both = { ...sliceOf([0, 0, 1, 1], 1, Crs.wgs84), geometry: [0, 0, 1, 1] as Bounds };
    expect(() => left.query(both)).toThrow('the query has both a geometry and bounds; give one of them');
  });

  it('TestSetAlgebra test_intersect_drops_boundary_only_matches', () => {
    const beside = GeoCatalog.from([row('edge', [1, 0, 2, 1]), row('corner', [1, 1, 2, 2])]);
    expect(left.intersect(beside, { spatialOnly: true })).toHaveLength(0);
    expect(left.explainIntersection(beside).pairsInSpace).toBe(0);
  });

  it('TestSetAlgebra test_intersect_drops_temporal_mismatch, test_intersect_spatial_only: a spatial intersection keeps the time of the left side', () => {
    const other = GeoCatalog.from([row('o', [0.5, 0, 9, 1], '2021-07-02')]);
    expect(left.intersect(other)).toHaveLength(0);
    const days = GeoCatalog.from([row('days', [0.5, 0, 9, 1], '2021-07-01T12:00Z/2021-07-05T12:00Z')]);
    expect(Array.from(left.intersect(days), ({ interval }) => String(interval))).toEqual([
      '2021-07-01T12:00:00.000Z/2021-07-01T23:59:59.999Z',
      '2021-07-05T00:00:00.000Z/2021-07-05T12:00:00.000Z',
    ]);
    const all = left.intersect(days, { spatialOnly: true });
    expect(Array.from(all, ({ interval }) => interval)).toEqual(Array.from(left, ({ interval }) => interval));
    const overlaps = left.intersect(other, { spatialOnly: true });
    expect(Array.from(overlaps, ({ interval }) => interval)).toEqual(
      Array.from(left, ({ interval }) => interval),
    );
  });

  it('TestSetAlgebra test_union_reprojects: rows of files in other CRSs', async () => {
    const east = await writeRow(folder, 'east', {
      data: { geobox: gridAt(300_000, 5_600_000, 4, 4, 1000, 32632), bands: [new Uint8Array(16).fill(1)] },
    });
    const west = await writeRow(folder, 'west', {
      data: { geobox: gridAt(720_000, 5_600_000, 4, 4, 1000, 32631), bands: [new Uint8Array(16).fill(2)] },
    });
    const union = GeoCatalog.from([east]).union(GeoCatalog.from([west]));
    for (const { bounds, crs } of [gridAt(300_000, 5_600_000, 4, 4, 1000, 32632)])
      expect(idsOf(union.query({ geometry: bounds, crs }))).toContain('east');
    expect(union.bounds?.[0]).toBeGreaterThan(5);
    expect(union.bounds?.[2]).toBeLessThan(7);
  });

  it('TestWhere test_filter_by_column', () => {
    expect(idsOf(left.where("start >= '2021-07-03'"))).toEqual(['b']);
  });
});
