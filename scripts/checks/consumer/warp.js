// Warps a small raster on the CPU, and compares with values computed by hand.
import assert from 'node:assert/strict';
import {
  Affine,
  ControlGrid,
  CpuBackend,
  createPixelMapping,
  GeoBox,
  uploadControl,
  warp,
} from 'terrachip/kernels';

const gap = Number.NaN;
const values = [
  [0, 1, 2, 3, 4],
  [10, 11, 12, 13, 14],
  [20, gap, 22, 23, 24],
  [30, 31, 32, 33, 34],
];

// The destination is shifted by 7.5 m, three quarters of a pixel, to the right and down: its pixel (column, row) has its
// centre at (column + 1.25, row + 1.25) in the source, in pixel (column + 1, row + 1).
const from = new GeoBox(32632, new Affine(10, 0, 500_000, 0, -10, 5_600_000), 5, 4);
const to = new GeoBox(32632, new Affine(10, 0, 500_007.5, 0, -10, 5_599_992.5), 5, 4);

const expected = {
  nearest: [
    [11, 12, 13, 14, gap],
    [gap, 22, 23, 24, gap],
    [31, 32, 33, 34, gap],
    [gap, gap, gap, gap, gap],
  ],
  // A quarter of the pixel and three quarters of its right neighbour, and likewise downwards: value + 0.75 · 1 + 0.75 · 10.
  // Beside the gap, the three remaining weights (of 1/16, 3/16, 3/16 and 9/16) are scaled to sum to 1.
  bilinear: [
    [8.25, 9.25, 10.25, 11.25, gap],
    [gap, (11 + 3 * 12 + 9 * 22) / 13, 20.25, 21.25, gap],
    [(20 + 3 * 30 + 9 * 31) / 13, (3 * 22 + 3 * 31 + 9 * 32) / 15, 30.25, 31.25, gap],
    [gap, gap, gap, gap, gap],
  ],
};

const backend = new CpuBackend();
const tile = { x: 0, y: 0, width: to.width, height: to.height };
const control = uploadControl(backend, new ControlGrid(createPixelMapping(to, from)).window(tile));
const source = backend.upload(Float32Array.from(values.flat()), [from.height, from.width]);
const destination = backend.allocate([to.height, to.width], 'float32');
const sourceWindow = { x: 0, y: 0, width: from.width, height: from.height };
for (const [resampling, rows] of Object.entries(expected)) {
  warp(backend, { source, sourceWindow, control, tile, resampling, destination });
  const result = await backend.download(destination);
  for (const [i, value] of rows.flat().entries()) {
    const near = Number.isNaN(value) ? Number.isNaN(result[i]) : Math.abs(result[i] - value) < 1e-5;
    assert.ok(near, `${resampling} at ${i}: ${result[i]} instead of ${value}`);
  }
}
backend.dispose();
