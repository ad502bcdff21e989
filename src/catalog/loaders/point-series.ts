/** Series of cubes at points. */
import { Affine, Crs, type CrsLike, createPixelMapping, GeoBox, TimeInterval } from '../../geo/index.js';
import { physicalValues, readPixels } from '../../raster/index.js';
import { noReference } from '../../raster/request.js';
import { requireFloat32 } from '../../raster/warp-source.js';
import { type CubeOptions, requireBytes, scaleOf, withCube } from './cube-axes.js';

/** What `loadPointSeries` reads at a point, and when. */
export interface PointSeriesOptions extends CubeOptions {
  /** The CRS of the points (default: longitude and latitude on WGS 84). */
  crs?: CrsLike;
}

/** Values of a cube at points, over time. */
export interface PointSeries {
  readonly times: readonly TimeInterval[];
  /** What stands along the axes other than time; one empty name where there are none. */
  readonly bandNames: readonly string[];
  /** (point, band, time), C order; NaN for no data and for points outside. */
  readonly values: Float32Array;
  readonly shape: readonly [points: number, bands: number, times: number];
}

/**
 * The series of a cube at points: of each, the pixel that contains it, and only the chunks that hold it.
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
      // A grid whose pixels are units of the points' system: longitudes are found on any turn of the globe.
      const { map } = createPixelMapping(new GeoBox(crs, Affine.identity, 1, 1), raster.geobox);
      const infos = indexes.map((index) => raster.bands[index - 1]);
      const position = new Float64Array(2);
      for (const [k, [px, py]] of points.entries()) {
        options.signal?.throwIfAborted();
        map(px, py, position);
        const [column, row] = position.map(Math.floor);
        // NaN, outside of a projection, fails these too.
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
