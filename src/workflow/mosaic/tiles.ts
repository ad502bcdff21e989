/** The pixels of a mosaic, tile by tile, and by rows of tiles. */
import { LoadPlan } from '../../catalog/loaders/plan.js';
import { StripReducer } from '../../catalog/loaders/reduce.js';
import type { ReducedLayers } from '../../catalog/loaders/reduced-layers.js';
import type { SourceOptions } from '../../catalog/node/index.js';
import { type Dtype, type GeoBox, type PixelWindow, unitRows } from '../../geo/index.js';
import type { MosaicMethod } from '../../kernels/index.js';
import { type OperationOptions, reportProgress } from '../../progress.js';
import type { GridStrip } from '../../raster/node/index.js';
import { mayExceedFloat32 } from '../../raster/warp-source.js';
import type { StripSource } from '../stream-rows.js';
import { type PlacedRow, rowsOfTile, tilesOf } from './plan.js';

type Floats = Float32Array | Float64Array;

/** Values of a tile: a plane for each layer, then the counts if they are wanted. NaN for no data. */
export interface MosaicTile {
  readonly window: PixelWindow;
  readonly values: readonly Floats[];
}

export interface TileOptions {
  readonly grid: GeoBox;
  /** In the order of the reduction. */
  readonly rows: readonly PlacedRow[];
  readonly tile: number;
  readonly method: MosaicMethod;
  readonly dtype: Dtype;
  readonly reduced: ReducedLayers;
  /** Whether bands are read one by one. */
  readonly byBand: boolean;
  readonly loading: SourceOptions;
}

/** Sources are open only while a tile that they reach is computed. */
export class MosaicTiles implements StripSource {
  readonly #options: TileOptions;
  readonly #progress: OperationOptions;

  constructor(options: TileOptions, progress: OperationOptions) {
    this.#options = options;
    this.#progress = progress;
  }

  /** All tiles, row by row. */
  async *tiles(signal?: AbortSignal): AsyncGenerator<MosaicTile> {
    const { grid, tile } = this.#options;
    const windows = tilesOf(grid, tile);
    for (const [k, window] of windows.entries()) {
      signal?.throwIfAborted();
      yield { window, values: await this.#read(window, signal) };
      reportProgress(this.#progress, 'mosaic', k + 1, windows.length, 'tiles');
    }
  }

  async *strips(signal?: AbortSignal): AsyncGenerator<GridStrip<Floats>> {
    const { grid, tile } = this.#options;
    const { width, height } = grid;
    const tiles = this.tiles(signal);
    // One is written while the next is computed.
    const length = Math.min(tile, height) * width;
    const buffers = [this.#planes(length), this.#planes(length)];
    for (const [k, rows] of unitRows(height, tile).entries()) {
      const values = buffers[k % 2].map((plane) => plane.subarray(0, (rows.end - rows.start) * width));
      for (let x = 0; x < width; x += tile) {
        const { value: part } = await tiles.next();
        if (part === undefined) break;
        const { window } = part;
        for (const [layer, plane] of part.values.entries()) {
          for (let y = 0; y < window.height; y++) {
            const line = plane.subarray(y * window.width, (y + 1) * window.width);
            values[layer].set(line, y * width + window.x);
          }
        }
      }
      yield { rows, values };
    }
    // The last tile is reported when it is taken.
    await tiles.next();
  }

  async #read(window: PixelWindow, signal?: AbortSignal): Promise<readonly Floats[]> {
    const { grid, rows, method, dtype, reduced, byBand, loading } = this.#options;
    const { x, y, width, height } = window;
    const result = this.#planes(width * height);
    const members = rowsOfTile(rows, window);
    if (members.length === 0) {
      for (const [layer, plane] of result.entries())
        plane.fill(layer === reduced.layers.length || method === 'count' ? 0 : Number.NaN);
      return result;
    }
    const plan = await LoadPlan.make(
      members.map(({ row }) => row),
      grid.window(x, y, width, height),
      { ...loading, order: 'given', allowEmpty: true, signal },
      byBand,
    );
    const reducer = new StripReducer(plan, method, dtype, plan.sources, reduced);
    try {
      for (const part of unitRows(height, reducer.rows)) {
        signal?.throwIfAborted();
        const planes = await reducer.read(part, signal);
        for (const [layer, plane] of planes.entries()) result[layer].set(plane, part.start * width);
      }
    } finally {
      reducer.dispose();
      await plan.dispose();
    }
    return result;
  }

  #planes(length: number): Floats[] {
    const { dtype, reduced } = this.#options;
    const count = reduced.layers.length + (reduced.count ? 1 : 0);
    return Array.from({ length: count }, () =>
      mayExceedFloat32({ dtype }) ? new Float64Array(length) : new Float32Array(length),
    );
  }
}
