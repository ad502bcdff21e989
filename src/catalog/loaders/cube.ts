/** Loads windows in space and time from cubes: Zarr, netCDF and HDF5. */
import { invalidOption } from '../../errors.js';
import {
  type Bounds,
  type CrsLike,
  GeoBox,
  GeoTensor,
  geoBoxOfSlice,
  TimeInterval,
} from '../../geo/index.js';
import { type Backend, CpuBackend } from '../../gpu/index.js';
import type { Resampling } from '../../kernels/index.js';
import { type ArrayRaster, physicalValues, readPixels, readWhole, WarpedRaster } from '../../raster/index.js';
import { levelBox, requireReal, resolveRequest } from '../../raster/request.js';
import { requireFloat32 } from '../../raster/warp-source.js';
import { type CubeAxes, type CubeOptions, requireBytes, scaleOf, withCube } from './cube-axes.js';
import type { LoadTarget } from './plan.js';

/** The window, variable and grid of `loadZarr`. */
export interface LoadZarrOptions extends CubeOptions {
  /** The grid to reproject onto. Default: the cube's own pixels. */
  target?: LoadTarget;
  /** Without `target`: loads the pixels that touch these bounds (default: all). */
  bounds?: Bounds;
  /** The CRS of `bounds` (default: the cube's). */
  boundsCrs?: CrsLike;
  /** Resampling onto `target` (default `bilinear`). */
  resampling?: Resampling;
  /** Default: a `CpuBackend` on the calling thread, disposed after the call. */
  backend?: Backend;
}

/** Bytes of stored values per read. */
const READ_BYTES = 256 * 2 ** 20;

/**
 * Loads a window in space and time of an array in a Zarr store, a netCDF or an HDF5 file. Times are decoded by the CF
 * conventions. Axes other than time, y and x become bands.
 * @param path as in `openRaster`: `cube.zarr`, `cube.nc#temperature`, `https://…/cube.zarr`
 * @returns (band, time, y, x), float32 with NaN for no data; `times` are the steps. Without `target`, the grid is the
 * cube's own, also if its rows run from south to north
 * @throws {TerrachipError} INVALID_INPUT for an array without a time axis or georeferencing, or without a step in the
 * interval; UNSUPPORTED for integers that float32 cannot hold, unless they are interpolated; TOO_LARGE above
 * `maxBytes`; errors of `openRaster`
 */
export async function loadZarr(path: string, options: LoadZarrOptions = {}): Promise<GeoTensor<'float32'>> {
  const { target } = options;
  const grid = target === undefined ? null : target instanceof GeoBox ? target : geoBoxOfSlice(target);
  if (grid !== null && options.bounds !== undefined) {
    throw invalidOption('bounds', 'are given with a target, which has its own', 'give one of them');
  }
  const ofSlice = target === undefined || target instanceof GeoBox ? undefined : target.interval;
  return withCube(
    path,
    { ...options, interval: options.interval ?? ofSlice ?? TimeInterval.always },
    (raster, axes) =>
      grid === null ? readNative(raster, axes, options) : warpCube(raster, axes, grid, options),
  );
}

async function readNative(
  raster: ArrayRaster,
  axes: CubeAxes,
  options: LoadZarrOptions,
): Promise<GeoTensor<'float32'>> {
  const { bounds, boundsCrs, signal, unscale } = options;
  requireReal(raster);
  const { level, window } = resolveRequest(raster, { overview: 'none', bounds, boundsCrs });
  const geobox = levelBox(raster, level).window(window.x, window.y, window.width, window.height);
  const size = geobox.pixelCount;
  requireBytes(raster.name, axes.indexes.length * size, options.maxBytes);
  const data = new Float32Array(axes.indexes.length * size);
  const perRead = Math.max(1, Math.floor(READ_BYTES / (8 * size)));
  for (let from = 0; from < axes.indexes.length; from += perRead) {
    signal?.throwIfAborted();
    const bands = axes.indexes.slice(from, from + perRead);
    const pixels = await readPixels(raster, { level, window, bands, signal });
    for (const [k, index] of bands.entries()) {
      const by = scaleOf(raster.bands[index - 1], unscale);
      const values = physicalValues(pixels, k, by);
      if (by.scale === 1) requireFloat32(raster.name, values);
      data.set(values, (from + k) * size);
    }
  }
  return cubeTensor(data, axes, geobox);
}

async function warpCube(
  raster: ArrayRaster,
  axes: CubeAxes,
  grid: GeoBox,
  options: LoadZarrOptions,
): Promise<GeoTensor<'float32'>> {
  const { signal, onProgress, unscale = true, resampling = 'bilinear' } = options;
  const count = axes.indexes.length;
  requireBytes(raster.name, count * grid.pixelCount, options.maxBytes);
  const backend = options.backend ?? new CpuBackend();
  const data = new Float32Array(count * grid.pixelCount);
  try {
    const warped = new WarpedRaster(backend, raster, {
      geobox: grid,
      resampling,
      bands: axes.indexes,
      unscale,
    });
    const targets = axes.indexes.map((_, k) => data.subarray(k * grid.pixelCount, (k + 1) * grid.pixelCount));
    await readWhole(backend, warped, targets, {
      signal,
      onRows: (done) =>
        onProgress?.({ type: 'progress', stage: 'load', done, total: grid.height, unit: 'rows' }),
    });
  } finally {
    if (options.backend === undefined) backend.dispose();
  }
  return cubeTensor(data, axes, grid);
}

function cubeTensor(
  data: Float32Array,
  { times, bandNames }: CubeAxes,
  geobox: GeoBox,
): GeoTensor<'float32'> {
  return new GeoTensor<'float32'>({
    data,
    shape: [bandNames.length, times.length, geobox.height, geobox.width],
    dimensions: ['band', 'time', 'y', 'x'],
    geobox,
    nodata: Number.NaN,
    times,
    bandNames,
  });
}
