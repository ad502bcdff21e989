import type { GeoBox } from '../geobox.js';
import type { PixelMapping } from '../pixel-mapping.js';
import { intersectWindows, type PixelWindow, padWindow, unionWindows } from '../windows.js';
import { prepareBlock } from './block.js';
import { BLOCK_LOG2, BLOCK_SIZE, CELL_WORDS, type ControlBlock, reachWithin, TABLE_WORDS } from './cells.js';

/** The default tolerance in source pixels (GDAL: 0.125 by default, 0 in exact mode). */
export const DEFAULT_TOLERANCE = 0.002;

/** Bytes of windows that are kept: sources that share a grid ask for the same ones in turn. */
const KEPT_WINDOW_BYTES = 8 * 2 ** 20;

/** The blocks under a window, packed for a kernel. */
export interface ControlWindow {
  readonly cells: Int32Array;
  /** `TABLE_WORDS` words per block, row by row. */
  readonly table: Int32Array;
  /** First block column and row, and the number of block columns. */
  readonly blockX: number;
  readonly blockY: number;
  readonly blockColumns: number;
  /** Whether pixel corners are available too. */
  readonly footprints: boolean;
  /**
   * The source pixels that the window may read, clipped to the source; null if none. The columns of a source with 360° of
   * longitude continue beyond both edges: -1 is the last column.
   */
  readonly source: PixelWindow | null;
}

/** Source positions of destination pixels in fixed point. Blocks are prepared in float64 at the first request. */
export class ControlGrid {
  readonly mapping: PixelMapping;
  readonly tolerance: number;
  readonly footprints: boolean;
  readonly #blocks = new Map<number, ControlBlock>();
  readonly #maxCachedBytes: number;
  readonly #windows = new Map<string, ControlWindow>();
  #cachedBytes = 0;
  #windowBytes = 0;

  /**
   * @param tolerance largest error in source pixels (default 0.002)
   * @param maxCachedBytes limit on the memory of prepared blocks; the oldest are dropped (default 16 MiB, which are
   *   many rows of 10 KiB a block)
   * @param footprints whether kernels need pixel corners beside the centres (default false)
   */
  constructor(
    mapping: PixelMapping,
    tolerance = DEFAULT_TOLERANCE,
    maxCachedBytes = 16 * 2 ** 20,
    footprints = false,
  ) {
    this.mapping = mapping;
    this.tolerance = tolerance;
    this.footprints = footprints;
    this.#maxCachedBytes = maxCachedBytes;
  }

  /** The block at a block column and row; prepared at the first request. */
  block(blockX: number, blockY: number): ControlBlock {
    const key = blockY * 2 ** 23 + blockX;
    const known = this.#blocks.get(key);
    if (known !== undefined) return known;
    const block = prepareBlock(
      this.mapping,
      blockX * BLOCK_SIZE,
      blockY * BLOCK_SIZE,
      this.tolerance,
      this.footprints,
    );
    this.#blocks.set(key, block);
    this.#cachedBytes += block.cells.byteLength;
    for (const [oldKey, old] of this.#blocks) {
      if (this.#cachedBytes <= this.#maxCachedBytes || oldKey === key) break;
      this.#blocks.delete(oldKey);
      this.#cachedBytes -= old.cells.byteLength;
    }
    return block;
  }

  /**
   * The blocks under a window of destination pixels, packed for a kernel. Its arrays are shared: they must not be changed.
   * @param radius pixels around a position that the resampling reads (default 1)
   */
  window(window: PixelWindow, radius = 1): ControlWindow {
    const { x, y, width, height } = window;
    const key = `${x} ${y} ${width} ${height} ${radius}`;
    const known = this.#windows.get(key);
    if (known !== undefined) return known;
    const made = this.#pack(window, radius);
    this.#windows.set(key, made);
    this.#windowBytes += bytesOf(made);
    for (const [oldKey, old] of this.#windows) {
      if (this.#windowBytes <= KEPT_WINDOW_BYTES) break;
      this.#windows.delete(oldKey);
      this.#windowBytes -= bytesOf(old);
    }
    return made;
  }

  #pack(window: PixelWindow, radius: number): ControlWindow {
    const blockX = window.x >> BLOCK_LOG2;
    const blockY = window.y >> BLOCK_LOG2;
    const blockColumns = ((window.x + window.width - 1) >> BLOCK_LOG2) - blockX + 1;
    const blockRows = ((window.y + window.height - 1) >> BLOCK_LOG2) - blockY + 1;
    const blocks: ControlBlock[] = [];
    for (let j = 0; j < blockRows; j++) {
      for (let i = 0; i < blockColumns; i++) blocks.push(this.block(blockX + i, blockY + j));
    }
    const cells = new Int32Array(blocks.reduce((sum, b) => sum + b.cells.length, 0));
    const table = new Int32Array(blocks.length * TABLE_WORDS);
    let offset = 0;
    let reach: PixelWindow | null = null;
    for (const [k, block] of blocks.entries()) {
      const part = intersectWindows(window, {
        x: (blockX + (k % blockColumns)) * BLOCK_SIZE,
        y: (blockY + Math.floor(k / blockColumns)) * BLOCK_SIZE,
        width: BLOCK_SIZE,
        height: BLOCK_SIZE,
      });
      cells.set(block.cells, offset);
      table.set([offset / CELL_WORDS, block.cellLog2, block.fractionBits, 0], k * TABLE_WORDS);
      offset += block.cells.length;
      const blockReach = part === null ? null : this.#reach(block, part);
      if (blockReach !== null) reach = unionWindows(reach, padWindow(blockReach, radius - 1));
    }
    const { turn, source: box } = this.mapping;
    const around = turnColumns(box, turn);
    const readable = { x: -around, y: 0, width: box.width + 2 * around, height: box.height };
    const source = reach === null ? null : intersectWindows(reach, readable);
    return { cells, table, blockX, blockY, blockColumns, footprints: this.footprints, source };
  }

  /** The source pixels that a part of a block may read. */
  #reach(block: ControlBlock, part: PixelWindow): PixelWindow | null {
    const whole = part.width === BLOCK_SIZE && part.height === BLOCK_SIZE;
    if (block.reach === null || (whole && !this.footprints)) return block.reach;
    const corner = { ...part, x: part.x & (BLOCK_SIZE - 1), y: part.y & (BLOCK_SIZE - 1) };
    return reachWithin(block, corner, this.footprints ? 0.5 : 0);
  }
}

function bytesOf({ cells, table }: ControlWindow): number {
  return cells.byteLength + table.byteLength;
}

/** The control grids of a job. Sources of one grid share one: bands in files of their own, and the phases of a scene. */
export class ControlGrids {
  readonly #grids = new Map<string, ControlGrid>();

  /** The control grid of a mapping, with tolerance and footprints as in `ControlGrid`. */
  of(mapping: PixelMapping, tolerance: number, footprints: boolean): ControlGrid {
    const { destination, source } = mapping;
    const key = JSON.stringify([destination.toJSON(), source.toJSON(), tolerance, footprints]);
    const grid = this.#grids.get(key) ?? new ControlGrid(mapping, tolerance, undefined, footprints);
    this.#grids.set(key, grid);
    return grid;
  }
}

/** Columns of a source with 360° of longitude after which it repeats; 0 for other sources. */
export function turnColumns({ width }: GeoBox, turn: number): number {
  const columns = Math.round(turn);
  return columns > 0 && columns <= width && Math.abs(turn - columns) < ON_COLUMN ? columns : 0;
}

/** Largest distance of a turn to whole columns. */
const ON_COLUMN = 1e-3;
