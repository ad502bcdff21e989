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
import { intersectWindows } from '../../geo/windows.js';
import { gridFootprint } from '../grid-footprint.js';
import { type Place, placeOutline } from '../place.js';
import type { CatalogRow } from '../row.js';
import { PixelCover } from './cover.js';
import { byFootprint } from './footprints.js';

/** A place on the ground. */
export interface Region {
  /** Bounds, polygons or a GeoJSON geometry, in coordinates of `crs`. */
  readonly geometry: Place;
  /** Default: longitude and latitude on WGS 84. */
  readonly crs?: CrsLike;
}

/** The pixel grid to sample on: whole multiples of a resolution in a CRS, or the pixels of another grid. */
export type PixelGrid =
  | { readonly crs: CrsLike /** In units of the CRS. */; readonly resolution: number }
  | { readonly like: GeoBox };

/** Where and when chips are drawn. */
export interface SampleAreaOptions {
  /** Only what lies in this region. */
  roi?: Region;
  /** Only rows that overlap with this time; chips then carry the part of it that rows have. */
  interval?: TimeInterval;
}

/**
 * Where chips may come from: the union of footprints, a region, or a grid, as pixels of one grid. However many
 * rows cover a place, it counts once.
 */
export class SampleArea {
  /** The smallest part of the pixel grid around the area. */
  readonly geobox: GeoBox;
  /** The rows that it was made from: none for regions and grids. */
  readonly rows: readonly CatalogRow[];
  /** The time that its rows span. */
  readonly interval: TimeInterval;
  /** The windows that `within` limited it to, whole: they may reach beyond `geobox`; null for none. */
  readonly blocks: readonly PixelWindow[] | null;
  readonly #grid: GeoBox;
  readonly #cover: PixelCover;
  /** What else a pixel must lie in: the region of interest, and the blocks of a fold. */
  readonly #limits: readonly PixelCover[];
  /** The rows of each window of the cover. */
  readonly #rowsAt: readonly (readonly CatalogRow[])[];
  readonly #origin: PixelWindow;
  readonly #blocks: PixelCover | null;

  private constructor(
    grid: GeoBox,
    cover: PixelCover,
    limits: readonly PixelCover[],
    rowsAt: readonly (readonly CatalogRow[])[],
    interval: TimeInterval,
    blocks: PixelCover | null = null,
  ) {
    const window = commonWindow([cover, ...limits]);
    if (window === null) throw outsideLimits();
    this.#grid = grid;
    this.#cover = cover;
    this.#limits = limits;
    this.#rowsAt = rowsAt;
    this.#origin = window;
    this.geobox = grid.window(window.x, window.y, window.width, window.height);
    this.interval = interval;
    this.rows = rowsAt.flat();
    this.#blocks = blocks;
    this.blocks = blocks?.windows.map((block) => this.#shifted(block, -1)) ?? null;
  }

  /**
   * @param source rows (a catalog is some), a region, or a grid
   * @param grid the pixels to sample on; default: those of a grid
   * @throws {TerrachipError} INVALID_INPUT for an area that is empty, or leaves the domain of the grid's CRS
   */
  static of(source: Iterable<CatalogRow> | Region, grid: PixelGrid, options?: SampleAreaOptions): SampleArea;
  static of(source: GeoBox, grid?: PixelGrid, options?: SampleAreaOptions): SampleArea;
  static of(
    source: Iterable<CatalogRow> | Region | GeoBox,
    pixels?: PixelGrid,
    options: SampleAreaOptions = {},
  ): SampleArea {
    const { roi, interval = TimeInterval.always } = options;
    if (source instanceof GeoBox && pixels === undefined) {
      const { width, height } = source;
      const cover = PixelCover.ofWindows([{ x: 0, y: 0, width, height }]);
      return new SampleArea(source, cover, limitsOf(roi, source), [[]], interval);
    }
    if (pixels === undefined)
      throw invalidOption('grid', 'is missing', 'give a CRS and a resolution, or another grid');
    const grid = gridOf(pixels);
    const limits = limitsOf(roi, grid);
    if (source instanceof GeoBox || 'geometry' in source) {
      const region = source instanceof GeoBox ? { geometry: gridFootprint(source, 'the grid') } : source;
      const cover = coverOf(region, grid);
      const rowsAt = cover.windows.map(() => []);
      return new SampleArea(grid, cover, limits, rowsAt, interval);
    }
    const rows = [...source].filter((row) => row.interval.intersects(interval));
    const places = byFootprint(rows);
    const footprints = places.map(([first]) => first.footprint);
    const cover =
      places.length === 0 ? null : PixelCover.ofShapes(footprints, Crs.wgs84, 'the catalog', grid);
    const name = options.interval === undefined ? 'the catalog' : `the catalog in ${interval}`;
    if (rows.length === 0) throw invalidInput(name, 'has no rows', 'choose another place or time');
    if (cover === null) throw nothing(name);
    const rowsAt = cover.shapes.map((shape) => places[shape]);
    return new SampleArea(grid, cover, limits, rowsAt, extentOf(rowsAt.flat(), interval));
  }

  /** Sets of windows, each of which together holds the area; they may overlap. */
  get windows(): readonly (readonly PixelWindow[])[] {
    return [this.#cover, ...this.#limits].map((cover) => this.#windowsOf(cover));
  }

  /** What of the area lies in some windows of `geobox`, which do not overlap; chips then stay inside of one. */
  within(windows: readonly PixelWindow[]): SampleArea {
    const limit = PixelCover.ofWindows(windows.map((window) => this.#shifted(window, 1)));
    const limits = [...this.#limits, limit];
    const blocks = this.#blocks === null ? limit : commonBlocks(limit, this.#blocks);
    return new SampleArea(this.#grid, this.#cover, limits, this.#rowsAt, this.interval, blocks);
  }

  /** What of the area lies in a region; null for nothing. */
  inRegion(roi: Region): SampleArea | null {
    const limits = [...this.#limits, coverOf(roi, this.#grid)];
    if (commonWindow([this.#cover, ...limits]) === null) return null;
    return new SampleArea(this.#grid, this.#cover, limits, this.#rowsAt, this.interval, this.#blocks);
  }

  /** A window of `geobox` shifted to lie inside of the block that its middle lies in; null where it has no room. */
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

  /** Whether a pixel of `geobox` (column, row) belongs to the area. */
  has(x: number, y: number): boolean {
    const { x: left, y: top } = this.#origin;
    return [this.#cover, ...this.#limits].every((cover) => cover.has(x + left, y + top));
  }

  /** How many pixels of a window of `geobox` belong to the area. */
  count(window: PixelWindow): number {
    let count = 0;
    for (const piece of pieces(this.#shifted(window, 1))) {
      if (!this.#isNear(piece)) continue;
      const mask = new Uint8Array(piece.width * piece.height);
      let covered = this.#cover.mark(piece, mask, 0, 1);
      for (const [k, limit] of this.#limits.entries()) {
        if (covered > 0) covered = limit.mark(piece, mask, k + 1, k + 2);
      }
      count += covered;
    }
    return count;
  }

  /** Whether any pixel of a window of `geobox` belongs to the area. */
  touches(window: PixelWindow): boolean {
    if (!this.#isNear(this.#shifted(window, 1))) return false;
    // Most windows near an area have it in their middle, which is found at once.
    const { x, y, width, height } = window;
    return this.has(x + (width >> 1), y + (height >> 1)) || this.count(window) > 0;
  }

  /** Rows whose own footprint covers at least a share of a window's pixels of the area. */
  rowsCovering(window: PixelWindow, share: number): CatalogRow[] {
    const wanted = share * this.count(window);
    const place = this.#shifted(window, 1);
    return this.#cover
      .near(place)
      .filter((k) => {
        const count = pieces(place).reduce((sum, piece) => sum + this.#cover.countOf(k, piece), 0);
        return count >= Math.max(1, wanted);
      })
      .flatMap((k) => this.#rowsAt[k]);
  }

  #windowsOf({ windows }: PixelCover): PixelWindow[] {
    return windows.flatMap((window) => {
      const part = intersectWindows(window, this.#origin);
      return part === null ? [] : [this.#shifted(part, -1)];
    });
  }

  #isNear(window: PixelWindow): boolean {
    return [this.#cover, ...this.#limits].every((cover) => cover.near(window).length > 0);
  }

  #shifted({ x, y, width, height }: PixelWindow, sign: 1 | -1): PixelWindow {
    return { x: x + sign * this.#origin.x, y: y + sign * this.#origin.y, width, height };
  }
}

/** Where blocks lie in those that they are cut from. */
function commonBlocks(blocks: PixelCover, others: PixelCover): PixelCover {
  const common = blocks.windows.flatMap((block) =>
    others.near(block).flatMap((k) => intersectWindows(block, others.windows[k]) ?? []),
  );
  if (common.length === 0) throw outsideLimits();
  return PixelCover.ofWindows(common);
}

/** Windows are counted in pieces of at most so many pixels a side. */
const PIECE = 2048;

function pieces(window: PixelWindow): PixelWindow[] {
  return window.width * window.height <= PIECE ** 2 ? [window] : [...alignedTiles(window, PIECE)];
}

/** One pixel of the grid, from which all others are counted. */
export function gridOf(grid: PixelGrid): GeoBox {
  if ('like' in grid) return grid.like;
  const { resolution } = grid;
  if (!(resolution > 0) || !Number.isFinite(resolution))
    throw invalidOption(
      'resolution',
      `cannot be ${resolution}`,
      'give a positive pixel size in units of the CRS',
    );
  return new GeoBox(grid.crs, new Affine(resolution, 0, 0, 0, -resolution, 0), 1, 1);
}

function commonWindow(covers: readonly PixelCover[]): PixelWindow | null {
  return covers
    .map(({ window }): PixelWindow | null => window)
    .reduce((common, window) => common && window && intersectWindows(common, window));
}

function limitsOf(roi: Region | undefined, grid: GeoBox): PixelCover[] {
  return roi === undefined ? [] : [coverOf(roi, grid)];
}

function coverOf({ geometry, crs }: Region, grid: GeoBox): PixelCover {
  const polygons = placeOutline(geometry, crs === undefined ? Crs.wgs84 : Crs.parse(crs), 'the region');
  const shapes = polygons.map((polygon) => [polygon]);
  const cover = PixelCover.ofShapes(shapes, Crs.wgs84, 'the region', grid);
  if (cover === null) throw nothing('the region');
  return cover;
}

/** What rows span of an interval; rows without a date span all of it. */
function extentOf(rows: readonly CatalogRow[], interval: TimeInterval): TimeInterval {
  const all = rows.map((row) => row.interval).reduce((extent, other) => extent.union(other));
  return all.intersection(interval) ?? interval;
}

function nothing(name: string): Error {
  return invalidInput(
    name,
    'has no place on the pixel grid',
    'choose a grid whose CRS covers it, or other rows',
  );
}

function outsideLimits(): Error {
  return invalidInput(
    'the region of interest',
    'lies outside of all that could be sampled',
    'choose a region that overlaps with the rows',
  );
}
