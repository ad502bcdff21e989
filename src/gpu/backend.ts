// Declarations of Symbol.dispose, for code compiled without them; `preserve` keeps this line in the published types.
/// <reference lib="esnext.disposable" preserve="true" />
import { TerrachipError } from '../errors.js';
import type { Dimension, DtypeOf, GeoBox, TypedArray, TypedArrayByDtype } from '../geo/index.js';
import type { Bindings, Kernel, KernelParameters } from './kernel.js';
import type { DeviceTensor, ExternalBuffer, GpuSlice, TensorDtype } from './tensor.js';

/** Metadata of a tensor. */
export interface TensorMeta {
  dimensions?: readonly Dimension[];
  geobox?: GeoBox;
  nodata?: number | null;
}

/** Memory for values on their way to the device. */
export interface Staging<D extends TensorDtype = TensorDtype> {
  /** Unspecified contents, for the caller to overwrite. Not used after `tensor`. */
  readonly values: TypedArrayByDtype[D];
  /** The tensor with these values, which the caller owns. Call it at most once. */
  tensor(): DeviceTensor<D>;
}

/** The tensor dtype of an array's values. */
export type TensorDtypeOf<A extends TypedArray> = Extract<DtypeOf<A>, TensorDtype>;

/** The device that runs the kernels, as printed and recorded. */
export interface BackendInfo {
  readonly kind: 'webgpu' | 'cpu';
  /** The adapter's description, or the processor. */
  readonly adapter: string;
  /** The name of the GPU in lower case, where its driver tells it: `nvidia-a100-sxm4-40gb`. */
  readonly device?: string;
  /** `hardware` or `software` (a GPU emulated on the processor) for WebGPU, `cpu` for the CPU. */
  readonly adapterClass: 'hardware' | 'software' | 'cpu';
  /** Worker threads of the CPU backend; 0 when it runs on the calling thread. */
  readonly threads: number;
}

/** Limits of a backend. */
export interface BackendLimits {
  /** The largest tensor in bytes. */
  readonly maxTensorBytes: number;
}

/** Work done so far, for reports and tests. */
export interface BackendCounters {
  dispatches: number;
  /** Calls of `upload` and `write`. */
  uploads: number;
  /** Submissions of recorded work to the device; on the CPU, calls of `submit`. */
  submits: number;
  downloads: number;
  uploadedBytes: number;
  downloadedBytes: number;
  /** Bytes of all live tensors, now and at the peak. */
  allocatedBytes: number;
  peakAllocatedBytes: number;
}

/** Arguments of a run: a tensor for each binding of the kernel and a number for each parameter and constant. */
export interface RunArguments<B extends Bindings, P extends string> {
  tensors: {
    readonly [Name in keyof B]: B[Name]['optional'] extends true ? DeviceTensor | null : DeviceTensor;
  };
  parameters: KernelParameters<P>;
}

/**
 * Runs kernels on tensors. Operations take effect in the order of the calls. `run`, `write` and `copy` return at once;
 * the next `submit` or `download` throws their errors. The caller owns every tensor that `allocate` and `upload` return.
 */
export interface Backend {
  readonly info: BackendInfo;
  readonly limits: BackendLimits;
  readonly counters: Readonly<BackendCounters>;

  /** A tensor with unspecified contents. @throws {TerrachipError} TOO_LARGE above `limits.maxTensorBytes`. */
  allocate<D extends TensorDtype>(shape: readonly number[], dtype: D, meta?: TensorMeta): DeviceTensor<D>;

  /** A tensor with a copy of `data`. @throws {TerrachipError} INVALID_INPUT for float64 */
  upload<A extends TypedArray>(
    data: A,
    shape?: readonly number[],
    meta?: TensorMeta,
  ): DeviceTensor<TensorDtypeOf<A>>;

  /**
   * Memory to write values into that become a tensor, without a copy on the CPU backend. It may be shared memory. Memory
   * that never becomes a tensor needs no disposal.
   * @throws {TerrachipError} TOO_LARGE above `limits.maxTensorBytes`
   */
  stage<D extends TensorDtype>(shape: readonly number[], dtype: D): Staging<D>;

  /** Overwrites part of a tensor; `offset` counts elements and, in bytes, must be a multiple of 4. */
  write(tensor: DeviceTensor, data: TypedArray, offset?: number): void;

  /** Copies elements between tensors of one type; offsets and length, in bytes, must be multiples of 4. */
  copy(from: DeviceTensor, fromOffset: number, to: DeviceTensor, toOffset: number, length: number): void;

  /**
   * Runs a kernel of `defineKernel`.
   * @throws {TerrachipError} INVALID_INPUT for arguments that do not match the kernel's table
   */
  run<B extends Bindings, P extends string>(kernel: Kernel<B, P>, args: RunArguments<B, P>): void;

  /**
   * The part of a GPUBuffer that holds a tensor, for other code on the same device, such as a canvas. Submits all earlier
   * operations first. The backend owns the buffer, which is valid until the tensor is disposed of.
   * @throws {TerrachipError} UNSUPPORTED unless the tensor is on a device of this thread
   */
  gpuBuffer(tensor: DeviceTensor): GpuSlice;

  /**
   * A tensor in a buffer of your own on the same device, without a copy. The backend never destroys the buffer, also not on
   * `dispose` of the tensor. Keep the buffer until the tensor's last use is submitted.
   * @param buffer with GPUBufferUsage.STORAGE, and COPY_SRC to download it, COPY_DST to write it
   * @throws {TerrachipError} UNSUPPORTED unless the backend has a device in this thread, INVALID_INPUT for a buffer
   *   that is too small or lacks a usage
   */
  adoptBuffer<D extends TensorDtype>(
    buffer: GPUBuffer,
    shape: readonly number[],
    dtype: D,
    options?: ExternalBuffer,
  ): DeviceTensor<D>;

  /** Waits until all earlier operations are done. */
  submit(): Promise<void>;

  /**
   * The tensor's values, in a new array or copied into `target`.
   * @throws {TerrachipError} INVALID_INPUT for a target of another type, or one that is too short
   */
  download<D extends TensorDtype>(tensor: DeviceTensor<D>): Promise<TypedArrayByDtype[D]>;
  download<A extends TypedArray>(tensor: DeviceTensor, target: A): Promise<A>;

  /**
   * The memory of a tensor that threads of this process share, once all earlier operations are done; null on other
   * backends. It holds the values until the tensor is written or disposed of.
   */
  sharedMemory<D extends TensorDtype>(tensor: DeviceTensor<D>): Promise<TypedArrayByDtype[D] | null>;

  /** Frees everything except an adopted device. Idempotent. */
  dispose(): void;
  [Symbol.dispose](): void;
}

/** The error for use after `dispose`; `resource` is a name such as `WebGPU backend`. */
export function disposedError(resource: string): TerrachipError {
  return new TerrachipError(
    'DISPOSED',
    `the ${resource} was used after its disposal`,
    'dispose of it later',
    { resource },
  );
}
