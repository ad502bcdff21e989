/** Windows in space and time of cubes: Zarr, netCDF and HDF5. */
import { invalidInput, invalidOption, TerrachipError } from '../../errors.js';
import {
  type Bounds,
  Crs,
  type CrsLike,
  createTransform,
  GeoBox,
  GeoTensor,
  geoBoxOfSlice,
  TimeInterval,
  unitRows,
} from '../../geo/index.js';
import { type Backend, CpuBackend } from '../../gpu/index.js';
import type { Resampling } from '../../kernels/index.js';
import type { OperationOptions } from '../../progress.js';
import {
  ArrayRaster,
  type BandInfo,
  type BlockCache,
  type Coordinate,
  createBlockCache,
  noReference,
  openRaster,
  WarpedRaster,
} from '../../raster/index.js';
import { DEFAULT_MAX_BYTES } from './options.js';
import type { LoadTarget } from './plan.js';

interface CubeOptions extends OperationOptions {
  /** The array of a store with several; default: what follows `#` in the path, else the only one there is. */
  variable?: string;
  /** Steps that meet it (default: those of the slice, else all). */
  interval?: TimeInterval;
  /** Along axes other than time: the coordinates that are wanted, `{ band: ['B02', 'B03'] }` (default: all). */
  select?: Readonly<Record<string, readonly (string | number)[]>>;
  /** Whether stored values become physical ones by the array's scale and offset (default true). */
  unscale?: boolean;
  cache?: BlockCache;
  /** Bytes that the result may have (default 4 GiB). */
  maxBytes?: number;
}

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

/** Which of a raster's bands are which step of which band. */
interface CubeAxes {
  readonly times: readonly TimeInterval[];
  readonly bandNames: readonly string[];
  /** Band numbers of the file, (band, time) in C order. */
  readonly indexes: readonly number[];
}

const CACHE_BYTES = 128 * 2 ** 20;
const STRIP_BYTES = 256 * 2 ** 20;
const MAX_ROWS = 512;

/**
 * A window in space and time of an array of a Zarr store, a netCDF or an HDF5 file. Times are decoded by the CF
 * conventions; axes that are neither time, y nor x become bands.
 * @param path as `openRaster` takes it: `cube.zarr`, `cube.nc#temperature`, `https://…/cube.zarr`
 * @returns (band, time, y, x), float32 with NaN for no data; its `times` are the steps. Without `target` on the cube's own
 * pixels: where those are stored from south to north, so is the result, as its grid says
 * @throws {TerrachipError} INVALID_INPUT for an array without a time axis or a place, or where nothing meets the interval;
 * TOO_LARGE above `maxBytes`; and as `openRaster`
 */
export async function loadZarr(path: string, options: LoadZarrOptions = {}): Promise<GeoTensor> {
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
      const toRaster = createTransform(crs, raster.geobox.crs);
      const toPixel = raster.geobox.transform.inverse();
      const infos = indexes.map((index) => raster.bands[index - 1]);
      for (const [k, [px, py]] of points.entries()) {
        options.signal?.throwIfAborted();
        const [column, row] = toPixel.apply(...toRaster.forward(px, py)).map(Math.floor);
        // NaN, outside of a projection, fails these too.
        if (!(column >= 0 && row >= 0 && column < raster.width && row < raster.height)) continue;
        const planes = await raster.readPlanes({
          window: { x: column, y: row, width: 1, height: 1 },
          bands: indexes,
          ...(options.signal === undefined ? {} : { signal: options.signal }),
        });
        for (const [i, plane] of planes.entries()) {
          values[k * indexes.length + i] = physical(plane[0], infos[i], options.unscale);
        }
      }
      return { times, bandNames, values, shape: [points.length, bandNames.length, times.length] };
    },
  );
}

async function withCube<Result>(
  path: string,
  options: CubeOptions & { interval: TimeInterval },
  task: (raster: ArrayRaster, axes: CubeAxes) => Promise<Result>,
): Promise<Result> {
  const { variable, signal, cache = createBlockCache(CACHE_BYTES) } = options;
  const raster = await openRaster(path, {
    cache,
    ...(variable === undefined ? {} : { variable }),
    ...(signal === undefined ? {} : { signal }),
  });
  try {
    if (!(raster instanceof ArrayRaster)) {
      throw invalidInput(raster.name, 'is an image, not a store of arrays', 'use loadRaster');
    }
    return await task(raster, cubeAxes(raster, options));
  } finally {
    await raster.close();
  }
}

/** The bands of a raster by time and by everything else. */
function cubeAxes(
  raster: ArrayRaster,
  { interval, select = {} }: CubeOptions & { interval: TimeInterval },
): CubeAxes {
  const steps = new Map<string, TimeInterval>();
  const found = new Map<string, Map<string, number>>();
  const names = new Map<string, Set<string>>();
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
    const key = String(time[1]);
    const band =
      others.length === 1
        ? String(others[0][1])
        : others.map(([name, value]) => `${name}=${value}`).join(', ');
    steps.set(key, time[1]);
    const row = found.get(band) ?? new Map<string, number>();
    if (!row.has(key)) row.set(key, index);
    found.set(band, row);
  }
  if (!timed) throw invalidInput(raster.name, 'has no time axis', 'use loadRaster, or openRaster');
  for (const [name, wanted] of Object.entries(select)) {
    const there = names.get(name);
    const unknown = wanted.find((value) => there?.has(String(value)) !== true);
    if (unknown === undefined) continue;
    const shown = [...(there ?? names.keys())].slice(0, 20).join(', ');
    throw invalidOption(
      'select',
      `names ${name} = ${unknown}, which ${raster.name} does not have`,
      `choose some of ${shown}`,
    );
  }
  if (steps.size === 0)
    throw invalidInput(raster.name, `has no step in ${interval}`, 'choose another interval');
  const times = [...steps].sort(([, a], [, b]) => a.start - b.start || a.end - b.end);
  const bandNames = [...found.keys()];
  const indexes = bandNames.flatMap((band) => times.map(([key]) => found.get(band)?.get(key) ?? 0));
  if (indexes.includes(0))
    throw invalidInput(raster.name, 'has no full grid of bands and times', 'correct the store');
  return { times: times.map(([, time]) => time), bandNames, indexes };
}

function isSelected(
  coordinates: readonly [string, Coordinate][],
  select: Readonly<Record<string, readonly (string | number)[]>>,
): boolean {
  return coordinates.every(([name, value]) => {
    const wanted = Object.hasOwn(select, name) ? select[name] : undefined;
    return wanted === undefined || wanted.some((choice) => String(choice) === String(value));
  });
}

async function readNative(raster: ArrayRaster, axes: CubeAxes, options: LoadZarrOptions): Promise<GeoTensor> {
  const { bounds, boundsCrs, signal, unscale } = options;
  // Of one band only, to learn which pixels are meant before the others are read.
  const request = {
    overview: 'none' as const,
    ...(bounds === undefined ? {} : { bounds }),
    ...(boundsCrs === undefined ? {} : { boundsCrs }),
    ...(signal === undefined ? {} : { signal }),
  };
  const { geobox } = await raster.read({ ...request, bands: axes.indexes.slice(0, 1) });
  const size = geobox.pixelCount;
  requireBytes(raster.name, axes.indexes.length * size, options.maxBytes);
  const data = new Float32Array(axes.indexes.length * size);
  const perRead = Math.max(1, Math.floor(STRIP_BYTES / (8 * size)));
  for (let from = 0; from < axes.indexes.length; from += perRead) {
    signal?.throwIfAborted();
    const bands = axes.indexes.slice(from, from + perRead);
    const part = await raster.read({ ...request, bands });
    for (const [k, index] of bands.entries()) {
      const info = raster.bands[index - 1];
      const at = (from + k) * size;
      for (let i = 0; i < size; i++) data[at + i] = physical(part.data[k * size + i], info, unscale);
    }
  }
  return cubeTensor(data, axes, geobox);
}

async function warpCube(
  raster: ArrayRaster,
  axes: CubeAxes,
  grid: GeoBox,
  options: LoadZarrOptions,
): Promise<GeoTensor> {
  const { signal, onProgress, unscale = true, resampling = 'bilinear' } = options;
  const count = axes.indexes.length;
  requireBytes(raster.name, count * grid.pixelCount, options.maxBytes);
  const backend = options.backend ?? new CpuBackend();
  const data = new Float32Array(count * grid.pixelCount);
  const height = Math.max(
    1,
    Math.min(MAX_ROWS, grid.height, Math.floor(STRIP_BYTES / (4 * grid.width * count))),
  );
  const planes = axes.indexes.map(() => backend.allocate([height, grid.width], 'float32'));
  try {
    const warped = new WarpedRaster(backend, raster, {
      geobox: grid,
      resampling,
      bands: axes.indexes,
      unscale,
    });
    const strip = new Float32Array(height * grid.width);
    for (const rows of unitRows(grid.height, height)) {
      await warped.readRows(rows, planes, rows.start, signal);
      for (const [k, plane] of planes.entries()) {
        await backend.download(plane, strip);
        const part = strip.subarray(0, (rows.end - rows.start) * grid.width);
        data.set(part, k * grid.pixelCount + rows.start * grid.width);
      }
      onProgress?.({ type: 'progress', stage: 'load', done: rows.end, total: grid.height, unit: 'rows' });
    }
  } finally {
    for (const plane of planes) plane.dispose();
    if (options.backend === undefined) backend.dispose();
  }
  return cubeTensor(data, axes, grid);
}

function cubeTensor(data: Float32Array, { times, bandNames }: CubeAxes, geobox: GeoBox): GeoTensor {
  return new GeoTensor({
    data,
    shape: [bandNames.length, times.length, geobox.height, geobox.width],
    dimensions: ['band', 'time', 'y', 'x'],
    geobox,
    nodata: Number.NaN,
    times,
    bandNames,
  });
}

/** Stored values as the warp kernels take them: nodata, then scale and offset. */
function physical(stored: number, { nodata, scale, offset }: BandInfo, unscale = true): number {
  if (stored === nodata) return Number.NaN;
  return unscale ? stored * scale + offset : stored;
}

function requireBytes(name: string, values: number, limit = DEFAULT_MAX_BYTES): void {
  const size = 4 * values;
  if (size <= limit) return;
  const text = `${name} would give ${size} bytes, above the limit of ${limit}`;
  throw new TerrachipError('TOO_LARGE', text, 'choose less of it, in space or in time', { size, limit });
}
