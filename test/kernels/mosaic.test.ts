import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Backend, CpuBackend } from '../../src/gpu/index.js';
import { MOSAIC_METHODS, type MosaicMethod, mosaic } from '../../src/kernels/index.js';
import { describeBackends, sharedWebGpu, webgpuProblem } from '../support/backends.js';

/** Made by scripts/truth/pixels.py; null is NaN. */
const truth = JSON.parse(readFileSync('test/fixtures/pixels/mosaics.json', 'utf8')) as {
  layers: number;
  values: (number | null)[];
  expected: Record<MosaicMethod, (number | null)[]>;
}[];

async function combine(
  backend: Backend,
  values: Float32Array,
  layers: number,
  method: MosaicMethod,
  stacked: boolean,
) {
  const pixels = values.length / layers;
  const planes = stacked
    ? [backend.upload(values, [layers, pixels])]
    : Array.from({ length: layers }, (_, k) => backend.upload(values.slice(k * pixels, (k + 1) * pixels)));
  const destination = backend.allocate([pixels], 'float32');
  mosaic(backend, { layers: stacked ? planes[0] : planes, method, destination });
  const result = await backend.download(destination);
  for (const tensor of [...planes, destination]) tensor.dispose();
  return result;
}

/** The kernel's error bound for values up to a size. */
function toleranceOf(method: MosaicMethod, layers: number, size: number): number {
  if (method === 'mean') return layers * 2 ** -23 * size;
  return method === 'sum' ? layers * layers * 2 ** -23 * size : 0;
}

describeBackends('mosaic', (backend) => {
  const cases = truth.flatMap(({ layers, values, expected }) =>
    MOSAIC_METHODS.map((method) => [method, layers, values, expected[method]] as const),
  );
  it.each(cases)('is equal to NumPy: %s of %i', async (method, layers, numbers, expected) => {
    const values = Float32Array.from(numbers, (value) => value ?? Number.NaN);
    const wanted = expected.map((value) => value ?? Number.NaN);
    const tolerance = toleranceOf(method, layers, 400);
    for (const stacked of [false, true])
      expect(await combine(backend(), values, layers, method, stacked)).toBeCloseToArray(wanted, tolerance);
  });

  it('takes the median of many layers', async () => {
    const layers = 101;
    // 37 and 101 have no common factor: each pixel has all numbers from 0 to 100.
    const values = Float32Array.from({ length: layers * 3 }, (_, i) => (37 * i + (i % 3)) % layers);
    const expected = [0, 1, 2].map((pixel) => {
      const sorted = Array.from({ length: layers }, (_, k) => values[k * 3 + pixel]).sort((a, b) => a - b);
      return sorted[50];
    });
    expect([...(await combine(backend(), values, layers, 'median', true))]).toEqual(expected);
  });

  it('takes more layers than fit in one dispatch', async () => {
    // 40 layers of 500 000 pixels: 80 MB, in two parts.
    const pixels = 500_000;
    const planes = Array.from({ length: 40 }, (_, k) =>
      backend().upload(Float32Array.from({ length: pixels }, (_, i) => (i % 777) + k)),
    );
    const destination = backend().allocate([pixels], 'float32');
    mosaic(backend(), { layers: planes, method: 'max', destination });
    const result = await backend().download(destination);
    expect(result.every((value, i) => value === (i % 777) + 39)).toBe(true);
    for (const tensor of [...planes, destination]) tensor.dispose();
  });

  it('treats infinity as nodata', async () => {
    const values = Float32Array.of(Infinity, 1, -Infinity, 3);
    expect([...(await combine(backend(), values, 4, 'max', true))]).toEqual([3]);
    expect([...(await combine(backend(), values, 4, 'count', true))]).toEqual([2]);
  });

  it('refuses no layers, other sizes, and its own result', () => {
    const layer = backend().allocate([4], 'float32');
    const destination = backend().allocate([3], 'float32');
    const run = (layers: Parameters<typeof mosaic>[1]['layers'], into = destination): void =>
      mosaic(backend(), { layers, method: 'mean', destination: into });
    expect(() => run([])).toThrow(/no layers/);
    expect(() => run(layer)).toThrow(/do not fit a mosaic of 3 pixels/);
    expect(() => run(destination)).toThrow(/overwrites one of its layers/);
    expect(() => run([destination])).toThrow(/overwrites one of its layers/);
    expect(() => run([destination], layer)).toThrow(/too short/);
    layer.dispose();
    destination.dispose();
  });
});

describe.skipIf(webgpuProblem !== null)('mosaic (cpu and webgpu)', () => {
  it('agree on random layers, bit for bit except means and sums', async () => {
    const cpu = new CpuBackend();
    const value = fc.oneof(
      {
        weight: 2,
        arbitrary: fc
          .float({ noNaN: true, min: -1e6, max: 1e6 })
          .filter((v) => v === 0 || Math.abs(v) > 1e-30),
      },
      { weight: 1, arbitrary: fc.constantFrom(Number.NaN, 0, 1, -1, Infinity) },
    );
    const layers = fc
      .integer({ min: 1, max: 40 })
      .chain((n) => fc.tuple(fc.constant(n), fc.array(value, { minLength: 5 * n, maxLength: 5 * n })));
    await fc.assert(
      fc.asyncProperty(layers, fc.constantFrom(...MOSAIC_METHODS), async ([n, numbers], method) => {
        const values = Float32Array.from(numbers);
        const expected = await combine(cpu, values, n, method, true);
        const tolerance = toleranceOf(method, n, 1e6);
        expect(await combine(sharedWebGpu(), values, n, method, true)).toBeCloseToArray(expected, tolerance);
      }),
      { numRuns: 80, seed: 11 },
    );
    cpu.dispose();
  });
});
