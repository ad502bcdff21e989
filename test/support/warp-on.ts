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

/** Control grids by destination: tests warp onto one grid by many resamplings. */
const grids = new WeakMap<GeoBox, { from: GeoBox; footprints: boolean; grid: ControlGrid }[]>();

function controlGrid(to: GeoBox, from: GeoBox, footprints: boolean): ControlGrid {
  const made = grids.get(to) ?? [];
  const same = made.find((entry) => entry.from === from && entry.footprints === footprints);
  if (same !== undefined) return same.grid;
  const grid = new ControlGrid(createPixelMapping(to, from), DEFAULT_TOLERANCE, 2 ** 26, footprints);
  grids.set(to, [...made, { from, footprints, grid }]);
  return grid;
}

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
  const control = uploadControl(backend, controlGrid(to, from, footprints).window(tile, radius));
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
