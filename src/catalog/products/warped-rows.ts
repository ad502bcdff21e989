import type { GeoBox } from '../../geo/index.js';
import type { Backend, DeviceTensor } from '../../gpu/index.js';
import type { Resampling } from '../../kernels/index.js';
import { DeclaredRaster } from '../../raster/declared.js';
import { type BlockCache, WarpedRaster } from '../../raster/index.js';
import type { OpenAsset } from '../loaders/options.js';
import type { ProductFile } from './description.js';

/** Rows that are warped in one step. */
const ROWS = 512;

export interface WarpedRowsContext {
  readonly grid: GeoBox;
  readonly backend: Backend;
  readonly cache: BlockCache;
  readonly open: OpenAsset;
  readonly overview: 'auto' | 'none';
  readonly signal?: AbortSignal;
}

export interface ReadRowsOptions {
  readonly resampling: Resampling;
  /** Band number of the file, from 1 (default 1). */
  readonly band?: number;
  /** Changes stored values before they are resampled. */
  readonly prepare?: ((backend: Backend, values: DeviceTensor) => void) | null;
  /** Changes what was resampled. */
  readonly finish?: ((backend: Backend, values: DeviceTensor) => void) | null;
}

/** Files of a product on one grid, some rows at a time, all in the memory of one plane. */
export class WarpedRows {
  readonly grid: GeoBox;
  readonly #context: WarpedRowsContext;
  readonly #plane: DeviceTensor;

  constructor(context: WarpedRowsContext) {
    const { grid, backend } = context;
    this.grid = grid;
    this.#context = context;
    this.#plane = backend.allocate([Math.min(ROWS, grid.height), grid.width], 'float32');
  }

  /**
   * Reads a file's band in stored units.
   * @param visit gets values of some rows, NaN for no data, and the place of the first in the grid's pixels
   */
  async read(
    file: Pick<ProductFile, 'href' | 'nodata' | 'invalid' | 'geobox'>,
    { resampling, band = 1, prepare = null, finish = null }: ReadRowsOptions,
    visit: (values: Float32Array, first: number) => void,
  ): Promise<void> {
    const { grid, backend, cache, open, overview, signal } = this.#context;
    const opened = await open(file.href, { cache, ...(signal && { signal }) });
    try {
      const raster = new DeclaredRaster(opened, {
        ...(file.nodata === null ? {} : { nodata: file.nodata }),
        invalid: file.invalid,
        ...(file.geobox === null ? {} : { geobox: file.geobox }),
      });
      const warped = new WarpedRaster(backend, raster, {
        geobox: grid,
        resampling,
        bands: [band],
        overview,
        unscale: false,
        prepare,
      });
      for (let start = 0; start < grid.height; start += ROWS) {
        const end = Math.min(grid.height, start + ROWS);
        await warped.readRows({ start, end }, [this.#plane], start, signal);
        finish?.(backend, this.#plane);
        const values = await backend.download(this.#plane);
        visit(Float32Array.from(values.subarray(0, (end - start) * grid.width)), start * grid.width);
      }
    } finally {
      await opened.close();
    }
  }

  dispose(): void {
    this.#plane.dispose();
  }
}
