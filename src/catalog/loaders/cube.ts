/** Windows in space and time of cubes: Zarr, netCDF and HDF5. */
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

/** What `loadZarr` takes of a cube: where, when, which variables. */
export interface LoadZarrOptions extends CubeOptions {
  /** A grid to warp onto. Default: the cube's own pixels. */
  target?: LoadTarget;
  /** Of the cube's own pixels, those that these bounds touch (default: all). */
  bounds?: Bounds;
  /** The CRS of `bounds` (default: the cube's). */
  boundsCrs?: CrsLike;
  /** Onto `target` (default `bilinear`). */
  resampling?: Resampling;
  /** Default: a `CpuBackend` on the calling thread, for the time of the call. */
  backend?: Backend;
}

/** Bytes of stored values that are read at a time. */
const READ_BYTES = 256 * 2 ** 20;

/**
 * A window in space and time of an array of a Zarr store, a netCDF or an HDF5 file. Times are decoded by the CF
 * conventions; axes that are neither time, y nor x become bands.
 * @param path as `openRaster` takes it: `cube.zarr`, `cube.nc#temperature`, `https://…/cube.zarr`
 * @returns (band, time, y, x), float32 with NaN for no data; its `times` are the steps. Without `target` on the cube's own
 * pixels: where those are stored from south to north, so is the result, as its grid says
 * @throws {TerrachipError} INVALID_INPUT for an array without a time axis or a place, or where nothing meets the interval;
 * UNSUPPORTED for whole numbers that float32 cannot hold, unless they are interpolated;
 * TOO_LARGE above `maxBytes`; and as `openRaster`
 */
export async function loadZarr(path: string, options: LoadZarrOptions = {}): Promise<GeoTensor<'float32'>> {
  const { target } = options;
  const grid = target === undefined ? null : target instanceof GeoBox ? target : geoBoxOfSlice(target);
  if (grid !== null && options.bounds !== undefined) {
    throw invalidOption('bounds', 'are given beside a target, which has its own', 'give one of them');
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
