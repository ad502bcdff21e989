/** Copies of boxes between arrays of any rank. */
import type { TypedArray } from '../../geo/index.js';

/** Steps between neighbours along each axis of an array in C order. */
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

/** Copies a box of values; both sides have its rank. */
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
