/** Computed values to the type of a file. */
import { allocateArray, type Dtype, isFloat, rangeOf, type TypedArray } from '../geo/index.js';

/**
 * Float32 values, NaN for no data, as a stored type. Integers are rounded half up and clamped, as GDAL does.
 * @param resampled whether the values are interpolated (default): a valid integer that happens to equal the nodata
 *   value is then moved to its neighbour, so that data never turns into a gap. Values picked from the source are kept,
 *   as GDAL keeps them: moved, one class would become another.
 * @returns the stored values (the given array itself where nothing changes) and how many are valid
 */
export function toStored(
  values: Float32Array,
  dtype: Dtype,
  nodata: number,
  resampled = true,
): { stored: TypedArray; validCount: number } {
  const inPlace = dtype === 'float32' && Number.isNaN(nodata);
  const stored: TypedArray = inPlace ? values : allocateArray(dtype, values.length);
  let missing = 0;
  if (inPlace) {
    for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i])) missing++;
    return { stored, validCount: values.length - missing };
  }
  const integer = !isFloat(dtype);
  const { min, max } = rangeOf(dtype);
  const neighbour = nodata > min ? nodata - 1 : nodata + 1;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (Number.isNaN(value)) {
      stored[i] = nodata;
      missing++;
    } else if (integer) {
      const rounded = Math.min(max, Math.max(min, Math.floor(value + 0.5)));
      stored[i] = resampled && rounded === nodata ? neighbour : rounded;
      if (stored[i] === nodata) missing++;
    } else {
      stored[i] = value;
    }
  }
  return { stored, validCount: values.length - missing };
}

/** A nodata value that a type can hold: the wanted one, or NaN for floats, or the end of an integer's range. */
export function storableNodata(dtype: Dtype, wanted: number | null): number {
  if (isFloat(dtype)) return wanted ?? Number.NaN;
  const { min, max } = rangeOf(dtype);
  if (wanted !== null && Number.isInteger(wanted) && wanted >= min && wanted <= max) return wanted;
  return min < 0 ? min : max;
}
