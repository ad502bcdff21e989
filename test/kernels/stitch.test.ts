import { describe, expect, it } from 'vitest';
import { createChipLayout } from '../../src/geo/index.js';
import { type Backend, CpuBackend } from '../../src/gpu/index.js';
import { cosineWindows, stitch, uploadStitchLayout } from '../../src/kernels/index.js';
import { describeBackends, sharedWebGpu, webgpuProblem } from '../support/backends.js';
import { randomValues } from '../support/random.js';

interface StitchCase {
  width: number;
  height: number;
  size: number;
  stride: number;
  classes: number;
  /** (chip row, chip column, class, y, x) */
  predictions: Float32Array;
  mask?: Uint8Array;
  missing?: number[];
  rowStart?: number;
  rows?: number;
}

async function stitchOn(backend: Backend, options: StitchCase): Promise<Float32Array> {
  const { width, height, size, stride, classes } = options;
  const layout = createChipLayout(width, height, size, stride);
  const scene = uploadStitchLayout(backend, layout);
  const count = layout.columnStarts.length * layout.rowStarts.length;
  const slots = Int32Array.from({ length: count }, (_, k) => (options.missing?.includes(k) ? -1 : k));
  const rowStart = options.rowStart ?? 0;
  const rows = options.rows ?? height;
  const tensors = {
    predictions: backend.upload(options.predictions, [count, classes, size, size]),
    slots: backend.upload(slots),
    mask: backend.upload(options.mask ?? new Uint8Array(width * height).fill(1), [height, width]),
    output: backend.allocate([classes, rows, width], 'float32'),
  };
  stitch(backend, { ...tensors, scene, maskRow: 0, rowStart });
  const result = (await backend.download(tensors.output)) as Float32Array;
  scene.dispose();
  for (const tensor of Object.values(tensors)) tensor.dispose();
  return result;
}

/** Chips of a scene whose value is the same function of the place in every chip. */
function chipsOf(
  layout: { columnStarts: Int32Array; rowStarts: Int32Array; size: number },
  classes: number,
  f: (x: number, y: number, c: number) => number,
): Float32Array {
  const { columnStarts, rowStarts, size } = layout;
  const values: number[] = [];
  for (const y0 of rowStarts) {
    for (const x0 of columnStarts) {
      for (let c = 0; c < classes; c++) {
        for (let y = 0; y < size; y++) for (let x = 0; x < size; x++) values.push(f(x0 + x, y0 + y, c));
      }
    }
  }
  return Float32Array.from(values);
}

/** The definition, pixel by pixel in float64: every chip, its windows from trigonometry, one sum. */
function reference(options: StitchCase): Float64Array {
  const { width, height, size, stride, classes, predictions } = options;
  const layout = createChipLayout(width, height, size, stride);
  const overlap = size - stride;
  const taper = (i: number): number =>
    i < overlap ? Math.sin((Math.PI / 2) * ((i + 0.5) / overlap)) ** 2 : 1;
  const window = (k: number, count: number, i: number): number =>
    (k > 0 ? taper(i) : 1) * (k + 1 < count ? taper(size - 1 - i) : 1);
  const [columns, rows] = [layout.columnStarts.length, layout.rowStarts.length];
  const output = new Float64Array(classes * width * height).fill(Number.NaN);
  for (let c = 0; c < classes; c++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        let sum = 0;
        let total = 0;
        for (let j = 0; j < rows; j++) {
          for (let i = 0; i < columns; i++) {
            const [dx, dy] = [x - layout.columnStarts[i], y - layout.rowStarts[j]];
            const chip = j * columns + i;
            if (dx < 0 || dy < 0 || dx >= size || dy >= size || options.missing?.includes(chip)) continue;
            const value = predictions[((chip * classes + c) * size + dy) * size + dx];
            if (!Number.isFinite(value)) continue;
            const weight = window(i, columns, dx) * window(j, rows, dy);
            sum += weight * value;
            total += weight;
          }
        }
        const valid = options.mask === undefined || options.mask[y * width + x] !== 0;
        if (valid && total > 0) output[(c * height + y) * width + x] = sum / total;
      }
    }
  }
  return output;
}

/** 37 × 29 with chips of 16 every 11: last chips are shifted inwards, and three overlap in places. */
const scene = { width: 37, height: 29, size: 16, stride: 11, classes: 2 };
const layout = createChipLayout(scene.width, scene.height, scene.size, scene.stride);
const chipValues = layout.columnStarts.length * layout.rowStarts.length * scene.classes * scene.size ** 2;

describeBackends('stitch', (backend) => {
  it('gives back what all chips agree on, exactly at the edges too', async () => {
    const truth = (x: number, y: number, c: number): number => Math.sin(x / 5) * Math.cos(y / 7) + c;
    const result = await stitchOn(backend(), { ...scene, predictions: chipsOf(layout, 2, truth) });
    const expected = Float64Array.from({ length: result.length }, (_, k) => {
      const pixels = scene.width * scene.height;
      return truth(k % scene.width, Math.floor((k % pixels) / scene.width), Math.floor(k / pixels));
    });
    expect(result).toBeCloseToArray(expected, 1e-6);
  });

  // With a stride of 5 chips overlap by more than half: then a taper towards the scene's edge would show.
  it.each([11, 5])(
    'agrees with the definition on chips every %i, some missing, with gaps',
    async (stride) => {
      const { columnStarts, rowStarts } = createChipLayout(scene.width, scene.height, scene.size, stride);
      const values = columnStarts.length * rowStarts.length * scene.classes * scene.size ** 2;
      const options = {
        ...scene,
        stride,
        predictions: randomValues(21, values, 0, 1, 0.02),
        mask: Uint8Array.from(randomValues(22, scene.width * scene.height), (v) => (v < 0.1 ? 0 : 1)),
        missing: [0, 4, 5],
      };
      expect(await stitchOn(backend(), options)).toBeCloseToArray(reference(options), 1e-6);
    },
  );

  it('computes any rows alone as it computes all', async () => {
    const predictions = randomValues(23, chipValues);
    const all = await stitchOn(backend(), { ...scene, predictions });
    const some = await stitchOn(backend(), { ...scene, predictions, rowStart: 9, rows: 7 });
    for (let c = 0; c < 2; c++) {
      const from = (c * scene.height + 9) * scene.width;
      const part = some.subarray(c * 7 * scene.width, (c + 1) * 7 * scene.width);
      expect(part).toBeCloseToArray(all.subarray(from, from + 7 * scene.width));
    }
  });

  it('leaves NaN where no chip says anything, never 0', async () => {
    const count = layout.columnStarts.length * layout.rowStarts.length;
    const missing = Array.from({ length: count }, (_, k) => k);
    const result = await stitchOn(backend(), {
      ...scene,
      predictions: new Float32Array(chipValues),
      missing,
    });
    expect(result.every(Number.isNaN)).toBe(true);
  });

  it('by hand: two chips in a row', async () => {
    // Chips of 4 every 2 on a row of 6: pixels 2 and 3 lie under both, with weights that sum to 1.
    const one = Float32Array.from({ length: 16 }, () => 1);
    const three = Float32Array.from({ length: 16 }, () => 3);
    const predictions = Float32Array.from([...one, ...three]);
    const result = await stitchOn(backend(), {
      width: 6,
      height: 4,
      size: 4,
      stride: 2,
      classes: 1,
      predictions,
    });
    const near = Math.sin(Math.PI / 8) ** 2;
    const row = [1, 1, 1 + 2 * near, 3 - 2 * near, 3, 3];
    expect(result).toBeCloseToArray([...row, ...row, ...row, ...row], 1e-6);
  });

  it('crops a chip that is larger than the scene', async () => {
    const predictions = Float32Array.from({ length: 16 }, (_, i) => i);
    const result = await stitchOn(backend(), {
      width: 3,
      height: 2,
      size: 4,
      stride: 3,
      classes: 1,
      predictions,
    });
    expect(result).toBeCloseToArray([0, 1, 2, 4, 5, 6], 1e-6);
  });
});

describe('cosine windows', () => {
  it('of neighbours sum to 1, and are never 0', () => {
    const [size, stride] = [256, 208];
    const windows = cosineWindows(size, stride);
    const [alone, after, before] = [
      windows.subarray(0, size),
      windows.subarray(size, 2 * size),
      windows.subarray(2 * size, 3 * size),
    ];
    expect(alone.every((w) => w === 1)).toBe(true);
    expect(Math.min(...windows)).toBeGreaterThan(0);
    for (let i = 0; i < size - stride; i++) expect(before[stride + i] + after[i]).toBeCloseTo(1, 6);
  });
});

describe.skipIf(webgpuProblem !== null)('stitch (cpu and webgpu)', () => {
  it('agree: gaps bit for bit, values within 1e-6', async () => {
    const cpu = new CpuBackend();
    const options = { ...scene, predictions: randomValues(24, chipValues, 0, 1, 0.05), missing: [2] };
    expect(await stitchOn(sharedWebGpu(), options)).toBeCloseToArray(await stitchOn(cpu, options), 1e-6);
    cpu.dispose();
  });
});
