/** Copies of boxes between arrays of any rank. */
import { tooLarge } from '../../errors.js';
import { sizeOf } from '../../geo/dtype.js';
import { allocateArray, type Dtype, dtypeOf, type TypedArray } from '../../geo/index.js';
import { mapConcurrently } from '../../io/semaphore.js';
import { type ArrayDescription, type AxisRange, extentOf } from './array.js';

/** Strides of an array in C order, in elements. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= shape[axis];
  }
  return strides;
}

/** The index along each axis of the k-th value in C order. */
export function indexAt(k: number, shape: readonly number[]): number[] {
  return stridesOf(shape).map((step, axis) => Math.floor(k / step) % shape[axis]);
}

/** The number of a chunk, in C order of the chunks of an array. */
export function chunkIndex(
  { shape, chunkShape }: Pick<ArrayDescription, 'shape' | 'chunkShape'>,
  coordinates: readonly number[],
): number {
  return coordinates.reduce((index, n, axis) => index * Math.ceil(shape[axis] / chunkShape[axis]) + n, 0);
}

export interface BoxLayout {
  readonly data: TypedArray;
  /** The index of the box's first value. */
  readonly offset: number;
  readonly strides: readonly number[];
}

/** Copies a box of values; both layouts have its rank. */
export function copyBox(extent: readonly number[], from: BoxLayout, to: BoxLayout): void {
  const last = extent.length - 1;
  const copy = (axis: number, source: number, target: number): void => {
    if (axis > last) {
      to.data[target] = from.data[source];
      return;
    }
    const [step, stride] = [from.strides[axis], to.strides[axis]];
    if (axis < last) {
      for (let i = 0; i < extent[axis]; i++) copy(axis + 1, source + i * step, target + i * stride);
    } else if (step === 1 && stride === 1) {
      to.data.set(from.data.subarray(source, source + extent[axis]), target);
    } else {
      for (let i = 0; i < extent[axis]; i++) to.data[target + i * stride] = from.data[source + i * step];
    }
  };
  if (extent.every((n) => n > 0)) copy(0, from.offset, to.offset);
}

/** Values in C order, from those that are stored with other strides. */
export function inCOrder(
  values: TypedArray,
  shape: readonly number[],
  stored: readonly number[],
): TypedArray {
  const strides = stridesOf(shape);
  // The strides of axes of length 1 do not matter.
  if (strides.every((step, axis) => shape[axis] === 1 || step === stored[axis])) return values;
  const data: TypedArray = allocateArray(dtypeOf(values), values.length);
  copyBox(shape, { data: values, offset: 0, strides: stored }, { data, offset: 0, strides });
  return data;
}

/** A box of an array's values in C order, of the shape `extent` from `origin` on. */
interface Chunk {
  readonly values: TypedArray;
  readonly origin: readonly number[];
  readonly extent: readonly number[];
}

/** Copies the part of a chunk inside a box into the box's values, in C order. */
function copyChunk({ values, origin, extent }: Chunk, ranges: readonly AxisRange[], data: TypedArray): void {
  const from = ranges.map(({ start }, axis) => Math.max(start, origin[axis]));
  const inside = ranges.map(({ end }, axis) => Math.min(end, origin[axis] + extent[axis]) - from[axis]);
  const place = (strides: readonly number[], first: (axis: number) => number): Omit<BoxLayout, 'data'> => ({
    strides,
    offset: strides.reduce((sum, stride, axis) => sum + (from[axis] - first(axis)) * stride, 0),
  });
  copyBox(
    inside,
    { data: values, ...place(stridesOf(extent), (axis) => origin[axis]) },
    { data, ...place(stridesOf(extentOf(ranges)), (axis) => ranges[axis].start) },
  );
}

/** The most chunks of one read, to bound the memory of their coordinates. */
const MAX_CHUNKS = 2 ** 22;

/**
 * Reads a box chunk by chunk, its values in C order.
 * @param array its name, and the shape and type of its chunks
 * @param concurrency chunks in flight
 * @param read a chunk's values in C order, from its origin on; a shorter last chunk has its own extent
 * @throws {TerrachipError} TOO_LARGE for more than four million chunks
 */
export async function readChunks(
  { name, chunkShape }: Pick<ArrayDescription, 'name' | 'chunkShape'>,
  ranges: readonly AxisRange[],
  dtype: Dtype,
  concurrency: number,
  read: (coordinates: number[], origin: number[]) => Promise<Omit<Chunk, 'origin'>>,
  signal?: AbortSignal,
): Promise<TypedArray> {
  const extent = extentOf(ranges);
  const data: TypedArray = allocateArray(dtype, sizeOf(extent));
  if (data.length === 0) return data;
  const first = ranges.map(({ start }, axis) => Math.floor(start / chunkShape[axis]));
  const counts = ranges.map(({ end }, axis) => Math.ceil(end / chunkShape[axis]) - first[axis]);
  const total = sizeOf(counts);
  if (total > MAX_CHUNKS) {
    throw tooLarge(`a read of ${name} needs ${total} chunks, more than ${MAX_CHUNKS}`, 'read it in parts', {
      size: total,
      limit: MAX_CHUNKS,
    });
  }
  await mapConcurrently(
    Array.from({ length: total }, (_, k) => k),
    concurrency,
    async (k) => {
      const coordinates = indexAt(k, counts).map((n, axis) => first[axis] + n);
      const origin = coordinates.map((n, axis) => n * chunkShape[axis]);
      copyChunk({ ...(await read(coordinates, origin)), origin }, ranges, data);
    },
    signal,
  );
  return data;
}
