/**
 * Pixels of a grid covered by shapes. A shape covers pixels whose centres are inside it, so that neighbours with a
 * common edge share no pixel, and a shape that is reprojected there and back covers the same pixels.
 */
import Flatbush from 'flatbush';
import { unionBounds } from '../../geo/bounds.js';
import { type Bounds, type Crs, createTransform, type GeoBox, type PixelWindow } from '../../geo/index.js';
import { intersectWindows, unionWindows } from '../../geo/windows.js';
import { type Polygon, type Position, Rasterizer } from '../../vector/index.js';

/** The smallest window around the pixels of a shape. */
interface ShapeWindow {
  readonly shape: number;
  readonly window: PixelWindow;
}

export class PixelCover {
  /** The smallest windows around the shapes that cover pixels, in the order of `shapes`. */
  readonly windows: readonly PixelWindow[];
  /** The index of each window's shape in the list given to `ofShapes`. */
  readonly shapes: readonly number[];
  /** The window around all windows. */
  readonly window: PixelWindow;
  readonly #rasterizer: Rasterizer | null;
  readonly #frame: PixelWindow;
  readonly #index: Flatbush;

  private constructor(shapes: readonly ShapeWindow[], rasterizer: Rasterizer | null, frame: PixelWindow) {
    this.windows = shapes.map(({ window }) => window);
    this.shapes = shapes.map(({ shape }) => shape);
    this.window = this.windows.reduce((all, window) => unionWindows(all, window));
    this.#rasterizer = rasterizer;
    this.#frame = frame;
    this.#index = indexOf(this.windows);
  }

  /** A cover of windows. */
  static ofWindows(windows: readonly PixelWindow[]): PixelCover {
    const shapes = windows.map((window, shape) => ({ shape, window }));
    return new PixelCover(shapes, null, windows[0]);
  }

  /**
   * A cover of shapes in a CRS by pixels aligned to `grid`, also beyond its sides. If no shape covers a pixel centre
   * (points or slivers), each covers the pixel that contains its middle.
   * @throws {TerrachipError} INVALID_INPUT for a shape outside the domain of the grid's projection
   */
  static ofShapes(
    shapes: readonly (readonly Polygon[])[],
    crs: Crs,
    name: string,
    grid: GeoBox,
  ): PixelCover | null {
    const features = shapes.map((polygons) => ({ polygons, properties: {} }));
    const { forward } = createTransform(crs, grid.crs);
    const toPixel = grid.transform.inverse();
    const project = ([x, y]: Position): Position => toPixel.apply(...forward(x, y));
    const corners = shapes.map((polygons) => boundsOf(polygons, project));
    const onGrid = corners.filter((bounds) => bounds !== null);
    if (onGrid.length === 0) return null;
    // The rasterizer clips to its grid, which must contain all shapes; reprojected edges bend beyond their vertices.
    const rasterize = ({ x, y, width, height }: PixelWindow): Rasterized => {
      const rasterizer = new Rasterizer({ name, crs, features }, grid.window(x, y, width, height));
      return { rasterizer, extents: shapes.map((_, k) => shifted(rasterizer.bounds(k), x, y)) };
    };
    let frame = frameOf(onGrid.reduce(unionBounds));
    let { rasterizer, extents } = rasterize(frame);
    const reach = extents.filter((bounds) => bounds !== null).reduce(unionBounds, onGrid[0]);
    if (!contains(frame, reach)) {
      frame = frameOf(reach);
      ({ rasterizer, extents } = rasterize(frame));
    }
    const covering = windowsIn(extents, centresIn);
    if (covering.length > 0) return new PixelCover(covering, rasterizer, frame);
    // The rasterizer has no bounds for shapes without area, so their positions are used.
    return new PixelCover(windowsIn(corners, middlePixel), null, frame);
  }

  /** Whether a pixel is covered. */
  has(x: number, y: number): boolean {
    const pixel = { x, y, width: 1, height: 1 };
    return this.near(pixel).some((k) => this.countOf(k, pixel) > 0);
  }

  /** The indexes in `windows` of shapes whose windows overlap a window, in order. */
  near(window: PixelWindow): number[] {
    return search(this.#index, window);
  }

  /** Changes the mask of covered pixels in a window from one value to another; returns their number. */
  mark(window: PixelWindow, mask: Uint8Array, from: number, to: number): number {
    let count = 0;
    for (const k of this.near(window)) {
      count += this.#mark(k, window, mask, from, to);
      if (count === mask.length) break;
    }
    return count;
  }

  /** The number of a window's pixels that one shape covers. */
  countOf(k: number, window: PixelWindow): number {
    return this.#mark(k, window, new Uint8Array(window.width * window.height), 0, 1);
  }

  #mark(k: number, window: PixelWindow, mask: Uint8Array, from: number, to: number): number {
    const part = intersectWindows(this.windows[k], window);
    if (part === null) return 0;
    let count = 0;
    const markRow = (row: number, start: number, end: number): void => {
      const first = (row - window.y) * window.width - window.x;
      for (let i = first + start; i < first + end; i++) {
        if (mask[i] !== from) continue;
        mask[i] = to;
        count++;
      }
    };
    const [right, bottom] = [part.x + part.width, part.y + part.height];
    if (this.#rasterizer === null) {
      for (let row = part.y; row < bottom; row++) markRow(row, part.x, right);
      return count;
    }
    const { x, y } = this.#frame;
    this.#rasterizer.spans(this.shapes[k], { start: part.y - y, end: bottom - y }, (row, start, end) => {
      markRow(row + y, Math.max(start + x, part.x), Math.min(end + x, right));
    });
    return count;
  }
}

/** Shapes on a frame, and their bounds in pixels of the grid; null for shapes without area. */
interface Rasterized {
  readonly rasterizer: Rasterizer;
  readonly extents: readonly (Bounds | null)[];
}

/** A spatial index of windows. */
export function indexOf(windows: readonly PixelWindow[]): Flatbush {
  const index = new Flatbush(windows.length);
  // A quarter of a pixel inside the edges, so that windows that only touch do not overlap.
  for (const { x, y, width, height } of windows)
    index.add(x + 0.25, y + 0.25, x + width - 0.25, y + height - 0.25);
  index.finish();
  return index;
}

/** Indexes of windows that overlap a window, in order. */
export function search(index: Flatbush, { x, y, width, height }: PixelWindow): number[] {
  return index.search(x, y, x + width, y + height).sort((a, b) => a - b);
}

/** The windows of shapes that have one, and their indexes. */
function windowsIn(
  extents: readonly (Bounds | null)[],
  windowOf: (bounds: Bounds) => PixelWindow | null,
): ShapeWindow[] {
  return extents.flatMap((bounds, shape) => {
    const window = bounds && windowOf(bounds);
    return window === null ? [] : [{ shape, window }];
  });
}

/** Bounds of the positions that can be projected onto the grid. */
function boundsOf(polygons: readonly Polygon[], project: (position: Position) => Position): Bounds | null {
  let bounds: Bounds | null = null;
  for (const [outer] of polygons) {
    for (const position of outer) {
      const [x, y] = project(position);
      if (Number.isNaN(x) || Number.isNaN(y)) continue;
      bounds = bounds === null ? [x, y, x, y] : unionBounds(bounds, [x, y, x, y]);
    }
  }
  return bounds;
}

/** A window around bounds, with a margin. */
function frameOf([x0, y0, x1, y1]: Bounds): PixelWindow {
  const margin = 2 + Math.ceil(0.02 * Math.max(x1 - x0, y1 - y0));
  const [x, y] = [Math.floor(x0) - margin, Math.floor(y0) - margin];
  return { x, y, width: Math.ceil(x1) + margin - x, height: Math.ceil(y1) + margin - y };
}

function contains({ x, y, width, height }: PixelWindow, [x0, y0, x1, y1]: Bounds): boolean {
  return x <= x0 && y <= y0 && x1 <= x + width && y1 <= y + height;
}

function shifted(bounds: Bounds | null, x: number, y: number): Bounds | null {
  return bounds === null ? null : [bounds[0] + x, bounds[1] + y, bounds[2] + x, bounds[3] + y];
}

/** The window of pixels whose centres are in bounds; null for none. */
function centresIn([x0, y0, x1, y1]: Bounds): PixelWindow | null {
  const [x, y] = [Math.floor(x0 + 0.5), Math.ceil(y0 - 0.5)];
  const [width, height] = [Math.floor(x1 + 0.5) - x, Math.ceil(y1 - 0.5) - y];
  return width > 0 && height > 0 ? { x, y, width, height } : null;
}

/** The pixel in the middle of bounds. */
function middlePixel([x0, y0, x1, y1]: Bounds): PixelWindow {
  return { x: Math.floor((x0 + x1) / 2), y: Math.floor((y0 + y1) / 2), width: 1, height: 1 };
}
