/** Time series of cubes at points. */
import { Affine, Crs, type CrsLike, createPixelMapping, GeoBox, TimeInterval } from '../../geo/index.js';
import { physicalValues, readPixels } from '../../raster/index.js';
import { noReference } from '../../raster/request.js';
import { requireFloat32 } from '../../raster/warp-source.js';
import { type CubeOptions, requireBytes, scaleOf, withCube } from './cube-axes.js';

/** The variable, times and CRS of `loadPointSeries`. */
export interface PointSeriesOptions extends CubeOptions {
  /** The CRS of the points (default: longitude and latitude on WGS 84). */
  crs?: CrsLike;
}

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
  const crs = Crs.parse(options.crs ?? Crs.wgs84);
  return withCube(
    path,
    { ...options, interval: options.interval ?? TimeInterval.always },
    async (raster, axes) => {
      const { times, bandNames, indexes } = axes;
      requireBytes(raster.name, points.length * indexes.length, options.maxBytes);
      const values = new Float32Array(points.length * indexes.length).fill(Number.NaN);
      if (raster.geobox === null) throw noReference(raster);
      // A grid with pixels of one unit in the points' CRS: pixel mappings wrap longitudes by 360 degrees.
      const { map } = createPixelMapping(new GeoBox(crs, Affine.identity, 1, 1), raster.geobox);
      const infos = indexes.map((index) => raster.bands[index - 1]);
      const position = new Float64Array(2);
      for (const [k, [px, py]] of points.entries()) {
        options.signal?.throwIfAborted();
        map(px, py, position);
        const [column, row] = position.map(Math.floor);
        // NaN, outside the projection's domain, fails these too.
        if (!(column >= 0 && row >= 0 && column < raster.width && row < raster.height)) continue;
        const pixels = await readPixels(raster, {
          window: { x: column, y: row, width: 1, height: 1 },
          bands: indexes,
          signal: options.signal,
        });
        for (const [i, info] of infos.entries()) {
          const by = scaleOf(info, options.unscale);
          const physical = physicalValues(pixels, i, by);
          if (by.scale === 1) requireFloat32(raster.name, physical);
          [values[k * indexes.length + i]] = physical;
        }
      }
      return { times, bandNames, values, shape: [points.length, bandNames.length, times.length] };
    },
  );
}
