import { internalError, invalidInput, TerrachipError } from '../errors.js';
import { bytesPerElement, sizeOf } from '../geo/dtype.js';
import {
  type Dimension,
  type Dtype,
  dtypeOf,
  type GeoBox,
  type TypedArray,
  type TypedArrayByDtype,
} from '../geo/index.js';
import { INSPECT } from '../text.js';
import { type Backend, disposedError, type TensorDtypeOf, type TensorMeta } from './backend.js';

/** Element types of tensors. WGSL has no float64. */
export type TensorDtype = Exclude<Dtype, 'float64'>;

export function isTensorDtype(dtype: Dtype): dtype is TensorDtype {
  return dtype !== 'float64';
}

/** The dtype of an array as a tensor. @throws {TerrachipError} INVALID_INPUT for float64 */
export function tensorDtypeOf<A extends TypedArray>(data: A): TensorDtypeOf<A>;
export function tensorDtypeOf(data: TypedArray): TensorDtype {
  const dtype: Dtype = dtypeOf(data);
  if (!isTensorDtype(dtype)) {
    throw invalidInput('an array of float64', 'cannot be uploaded', 'convert it to float32');
  }
  return dtype;
}

/** Part of a GPUBuffer, as a resource of `GPUDevice.createBindGroup`. */
export interface GpuSlice {
  readonly buffer: GPUBuffer;
  /** Byte offset of the tensor's values. */
  readonly offset: number;
  /** Size in bytes, in whole 32-bit words. */
  readonly size: number;
}

/** Options of `adoptBuffer`. */
export interface ExternalBuffer extends TensorMeta {
  /** Byte offset of the values: a multiple of the device's `minStorageBufferOffsetAlignment` (default 0). */
  offset?: number;
}

/**
 * Values in a backend's memory, with a shape and metadata. The caller of `allocate`, `upload` or a kernel function owns the
 * tensor and disposes of it. `dispose` is idempotent; later uses throw.
 */
export class DeviceTensor<D extends TensorDtype = TensorDtype> {
  readonly owner: Backend;
  readonly shape: readonly number[];
  readonly dtype: D;
  readonly dimensions: readonly Dimension[] | null;
  readonly geobox: GeoBox | null;
  readonly nodata: number | null;
  #release: (() => void) | null;

  /** @internal Tensors come from a backend. */
  constructor(
    owner: Backend,
    release: () => void,
    shape: readonly number[],
    dtype: D,
    meta: TensorMeta = {},
  ) {
    this.owner = owner;
    this.#release = release;
    this.shape = [...shape];
    this.dtype = dtype;
    this.dimensions = meta.dimensions ?? null;
    this.geobox = meta.geobox ?? null;
    this.nodata = meta.nodata ?? null;
  }

  /** Number of elements. */
  get length(): number {
    return sizeOf(this.shape);
  }

  get byteLength(): number {
    return this.length * bytesPerElement(this.dtype);
  }

  get isDisposed(): boolean {
    return this.#release === null;
  }

  /** @internal @throws {TerrachipError} DISPOSED */
  requireAlive(): void {
    if (this.isDisposed) throw disposedError(`tensor (${this.shape.join(', ')})`);
  }

  /** The values after all earlier operations: `backend.download(tensor)`. */
  download(): Promise<TypedArrayByDtype[D]> {
    return this.owner.download<D>(this);
  }

  /**
   * The tensor's part of a GPUBuffer: `backend.gpuBuffer(tensor)`.
   * @throws {TerrachipError} UNSUPPORTED unless the tensor is on a device of this thread
   */
  gpuBuffer(): GpuSlice {
    return this.owner.gpuBuffer(this);
  }

  /** Frees the memory after all earlier operations. */
  dispose(): void {
    this.#release?.();
    this.#release = null;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  toString(): string {
    const state = this.isDisposed ? ', disposed of' : '';
    return `DeviceTensor(${this.dtype} (${this.shape.join(', ')}) on ${this.owner.info.adapter}${state})`;
  }

  [INSPECT](): string {
    return this.toString();
  }
}

/** @internal The error for a tensor of another backend. */
export function foreignTensor(tensor: DeviceTensor): TerrachipError {
  return invalidInput(
    `a tensor of another backend (${tensor.shape.join(', ')})`,
    'was given',
    'download and upload it',
  );
}

/** @internal The error where tensors are not in a GPUBuffer of this thread. */
export function noGpuBuffer(where: string): TerrachipError {
  return new TerrachipError(
    'UNSUPPORTED',
    `tensors of ${where} are not in a GPUBuffer`,
    'use a WebGpuBackend, or download',
    { feature: `GPUBuffers of ${where}` },
  );
}

/** @internal Checks that an array can take a tensor's values. */
export function checkTarget(tensor: DeviceTensor, target: TypedArray | undefined): void {
  if (target === undefined || (dtypeOf(target) === tensor.dtype && target.length >= tensor.length)) return;
  throw invalidInput(
    `an array of ${target.length} ${dtypeOf(target)}`,
    `cannot take ${tensor.length} values of ${tensor.dtype}`,
    'give one of the same type that is long enough',
  );
}

/** Checks a shape and returns its size in bytes, in whole 32-bit words. */
export function checkShape(shape: readonly number[], dtype: TensorDtype, maxBytes: number): number {
  if (shape.length === 0 || !shape.every((n) => Number.isInteger(n) && n > 0)) {
    throw invalidInput(`the shape (${shape.join(', ')})`, 'is impossible', 'give positive whole numbers');
  }
  const bytes = sizeOf(shape) * bytesPerElement(dtype);
  if (bytes > maxBytes) {
    throw new TerrachipError(
      'TOO_LARGE',
      `a tensor of shape (${shape.join(', ')}) needs ${bytes} bytes, more than the device's ${maxBytes}`,
      'work on smaller tiles, chips or batches',
      { size: bytes, limit: maxBytes },
    );
  }
  return Math.ceil(bytes / 4) * 4;
}

/** Checks that a copy or write is inside a tensor and on whole 32-bit words. */
export function checkRange(tensor: DeviceTensor, offset: number, length: number): void {
  const size = bytesPerElement(tensor.dtype);
  const aligned =
    (offset * size) % 4 === 0 && ((length * size) % 4 === 0 || offset + length === tensor.length);
  if (offset < 0 || length < 0 || offset + length > tensor.length || !aligned) {
    throw internalError(
      'Backend',
      `elements ${offset} to ${offset + length} are not whole words inside a tensor of ${tensor.length} ${tensor.dtype}`,
    );
  }
}
