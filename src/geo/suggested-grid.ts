/** The grid that suits a raster in another reference system, by the rules of gdalwarp (GDALSuggestedWarpOutput2). */
import { invalidInput } from '../errors.js';
import { Affine } from './affine.js';
import { type Bounds, checkBounds, unwrapBounds } from './bounds.js';
import { type Crs, type CrsLike, createTransform, Crs as Systems } from './crs.js';
import { turnOf } from './domain.js';
import { GeoBox, requireResolution } from './geobox.js';
import { createPixelMapping } from './pixel-mapping.js';

type Point = readonly [x: number, y: number];

/** An edge is looked at once in so many pixels, between 20 and 100 times. */
const PIXELS_A_STEP = 50;
const LEAST_STEPS = 20;
const MOST_STEPS = 100;

/** Points without which nothing can be said of the extent. */
const LEAST_POINTS = 10;

/** Shares of a pixel by which a border is moved inside, in turn, until the way back from it leads into the raster's system. */
const NUDGES = [0, 0.001, 0.01, 0.1, 1];

/**
 * The north-up grid of square pixels that keeps a raster's extent and the length of its diagonal in pixels, as gdalwarp
 * chooses it where neither bounds nor size are given.
 * @param source the raster's grid
 * @param crs of the grid
 * @param resolution pixel size in units of `crs` (default: as the diagonal has it). The grid then starts at the upper left
 *   corner of the extent, and its right and lower edges are rounded to whole pixels
 * @throws {TerrachipError} INVALID_INPUT where hardly a point of the raster has a place in `crs`
 */
export function suggestGrid(source: GeoBox, crs: CrsLike, resolution?: number): GeoBox {
  const target = Systems.parse(crs);
  const { points, corners } = transformedPoints(source, target);
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const [west, south] = [Math.min(...xs), Math.min(...ys)];
  const [east, north] = [Math.max(...xs), Math.max(...ys)];
  let [dx, dy] = corners === null ? [0, 0] : [corners[1][0] - corners[0][0], corners[1][1] - corners[0][1]];
  if (dx === 0 || dy === 0) [dx, dy] = [east - west, north - south];
  const size = Math.hypot(dx, dy) / Math.hypot(source.width, source.height);
  const width = Math.max(1, Math.floor((east - west) / size + 0.5));
  const height = Math.max(1, Math.floor((north - south) / size + 0.5));
  const extent = new Suggestion(source.crs, target, { west, north, width, height, size });
  const [pixelWidth, pixelHeight] = extent.fitted([east, south]);
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
 * The grid over bounds whose pixels are about as large as the smallest of the raster within them, as gdalwarp has it where
 * only bounds are given; as large as `suggestGrid` finds where the raster has none of the points that are looked at.
 */
export function suggestGridWithin(source: GeoBox, crs: CrsLike, bounds: Bounds): GeoBox {
  const target = Systems.parse(crs);
  const box = checkBounds(unwrapBounds(bounds, target));
  const [x0, y0, x1, y1] = box;
  const finest = finestWithin(source, target, box);
  const [x, y] = finest === null ? suggestGrid(source, target).resolution : [finest, finest];
  const width = Math.max(1, Math.floor((x1 - x0 + x / 2) / x));
  const height = Math.max(1, Math.floor((y1 - y0 + y / 2) / y));
  return GeoBox.fromSize(box, target, width, height);
}

/** Points along each side of bounds, and the share of the bounds over which a pixel's size is measured at a point. */
const POINTS_A_SIDE = 10;
const MEASURED_SHARE = 1e-3;

/** The size of the smallest pixels of a raster in another system within bounds; null where it has none of their points. */
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
      // The last points are measured towards the inside.
      const beside = place(x + (x === 1 ? -step : step) / width, y);
      const below = place(x, y + (y === 0 ? step : -step) / height);
      const found = [beside, below].map(([u, v]) => step / Math.hypot(u - column, v - row));
      return found.every(Number.isFinite) ? [[found[0], found[1]]] : [];
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

/** What is more than a tenth of the median: far smaller pixels come from poles and from cuts in a map. */
function withoutOutliers<T>(items: readonly T[], sizeOf: (item: T) => number): T[] {
  const sorted = items.map(sizeOf).sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)];
  return items.filter((item) => sizeOf(item) > median / 10);
}

/** Points of a raster in another system, and its first and last corner where both have a place. */
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
  // Where an edge leaves the target's domain, the inside says where that ends.
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

/** Ways back that lead further away than this, in degrees or metres, lead elsewhere. */
const ELSEWHERE = { degrees: 0.1, metres: 10_000 };

/** Positions in another system, NaN where the way back leads elsewhere: to the other end of the globe, too. */
function thereAndBack(source: Crs, target: Crs): (point: Point) => Point {
  const there = createTransform(source, target);
  const back = createTransform(target, source);
  if (there.isIdentity) return (point) => point;
  const turn = turnOf(source);
  const limit = source.isGeographic ? ELSEWHERE.degrees : ELSEWHERE.metres / (source.metresPerUnit ?? 1);
  return ([x, y]) => {
    const [u, v] = there.forward(x, y);
    const [backX, backY] = back.forward(u, v);
    // On maps without a repeating x, ±180 are the ends of the globe; beyond 180 longitudes are other names of places.
    const mayTurn = turn !== 0 && (turnOf(target) !== 0 || (source.isGeographic && Math.abs(x) > 180));
    const turns = mayTurn ? Math.round((x - backX) / turn) : 0;
    const isBack = Math.abs(backX + turn * turns - x) <= limit && Math.abs(backY - y) <= limit;
    return isBack ? [u, v] : [Number.NaN, Number.NaN];
  };
}

/** How often the way between two points is halved where the map is cut between them. */
const HALVINGS = 16;

/** Points ever nearer to where a map ends, or where x changes its sign, which it does at a cut. */
function towardsCut(
  between: { from: number; to: number; before: Point; after: Point },
  place: (x: number) => Point,
): Point[] {
  let { from, to, before, after } = between;
  const found: Point[] = [];
  for (let k = 0; k < HALVINGS && (hasPlace(before) || hasPlace(after)); k++) {
    const isCut = !hasPlace(before) || !hasPlace(after) || before[0] * after[0] < 0;
    if (!isCut) break;
    const middle = (from + to) / 2;
    const point = place(middle);
    if (hasPlace(point)) found.push(point);
    else if (hasPlace(before) && hasPlace(after)) break;
    const isBefore = hasPlace(before) === hasPlace(point) && !(before[0] * point[0] < 0);
    if (isBefore) [from, before] = [middle, point];
    else [to, after] = [middle, point];
  }
  return found;
}

/** Poles inside of a raster, at both ends of all longitudes. */
function polesIn(source: GeoBox): Point[] {
  if (source.crs.isGeographic) return [];
  const { forward } = createTransform(Systems.wgs84, source.crs);
  const toPixel = source.transform.inverse();
  return [-90, 90].flatMap((latitude): Point[] => {
    const [x, y] = toPixel.apply(...forward(0, latitude));
    const [x90, y90] = toPixel.apply(...forward(90, latitude));
    const isInside = x > 0 && y > 0 && x < source.width && y < source.height;
    // Some maps show a pole as a line.
    const isPoint = Math.hypot(x - x90, y - y90) < 1e-3;
    return isInside && isPoint
      ? [
          [-180, latitude],
          [180, latitude],
        ]
      : [];
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

/** Points of a border that are taken back to the raster's system. */
const BORDER_STEPS = 20;

class Suggestion {
  readonly #back: (point: Point) => Point;
  readonly #extent: Extent;
  readonly #isGeographic: boolean;

  constructor(source: Crs, target: Crs, extent: Extent) {
    const there = createTransform(target, source);
    const back = createTransform(source, target);
    this.#back = ([x, y]) => back.forward(...there.forward(x, y));
    this.#extent = extent;
    this.#isGeographic = target.isGeographic;
  }

  /** Width and height of pixels, so that rounding to whole ones takes no border off the globe. */
  fitted([east, south]: Point): [number, number] {
    const { west, north, width, height, size } = this.#extent;
    const bottom = north - height * size;
    let pixelWidth = this.#nudged(width, (x) =>
      this.#isLost((share) => [west + width * x, north + (bottom - north) * share]),
    );
    const right = west + width * pixelWidth;
    let pixelHeight = this.#nudged(height, (y) =>
      this.#isLost((share) => [west + (right - west) * share, north - height * y]),
    );
    if (this.#isGeographic) {
      const end = west + width * pixelWidth;
      if ((east <= 180 && end > 180) || east === 180) pixelWidth = (180 - west) / width;
      if (south >= -90 && north - height * pixelHeight < -90) pixelHeight = (north + 90) / height;
    }
    return [pixelWidth, pixelHeight];
  }

  #nudged(count: number, isLost: (size: number) => boolean): number {
    const { size } = this.#extent;
    const sizes = NUDGES.map((nudge) => size - (size * nudge) / count);
    return sizes.find((candidate) => !isLost(candidate)) ?? size;
  }

  /** Whether no point of a border comes back to where it was. */
  #isLost(at: (share: number) => Point): boolean {
    const { size } = this.#extent;
    for (let step = 0; step <= BORDER_STEPS; step++) {
      const [x, y] = at(step / BORDER_STEPS);
      const [u, v] = this.#back([x, y]);
      if (Math.abs(u - x) <= size && Math.abs(v - y) <= size) return false;
    }
    return true;
  }
}
