/** The default output grid of a reprojection, by the rules of gdalwarp (GDALSuggestedWarpOutput2). */
import { invalidInput } from '../errors.js';
import { Affine } from './affine.js';
import { type Bounds, boundsOfPaths, checkBounds, unwrapBounds } from './bounds.js';
import { Crs, type CrsLike, createTransform } from './crs.js';
import { turnOf } from './domain.js';
import { GeoBox, requireResolution } from './geobox.js';
import { createPixelMapping } from './pixel-mapping.js';

type Point = readonly [x: number, y: number];

/** Pixels between the sampled points of an edge, and the fewest and most steps. */
const PIXELS_A_STEP = 50;
const LEAST_STEPS = 20;
const MOST_STEPS = 100;

/** Fewest points inside the target's domain that give an extent. */
const LEAST_POINTS = 10;

/** Shares of a pixel by which a border is moved inside, in turn, until it transforms to the raster's CRS and back. */
const NUDGES = [0, 0.001, 0.01, 0.1, 1];

/**
 * The north-up grid of square pixels that covers a raster's extent and keeps the length of its diagonal in pixels: the
 * default of gdalwarp.
 * @param source the raster's grid
 * @param crs of the new grid
 * @param resolution pixel size in units of `crs` (default: from the diagonal). The grid then starts at the upper left
 *   corner of the extent, and its right and lower edges are rounded to whole pixels
 * @throws {TerrachipError} INVALID_INPUT if the raster is outside the domain of `crs`
 */
export function suggestGrid(source: GeoBox, crs: CrsLike, resolution?: number): GeoBox {
  const target = Crs.parse(crs);
  const { points, corners } = transformedPoints(source, target);
  const [west, south, east, north] = boundsOfPaths([points]);
  let [dx, dy] = corners === null ? [0, 0] : [corners[1][0] - corners[0][0], corners[1][1] - corners[0][1]];
  if (dx === 0 || dy === 0) [dx, dy] = [east - west, north - south];
  const size = Math.hypot(dx, dy) / Math.hypot(source.width, source.height);
  const width = Math.max(1, Math.floor((east - west) / size + 0.5));
  const height = Math.max(1, Math.floor((north - south) / size + 0.5));
  const extent = { west, north, width, height, size };
  const [pixelWidth, pixelHeight] = fittedPixel(source.crs, target, extent, [east, south]);
  if (resolution === undefined) {
    return new GeoBox(target, new Affine(pixelWidth, 0, west, 0, -pixelHeight, north), width, height);
  }
  requireResolution(resolution);
  return new GeoBox(
    target,
    new Affine(resolution, 0, west, 0, -resolution, north),
    Math.max(1, Math.floor((pixelWidth * width) / resolution + 0.5)),
    Math.max(1, Math.floor((pixelHeight * height) / resolution + 0.5)),
  );
}

/**
 * The grid over bounds with about the size of the raster's smallest pixels within them: the default of gdalwarp with
 * bounds. If none of the sampled points are in the raster, the pixel size is that of `suggestGrid`.
 */
export function suggestGridWithin(source: GeoBox, crs: CrsLike, bounds: Bounds): GeoBox {
  const target = Crs.parse(crs);
  const box = checkBounds(unwrapBounds(bounds, target));
  const [x0, y0, x1, y1] = box;
  const finest = finestWithin(source, target, box);
  const [x, y] = finest === null ? suggestGrid(source, target).resolution : [finest, finest];
  const width = Math.max(1, Math.floor((x1 - x0 + x / 2) / x));
  const height = Math.max(1, Math.floor((y1 - y0 + y / 2) / y));
  return GeoBox.fromSize(box, target, width, height);
}

/** Sampled points along each side of bounds, and the step, as a share of the bounds, that measures pixel size. */
const POINTS_A_SIDE = 10;
const MEASURED_SHARE = 1e-3;

/** The size of a raster's smallest pixels within bounds of another CRS; null if no sampled point is in the raster. */
function finestWithin(source: GeoBox, target: Crs, box: Bounds): number | null {
  const mapping = createPixelMapping(GeoBox.fromSize(box, target, 1, 1), source);
  const [width, height] = [box[2] - box[0], box[3] - box[1]];
  const step = Math.min(width, height) * MEASURED_SHARE;
  const out = new Float64Array(2);
  const place = (x: number, y: number): Point => {
    mapping.map(x, y, out);
    return [out[0], out[1]];
  };
  const shares = Array.from({ length: POINTS_A_SIDE }, (_, k) => k / (POINTS_A_SIDE - 1));
  const sizes = shares.flatMap((y) =>
    shares.flatMap((x): Point[] => {
      const [column, row] = place(x, y);
      if (!(column >= 0 && row >= 0 && column <= source.width && row <= source.height)) return [];
      // At the last points the step is towards the inside.
      const beside = place(x + (x === 1 ? -step : step) / width, y);
      const below = place(x, y + (y === 0 ? step : -step) / height);
      const size = [beside, below].map(([u, v]) => step / Math.hypot(u - column, v - row));
      return size.every(Number.isFinite) ? [[size[0], size[1]]] : [];
    }),
  );
  const alike = withoutOutliers(
    withoutOutliers(sizes, ([across]) => across),
    ([, down]) => down,
  );
  const means = alike.map(([across, down]) => (across + down) / 2);
  const kept = withoutOutliers(means, (mean) => mean);
  return kept.length === 0 ? null : Math.min(...kept);
}

/** Items above a tenth of the median: far smaller pixels come from poles and from cuts of the projection. */
function withoutOutliers<T>(items: readonly T[], sizeOf: (item: T) => number): T[] {
  const sorted = items.map(sizeOf).sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)];
  return items.filter((item) => sizeOf(item) > median / 10);
}

/** Points of a raster in another CRS, and its first and last corner if both are in the domain. */
function transformedPoints(
  source: GeoBox,
  target: Crs,
): { points: Point[]; corners: readonly [Point, Point] | null } {
  const { width, height, transform } = source;
  const steps = Math.min(
    MOST_STEPS,
    Math.max(LEAST_STEPS, Math.floor(Math.min(width, height) / PIXELS_A_STEP + 0.5)),
  );
  const shares = Array.from({ length: steps + 1 }, (_, step) => step / steps);
  const project = thereAndBack(source.crs, target);
  const place = (x: number, y: number): Point => project(transform.apply(x * width, y * height));
  let rows = [0, 1].map((y) => ({ y, row: shares.map((x) => place(x, y)) }));
  const sides = shares.flatMap((y) => [place(0, y), place(1, y)]);
  const isWhole = [...sides, ...rows.flatMap(({ row }) => row)].every(hasPlace);
  // If an edge leaves the target's domain, sample the inside too, to find the domain's edge.
  if (!isWhole) rows = shares.map((y) => ({ y, row: shares.map((x) => place(x, y)) }));
  const points = [...sides, ...rows.flatMap(({ row }) => row)].filter(hasPlace);
  if (points.length < LEAST_POINTS) {
    throw invalidInput(
      `the raster's extent [${source.bounds.join(', ')}] in ${source.crs}`,
      `lies outside the domain of ${target}`,
      'choose a coordinate reference system that covers it, or give the bounds',
    );
  }
  for (const { y, row } of rows) {
    for (let i = 1; i < row.length; i++) {
      const between = { from: shares[i - 1], to: shares[i], before: row[i - 1], after: row[i] };
      points.push(...towardsCut(between, (x) => place(x, y)));
    }
  }
  if (target.isGeographic) points.push(...polesIn(source));
  const [first, last] = [place(0, 0), place(1, 1)];
  return { points, corners: hasPlace(first) && hasPlace(last) ? [first, last] : null };
}

/** Largest difference after a round trip, in degrees or metres. */
const ELSEWHERE = { degrees: 0.1, metres: 10_000 };

/** Transforms points to another CRS; NaN where the round trip does not return to the point. */
function thereAndBack(source: Crs, target: Crs): (point: Point) => Point {
  const there = createTransform(source, target);
  const back = createTransform(target, source);
  if (there.isIdentity) return (point) => point;
  const turn = turnOf(source);
  const limit = source.isGeographic ? ELSEWHERE.degrees : ELSEWHERE.metres / (source.metresPerUnit ?? 1);
  return ([x, y]) => {
    const [u, v] = there.forward(x, y);
    const [backX, backY] = back.forward(u, v);
    // Without a periodic x in the target, −180 and 180 are different points; only longitudes beyond ±180 are unwrapped.
    const mayTurn = turn !== 0 && (turnOf(target) !== 0 || (source.isGeographic && Math.abs(x) > 180));
    const turns = mayTurn ? Math.round((x - backX) / turn) : 0;
    const isBack = Math.abs(backX + turn * turns - x) <= limit && Math.abs(backY - y) <= limit;
    return isBack ? [u, v] : [Number.NaN, Number.NaN];
  };
}

/** Bisection steps between two points with a cut between them. */
const HALVINGS = 16;

/** Points of a bisection towards the edge of the domain, or towards a cut, where x changes its sign. */
function towardsCut(
  between: { from: number; to: number; before: Point; after: Point },
  place: (x: number) => Point,
): Point[] {
  let { from, to, before, after } = between;
  const points: Point[] = [];
  for (let k = 0; k < HALVINGS && (hasPlace(before) || hasPlace(after)); k++) {
    const isCut = !hasPlace(before) || !hasPlace(after) || before[0] * after[0] < 0;
    if (!isCut) break;
    const middle = (from + to) / 2;
    const point = place(middle);
    if (hasPlace(point)) points.push(point);
    else if (hasPlace(before) && hasPlace(after)) break;
    const isBefore = hasPlace(before) === hasPlace(point) && !(before[0] * point[0] < 0);
    if (isBefore) [from, before] = [middle, point];
    else [to, after] = [middle, point];
  }
  return points;
}

/** Poles inside a raster, at longitudes -180 and 180. */
function polesIn(source: GeoBox): Point[] {
  if (source.crs.isGeographic) return [];
  const { forward } = createTransform(Crs.wgs84, source.crs);
  const toPixel = source.transform.inverse();
  return [-90, 90].flatMap((latitude): Point[] => {
    const [x, y] = toPixel.apply(...forward(0, latitude));
    const [x90, y90] = toPixel.apply(...forward(90, latitude));
    const isInside = x > 0 && y > 0 && x < source.width && y < source.height;
    // Some projections show a pole as a line.
    const isPoint = Math.hypot(x - x90, y - y90) < 1e-3;
    return isInside && isPoint ? [-180, 180].map((longitude): Point => [longitude, latitude]) : [];
  });
}

function hasPlace([x]: Point): boolean {
  return !Number.isNaN(x);
}

interface Extent {
  readonly west: number;
  readonly north: number;
  readonly width: number;
  readonly height: number;
  readonly size: number;
}

/** Steps along a border whose points are transformed to the raster's CRS and back. */
const BORDER_STEPS = 20;

/** Pixel width and height, reduced where rounding to whole pixels moved a border off the globe. */
function fittedPixel(
  source: Crs,
  target: Crs,
  { west, north, width, height, size }: Extent,
  [east, south]: Point,
): [number, number] {
  const there = createTransform(target, source);
  const back = createTransform(source, target);
  /** Whether no point of a border survives the round trip. */
  const isLost = (at: (share: number) => Point): boolean => {
    for (let step = 0; step <= BORDER_STEPS; step++) {
      const [x, y] = at(step / BORDER_STEPS);
      const [u, v] = back.forward(...there.forward(x, y));
      if (Math.abs(u - x) <= size && Math.abs(v - y) <= size) return false;
    }
    return true;
  };
  const nudged = (count: number, border: (pixel: number) => (share: number) => Point): number => {
    const sizes = NUDGES.map((nudge) => size - (size * nudge) / count);
    return sizes.find((candidate) => !isLost(border(candidate))) ?? size;
  };
  const bottom = north - height * size;
  let pixelWidth = nudged(width, (x) => (share) => [west + width * x, north + (bottom - north) * share]);
  const right = west + width * pixelWidth;
  let pixelHeight = nudged(height, (y) => (share) => [west + (right - west) * share, north - height * y]);
  if (target.isGeographic) {
    const end = west + width * pixelWidth;
    if ((east <= 180 && end > 180) || east === 180) pixelWidth = (180 - west) / width;
    if (south >= -90 && north - height * pixelHeight < -90) pixelHeight = (north + 90) / height;
  }
  return [pixelWidth, pixelHeight];
}
