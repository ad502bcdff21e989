import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CpuBackend, WebGpuBackend } from '../../src/gpu/index.js';
import { requestNodeAdapter } from '../../src/gpu/node/index.js';
import { linearToDecibel } from '../../src/kernels/index.js';
import { webgpuProblem } from '../support/backends.js';

const [MAP_READ, COPY_SRC, COPY_DST, STORAGE] = [1, 4, 8, 128];

describe.skipIf(webgpuProblem !== null)('buffers of your own device (webgpu)', () => {
  let device: GPUDevice;
  let backend: WebGpuBackend;
  beforeAll(async () => {
    const { adapter } = await requestNodeAdapter();
    device = await adapter.requestDevice();
    backend = WebGpuBackend.adopt(device);
  });
  afterAll(() => {
    backend.dispose();
    device.destroy();
  });

  /** Reads with the device alone, without the backend. */
  async function read(buffer: GPUBuffer, offset: number, size: number): Promise<Float32Array> {
    const staging = device.createBuffer({ size, usage: MAP_READ | COPY_DST });
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, offset, staging, 0, size);
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(1);
    const values = new Float32Array(staging.getMappedRange().slice(0));
    staging.destroy();
    return values;
  }

  it('pass results on without a readback', async () => {
    const tensor = backend.upload(Float32Array.of(1, 10, 100));
    linearToDecibel(backend, tensor);
    const { downloads } = backend.counters;
    const { buffer, offset, size } = tensor.gpuBuffer();
    expect(size).toBe(12);
    expect(await read(buffer, offset, size)).toBeCloseToArray([0, 10, 20], 1e-4);
    expect(backend.counters.downloads).toBe(downloads);
    tensor.dispose();
    expect(() => tensor.gpuBuffer()).toThrow(/after its disposal/);
  });

  it('are adopted in place, from an offset, and never destroyed', async () => {
    const buffer = device.createBuffer({ size: 1024, usage: STORAGE | COPY_SRC | COPY_DST });
    device.queue.writeBuffer(buffer, 0, new Float32Array(256).fill(1000));
    const { allocatedBytes } = backend.counters;
    const tensor = backend.adoptBuffer(buffer, [3], 'float32', { offset: 256 });
    expect(tensor.gpuBuffer()).toEqual({ buffer, offset: 256, size: 12 });
    linearToDecibel(backend, tensor);
    backend.write(tensor, Float32Array.of(7), 1);
    const copy = backend.allocate([3], 'float32');
    backend.copy(tensor, 1, copy, 0, 2);
    expect((await copy.download()).subarray(0, 2)).toBeCloseToArray([7, 30], 1e-4);
    expect(await tensor.download()).toBeCloseToArray([30, 7, 30], 1e-4);
    copy.dispose();
    tensor.dispose();
    expect(backend.counters.allocatedBytes).toBe(allocatedBytes);
    await backend.submit();
    // The neighbours are unchanged, and the buffer still works.
    expect([...(await read(buffer, 252, 8))]).toEqual([1000, 30].map((v) => expect.closeTo(v, 3)));
    expect([...(await read(buffer, 268, 4))]).toEqual([1000]);
    buffer.destroy();
  });

  it('are refused when they do not fit', async () => {
    const make = (usage: number) => device.createBuffer({ size: 512, usage });
    const adopt = (usage: number, offset = 0, length = 4) =>
      backend.adoptBuffer(make(usage), [length], 'float32', { offset });
    expect(() => adopt(STORAGE, 128)).toThrow(/an offset of 128 bytes .* give a multiple of \d+/);
    expect(() => adopt(STORAGE, 256, 65)).toThrow(/of 512 bytes has no 260 bytes from byte 256 on/);
    expect(() => adopt(COPY_SRC)).toThrow(/made without STORAGE; add GPUBufferUsage\.STORAGE/);
    await expect(adopt(STORAGE).download()).rejects.toThrow(/made without COPY_SRC/);
    expect(() => backend.write(adopt(STORAGE), Float32Array.of(1))).toThrow(/made without COPY_DST/);
  });
});

describe('on the CPU backend', () => {
  it('a tensor has no buffer, and reports so', () => {
    using backend = new CpuBackend();
    using tensor = backend.upload(Float32Array.of(1));
    expect(() => tensor.gpuBuffer()).toThrow(
      /tensors of the CPU backend are not in a GPUBuffer; use a WebGpuBackend/,
    );
    expect(() => backend.adoptBuffer()).toThrow(/are not in a GPUBuffer/);
  });

  it('tensors print a short description', () => {
    using backend = new CpuBackend();
    const tensor = backend.allocate([2, 3, 4], 'float32');
    expect(String(tensor)).toBe('DeviceTensor(float32 (2, 3, 4) on one thread)');
    tensor.dispose();
    expect(inspect(tensor)).toBe('DeviceTensor(float32 (2, 3, 4) on one thread, disposed of)');
  });

  it('refuses to download into another type, or into a shorter array', async () => {
    using backend = new CpuBackend();
    using tensor = backend.upload(Float32Array.of(1, 2, 3));
    await expect(backend.download(tensor, new Float64Array(3))).rejects.toThrow(
      /3 float64 cannot take 3 values of float32/,
    );
    await expect(backend.download(tensor, new Float32Array(2))).rejects.toThrow(/2 float32 cannot take 3/);
  });
});
