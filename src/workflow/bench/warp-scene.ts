/** A warp of a whole scene by its kernel, from an array to an array, in strips. */
import {
  type Bounds,
  ControlGrid,
  Crs,
  createPixelMapping,
  GeoBox,
  type PixelMapping,
  type PixelWindow,
} from '../../geo/index.js';
import type { Backend, DeviceTensor } from '../../gpu/index.js';
import { controlNeeds, type Resampling, uploadControl, warp } from '../../kernels/index.js';
import type { KernelUnit } from './pixel-kernels.js';

/** Destination rows of a strip. */
const ROWS = 1024;

/** The grid of a scene in EPSG:32632. */
export interface SceneGrid {
  readonly bounds: Bounds;
  /** Width and height in pixels. */
  readonly size: readonly [number, number];
}

interface WarpedStrip extends Disposable {
  readonly destination: DeviceTensor<'float32'>;
  resample(): void;
}

export class WarpScene implements Disposable {
  readonly #backend: Backend;
  readonly #values: Float32Array;
  readonly #mapping: PixelMapping;
  readonly #resampling: Resampling;
  readonly #size: readonly [number, number];
  readonly #result: Float32Array;
  #alone: WarpedStrip | null = null;

  /** @param values of the source, on the grid `from` */
  constructor(
    backend: Backend,
    values: Float32Array,
    from: GeoBox,
    { bounds, size }: SceneGrid,
    resampling: Resampling,
  ) {
    this.#backend = backend;
    this.#values = values;
    this.#mapping = createPixelMapping(GeoBox.fromSize(bounds, Crs.parse('EPSG:32632'), ...size), from);
    this.#resampling = resampling;
    this.#size = size;
    this.#result = new Float32Array(size[0] * size[1]);
  }

  /** Warps the whole scene. One strip is uploaded while the previous one is read back. */
  async run(): Promise<void> {
    const [width, height] = this.#size;
    const grid = this.#grid();
    let arriving: Promise<void> = Promise.resolve();
    for (let y = 0; y < height; y += ROWS) {
      const tile = { x: 0, y, width, height: Math.min(ROWS, height - y) };
      const strip = this.#strip(grid, tile);
      const target = this.#result.subarray(y * width, (y + tile.height) * width);
      const previous = arriving;
      arriving = this.#backend.download(strip.destination, target).then(() => strip[Symbol.dispose]());
      await previous;
    }
    await arriving;
  }

  #grid(): ControlGrid {
    const { footprints } = controlNeeds(this.#resampling);
    return new ControlGrid(this.#mapping, undefined, undefined, footprints);
  }

  #strip(grid: ControlGrid, tile: PixelWindow): WarpedStrip {
    const backend = this.#backend;
    const resampling = this.#resampling;
    const control = uploadControl(backend, grid.window(tile, controlNeeds(resampling).radius));
    const { width } = this.#mapping.source;
    const reach = control.window.source ?? { y: 0, height: 1 };
    // Whole rows, so that `rows` is a view.
    const sourceWindow = { x: 0, y: reach.y, width, height: reach.height };
    const rows = this.#values.subarray(reach.y * width, (reach.y + reach.height) * width);
    const source = backend.upload(rows, [reach.height, width]);
    const destination = backend.allocate([tile.height, tile.width], 'float32');
    const resample = (): void =>
      warp(backend, { source, sourceWindow, control, tile, resampling, destination });
    resample();
    return {
      destination,
      resample,
      [Symbol.dispose]: () => {
        for (const tensor of [source, destination, control.cells, control.table]) tensor.dispose();
      },
    };
  }

  /** Prepares the kernel alone, on a strip in the middle of the scene. */
  prepareAlone(): () => Promise<void> {
    const [width] = this.#size;
    const height = this.#aloneRows;
    const y = Math.floor((this.#size[1] - height) / 2);
    const strip = this.#strip(this.#grid(), { x: 0, y, width, height });
    this.#alone = strip;
    return async () => {
      strip.resample();
      await this.#backend.submit();
    };
  }

  get aloneUnit(): KernelUnit {
    return { megapixels: (this.#size[0] * this.#aloneRows) / 1e6, bytes: 8 };
  }

  get #aloneRows(): number {
    return Math.min(ROWS, this.#size[1]);
  }

  [Symbol.dispose](): void {
    this.#alone?.[Symbol.dispose]();
  }
}
