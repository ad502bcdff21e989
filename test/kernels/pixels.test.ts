import { describe, expect, it } from 'vitest';
import type { TypedArray } from '../../src/geo/index.js';
import { CpuBackend, type DeviceTensor } from '../../src/gpu/index.js';
import { markNodata } from '../../src/kernels/cpu/stored-values.js';
import {
  decibelToLinear,
  linearToDecibel,
  type NodataOptions,
  nodataToNaN,
  softmax,
  validMask,
} from '../../src/kernels/index.js';
import { describeBackends, sharedWebGpu, webgpuProblem } from '../support/backends.js';
import { randomValues, seeded } from '../support/random.js';

describeBackends('nodata', (backend) => {
  const convert = async (values: TypedArray, options?: NodataOptions): Promise<TypedArray> => {
    const source = backend().upload(values);
    const result = nodataToNaN(backend(), source, options);
    const downloaded = await backend().download(result);
    source.dispose();
    result.dispose();
    return downloaded;
  };

  it.each([
    ['uint8', Uint8Array.of(0, 1, 127, 128, 255), 0, [NaN, 1, 127, 128, 255]],
    ['int8', Int8Array.of(-128, -1, 0, 1, 127), -1, [-128, NaN, 0, 1, 127]],
    ['uint16', Uint16Array.of(0, 1, 32768, 65535, 7), 65535, [0, 1, 32768, NaN, 7]],
    ['int16', Int16Array.of(-32768, -1, 0, 32767, -9999), -32768, [NaN, -1, 0, 32767, -9999]],
    ['uint32', Uint32Array.of(0, 4294967295, 5, 2147483648), 4294967295, [0, NaN, 5, 2147483648]],
    ['int32', Int32Array.of(-2147483648, -5, 5, 2147483647), -5, [-2147483648, NaN, 5, 2147483648]],
    ['float32', Float32Array.of(-9999, 0, NaN, 1.5), -9999, [NaN, 0, NaN, 1.5]],
  ] as [string, TypedArray, number, number[]][])('converts %s', async (_, values, nodata, expected) => {
    expect(await convert(values, { nodata })).toBeCloseToArray(expected);
  });

  it('compares floats as GDAL does', async () => {
    // GDAL 3.6.2, source nodata -9999: -9999.004 is no data, -9999.006 is data (ARE_REAL_EQUAL, gdal_priv.h).
    const values = Float32Array.of(-9999.004, -9999.006, -9998.996, -9998.99, 9999);
    const isGap = Array.from(await convert(values, { nodata: -9999 }), Number.isNaN);
    expect(isGap).toEqual([true, false, true, false, false]);
  });

  it('matches the largest float as nodata, and no other value', async () => {
    const lowest = -3.4028234663852886e38;
    const values = Float32Array.of(lowest, -1e38, 0, 3.4e38);
    expect(await convert(values, { nodata: lowest })).toBeCloseToArray([
      NaN,
      Math.fround(-1e38),
      0,
      Math.fround(3.4e38),
    ]);
  });

  it('matches the largest float by its first digits, and infinity by a larger number', async () => {
    // GetMaskBand of GDAL 3.6.2: with -3.40282e38 the first two are no data; with -1.797e308 -inf alone is.
    const values = Float32Array.of(
      -3.4028234663852886e38,
      -3.40282e38,
      Number.NEGATIVE_INFINITY,
      3.4028e38,
      1,
    );
    const gaps = async (nodata: number) => Array.from(await convert(values, { nodata }), Number.isNaN);
    expect(await gaps(-3.40282e38)).toEqual([true, true, false, false, false]);
    expect(await gaps(-3.4028234663852886e38)).toEqual([true, true, false, false, false]);
    expect(await gaps(-1.797e308)).toEqual([false, false, true, false, false]);
    const valid = Uint8Array.of(1, 1, 1, 1, 1);
    markNodata(values, 1, -3.40282e38, valid);
    expect([...valid]).toEqual([0, 0, 1, 1, 1]);
    valid.fill(1);
    markNodata(values, 1, -1.797e308, valid);
    expect([...valid]).toEqual([1, 1, 0, 1, 1]);
  });

  it('matches a float64 by its first 15 digits', () => {
    // GetMaskBand of GDAL 3.6.2, nodata -3.40282346638529e38 in a file of float64: 0, 0, 255, 255.
    const values = Float64Array.of(-3.4028234663852886e38, -3.40282346638529e38, -3.4028e38, -9999);
    const valid = Uint8Array.of(1, 1, 1, 1);
    markNodata(values, 1, -3.40282346638529e38, valid);
    expect([...valid]).toEqual([0, 0, 1, 1]);
  });

  it('matches the lowest float by a nodata value of few digits', async () => {
    // GDAL 3.6.2 on such a file, whose nodata value is written -3.40282e+038: the sum of both overflows in float32.
    const values = Float32Array.of(-3.4028234663852886e38, 3.4028234663852886e38, -1.5e38, 0);
    const isGap = Array.from(await convert(values, { nodata: -3.40282e38 }), Number.isNaN);
    expect(isGap).toEqual([true, false, false, false]);
  });

  it('tests stored values, then scales', async () => {
    // Stored 0 is no data although 0 · 0.1 + 5 = 5 would be a value.
    const values = Uint16Array.of(0, 10, 20);
    expect(await convert(values, { nodata: 0, scale: 0.1, offset: 5 })).toBeCloseToArray([NaN, 6, 7], 1e-6);
  });

  it('ignores a nodata value that the type cannot hold', async () => {
    expect(await convert(Uint8Array.of(0, 241, 255), { nodata: -9999 })).toBeCloseToArray([0, 241, 255]);
    expect(await convert(Int16Array.of(1, 2), { nodata: 1.5 })).toBeCloseToArray([1, 2]);
  });

  // Two whole dispatch rows, and a part of one.
  it.each([70_001, 2 * 65_536])('compares every value of a large array (%i)', async (length) => {
    const values = Uint8Array.from({ length }, (_, i) => i % 251);
    const result = await convert(values, { nodata: 250 });
    expect(result).toBeCloseToArray(Array.from(values, (v) => (v === 250 ? NaN : v)));
  });

  it.each([undefined, -9999])('writes the same bits for every NaN (nodata %s)', async (nodata) => {
    const source = new Float32Array(Uint32Array.of(0x7fc00000, 0xffc00001, 0x7fa00000).buffer);
    const options = nodata === undefined ? {} : { nodata };
    const result = (await convert(source, options)) as Float32Array;
    expect([...new Uint32Array(result.buffer, result.byteOffset, 3)]).toEqual(new Array(3).fill(0x7fc00000));
  });

  it('treats only NaN as missing, not infinity', async () => {
    const result = await convert(Float32Array.of(Infinity, -Infinity, NaN, 1));
    expect([...result]).toEqual([Infinity, -Infinity, NaN, 1]);
  });
});

describeBackends('decibel', (backend) => {
  const inPlace = async (
    values: Float32Array,
    convert: (tensor: DeviceTensor) => void,
  ): Promise<TypedArray> => {
    const tensor = backend().upload(values);
    convert(tensor);
    const result = await backend().download(tensor);
    tensor.dispose();
    return result;
  };

  it('is 10 log10 of power', async () => {
    // numpy: 10 * np.log10([1, 0.1, 0.025, 100, 1e-30, 3.4e38])
    const powers = Float32Array.of(1, 0.1, 0.025, 100, 1e-30, 3.4e38);
    const expected = [0, -10, -16.020599913279625, 20, -300, 385.3147891704226];
    expect(await inPlace(powers, (t) => linearToDecibel(backend(), t))).toBeCloseToArray(expected, 1e-4);
  });

  it('gives NaN for powers that are not positive', async () => {
    const powers = Float32Array.of(0, -1, NaN, Infinity, 1e-40, -0);
    expect(await inPlace(powers, (t) => linearToDecibel(backend(), t))).toBeCloseToArray(
      new Array(6).fill(NaN),
    );
  });

  it('has decibelToLinear as its inverse', async () => {
    const expected = [1, 0.1, 0.025118864315095794, 100, NaN];
    const result = await inPlace(Float32Array.of(0, -10, -16, 20, NaN), (t) => decibelToLinear(backend(), t));
    for (const [i, value] of expected.entries()) {
      if (Number.isNaN(value)) expect(result[i]).toBeNaN();
      else expect(Math.abs(result[i] / value - 1)).toBeLessThan(4e-6);
    }
  });

  it('refuses integers', () => {
    const tensor = backend().upload(Uint8Array.of(1));
    expect(() => linearToDecibel(backend(), tensor)).toThrow(/wrong type/);
    tensor.dispose();
  });
});

describeBackends('valid mask', (backend) => {
  it('is 1 where every plane is finite', async () => {
    const planes = [
      Float32Array.of(1, NaN, 3, Infinity, 5, 6, 7),
      Float32Array.of(0, 2, 3, 4, NaN, -Infinity, 7),
    ].map((values) => backend().upload(values));
    const mask = backend().upload(new Uint8Array(7).fill(9));
    validMask(backend(), planes, mask);
    expect([...(await backend().download(mask))]).toEqual([1, 0, 1, 0, 0, 0, 1]);
    validMask(backend(), [planes[0]], mask);
    expect([...(await backend().download(mask))]).toEqual([1, 0, 1, 0, 1, 1, 1]);
    for (const tensor of [...planes, mask]) tensor.dispose();
  });

  it('accepts planes in one tensor', async () => {
    const bands = backend().upload(
      Float32Array.of(1, NaN, 3, 4, 5, 6, 7, 8, NaN, 1, 2, Infinity, 4, 5, 6),
      [3, 5],
    );
    const mask = backend().upload(new Uint8Array(5).fill(9));
    validMask(backend(), bands, mask);
    expect([...(await backend().download(mask))]).toEqual([1, 0, 1, 0, 1]);
    bands.dispose();
    mask.dispose();
  });

  it('requires a plane', () => {
    const mask = backend().allocate([4], 'uint8');
    const five = backend().allocate([5], 'float32');
    expect(() => validMask(backend(), five, mask)).toThrow(/not made of planes of 4 pixels/);
    five.dispose();
    expect(() => validMask(backend(), [], mask)).toThrow(/at least one plane/);
    mask.dispose();
  });
});

describeBackends('softmax', (backend) => {
  it('is equal to the definition', async () => {
    const random = seeded(3);
    const [items, classes, pixels] = [3, 4, 70];
    const logits = Float32Array.from({ length: items * classes * pixels }, () => 40 * (random() - 0.5));
    const tensor = backend().upload(logits, [items, classes, pixels]);
    softmax(backend(), tensor);
    const result = await backend().download(tensor);
    for (let item = 0; item < items; item++) {
      for (let pixel = 0; pixel < pixels; pixel++) {
        const at = (c: number): number => (item * classes + c) * pixels + pixel;
        const exps = [0, 1, 2, 3].map((c) => Math.exp(logits[at(c)]));
        const sum = exps.reduce((a, b) => a + b);
        for (let c = 0; c < classes; c++) expect(Math.abs(result[at(c)] - exps[c] / sum)).toBeLessThan(1e-5);
      }
    }
    tensor.dispose();
  });

  it('computes every pixel of large items', async () => {
    const [items, pixels] = [2, 40000];
    const logits = Float32Array.from({ length: items * 2 * pixels }, (_, i) => (i % 777) / 100);
    const tensor = backend().upload(logits, [items, 2, pixels]);
    softmax(backend(), tensor);
    const result = await backend().download(tensor);
    let worst = 0;
    for (let i = 0; i < logits.length; i++) {
      const other = Math.floor(i / pixels) % 2 === 0 ? i + pixels : i - pixels;
      worst = Math.max(worst, Math.abs(result[i] - 1 / (1 + Math.exp(logits[other] - logits[i]))));
    }
    expect(worst).toBeLessThan(1e-5);
    tensor.dispose();
  });

  it.each([
    ['equal', [0, 0], [0.5, 0.5]],
    ['large', [1000, 999], [Math.E / (Math.E + 1), 1 / (Math.E + 1)]],
    ['far apart', [500, -500], [1, 0]],
    ['three to one', [Math.log(3), 0], [0.75, 0.25]],
    ['one NaN', [NaN, 1], [NaN, NaN]],
    ['one infinite', [-Infinity, 1], [NaN, NaN]],
  ])('by hand: %s', async (_, logits, expected) => {
    const tensor = backend().upload(Float32Array.from(logits), [1, 2, 1]);
    softmax(backend(), tensor);
    expect(await backend().download(tensor)).toBeCloseToArray(expected, 1e-6);
    tensor.dispose();
  });
});

describe.skipIf(webgpuProblem !== null)('pixel kernels (cpu and webgpu)', () => {
  it('agree on gaps bit for bit', async () => {
    const cpu = new CpuBackend();
    const values = randomValues(9, 5000, -1, 1, 0.1);
    const results = [];
    for (const backend of [cpu, sharedWebGpu()]) {
      const tensor = backend.upload(values);
      linearToDecibel(backend, tensor);
      results.push(await backend.download(tensor));
      tensor.dispose();
    }
    expect(results[1]).toBeCloseToArray(results[0], 1e-4);
    cpu.dispose();
  });
});
