import { internalError, invalidInput, messageOf, TerrachipError } from '../../errors.js';
import { type TypedArray, viewArray } from '../../geo/index.js';
import type {
  Backend,
  BackendCounters,
  BackendInfo,
  BackendLimits,
  RunArguments,
  TensorMeta,
} from '../backend.js';
import { type Grid, type Kernel, type KernelShader, NAN_BITS } from '../kernel.js';
import {
  checkRange,
  checkShape,
  DeviceTensor,
  type TensorDtype,
  type TensorStorage,
  tensorDtypeOf,
} from '../tensor.js';
import { describeAdapter, raisedLimits } from './adapter.js';
import { BufferPool } from './buffer-pool.js';
import { PipelineCache } from './pipeline-cache.js';
import { BUFFER_USAGE, MAP_READ } from './usage.js';

const TENSOR_USAGE = BUFFER_USAGE.STORAGE | BUFFER_USAGE.COPY_SRC | BUFFER_USAGE.COPY_DST;
const STAGING_USAGE = BUFFER_USAGE.MAP_READ | BUFFER_USAGE.COPY_DST;
const UNIFORM_USAGE = BUFFER_USAGE.UNIFORM | BUFFER_USAGE.COPY_DST;

/** Dispatches recorded before they are sent off, so that the device works while more are recorded. */
const DISPATCHES_PER_SUBMIT = 64;

/** Disposed memory that waits for its submit; above this, work is sent off so that the memory can be used again. */
const RELEASED_BYTES_PER_SUBMIT = 64 * 2 ** 20;

/** Bytes per readback: large enough to be fast, small enough to keep two in memory. */
const STAGING_BYTES = 32 * 2 ** 20;

/** WebGPU allows this many workgroups along each axis. */
const MAX_WORKGROUPS = 65535;

class GpuStorage implements TensorStorage {
  constructor(
    readonly buffer: GPUBuffer,
    private readonly onRelease: () => void,
  ) {}

  release(): void {
    this.onRelease();
  }
}

declare global {
  // Their members come from TypeScript's DOM library or from @webgpu/types, which exclude one another: published
  // types can name neither. Declared empty, they merge with whichever there is, and compile where there is none.
  interface GPUAdapter {}
  interface GPUAdapterInfo {}
  interface GPUBuffer {}
  interface GPUDevice {}
  interface GPU {}
  interface GPUDeviceDescriptor {}
}

export interface WebGpuBackendOptions {
  /** Called once when the device is given back, with an owned device only. */
  onDispose?: () => void;
}

/**
 * Runs kernels with WebGPU. Commands are recorded and submitted in the order of the calls; a lost device turns
 * every later call into a DEVICE_LOST error.
 */
export class WebGpuBackend implements Backend {
  readonly info: BackendInfo;
  readonly limits: BackendLimits;
  readonly device: GPUDevice;
  readonly #counters: BackendCounters = {
    dispatches: 0,
    uploads: 0,
    submits: 0,
    downloads: 0,
    uploadedBytes: 0,
    downloadedBytes: 0,
    allocatedBytes: 0,
    peakAllocatedBytes: 0,
  };
  readonly #pool: BufferPool;
  readonly #pipelines: PipelineCache;
  readonly #ownsDevice: boolean;
  readonly #onDispose: (() => void) | undefined;
  #encoder: GPUCommandEncoder | null = null;
  #recorded = 0;
  #failure: TerrachipError | null = null;
  #lost: TerrachipError | null = null;
  /** What to call for those who wait for the device, when it is lost. */
  readonly #waiting = new Set<(error: TerrachipError) => void>();
  #disposed = false;
  readonly #onError = (event: Event): void => {
    const { error } = event as GPUUncapturedErrorEvent;
    this.#failure ??= internalError('WebGPU', error.message);
  };

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
    this.#pipelines = new PipelineCache(device);
    this.limits = {
      maxTensorBytes: Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize),
    };
    device.addEventListener('uncapturederror', this.#onError);
    // An adopted device outlives the backend, which its promise must not keep.
    const self = new WeakRef(this);
    void device.lost.then((lost) => {
      const backend = self.deref();
      if (backend !== undefined) backend.#lose(deviceLost(lost.message || lost.reason));
    });
  }

  /** Requests a device from an adapter, with its limits raised, and owns it. */
  static async request(adapter: GPUAdapter, options: WebGpuBackendOptions = {}): Promise<WebGpuBackend> {
    let device: GPUDevice;
    try {
      device = await adapter.requestDevice({ requiredLimits: raisedLimits(adapter) });
    } catch (cause) {
      throw deviceLost(messageOf(cause));
    }
    return new WebGpuBackend(device, describeAdapter(adapter.info), true, options);
  }

  /** Works on a device that somebody else made, and leaves it alive. */
  static adopt(device: GPUDevice): WebGpuBackend {
    return new WebGpuBackend(device, describeAdapter(device.adapterInfo), false, {});
  }

  get counters(): Readonly<BackendCounters> {
    return this.#counters;
  }

  allocate(shape: readonly number[], dtype: TensorDtype, meta?: TensorMeta): DeviceTensor {
    this.#requireAlive();
    const bytes = Math.ceil(checkShape(shape, dtype, this.limits.maxTensorBytes) / 4) * 4;
    if (this.#pool.releasedBytes > RELEASED_BYTES_PER_SUBMIT) this.#flush();
    const buffer = this.#pool.acquire(bytes, TENSOR_USAGE, this.limits.maxTensorBytes);
    this.#counters.allocatedBytes += bytes;
    this.#counters.peakAllocatedBytes = Math.max(
      this.#counters.peakAllocatedBytes,
      this.#counters.allocatedBytes,
    );
    const storage = new GpuStorage(buffer, () => {
      this.#counters.allocatedBytes -= bytes;
      this.#pool.release(buffer);
    });
    return new DeviceTensor(this, storage, shape, dtype, meta);
  }

  upload(data: TypedArray, shape: readonly number[] = [data.length], meta?: TensorMeta): DeviceTensor {
    const tensor = this.allocate(shape, tensorDtypeOf(data), meta);
    // Nothing that was recorded knows this buffer: the pool gives out none that a recorded command names.
    this.#writeNow(this.#bufferOf(tensor), data, 0);
    return tensor;
  }

  write(tensor: DeviceTensor, data: TypedArray, offset = 0): void {
    checkRange(tensor, offset, data.length);
    const buffer = this.#bufferOf(tensor);
    // A write takes effect before anything submitted later: what was recorded before it must go first.
    this.#flush();
    this.#writeNow(buffer, data, offset);
  }

  #writeNow(buffer: GPUBuffer, data: TypedArray, offset: number): void {
    const { bytes, padding } = wholeWords(data);
    const start = offset * data.BYTES_PER_ELEMENT;
    if (bytes.byteLength > 0) this.device.queue.writeBuffer(buffer, start, bytes);
    if (padding !== null) this.device.queue.writeBuffer(buffer, start + bytes.byteLength, padding);
    this.#counters.uploads++;
    this.#counters.uploadedBytes += data.byteLength;
  }

  copy(from: DeviceTensor, fromOffset: number, to: DeviceTensor, toOffset: number, length: number): void {
    checkRange(from, fromOffset, length);
    checkRange(to, toOffset, length);
    const size = from.byteLength / from.length;
    const bytes = Math.ceil((length * size) / 4) * 4;
    const source = this.#bufferOf(from);
    const target = this.#bufferOf(to);
    this.#record().copyBufferToBuffer(source, fromOffset * size, target, toOffset * size, bytes);
  }

  run<B extends string, P extends string>(kernel: Kernel<B, P>, args: RunArguments<B, P>): void {
    this.dispatch(kernel, kernel.grid(args.parameters), args);
  }

  /** @internal `run`, where a kernel's functions are in another thread. */
  dispatch<B extends string, P extends string>(
    kernel: KernelShader<B, P>,
    invocations: Grid,
    args: RunArguments<B, P>,
  ): void {
    this.#requireAlive();
    const constants = Object.fromEntries(
      (kernel.constants ?? []).map((name) => [name, args.parameters[name]]),
    );
    const { pipeline, layout } = this.#pipelines.get(kernel, constants);
    const groups = invocations.map((n, axis) => Math.ceil(n / kernel.workgroupSize[axis]));
    if (groups.some((n) => n < 1 || n > MAX_WORKGROUPS)) {
      throw internalError(kernel.name, `needs ${groups.join(' × ')} workgroups`);
    }
    const uniform = this.#uniform(kernel, args.parameters);
    const entries: GPUBindGroupEntry[] = kernel.bindings.map(({ name }, binding) => ({
      binding,
      resource: { buffer: this.#bufferOf(args.tensors[name]) },
    }));
    entries.push({ binding: kernel.bindings.length, resource: { buffer: uniform } });
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

  /**
   * @internal A tensor's buffer, for others who use the same device. What was asked for so far is submitted before
   * theirs.
   */
  share(tensor: DeviceTensor): GPUBuffer {
    const buffer = this.#bufferOf(tensor);
    this.#flush();
    return buffer;
  }

  /** @internal A tensor with a copy of what a buffer of the same device holds; the buffer is free to use at once. */
  take(buffer: GPUBuffer, shape: readonly number[], dtype: TensorDtype): DeviceTensor {
    const tensor = this.allocate(shape, dtype);
    const bytes = Math.ceil(tensor.byteLength / 4) * 4;
    this.#record().copyBufferToBuffer(buffer, 0, this.#bufferOf(tensor), 0, bytes);
    this.#flush();
    return tensor;
  }

  async submit(): Promise<void> {
    this.#requireAlive();
    this.#flush();
    await this.#settled(this.device.queue.onSubmittedWorkDone());
    this.#requireAlive();
  }

  async download(tensor: DeviceTensor, target?: TypedArray): Promise<TypedArray> {
    const buffer = this.#bufferOf(tensor);
    const result: TypedArray = target ?? viewArray(tensor.dtype, new ArrayBuffer(tensor.byteLength));
    const bytes = new Uint8Array(result.buffer, result.byteOffset, tensor.byteLength);
    const pieces: { staging: GPUBuffer; start: number; length: number; ready: Promise<void> }[] = [];
    const drain = async (): Promise<void> => {
      const piece = pieces.shift();
      if (piece === undefined) return;
      await this.#settled(piece.ready);
      bytes.set(
        new Uint8Array(piece.staging.getMappedRange(0, piece.length)).subarray(0, bytes.length - piece.start),
        piece.start,
      );
      piece.staging.unmap();
      this.#pool.release(piece.staging);
    };
    for (let start = 0; start < tensor.byteLength; start += STAGING_BYTES) {
      const length = Math.ceil(Math.min(STAGING_BYTES, tensor.byteLength - start) / 4) * 4;
      const staging = this.#pool.acquire(length, STAGING_USAGE, this.device.limits.maxBufferSize);
      // The first piece goes along with what was recorded: kernels and readback are one submit.
      this.#record().copyBufferToBuffer(buffer, start, staging, 0, length);
      this.#flush();
      pieces.push({ staging, start, length, ready: staging.mapAsync(MAP_READ, 0, length) });
      // Two pieces under way: one copies on the device while the other is read here.
      if (pieces.length === 2) await drain();
    }
    while (pieces.length > 0) await drain();
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
    // A device keeps its listeners, and they keep the backend: together they are never collected.
    this.device.removeEventListener('uncapturederror', this.#onError);
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

  #uniform(kernel: KernelShader, parameters: Readonly<Record<string, number>>): GPUBuffer {
    // Every struct starts with the bits of NaN: WGSL has no NaN literal, and may fold one that it can foresee.
    const words = new DataView(new ArrayBuffer(Math.ceil((kernel.parameters.length + 1) / 4) * 16));
    words.setUint32(0, NAN_BITS, true);
    for (const [i, { name, type }] of kernel.parameters.entries()) {
      const value = parameters[name];
      if (value === undefined) throw internalError(kernel.name, `parameter ${name} was not given`);
      if (type === 'f32') words.setFloat32(4 * (i + 1), value, true);
      else if (type === 'i32') words.setInt32(4 * (i + 1), value, true);
      else words.setUint32(4 * (i + 1), value, true);
    }
    const buffer = this.#pool.acquire(words.byteLength, UNIFORM_USAGE, this.device.limits.maxBufferSize);
    this.device.queue.writeBuffer(buffer, 0, words.buffer);
    return buffer;
  }

  #bufferOf(tensor: DeviceTensor): GPUBuffer {
    this.#requireAlive();
    const storage = tensor.storage;
    if (tensor.owner !== this || !(storage instanceof GpuStorage)) {
      throw invalidInput('a tensor of another backend', 'was given', 'download and upload it');
    }
    return storage.buffer;
  }

  #lose(error: TerrachipError): void {
    this.#lost = error;
    if (!this.#disposed) this.#failure = error;
    for (const reject of this.#waiting) reject(error);
  }

  /** A promise of the device's, which rejects or never settles when the device is lost. */
  async #settled(promise: Promise<unknown>): Promise<void> {
    let stop: (error: TerrachipError) => void = () => undefined;
    const lost = new Promise<never>((_, reject) => {
      stop = reject;
    });
    // Not chained to the device's own promise, which would keep every one of them.
    this.#waiting.add(stop);
    if (this.#lost !== null) stop(this.#lost);
    try {
      await Promise.race([promise, lost]);
    } catch (cause) {
      throw this.#failure ?? (cause instanceof TerrachipError ? cause : deviceLost(messageOf(cause)));
    } finally {
      this.#waiting.delete(stop);
    }
  }

  #requireAlive(): void {
    if (this.#disposed) {
      throw new TerrachipError(
        'DISPOSED',
        'the WebGPU backend was used after its disposal',
        'dispose of it later',
        {
          resource: 'WebGPU backend',
        },
      );
    }
    if (this.#failure !== null) throw this.#failure;
  }
}

function deviceLost(reason: string): TerrachipError {
  return new TerrachipError(
    'DEVICE_LOST',
    `the GPU device was lost (${reason.trim() || 'no reason given'})`,
    'run again, with `resume` where a map was under way, or use `backend` cpu',
    { reason },
  );
}

/** The bytes of an array in whole words, and its last word padded with zeros when it ends inside one. */
function wholeWords(data: TypedArray): {
  bytes: ArrayBufferView<ArrayBuffer>;
  padding: Uint8Array<ArrayBuffer> | null;
} {
  // Dawn refuses views of shared memory.
  const plain = data.buffer instanceof ArrayBuffer ? data : data.slice();
  const all = new Uint8Array(plain.buffer as ArrayBuffer, plain.byteOffset, plain.byteLength);
  const whole = all.byteLength - (all.byteLength % 4);
  if (whole === all.byteLength) return { bytes: all, padding: null };
  const padding = new Uint8Array(4);
  padding.set(all.subarray(whole));
  return { bytes: all.subarray(0, whole), padding };
}
