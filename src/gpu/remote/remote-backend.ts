import { internalError } from '../../errors.js';
import { type TypedArray, viewArray } from '../../geo/index.js';
import type { BackendInfo, BackendLimits } from '../backend.js';
import type { CheckedRun, Kernel, KernelShader } from '../kernel.js';
import {
  checkShape,
  type DeviceTensor,
  type GpuSlice,
  noGpuBuffer,
  type TensorDtype,
  tensorDtypeOf,
} from '../tensor.js';
import { type Allocation, TensorBackend } from '../tensor-backend.js';
import type { Caller } from './caller.js';
import type { BackendAnswer, BackendCommand, BackendQuestion, DeviceDescription } from './messages.js';

/**
 * A backend with its device in another thread. Commands are sent as messages in their order; shapes and ranges are checked
 * on this side. Only `submit` and `download` wait for an answer, which has the counters. A tensor's memory is its number.
 */
export class RemoteBackend extends TensorBackend<number> {
  readonly info: BackendInfo;
  readonly limits: BackendLimits;
  readonly #shaders = new Map<KernelShader, number>();
  #tensors = 0;

  /** @param onDispose ends the device's thread; called once */
  constructor(
    private readonly caller: Caller<BackendCommand | BackendQuestion, BackendQuestion>,
    { info, limits }: DeviceDescription,
    private readonly onDispose: () => void,
  ) {
    super('WebGPU backend of another thread');
    this.info = info;
    this.limits = limits;
  }

  write(tensor: DeviceTensor, data: TypedArray, offset = 0): void {
    const number = this.partOf(tensor, offset, data.length);
    const { copy, buffer } = copyOf(data);
    this.#post({ op: 'write', tensor: number, data: copy, offset }, [buffer]);
  }

  copy(from: DeviceTensor, fromOffset: number, to: DeviceTensor, toOffset: number, length: number): void {
    const [source, target] = [this.partOf(from, fromOffset, length), this.partOf(to, toOffset, length)];
    this.#post({ op: 'copy', from: source, fromOffset, to: target, toOffset, length });
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

  /** @internal A number for a tensor that the other thread allocates. */
  number(): number {
    return this.#tensors++;
  }

  /** @internal The tensor that the other thread allocated under a number. */
  adopt<D extends TensorDtype>(number: number, shape: readonly number[], dtype: D): DeviceTensor<D> {
    checkShape(shape, dtype, this.limits.maxTensorBytes);
    return this.hold(this.#allocation(number), shape, dtype);
  }

  protected reserve(
    _bytes: number,
    data: TypedArray | undefined,
    shape: readonly number[],
    dtype: TensorDtype,
  ): Allocation<number> {
    const tensor = this.number();
    if (data === undefined) this.#post({ op: 'allocate', tensor, shape: [...shape], dtype });
    else {
      const { copy, buffer } = copyOf(data);
      this.#post({ op: 'upload', tensor, shape: [...shape], data: copy }, [buffer]);
    }
    return this.#allocation(tensor);
  }

  protected dispatch(kernel: Kernel, { tensors: given, parameters, grid }: CheckedRun): void {
    let shader = this.#shaders.get(kernel);
    if (shader === undefined) {
      shader = this.#shaders.size;
      const { name, code, workgroupSize, bindings, constants = {} } = kernel;
      const data = { name, code, workgroupSize, bindings, parameters: kernel.parameters, constants };
      this.#post({ op: 'shader', number: shader, shader: data });
      this.#shaders.set(kernel, shader);
    }
    const tensors: Record<string, number | null> = {};
    for (const [name, tensor] of Object.entries(given)) {
      tensors[name] = tensor === null ? null : this.memoryOf(tensor);
    }
    this.#post({ op: 'run', shader, tensors, parameters, grid });
  }

  protected async read({ dtype }: DeviceTensor, tensor: number, target?: TypedArray): Promise<TypedArray> {
    const { data } = await this.#ask({ op: 'download', tensor, dtype });
    if (data === undefined) throw internalError('RemoteBackend', 'got no values');
    if (target === undefined) return data;
    target.set(data);
    return target;
  }

  protected release(): void {
    this.onDispose();
  }

  #allocation(tensor: number): Allocation<number> {
    // A thread that ended has released everything.
    const release = () => {
      if (!this.isDisposed && this.caller.failure === null) this.#post({ op: 'release', tensor });
    };
    return { memory: tensor, release };
  }

  #post(command: BackendCommand, transfer: readonly ArrayBuffer[] = []): void {
    this.requireAlive();
    this.caller.post(command, transfer);
  }

  async #ask(question: BackendQuestion): Promise<BackendAnswer> {
    this.requireAlive();
    const answer = await this.caller.ask<BackendAnswer>(question);
    this.count = answer.counters;
    return answer;
  }
}

/** A copy to transfer: sending a view would send its whole buffer, and shared memory would stay shared. */
function copyOf(data: TypedArray): { copy: TypedArray; buffer: ArrayBuffer } {
  const buffer = new ArrayBuffer(data.byteLength);
  new Uint8Array(buffer).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return { copy: viewArray(tensorDtypeOf(data), buffer), buffer };
}
