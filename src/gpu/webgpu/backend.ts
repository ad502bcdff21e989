import { invalidInput, messageOf } from '../../errors.js';
import { bytesPerElement } from '../../geo/dtype.js';
import { type TypedArray, type TypedArrayByDtype, viewArray } from '../../geo/index.js';
import {
  type Backend,
  type BackendCounters,
  type BackendInfo,
  type BackendLimits,
  disposedError,
  emptyCounters,
  type RunArguments,
  type TensorDtypeOf,
  type TensorMeta,
} from '../backend.js';
import {
  type Bindings,
  type Grid,
  type Kernel,
  type KernelShader,
  NAN_BITS,
  wrongKernel,
} from '../kernel.js';
import { type CheckedRun, checkRun, gridOf } from '../run.js';
import {
  checkRange,
  checkShape,
  checkTarget,
  DeviceTensor,
  type ExternalBuffer,
  foreignTensor,
  type GpuSlice,
  type TensorDtype,
  type TensorStorage,
  tensorDtypeOf,
} from '../tensor.js';
import { describeAdapter, raisedLimits } from './adapter.js';
import { BufferPool } from './buffer-pool.js';
import { DeviceState, deviceLost } from './device-state.js';
import { PipelineCache } from './pipeline-cache.js';
import { readBack, writeArray } from './transfer.js';
import { BUFFER_USAGE } from './usage.js';

const TENSOR_USAGE = BUFFER_USAGE.STORAGE | BUFFER_USAGE.COPY_SRC | BUFFER_USAGE.COPY_DST;
const UNIFORM_USAGE = BUFFER_USAGE.UNIFORM | BUFFER_USAGE.COPY_DST;

/** Dispatches per submit, so that the device works while more are recorded. */
const DISPATCHES_PER_SUBMIT = 64;

/** Released bytes above which commands are submitted, so that the memory can be reused. */
const RELEASED_BYTES_PER_SUBMIT = 64 * 2 ** 20;

/** WebGPU's limit along each axis. */
const MAX_WORKGROUPS = 65535;

class GpuStorage implements TensorStorage {
  constructor(
    readonly buffer: GPUBuffer,
    readonly offset: number,
    private readonly onRelease: () => void,
  ) {}

  release(): void {
    this.onRelease();
  }
}

declare global {
  // Their members come from TypeScript's DOM library or from @webgpu/types, which are incompatible, so published types can
  // import neither. Empty declarations merge with either, and compile without both.
  interface GPUAdapter {}
  interface GPUAdapterInfo {}
  interface GPUBuffer {}
  interface GPUDevice {}
  interface GPU {}
  interface GPUDeviceDescriptor {}
}

/** Options of a WebGPU backend. */
export interface WebGpuBackendOptions {
  /** Called once on `dispose`, with an owned device only. */
  onDispose?: () => void;
}

/**
 * Runs kernels with WebGPU. Commands are recorded and submitted in the order of the calls. After the loss of the device,
 * every call throws DEVICE_LOST.
 */
export class WebGpuBackend implements Backend {
  readonly info: BackendInfo;
  readonly limits: BackendLimits;
  readonly device: GPUDevice;
  readonly #counters = emptyCounters();
  readonly #pool: BufferPool;
  readonly #state: DeviceState;
  readonly #pipelines: PipelineCache;
  readonly #ownsDevice: boolean;
  readonly #onDispose: (() => void) | undefined;
  /** The buffer of omitted optional bindings. */
  #nothing: GPUBuffer | null = null;
  #encoder: GPUCommandEncoder | null = null;
  #recorded = 0;
  #disposed = false;

  private constructor(
    device: GPUDevice,
    info: BackendInfo,
    ownsDevice: boolean,
    options: WebGpuBackendOptions,
  ) {
    this.device = device;
    this.info = info;
    this.#ownsDevice = ownsDevice;
    this.#onDispose = options.onDispose;
    this.#pool = new BufferPool(device);
    this.#state = new DeviceState(device);
    this.#pipelines = new PipelineCache(device, this.#state);
    this.limits = {
      maxTensorBytes: Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize),
    };
  }

  /** Requests a device from an adapter, with raised limits, and owns it. */
  static async request(adapter: GPUAdapter, options: WebGpuBackendOptions = {}): Promise<WebGpuBackend> {
    let device: GPUDevice;
    try {
      device = await adapter.requestDevice({ requiredLimits: raisedLimits(adapter) });
    } catch (cause) {
      throw deviceLost(messageOf(cause));
    }
    return new WebGpuBackend(device, describeAdapter(adapter.info), true, options);
  }

  /** Uses an existing device, which `dispose` does not destroy. */
  static adopt(device: GPUDevice): WebGpuBackend {
    return new WebGpuBackend(device, describeAdapter(device.adapterInfo), false, {});
  }

  get counters(): Readonly<BackendCounters> {
    return this.#counters;
  }

  allocate<D extends TensorDtype>(shape: readonly number[], dtype: D, meta?: TensorMeta): DeviceTensor<D> {
    this.#requireAlive();
    const bytes = checkShape(shape, dtype, this.limits.maxTensorBytes);
    if (this.#pool.releasedBytes > RELEASED_BYTES_PER_SUBMIT) this.#flush();
    const buffer = this.#pool.acquire(bytes, TENSOR_USAGE);
    const counters = this.#counters;
    counters.allocatedBytes += bytes;
    counters.peakAllocatedBytes = Math.max(counters.peakAllocatedBytes, counters.allocatedBytes);
    const storage = new GpuStorage(buffer, 0, () => {
      counters.allocatedBytes -= bytes;
      this.#pool.release(buffer);
    });
    return new DeviceTensor(this, storage, shape, dtype, meta);
  }

  upload<A extends TypedArray>(
    data: A,
    shape: readonly number[] = [data.length],
    meta?: TensorMeta,
  ): DeviceTensor<TensorDtypeOf<A>> {
    const tensor = this.allocate(shape, tensorDtypeOf(data), meta);
    // No recorded command uses this buffer: the pool recycles buffers only after a submit.
    this.#writeNow(this.#storageOf(tensor), data, 0);
    return tensor;
  }

  write(tensor: DeviceTensor, data: TypedArray, offset = 0): void {
    checkRange(tensor, offset, data.length);
    const storage = this.#storageOf(tensor, BUFFER_USAGE.COPY_DST);
    // A write takes effect before all later submits, so earlier commands must be submitted first.
    this.#flush();
    this.#writeNow(storage, data, offset);
  }

  #writeNow({ buffer, offset }: GpuStorage, data: TypedArray, first: number): void {
    writeArray(this.device.queue, { buffer, offset: offset + first * data.BYTES_PER_ELEMENT }, data);
    this.#counters.uploads++;
    this.#counters.uploadedBytes += data.byteLength;
  }

  copy(from: DeviceTensor, fromOffset: number, to: DeviceTensor, toOffset: number, length: number): void {
    checkRange(from, fromOffset, length);
    checkRange(to, toOffset, length);
    const size = bytesPerElement(from.dtype);
    const bytes = Math.ceil((length * size) / 4) * 4;
    const source = this.#storageOf(from, BUFFER_USAGE.COPY_SRC);
    const target = this.#storageOf(to, BUFFER_USAGE.COPY_DST);
    this.#record().copyBufferToBuffer(
      source.buffer,
      source.offset + fromOffset * size,
      target.buffer,
      target.offset + toOffset * size,
      bytes,
    );
  }

  run<B extends Bindings, P extends string>(kernel: Kernel<B, P>, args: RunArguments<B, P>): void {
    const checked = checkRun(kernel, args);
    this.dispatch(kernel, gridOf(kernel, checked.parameters), checked);
  }

  /** @internal Runs a kernel whose arguments are checked, here or in the thread that has its functions. */
  dispatch(kernel: KernelShader, invocations: Grid, { tensors, parameters }: CheckedRun): void {
    this.#requireAlive();
    const groups = invocations.map((n, axis) => Math.ceil(n / kernel.workgroupSize[axis]));
    if (groups.some((n) => n > MAX_WORKGROUPS)) {
      const problem = `needs ${groups.join(' × ')} workgroups`;
      throw wrongKernel(kernel.name, problem, `use at most ${MAX_WORKGROUPS} along each axis`);
    }
    const { pipeline, layout } = this.#pipelines.get(kernel, parameters);
    const uniform = this.#uniform(kernel, parameters);
    const entries: GPUBindGroupEntry[] = Object.values(tensors).map((tensor, binding) => ({
      binding,
      resource: tensor === null ? this.#placeholder() : this.#slice(tensor),
    }));
    entries.push({ binding: entries.length, resource: { buffer: uniform } });
    const encoder = this.#record();
    const pass = encoder.beginComputePass({ label: kernel.name });
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, this.device.createBindGroup({ layout, entries }));
    pass.dispatchWorkgroups(groups[0], groups[1], groups[2]);
    pass.end();
    this.#pool.release(uniform);
    this.#counters.dispatches++;
    this.#recorded++;
    if (this.#recorded >= DISPATCHES_PER_SUBMIT) this.#flush();
  }

  gpuBuffer(tensor: DeviceTensor): GpuSlice {
    const slice = this.#slice(tensor);
    this.#flush();
    return slice;
  }

  adoptBuffer<D extends TensorDtype>(
    buffer: GPUBuffer,
    shape: readonly number[],
    dtype: D,
    { offset = 0, ...meta }: ExternalBuffer = {},
  ): DeviceTensor<D> {
    this.#requireAlive();
    const bytes = checkShape(shape, dtype, this.limits.maxTensorBytes);
    const step = this.device.limits.minStorageBufferOffsetAlignment;
    if (!Number.isInteger(offset / step) || offset < 0) {
      throw invalidInput(
        `an offset of ${offset} bytes in a GPUBuffer`,
        'is impossible',
        `give a multiple of ${step}`,
      );
    }
    if (offset + bytes > buffer.size) {
      throw invalidInput(
        `a GPUBuffer of ${buffer.size} bytes`,
        `has no ${bytes} bytes from byte ${offset} on`,
        'give a larger buffer',
      );
    }
    requireUsage(buffer, BUFFER_USAGE.STORAGE);
    return new DeviceTensor(this, new GpuStorage(buffer, offset, () => undefined), shape, dtype, meta);
  }

  async submit(): Promise<void> {
    this.#requireAlive();
    this.#flush();
    await this.#state.settled(this.device.queue.onSubmittedWorkDone());
    this.#requireAlive();
  }

  download<D extends TensorDtype>(tensor: DeviceTensor<D>): Promise<TypedArrayByDtype[D]>;
  download<A extends TypedArray>(tensor: DeviceTensor, target: A): Promise<A>;
  async download(tensor: DeviceTensor, target?: TypedArray): Promise<TypedArray> {
    const storage = this.#storageOf(tensor, BUFFER_USAGE.COPY_SRC);
    const result: TypedArray =
      checkTarget(tensor, target) ?? viewArray(tensor.dtype, new ArrayBuffer(tensor.byteLength));
    const bytes = new Uint8Array(result.buffer, result.byteOffset, tensor.byteLength);
    await readBack(this.#pool, this.#state, storage, bytes, (from, start, staging, length) => {
      // The first piece is in the same submit as the recorded kernels.
      this.#record().copyBufferToBuffer(from, start, staging, 0, length);
      this.#flush();
    });
    this.#pool.recycle();
    this.#requireAlive();
    this.#counters.downloads++;
    this.#counters.downloadedBytes += tensor.byteLength;
    return result;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#encoder = null;
    this.#pool.dispose();
    this.#nothing?.destroy();
    this.#state.close();
    if (this.#ownsDevice) this.device.destroy();
    this.#onDispose?.();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #record(): GPUCommandEncoder {
    this.#requireAlive();
    this.#encoder ??= this.device.createCommandEncoder();
    return this.#encoder;
  }

  #flush(): void {
    if (this.#encoder !== null) {
      this.device.queue.submit([this.#encoder.finish()]);
      this.#counters.submits++;
      this.#encoder = null;
      this.#recorded = 0;
    }
    this.#pool.recycle();
  }

  #uniform({ parameters }: KernelShader, values: Readonly<Record<string, number>>): GPUBuffer {
    const types = Object.entries(parameters);
    const words = new DataView(new ArrayBuffer(Math.ceil((types.length + 1) / 4) * 16));
    words.setUint32(0, NAN_BITS, true);
    for (const [i, [name, type]] of types.entries()) {
      const at = 4 * (i + 1);
      if (type === 'f32') words.setFloat32(at, values[name], true);
      else words.setInt32(at, values[name], true);
    }
    const buffer = this.#pool.acquire(words.byteLength, UNIFORM_USAGE);
    this.device.queue.writeBuffer(buffer, 0, words.buffer);
    return buffer;
  }

  /** The words of a tensor only, so that `arrayLength` is right in shaders. */
  #slice(tensor: DeviceTensor): GpuSlice {
    const { buffer, offset } = this.#storageOf(tensor);
    return { buffer, offset, size: Math.ceil(tensor.byteLength / 4) * 4 };
  }

  #placeholder(): GpuSlice {
    this.#nothing ??= this.device.createBuffer({ size: 4, usage: BUFFER_USAGE.STORAGE });
    return { buffer: this.#nothing, offset: 0, size: 4 };
  }

  #storageOf(tensor: DeviceTensor, usage = 0): GpuStorage {
    this.#requireAlive();
    const storage = tensor.storage;
    if (tensor.owner !== this || !(storage instanceof GpuStorage)) throw foreignTensor(tensor);
    requireUsage(storage.buffer, usage);
    return storage;
  }

  #requireAlive(): void {
    if (this.#disposed) throw disposedError('WebGPU backend');
    this.#state.requireSound();
  }
}

/** @throws {TerrachipError} INVALID_INPUT for a buffer without a usage */
function requireUsage(buffer: GPUBuffer, usage: number): void {
  if ((buffer.usage & usage) === usage) return;
  const name = Object.entries(BUFFER_USAGE).find(([, bit]) => bit === usage)?.[0];
  throw invalidInput(
    'a GPUBuffer of your own',
    `was made without ${name}`,
    `add GPUBufferUsage.${name} to its usage`,
  );
}
