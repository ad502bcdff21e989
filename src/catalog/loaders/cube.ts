/** Loads windows in space and time from cubes: Zarr, netCDF and HDF5. */
import { invalidInput, invalidOption } from '../../errors.js';
import { bandTensor } from '../../geo/geotensor.js';
import { type Bounds, type CrsLike, type GeoBox, type GeoTensor, TimeInterval } from '../../geo/index.js';
import { CpuBackend } from '../../gpu/index.js';
import { memberOf } from '../../json/keys.js';
import type { Resampling } from '../../kernels/index.js';
import type { OperationOptions } from '../../progress.js';
import {
  ArrayRaster,
  type Coordinate,
  createBlockCache,
  openRaster,
  type Pixels,
  physicalValues,
  type Raster,
  readPixels,
  readWhole,
  WarpedRaster,
} from '../../raster/index.js';
import { levelBox, requireReal, resolveRequest } from '../../raster/request.js';
import { requireFloat32 } from '../../raster/warp-source.js';
import { requireBytes, type SourceOptions } from './options.js';
import { type LoadTarget, targetGrid, targetTime } from './rows.js';

/** Which values of a cube are read, and how. */
export interface CubeOptions extends OperationOptions, Pick<SourceOptions, 'cache' | 'maxBytes'> {
  /** The array in a store (default: the part of the path after `#`, else the only array). */
  variable?: string;
  /** Loads time steps that overlap it (default: the interval of the slice, else all). */
  interval?: TimeInterval;
  /** Coordinates along axes other than time, `{ band: ['B02', 'B03'] }` (default: all). */
  select?: Readonly<Record<string, readonly (string | number)[]>>;
  /** Applies the scale and offset of the array (default true). */
  unscale?: boolean;
}

/** The window, variable and grid of `loadZarr`. */
export interface LoadZarrOptions extends CubeOptions, Pick<SourceOptions, 'backend'> {
  /** The grid to reproject onto. Default: the cube's own pixels. */
  target?: LoadTarget;
  /** Without `target`: loads the pixels that touch these bounds (default: all). */
  bounds?: Bounds;
  /** The CRS of `bounds` (default: the cube's). */
  boundsCrs?: CrsLike;
  /** Resampling onto `target` (default `bilinear`). */
  resampling?: Resampling;
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
  const grid = target === undefined ? null : targetGrid(target);
  if (grid !== null && options.bounds !== undefined) {
    throw invalidOption('bounds', 'are given with a target, which has its own', 'give one of them');
  }
  const interval = options.interval ?? (target === undefined ? TimeInterval.always : targetTime(target));
  return withCube(path, { ...options, interval }, (raster, axes) =>
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
  const data = allocate(raster, axes.indexes.length * size, options);
  const perRead = Math.max(1, Math.floor(READ_BYTES / (8 * size)));
  for (let from = 0; from < axes.indexes.length; from += perRead) {
    signal?.throwIfAborted();
    const bands = axes.indexes.slice(from, from + perRead);
    const pixels = await readPixels(raster, { level, window, bands, signal });
    for (const [k, index] of bands.entries())
      data.set(valuesOf(raster, pixels, k, index, unscale), (from + k) * size);
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
  const data = allocate(raster, axes.indexes.length * grid.pixelCount, options);
  const backend = options.backend ?? new CpuBackend();
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
  return bandTensor<'float32'>({ data, geobox, nodata: Number.NaN, times, bandNames });
}

/** The bands of a raster as (band, time). */
export interface CubeAxes {
  readonly times: readonly TimeInterval[];
  readonly bandNames: readonly string[];
  /** Band numbers of the file, (band, time) in C order. */
  readonly indexes: readonly number[];
}

/** Opens a store, runs a task and closes the store. */
export async function withCube<Result>(
  path: string,
  options: CubeOptions & { interval: TimeInterval },
  task: (raster: ArrayRaster, axes: CubeAxes) => Promise<Result>,
): Promise<Result> {
  const { variable, signal, cache = createBlockCache() } = options;
  const raster = await openRaster(path, { cache, variable, signal });
  try {
    if (!(raster instanceof ArrayRaster)) {
      throw invalidInput(raster.name, 'is an image, not a store of arrays', 'use loadRaster');
    }
    return await task(raster, cubeAxes(raster, options));
  } finally {
    await raster.dispose();
  }
}

/** Groups the bands of a raster by time and by all other coordinates. */
function cubeAxes(
  raster: ArrayRaster,
  { interval, select = {} }: CubeOptions & { interval: TimeInterval },
): CubeAxes {
  const steps = new Map<string, TimeInterval>();
  const indexesOf = new Map<string, Map<string, number>>();
  const names = new Map<string, Set<string>>();
  const occurrences = new Map<string, number>();
  let timed = false;
  for (const { index } of raster.bands) {
    const coordinates = Object.entries(raster.bandCoordinates(index));
    const time = coordinates.find(
      (entry): entry is [string, TimeInterval] => entry[1] instanceof TimeInterval,
    );
    const others = coordinates.filter(([name]) => name !== time?.[0]);
    for (const [name, value] of others) names.set(name, (names.get(name) ?? new Set()).add(String(value)));
    if (time === undefined) continue;
    timed = true;
    if (!time[1].intersects(interval) || !isSelected(others, select)) continue;
    const band =
      others.length === 1
        ? String(others[0][1])
        : others.map(([name, value]) => `${name}=${value}`).join(', ');
    const indexAt = indexesOf.get(band) ?? new Map<string, number>();
    // A repeated time is a step of its own.
    const bandAndTime = JSON.stringify([band, String(time[1])]);
    const before = occurrences.get(bandAndTime) ?? 0;
    occurrences.set(bandAndTime, before + 1);
    const key = `${time[1]} ${before}`;
    steps.set(key, time[1]);
    indexesOf.set(band, indexAt.set(key, index));
  }
  if (!timed) throw invalidInput(raster.name, 'has no time axis', 'use loadRaster, or openRaster');
  for (const [name, wanted] of Object.entries(select)) {
    const existing = names.get(name);
    const unknown = wanted.find((value) => existing?.has(String(value)) !== true);
    if (unknown === undefined) continue;
    const shown = [...(existing ?? names.keys())].slice(0, 20).join(', ');
    throw invalidOption(
      'select',
      `names ${name} = ${unknown}, which ${raster.name} does not have`,
      `choose some of ${shown}`,
    );
  }
  if (steps.size === 0)
    throw invalidInput(raster.name, `has no step in ${interval}`, 'choose another interval');
  const times = [...steps].sort(([, a], [, b]) => a.start - b.start || a.end - b.end);
  const bandNames = [...indexesOf.keys()];
  const indexes = bandNames.flatMap((band) => times.map(([key]) => indexesOf.get(band)?.get(key) ?? 0));
  if (indexes.includes(0))
    throw invalidInput(raster.name, 'lacks combinations of bands and times', 'correct the store');
  return { times: times.map(([, time]) => time), bandNames, indexes };
}

function isSelected(
  coordinates: readonly [string, Coordinate][],
  select: Readonly<Record<string, readonly (string | number)[]>>,
): boolean {
  return coordinates.every(([name, value]) => {
    const wanted = memberOf(select, name);
    return wanted === undefined || wanted.some((choice) => String(choice) === String(value));
  });
}

/** Values of a band that was read, which float32 must hold unless they are scaled. */
export function valuesOf(
  raster: Raster,
  pixels: Pixels,
  k: number,
  index: number,
  unscale = true,
): Float64Array {
  const by = unscale ? raster.bands[index - 1] : { scale: 1, offset: 0 };
  const values = physicalValues(pixels, k, by);
  if (by.scale === 1) requireFloat32(raster.name, values);
  return values;
}

/** @throws {TerrachipError} TOO_LARGE above the limit in bytes */
export function allocate({ name }: Raster, values: number, { maxBytes }: CubeOptions): Float32Array {
  requireBytes(name, 4 * values, maxBytes, 'choose a smaller window or fewer steps');
  return new Float32Array(values);
}
