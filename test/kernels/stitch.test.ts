import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createChipLayout } from '../../src/geo/index.js';
import { CpuBackend } from '../../src/gpu/index.js';
import {
  blendWindows,
  REDUCTIONS,
  type Reduction,
  WINDOW_NAMES,
  type WindowOptions,
} from '../../src/kernels/index.js';
import windows from '../fixtures/windows.json' with { type: 'json' };
import { describeBackends, sharedWebGpu, webgpuProblem } from '../support/backends.js';
import { randomValues, seeded } from '../support/random.js';
import { chipsOf, type StitchCase, stitchOn } from '../support/stitched.js';

/** The definition, per pixel in float64: a sum over all chips with trigonometric windows. */
function reference(options: StitchCase): Float64Array {
  const { width, height, size, stride, classes, predictions } = options;
  const layout = createChipLayout(width, height, size, stride);
  const overlap = size - stride;
  const taper = (i: number): number =>
    i < overlap ? Math.sin((Math.PI / 2) * ((i + 0.5) / overlap)) ** 2 : 1;
  const window = (k: number, count: number, i: number): number =>
    (k > 0 ? taper(i) : 1) * (k + 1 < count ? taper(size - 1 - i) : 1);
  const [columns, rows] = [layout.columnStarts.length, layout.rowStarts.length];
  const { reduction = 'average' } = options;
  const gap = reduction === 'weights' || reduction === 'counts' ? 0 : Number.NaN;
  const output = new Float64Array(classes * width * height).fill(gap);
  for (let c = 0; c < classes; c++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const found: { value: number; weight: number }[] = [];
        for (let j = 0; j < rows; j++) {
          for (let i = 0; i < columns; i++) {
            const [dx, dy] = [x - layout.columnStarts[i], y - layout.rowStarts[j]];
            const chip = j * columns + i;
            if (dx < 0 || dy < 0 || dx >= size || dy >= size || options.missing?.includes(chip)) continue;
            const value = predictions[((chip * classes + c) * size + dy) * size + dx];
            if (!Number.isFinite(value)) continue;
            found.push({ value, weight: window(i, columns, dx) * window(j, rows, dy) });
          }
        }
        const valid = options.mask === undefined || options.mask[y * width + x] !== 0;
        if (valid && found.length > 0) output[(c * height + y) * width + x] = reduced(found, reduction);
      }
    }
  }
  return output;
}

function reduced(found: readonly { value: number; weight: number }[], reduction: Reduction): number {
  const values = found.map(({ value }) => value);
  const total = found.reduce((sum, { weight }) => sum + weight, 0);
  const sum = found.reduce((all, { value, weight }) => all + value * weight, 0);
  switch (reduction) {
    case 'average':
      return sum / total;
    case 'sum':
      return sum;
    case 'max':
      return Math.max(...values);
    case 'min':
      return Math.min(...values);
    case 'first':
      return values[0];
    case 'last':
      return values[values.length - 1];
    case 'weights':
      return total;
    case 'counts':
      return values.length;
    case 'variance': {
      const mean = values.reduce((all, value) => all + value, 0) / values.length;
      return values.reduce((all, value) => all + (value - mean) ** 2, 0) / (values.length - 1);
    }
  }
}

/** 37 × 29 with chips of 16 every 11: last chips are shifted inwards, and three overlap in places. */
const scene = { width: 37, height: 29, size: 16, stride: 11, classes: 2 };
const layout = createChipLayout(scene.width, scene.height, scene.size, scene.stride);
const chipValues = layout.columnStarts.length * layout.rowStarts.length * scene.classes * scene.size ** 2;

describeBackends('stitch', (backend) => {
  it('reproduces equal chips exactly, edges included', async () => {
    const truth = (x: number, y: number, c: number): number => Math.sin(x / 5) * Math.cos(y / 7) + c;
    const result = await stitchOn(backend(), { ...scene, predictions: chipsOf(layout, 2, truth) });
    const expected = Float64Array.from({ length: result.length }, (_, k) => {
      const pixels = scene.width * scene.height;
      return truth(k % scene.width, Math.floor((k % pixels) / scene.width), Math.floor(k / pixels));
    });
    expect(result).toBeCloseToArray(expected, 1e-6);
  });

  // With a stride of 5 chips overlap by more than half, which would show a taper towards the scene's edge.
  it.each([11, 5])(
    'is equal to the definition on chips every %i, some missing, with gaps',
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

  it('gives the same rows computed alone or together', async () => {
    const predictions = randomValues(23, chipValues);
    const all = await stitchOn(backend(), { ...scene, predictions });
    const some = await stitchOn(backend(), { ...scene, predictions, rowStart: 9, rows: 7 });
    for (let c = 0; c < 2; c++) {
      const from = (c * scene.height + 9) * scene.width;
      const part = some.subarray(c * 7 * scene.width, (c + 1) * 7 * scene.width);
      expect(part).toBeCloseToArray(all.subarray(from, from + 7 * scene.width));
    }
  });

  it('leaves NaN without a chip, never 0', async () => {
    const count = layout.columnStarts.length * layout.rowStarts.length;
    const missing = Array.from({ length: count }, (_, k) => k);
    const result = await stitchOn(backend(), {
      ...scene,
      predictions: new Float32Array(chipValues),
      missing,
    });
    expect(result.every(Number.isNaN)).toBe(true);
  });

  // Overlaps of more than half a chip: three chips and more cover most pixels.
  it.each(REDUCTIONS)('%s is equal to the definition', async (reduction) => {
    const { columnStarts, rowStarts } = createChipLayout(scene.width, scene.height, scene.size, 5);
    const values = columnStarts.length * rowStarts.length * scene.classes * scene.size ** 2;
    const options = {
      ...scene,
      stride: 5,
      predictions: randomValues(25, values, -1, 1, 0.1),
      mask: Uint8Array.from(randomValues(26, scene.width * scene.height), (v) => (v < 0.1 ? 0 : 1)),
      missing: [0, 4, 5, 11],
      reduction,
    };
    expect(await stitchOn(backend(), options)).toBeCloseToArray(reference(options), 4e-6);
  });

  it('by hand: every reduction of two chips in a row', async () => {
    const predictions = Float32Array.from({ length: 32 }, (_, i) => (i < 16 ? 1 : 3));
    const near = Math.sin(Math.PI / 8) ** 2;
    const rows: Record<Reduction, number[]> = {
      average: [1, 1, 1 + 2 * near, 3 - 2 * near, 3, 3],
      sum: [1, 1, 1 + 2 * near, 3 - 2 * near, 3, 3],
      max: [1, 1, 3, 3, 3, 3],
      min: [1, 1, 1, 1, 3, 3],
      first: [1, 1, 1, 1, 3, 3],
      last: [1, 1, 3, 3, 3, 3],
      weights: [1, 1, 1, 1, 1, 1],
      counts: [1, 1, 2, 2, 1, 1],
      // (1 + 1) / (2 − 1) about the mean of 1 and 3; a single chip has no variance.
      variance: [Number.NaN, Number.NaN, 2, 2, Number.NaN, Number.NaN],
    };
    for (const reduction of REDUCTIONS) {
      const options = { width: 6, height: 4, size: 4, stride: 2, classes: 1, predictions, reduction };
      const row = rows[reduction];
      expect(await stitchOn(backend(), options)).toBeCloseToArray([...row, ...row, ...row, ...row], 1e-6);
    }
  });

  it('refuses an unknown reduction', async () => {
    const options = { ...scene, predictions: new Float32Array(chipValues), reduction: 'mean' as 'average' };
    await expect(stitchOn(backend(), options)).rejects.toThrow(/reduction cannot be "mean"; choose one of/);
  });

  it('reproduces an identity model for any window, layout, order, gaps and split', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          width: fc.integer({ min: 1, max: 60 }),
          height: fc.integer({ min: 1, max: 60 }),
          size: fc.integer({ min: 1, max: 24 }),
          overlap: fc.double({ min: 0, max: 0.999, noNaN: true }),
          window: fc.constantFrom(...WINDOW_NAMES),
          reduction: fc.constantFrom('average', 'max', 'min', 'first', 'last'),
          present: fc.double({ min: 0, max: 1, noNaN: true }),
          rows: fc.integer({ min: 1, max: 60 }),
          seed: fc.nat(),
        }),
        async ({ width, height, size, overlap, window, reduction, present, rows, seed }) => {
          const stride = Math.max(1, Math.ceil(size * (1 - overlap)), Math.ceil(size / 6));
          const chips = createChipLayout(width, height, size, stride);
          const count = chips.columnStarts.length * chips.rowStarts.length;
          const random = seeded(seed);
          const order = Array.from({ length: count }, (_, k) => ({ k, at: random() }))
            .sort((a, b) => a.at - b.at)
            .map(({ k }) => k);
          const missing = order.filter(() => random() > present);
          const truth = randomValues(seed, 84 * 84, -1, 1);
          const value = (x: number, y: number): number => truth[y * 84 + x];
          const predictions = chipsOf(chips, 1, value);
          const options = { width, height, size, stride, classes: 1, predictions, order, missing };
          const result = new Float32Array(width * height);
          for (let start = 0; start < height; start += rows) {
            const part = { rowStart: start, rows: Math.min(rows, height - start) };
            const strip = await stitchOn(backend(), {
              ...options,
              ...part,
              window: { window },
              reduction,
            });
            result.set(strip, start * width);
          }
          const expected = Float64Array.from(result, (_, k) => {
            const [x, y] = [k % width, Math.floor(k / width)];
            const covered = Array.from(chips.rowStarts).some((top, j) =>
              Array.from(chips.columnStarts).some(
                (left, i) =>
                  x >= left &&
                  x < left + size &&
                  y >= top &&
                  y < top + size &&
                  !missing.includes(j * chips.columnStarts.length + i),
              ),
            );
            return covered ? value(x, y) : Number.NaN;
          });
          expect(result).toBeCloseToArray(expected, 1e-6);
        },
      ),
      { numRuns: 40, seed: 5 },
    );
  });

  it('by hand: two chips in a row', async () => {
    // Chips of 4 every 2 on a row of 6: both cover pixels 2 and 3, with weights that sum to 1.
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

describe('blend windows', () => {
  it.each(windows.windows)(
    "$options are equal to SciPy's where a chip has neighbours",
    ({ options, values }) => {
      const { size, stride } = windows;
      const found = blendWindows(size, stride, options as WindowOptions);
      const half = size / 2;
      expect(found.subarray(0, size).every((weight) => weight === 1)).toBe(true);
      expect(found.subarray(size, size + half)).toBeCloseToArray(values.slice(0, half), 1e-7);
      expect(found.subarray(size + half, 2 * size).every((weight) => weight === 1)).toBe(true);
      expect(found.subarray(2 * size, 2 * size + half).every((weight) => weight === 1)).toBe(true);
      expect(found.subarray(2 * size + half, 3 * size)).toBeCloseToArray(values.slice(half), 1e-7);
      expect(found.subarray(3 * size)).toBeCloseToArray(values, 1e-7);
    },
  );

  it('are never 0, nor is the product of two', () => {
    const options: WindowOptions[] = [
      { window: 'hann' },
      { window: 'gaussian', deviation: 0.01 },
      { window: 'kaiser', beta: 100 },
    ];
    for (const option of options) {
      const least = Math.min(...blendWindows(4096, 1024, option));
      expect(least).toBeGreaterThan(0);
      expect(Math.fround(least * least)).toBeGreaterThan(2 ** -126);
    }
  });

  it('cosine windows of neighbours sum to 1', () => {
    const [size, stride] = [256, 208];
    const found = blendWindows(size, stride);
    const [after, before] = [found.subarray(size, 2 * size), found.subarray(2 * size, 3 * size)];
    for (let i = 0; i < size - stride; i++) expect(before[stride + i] + after[i]).toBeCloseTo(1, 6);
  });

  it.each<[WindowOptions, RegExp]>([
    [{ window: 'gaussian', deviation: 0 }, /deviation cannot be 0; give a positive share/],
    [{ window: 'kaiser', beta: -1 }, /beta cannot be -1/],
    [{ window: 'hanning' as 'hann' }, /window cannot be "hanning"; choose one of boxcar/],
  ])('refuse %o', (options, message) => {
    expect(() => blendWindows(16, 11, options)).toThrow(message);
  });

  it('refuse a stride beyond the chip', () => {
    expect(() => blendWindows(16, 17)).toThrow(/chip size of 16 with a stride of 17/);
  });
});

describe.skipIf(webgpuProblem !== null)('stitch (cpu and webgpu)', () => {
  it('agree: gaps bit for bit, values within 1e-6', async () => {
    const cpu = new CpuBackend();
    const options = { ...scene, predictions: randomValues(24, chipValues, 0, 1, 0.05), missing: [2] };
    for (const reduction of REDUCTIONS) {
      const [found, expected] = [
        await stitchOn(sharedWebGpu(), { ...options, reduction }),
        await stitchOn(cpu, { ...options, reduction }),
      ];
      expect(found).toBeCloseToArray(expected, 1e-6);
    }
    cpu.dispose();
  });
});
