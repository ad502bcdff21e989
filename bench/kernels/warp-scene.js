// Warps a scene with terrachip/kernels, from an array to an array, in strips.
import {
  ControlGrid,
  Crs,
  controlNeeds,
  createPixelMapping,
  GeoBox,
  uploadControl,
  warp,
} from 'terrachip/kernels';

/** Destination rows per strip. */
const ROWS = 1024;

export class WarpScene {
  #backend;
  #values;
  #mapping;
  #resampling;
  #size;
  #result;
  #alone = null;

  constructor(backend, values, from, { bounds, size }, resampling) {
    this.#backend = backend;
    this.#values = values;
    this.#mapping = createPixelMapping(GeoBox.fromSize(bounds, Crs.parse('EPSG:32632'), ...size), from);
    this.#resampling = resampling;
    this.#size = size;
    this.#result = new Float32Array(size[0] * size[1]);
  }

  /** Warps the whole scene. One strip is uploaded while the previous one is read back. */
  async run() {
    const [width, height] = this.#size;
    const grid = this.#grid();
    let arriving = Promise.resolve();
    for (let y = 0; y < height; y += ROWS) {
      const tile = { x: 0, y, width, height: Math.min(ROWS, height - y) };
      const { destination, dispose } = this.#strip(grid, tile);
      const target = this.#result.subarray(y * width, (y + tile.height) * width);
      const previous = arriving;
      arriving = this.#backend.download(destination, target).then(dispose);
      await previous;
    }
    await arriving;
  }

  #grid() {
    const { footprints } = controlNeeds(this.#resampling);
    return new ControlGrid(this.#mapping, undefined, undefined, footprints);
  }

  #strip(grid, tile) {
    const backend = this.#backend;
    const control = uploadControl(backend, grid.window(tile, controlNeeds(this.#resampling).radius));
    const { width } = this.#mapping.source;
    const reach = control.window.source ?? { y: 0, height: 1 };
    // Whole rows, so that `rows` is a view.
    const sourceWindow = { x: 0, y: reach.y, width, height: reach.height };
    const rows = this.#values.subarray(reach.y * width, (reach.y + reach.height) * width);
    const source = backend.upload(rows, [reach.height, width]);
    const destination = backend.allocate([tile.height, tile.width], 'float32');
    const resample = () =>
      warp(backend, { source, sourceWindow, control, tile, resampling: this.#resampling, destination });
    resample();
    const dispose = () => {
      for (const tensor of [source, destination, control.cells, control.table]) tensor.dispose();
    };
    return { destination, resample, dispose };
  }

  /** Prepares the kernel alone, on one strip in the middle of the scene. */
  prepareAlone() {
    const [width, height] = this.#size;
    const y = Math.floor(height / 2 / ROWS) * ROWS;
    const strip = this.#strip(this.#grid(), { x: 0, y, width, height: ROWS });
    this.#alone = strip;
    return async () => {
      strip.resample();
      await this.#backend.submit();
    };
  }

  get aloneUnit() {
    return { megapixels: (this.#size[0] * ROWS) / 1e6, bytes: 8 };
  }

  dispose() {
    this.#alone?.dispose();
  }
}
