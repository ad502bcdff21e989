// Cuts a scene into overlapping chips, predicts each, and stitches the predictions without seams.
import {
  CpuBackend,
  createChipLayout,
  gatherChips,
  softmax,
  stitch,
  uploadStitchLayout,
} from 'terrachip/kernels';

const backend = new CpuBackend();

// A scene of water (dark) and land (bright) in decibel, with a gap.
const width = 300;
const height = 200;
const scene = Float32Array.from({ length: width * height }, (_, i) =>
  i % width > 140 + 40 * Math.sin(i / width / 25) ? -20 : -8,
);
scene.fill(Number.NaN, 0, 20 * width);
const plane = backend.upload(scene, [height, width]);

// Chips of 64 pixels with stride 48: neighbours overlap by 16. The last ones are shifted inwards.
const layout = createChipLayout(width, height, 64, 48);
const places = [...layout.rowStarts].flatMap((y) => [...layout.columnStarts].map((x) => [x, y]));
const chips = backend.allocate([places.length, 1, 64, 64], 'float32');
const origins = backend.upload(Int32Array.from(places.flat()));
gatherChips(backend, {
  plane,
  firstRow: 0,
  sceneWidth: width,
  sceneHeight: height,
  origins,
  chips,
  channel: 0,
  // The model needs normalised values; nodata becomes the mean.
  mean: -14,
  std: 6,
  replacement: -14,
});

/** The model: any function of a batch of chips. Here, the darker a pixel, the more probable is water. */
function model(batch) {
  const logits = new Float32Array(2 * batch.length);
  const pixels = 64 * 64;
  for (let i = 0; i < batch.length; i++) {
    const chip = Math.floor(i / pixels);
    // (chip, class, y, x): land, then water.
    logits[chip * 2 * pixels + pixels + (i % pixels)] = -3 * batch[i];
  }
  return logits;
}
const logits = model(await backend.download(chips));

// Blends probabilities, not classes: chips that cover a pixel are weighted by its distance to their edges.
const predictions = backend.upload(logits, [places.length, 2, 64, 64]);
softmax(backend, predictions);
const slots = backend.upload(Int32Array.from(places, (_, k) => k));
const mask = backend.upload(Uint8Array.from(scene, (value) => (Number.isNaN(value) ? 0 : 1)));
const probability = backend.allocate([2, height, width], 'float32');
stitch(backend, {
  predictions,
  scene: uploadStitchLayout(backend, layout),
  slots,
  mask,
  maskRow: 0,
  output: probability,
  rowStart: 0,
});
const water = (await backend.download(probability)).subarray(width * height);
backend.dispose();

let wet = 0;
let gaps = 0;
for (const value of water) {
  if (Number.isNaN(value)) gaps++;
  else if (value > 0.5) wet++;
}
console.log(`${places.length} chips; ${wet} pixels of water, ${gaps} without data`);
console.log(`${scene.filter((value) => value === -20).length} pixels are dark in the scene`);
