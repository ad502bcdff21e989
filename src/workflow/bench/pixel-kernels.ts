/** Kernels over pixels and chips, on made-up values: the whole call with upload and readback, and the kernel alone. */
import { createChipLayout } from '../../geo/index.js';
import type { Backend, DeviceTensor } from '../../gpu/index.js';
import {
  decibelToLinear,
  gatherChips,
  linearToDecibel,
  nodataToNaN,
  softmax,
  stitch,
  uploadStitchLayout,
  validMask,
} from '../../kernels/index.js';

const CHIP = 256;
const STRIDE = 208;

/** How much a task does: pixels, and bytes that it must move for each. */
export interface KernelUnit {
  readonly megapixels: number;
  readonly bytes: number;
}

/** The tasks of a kernel on a backend. */
export interface PreparedKernel {
  /** From arrays to arrays. */
  whole(): Promise<void>;
  /** With tensors that are on the device already. */
  alone(): Promise<void>;
  /** The unit of `alone`, if it differs from the kernel's. */
  readonly aloneUnit?: KernelUnit;
  dispose(): void;
}

/** A kernel that can be measured. */
export interface PixelKernel {
  readonly name: string;
  readonly unit: KernelUnit;
  prepare(backend: Backend): PreparedKernel;
}

/** Seeded values in [0, 1), some of them NaN. */
function plane(pixels: number, seed: number): Float32Array {
  const values = new Float32Array(pixels);
  let state = seed + 1;
  for (let i = 0; i < pixels; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    values[i] = i % 97 === 0 ? Number.NaN : (state >>> 8) / 2 ** 24;
  }
  return values;
}

/** @param side of the square planes, in pixels: at least that of a chip, 256 */
export function pixelKernels(side = 4096): PixelKernel[] {
  const pixels = side * side;
  const layout = createChipLayout(side, side, CHIP, STRIDE);
  const columns = layout.columnStarts.length;
  const rows = layout.rowStarts.length;
  const chipCount = columns * rows;
  return [
    {
      name: 'nodata',
      unit: { megapixels: pixels / 1e6, bytes: 6 },
      prepare(backend: Backend) {
        const stored = Uint16Array.from(plane(pixels, 1), (value) =>
          Number.isNaN(value) ? 0 : 1 + value * 9999,
        );
        const target = new Float32Array(pixels);
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
      unit: { megapixels: pixels / 1e6, bytes: 8 },
      prepare(backend: Backend) {
        const power = plane(pixels, 2);
        const target = new Float32Array(pixels);
        const resident = backend.upload(power);
        return {
          async whole() {
            const values = backend.upload(power);
            linearToDecibel(backend, values);
            await backend.download(values, target);
            values.dispose();
          },
          // In place, so that the conversion is undone in the same run: twice the pixels.
          aloneUnit: { megapixels: (2 * pixels) / 1e6, bytes: 8 },
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
      unit: { megapixels: pixels / 1e6, bytes: 13 },
      prepare(backend: Backend) {
        const planes = [3, 4, 5].map((seed) => plane(pixels, seed));
        const target = new Uint8Array(pixels);
        const residents = planes.map((values) => backend.upload(values));
        const mask = backend.allocate([pixels], 'uint8');
        return {
          async whole() {
            const uploaded = planes.map((values) => backend.upload(values));
            const result = backend.allocate([pixels], 'uint8');
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
      prepare(backend: Backend) {
        const values = plane(pixels, 6);
        const origins = Int32Array.from(
          [...layout.rowStarts].flatMap((y) => [...layout.columnStarts].flatMap((x) => [x, y])),
        );
        const target = new Float32Array(chipCount * CHIP * CHIP);
        const places = backend.upload(origins);
        const resident = backend.upload(values, [side, side]);
        const kept = backend.allocate([chipCount, 1, CHIP, CHIP], 'float32');
        const gather = (scene: DeviceTensor<'float32'>, chips: DeviceTensor<'float32'>): void =>
          gatherChips(backend, {
            plane: scene,
            firstRow: 0,
            sceneWidth: side,
            sceneHeight: side,
            origins: places,
            chips,
            channel: 0,
            mean: 0.5,
            std: 0.3,
            replacement: 0.5,
          });
        return {
          async whole() {
            const scene = backend.upload(values, [side, side]);
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
      unit: { megapixels: (2 * pixels) / 2e6, bytes: 16 },
      prepare(backend: Backend) {
        const shape = [16, 2, side / 4, side / 4];
        const logits = new Float32Array(2 * pixels);
        logits.set(plane(pixels, 7));
        logits.set(plane(pixels, 8), pixels);
        const target = new Float32Array(2 * pixels);
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
      unit: { megapixels: pixels / 1e6, bytes: (4 * chipCount * CHIP * CHIP) / pixels + 5 },
      prepare(backend: Backend) {
        const shape = [chipCount, 1, CHIP, CHIP];
        const values = new Float32Array(chipCount * CHIP * CHIP);
        const some = plane(pixels, 9);
        for (let start = 0; start < values.length; start += pixels) {
          values.set(some.subarray(0, Math.min(pixels, values.length - start)), start);
        }
        const scene = uploadStitchLayout(backend, layout);
        const slots = backend.upload(
          Int32Array.from({ length: chipCount }, (_, i) => i),
          [rows, columns],
        );
        const mask = backend.upload(new Uint8Array(pixels).fill(1));
        const resident = backend.upload(values, shape);
        const kept = backend.allocate([1, side, side], 'float32');
        const target = new Float32Array(pixels);
        const blend = (predictions: DeviceTensor<'float32'>, output: DeviceTensor<'float32'>): void =>
          stitch(backend, { predictions, scene, slots, mask, maskRow: 0, output, rowStart: 0 });
        return {
          async whole() {
            const predictions = backend.upload(values, shape);
            const output = backend.allocate([1, side, side], 'float32');
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
}
