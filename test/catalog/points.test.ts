/** Cases of geopatcher's tests/test_point_sample.py by their names, and gaps and other CRSs. */
import { describe, expect, it } from 'vitest';
import { samplePoints } from '../../src/catalog/node/index.js';
import { Crs, createTransform, GeoTensor } from '../../src/geo/node/index.js';
import { gridAt } from '../support/raster-rows.js';

const NAN = Number.NaN;

/** 5 × 4 pixels of one unit with the values 10 · row + column; y decreases from 0. */
const geobox = gridAt(500_000, 5_000_000, 5, 4, 1);
const rowAndColumn = Float32Array.from({ length: 20 }, (_, k) => 10 * Math.floor(k / 5) + (k % 5));
const raster = new GeoTensor({ data: rowAndColumn, shape: [4, 5], dimensions: ['y', 'x'], geobox });
const at = (...points: readonly (readonly [number, number])[]): [number, number][] =>
  points.map(([x, y]) => [500_000 + x, 5_000_000 - y]);
const crs = 32631;

describe('geopatcher tests/test_point_sample.py TestNearest', () => {
  it('test_matches_hand_indexed_reference', () => {
    const { values, shape } = samplePoints(raster, at([0.5, 0.5], [2.5, 3.5], [4.9, 0.1]), { crs });
    expect([...values]).toEqual([0, 32, 4]);
    expect(shape).toEqual([3]);
  });

  it('test_outside_extent_is_nan', () => {
    const { values } = samplePoints(raster, at([-1, 0.5], [2.5, 2.5], [5.5, 0.5], [5, 0.5], [0, 0]), { crs });
    // A pixel includes its left and upper edges only.
    expect([...values]).toEqual([NAN, 22, NAN, NAN, 0]);
  });
});

describe('geopatcher tests/test_point_sample.py TestBilinear', () => {
  const bilinear = (x: number, y: number): number =>
    samplePoints(raster, at([x, y]), { crs, resampling: 'bilinear' }).values[0];

  it('test_interpolates_between_pixel_centres', () => {
    expect(bilinear(3, 3.5)).toBe(32.5);
    expect(bilinear(3, 3)).toBe(27.5);
  });

  it('test_exact_pixel_centre_matches_nearest', () => {
    expect(bilinear(2.5, 3.5)).toBe(32);
  });

  it('test_differs_from_nearest_off_centre', () => {
    // Between (1, 2), which is nearest, and its right and upper neighbours.
    expect(bilinear(2.75, 1.25)).toBe(12 + 0.25 - 0.25 * 10);
  });

  it('test_edge_points_clamp_instead_of_nan', () => {
    expect(bilinear(0.1, 0.1)).toBe(0);
    expect(bilinear(4.9, 3.9)).toBe(34);
  });
});

describe('geopatcher tests/test_point_sample.py', () => {
  it('test_multiband_leading_dims', () => {
    const data = Float32Array.of(...rowAndColumn, ...rowAndColumn.map((value) => 2 * value));
    const tensor = new GeoTensor({ data, shape: [2, 4, 5], dimensions: ['band', 'y', 'x'], geobox });
    const { values, shape } = samplePoints(tensor, at([2.5, 3.5], [0.5, 0.5], [3.5, 0.5]), { crs });
    expect(shape).toEqual([3, 2]);
    expect([...values]).toEqual([32, 64, 0, 0, 3, 6]);
  });

  it('test_invalid_interp_raises', () => {
    expect(() => samplePoints(raster, [], { resampling: 'cubic' as 'nearest' })).toThrow(
      'resampling cannot be "cubic"; give nearest or bilinear',
    );
    expect(() => samplePoints(raster, [[NAN, 3]])).toThrow(
      'the point 0 [NaN, 3] is not a position; give two finite',
    );
  });
});

describe('samplePoints', () => {
  it('takes longitude and latitude, and gives NaN for points outside the projection', () => {
    const { forward } = createTransform(Crs.parse(crs), Crs.wgs84);
    const points = at([2.5, 3.5], [0.5, 0.5]).map(([x, y]) => forward(x, y));
    expect([...samplePoints(raster, [...points, [185, 91]]).values]).toEqual([32, 0, NAN]);
  });

  it('keeps gaps as nodata, and leaves them out of interpolation', () => {
    const data = rowAndColumn.slice();
    data[0] = -1;
    data[13] = NAN;
    const tensor = new GeoTensor({ data, shape: [4, 5], dimensions: ['y', 'x'], geobox, nodata: -1 });
    const values = (x: number, y: number): number[] =>
      (['nearest', 'bilinear'] as const).map(
        (resampling) => samplePoints(tensor, at([x, y]), { crs, resampling }).values[0],
      );
    expect(values(0.9, 0.9)).toEqual([NAN, NAN]);
    expect(values(3.6, 2.6)).toEqual([NAN, NAN]);
    // Three of four: 1 at (0, 1), 10 and 11 in the row below, each a quarter as near.
    expect(values(1, 1)).toEqual([11, (1 + 10 + 11) / 3]);
    expect(values(3.25, 1.5)[1]).toBeCloseTo(0.25 * 12 + 0.75 * 13, 12);
  });
});

describe('points with longitudes shifted by 360°', () => {
  it('are found on a grid from 0 to 360, and across the antimeridian', () => {
    const data = Float32Array.from({ length: 360 }, (_, k) => k);
    const ring = (left: number) =>
      new GeoTensor({
        data,
        shape: [1, 360],
        dimensions: ['y', 'x'],
        geobox: gridAt(left, 1, 360, 1, 1, 4326),
      });
    const points = [
      [-5.5, 0.5],
      [354.5, 0.5],
      [179.5, 0.5],
      [-179.5, 0.5],
    ] as const;
    expect([...samplePoints(ring(0), points).values]).toEqual([354, 354, 179, 180]);
    expect([...samplePoints(ring(-180), points).values]).toEqual([174, 174, 359, 0]);
  });
});
