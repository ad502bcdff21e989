// Resamples a raster onto another grid, on the CPU or on a GPU device of your own.
//
//   node examples/warp.js [webgpu]
import {
  Affine,
  ControlGrid,
  CpuBackend,
  createPixelMapping,
  GeoBox,
  requestNodeAdapter,
  uploadControl,
  WebGpuBackend,
  warp,
} from 'terrachip/kernels';

// Elevations in UTM zone 31: 100 × 80 pixels of 10 m that rise by 1 m a column and 0.1 m a row.
const from = new GeoBox(32631, new Affine(10, 0, 697_000, 0, -10, 5_000_400), 100, 80);
const elevations = Float32Array.from(
  { length: from.width * from.height },
  (_, i) => (i % from.width) + 0.1 * Math.floor(i / from.width),
);
// A lake of nodata: NaN is nodata in all kernels.
elevations.fill(Number.NaN, 40 * from.width + 30, 40 * from.width + 45);

// The destination grid in UTM zone 32, rotated by about five degrees against zone 31.
const to = new GeoBox(32632, new Affine(10, 0, 225_000, 0, -10, 5_003_400), 120, 110);

/** The same lines run on every backend. */
async function resample(backend) {
  // Source positions, computed in float64 on the CPU. Process large scenes in tiles.
  const tile = { x: 0, y: 0, width: to.width, height: to.height };
  const control = uploadControl(backend, new ControlGrid(createPixelMapping(to, from)).window(tile));
  const source = backend.upload(elevations, [from.height, from.width]);
  const destination = backend.allocate([to.height, to.width], 'float32');
  const sourceWindow = { x: 0, y: 0, width: from.width, height: from.height };
  warp(backend, { source, sourceWindow, control, tile, resampling: 'bilinear', destination });
  const result = await backend.download(destination);
  for (const tensor of [source, destination, control.cells, control.table]) tensor.dispose();
  return result;
}

async function onYourDevice() {
  // In a browser: navigator.gpu.requestAdapter(). The backend never destroys an adopted device.
  const { adapter } = await requestNodeAdapter();
  const device = await adapter.requestDevice();
  const backend = WebGpuBackend.adopt(device);
  const result = await resample(backend);
  backend.dispose();
  device.destroy();
  await device.lost;
  return result;
}

async function onTheCpu() {
  const backend = new CpuBackend();
  const result = await resample(backend);
  backend.dispose();
  return result;
}

const result = await (process.argv[2] === 'webgpu' ? onYourDevice() : onTheCpu());
const valid = result.filter((value) => !Number.isNaN(value));
console.log(`${valid.length} of ${result.length} pixels have data`);
console.log(`from ${Math.min(...valid).toFixed(1)} m to ${Math.max(...valid).toFixed(1)} m`);
