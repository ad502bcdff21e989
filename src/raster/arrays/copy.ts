/** Copies of boxes between arrays of any rank. */
import type { TypedArray } from '../../geo/index.js';
import { type AxisRange, extentOf } from './array.js';

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

export interface Layout {
  readonly data: TypedArray;
  /** The index of the box's first value. */
  readonly offset: number;
  readonly strides: readonly number[];
}

/** Copies a box of values; both layouts have its rank. */
export function copyBox(extent: readonly number[], from: Layout, to: Layout): void {
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

/** A box of an array's values in C order, of the shape `extent` from `origin` on. */
export interface Chunk {
  readonly values: TypedArray;
  readonly origin: readonly number[];
  readonly extent: readonly number[];
}

/** Copies the part of a chunk inside a box into the box's values, in C order. */
export function copyChunk(
  { values, origin, extent }: Chunk,
  ranges: readonly AxisRange[],
  data: TypedArray,
): void {
  const from = ranges.map(({ start }, axis) => Math.max(start, origin[axis]));
  const inside = ranges.map(({ end }, axis) => Math.min(end, origin[axis] + extent[axis]) - from[axis]);
  const place = (strides: readonly number[], first: (axis: number) => number): Omit<Layout, 'data'> => ({
    strides,
    offset: strides.reduce((sum, stride, axis) => sum + (from[axis] - first(axis)) * stride, 0),
  });
  copyBox(
    inside,
    { data: values, ...place(stridesOf(extent), (axis) => origin[axis]) },
    { data, ...place(stridesOf(extentOf(ranges)), (axis) => ranges[axis].start) },
  );
}

/** The number of chunks that a box touches, and the coordinates of each. */
export function chunksUnder(
  ranges: readonly AxisRange[],
  chunkShape: readonly number[],
): { count: number; at(k: number): number[] } {
  const first = ranges.map(({ start }, axis) => Math.floor(start / chunkShape[axis]));
  const counts = ranges.map(({ end }, axis) => Math.ceil(end / chunkShape[axis]) - first[axis]);
  const steps = stridesOf(counts);
  return {
    count: extentOf(ranges).includes(0) ? 0 : counts.reduce((product, n) => product * n, 1),
    at: (k) => counts.map((n, axis) => first[axis] + (Math.floor(k / steps[axis]) % n)),
  };
}
