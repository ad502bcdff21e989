import { internalError, invalidInput, TerrachipError } from '../errors.js';
import { bytesPerElement, sizeOf } from '../geo/dtype.js';
import { type Dimension, type Dtype, dtypeOf, type GeoBox, type TypedArray } from '../geo/index.js';
import type { Backend, TensorMeta } from './backend.js';

/** Element types a device can hold; float64 has no place on a GPU. */
export type TensorDtype = Exclude<Dtype, 'float64'>;

export function isTensorDtype(dtype: Dtype): dtype is TensorDtype {
  return dtype !== 'float64';
}

/** @throws {TerrachipError} INVALID_INPUT for float64, which devices do not hold. */
export function tensorDtypeOf(data: TypedArray): TensorDtype {
  const dtype = dtypeOf(data);
  if (!isTensorDtype(dtype)) {
    throw invalidInput('an array of float64', 'cannot be uploaded', 'convert it to float32');
  }
  return dtype;
}

/** What a backend keeps for a tensor. */
export interface TensorStorage {
  /** Gives the memory back. */
  release(): void;
}

/**
 * Values in a backend's memory, with a shape and their meaning. Whoever received it from `allocate`, `upload` or a
 * kernel function owns it and disposes of it; disposing twice is nothing, using it afterwards throws.
 */
export class DeviceTensor {
  readonly owner: Backend;
  readonly shape: readonly number[];
  readonly dtype: TensorDtype;
  readonly dimensions: readonly Dimension[] | null;
  readonly geobox: GeoBox | null;
  readonly nodata: number | null;
  #storage: TensorStorage | null;

  /** @internal Backends make tensors. */
  constructor(
    owner: Backend,
    storage: TensorStorage,
    shape: readonly number[],
    dtype: TensorDtype,
    meta: TensorMeta = {},
  ) {
    this.owner = owner;
    this.#storage = storage;
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
    return this.#storage === null;
  }

  /** @internal The backend's own handle. @throws {TerrachipError} DISPOSED */
  get storage(): TensorStorage {
    if (this.#storage === null) {
      throw new TerrachipError('DISPOSED', 'a tensor was used after its disposal', 'dispose of it later', {
        resource: `tensor (${this.shape.join(', ')})`,
      });
    }
    return this.#storage;
  }

  dispose(): void {
    this.#storage?.release();
    this.#storage = null;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Checks a shape before anything is allocated for it. */
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
  return bytes;
}

/** Checks that a copy or write stays inside a tensor and on whole 32-bit words. */
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
