/**
 * Arrays of any rank in a store, the common interface of Zarr, netCDF, HDF5 and `.npy`. Reads return values in C order
 * as one of terrachip's element types, for any stored order, byte order and compression.
 */
import { invalidInput, tooLarge, unsupported } from '../../errors.js';
import { bytesPerElement, sizeOf } from '../../geo/dtype.js';
import type { Dtype, TypedArray } from '../../geo/index.js';
import type { Resource } from '../../resource.js';

/** Indices `start` to `end`, `end` excluded, along one axis. */
export interface AxisRange {
  readonly start: number;
  readonly end: number;
}

/** A range for each axis, null for all of it; axes left out at the end are read whole. */
export type Selection = readonly (AxisRange | null)[];

/** Options of a read. */
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

/** The metadata of an array of a store. */
export interface ArrayDescription {
  /** The store's name and the array's path in it, for messages. */
  readonly name: string;
  /** Its path in the store, without a leading slash; empty for a store that is one array. */
  readonly path: string;
  readonly shape: readonly number[];
  /** The type in the file by its usual name: `int64`, `float16`, `bool`, `string`, … */
  readonly storedType: string;
  /** The type that `read` returns: float64 for 64-bit integers, float32 for float16; null for text and others. */
  readonly dtype: Dtype | null;
  /** The name of each axis; null for axes without one. */
  readonly dimensions: readonly (string | null)[];
  readonly attributes: Attributes;
  /** Attributes stored as floating-point numbers; absent for formats without types of attributes. */
  readonly realAttributes?: ReadonlySet<string>;
  /** The shape of a chunk, which is decoded as a whole. */
  readonly chunkShape: readonly number[];
  /** Whether decoded chunks are kept in the cache of blocks (default false). */
  readonly keepsChunks?: boolean;
  /** The name of the compression, `none` for none. */
  readonly compression: string;
  /** The format's own fill value, in stored units; null for none. */
  readonly nodata: number | null;
}

/** One array of a store: its metadata, and its values by selection. */
export interface StoredArray extends ArrayDescription {
  /**
   * Reads the selected values; only their chunks (or bytes) are fetched.
   * @throws {TerrachipError} INVALID_INPUT for damaged data, UNSUPPORTED for integers that float64 cannot hold and for
   * unknown types and codecs, TOO_LARGE for more than 4 GiB at once
   */
  read(selection?: Selection, options?: ReadArrayOptions): Promise<NdArray>;
  /**
   * The values of an array of text, in C order. In a netCDF array of `char` the last axis is one text, whose padding is
   * removed. @throws {TerrachipError} UNSUPPORTED for other types
   */
  readText(options?: ReadArrayOptions): Promise<string[]>;
}

/** An opened store: its groups and arrays. Dispose it when done. */
export interface ArrayGroup extends Resource {
  /** The path or URL, without credentials. */
  readonly name: string;
  /** `Zarr v3`, `netCDF-4`, … */
  readonly format: string;
  /**
   * Paths of all arrays, sorted.
   * @throws {TerrachipError} UNSUPPORTED for a Zarr store without consolidated metadata on a web server
   */
  list(): Promise<readonly string[]>;
  /** The array at a path, or null. */
  array(path: string): Promise<StoredArray | null>;
  /** The attributes of a group (default: the root); empty for no such group. */
  attributes(path?: string): Promise<Attributes>;
}

/** The largest chunk that is read: chunks are decoded whole. */
export const MAX_CHUNK_BYTES = 2 ** 30;

/** The most bytes of one read. */
const MAX_READ_BYTES = 2 ** 32;

const MAX_RANK = 32;

/** The most texts of one array, or characters of them. */
const MAX_TEXTS = 2 ** 20;

/**
 * An array of a format.
 * @param values reads a box in C order, as the type that `dtype` says
 * @param texts reads all texts; null for an array of no text
 */
export function storedArray(
  about: ArrayDescription,
  values: (ranges: readonly AxisRange[], dtype: Dtype, signal?: AbortSignal) => Promise<TypedArray>,
  texts: ((signal?: AbortSignal) => Promise<string[]>) | null,
): StoredArray {
  return {
    ...about,
    async read(selection, { signal } = {}) {
      if (about.dtype === null) throw unreadableType(about);
      const ranges = resolveSelection(about, selection);
      return { data: await values(ranges, about.dtype, signal), shape: extentOf(ranges) };
    },
    async readText({ signal } = {}) {
      if (texts === null || sizeOf(about.shape) > MAX_TEXTS) throw unreadableType(about, 'text');
      return texts(signal);
    },
  };
}

/** The chunk shape of an array without chunks, which is read by pieces of its last axis. */
export function rowsOf(shape: readonly number[]): number[] {
  return shape.map((size, axis) => (axis === shape.length - 1 ? Math.max(1, size) : 1));
}

/** The ranges of all values. */
export function wholeOf(shape: readonly number[]): AxisRange[] {
  return shape.map((size) => ({ start: 0, end: size }));
}

/** Cuts a list into pieces of one length, such as texts of a fixed width; none for the length 0. */
export function piecesOf<List extends { readonly length: number; slice(start: number, end: number): List }>(
  list: List,
  length: number,
): List[] {
  const count = length === 0 ? 0 : list.length / length;
  return Array.from({ length: count }, (_, i) => list.slice(i * length, (i + 1) * length));
}

/** Numbers the arrays in a cache of chunks. */
let arrays = 0;
export function nextArrayId(): number {
  return arrays++;
}

/** @throws {TerrachipError} INVALID_INPUT for a shape that no array can have */
export function checkShape(name: string, shape: readonly number[]): void {
  const possible = shape.every((n) => Number.isSafeInteger(n) && n >= 0);
  if (!possible || shape.length > MAX_RANK || !Number.isSafeInteger(sizeOf(shape))) {
    throw invalidInput(name, `declares an impossible shape (${describeShape(shape)})`, 'get the file again');
  }
}

/** @throws {TerrachipError} INVALID_INPUT for an impossible chunk shape, TOO_LARGE for chunks above 1 GiB */
export function checkChunk(name: string, chunkShape: readonly number[], bytesPerValue: number): void {
  checkShape(name, chunkShape);
  if (chunkShape.some((n) => n === 0)) {
    throw invalidInput(name, `declares chunks of no values (${describeShape(chunkShape)})`, 'get it again');
  }
  const size = sizeOf(chunkShape) * bytesPerValue;
  if (size > MAX_CHUNK_BYTES) {
    throw tooLarge(
      `${name} is stored in chunks of ${size} bytes, more than the ${MAX_CHUNK_BYTES} that terrachip decodes at once`,
      'store it again in smaller chunks',
      { size, limit: MAX_CHUNK_BYTES },
    );
  }
}

/**
 * The range of every axis, checked against the shape and the size limit of one read.
 * @throws {TerrachipError} INVALID_INPUT or TOO_LARGE
 */
export function resolveSelection(
  array: Pick<ArrayDescription, 'name' | 'shape' | 'dtype'>,
  selection: Selection = [],
): AxisRange[] {
  const { name, shape } = array;
  const ranges = wholeOf(shape).map((whole, axis) => selection[axis] ?? whole);
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
    throw tooLarge(
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

/** The error for an array of a type that `read` does not convert. */
export function unreadableType(
  array: Pick<ArrayDescription, 'name' | 'storedType'>,
  wanted = 'numbers',
): Error {
  return unsupported(
    `arrays of ${array.storedType}`,
    `${array.name} holds ${array.storedType}, which terrachip does not read as ${wanted}`,
    'choose another array',
  );
}

function describeShape(shape: readonly number[]): string {
  return shape.join(', ');
}
