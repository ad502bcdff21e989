/**
 * GeoTensors as ndarrays and back, without copies, and statistics. `ndarray` and `ndarray-ops` use `new Function`, which
 * portable code must not: only this file imports them.
 */
import ndarray, { type NdArray } from 'ndarray';
import ops from 'ndarray-ops';
import { invalidInput } from '../../errors.js';
import { type Dtype, equalsNodata, sizeOf, type TypedArray, type TypedArrayByDtype } from '../dtype.js';
import { GeoTensor } from '../geotensor.js';

/** An ndarray view that shares the tensor's memory. */
export function toNdarray<D extends Dtype>(tensor: GeoTensor<D>): NdArray<TypedArrayByDtype[D]> {
  return ndarray(tensor.data, [...tensor.shape]);
}

/**
 * A tensor that shares an ndarray's memory, with the grid, dimensions and nodata of another tensor.
 * @throws {TerrachipError} INVALID_INPUT when the ndarray is not contiguous in C order, or not of that shape.
 */
export function fromNdarray(array: NdArray<TypedArray>, like: GeoTensor): GeoTensor {
  const strides = array.shape.map((_, axis) => sizeOf(array.shape.slice(axis + 1)));
  if (strides.some((stride, axis) => stride !== array.stride[axis])) {
    throw invalidInput('an ndarray with strides', 'is not contiguous in C order', 'copy it first');
  }
  const data = array.data.subarray(array.offset, array.offset + array.size);
  return new GeoTensor({ ...like, data, shape: array.shape });
}

/** Statistics of the valid values of a tensor; all but the count are null without any. */
export interface TensorStatistics {
  /** Number of values that are neither NaN nor nodata. */
  validCount: number;
  min: number | null;
  max: number | null;
  mean: number | null;
  /** Population standard deviation, as `numpy.nanstd`. */
  std: number | null;
}

/** Statistics of the valid values, accumulated in float64. */
export function statistics(tensor: GeoTensor): TensorStatistics {
  const { data, nodata } = tensor;
  const valid = new Float64Array(data.length);
  let count = 0;
  for (let i = 0; i < data.length; i++) {
    const value = data[i];
    if (!Number.isNaN(value) && !equalsNodata(value, nodata)) valid[count++] = value;
  }
  if (count === 0) return { validCount: 0, min: null, max: null, mean: null, std: null };
  const values = ndarray(valid.subarray(0, count));
  const min = ops.inf(values);
  const max = ops.sup(values);
  const mean = ops.sum(values) / count;
  ops.subseq(values, mean);
  return { validCount: count, min, max, mean, std: ops.norm2(values) / Math.sqrt(count) };
}
