import { invalidInput, TerrachipError } from '../errors.js';
import { INSPECT } from '../text.js';
import { Affine, type AffineTuple } from './affine.js';
import { type Bounds, boundsOfPaths, checkBounds, outline, transformBounds, unwrapBounds } from './bounds.js';
import { Crs, type CrsLike, createTransform } from './crs.js';
import type { TimeInterval } from './time-interval.js';

/** How bounds become a grid of whole pixels. */
export interface FromBoundsOptions {
  /** The CRS of the bounds. Default: longitude and latitude on WGS 84. */
  boundsCrs?: CrsLike;
  /**
   * `snap` (default) densifies the edges and extends the grid outward to multiples of the resolution: grids of one CRS and
   * resolution are aligned. `fit` transforms the four corners only, rounds the size up and adjusts the pixel size so that
   * the grid fits the bounds exactly (as often written by hand with rasterio).
   */
  anchor?: 'snap' | 'fit';
}

/** Keeps the number of pixels exact in float64, and pixel positions in a shader's i32. */
const MAX_SIDE = 2 ** 30;

/** A pixel grid: a CRS, an affine transform from pixel to CRS coordinates, and a size in pixels. */
export class GeoBox {
  readonly crs: Crs;
  readonly transform: Affine;
  readonly width: number;
  readonly height: number;

  /** @throws {TerrachipError} INVALID_INPUT for an impossible size or a degenerate transform. */
  constructor(crs: CrsLike, transform: Affine, width: number, height: number) {
    for (const [side, value] of Object.entries({ width, height })) {
      if (!Number.isInteger(value) || value < 1 || value > MAX_SIDE) {
        throw invalidInput(
          `a grid ${side} of ${value} pixels`,
          'is impossible',
          `give a whole number from 1 to ${MAX_SIDE}`,
        );
      }
    }
    if (!transform.toTuple().every(Number.isFinite)) {
      throw invalidInput(
        'a transform with values that are not finite',
        'is impossible',
        'give six finite numbers',
      );
    }
    transform.inverse();
    this.crs = Crs.parse(crs);
    this.transform = transform;
    this.width = width;
    this.height = height;
  }

  /**
   * The north-up grid of square pixels that covers bounds.
   * @param bounds `[west, south, east, north]` in degrees, or in `options.boundsCrs`; a west greater than the east
   *   crosses the antimeridian
   * @param resolution pixel size in units of `crs`
   */
  static fromBounds(
    bounds: Bounds,
    crs: CrsLike,
    resolution: number,
    options: FromBoundsOptions = {},
  ): GeoBox {
    const target = Crs.parse(crs);
    const source = options.boundsCrs === undefined ? Crs.wgs84 : Crs.parse(options.boundsCrs);
    const area = checkBounds(unwrapBounds(bounds, source));
    requireResolution(resolution);
    if (options.anchor === 'fit') {
      const [x0, y0, x1, y1] = cornerBounds(area, source, target);
      const width = Math.ceil((x1 - x0) / resolution);
      const height = Math.ceil((y1 - y0) / resolution);
      return new GeoBox(
        target,
        new Affine((x1 - x0) / width, 0, x0, 0, -(y1 - y0) / height, y1),
        width,
        height,
      );
    }
    const [x0, y0, x1, y1] = transformBounds(area, source, target);
    const left = snapDown(x0, resolution);
    const bottom = snapDown(y0, resolution);
    const right = -snapDown(-x1, resolution);
    const top = -snapDown(-y1, resolution);
    return new GeoBox(
      target,
      new Affine(resolution, 0, left * resolution, 0, -resolution, top * resolution),
      Math.max(1, right - left),
      Math.max(1, top - bottom),
    );
  }

  /** The north-up grid of `width × height` pixels that fills bounds in its own CRS. */
  static fromSize(bounds: Bounds, crs: CrsLike, width: number, height: number): GeoBox {
    const [x0, y0, x1, y1] = checkBounds(unwrapBounds(bounds, Crs.parse(crs)));
    return new GeoBox(crs, new Affine((x1 - x0) / width, 0, x0, 0, (y0 - y1) / height, y1), width, height);
  }

  /** The outer bounds in the grid's own CRS. */
  get bounds(): Bounds {
    const corners = outline([0, 0, this.width, this.height], 1);
    return boundsOfPaths([corners.map(([x, y]) => this.transform.apply(x, y))]);
  }

  /** Pixel width and height in CRS units, both positive. */
  get resolution(): [number, number] {
    const { a, b, d, e } = this.transform;
    return [Math.hypot(a, d), Math.hypot(b, e)];
  }

  get pixelCount(): number {
    return this.width * this.height;
  }

  /** The outline as a closed lon/lat ring, densified, counter-clockwise from the lower left. */
  footprint(pointsPerEdge = 8): [number, number][] {
    const toLonLat = createTransform(this.crs, Crs.wgs84);
    const ring = outline([0, 0, this.width, this.height], pointsPerEdge)
      // Row 0 is north: the reversed pixel outline is counter-clockwise on the ground.
      .reverse()
      .map(([x, y]) => toLonLat.forward(...this.transform.apply(x, y)))
      .filter(([x]) => !Number.isNaN(x));
    if (ring.length > 0) ring.push(ring[0]);
    return ring;
  }

  /** The grid of a window of pixels, which may extend beyond the edges. */
  window(x: number, y: number, width: number, height: number): GeoBox {
    return new GeoBox(this.crs, this.transform.compose(Affine.translation(x, y)), width, height);
  }

  /** The same area with pixels `factor` times as large; the last row and column may extend beyond the edge. */
  coarsen(factor: number): GeoBox {
    return new GeoBox(
      this.crs,
      this.transform.compose(Affine.scale(factor, factor)),
      Math.ceil(this.width / factor),
      Math.ceil(this.height / factor),
    );
  }

  /**
   * Whether two grids have the same size, CRS and corners.
   * @param tolerance largest distance between corners, in pixels of this grid (default a millionth)
   */
  equals(other: GeoBox, tolerance = 1e-6): boolean {
    const { width, height, transform } = this;
    if (width !== other.width || height !== other.height || !this.crs.equals(other.crs)) return false;
    const { a, b, d, e, determinant } = transform;
    return [0, width].every((column) =>
      [0, height].every((row) => {
        const [x, y] = transform.apply(column, row);
        const [otherX, otherY] = other.transform.apply(column, row);
        const [dx, dy] = [otherX - x, otherY - y];
        const columns = (e * dx - b * dy) / determinant;
        const rows = (a * dy - d * dx) / determinant;
        return Math.abs(columns) <= tolerance && Math.abs(rows) <= tolerance;
      }),
    );
  }

  /** @throws {TerrachipError} TOO_LARGE when the grid has more than `limit` pixels. */
  requireAtMost(limit: number, remedy: string): this {
    if (this.pixelCount > limit) {
      throw new TerrachipError(
        'TOO_LARGE',
        `a grid of ${this.width} × ${this.height} pixels is larger than the limit of ${limit} pixels`,
        remedy,
        { size: this.pixelCount, limit },
      );
    }
    return this;
  }

  /** `GeoBox(EPSG:32632, 100 × 80 pixels of 10 × 10, [697000, 4999600, 698000, 5000400])`. */
  toString(): string {
    const sizes = this.resolution.map((size) => Number(size.toPrecision(6)));
    const bounds = this.bounds.map((bound) => Number(bound.toPrecision(12))).join(', ');
    return `GeoBox(${this.crs}, ${this.width} × ${this.height} pixels of ${sizes.join(' × ')}, [${bounds}])`;
  }

  [INSPECT](): string {
    return this.toString();
  }

  toJSON(): { crs: string; transform: AffineTuple; width: number; height: number } {
    const crs = this.crs.epsg === null ? (this.crs.wkt ?? this.crs.name) : this.crs.toString();
    return { crs, transform: this.transform.toTuple(), width: this.width, height: this.height };
  }

  static fromJSON(json: { crs: string; transform: AffineTuple; width: number; height: number }): GeoBox {
    return new GeoBox(Crs.parse(json.crs), Affine.fromTuple(json.transform), json.width, json.height);
  }
}

/** @throws {TerrachipError} INVALID_INPUT unless a pixel size is positive and finite */
export function requireResolution(resolution: number): void {
  if (resolution > 0 && Number.isFinite(resolution)) return;
  throw invalidInput(
    `a resolution of ${resolution}`,
    'is impossible',
    'give a positive pixel size in CRS units',
  );
}

/** The multiple of the resolution at or below a coordinate, with a tolerance of a millionth of a pixel. */
function snapDown(value: number, resolution: number): number {
  const index = value / resolution;
  const nearest = Math.round(index);
  return Math.abs(index - nearest) < 1e-6 ? nearest : Math.floor(index);
}

function cornerBounds(bounds: Bounds, from: Crs, to: Crs): Bounds {
  const transform = createTransform(from, to);
  const corners = outline(bounds, 1).map(([x, y]) => transform.forward(x, y));
  return checkBounds(boundsOfPaths([corners]), `the bounds [${bounds.join(', ')}] in ${to}`);
}

/** Bounds, a resolution and a time: the query of a catalog. Samplers yield them. */
export interface GeoSlice {
  /** In units of `crs`. */
  readonly bounds: Bounds;
  readonly crs: Crs;
  /** Pixel size in units of `crs`. */
  readonly resolution: number;
  readonly interval: TimeInterval;
}

/** The pixel grid of a slice, snapped to multiples of its resolution. */
export function geoBoxOfSlice(slice: GeoSlice): GeoBox {
  return GeoBox.fromBounds(slice.bounds, slice.crs, slice.resolution, { boundsCrs: slice.crs });
}
