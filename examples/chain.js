// Stored radar values to decibel on another grid, with a mask of where there is data: a chain of kernels in which
// nothing comes back before its end.
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

// 'auto' takes a hardware GPU where there is one, else the CPU on all its cores.
const backend = await createBackend({ backend: process.argv[2] ?? 'auto' });

// Backscatter power as a product stores it: uint16, scaled by 1e-4, 0 for no data.
const from = new GeoBox(32631, new Affine(10, 0, 697_000, 0, -10, 5_000_400), 200, 200);
const stored = Uint16Array.from({ length: 200 * 200 }, (_, i) => (i % 200 < 20 ? 0 : 100 + (i % 97) * 20));
const to = new GeoBox(32632, new Affine(10, 0, 224_800, 0, -10, 5_003_500), 256, 256);
const tile = { x: 0, y: 0, width: 256, height: 256 };

// Each call returns at once: the device works while more is asked for, in the order of the calls.
const control = uploadControl(backend, new ControlGrid(createPixelMapping(to, from)).window(tile));
const packed = backend.upload(stored, [200, 200]);
const image = backend.allocate([256, 256], 'float32');
warp(backend, {
  // Pixels stay uint16 on their way to the device, and become powers as they are read, NaN for no data.
  source: packed,
  sourceWindow: { x: 0, y: 0, width: 200, height: 200 },
  stored: { nodata: 0, scale: 1e-4 },
  control,
  tile,
  // Powers are averaged, not decibels: resample first.
  resampling: 'bilinear',
  destination: image,
});
linearToDecibel(backend, image);
const mask = backend.allocate([256, 256], 'uint8');
validMask(backend, [image], mask);

// The only wait. Had the image been wanted too, `download(image)` would have been the second.
const valid = await backend.download(mask);

const { dispatches, uploadedBytes, submits, downloads } = backend.counters;
console.log(`${valid.reduce((sum, value) => sum + value)} of ${valid.length} pixels have data`);
console.log(`${dispatches} kernels, ${submits} submit, ${downloads} readback`);
console.log(
  `${uploadedBytes - control.window.cells.byteLength - control.window.table.byteLength} bytes of pixels uploaded`,
);

for (const tensor of [packed, image, mask, control.cells, control.table]) tensor.dispose();
backend.dispose();
