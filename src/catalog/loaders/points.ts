/** Values of a tensor at points. */
import { invalidInput, invalidOption } from '../../errors.js';
import { equalsNodata } from '../../geo/dtype.js';
import { Affine, Crs, type CrsLike, createPixelMapping, GeoBox, type GeoTensor } from '../../geo/index.js';

/** The CRS and resampling of `samplePoints`. */
export interface SamplePointsOptions {
  /** The CRS of the points (default: longitude and latitude on WGS 84). */
  crs?: CrsLike;
  /** `nearest` (default): the pixel that contains a point. `bilinear`: interpolates between four pixel centres. */
  resampling?: 'nearest' | 'bilinear';
}

/** Values at points, with their shape. */
export interface PointValues {
  /** (point, …), C order; NaN for no data and for points outside. */
  readonly values: Float64Array;
  /** The number of points, then the tensor's dimensions before y and x: `[points, bands]`, `[points, bands, times]`. */
  readonly shape: readonly number[];
}

/**
 * Samples a loaded tensor at points. Pixel centres are at +0.5: a point on a centre gets that pixel's value with either
 * resampling. `bilinear` ignores pixels without data, and repeats the edge beyond the outermost centres. A point in a
 * pixel without data, or outside the grid, is NaN with either.
 * @param tensor (…, y, x)
 * @param points x or longitude first
 * @throws {TerrachipError} INVALID_INPUT for points that are not two finite numbers; INVALID_OPTION for another
 * resampling
 */
export function samplePoints(
  tensor: GeoTensor,
  points: readonly (readonly [number, number])[],
  { crs, resampling = 'nearest' }: SamplePointsOptions = {},
): PointValues {
  if (resampling !== 'nearest' && resampling !== 'bilinear')
    throw invalidOption('resampling', `cannot be "${String(resampling)}"`, 'give nearest or bilinear');
  const { geobox, data } = tensor;
  const { width, height } = geobox;
  // A grid with pixels of one unit in the points' CRS: pixel mappings wrap longitudes by 360 degrees.
  const from = crs === undefined ? Crs.wgs84 : Crs.parse(crs);
  const { map } = createPixelMapping(new GeoBox(from, Affine.identity, 1, 1), geobox);
  const position = new Float64Array(2);
  const size = width * height;
  const planes = data.length / size;
  const values = new Float64Array(points.length * planes).fill(Number.NaN);
  const valueAt = (plane: number, x: number, y: number): number => {
    const value = data[plane * size + y * width + x];
    return equalsNodata(value, tensor.nodata) ? Number.NaN : value;
  };
  for (const [k, point] of points.entries()) {
    if (!point.every(Number.isFinite)) {
      throw invalidInput(
        `the point ${k} [${point.join(', ')}]`,
        'is not a position',
        'give two finite numbers, x or longitude first',
      );
    }
    map(...point, position);
    const [x, y] = position;
    const [column, row] = [Math.floor(x), Math.floor(y)];
    // NaN, outside the projection's domain, fails these too.
    if (!(column >= 0 && row >= 0 && column < width && row < height)) continue;
    for (let plane = 0; plane < planes; plane++) {
      const own = valueAt(plane, column, row);
      values[k * planes + plane] =
        resampling === 'nearest' || Number.isNaN(own)
          ? own
          : interpolate((column, row) => valueAt(plane, column, row), x - 0.5, y - 0.5, width, height);
    }
  }
  return { values, shape: [points.length, ...tensor.shape.slice(0, -2)] };
}

/** Bilinear interpolation without pixels that have no data; pixel centres are at whole numbers. */
function interpolate(
  valueAt: (column: number, row: number) => number,
  x: number,
  y: number,
  width: number,
  height: number,
): number {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  let [sum, total] = [0, 0];
  for (const row of [top, top + 1]) {
    for (const column of [left, left + 1]) {
      const weight = (1 - Math.abs(x - column)) * (1 - Math.abs(y - row));
      const value = valueAt(Math.min(Math.max(column, 0), width - 1), Math.min(Math.max(row, 0), height - 1));
      if (weight === 0 || Number.isNaN(value)) continue;
      sum += weight * value;
      total += weight;
    }
  }
  return sum / total;
}
