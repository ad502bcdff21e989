// Declarations of Symbol.dispose, for code compiled without them; `preserve` keeps this line in the published types.
/// <reference lib="esnext.disposable" preserve="true" />
import type { Dimension, GeoBox, TypedArray } from '../geo/index.js';
import type { Kernel, KernelParameters } from './kernel.js';
import type { DeviceTensor, TensorDtype } from './tensor.js';

/** What a tensor means, carried along with its values. */
export interface TensorMeta {
  dimensions?: readonly Dimension[];
  geobox?: GeoBox;
  nodata?: number | null;
}

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

export interface RunArguments<B extends string, P extends string> {
  tensors: Readonly<Record<B, DeviceTensor>>;
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
  allocate(shape: readonly number[], dtype: TensorDtype, meta?: TensorMeta): DeviceTensor;

  /** A tensor holding a copy of `data`. */
  upload(data: TypedArray, shape?: readonly number[], meta?: TensorMeta): DeviceTensor;

  /** Overwrites part of a tensor; `offset` counts elements and, in bytes, must be a multiple of 4. */
  write(tensor: DeviceTensor, data: TypedArray, offset?: number): void;

  /** Copies elements between tensors of one type; offsets and length, in bytes, must be multiples of 4. */
  copy(from: DeviceTensor, fromOffset: number, to: DeviceTensor, toOffset: number, length: number): void;

  run<B extends string, P extends string>(kernel: Kernel<B, P>, args: RunArguments<B, P>): void;

  /** Waits until everything asked for so far is done. */
  submit(): Promise<void>;

  /** The tensor's values, in a fresh array that nothing shares, or copied into `target`. */
  download(tensor: DeviceTensor, target?: TypedArray): Promise<TypedArray>;

  /** Frees everything; a device that was adopted stays alive. Twice is nothing. */
  dispose(): void;
  [Symbol.dispose](): void;
}
