import { internalError, invalidInput, TerrachipError } from '../../errors.js';
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
 * A backend whose device belongs to another thread. All commands but two return at once, as on any backend, so that
 * they cross as messages in their order; shapes and ranges are checked on this side.
 */
export class RemoteBackend implements Backend {
  readonly info: BackendInfo;
  readonly limits: BackendLimits;
  readonly #caller: Caller<BackendCommand | BackendQuestion, BackendQuestion>;
  readonly #onDispose: () => void;
  readonly #shaders = new Set<string>();
  #counters: BackendCounters = {
    dispatches: 0,
    uploads: 0,
    submits: 0,
    downloads: 0,
    uploadedBytes: 0,
    downloadedBytes: 0,
    allocatedBytes: 0,
    peakAllocatedBytes: 0,
  };
  #tensors = 0;
  #disposed = false;

  /** @param onDispose called once, to end the device's thread */
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

  allocate(shape: readonly number[], dtype: TensorDtype, meta?: TensorMeta): DeviceTensor {
    const tensor = this.#tensor(shape, dtype, meta);
    this.#post({ op: 'allocate', tensor: this.numberOf(tensor), shape: [...shape], dtype });
    return tensor;
  }

  upload(data: TypedArray, shape: readonly number[] = [data.length], meta?: TensorMeta): DeviceTensor {
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

  run<B extends string, P extends string>(kernel: Kernel<B, P>, args: RunArguments<B, P>): void {
    const { name } = kernel;
    if (!this.#shaders.has(name)) {
      const { code, workgroupSize, bindings, parameters, constants } = kernel;
      const shader = { name, code, workgroupSize, bindings, parameters };
      this.#post({ op: 'shader', shader: constants === undefined ? shader : { ...shader, constants } });
      this.#shaders.add(name);
    }
    const tensors = Object.fromEntries(
      kernel.bindings.map((binding) => [binding.name, this.numberOf(args.tensors[binding.name])]),
    );
    this.#post({
      op: 'run',
      shader: name,
      invocations: kernel.grid(args.parameters),
      tensors,
      parameters: { ...args.parameters },
    });
  }

  async submit(): Promise<void> {
    await this.#ask({ op: 'submit' });
  }

  async download(tensor: DeviceTensor, target?: TypedArray): Promise<TypedArray> {
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

  /** @internal The other thread's name for a tensor of this backend. */
  numberOf(tensor: DeviceTensor): number {
    const { storage } = tensor;
    if (tensor.owner !== this || !(storage instanceof RemoteStorage)) {
      throw invalidInput('a tensor of another backend', 'was given', 'download and upload it');
    }
    return storage.tensor;
  }

  /** @internal A number for a tensor whose shape only the other thread can know. */
  reserve(): number {
    return this.#tensors++;
  }

  #tensor(shape: readonly number[], dtype: TensorDtype, meta?: TensorMeta): DeviceTensor {
    return this.adopt(this.reserve(), shape, dtype, meta);
  }

  /** @internal The tensor that the other thread made under a reserved number. */
  adopt(number: number, shape: readonly number[], dtype: TensorDtype, meta?: TensorMeta): DeviceTensor {
    checkShape(shape, dtype, this.limits.maxTensorBytes);
    const storage = new RemoteStorage(number, () => {
      // A thread that is gone has released everything.
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
    if (!this.#disposed) return;
    throw new TerrachipError('DISPOSED', 'a backend was used after its disposal', 'dispose of it later', {
      resource: 'WebGPU backend of another thread',
    });
  }
}

/** A copy that can be handed over: what is sent as a view takes its whole buffer along, and shared memory stays shared. */
function copyOf(data: TypedArray): { copy: TypedArray; buffer: ArrayBuffer } {
  const buffer = new ArrayBuffer(data.byteLength);
  new Uint8Array(buffer).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return { copy: viewArray(tensorDtypeOf(data), buffer), buffer };
}
