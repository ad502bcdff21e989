// Warps stored radar values, converts them to decibel and makes a valid mask: a chain of kernels with one readback.
import {
  Affine,
  ControlGrid,
  createBackend,
  createPixelMapping,
  GeoBox,
  linearToDecibel,
  uploadControl,
  validMask,
  warp,
} from 'terrachip/kernels';

// 'auto' uses a hardware GPU if there is one, else all cores of the CPU.
const backend = await createBackend({ backend: process.argv[2] ?? 'auto' });

// Stored backscatter power: uint16, scale 1e-4, nodata 0.
const from = new GeoBox(32631, new Affine(10, 0, 697_000, 0, -10, 5_000_400), 200, 200);
const stored = Uint16Array.from({ length: 200 * 200 }, (_, i) => (i % 200 < 20 ? 0 : 100 + (i % 97) * 20));
const to = new GeoBox(32632, new Affine(10, 0, 224_800, 0, -10, 5_003_500), 256, 256);
const tile = { x: 0, y: 0, width: 256, height: 256 };

// Calls return at once; the device runs the kernels in their order.
const control = uploadControl(backend, new ControlGrid(createPixelMapping(to, from)).window(tile));
const packed = backend.upload(stored, [200, 200]);
const image = backend.allocate([256, 256], 'float32');
warp(backend, {
  // The upload is uint16; the kernel converts to power, with NaN for nodata.
  source: packed,
  sourceWindow: { x: 0, y: 0, width: 200, height: 200 },
  stored: { nodata: 0, scale: 1e-4 },
  control,
  tile,
  // Resample power, then convert to decibel.
  resampling: 'bilinear',
  destination: image,
});
linearToDecibel(backend, image);
const mask = backend.allocate([256, 256], 'uint8');
validMask(backend, [image], mask);

// The only wait. To get the image too, add `download(image)`.
const valid = await backend.download(mask);

const { dispatches, uploadedBytes, submits, downloads } = backend.counters;
console.log(`${valid.reduce((sum, value) => sum + value)} of ${valid.length} pixels have data`);
console.log(`${dispatches} kernels, ${submits} submit, ${downloads} readback`);
console.log(
  `${uploadedBytes - control.window.cells.byteLength - control.window.table.byteLength} bytes of pixels uploaded`,
);

for (const tensor of [packed, image, mask, control.cells, control.table]) tensor.dispose();
backend.dispose();
