import { TerrachipError } from '../../errors.js';
import { bytesPerElement } from '../../geo/dtype.js';
import { type TypedArray, viewArray } from '../../geo/index.js';
import type {
  Backend,
  BackendCounters,
  BackendInfo,
  BackendLimits,
  RunArguments,
  TensorMeta,
} from '../backend.js';
import type { Kernel } from '../kernel.js';
import {
  checkRange,
  checkShape,
  DeviceTensor,
  type TensorDtype,
  type TensorStorage,
  tensorDtypeOf,
} from '../tensor.js';
import { type CpuExecutor, InlineExecutor } from './executor.js';
import { MemoryPool } from './memory-pool.js';

/** A typed array longer than this cannot be made everywhere. */
const MAX_TENSOR_BYTES = 2 ** 32 - 4;

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
 * Runs kernels as typed-array loops. Operations queue up and run one after the other; with an executor that needs
 * it, tensors lie in SharedArrayBuffers, so that worker threads write rows without copies.
 */
export class CpuBackend implements Backend {
  readonly info: BackendInfo;
  readonly limits: BackendLimits = { maxTensorBytes: MAX_TENSOR_BYTES };
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

  allocate(shape: readonly number[], dtype: TensorDtype, meta?: TensorMeta): DeviceTensor {
    this.#requireAlive();
    // Whole words, as on a GPU: packed types may be written a word at a time.
    const bytes = Math.ceil(checkShape(shape, dtype, MAX_TENSOR_BYTES) / 4) * 4;
    const buffer = this.#pool.acquire(bytes);
    this.#counters.allocatedBytes += bytes;
    this.#counters.peakAllocatedBytes = Math.max(
      this.#counters.peakAllocatedBytes,
      this.#counters.allocatedBytes,
    );
    const length = bytes / bytesPerElement(dtype);
    const storage = new CpuStorage(viewArray(dtype, buffer, 0, length), () => {
      this.#counters.allocatedBytes -= bytes;
      // Kernels that were asked for before the disposal still use the memory.
      if (this.#pending > 0) this.#enqueue(() => this.#pool.release(buffer));
      else this.#pool.release(buffer);
    });
    return new DeviceTensor(this, storage, shape, dtype, meta);
  }

  upload(data: TypedArray, shape: readonly number[] = [data.length], meta?: TensorMeta): DeviceTensor {
    const tensor = this.allocate(shape, tensorDtypeOf(data), meta);
    // No kernel that was asked for earlier knows this memory: the pool gets memory back when its last kernel is done.
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
    // Kernels that were asked for earlier may still read the old values, and the caller may reuse its array.
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

  run<B extends string, P extends string>(kernel: Kernel<B, P>, args: RunArguments<B, P>): void {
    this.#requireAlive();
    const tensors: Record<string, TypedArray> = {};
    for (const { name } of kernel.bindings) tensors[name] = this.#arrayOf(args.tensors[name]);
    const parameters = { ...args.parameters };
    this.#counters.dispatches++;
    const rows = kernel.cpu.rows(parameters);
    this.#enqueue(() => this.#executor.execute({ kernel, tensors, parameters, rows }));
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

  async download(tensor: DeviceTensor, target?: TypedArray): Promise<TypedArray> {
    const array = this.#arrayOf(tensor);
    await this.submit();
    this.#counters.downloads++;
    this.#counters.downloadedBytes += tensor.byteLength;
    const values = array.subarray(0, tensor.length);
    if (target === undefined) {
      const copy = new ArrayBuffer(tensor.byteLength);
      const result: TypedArray = viewArray(tensor.dtype, copy);
      result.set(values);
      return result;
    }
    target.set(values);
    return target;
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

  /** Runs a task after all that were asked for before; after a failure, tasks are dropped until it is reported. */
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
    if (tensor.owner !== this || !(storage instanceof CpuStorage)) {
      throw new TerrachipError(
        'INVALID_INPUT',
        'a tensor of another backend was given',
        'download and upload it',
        {
          source: `tensor (${tensor.shape.join(', ')})`,
        },
      );
    }
    return storage.array;
  }

  #requireAlive(): void {
    if (this.#disposed) {
      throw new TerrachipError(
        'DISPOSED',
        'the CPU backend was used after its disposal',
        'dispose of it later',
        {
          resource: 'CPU backend',
        },
      );
    }
  }
}
