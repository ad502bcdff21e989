import { expect, it } from 'vitest';
import { gatherChips } from '../../src/kernels/index.js';
import { describeBackends } from '../support/backends.js';

describeBackends('chips', (backend) => {
  const gather = async (options: {
    plane: Float32Array;
    width: number;
    height: number;
    firstRow?: number;
    origins: number[];
    size: number;
    channels?: number;
    channel?: number;
    mean?: number;
    std?: number;
    replacement?: number;
  }): Promise<number[]> => {
    const { channels = 1, channel = 0, origins, size } = options;
    const count = origins.length / 2;
    const plane = backend().upload(options.plane);
    const originTensor = backend().upload(Int32Array.from(origins));
    const chips = backend().upload(new Float32Array(count * channels * size * size).fill(-7), [
      count,
      channels,
      size,
      size,
    ]);
    gatherChips(backend(), {
      plane,
      firstRow: options.firstRow ?? 0,
      sceneWidth: options.width,
      sceneHeight: options.height,
      origins: originTensor,
      chips,
      channel,
      mean: options.mean ?? 0,
      std: options.std ?? 1,
      replacement: options.replacement ?? 0,
    });
    const result = await backend().download(chips);
    for (const tensor of [plane, originTensor, chips]) tensor.dispose();
    return [...result];
  };
  const ramp = (n: number): Float32Array => Float32Array.from({ length: n }, (_, i) => i);

  it('cuts at column and row', async () => {
    // A scene of 5 × 4: value = 5 row + column.
    const result = await gather({ plane: ramp(20), width: 5, height: 4, origins: [1, 2, 3, 0], size: 2 });
    expect(result).toEqual([11, 12, 16, 17, 3, 4, 8, 9]);
  });

  it('normalises, and replaces NaN before that', async () => {
    const plane = Float32Array.of(10, NaN, 30, 40);
    const result = await gather({
      plane,
      width: 2,
      height: 2,
      origins: [0, 0],
      size: 2,
      mean: 10,
      std: 4,
      replacement: 18,
    });
    expect(result).toEqual([0, 2, 5, 7.5]);
  });

  it('replaces infinities as it replaces NaN', async () => {
    const plane = Float32Array.of(Infinity, 3.4e38, -Infinity, 40);
    const result = await gather({ plane, width: 2, height: 2, origins: [0, 0], size: 2, replacement: 18 });
    expect(result).toEqual([18, Math.fround(3.4e38), 18, 40]);
  });

  it('writes one channel and leaves the others', async () => {
    const result = await gather({
      plane: ramp(4),
      width: 2,
      height: 2,
      origins: [0, 0],
      size: 2,
      channels: 3,
      channel: 1,
    });
    expect(result).toEqual([-7, -7, -7, -7, 0, 1, 2, 3, -7, -7, -7, -7]);
  });

  it('reads rows from a strip of the scene', async () => {
    const strip = Float32Array.from({ length: 10 }, (_, i) => 100 + i);
    const result = await gather({
      plane: strip,
      width: 5,
      height: 40,
      firstRow: 30,
      origins: [2, 30],
      size: 2,
    });
    expect(result).toEqual([102, 103, 107, 108]);
  });

  it('leaves zeros for a chip without an origin', async () => {
    const result = await gather({
      plane: ramp(4),
      width: 2,
      height: 2,
      origins: [-1, -1, 0, 0],
      size: 2,
      mean: 5,
    });
    expect(result).toEqual([0, 0, 0, 0, -5, -4, -3, -2]);
  });

  it('mirrors a scene that is smaller than a chip', async () => {
    // 3 × 2 pixels in a chip of 7: columns 0 1 2 2 1 0 0, rows 0 1 1 0 0 1 1.
    const result = await gather({ plane: ramp(6), width: 3, height: 2, origins: [0, 0], size: 7 });
    const columns = [0, 1, 2, 2, 1, 0, 0];
    const rows = [0, 1, 1, 0, 0, 1, 1];
    expect(result).toEqual(rows.flatMap((y) => columns.map((x) => 3 * y + x)));
  });

  it('refuses a standard deviation of 0', async () => {
    await expect(
      gather({ plane: ramp(4), width: 2, height: 2, origins: [0, 0], size: 2, std: 0 }),
    ).rejects.toThrow(/positive standard deviation/);
  });
});
