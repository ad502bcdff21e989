// A small warp with gaps from one UTM zone to the next, for Node and the page.
import {
  Affine,
  ControlGrid,
  controlNeeds,
  createPixelMapping,
  GeoBox,
  uploadControl,
  warp,
} from 'terrachip/kernels';

const from = new GeoBox(32631, new Affine(10, 0, 716_000, 0, -10, 5_499_000), 200, 160);
// Finer, rotated by the angle between the zones, and larger than a block of the control grid.
const to = GeoBox.fromBounds(from.bounds, 32632, 7, { boundsCrs: 32631 });

/** Smooth values with noise, single gaps and a large gap. */
export const values = Float32Array.from({ length: from.width * from.height }, (_, i) => {
  const x = i % from.width;
  const y = Math.floor(i / from.width);
  const isGap = (7 * x + 13 * y) % 61 === 0 || (x > 90 && x < 120 && y > 40 && y < 75);
  return isGap ? Number.NaN : (32 * x - 48 * y + ((x * 7919 + y * 104_729) % 1024)) / 64;
});

/**
 * @param {import('terrachip/kernels').Backend} backend
 * @param {import('terrachip/kernels').Resampling} resampling
 */
export async function runCase(backend, resampling) {
  const tile = { x: 0, y: 0, width: to.width, height: to.height };
  const { radius, footprints } = controlNeeds(resampling);
  const grid = new ControlGrid(createPixelMapping(to, from), undefined, undefined, footprints);
  const control = uploadControl(backend, grid.window(tile, radius));
  const source = backend.upload(values, [from.height, from.width]);
  const destination = backend.allocate([to.height, to.width], 'float32');
  const sourceWindow = { x: 0, y: 0, width: from.width, height: from.height };
  warp(backend, { source, sourceWindow, control, tile, resampling, destination });
  const result = await backend.download(destination);
  for (const tensor of [control.cells, control.table, source, destination]) tensor.dispose();
  return result;
}
