import { describe, expect, it } from 'vitest';
import { Affine, GeoBox, type TypedArray } from '../../src/geo/index.js';
import { type Backend, CpuBackend, type CpuExecutor, type DeviceTensor } from '../../src/gpu/index.js';
import {
  bitMask,
  dilate,
  evaluateExpression,
  harmonise,
  MOSAIC_METHODS,
  maskOut,
  mosaic,
  parseExpression,
  percentiles,
  RESAMPLINGS,
  uploadExpression,
  validMask,
} from '../../src/kernels/index.js';
import { randomValues, seeded } from '../support/random.js';
import { warpOn } from '../support/warp-on.js';

/** Runs the rows of every kernel one by one in reverse order, as threads may. */
const oneByOne: CpuExecutor = {
  threads: 0,
  description: 'rows one by one',
  needsSharedMemory: false,
  async execute({ kernel, tensors, parameters, rows }) {
    const step = kernel.cpu.rowStep ?? 1;
    for (let start = Math.floor((rows - 1) / step) * step; start >= 0; start -= step)
      kernel.cpu.run(tensors, parameters, start, Math.min(rows, start + step));
  },
  dispose() {},
};

const [width, height] = [331, 151];
const pixels = width * height;

/** Kernels by name, each with a run into a tensor. */
const WORK: readonly (readonly [string, (on: Backend, stack: DeviceTensor) => DeviceTensor])[] = [
  [
    'expression',
    (on, stack) => {
      const expression = uploadExpression(on, parseExpression('where(a > 0, a * 2, -a) + 1'));
      const destination = on.allocate([stack.length], 'float32');
      evaluateExpression(on, { expression, bands: { a: stack }, destination });
      return destination;
    },
  ],
  [
    'rescale',
    (on, stack) => {
      harmonise(on, stack, -3);
      return stack;
    },
  ],
  ...MOSAIC_METHODS.map(
    (method) =>
      [
        `mosaic ${method}`,
        (on: Backend, stack: DeviceTensor) => {
          const destination = on.allocate([pixels], 'float32');
          mosaic(on, { layers: stack, method, destination });
          return destination;
        },
      ] as const,
  ),
  [
    'masks',
    (on, stack) => {
      const quality = on.upload(Uint16Array.from({ length: pixels }, (_, i) => i));
      const mask = on.allocate([height, width], 'uint8');
      bitMask(on, quality, { first: 2, width: 5, values: [7, 30] }, mask);
      dilate(on, mask, { radius: 1 });
      maskOut(on, stack, mask);
      return stack;
    },
  ],
  [
    'valid mask',
    (on, stack) => {
      const mask = on.allocate([height, width], 'uint8');
      validMask(on, stack, mask);
      return mask;
    },
  ],
];

const values = randomValues(21, 3 * pixels, -10, 10, 0.2);

async function on<T>(executor: CpuExecutor | undefined, work: (backend: Backend, stack: DeviceTensor) => T) {
  const backend = new CpuBackend(executor);
  const result = await work(backend, backend.upload(values, [3, height, width]));
  return { backend, result };
}

it.each(WORK)('%s does not depend on the split of rows', async (_, work) => {
  const results: TypedArray[] = [];
  for (const executor of [undefined, oneByOne]) {
    const { backend, result } = await on(executor, work);
    results.push(await backend.download(result));
    backend.dispose();
  }
  expect(results[1]).toBeCloseToArray(results[0]);
});

it('percentiles do not depend on the split of rows', async () => {
  const results = [];
  for (const executor of [undefined, oneByOne]) {
    const { backend, result } = await on(executor, (backend, stack) =>
      percentiles(backend, stack, [1, 50, 99]),
    );
    results.push(result);
    backend.dispose();
  }
  expect(results[1]).toEqual(results[0]);
});

describe('a warp converts only the stored values under its pieces', () => {
  // A turned grid over two columns of blocks, which reaches beyond the source on all sides.
  const from = new GeoBox(32632, new Affine(1, 0, 0, 0, -1, 0), 260, 120);
  const [cos, sin] = [Math.cos(0.3), Math.sin(0.3)];
  const to = new GeoBox(32632, new Affine(cos, sin, -30, -sin, cos, -70), 300, 120);
  const random = seeded(5);
  const stored = Uint16Array.from({ length: from.pixelCount }, () => Math.floor(random() * 12));
  const plain = Float32Array.from(stored, (value) => (value === 3 ? Number.NaN : value));

  it.each(RESAMPLINGS)('%s: as from float32, which is not converted', async (resampling) => {
    using whole = new CpuBackend();
    using pieces = new CpuBackend(oneByOne);
    const expected = await warpOn(whole, plain, from, to, resampling);
    const values = await warpOn(pieces, stored, from, to, resampling, { nodata: 3 });
    expect(values).toBeCloseToArray(expected);
    const gaps = expected.filter(Number.isNaN).length;
    expect(gaps).toBeGreaterThan(5000);
    expect(gaps).toBeLessThan(30_000);
  });
});
