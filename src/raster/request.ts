/** Read requests resolved to a level and a window, for all formats. */
import { invalidInput, invalidOption, isTerrachipError, TerrachipError } from '../errors.js';
import { bandTensor } from '../geo/geotensor.js';
import {
  Affine,
  allocateArray,
  canHold,
  dtypeOf,
  GeoBox,
  type GeoTensor,
  type PixelWindow,
} from '../geo/index.js';
import { intersectWindows, padWindow, wholeWindow } from '../geo/windows.js';
import { projectBox } from './project-box.js';
import type { BandInfo, Raster, ReadRequest } from './raster.js';

/** A raster's grids. */
export type RasterGrids = Pick<Raster, keyof Georeference | 'width' | 'height' | 'overviews' | 'geobox'>;

/** A window of one of a raster's levels. */
export interface LevelWindow {
  /** 0 for full resolution, 1 for the first overview, and so on. */
  readonly level: number;
  /** Pixels of that level, inside it. */
  readonly window: PixelWindow;
}

/** Requires real bands. @throws {TerrachipError} UNSUPPORTED for complex bands, which only `readPlanes` reads */
export function requireReal(raster: Pick<Raster, 'name' | 'bands'>, bands = raster.bands): void {
  const complex = bands.find((band) => band.components === 2);
  if (complex === undefined) return;
  throw new TerrachipError(
    'UNSUPPORTED',
    `${raster.name} holds complex numbers (${complex.storedType}) in band ${complex.index}`,
    'take their magnitude or their parts first (gdal_translate with a derived band, or rasterio)',
    { feature: 'complex values' },
  );
}

type Georeference = Pick<Raster, 'name' | 'crs' | 'transform' | 'gcps' | 'hasRpc' | 'swath' | 'placeProblem'>;

/** The error for a raster without a usable georeference. */
export function noReference(raster: Georeference): Error {
  const { gcps, hasRpc, placeProblem } = raster;
  if (gcps !== null) {
    return invalidInput(
      raster.name,
      `is tied to the ground by ${gcps.points.length} control points, not by a transform`,
      'warp it by them first (gdalwarp)',
    );
  }
  if (hasRpc) {
    return invalidInput(
      raster.name,
      'is tied to the ground by rational polynomial coefficients (RPC), not by a transform',
      'orthorectify it first (gdalwarp -rpc)',
    );
  }
  if (raster.swath) {
    return invalidInput(
      raster.name,
      `is a swath: its pixels are placed by arrays of latitude and longitude (${raster.swath.join(' and ')}), not by a transform`,
      'put it on a grid first (gdalwarp -geoloc, pyresample or satpy)',
    );
  }
  const missing =
    placeProblem ??
    (raster.crs === null
      ? 'has no coordinate reference system'
      : 'has no transform from pixels to coordinates');
  return invalidInput(raster.name, missing, 'assign it (gdal_edit.py -a_srs EPSG:… -a_ullr …)');
}

/** Width and height of a level in pixels. @throws {TerrachipError} INVALID_INPUT for no such level */
export function levelSize(raster: RasterGrids, level: number): readonly [number, number] {
  const size = [[raster.width, raster.height] as const, ...raster.overviews][level];
  if (size !== undefined) return size;
  const last = raster.overviews.length;
  throw invalidInput(
    raster.name,
    `has no level ${level}`,
    last === 0 ? 'read its full resolution, level 0: it has no overviews' : `choose one of 0 to ${last}`,
  );
}

/** The grid of a level: the whole raster's area. @throws {TerrachipError} INVALID_INPUT without a CRS or transform */
export function levelBox(raster: RasterGrids, level: number): GeoBox {
  const box = raster.geobox;
  if (box === null) throw noReference(raster);
  const [width, height] = levelSize(raster, level);
  const scale = Affine.scale(box.width / width, box.height / height);
  return new GeoBox(box.crs, box.transform.compose(scale), width, height);
}

/** JavaScript's typed arrays hold few more values. */
const MAX_PIXELS = 2 ** 32;

/**
 * The requested window; default: the whole image.
 * @throws {TerrachipError} INVALID_INPUT for a window outside, TOO_LARGE for more pixels than an array can hold
 */
export function requireWindow(
  name: string,
  window: PixelWindow | undefined,
  [width, height]: readonly [number, number],
): PixelWindow {
  const all = { x: 0, y: 0, width, height };
  const { x, y, ...size } = window ?? all;
  const inside = intersectWindows(window ?? all, all);
  const whole = [x, y, size.width, size.height].every(Number.isSafeInteger);
  if (!whole || inside?.width !== size.width || inside.height !== size.height) {
    throw invalidInput(
      name,
      `has no window of ${size.width} × ${size.height} pixels at (${x}, ${y})`,
      `give whole pixels inside its ${width} × ${height}`,
    );
  }
  if (size.width * size.height > MAX_PIXELS) {
    throw new TerrachipError(
      'TOO_LARGE',
      `a window of ${size.width} × ${size.height} pixels of ${name} is too large to be read at once`,
      'read smaller windows, or an overview',
      { size: size.width * size.height, limit: MAX_PIXELS },
    );
  }
  return inside;
}

/** The requested bands; default: all. @throws {TerrachipError} INVALID_INPUT for an empty list or an unknown band */
export function requireBands(
  name: string,
  bands: readonly number[] | undefined,
  count: number,
): readonly number[] {
  if (bands === undefined) return Array.from({ length: count }, (_, i) => i + 1);
  if (bands.length === 0) throw invalidInput(name, 'is asked for no bands', `choose some of 1 to ${count}`);
  for (const band of bands) {
    if (!Number.isInteger(band) || band < 1 || band > count) {
      throw invalidInput(name, `has no band ${band}`, `choose one of 1 to ${count}`);
    }
  }
  return bands;
}

/** Overview sizes are rounded to whole pixels, so their scales are approximate. */
const SCALE_TOLERANCE = 1.01;

/**
 * The coarsest level whose pixels are not larger than requested, as GDAL chooses.
 * @param scale requested width and height of a pixel, in pixels of the full resolution
 */
export function levelForScale(raster: RasterGrids, [x, y]: readonly [number, number]): number {
  let level = 0;
  for (const [k, [width, height]] of raster.overviews.entries()) {
    const fine = raster.width / width <= x * SCALE_TOLERANCE && raster.height / height <= y * SCALE_TOLERANCE;
    if (fine) level = k + 1;
  }
  return level;
}

/** The coarsest level that is not coarser than a grid. */
export function levelForGeobox(raster: RasterGrids, geobox: GeoBox): number {
  return levelForScale(raster, projectBox(geobox, levelBox(raster, 0)).scale);
}

/** The pixels of `grid` that `box`, in any CRS, may touch; null for none, also for grids that only share an edge. */
export function gridWindow(box: GeoBox, grid: GeoBox): PixelWindow | null {
  const all = wholeWindow(grid);
  const [west, , east] = grid.bounds;
  // Beyond the antimeridian a place has two longitudes, and projecting the box finds only one.
  if (grid.crs.isGeographic && (west < -180 || east > 180)) return all;
  let area: PixelWindow;
  try {
    ({ area } = projectBox(box, grid));
  } catch (error) {
    // The box is outside the domain of the grid's CRS.
    if (isTerrachipError(error, 'INVALID_INPUT')) return null;
    throw error;
  }
  const isBeside = area.x + area.width <= ON_EDGE || area.y + area.height <= ON_EDGE;
  if (isBeside || area.x >= grid.width - ON_EDGE || area.y >= grid.height - ON_EDGE) return null;
  // One more pixel on each side, for the tolerance of positions.
  return intersectWindows(padWindow(wholePixels(area, 1, 1), 1), all);
}

/**
 * The level and the window of a request.
 * @throws {TerrachipError} INVALID_INPUT or INVALID_OPTION for a request that is contradictory or outside the raster
 */
export function resolveRequest(raster: RasterGrids, request: ReadRequest): LevelWindow {
  const { window, bounds, geobox, resolution, overview } = request;
  if ([window, bounds, geobox].filter((area) => area !== undefined).length > 1) {
    throw invalidOption('the area of a read', 'is given twice', 'give one of window, bounds and geobox');
  }
  if (geobox !== undefined && resolution !== undefined) {
    throw invalidOption('resolution', 'is given beside a geobox, which has its own', 'give one of them');
  }
  if (typeof overview === 'number' && window !== undefined) {
    return { level: overview, window: requireWindow(raster.name, window, levelSize(raster, overview)) };
  }
  const box = geobox ?? boundsBox(raster, request);
  const area =
    box === null
      ? requireWindow(raster.name, window, [raster.width, raster.height])
      : projectBox(box, levelBox(raster, 0)).area;
  const level = chooseLevel(raster, request);
  const [width, height] = levelSize(raster, level);
  const part = intersectWindows(wholePixels(area, width / raster.width, height / raster.height), {
    x: 0,
    y: 0,
    width,
    height,
  });
  if (part !== null) return { level, window: part };
  throw invalidInput(
    `the requested area (${(box ?? levelBox(raster, 0)).bounds.join(', ')})`,
    `does not overlap ${raster.name}`,
    `give one that meets ${levelBox(raster, 0).bounds.join(', ')} in ${raster.crs}`,
  );
}

/** Reads a request as a tensor (band, y, x) on the grid of the pixels read. */
export async function readTensor(raster: Raster, request: ReadRequest = {}): Promise<GeoTensor> {
  if (raster.geobox === null) throw noReference(raster);
  const { level, window } = resolveRequest(raster, request);
  const bands = requireBands(raster.name, request.bands, raster.bands.length);
  requireReal(
    raster,
    bands.map((band) => raster.bands[band - 1]),
  );
  const { signal } = request;
  const planes = await raster.readPlanes({ window, level, bands, signal });
  const size = window.width * window.height;
  const data = allocateArray(dtypeOf(planes[0]), planes.length * size);
  for (const [i, plane] of planes.entries()) data.set(plane, i * size);
  return bandTensor({
    data,
    geobox: levelBox(raster, level).window(window.x, window.y, window.width, window.height),
    nodata: heldNodata(raster.bands[bands[0] - 1]),
  });
}

/** Nodata, or null where no pixel can have it. */
function heldNodata({ nodata, dtype }: BandInfo): number | null {
  return nodata === null || canHold(dtype, nodata) ? nodata : null;
}

function chooseLevel(raster: RasterGrids, request: ReadRequest): number {
  const { geobox, resolution, overview = 'auto' } = request;
  if (typeof overview === 'number') return overview;
  if (overview === 'none') return 0;
  if (geobox !== undefined) return levelForGeobox(raster, geobox);
  if (resolution === undefined) return 0;
  if (!(resolution > 0)) {
    throw invalidOption('resolution', `cannot be ${resolution}`, 'give a positive pixel size in CRS units');
  }
  const [x, y] = levelBox(raster, 0).resolution;
  return levelForScale(raster, [resolution / x, resolution / y]);
}

/** The bounds of a request as a grid of one pixel; null for none. */
function boundsBox(raster: RasterGrids, { bounds, boundsCrs }: ReadRequest): GeoBox | null {
  if (bounds === undefined) return null;
  return GeoBox.fromSize(bounds, boundsCrs ?? levelBox(raster, 0).crs, 1, 1);
}

/** Coordinates this close to a pixel's edge are on it. */
const ON_EDGE = 1e-6;

/** The pixels of a level that an area of the full resolution touches; at least one. */
function wholePixels(area: PixelWindow, scaleX: number, scaleY: number): PixelWindow {
  const x = Math.floor(area.x * scaleX + ON_EDGE);
  const y = Math.floor(area.y * scaleY + ON_EDGE);
  const right = Math.ceil((area.x + area.width) * scaleX - ON_EDGE);
  const bottom = Math.ceil((area.y + area.height) * scaleY - ON_EDGE);
  return { x, y, width: Math.max(1, right - x), height: Math.max(1, bottom - y) };
}
