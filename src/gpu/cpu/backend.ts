import { sizeOf } from '../../geo/dtype.js';
import { type TypedArray, type TypedArrayByDtype, viewArray } from '../../geo/index.js';
import type { BackendInfo, BackendLimits, Staging } from '../backend.js';
import type { CheckedRun, Kernel } from '../kernel.js';
import { checkShape, type DeviceTensor, type GpuSlice, noGpuBuffer, type TensorDtype } from '../tensor.js';
import { type Allocation, TensorBackend } from '../tensor-backend.js';
import { type CpuExecutor, InlineExecutor } from './executor.js';
import { MemoryPool } from './memory-pool.js';

/** Not all engines support longer typed arrays. */
const MAX_TENSOR_BYTES = 2 ** 32 - 4;

/** The array of an omitted optional binding. */
const NOTHING = new Uint8Array(0);

/**
 * Runs kernels as typed-array loops, one operation after the other. With worker threads, tensors are in
 * SharedArrayBuffers, so that threads write rows without copies.
 */
export class CpuBackend extends TensorBackend<TypedArray> {
  readonly info: BackendInfo;
  readonly limits: BackendLimits = { maxTensorBytes: MAX_TENSOR_BYTES };
  readonly #executor: CpuExecutor;
  readonly #pool: MemoryPool<ArrayBuffer | SharedArrayBuffer>;
  #queue: Promise<void> = Promise.resolve();
  #failure: { error: unknown } | null = null;
  #pending = 0;

  constructor(executor: CpuExecutor = new InlineExecutor()) {
    super('CPU backend');
    this.#executor = executor;
    this.#pool = new MemoryPool((bytes) =>
      executor.needsSharedMemory ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes),
    );
    const { description, threads } = executor;
    this.info = { kind: 'cpu', adapter: description, adapterClass: 'cpu', threads };
  }

  override stage<D extends TensorDtype>(shape: readonly number[], dtype: D): Staging<D> {
    this.requireAlive();
    const bytes = checkShape(shape, dtype, this.limits.maxTensorBytes);
    const buffer = this.#pool.acquire(bytes);
    const values = viewArray(dtype, buffer, 0, sizeOf(shape));
    return {
      values,
      tensor: () => {
        this.countUpload(values);
        return this.hold(this.#allocation(bytes, buffer, values), shape, dtype);
      },
    };
  }

  write(tensor: DeviceTensor, data: TypedArray, offset = 0): void {
    const target = this.partOf(tensor, offset, data.length);
    this.countUpload(data);
    if (this.#pending === 0) {
      target.set(data, offset);
      return;
    }
    // Queued kernels may still read the old values, and the caller may reuse its array.
    const copy = data.slice();
    this.#enqueue(() => target.set(copy, offset));
  }

  copy(from: DeviceTensor, fromOffset: number, to: DeviceTensor, toOffset: number, length: number): void {
    const source = this.partOf(from, fromOffset, length);
    const target = this.partOf(to, toOffset, length);
    this.#enqueue(() => target.set(source.subarray(fromOffset, fromOffset + length), toOffset));
  }

  gpuBuffer(): GpuSlice {
    throw noGpuBuffer('the CPU backend');
  }

  adoptBuffer(): never {
    throw noGpuBuffer('the CPU backend');
  }

  async submit(): Promise<void> {
    this.requireAlive();
    this.count.submits++;
    await this.#queue;
    const failure = this.#failure;
    if (failure !== null) {
      this.#failure = null;
      throw failure.error;
    }
  }

  override async sharedMemory<D extends TensorDtype>(
    tensor: DeviceTensor<D>,
  ): Promise<TypedArrayByDtype[D] | null> {
    const memory = this.memoryOf(tensor);
    if (!this.#executor.needsSharedMemory) return null;
    await this.submit();
    return memory as TypedArrayByDtype[D];
  }

  /** @internal */
  protected reserve(
    bytes: number,
    data: TypedArray | undefined,
    shape: readonly number[],
    dtype: TensorDtype,
  ): Allocation<TypedArray> {
    // Whole words, as on a GPU.
    const buffer = this.#pool.acquire(bytes);
    const memory: TypedArray = viewArray(dtype, buffer, 0, sizeOf(shape));
    if (data !== undefined) {
      // No queued kernel uses this memory: it returns to the pool only after its last kernel.
      memory.set(data);
      this.countUpload(data);
    }
    return this.#allocation(bytes, buffer, memory);
  }

  #allocation(
    bytes: number,
    buffer: ArrayBuffer | SharedArrayBuffer,
    memory: TypedArray,
  ): Allocation<TypedArray> {
    return this.counted(bytes, memory, () => {
      // Queued kernels still use the memory.
      if (this.#pending > 0) this.#enqueue(() => this.#pool.release(buffer));
      else this.#pool.release(buffer);
    });
  }

  /** @internal */
  protected dispatch(kernel: Kernel, { tensors: given, parameters }: CheckedRun): void {
    const tensors: Record<string, TypedArray> = {};
    for (const [name, tensor] of Object.entries(given)) {
      tensors[name] = tensor === null ? NOTHING : this.memoryOf(tensor);
    }
    this.count.dispatches++;
    const rows = kernel.cpu.rows(parameters);
    this.#enqueue(() => this.#executor.execute({ kernel, tensors, parameters, rows }));
  }

  /** @internal */
  protected async read(
    tensor: DeviceTensor,
    memory: TypedArray,
    target: TypedArray = viewArray(tensor.dtype, new ArrayBuffer(tensor.byteLength)),
  ): Promise<TypedArray> {
    // In the queue, so that later kernels change nothing that is read here.
    this.#enqueue(() => target.set(memory));
    await this.submit();
    this.countDownload(tensor);
    return target;
  }

  /** @internal */
  protected release(): void {
    this.#executor.dispose();
    this.#pool.dispose();
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
}
