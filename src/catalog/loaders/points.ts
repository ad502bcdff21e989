/** Values of a tensor at points, and time series of cubes at points. */
import { invalidInput, invalidOption } from '../../errors.js';
import { equalsNodata } from '../../geo/dtype.js';
import {
  Affine,
  Crs,
  type CrsLike,
  createPixelMapping,
  GeoBox,
  type GeoTensor,
  TimeInterval,
} from '../../geo/index.js';
import { readPixels } from '../../raster/index.js';
import { noReference } from '../../raster/request.js';
import { allocate, type CubeOptions, valuesOf, withCube } from './cube.js';

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
  const wrong = points.findIndex((point) => !point.every(Number.isFinite));
  if (wrong >= 0) {
    const subject = `the point ${wrong} [${points[wrong].join(', ')}]`;
    throw invalidInput(subject, 'is not a position', 'give two finite numbers, x or longitude first');
  }
  const { geobox, data } = tensor;
  const { width, height } = geobox;
  const size = width * height;
  const planes = data.length / size;
  const values = new Float64Array(points.length * planes).fill(Number.NaN);
  const valueAt = (plane: number, x: number, y: number): number => {
    const value = data[plane * size + y * width + x];
    return equalsNodata(value, tensor.nodata) ? Number.NaN : value;
  };
  for (const { k, x, y } of positionsOn(geobox, points, crs)) {
    const [column, row] = [Math.floor(x), Math.floor(y)];
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

/** The points inside a grid, in its pixels. */
function* positionsOn(
  grid: GeoBox,
  points: readonly (readonly [number, number])[],
  crs: CrsLike = Crs.wgs84,
): Generator<{ k: number; x: number; y: number }> {
  // A grid with pixels of one unit in the points' CRS: pixel mappings wrap longitudes by 360 degrees.
  const { map } = createPixelMapping(new GeoBox(Crs.parse(crs), Affine.identity, 1, 1), grid);
  const position = new Float64Array(2);
  for (const [k, point] of points.entries()) {
    map(...point, position);
    const [x, y] = position;
    // NaN, outside the projection's domain, fails these too.
    if (x >= 0 && y >= 0 && x < grid.width && y < grid.height) yield { k, x, y };
  }
}

/** The variable, times and CRS of `loadPointSeries`. */
export interface PointSeriesOptions extends CubeOptions, Pick<SamplePointsOptions, 'crs'> {}

/** Values of a cube at points, over time. */
export interface PointSeries {
  readonly times: readonly TimeInterval[];
  /** Coordinates along axes other than time; one empty name without such axes. */
  readonly bandNames: readonly string[];
  /** (point, band, time), C order; NaN for no data and for points outside. */
  readonly values: Float32Array;
  readonly shape: readonly [points: number, bands: number, times: number];
}

/**
 * Loads time series of the pixels that contain points. Reads only their chunks.
 * @param points x or longitude first
 * @throws {TerrachipError} as `loadZarr`
 */
export async function loadPointSeries(
  path: string,
  points: readonly (readonly [number, number])[],
  options: PointSeriesOptions = {},
): Promise<PointSeries> {
  const { crs, interval = TimeInterval.always, signal, unscale } = options;
  return withCube(path, { ...options, interval }, async (raster, { times, bandNames, indexes: bands }) => {
    const values = allocate(raster, points.length * bands.length, options).fill(Number.NaN);
    if (raster.geobox === null) throw noReference(raster);
    for (const { k, x, y } of positionsOn(raster.geobox, points, crs)) {
      signal?.throwIfAborted();
      const window = { x: Math.floor(x), y: Math.floor(y), width: 1, height: 1 };
      const pixels = await readPixels(raster, { window, bands, signal });
      for (const [i, band] of bands.entries())
        values[k * bands.length + i] = valuesOf(raster, pixels, i, band, unscale)[0];
    }
    return { times, bandNames, values, shape: [points.length, bandNames.length, times.length] };
  });
}
