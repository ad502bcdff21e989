import {
  type Backend,
  ControlGrid,
  CpuBackend,
  createPixelMapping,
  evaluateExpression,
  type GeoBox,
  parseExpression,
  uploadControl,
  uploadExpression,
  WebGpuBackend,
  warp,
} from 'terrachip/kernels';

export async function warpOnce(backend: Backend, values: Float32Array, from: GeoBox, to: GeoBox) {
  using source = backend.upload(values, [from.height, from.width]);
  using destination = backend.allocate([to.height, to.width], 'float32');
  const tile = { x: 0, y: 0, width: to.width, height: to.height };
  const control = uploadControl(backend, new ControlGrid(createPixelMapping(to, from)).window(tile));
  const sourceWindow = { x: 0, y: 0, width: from.width, height: from.height };
  warp(backend, { source, sourceWindow, control, tile, resampling: 'bilinear', destination });
  return backend.download(destination);
}

export const backends = async (device: GPUDevice | null): Promise<Backend> =>
  device === null ? new CpuBackend() : WebGpuBackend.adopt(device);

export async function vegetation(backend: Backend, red: Float32Array, infrared: Float32Array) {
  using B04 = backend.upload(red);
  using B08 = backend.upload(infrared);
  using destination = backend.allocate([red.length], 'float32');
  const expression = uploadExpression(backend, parseExpression('NDVI'));
  evaluateExpression(backend, { expression, bands: { B04, B08 }, destination });
  expression.program.dispose();
  return backend.download(destination);
}
