import { readdirSync } from 'node:fs';
import { platform } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { isTerrachipError } from '../../src/errors.js';
import {
  CpuBackend,
  type CpuTask,
  DeviceTensor,
  InlineExecutor,
  WebGpuBackend,
} from '../../src/gpu/index.js';
import { createBackend, createNodeWebGpuBackend, requestNodeAdapter } from '../../src/gpu/node/index.js';
import { linearToDecibel, validMask } from '../../src/kernels/index.js';
import { describeBackends, webgpuProblem } from '../support/backends.js';

describeBackends('backend', (backend) => {
  it('downloads what was uploaded, for every type and length', async () => {
    const arrays = [
      Uint8Array.of(1, 2, 255),
      Int8Array.of(-1, 5, 7, 9, 11),
      Uint16Array.of(1, 65535, 3),
      Int16Array.of(-32768),
      Uint32Array.of(4294967295, 1),
      Int32Array.of(-5),
      Float32Array.of(1.5, NaN, -0, Infinity),
    ];
    for (const array of arrays) {
      const tensor = backend().upload(array);
      expect(await backend().download(tensor)).toEqual(array);
      tensor.dispose();
    }
  });

  it('downloads into a given array', async () => {
    const tensor = backend().upload(Float32Array.of(1, 2, 3, 4));
    const target = new Float32Array(4);
    expect(await backend().download(tensor, target)).toBe(target);
    expect([...target]).toEqual([1, 2, 3, 4]);
    tensor.dispose();
  });

  it('downloads in several pieces', async () => {
    const values = new Uint32Array(9_000_000);
    for (let i = 0; i < values.length; i++) values[i] = Math.imul(i, 2654435761);
    const tensor = backend().upload(values);
    const result = await backend().download(tensor);
    expect(Buffer.compare(Buffer.from(result.buffer), Buffer.from(values.buffer))).toBe(0);
    tensor.dispose();
  });

  it('keeps the order of writes, copies and kernels', async () => {
    const a = backend().upload(Float32Array.of(1, 10, 100, 1000));
    const b = backend().upload(new Float32Array(4));
    linearToDecibel(backend(), a);
    backend().copy(a, 0, b, 0, 4);
    backend().write(a, Float32Array.of(7, 8), 1);
    backend().copy(a, 1, b, 3, 1);
    expect(await backend().download(a)).toBeCloseToArray([0, 7, 8, 30], 1e-4);
    expect(await backend().download(b)).toBeCloseToArray([0, 10, 20, 7], 1e-4);
    a.dispose();
    b.dispose();
  });

  it('does not see later changes of an uploaded array', async () => {
    const values = Float32Array.of(1, 2, 3, 4);
    const tensor = backend().upload(values);
    linearToDecibel(backend(), tensor);
    backend().write(tensor, values);
    values.fill(9);
    expect([...(await backend().download(tensor))]).toEqual([1, 2, 3, 4]);
    tensor.dispose();
  });

  it('reuses memory without mixing values up', async () => {
    const kept = [];
    for (let k = 0; k < 50; k++) {
      const plane = backend().upload(new Float32Array(1000).fill(k % 2 === 0 ? 1 : NaN));
      const mask = backend().allocate([1000], 'uint8');
      validMask(backend(), [plane], mask);
      plane.dispose();
      kept.push(mask);
    }
    for (const [k, mask] of kept.entries()) {
      const values = await backend().download(mask);
      expect(values.every((v: number) => v === (k % 2 === 0 ? 1 : 0))).toBe(true);
      mask.dispose();
    }
  });

  it('downloads the values of the moment of the call', async () => {
    const tensor = backend().upload(Float32Array.of(1, 10, 100, 1000));
    const download = backend().download(tensor);
    linearToDecibel(backend(), tensor);
    expect([...(await download)]).toEqual([1, 10, 100, 1000]);
    expect(await backend().download(tensor)).toBeCloseToArray([0, 10, 20, 30], 1e-4);
    tensor.dispose();
  });

  it('keeps what recorded kernels use when a download ends meanwhile', async () => {
    const other = backend().upload(Float32Array.of(1));
    const a = backend().upload(new Float32Array(1000).fill(100));
    const b = backend().upload(Float32Array.of(10));
    const download = backend().download(other);
    // Recorded, but not submitted when the download ends: the plane and all parameters are still in use.
    const plane = backend().upload(new Float32Array(1000));
    const mask = backend().allocate([1000], 'uint8');
    validMask(backend(), [plane], mask);
    plane.dispose();
    linearToDecibel(backend(), a);
    await download;
    const next = backend().upload(new Float32Array(1000).fill(NaN));
    linearToDecibel(backend(), b);
    expect(await backend().download(mask)).toEqual(new Uint8Array(1000).fill(1));
    expect(await backend().download(a)).toBeCloseToArray(new Float32Array(1000).fill(20), 1e-4);
    expect([...(await backend().download(b))]).toEqual([10]);
    for (const tensor of [other, a, b, mask, next]) tensor.dispose();
  });

  it('counts its memory', () => {
    const before = backend().counters.allocatedBytes;
    const tensor = backend().allocate([1000], 'float32');
    expect(backend().counters.allocatedBytes - before).toBe(4000);
    tensor.dispose();
    tensor.dispose();
    expect(backend().counters.allocatedBytes).toBe(before);
  });

  it('refuses a disposed tensor', () => {
    const tensor = backend().allocate([4], 'float32');
    expect(tensor.isDisposed).toBe(false);
    tensor[Symbol.dispose]();
    expect(tensor.isDisposed).toBe(true);
    expect(() => linearToDecibel(backend(), tensor)).toThrow(/after its disposal/);
    expect(() => backend().write(tensor, new Float32Array(4))).toThrow(/after its disposal/);
  });

  it('refuses tensors of other backends, impossible shapes and tensors that are too large', () => {
    const other = new CpuBackend();
    const foreign = other.allocate([4], 'float32');
    expect(() => linearToDecibel(backend(), foreign)).toThrow(/another backend/);
    other.dispose();
    expect(() => backend().allocate([], 'float32')).toThrow(/impossible/);
    expect(() => backend().allocate([0, 5], 'float32')).toThrow(/impossible/);
    expect(() => backend().allocate([1e6, 1e6], 'float32')).toThrow(/more than the device's/);
    expect(() => backend().upload(new Float64Array(4))).toThrow(/convert it to float32/);
  });

  it('refuses ranges outside a tensor', () => {
    const tensor = backend().allocate([8], 'uint8');
    expect(() => backend().write(tensor, new Uint8Array(8), 4)).toThrow(/not whole words inside/);
    expect(() => backend().write(tensor, new Uint8Array(2), 1)).toThrow(/not whole words inside/);
    expect(() => backend().copy(tensor, 0, tensor, 4, 8)).toThrow(/not whole words inside/);
    tensor.dispose();
  });
});

describe('CpuBackend', () => {
  it('reports an error of a kernel once, and continues', async () => {
    class Failing extends InlineExecutor {
      fails = true;
      override async execute(task: CpuTask): Promise<void> {
        if (this.fails) throw new Error('broken kernel');
        await super.execute(task);
      }
    }
    const executor = new Failing();
    const backend = new CpuBackend(executor);
    const tensor = backend.upload(Float32Array.of(1));
    linearToDecibel(backend, tensor);
    await expect(backend.submit()).rejects.toThrow('broken kernel');
    executor.fails = false;
    linearToDecibel(backend, tensor);
    expect([...(await backend.download(tensor))]).toEqual([0]);
    backend.dispose();
    backend.dispose();
    expect(() => backend.allocate([1], 'float32')).toThrow(/backend was used after its disposal/);
  });
});

describe('createBackend', () => {
  it('never chooses a software adapter by itself', async () => {
    const backend = await createBackend();
    expect(backend.info.adapterClass).not.toBe('software');
    backend.dispose();
  });

  // Threads of a GPU device end when its instance is garbage-collected: check:kill tests them in a separate process.
  it.skipIf(platform() !== 'linux')('leaves no resources of idle CPU backends', async () => {
    const once = async (): Promise<void> => (await createBackend({ backend: 'cpu', threads: 2 })).dispose();
    const held = (): number[] => [
      readdirSync('/proc/self/task').length,
      readdirSync('/proc/self/fd').length,
      // Without the timers of the test itself.
      process.getActiveResourcesInfo().filter((name) => !/^(Timeout|Immediate)$/.test(name)).length,
    ];
    await once();
    const before = held();
    for (let k = 0; k < 30; k++) await once();
    for (const [k, after] of held().entries()) expect(after).toBeLessThanOrEqual(before[k]);
  });

  it('refuses unknown names', async () => {
    await expect(createBackend({ backend: 'cpu', threads: -1 })).rejects.toThrow(/threads cannot be -1/);
    const wrong = 'cuda' as 'cpu';
    await expect(createBackend({ backend: wrong })).rejects.toThrow(/choose one of auto, webgpu, cpu/);
  });

  it.skipIf(webgpuProblem === null)('names what to install when there is no driver', async () => {
    await expect(createBackend({ backend: 'webgpu' })).rejects.toThrow(/Vulkan driver.*`backend` cpu/);
  });
});

describe.skipIf(webgpuProblem !== null)('WebGpuBackend (webgpu)', () => {
  // An adapter makes one device: each test requests its own.
  const newDevice = async (): Promise<GPUDevice> => (await requestNodeAdapter()).adapter.requestDevice();

  it('does not destroy an adopted device', async () => {
    const device = await newDevice();
    const backend = WebGpuBackend.adopt(device);
    const tensor = backend.upload(Float32Array.of(1, 2));
    expect([...(await backend.download(tensor))]).toEqual([1, 2]);
    backend.dispose();
    const buffer = device.createBuffer({ size: 16, usage: 0x88 });
    device.queue.writeBuffer(buffer, 0, new Float32Array(4));
    await device.queue.onSubmittedWorkDone();
    const state = await Promise.race([device.lost.then(() => 'lost'), sleep(50).then(() => 'alive')]);
    expect(state).toBe('alive');
    device.destroy();
  });

  it('reports a lost device with a remedy', async () => {
    const device = await newDevice();
    const backend = WebGpuBackend.adopt(device);
    const tensor = backend.upload(new Float32Array(1000));
    device.destroy();
    await device.lost;
    const failure = await backend.download(tensor).catch((error: unknown) => error);
    expect(isTerrachipError(failure, 'DEVICE_LOST')).toBe(true);
    if (isTerrachipError(failure)) {
      expect(failure.exitStatus).toBe(75);
      expect(failure.message).toMatch(/device was lost.*`backend` cpu/);
    }
    expect(() => backend.allocate([4], 'float32')).toThrow(/device was lost/);
    backend.dispose();
  });

  it('destroys its own device', async () => {
    const { adapter } = await requestNodeAdapter();
    const backend = await WebGpuBackend.request(adapter);
    expect(backend.limits.maxTensorBytes).toBeGreaterThanOrEqual(2 ** 27);
    expect(backend.info.kind).toBe('webgpu');
    const tensor = backend.allocate([4], 'float32');
    expect(tensor).toBeInstanceOf(DeviceTensor);
    backend.dispose();
    backend.dispose();
    await backend.device.lost;
    expect(() => backend.allocate([4], 'float32')).toThrow(/after its disposal/);
  });

  it('is garbage-collected after dispose, with or without its device', async () => {
    setFlagsFromString('--expose-gc');
    const collect: () => void = runInNewContext('gc');
    const adopted = await newDevice();
    const used = async (backend: WebGpuBackend): Promise<WeakRef<WebGpuBackend>> => {
      const tensor = backend.upload(Float32Array.of(1, 2));
      await backend.download(tensor);
      tensor.dispose();
      backend.dispose();
      return new WeakRef(backend);
    };
    const owning = async (): Promise<WeakRef<WebGpuBackend>> => used(await createNodeWebGpuBackend());
    const backends = [await owning(), await owning(), await used(WebGpuBackend.adopt(adopted))];
    for (let round = 0; round < 20 && backends.some((each) => each.deref() !== undefined); round++) {
      await sleep(10);
      collect();
    }
    expect(backends.map((each) => each.deref())).toEqual([undefined, undefined, undefined]);
    adopted.destroy();
  });
});
