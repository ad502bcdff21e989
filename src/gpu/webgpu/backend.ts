import { invalidInput, messageOf } from '../../errors.js';
import { bytesPerElement } from '../../geo/dtype.js';
import { type TypedArray, viewArray } from '../../geo/index.js';
import type { BackendInfo, BackendLimits } from '../backend.js';
import { type CheckedRun, type KernelShader, NAN_BITS, wrongKernel } from '../kernel.js';
import {
  checkShape,
  type DeviceTensor,
  type ExternalBuffer,
  type GpuSlice,
  type TensorDtype,
} from '../tensor.js';
import { type Allocation, TensorBackend } from '../tensor-backend.js';
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

/**
 * Runs kernels with WebGPU. Commands are recorded and submitted in the order of the calls. After the loss of the device,
 * every call throws DEVICE_LOST.
 */
export class WebGpuBackend extends TensorBackend<GpuSlice> {
  readonly info: BackendInfo;
  readonly limits: BackendLimits;
  readonly device: GPUDevice;
  readonly #pool: BufferPool;
  readonly #state: DeviceState;
  readonly #pipelines: PipelineCache;
  readonly #ownsDevice: boolean;
  /** The buffer of omitted optional bindings. */
  #nothing: GPUBuffer | null = null;
  #encoder: GPUCommandEncoder | null = null;
  #recorded = 0;

  private constructor(device: GPUDevice, info: BackendInfo, ownsDevice: boolean) {
    super('WebGPU backend');
    this.device = device;
    this.info = info;
    this.#ownsDevice = ownsDevice;
    this.#pool = new BufferPool(device);
    this.#state = new DeviceState(device);
    this.#pipelines = new PipelineCache(device, this.#state);
    this.limits = {
      maxTensorBytes: Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize),
    };
  }

  /** Requests a device from an adapter, with raised limits, and owns it. */
  static async request(adapter: GPUAdapter): Promise<WebGpuBackend> {
    let device: GPUDevice;
    try {
      device = await adapter.requestDevice({ requiredLimits: raisedLimits(adapter) });
    } catch (cause) {
      throw deviceLost(messageOf(cause));
    }
    return new WebGpuBackend(device, describeAdapter(adapter.info), true);
  }

  /** Uses an existing device, which `dispose` does not destroy. */
  static adopt(device: GPUDevice): WebGpuBackend {
    return new WebGpuBackend(device, describeAdapter(device.adapterInfo), false);
  }

  write(tensor: DeviceTensor, data: TypedArray, offset = 0): void {
    const slice = withUsage(this.partOf(tensor, offset, data.length), 'COPY_DST');
    // A write takes effect before all later submits, so earlier commands must be submitted first.
    this.#flush();
    this.#writeNow(slice, data, offset);
  }

  #writeNow({ buffer, offset }: GpuSlice, data: TypedArray, first: number): void {
    writeArray(this.device.queue, { buffer, offset: offset + first * data.BYTES_PER_ELEMENT }, data);
    this.countUpload(data);
  }

  copy(from: DeviceTensor, fromOffset: number, to: DeviceTensor, toOffset: number, length: number): void {
    const source = withUsage(this.partOf(from, fromOffset, length), 'COPY_SRC');
    const target = withUsage(this.partOf(to, toOffset, length), 'COPY_DST');
    const size = bytesPerElement(from.dtype);
    this.#record().copyBufferToBuffer(
      source.buffer,
      source.offset + fromOffset * size,
      target.buffer,
      target.offset + toOffset * size,
      Math.ceil((length * size) / 4) * 4,
    );
  }

  /** @internal Runs a kernel whose arguments are checked, here or in the thread that has its functions. */
  dispatch(kernel: KernelShader, { tensors, parameters, grid }: CheckedRun): void {
    this.requireAlive();
    const groups = grid.map((n, axis) => Math.ceil(n / kernel.workgroupSize[axis]));
    if (groups.some((n) => n > MAX_WORKGROUPS)) {
      const problem = `needs ${groups.join(' × ')} workgroups`;
      throw wrongKernel(kernel.name, problem, `use at most ${MAX_WORKGROUPS} along each axis`);
    }
    const { pipeline, layout } = this.#pipelines.get(kernel, parameters);
    const uniform = this.#uniform(kernel, parameters);
    const entries: GPUBindGroupEntry[] = Object.values(tensors).map((tensor, binding) => ({
      binding,
      resource: tensor === null ? this.#placeholder() : this.memoryOf(tensor),
    }));
    entries.push({ binding: entries.length, resource: { buffer: uniform } });
    const encoder = this.#record();
    const pass = encoder.beginComputePass({ label: kernel.name });
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, this.device.createBindGroup({ layout, entries }));
    pass.dispatchWorkgroups(groups[0], groups[1], groups[2]);
    pass.end();
    this.#pool.release(uniform);
    this.count.dispatches++;
    this.#recorded++;
    if (this.#recorded >= DISPATCHES_PER_SUBMIT) this.#flush();
  }

  gpuBuffer(tensor: DeviceTensor): GpuSlice {
    const slice = this.memoryOf(tensor);
    this.#flush();
    return slice;
  }

  adoptBuffer<D extends TensorDtype>(
    buffer: GPUBuffer,
    shape: readonly number[],
    dtype: D,
    { offset = 0, ...meta }: ExternalBuffer = {},
  ): DeviceTensor<D> {
    this.requireAlive();
    const size = checkShape(shape, dtype, this.limits.maxTensorBytes);
    const step = this.device.limits.minStorageBufferOffsetAlignment;
    if (!Number.isInteger(offset / step) || offset < 0) {
      const source = `an offset of ${offset} bytes in a GPUBuffer`;
      throw invalidInput(source, 'is impossible', `give a multiple of ${step}`);
    }
    if (offset + size > buffer.size) {
      const problem = `has no ${size} bytes from byte ${offset} on`;
      throw invalidInput(`a GPUBuffer of ${buffer.size} bytes`, problem, 'give a larger buffer');
    }
    const memory = withUsage({ buffer, offset, size }, 'STORAGE');
    return this.hold({ memory, release: () => undefined }, shape, dtype, meta);
  }

  async submit(): Promise<void> {
    this.requireAlive();
    this.#flush();
    await this.#state.settled(this.device.queue.onSubmittedWorkDone());
    this.requireAlive();
  }

  /** @internal */
  protected reserve(size: number, data: TypedArray | undefined): Allocation<GpuSlice> {
    if (this.#pool.releasedBytes > RELEASED_BYTES_PER_SUBMIT) this.#flush();
    const buffer = this.#pool.acquire(size, TENSOR_USAGE);
    // The words of the tensor only, so that `arrayLength` is right in shaders.
    const slice = { buffer, offset: 0, size };
    // No recorded command uses this buffer: the pool recycles buffers only after a submit.
    if (data !== undefined) this.#writeNow(slice, data, 0);
    return this.counted(size, slice, () => this.#pool.release(buffer));
  }

  /** @internal */
  protected async read(
    tensor: DeviceTensor,
    slice: GpuSlice,
    target: TypedArray = viewArray(tensor.dtype, new ArrayBuffer(tensor.byteLength)),
  ): Promise<TypedArray> {
    const bytes = new Uint8Array(target.buffer, target.byteOffset, tensor.byteLength);
    const source = withUsage(slice, 'COPY_SRC');
    await readBack(this.#pool, this.#state, source, bytes, (from, start, staging, length) => {
      // The first piece is in the same submit as the recorded kernels.
      this.#record().copyBufferToBuffer(from, start, staging, 0, length);
      this.#flush();
    });
    this.requireAlive();
    this.countDownload(tensor);
    return target;
  }

  /** @internal */
  protected release(): void {
    this.#encoder = null;
    this.#pool.dispose();
    this.#nothing?.destroy();
    this.#state.close();
    if (this.#ownsDevice) this.device.destroy();
  }

  #record(): GPUCommandEncoder {
    this.requireAlive();
    this.#encoder ??= this.device.createCommandEncoder();
    return this.#encoder;
  }

  #flush(): void {
    if (this.#encoder !== null) {
      this.device.queue.submit([this.#encoder.finish()]);
      this.count.submits++;
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

  #placeholder(): GpuSlice {
    this.#nothing ??= this.device.createBuffer({ size: 4, usage: BUFFER_USAGE.STORAGE });
    return { buffer: this.#nothing, offset: 0, size: 4 };
  }

  /** @internal */
  protected override requireAlive(): void {
    super.requireAlive();
    this.#state.requireSound();
  }
}

/** @throws {TerrachipError} INVALID_INPUT for a buffer without a usage */
function withUsage(slice: GpuSlice, usage: keyof typeof BUFFER_USAGE): GpuSlice {
  if ((slice.buffer.usage & BUFFER_USAGE[usage]) !== 0) return slice;
  const remedy = `add GPUBufferUsage.${usage} to its usage`;
  throw invalidInput('a GPUBuffer of your own', `was made without ${usage}`, remedy);
}
