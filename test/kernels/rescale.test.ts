import { expect, it } from 'vitest';
import { CpuBackend, type DeviceTensor } from '../../src/gpu/index.js';
import { clip, harmonise, normalise, stretch } from '../../src/kernels/index.js';
import { describeBackends } from '../support/backends.js';
import { randomValues } from '../support/random.js';

describeBackends('rescale', (backend) => {
  const inPlace = async (
    values: readonly number[] | Float32Array,
    work: (tensor: DeviceTensor) => void,
    shape: readonly number[] = [values.length],
  ) => {
    const tensor = backend().upload(Float32Array.from(values), shape);
    work(tensor);
    const result = await backend().download(tensor);
    tensor.dispose();
    return result;
  };

  it('harmonises: 0 stays nodata, and negative results become 0', async () => {
    const numbers = [0, 1, 999, 1000, 1001, 12345, 65535, NaN];
    const result = await inPlace(numbers, (t) => harmonise(backend(), t));
    expect(result).toBeCloseToArray([NaN, 0, 0, 0, 1, 11345, 64535, NaN]);
    expect(await inPlace([0, 5, 20], (t) => harmonise(backend(), t, 10))).toBeCloseToArray([NaN, 0, 10]);
  });

  it('normalises each band by its own statistics', async () => {
    // numpy: (x - mean) / std in float32.
    const values = [1, 2, NaN, 10, 20, 30];
    const bands = [
      { mean: 1, std: 0.5 },
      { mean: 20, std: 4 },
    ];
    const result = await inPlace(values, (t) => normalise(backend(), t, bands), [2, 3]);
    expect(result).toBeCloseToArray([0, 2, NaN, -2.5, 0, 2.5]);
    const all = await inPlace(values, (t) => normalise(backend(), t, { mean: 10, std: 10 }), [2, 3]);
    expect(all).toBeCloseToArray([-0.9, -0.8, NaN, 0, 1, 2], 1e-6);
  });

  it('clips, and treats infinity as nodata', async () => {
    const values = [-5, -1, 0, 0.3, 7, NaN, Infinity, -Infinity, 3e38];
    const gaps = [NaN, NaN, NaN];
    const both = await inPlace(values, (t) => clip(backend(), t, { low: -1, high: 1 }));
    expect(both).toBeCloseToArray([-1, -1, 0, Math.fround(0.3), 1, ...gaps, 1]);
    const below = await inPlace(values, (t) => clip(backend(), t, { low: 0 }));
    expect(below).toBeCloseToArray([0, 0, 0, Math.fround(0.3), 7, ...gaps, Math.fround(3e38)]);
    const above = await inPlace(values, (t) => clip(backend(), t, { high: 0 }));
    expect(above).toBeCloseToArray([-5, -1, 0, 0, 0, ...gaps, 0]);
  });

  it('stretches', async () => {
    const result = await inPlace([-20, -15, -10, 0, NaN], (t) =>
      stretch(backend(), t, { low: -20, high: -10 }),
    );
    expect(result).toBeCloseToArray([0, 0.5, 1, 1, NaN], 1e-7);
  });

  it('gives every backend the same bits, over several rows of a dispatch', async () => {
    const values = randomValues(5, 200_000, -3000, 30_000, 0.1);
    const work = (on: CpuBackend | ReturnType<typeof backend>, tensor: DeviceTensor): void => {
      harmonise(on, tensor);
      normalise(on, tensor, { mean: 1200.3, std: 733.1 });
      stretch(on, tensor, { low: -0.7, high: 2.9 });
    };
    const cpu = new CpuBackend();
    const expected = cpu.upload(values);
    work(cpu, expected);
    const result = await inPlace(values, (tensor) => work(backend(), tensor));
    expect(result).toEqual(await cpu.download(expected));
    cpu.dispose();
  });

  it('refuses impossible options', () => {
    const tensor = backend().upload(new Float32Array(6), [2, 3]);
    const bytes = backend().upload(new Uint8Array(4));
    const std = { mean: 0, std: 1 };
    expect(() => clip(backend(), tensor, { low: 2, high: 1 })).toThrow(/limits of 2 and 1/);
    expect(() => clip(backend(), tensor, { low: NaN })).toThrow(/limits/);
    expect(() => stretch(backend(), tensor, { low: 1, high: 1 })).toThrow(/stretch from 1 to 1/);
    expect(() => normalise(backend(), tensor, [std, std, std])).toThrow(/3 normalisations/);
    expect(() => normalise(backend(), tensor, { mean: 0, std: 0 })).toThrow(/standard deviation 0/);
    expect(() => harmonise(backend(), tensor, NaN)).toThrow(/offset of NaN/);
    expect(() => harmonise(backend(), bytes)).toThrow(/wrong type/);
    tensor.dispose();
    bytes.dispose();
  });
});
