import { sizeOf } from '../geo/dtype.js';
import { allocateArray, type TypedArray, type TypedArrayByDtype } from '../geo/index.js';
import {
  type Backend,
  type BackendCounters,
  type BackendInfo,
  type BackendLimits,
  disposedError,
  type RunArguments,
  type Staging,
  type TensorDtypeOf,
  type TensorMeta,
} from './backend.js';
import type { Bindings, CheckedRun, Kernel } from './kernel.js';
import {
  checkRange,
  checkShape,
  checkTarget,
  DeviceTensor,
  type ExternalBuffer,
  foreignTensor,
  type GpuSlice,
  type TensorDtype,
  tensorDtypeOf,
} from './tensor.js';

/** The memory of a new tensor, and how it is given back. */
export interface Allocation<Memory> {
  readonly memory: Memory;
  readonly release: () => void;
}

/**
 * What all backends have in common: the memory of their tensors, checks of arguments, counters and disposal.
 * @typeParam Memory a backend's memory of one tensor
 */
export abstract class TensorBackend<Memory> implements Backend {
  abstract readonly info: BackendInfo;
  abstract readonly limits: BackendLimits;
  readonly #name: string;
  readonly #memory = new WeakMap<DeviceTensor, Memory>();
  /** @internal */
  protected isDisposed = false;
  /** @internal */
  protected count: BackendCounters = {
    dispatches: 0,
    uploads: 0,
    submits: 0,
    downloads: 0,
    uploadedBytes: 0,
    downloadedBytes: 0,
    allocatedBytes: 0,
    peakAllocatedBytes: 0,
  };

  /** @param name for the error of a use after `dispose` */
  constructor(name: string) {
    this.#name = name;
  }

  get counters(): Readonly<BackendCounters> {
    return this.count;
  }

  allocate<D extends TensorDtype>(shape: readonly number[], dtype: D, meta?: TensorMeta): DeviceTensor<D> {
    return this.#create(shape, dtype, undefined, meta);
  }

  upload<A extends TypedArray>(
    data: A,
    shape: readonly number[] = [data.length],
    meta?: TensorMeta,
  ): DeviceTensor<TensorDtypeOf<A>> {
    return this.#create(shape, tensorDtypeOf(data), data, meta);
  }

  stage<D extends TensorDtype>(shape: readonly number[], dtype: D): Staging<D> {
    this.requireAlive();
    checkShape(shape, dtype, this.limits.maxTensorBytes);
    const values = allocateArray(dtype, sizeOf(shape));
    return { values, tensor: () => this.#create(shape, dtype, values) };
  }

  run<B extends Bindings, P extends string>(kernel: Kernel<B, P>, args: RunArguments<B, P>): void {
    this.requireAlive();
    this.dispatch(kernel, kernel.check(args));
  }

  download<D extends TensorDtype>(tensor: DeviceTensor<D>): Promise<TypedArrayByDtype[D]>;
  download<A extends TypedArray>(tensor: DeviceTensor, target: A): Promise<A>;
  async download(tensor: DeviceTensor, target?: TypedArray): Promise<TypedArray> {
    const memory = this.memoryOf(tensor);
    checkTarget(tensor, target);
    return this.read(tensor, memory, target);
  }

  async sharedMemory<D extends TensorDtype>(tensor: DeviceTensor<D>): Promise<TypedArrayByDtype[D] | null> {
    this.memoryOf(tensor);
    return null;
  }

  dispose(): void {
    if (this.isDisposed) return;
    this.isDisposed = true;
    this.release();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  abstract write(tensor: DeviceTensor, data: TypedArray, offset?: number): void;
  abstract copy(
    from: DeviceTensor,
    fromOffset: number,
    to: DeviceTensor,
    toOffset: number,
    length: number,
  ): void;
  abstract gpuBuffer(tensor: DeviceTensor): GpuSlice;
  abstract adoptBuffer<D extends TensorDtype>(
    buffer: GPUBuffer,
    shape: readonly number[],
    dtype: D,
    options?: ExternalBuffer,
  ): DeviceTensor<D>;
  abstract submit(): Promise<void>;

  /** @internal Memory for a tensor, with a copy of `data`. */
  protected abstract reserve(
    bytes: number,
    data: TypedArray | undefined,
    shape: readonly number[],
    dtype: TensorDtype,
  ): Allocation<Memory>;

  /** @internal Runs a kernel whose arguments are checked. */
  protected abstract dispatch(kernel: Kernel, run: CheckedRun): void;

  /** @internal The tensor's values, copied into `target` if it is given. */
  protected abstract read(tensor: DeviceTensor, memory: Memory, target?: TypedArray): Promise<TypedArray>;

  /** @internal Frees everything except an adopted device. */
  protected abstract release(): void;

  /** @internal */
  protected requireAlive(): void {
    if (this.isDisposed) throw disposedError(this.#name);
  }

  /** @internal A tensor in memory of this backend. */
  protected hold<D extends TensorDtype>(
    { memory, release }: Allocation<Memory>,
    shape: readonly number[],
    dtype: D,
    meta?: TensorMeta,
  ): DeviceTensor<D> {
    const tensor = new DeviceTensor(this, release, shape, dtype, meta);
    this.#memory.set(tensor, memory);
    return tensor;
  }

  /** @internal @throws {TerrachipError} DISPOSED, or INVALID_INPUT for a tensor of another backend */
  memoryOf(tensor: DeviceTensor): Memory {
    this.requireAlive();
    tensor.requireAlive();
    const memory = this.#memory.get(tensor);
    if (memory === undefined) throw foreignTensor(tensor);
    return memory;
  }

  /** @internal The memory of a tensor of which `length` elements from `offset` on are copied or written. */
  protected partOf(tensor: DeviceTensor, offset: number, length: number): Memory {
    checkRange(tensor, offset, length);
    return this.memoryOf(tensor);
  }

  /** @internal Memory whose bytes count until it is released. */
  protected counted(bytes: number, memory: Memory, release: () => void): Allocation<Memory> {
    const { count } = this;
    count.allocatedBytes += bytes;
    count.peakAllocatedBytes = Math.max(count.peakAllocatedBytes, count.allocatedBytes);
    return {
      memory,
      release: () => {
        count.allocatedBytes -= bytes;
        release();
      },
    };
  }

  /** @internal */
  protected countUpload(data: TypedArray): void {
    this.count.uploads++;
    this.count.uploadedBytes += data.byteLength;
  }

  /** @internal */
  protected countDownload(tensor: DeviceTensor): void {
    this.count.downloads++;
    this.count.downloadedBytes += tensor.byteLength;
  }

  #create<D extends TensorDtype>(
    shape: readonly number[],
    dtype: D,
    data: TypedArray | undefined,
    meta?: TensorMeta,
  ): DeviceTensor<D> {
    this.requireAlive();
    const bytes = checkShape(shape, dtype, this.limits.maxTensorBytes);
    return this.hold(this.reserve(bytes, data, shape, dtype), shape, dtype, meta);
  }
}
