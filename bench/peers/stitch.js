// Prints the seconds of terrachip's stitching of a scene, from chips in memory to rows in memory.
//
//   node stitch.js WIDTH HEIGHT SIZE STRIDE CLASSES BACKEND
import { createChipLayout } from '../../dist/geo/index.js';
import { createBackend, stitch, uploadStitchLayout } from '../../dist/kernels/node/index.js';

const [width, height, size, stride, classes] = process.argv.slice(2, 7).map(Number);
const backend = await createBackend({ backend: process.argv[7] });
const layout = createChipLayout(width, height, size, stride);
const columns = layout.columnStarts.length;
const chipRows = layout.rowStarts.length;
const chipValues = classes * size * size;

// All rows of the scene use one row of chips: more would measure the memory.
const chips = Float32Array.from({ length: columns * chipValues }, (_, i) => (i % 1021) / 1021);
const rowsOf = (j) => [layout.rowStarts[j], j + 1 < chipRows ? layout.rowStarts[j + 1] : height];
const result = new Float32Array(classes * size * width);

/** Uploads a row of chips and downloads the finished rows, as `infer` does. */
async function stitchScene() {
  const scene = uploadStitchLayout(backend, layout);
  const slots = new Int32Array(columns * chipRows).fill(-1);
  const ring = backend.allocate([3 * columns, classes, size, size], 'float32');
  const mask = backend.upload(new Uint8Array(width * size).fill(1), [size, width]);
  for (let j = 0; j < chipRows; j++) {
    backend.write(ring, chips, (j % 3) * columns * chipValues);
    for (let i = 0; i < columns; i++) slots[j * columns + i] = (j % 3) * columns + i;
    const [start, end] = rowsOf(j);
    const rows = end - start;
    const slotTensor = backend.upload(slots);
    const output = backend.allocate([classes, rows, width], 'float32');
    stitch(backend, {
      predictions: ring,
      scene,
      slots: slotTensor,
      mask,
      maskRow: start,
      output,
      rowStart: start,
    });
    await backend.download(output, result.subarray(0, output.length));
    output.dispose();
    slotTensor.dispose();
  }
  for (const tensor of [ring, mask, scene]) tensor.dispose();
}

await stitchScene();
const start = performance.now();
await stitchScene();
console.log((performance.now() - start) / 1000);
backend.dispose();
