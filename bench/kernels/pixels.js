// Kernels over pixels and chips. Each has a unit (megapixels, and bytes to move per pixel) and prepares two tasks on a
// backend: the whole call, and the kernel alone.
import { createChipLayout } from 'terrachip/geo';
import {
  decibelToLinear,
  gatherChips,
  linearToDecibel,
  nodataToNaN,
  softmax,
  stitch,
  uploadStitchLayout,
  validMask,
} from 'terrachip/kernels';

const SIDE = 4096;
const CHIP = 256;
const STRIDE = 208;
const PIXELS = SIDE * SIDE;

/** Seeded values in [0, 1), some of them NaN. */
function plane(seed) {
  const values = new Float32Array(PIXELS);
  let state = seed + 1;
  for (let i = 0; i < PIXELS; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    values[i] = i % 97 === 0 ? Number.NaN : (state >>> 8) / 2 ** 24;
  }
  return values;
}

const layout = createChipLayout(SIDE, SIDE, CHIP, STRIDE);
const columns = layout.columnStarts.length;
const rows = layout.rowStarts.length;
const chipCount = columns * rows;

export const pixelKernels = [
  {
    name: 'nodata',
    unit: { megapixels: PIXELS / 1e6, bytes: 6 },
    prepare(backend) {
      const stored = Uint16Array.from(plane(1), (value) => (Number.isNaN(value) ? 0 : 1 + value * 9999));
      const target = new Float32Array(PIXELS);
      const options = { nodata: 0, scale: 1e-4, offset: -0.1 };
      const resident = backend.upload(stored);
      return {
        async whole() {
          const source = backend.upload(stored);
          const values = nodataToNaN(backend, source, options);
          await backend.download(values, target);
          source.dispose();
          values.dispose();
        },
        async alone() {
          nodataToNaN(backend, resident, options).dispose();
          await backend.submit();
        },
        dispose: () => resident.dispose(),
      };
    },
  },
  {
    name: 'decibel',
    unit: { megapixels: PIXELS / 1e6, bytes: 8 },
    prepare(backend) {
      const power = plane(2);
      const target = new Float32Array(PIXELS);
      const resident = backend.upload(power);
      return {
        async whole() {
          const values = backend.upload(power);
          linearToDecibel(backend, values);
          await backend.download(values, target);
          values.dispose();
        },
        // In place, so that the conversion is undone in the same run: twice the pixels.
        aloneUnit: { megapixels: (2 * PIXELS) / 1e6, bytes: 8 },
        async alone() {
          linearToDecibel(backend, resident);
          decibelToLinear(backend, resident);
          await backend.submit();
        },
        dispose: () => resident.dispose(),
      };
    },
  },
  {
    name: 'valid-mask',
    unit: { megapixels: PIXELS / 1e6, bytes: 13 },
    prepare(backend) {
      const planes = [3, 4, 5].map(plane);
      const target = new Uint8Array(PIXELS);
      const residents = planes.map((values) => backend.upload(values));
      const mask = backend.allocate([PIXELS], 'uint8');
      return {
        async whole() {
          const uploaded = planes.map((values) => backend.upload(values));
          const result = backend.allocate([PIXELS], 'uint8');
          validMask(backend, uploaded, result);
          await backend.download(result, target);
          for (const tensor of [...uploaded, result]) tensor.dispose();
        },
        async alone() {
          validMask(backend, residents, mask);
          await backend.submit();
        },
        dispose() {
          for (const tensor of [...residents, mask]) tensor.dispose();
        },
      };
    },
  },
  {
    name: 'chips',
    unit: { megapixels: (chipCount * CHIP * CHIP) / 1e6, bytes: 8 },
    prepare(backend) {
      const values = plane(6);
      const origins = Int32Array.from(
        [...layout.rowStarts].flatMap((y) => [...layout.columnStarts].flatMap((x) => [x, y])),
      );
      const target = new Float32Array(chipCount * CHIP * CHIP);
      const places = backend.upload(origins);
      const resident = backend.upload(values, [SIDE, SIDE]);
      const kept = backend.allocate([chipCount, 1, CHIP, CHIP], 'float32');
      const gather = (scene, chips) =>
        gatherChips(backend, {
          plane: scene,
          firstRow: 0,
          sceneWidth: SIDE,
          sceneHeight: SIDE,
          origins: places,
          chips,
          channel: 0,
          mean: 0.5,
          std: 0.3,
          replacement: 0.5,
        });
      return {
        async whole() {
          const scene = backend.upload(values, [SIDE, SIDE]);
          const chips = backend.allocate([chipCount, 1, CHIP, CHIP], 'float32');
          gather(scene, chips);
          await backend.download(chips, target);
          scene.dispose();
          chips.dispose();
        },
        async alone() {
          gather(resident, kept);
          await backend.submit();
        },
        dispose() {
          for (const tensor of [places, resident, kept]) tensor.dispose();
        },
      };
    },
  },
  {
    name: 'softmax',
    unit: { megapixels: (2 * PIXELS) / 2e6, bytes: 16 },
    prepare(backend) {
      const shape = [16, 2, 1024, 1024];
      const logits = new Float32Array(2 * PIXELS);
      logits.set(plane(7));
      logits.set(plane(8), PIXELS);
      const target = new Float32Array(2 * PIXELS);
      const resident = backend.upload(logits, shape);
      return {
        async whole() {
          const values = backend.upload(logits, shape);
          softmax(backend, values);
          await backend.download(values, target);
          values.dispose();
        },
        async alone() {
          softmax(backend, resident);
          await backend.submit();
        },
        dispose: () => resident.dispose(),
      };
    },
  },
  {
    name: 'stitch',
    // Reads each chip pixel and the mask once; writes each scene pixel once.
    unit: { megapixels: PIXELS / 1e6, bytes: (4 * chipCount * CHIP * CHIP) / PIXELS + 5 },
    prepare(backend) {
      const shape = [chipCount, 1, CHIP, CHIP];
      const values = new Float32Array(chipCount * CHIP * CHIP);
      const some = plane(9);
      for (let start = 0; start < values.length; start += PIXELS) {
        values.set(some.subarray(0, Math.min(PIXELS, values.length - start)), start);
      }
      const scene = uploadStitchLayout(backend, layout);
      const slots = backend.upload(
        Int32Array.from({ length: chipCount }, (_, i) => i),
        [rows, columns],
      );
      const mask = backend.upload(new Uint8Array(PIXELS).fill(1));
      const resident = backend.upload(values, shape);
      const kept = backend.allocate([1, SIDE, SIDE], 'float32');
      const target = new Float32Array(PIXELS);
      const blend = (predictions, output) =>
        stitch(backend, { predictions, scene, slots, mask, maskRow: 0, output, rowStart: 0 });
      return {
        async whole() {
          const predictions = backend.upload(values, shape);
          const output = backend.allocate([1, SIDE, SIDE], 'float32');
          blend(predictions, output);
          await backend.download(output, target);
          predictions.dispose();
          output.dispose();
        },
        async alone() {
          blend(resident, kept);
          await backend.submit();
        },
        dispose() {
          for (const tensor of [slots, mask, resident, kept]) tensor.dispose();
          scene.dispose();
        },
      };
    },
  },
];
