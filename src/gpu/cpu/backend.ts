import { sizeOf } from '../../geo/dtype.js';
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
import type { Bindings, Kernel } from '../kernel.js';
import { checkRun, gridOf } from '../run.js';
import {
  checkRange,
  checkShape,
  checkTarget,
  DeviceTensor,
  foreignTensor,
  type GpuSlice,
  noGpuBuffer,
  type TensorDtype,
  type TensorStorage,
  tensorDtypeOf,
} from '../tensor.js';
import { type CpuExecutor, InlineExecutor } from './executor.js';
import { MemoryPool } from './memory-pool.js';

/** Not all engines support longer typed arrays. */
const MAX_TENSOR_BYTES = 2 ** 32 - 4;

/** The array of an omitted optional binding. */
const NOTHING = new Uint8Array(0);

class CpuStorage implements TensorStorage {
  constructor(
    readonly array: TypedArray,
    private readonly onRelease: () => void,
  ) {}

  release(): void {
    this.onRelease();
  }
}

/**
 * Runs kernels as typed-array loops, one operation after the other. With worker threads, tensors are in
 * SharedArrayBuffers, so that threads write rows without copies.
 */
export class CpuBackend implements Backend {
  readonly info: BackendInfo;
  readonly limits: BackendLimits = { maxTensorBytes: MAX_TENSOR_BYTES };
  readonly #counters = emptyCounters();
  readonly #executor: CpuExecutor;
  readonly #pool: MemoryPool;
  #queue: Promise<void> = Promise.resolve();
  #failure: { error: unknown } | null = null;
  #pending = 0;
  #disposed = false;

  constructor(executor: CpuExecutor = new InlineExecutor()) {
    this.#executor = executor;
    this.#pool = new MemoryPool(executor.needsSharedMemory);
    this.info = {
      kind: 'cpu',
      adapter: executor.description,
      adapterClass: 'cpu',
      threads: executor.threads,
    };
  }

  get counters(): Readonly<BackendCounters> {
    return this.#counters;
  }

  allocate<D extends TensorDtype>(shape: readonly number[], dtype: D, meta?: TensorMeta): DeviceTensor<D> {
    this.#requireAlive();
    // Whole words, as on a GPU.
    const bytes = checkShape(shape, dtype, MAX_TENSOR_BYTES);
    const buffer = this.#pool.acquire(bytes);
    const counters = this.#counters;
    counters.allocatedBytes += bytes;
    counters.peakAllocatedBytes = Math.max(counters.peakAllocatedBytes, counters.allocatedBytes);
    const storage = new CpuStorage(viewArray(dtype, buffer, 0, sizeOf(shape)), () => {
      counters.allocatedBytes -= bytes;
      // Queued kernels still use the memory.
      if (this.#pending > 0) this.#enqueue(() => this.#pool.release(buffer));
      else this.#pool.release(buffer);
    });
    return new DeviceTensor(this, storage, shape, dtype, meta);
  }

  upload<A extends TypedArray>(
    data: A,
    shape: readonly number[] = [data.length],
    meta?: TensorMeta,
  ): DeviceTensor<TensorDtypeOf<A>> {
    const tensor = this.allocate(shape, tensorDtypeOf(data), meta);
    // No queued kernel uses this memory: it returns to the pool only after its last kernel.
    this.#arrayOf(tensor).set(data);
    this.#countUpload(data);
    return tensor;
  }

  write(tensor: DeviceTensor, data: TypedArray, offset = 0): void {
    checkRange(tensor, offset, data.length);
    const target = this.#arrayOf(tensor);
    this.#countUpload(data);
    if (this.#pending === 0) {
      target.set(data, offset);
      return;
    }
    // Queued kernels may still read the old values, and the caller may reuse its array.
    const copy = data.slice();
    this.#enqueue(() => target.set(copy, offset));
  }

  #countUpload(data: TypedArray): void {
    this.#counters.uploads++;
    this.#counters.uploadedBytes += data.byteLength;
  }

  copy(from: DeviceTensor, fromOffset: number, to: DeviceTensor, toOffset: number, length: number): void {
    checkRange(from, fromOffset, length);
    checkRange(to, toOffset, length);
    const source = this.#arrayOf(from);
    const target = this.#arrayOf(to);
    this.#enqueue(() => target.set(source.subarray(fromOffset, fromOffset + length), toOffset));
  }

  run<B extends Bindings, P extends string>(kernel: Kernel<B, P>, args: RunArguments<B, P>): void {
    this.#requireAlive();
    const checked = checkRun(kernel, args);
    const { parameters } = checked;
    gridOf(kernel, parameters);
    const tensors: Record<string, TypedArray> = {};
    for (const [name, tensor] of Object.entries(checked.tensors)) {
      tensors[name] = tensor === null ? NOTHING : this.#arrayOf(tensor);
    }
    this.#counters.dispatches++;
    const rows = kernel.cpu.rows(parameters);
    this.#enqueue(() => this.#executor.execute({ kernel, tensors, parameters, rows }));
  }

  gpuBuffer(): GpuSlice {
    throw noGpuBuffer('the CPU backend');
  }

  adoptBuffer(): never {
    throw noGpuBuffer('the CPU backend');
  }

  async submit(): Promise<void> {
    this.#requireAlive();
    this.#counters.submits++;
    await this.#queue;
    const failure = this.#failure;
    if (failure !== null) {
      this.#failure = null;
      throw failure.error;
    }
  }

  download<D extends TensorDtype>(tensor: DeviceTensor<D>): Promise<TypedArrayByDtype[D]>;
  download<A extends TypedArray>(tensor: DeviceTensor, target: A): Promise<A>;
  async download(tensor: DeviceTensor, target?: TypedArray): Promise<TypedArray> {
    const array = this.#arrayOf(tensor);
    const result: TypedArray =
      checkTarget(tensor, target) ?? viewArray(tensor.dtype, new ArrayBuffer(tensor.byteLength));
    await this.submit();
    this.#counters.downloads++;
    this.#counters.downloadedBytes += tensor.byteLength;
    result.set(array);
    return result;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#executor.dispose();
    this.#pool.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Queues a task. After a failure, tasks are dropped until it is reported. */
  #enqueue(task: () => void | Promise<void>): void {
    this.#pending++;
    this.#queue = this.#queue
      .then(() => (this.#failure === null ? task() : undefined))
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => {
        this.#pending--;
      });
  }

  #arrayOf(tensor: DeviceTensor): TypedArray {
    const storage = tensor.storage;
    if (tensor.owner !== this || !(storage instanceof CpuStorage)) throw foreignTensor(tensor);
    return storage.array;
  }

  #requireAlive(): void {
    if (this.#disposed) throw disposedError('CPU backend');
  }
}
