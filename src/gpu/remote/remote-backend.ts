import { internalError } from '../../errors.js';
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
import type { Bindings, Kernel, KernelShader } from '../kernel.js';
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
import type { Caller } from './caller.js';
import type { BackendAnswer, BackendCommand, BackendQuestion, DeviceDescription } from './messages.js';

class RemoteStorage implements TensorStorage {
  constructor(
    readonly tensor: number,
    private readonly onRelease: () => void,
  ) {}

  release(): void {
    this.onRelease();
  }
}

/**
 * A backend with its device in another thread. Commands are sent as messages in their order; shapes and ranges are checked
 * on this side. Only `submit` and `download` wait for an answer.
 */
export class RemoteBackend implements Backend {
  readonly info: BackendInfo;
  readonly limits: BackendLimits;
  readonly #caller: Caller<BackendCommand | BackendQuestion, BackendQuestion>;
  readonly #onDispose: () => void;
  readonly #shaders = new Map<KernelShader, number>();
  #counters = emptyCounters();
  #tensors = 0;
  #disposed = false;

  /** @param onDispose ends the device's thread; called once */
  constructor(
    caller: Caller<BackendCommand | BackendQuestion, BackendQuestion>,
    { info, limits }: DeviceDescription,
    onDispose: () => void,
  ) {
    this.#caller = caller;
    this.info = info;
    this.limits = limits;
    this.#onDispose = onDispose;
  }

  /** As of the last `submit` or `download`. */
  get counters(): Readonly<BackendCounters> {
    return this.#counters;
  }

  allocate<D extends TensorDtype>(shape: readonly number[], dtype: D, meta?: TensorMeta): DeviceTensor<D> {
    const tensor = this.#tensor(shape, dtype, meta);
    this.#post({ op: 'allocate', tensor: this.numberOf(tensor), shape: [...shape], dtype });
    return tensor;
  }

  upload<A extends TypedArray>(
    data: A,
    shape: readonly number[] = [data.length],
    meta?: TensorMeta,
  ): DeviceTensor<TensorDtypeOf<A>> {
    const tensor = this.#tensor(shape, tensorDtypeOf(data), meta);
    const { copy, buffer } = copyOf(data);
    this.#post({ op: 'upload', tensor: this.numberOf(tensor), shape: [...shape], data: copy }, [buffer]);
    return tensor;
  }

  write(tensor: DeviceTensor, data: TypedArray, offset = 0): void {
    checkRange(tensor, offset, data.length);
    const { copy, buffer } = copyOf(data);
    this.#post({ op: 'write', tensor: this.numberOf(tensor), data: copy, offset }, [buffer]);
  }

  copy(from: DeviceTensor, fromOffset: number, to: DeviceTensor, toOffset: number, length: number): void {
    checkRange(from, fromOffset, length);
    checkRange(to, toOffset, length);
    this.#post({
      op: 'copy',
      from: this.numberOf(from),
      fromOffset,
      to: this.numberOf(to),
      toOffset,
      length,
    });
  }

  run<B extends Bindings, P extends string>(kernel: Kernel<B, P>, args: RunArguments<B, P>): void {
    const checked = checkRun(kernel, args);
    const { parameters } = checked;
    let shader = this.#shaders.get(kernel);
    if (shader === undefined) {
      shader = this.#shaders.size;
      const { name, code, workgroupSize, bindings, constants = {} } = kernel;
      const data = { name, code, workgroupSize, bindings, parameters: kernel.parameters, constants };
      this.#post({ op: 'shader', number: shader, shader: data });
      this.#shaders.set(kernel, shader);
    }
    const tensors: Record<string, number | null> = {};
    for (const [name, tensor] of Object.entries(checked.tensors)) {
      tensors[name] = tensor === null ? null : this.numberOf(tensor);
    }
    this.#post({ op: 'run', shader, invocations: gridOf(kernel, parameters), tensors, parameters });
  }

  gpuBuffer(): GpuSlice {
    throw noGpuBuffer('a device in another thread');
  }

  adoptBuffer(): never {
    throw noGpuBuffer('a device in another thread');
  }

  async submit(): Promise<void> {
    await this.#ask({ op: 'submit' });
  }

  download<D extends TensorDtype>(tensor: DeviceTensor<D>): Promise<TypedArrayByDtype[D]>;
  download<A extends TypedArray>(tensor: DeviceTensor, target: A): Promise<A>;
  async download(tensor: DeviceTensor, target?: TypedArray): Promise<TypedArray> {
    checkTarget(tensor, target);
    const { data } = await this.#ask({
      op: 'download',
      tensor: this.numberOf(tensor),
      dtype: tensor.dtype,
    });
    if (data === undefined) throw internalError('RemoteBackend', 'got no values');
    if (target === undefined) return data;
    target.set(data);
    return target;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#onDispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** @internal The number of a tensor in the other thread. */
  numberOf(tensor: DeviceTensor): number {
    const { storage } = tensor;
    if (tensor.owner !== this || !(storage instanceof RemoteStorage)) {
      throw foreignTensor(tensor);
    }
    return storage.tensor;
  }

  /** @internal A number for a tensor that the other thread allocates. */
  reserve(): number {
    return this.#tensors++;
  }

  #tensor<D extends TensorDtype>(shape: readonly number[], dtype: D, meta?: TensorMeta): DeviceTensor<D> {
    return this.adopt(this.reserve(), shape, dtype, meta);
  }

  /** @internal The tensor that the other thread allocated under a reserved number. */
  adopt<D extends TensorDtype>(
    number: number,
    shape: readonly number[],
    dtype: D,
    meta?: TensorMeta,
  ): DeviceTensor<D> {
    checkShape(shape, dtype, this.limits.maxTensorBytes);
    const storage = new RemoteStorage(number, () => {
      // A thread that ended has released everything.
      if (!this.#disposed && this.#caller.failure === null) this.#post({ op: 'release', tensor: number });
    });
    return new DeviceTensor(this, storage, shape, dtype, meta);
  }

  #post(command: BackendCommand, transfer: readonly ArrayBuffer[] = []): void {
    this.#requireAlive();
    this.#caller.post(command, transfer);
  }

  async #ask(question: BackendQuestion): Promise<BackendAnswer> {
    this.#requireAlive();
    const answer = await this.#caller.ask<BackendAnswer>(question);
    this.#counters = answer.counters;
    return answer;
  }

  #requireAlive(): void {
    if (this.#disposed) throw disposedError('WebGPU backend of another thread');
  }
}

/** A copy to transfer: sending a view would send its whole buffer, and shared memory would stay shared. */
function copyOf(data: TypedArray): { copy: TypedArray; buffer: ArrayBuffer } {
  const buffer = new ArrayBuffer(data.byteLength);
  new Uint8Array(buffer).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return { copy: viewArray(tensorDtypeOf(data), buffer), buffer };
}
