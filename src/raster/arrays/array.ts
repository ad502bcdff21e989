/**
 * Arrays of any rank in a store: what Zarr, netCDF, HDF5 and `.npy` have in common. Values come in C order as one of
 * terrachip's element types, whatever order, byte order or compression they are stored in.
 */
import { invalidInput, TerrachipError } from '../../errors.js';
import { bytesPerElement, sizeOf } from '../../geo/dtype.js';
import type { Dtype, TypedArray } from '../../geo/index.js';

/** Indices `start` to `end`, `end` excluded, along one axis. */
export interface AxisRange {
  readonly start: number;
  readonly end: number;
}

/** A range for each axis, null for all of it; axes left out at the end are read whole. */
export type Selection = readonly (AxisRange | null)[];

/** Which part of an array is read. */
export interface ReadArrayOptions {
  signal?: AbortSignal;
}

/** Values in C order. */
export interface NdArray {
  readonly data: TypedArray;
  readonly shape: readonly number[];
}

/** Attributes of an array or group, by name. */
export type Attributes = Readonly<Record<string, unknown>>;

/** One array of a store: what its metadata says, and its values by selection. */
export interface StoredArray {
  /** The store's name and the array's path in it, for messages. */
  readonly name: string;
  /** Where it lies in the store, without a leading slash; empty for a store that is one array. */
  readonly path: string;
  readonly shape: readonly number[];
  /** The type in the file by its usual name: `int64`, `float16`, `bool`, `string`, … */
  readonly storedType: string;
  /** The type that `read` gives: 64-bit integers come as float64, float16 as float32; null for text and others. */
  readonly dtype: Dtype | null;
  /** The name of each axis; null for axes without one. */
  readonly dimensions: readonly (string | null)[];
  readonly attributes: Attributes;
  /** Attributes whose numbers are stored as real ones; absent where the format does not say. */
  readonly realAttributes?: ReadonlySet<string>;
  /** The unit of storage: what a read of one value decodes. */
  readonly chunkShape: readonly number[];
  /** The name of the compression, `none` for none. */
  readonly compression: string;
  /** What the format says for missing values, in stored units; null where it says nothing. */
  readonly nodata: number | null;
  /**
   * Reads the selected values; only the chunks (or bytes) that hold them are fetched.
   * @throws {TerrachipError} INVALID_INPUT for damaged data or integers that float64 cannot hold, UNSUPPORTED for
   * types and codecs that terrachip does not know, TOO_LARGE for more than 4 GiB at once
   */
  read(selection?: Selection, options?: ReadArrayOptions): Promise<NdArray>;
  /**
   * The values of an array of text, in C order; of one of characters (`char`), which netCDF has for texts, those along the
   * last axis are a text, without padding. @throws {TerrachipError} UNSUPPORTED for other types
   */
  readText(options?: ReadArrayOptions): Promise<string[]>;
}

/** An opened store: its groups and arrays. Close it when done. */
export interface ArrayGroup {
  /** The path or URL, without credentials. */
  readonly name: string;
  /** `Zarr v3`, `netCDF-4`, … */
  readonly format: string;
  /**
   * Paths of all arrays, sorted.
   * @throws {TerrachipError} UNSUPPORTED for a Zarr store without consolidated metadata on a web server
   */
  list(): Promise<readonly string[]>;
  /** The array at a path, or null when there is none. */
  array(path: string): Promise<StoredArray | null>;
  /** The attributes of a group, of the root by default; empty when there is no such group. */
  attributes(path?: string): Promise<Attributes>;
  close(): Promise<void>;
}

/** A chunk is decoded whole: no larger one is read. */
export const MAX_CHUNK_BYTES = 2 ** 30;

/** Bytes of one read. */
const MAX_READ_BYTES = 2 ** 32;

const MAX_RANK = 32;

/** @throws {TerrachipError} INVALID_INPUT for a shape that no array can have */
export function checkShape(name: string, shape: readonly number[]): void {
  const possible = shape.every((n) => Number.isSafeInteger(n) && n >= 0);
  if (!possible || shape.length > MAX_RANK || !Number.isSafeInteger(sizeOf(shape))) {
    throw invalidInput(name, `declares an impossible shape (${describeShape(shape)})`, 'get the file again');
  }
}

/** @throws {TerrachipError} INVALID_INPUT for chunks that cannot be, TOO_LARGE for chunks above 1 GiB */
export function checkChunk(name: string, chunkShape: readonly number[], bytesPerValue: number): void {
  checkShape(name, chunkShape);
  if (chunkShape.some((n) => n === 0)) {
    throw invalidInput(name, `declares chunks of no values (${describeShape(chunkShape)})`, 'get it again');
  }
  const size = sizeOf(chunkShape) * bytesPerValue;
  if (size > MAX_CHUNK_BYTES) {
    throw new TerrachipError(
      'TOO_LARGE',
      `${name} is stored in chunks of ${size} bytes, more than the ${MAX_CHUNK_BYTES} that terrachip decodes at once`,
      'store it again in smaller chunks',
      { size, limit: MAX_CHUNK_BYTES },
    );
  }
}

/**
 * The range of every axis, checked against the shape and the bound on one read.
 * @throws {TerrachipError} INVALID_INPUT or TOO_LARGE
 */
export function resolveSelection(
  array: Pick<StoredArray, 'name' | 'shape' | 'dtype'>,
  selection: Selection = [],
): AxisRange[] {
  const { name, shape } = array;
  const ranges = shape.map((size, axis) => selection[axis] ?? { start: 0, end: size });
  const inside = ranges.every(
    ({ start, end }, axis) =>
      Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start <= end && end <= shape[axis],
  );
  if (selection.length > shape.length || !inside) {
    const text = selection.map((range) => (range === null ? ':' : `${range.start}:${range.end}`)).join(', ');
    throw invalidInput(name, `has no [${text}]: its shape is (${describeShape(shape)})`, 'read inside it');
  }
  const size = sizeOf(extentOf(ranges)) * (array.dtype === null ? 1 : bytesPerElement(array.dtype));
  if (size > MAX_READ_BYTES) {
    throw new TerrachipError(
      'TOO_LARGE',
      `a read of ${size} bytes of ${name} is above the ${MAX_READ_BYTES} that one read may have`,
      'read it in parts',
      { size, limit: MAX_READ_BYTES },
    );
  }
  return ranges;
}

export function extentOf(ranges: readonly AxisRange[]): number[] {
  return ranges.map(({ start, end }) => end - start);
}

/** The error for an array whose values `read` cannot give. */
export function unreadableType(array: Pick<StoredArray, 'name' | 'storedType'>, wanted = 'numbers'): Error {
  return new TerrachipError(
    'UNSUPPORTED',
    `${array.name} holds ${array.storedType}, which terrachip does not read as ${wanted}`,
    'choose another array',
    { feature: `arrays of ${array.storedType}` },
  );
}

function describeShape(shape: readonly number[]): string {
  return shape.join(', ');
}
