// Declarations of Symbol.dispose, for code compiled without them; `preserve` keeps this line in the published types.
/// <reference lib="esnext.disposable" preserve="true" />
import { TerrachipError } from '../errors.js';
import type { Dimension, DtypeOf, GeoBox, TypedArray, TypedArrayByDtype } from '../geo/index.js';
import type { Bindings, Kernel, KernelParameters } from './kernel.js';
import type { DeviceTensor, ExternalBuffer, GpuSlice, TensorDtype } from './tensor.js';

/** What a tensor means, carried along with its values. */
export interface TensorMeta {
  dimensions?: readonly Dimension[];
  geobox?: GeoBox;
  nodata?: number | null;
}

/** The type of a tensor that holds the values of an array. */
export type TensorDtypeOf<A extends TypedArray> = Extract<DtypeOf<A>, TensorDtype>;

/** What runs the kernels, as printed and recorded. */
export interface BackendInfo {
  readonly kind: 'webgpu' | 'cpu';
  /** The adapter's description, or the processor. */
  readonly adapter: string;
  /** `hardware` or `software` (a GPU emulated on the processor) for WebGPU, `cpu` for the CPU. */
  readonly adapterClass: 'hardware' | 'software' | 'cpu';
  /** Worker threads of the CPU backend; 0 when it runs on the calling thread. */
  readonly threads: number;
}

/** What a backend cannot exceed. */
export interface BackendLimits {
  /** The largest tensor in bytes. */
  readonly maxTensorBytes: number;
}

/** Work done, for reports and for tests that prove that nothing is done twice. */
export interface BackendCounters {
  dispatches: number;
  /** Arrays handed to the device, by `upload` and `write`. */
  uploads: number;
  /** Times that recorded work was sent to the device; on the CPU, that its end was waited for. */
  submits: number;
  downloads: number;
  uploadedBytes: number;
  downloadedBytes: number;
  /** Bytes of all live tensors, and the most there ever were. */
  allocatedBytes: number;
  peakAllocatedBytes: number;
}

/** What a kernel is run on: a tensor for each of its bindings and a number for each parameter and constant. */
export interface RunArguments<B extends Bindings, P extends string> {
  tensors: {
    readonly [Name in keyof B]: B[Name]['optional'] extends true ? DeviceTensor | null : DeviceTensor;
  };
  parameters: KernelParameters<P>;
}

/**
 * Runs kernels on tensors. Operations take effect in the order of the calls; `run`, `write` and `copy` return at
 * once, and what goes wrong in them surfaces at the next `submit` or `download`. The caller owns every tensor that
 * `allocate` and `upload` return.
 */
export interface Backend {
  readonly info: BackendInfo;
  readonly limits: BackendLimits;
  readonly counters: Readonly<BackendCounters>;

  /** A tensor with unspecified contents. @throws {TerrachipError} TOO_LARGE above `limits.maxTensorBytes`. */
  allocate<D extends TensorDtype>(shape: readonly number[], dtype: D, meta?: TensorMeta): DeviceTensor<D>;

  /** A tensor holding a copy of `data`. @throws {TerrachipError} INVALID_INPUT for float64 */
  upload<A extends TypedArray>(
    data: A,
    shape?: readonly number[],
    meta?: TensorMeta,
  ): DeviceTensor<TensorDtypeOf<A>>;

  /** Overwrites part of a tensor; `offset` counts elements and, in bytes, must be a multiple of 4. */
  write(tensor: DeviceTensor, data: TypedArray, offset?: number): void;

  /** Copies elements between tensors of one type; offsets and length, in bytes, must be multiples of 4. */
  copy(from: DeviceTensor, fromOffset: number, to: DeviceTensor, toOffset: number, length: number): void;

  /**
   * Runs a kernel of `defineKernel`.
   * @throws {TerrachipError} INVALID_INPUT for arguments that do not fit the kernel's table
   */
  run<B extends Bindings, P extends string>(kernel: Kernel<B, P>, args: RunArguments<B, P>): void;

  /**
   * The part of a GPUBuffer that holds a tensor, for others who use the same device, such as a canvas. What was asked
   * for so far is submitted first, so that what they submit sees it. The buffer stays the backend's: it is theirs to
   * use until the tensor is disposed of.
   * @throws {TerrachipError} UNSUPPORTED unless the tensor lies on a device of this thread
   */
  gpuBuffer(tensor: DeviceTensor): GpuSlice;

  /**
   * A tensor in a buffer of your own on the same device. Nothing is copied, and nobody here ever destroys the buffer;
   * `dispose` of the tensor only forgets it. Keep the buffer until the tensor's last use is submitted.
   * @param buffer made with GPUBufferUsage.STORAGE, and with COPY_SRC and COPY_DST where it is downloaded or written
   * @throws {TerrachipError} UNSUPPORTED unless the backend has a device in this thread, INVALID_INPUT for a buffer
   *   that is too small or made for another use
   */
  adoptBuffer<D extends TensorDtype>(
    buffer: GPUBuffer,
    shape: readonly number[],
    dtype: D,
    options?: ExternalBuffer,
  ): DeviceTensor<D>;

  /** Waits until everything asked for so far is done. */
  submit(): Promise<void>;

  /**
   * The tensor's values, in a fresh array that nothing shares, or copied into `target`.
   * @throws {TerrachipError} INVALID_INPUT for a target of another type, or one that is too short
   */
  download<D extends TensorDtype>(tensor: DeviceTensor<D>): Promise<TypedArrayByDtype[D]>;
  download<A extends TypedArray>(tensor: DeviceTensor, target: A): Promise<A>;

  /** Frees everything; a device that was adopted stays alive. Twice is nothing. */
  dispose(): void;
  [Symbol.dispose](): void;
}

/** Counters before anything was done. */
export function emptyCounters(): BackendCounters {
  return {
    dispatches: 0,
    uploads: 0,
    submits: 0,
    downloads: 0,
    uploadedBytes: 0,
    downloadedBytes: 0,
    allocatedBytes: 0,
    peakAllocatedBytes: 0,
  };
}

/** That something was used after `dispose`; `resource` is what it is called, as `WebGPU backend`. */
export function disposedError(resource: string): TerrachipError {
  return new TerrachipError(
    'DISPOSED',
    `the ${resource} was used after its disposal`,
    'dispose of it later',
    {
      resource,
    },
  );
}
