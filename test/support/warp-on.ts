import { ControlGrid, createPixelMapping, type GeoBox, type TypedArray } from '../../src/geo/node/index.js';
import type { Backend } from '../../src/gpu/index.js';
import {
  type NodataOptions,
  nodataToNaN,
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
  nodata: NodataOptions = {},
): Promise<Float32Array> {
  const tile = { x: 0, y: 0, width: to.width, height: to.height };
  const control = uploadControl(backend, new ControlGrid(createPixelMapping(to, from)).window(tile));
  const stored = backend.upload(source, [from.height, from.width]);
  const values = nodataToNaN(backend, stored, nodata);
  const destination = backend.allocate([to.height, to.width], 'float32');
  warp(backend, {
    source: values,
    sourceWindow: { x: 0, y: 0, width: from.width, height: from.height },
    control,
    tile,
    resampling,
    destination,
  });
  const result = (await backend.download(destination)) as Float32Array;
  for (const tensor of [control.cells, control.table, stored, values, destination]) tensor.dispose();
  return result;
}
