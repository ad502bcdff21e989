import { invalidInput, invalidOption } from '../../errors.js';
import {
  Affine,
  alignedTiles,
  Crs,
  type CrsLike,
  GeoBox,
  type PixelWindow,
  TimeInterval,
} from '../../geo/index.js';
import { intersectWindows, wholeWindow } from '../../geo/windows.js';
import { byFootprint } from '../group-by.js';
import { gridFootprint, type Place, placeOutline } from '../place.js';
import type { CatalogRow } from '../row.js';
import { PixelCover } from './cover.js';

/** A region on the ground. */
export interface Region {
  /** Bounds, polygons or a GeoJSON geometry, in coordinates of `crs`. */
  readonly geometry: Place;
  /** Default: longitude and latitude on WGS 84. */
  readonly crs?: CrsLike;
}

/** The pixel grid to sample on: aligned to multiples of a resolution in a CRS, or to another grid. */
export type PixelGrid =
  | { readonly crs: CrsLike /** In units of the CRS. */; readonly resolution: number }
  | { readonly like: GeoBox };

/** Restricts an area in space and time. */
export interface SampleAreaOptions {
  /** Samples only this region. */
  roi?: Region;
  /** Samples only rows that overlap this time; chips then have its overlap with the rows' extent. */
  interval?: TimeInterval;
}

/**
 * The area that chips are sampled from: the union of footprints, a region, or a grid, as pixels of one grid. A pixel
 * covered by several rows counts once.
 */
export class SampleArea {
  /** The smallest grid around the area. */
  readonly geobox: GeoBox;
  /** Its rows; empty for regions and grids. */
  readonly rows: readonly CatalogRow[];
  /** The temporal extent of its rows. */
  readonly interval: TimeInterval;
  /** The windows given to `within`, which may extend beyond `geobox`; null for none. */
  readonly blocks: readonly PixelWindow[] | null;
  readonly #grid: GeoBox;
  /** A pixel must be in all: the footprints, the region of interest, and the blocks of a fold. */
  readonly #covers: readonly PixelCover[];
  /** The rows of each window of the first cover. */
  readonly #rowsAt: readonly (readonly CatalogRow[])[];
  readonly #origin: PixelWindow;
  readonly #blocks: PixelCover | null;

  private constructor(
    grid: GeoBox,
    covers: readonly PixelCover[],
    rowsAt: readonly (readonly CatalogRow[])[],
    interval: TimeInterval,
    blocks: PixelCover | null = null,
  ) {
    const window = commonWindow(covers);
    if (window === null) throw outsideLimits();
    this.#grid = grid;
    this.#covers = covers;
    this.#rowsAt = rowsAt;
    this.#origin = window;
    this.geobox = grid.window(window.x, window.y, window.width, window.height);
    this.interval = interval;
    this.rows = rowsAt.flat();
    this.#blocks = blocks;
    this.blocks = blocks?.windows.map((block) => this.#shifted(block, -1)) ?? null;
  }

  /**
   * Makes an area.
   * @param source rows (such as a catalog), a region, or a grid
   * @param grid the pixels to sample on; only optional if the source is a grid
   * @throws {TerrachipError} INVALID_INPUT for an empty area, or one outside the domain of the grid's CRS
   */
  static of(source: Iterable<CatalogRow> | Region, grid: PixelGrid, options?: SampleAreaOptions): SampleArea;
  static of(source: GeoBox, grid?: PixelGrid, options?: SampleAreaOptions): SampleArea;
  static of(
    source: Iterable<CatalogRow> | Region | GeoBox,
    pixels?: PixelGrid,
    options: SampleAreaOptions = {},
  ): SampleArea {
    const { roi, interval = TimeInterval.always } = options;
    const pixelBox = pixels === undefined ? source : pixelBoxOf(pixels);
    if (!(pixelBox instanceof GeoBox))
      throw invalidOption('grid', 'is missing', 'give a CRS and a resolution, or another grid');
    const limits = roi === undefined ? [] : [coverOf(roi, pixelBox)];
    if (source instanceof GeoBox || 'geometry' in source) {
      const region = source instanceof GeoBox ? { geometry: gridFootprint(source, 'the grid') } : source;
      const cover =
        source === pixelBox ? PixelCover.ofWindows([wholeWindow(pixelBox)]) : coverOf(region, pixelBox);
      const rowsAt = cover.windows.map(() => []);
      return new SampleArea(pixelBox, [cover, ...limits], rowsAt, interval);
    }
    const name = options.interval === undefined ? 'the catalog' : `the catalog in ${interval}`;
    const rows = [...source].filter((row) => row.interval.intersects(interval));
    if (rows.length === 0) throw invalidInput(name, 'has no rows', 'choose another place or time');
    const groups = byFootprint(rows);
    const footprints = groups.map(([first]) => first.footprint);
    const cover = PixelCover.ofShapes(footprints, Crs.wgs84, 'the catalog', pixelBox);
    if (cover === null) throw offGrid(name);
    const rowsAt = cover.shapes.map((shape) => groups[shape]);
    return new SampleArea(pixelBox, [cover, ...limits], rowsAt, extentOf(rowsAt.flat(), interval));
  }

  /** Sets of windows; each set covers the area, and its windows may overlap. */
  get windows(): readonly (readonly PixelWindow[])[] {
    return this.#covers.map(({ windows }) =>
      windows.flatMap((window) => {
        const part = intersectWindows(window, this.#origin);
        return part === null ? [] : [this.#shifted(part, -1)];
      }),
    );
  }

  /** The part of the area in windows of `geobox` that do not overlap. Chips then stay inside one window. */
  within(windows: readonly PixelWindow[]): SampleArea {
    const limit = PixelCover.ofWindows(windows.map((window) => this.#shifted(window, 1)));
    const covers = [...this.#covers, limit];
    const blocks = this.#blocks === null ? limit : commonBlocks(limit, this.#blocks);
    return new SampleArea(this.#grid, covers, this.#rowsAt, this.interval, blocks);
  }

  /** The part of the area in a region; null without overlap. */
  inRegion(roi: Region): SampleArea | null {
    const covers = [...this.#covers, coverOf(roi, this.#grid)];
    if (commonWindow(covers) === null) return null;
    return new SampleArea(this.#grid, covers, this.#rowsAt, this.interval, this.#blocks);
  }

  /** Shifts a window of `geobox` into the block that contains its middle; null if it does not fit. */
  insideBlock(window: PixelWindow): PixelWindow | null {
    if (this.blocks === null) return window;
    const { x, y, width, height } = window;
    const middle = { x: x + Math.floor(width / 2), y: y + Math.floor(height / 2), width: 1, height: 1 };
    const [k] = this.#blocks?.near(this.#shifted(middle, 1)) ?? [];
    if (k === undefined) return null;
    const block = this.blocks[k];
    if (block.width < width || block.height < height) return null;
    return {
      x: Math.max(block.x, Math.min(x, block.x + block.width - width)),
      y: Math.max(block.y, Math.min(y, block.y + block.height - height)),
      width,
      height,
    };
  }

  /** Whether a pixel of `geobox` (column, row) is in the area. */
  has(x: number, y: number): boolean {
    const { x: left, y: top } = this.#origin;
    return this.#covers.every((cover) => cover.has(x + left, y + top));
  }

  /** The number of pixels of a window of `geobox` in the area. */
  count(window: PixelWindow): number {
    let count = 0;
    for (const piece of pieces(this.#shifted(window, 1))) {
      if (!this.#isNear(piece)) continue;
      const mask = new Uint8Array(piece.width * piece.height);
      let covered = mask.length;
      for (const [k, cover] of this.#covers.entries()) {
        if (covered > 0) covered = cover.mark(piece, mask, k, k + 1);
      }
      count += covered;
    }
    return count;
  }

  /** Whether any pixel of a window of `geobox` is in the area. */
  touches(window: PixelWindow): boolean {
    if (!this.#isNear(this.#shifted(window, 1))) return false;
    // Fast path: the middle pixel of most windows is in the area.
    const { x, y, width, height } = window;
    return this.has(x + (width >> 1), y + (height >> 1)) || this.count(window) > 0;
  }

  /** Rows whose footprint covers at least a share of the area's pixels in a window. */
  rowsCovering(window: PixelWindow, share: number): CatalogRow[] {
    const wanted = share * this.count(window);
    const inGrid = this.#shifted(window, 1);
    const [footprints] = this.#covers;
    return footprints
      .near(inGrid)
      .filter((k) => {
        const count = pieces(inGrid).reduce((sum, piece) => sum + footprints.countOf(k, piece), 0);
        return count >= Math.max(1, wanted);
      })
      .flatMap((k) => this.#rowsAt[k]);
  }

  #isNear(window: PixelWindow): boolean {
    return this.#covers.every((cover) => cover.near(window).length > 0);
  }

  #shifted({ x, y, width, height }: PixelWindow, sign: 1 | -1): PixelWindow {
    return { x: x + sign * this.#origin.x, y: y + sign * this.#origin.y, width, height };
  }
}

/** Intersections of two sets of blocks. */
function commonBlocks(blocks: PixelCover, others: PixelCover): PixelCover {
  const common = blocks.windows.flatMap((block) =>
    others.near(block).flatMap((k) => intersectWindows(block, others.windows[k]) ?? []),
  );
  if (common.length === 0) throw outsideLimits();
  return PixelCover.ofWindows(common);
}

/** Windows are counted in pieces of at most so many pixels per side. */
const PIECE = 2048;

function pieces(window: PixelWindow): PixelWindow[] {
  return window.width * window.height <= PIECE ** 2 ? [window] : [...alignedTiles(window, PIECE)];
}

/** A grid that defines the alignment of pixels; it may consist of one pixel. */
function pixelBoxOf(grid: PixelGrid): GeoBox {
  if ('like' in grid) return grid.like;
  const { resolution } = grid;
  if (!(resolution > 0) || !Number.isFinite(resolution)) {
    const remedy = 'give a positive pixel size in units of the CRS';
    throw invalidOption('resolution', `cannot be ${resolution}`, remedy);
  }
  return new GeoBox(grid.crs, new Affine(resolution, 0, 0, 0, -resolution, 0), 1, 1);
}

function commonWindow(covers: readonly PixelCover[]): PixelWindow | null {
  return covers
    .map(({ window }): PixelWindow | null => window)
    .reduce((common, window) => common && window && intersectWindows(common, window));
}

function coverOf({ geometry, crs = Crs.wgs84 }: Region, grid: GeoBox): PixelCover {
  const polygons = placeOutline(geometry, Crs.parse(crs), 'the region');
  const shapes = polygons.map((polygon) => [polygon]);
  const cover = PixelCover.ofShapes(shapes, Crs.wgs84, 'the region', grid);
  if (cover === null) throw offGrid('the region');
  return cover;
}

/** The temporal extent of rows in an interval; rows without a date span all of it. */
function extentOf(rows: readonly CatalogRow[], interval: TimeInterval): TimeInterval {
  const all = rows.map((row) => row.interval).reduce((extent, other) => extent.union(other));
  return all.intersection(interval) ?? interval;
}

function offGrid(name: string): Error {
  return invalidInput(name, 'is not on the pixel grid', 'choose a grid whose CRS covers it, or other rows');
}

function outsideLimits(): Error {
  return invalidInput(
    'the region of interest',
    'is outside the area to sample',
    'choose a region that overlaps with the rows',
  );
}
