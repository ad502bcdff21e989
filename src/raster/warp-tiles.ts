/** How the rows of a warped raster are cut into tiles. */
import {
  alignedTiles,
  type ControlGrid,
  type ControlWindow,
  type GeoBox,
  type PixelWindow,
  type RowRange,
} from '../geo/index.js';
import type { Raster } from './raster.js';

/** Destination pixels along a side of the tiles that are warped in one step. */
const TILE_SIZE = 1024;

/** Rows of the tiles of a source in strips: tiles have the width of the grid, so that few rows are read twice. */
const WIDE_TILE_ROWS = 256;

/** A tile with a larger source window is cut in four. */
const MAX_SOURCE_PIXELS = 4 * 2 ** 20;
const SMALLEST_TILE = 1;

/** A part of the destination that is warped in one step. */
export interface Tile {
  readonly window: PixelWindow;
  readonly control: ControlWindow;
}

/** The tiles of a destination grid, aligned to multiples of their size. */
export class WarpTiles {
  /** Width and height of tiles. */
  readonly size: readonly [width: number, height: number];
  readonly #geobox: GeoBox;
  readonly #grid: ControlGrid;
  readonly #radius: number;

  /** @param radius source pixels that a kernel reads around a position */
  constructor(raster: Raster, geobox: GeoBox, grid: ControlGrid, radius: number) {
    this.#geobox = geobox;
    this.#grid = grid;
    this.#radius = radius;
    this.size = this.#chooseSize(raster);
  }

  /** The tiles of some rows, from top to bottom. */
  of(rows: RowRange): Tile[] {
    const window = { x: 0, y: rows.start, width: this.#geobox.width, height: rows.end - rows.start };
    return [...alignedTiles(window, ...this.size)].flatMap((tile) => this.#split(tile));
  }

  /** As wide as the grid if this reads fewer rows of a source whose strips have its full width. */
  #chooseSize(raster: Raster): readonly [number, number] {
    const { width, height } = this.#geobox;
    const square = [TILE_SIZE, TILE_SIZE] as const;
    if (raster.blockSize[0] < raster.width || width <= TILE_SIZE) return square;
    const y = Math.floor(height / 2);
    const rowsUnder = (x: number, columns: number, rows: number): number => {
      const window = { x, y, width: columns, height: Math.min(rows, height - y) };
      return (this.#grid.window(window, this.#radius).source?.height ?? 0) / window.height;
    };
    const columns = Math.ceil(width / TILE_SIZE);
    const squares = columns * rowsUnder(Math.floor((width - TILE_SIZE) / 2), TILE_SIZE, TILE_SIZE);
    return rowsUnder(0, width, WIDE_TILE_ROWS) < squares ? [width, WIDE_TILE_ROWS] : square;
  }

  /** The tile with its control grid, or its quarters if its source window is too large. */
  #split(window: PixelWindow): Tile[] {
    const control = this.#grid.window(window, this.#radius);
    const { source } = control;
    const small = window.width <= SMALLEST_TILE && window.height <= SMALLEST_TILE;
    if (source === null || source.width * source.height <= MAX_SOURCE_PIXELS || small)
      return [{ window, control }];
    const size = Math.max(SMALLEST_TILE, Math.ceil(Math.max(window.width, window.height) / 2));
    const tiles: Tile[] = [];
    for (let y = 0; y < window.height; y += size) {
      for (let x = 0; x < window.width; x += size) {
        const width = Math.min(size, window.width - x);
        const height = Math.min(size, window.height - y);
        tiles.push(...this.#split({ x: window.x + x, y: window.y + y, width, height }));
      }
    }
    return tiles;
  }
}
