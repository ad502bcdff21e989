import {
  ControlGrid,
  createPixelMapping,
  DEFAULT_TOLERANCE,
  type GeoBox,
  type TypedArray,
} from '../../src/geo/node/index.js';
import type { Backend } from '../../src/gpu/index.js';
import {
  controlNeeds,
  type FilterScale,
  type NodataOptions,
  type Resampling,
  uploadControl,
  warp,
} from '../../src/kernels/index.js';

/** Warps a whole raster in one tile, from stored values, on a backend. */
export async function warpOn(
  backend: Backend,
  source: TypedArray,
  from: GeoBox,
  to: GeoBox,
  resampling: Resampling,
  stored: NodataOptions = {},
  scale: FilterScale = [1, 1],
): Promise<Float32Array> {
  const tile = { x: 0, y: 0, width: to.width, height: to.height };
  const { footprints, radius } = controlNeeds(resampling, scale);
  const grid = new ControlGrid(createPixelMapping(to, from), DEFAULT_TOLERANCE, 2 ** 26, footprints);
  const control = uploadControl(backend, grid.window(tile, radius));
  const values = backend.upload(source, [from.height, from.width]);
  const destination = backend.allocate([to.height, to.width], 'float32');
  warp(backend, {
    source: values,
    sourceWindow: { x: 0, y: 0, width: from.width, height: from.height },
    stored,
    control,
    tile,
    resampling,
    scale,
    destination,
  });
  const result = (await backend.download(destination)) as Float32Array;
  for (const tensor of [control.cells, control.table, values, destination]) tensor.dispose();
  return result;
}
