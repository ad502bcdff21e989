import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type TypedArray, viewArray } from '../../src/geo/index.js';
import { type Backend, CpuBackend, type DeviceTensor } from '../../src/gpu/index.js';
import {
  type BitField,
  bitMask,
  classMask,
  dilate,
  keepWhere,
  maskOut,
  SCL,
  SCL_CLOUDS,
} from '../../src/kernels/index.js';
import { describeBackends, sharedWebGpu, webgpuProblem } from '../support/backends.js';
import { seeded } from '../support/random.js';

/** Made by scripts/truth/pixels.py. */
const truth = JSON.parse(readFileSync('test/fixtures/pixels/dilations.json', 'utf8')) as {
  width: number;
  height: number;
  shape: 'disc' | 'square';
  radius: number;
  mask: number[];
  expected: number[];
}[];

describeBackends('field mask', (backend) => {
  const marks = async (
    source: TypedArray,
    fill: (on: Backend, source: DeviceTensor, mask: DeviceTensor) => void,
  ): Promise<number[]> => {
    const tensor = backend().upload(source);
    const mask = backend().allocate([source.length], 'uint8');
    fill(backend(), tensor, mask);
    const result = [...(await backend().download(mask))];
    tensor.dispose();
    mask.dispose();
    return result;
  };
  const bits = (source: TypedArray, field: BitField) =>
    marks(source, (b, tensor, mask) => bitMask(b, tensor, field, mask));
  const classes = (source: TypedArray, wanted: readonly number[]) =>
    marks(source, (b, tensor, mask) => classMask(b, tensor, wanted, mask));

  it('reads Landsat’s QA_PIXEL', async () => {
    // Landsat 8-9 Collection 2 (USGS LSDS-1619, table 6-3): 21824 clear, 22280 cloud of high confidence, 23888 cloud
    // shadow, 1 fill. Bit 0 fill, 3 cloud, 4 cloud shadow; bits 8 and 9 cloud confidence (1 low, 2 medium, 3 high).
    const values = Uint16Array.of(21824, 22280, 23888, 1, 65535);
    expect(await bits(values, { first: 0 })).toEqual([0, 0, 0, 1, 1]);
    expect(await bits(values, { first: 3 })).toEqual([0, 1, 0, 0, 1]);
    expect(await bits(values, { first: 4 })).toEqual([0, 0, 1, 0, 1]);
    expect(await bits(values, { first: 8, width: 2, values: [3] })).toEqual([0, 1, 0, 0, 1]);
    expect(await bits(values, { first: 8, width: 2, values: [0, 1] })).toEqual([1, 0, 1, 1, 0]);
    expect(await bits(values, { first: 8, width: 2 })).toEqual([1, 1, 1, 0, 1]);
  });

  it.each(['uint8', 'int8', 'uint16', 'int16', 'uint32', 'int32'] as const)(
    'reads the bits of %s',
    async (dtype) => {
      const random = seeded(4);
      const bytes = Uint8Array.from({ length: 4 * 301 }, () => 256 * random());
      const source = viewArray(dtype, bytes.buffer);
      const width = Math.min(8, 8 * source.BYTES_PER_ELEMENT - 3);
      const expected = Array.from(source, (value) =>
        Number([5, 9].includes((value >> 3) & (2 ** width - 1))),
      );
      expect(await bits(source, { first: 3, width, values: [5, 9] })).toEqual(expected);
      const top = 8 * source.BYTES_PER_ELEMENT - 1;
      expect(await bits(source, { first: top })).toEqual(Array.from(source, (value) => (value >> top) & 1));
    },
  );

  it('reads integers in float32, and ignores other values', async () => {
    const values = Float32Array.of(8, 9.5, NaN, Infinity, -8, 2 ** 24 + 8, 9, 265);
    expect(await classes(values, [8, 9])).toEqual([1, 0, 0, 0, 0, 0, 1, 0]);
    expect(await bits(values, { first: 3 })).toEqual([1, 0, 0, 0, 0, 0, 1, 1]);
  });

  it('selects classes', async () => {
    const all = Uint8Array.from({ length: 12 }, (_, i) => i);
    expect(await classes(all, SCL_CLOUDS)).toEqual([0, 0, 0, 1, 0, 0, 0, 0, 1, 1, 1, 0]);
    expect(await classes(all, [SCL.water, SCL.noData])).toEqual([1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0]);
    expect(await classes(all, [])).toEqual(new Array(12).fill(0));
    // 259 is not 3, and -1 is not 255.
    expect(await classes(Int16Array.of(259, 3, -1, 255), [3, 255])).toEqual([0, 1, 0, 1]);
  });

  it('refuses bits and classes out of range', async () => {
    await expect(bits(Uint8Array.of(1), { first: 7, width: 2 })).rejects.toThrow(
      /from bit 7 on is not in a band of 8/,
    );
    await expect(bits(Uint16Array.of(1), { first: 0, width: 9 })).rejects.toThrow(/at most 8 bits/);
    await expect(bits(Uint16Array.of(1), { first: 0.5 })).rejects.toThrow(/whole numbers/);
    await expect(bits(Uint16Array.of(1), { first: 0, width: 2, values: [4] })).rejects.toThrow(/value 4/);
    await expect(classes(Uint16Array.of(1), [256])).rejects.toThrow(/value 256/);
  });
});

describeBackends('mask values', (backend) => {
  it('masks every plane', async () => {
    const mask = backend().upload(Uint8Array.of(0, 1, 0, 255, 0));
    const values = Float32Array.from({ length: 10 }, (_, i) => i);
    for (const [work, expected] of [
      [maskOut, [0, NaN, 2, NaN, 4, 5, NaN, 7, NaN, 9]],
      [keepWhere, [NaN, 1, NaN, 3, NaN, NaN, 6, NaN, 8, NaN]],
    ] as const) {
      const tensor = backend().upload(values, [2, 5]);
      work(backend(), tensor, mask);
      expect(await backend().download(tensor)).toBeCloseToArray(expected);
      tensor.dispose();
    }
    const other = backend().allocate([7], 'float32');
    expect(() => maskOut(backend(), other, mask)).toThrow(/mask of 5 pixels does not fit 7 values/);
    other.dispose();
    mask.dispose();
  });

  it('masks every value', async () => {
    // Planes that do not start at the threads' pieces.
    const pixels = 30_011;
    const mask = backend().upload(Uint8Array.from({ length: pixels }, (_, i) => Number(i % 3 === 0)));
    const tensor = backend().upload(new Float32Array(5 * pixels).fill(1), [5, pixels]);
    maskOut(backend(), tensor, mask);
    const result = await backend().download(tensor);
    expect(result.every((value, i) => Number.isNaN(value) === ((i % pixels) % 3 === 0))).toBe(true);
    tensor.dispose();
    mask.dispose();
  });
});

async function grow(
  backend: Backend,
  values: Uint8Array,
  width: number,
  options: Parameters<typeof dilate>[2],
) {
  const mask = backend.upload(values, [values.length / width, width]);
  dilate(backend, mask, options);
  const result = [...(await backend.download(mask))];
  mask.dispose();
  return result;
}

describeBackends('dilation', (backend) => {
  it.each(truth.map((c) => [c.shape, c.radius, c.width, c.height, c] as const))(
    'is equal to SciPy: %s of %f on %i × %i',
    async (shape, radius, width, _, { mask, expected }) => {
      // Any value except 0 is set.
      const values = Uint8Array.from(mask, (value, i) => value * (1 + (i % 255)));
      expect(await grow(backend(), values, width, { shape, radius })).toEqual(expected);
    },
  );

  it('dilates by a disc by default, up to the largest radius', async () => {
    const values = new Uint8Array(600 * 3);
    values[600] = 1;
    const result = await grow(backend(), values, 600, { radius: 254 });
    expect(result.slice(600, 1200)).toEqual(Array.from({ length: 600 }, (_, x) => Number(x <= 254)));
    expect(result.slice(0, 600)).toEqual(Array.from({ length: 600 }, (_, x) => Number(x <= 253)));
  });

  it('refuses an impossible radius or shape', () => {
    const flat = backend().allocate([12], 'uint8');
    const mask = backend().allocate([3, 4], 'uint8');
    expect(() => dilate(backend(), flat, { radius: 1 })).toThrow(/has no rows/);
    for (const radius of [-1, 255, NaN])
      expect(() => dilate(backend(), mask, { radius })).toThrow(/a radius of/);
    flat.dispose();
    mask.dispose();
  });
});

describe.skipIf(webgpuProblem !== null)('dilation (cpu and webgpu)', () => {
  it('agree on any mask', async () => {
    const cpu = new CpuBackend();
    const masks = fc
      .tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 20 }))
      .chain(([width, height]) =>
        fc.tuple(
          fc.constant(width),
          fc
            .uint8Array({ minLength: width * height, maxLength: width * height, max: 12 })
            .map((bytes) => bytes.map((byte) => Number(byte === 12))),
        ),
      );
    const radius = fc.integer({ min: 0, max: 30 }).map((n) => n / 2);
    const shape = fc.constantFrom('disc' as const, 'square' as const);
    await fc.assert(
      fc.asyncProperty(masks, radius, shape, async ([width, values], r, s) => {
        const options = { radius: r, shape: s };
        const expected = await grow(cpu, values, width, options);
        expect(await grow(sharedWebGpu(), values, width, options)).toEqual(expected);
      }),
      { numRuns: 60, seed: 3 },
    );
    cpu.dispose();
  });
});
