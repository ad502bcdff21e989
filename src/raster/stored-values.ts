/** Computed values to the type of a file. */
import { allocateArray, type Dtype, isFloat, rangeOf, type TypedArray } from '../geo/index.js';

/**
 * Float32 values, NaN for no data, as a stored type. Integers are rounded half up and clamped, as GDAL does.
 * @param resampled whether the values are interpolated (default): a valid integer that happens to equal the nodata
 *   value is then moved to its neighbour, so that data never turns into a gap. Values picked from the source are kept,
 *   as GDAL keeps them: moved, one class would become another.
 * @returns the stored values (the given array itself where nothing changes), how many are valid, and how many valid
 *   ones became gaps because they are equal to the nodata value
 */
export function toStored(
  values: Float32Array,
  dtype: Dtype,
  nodata: number,
  resampled = true,
): { stored: TypedArray; validCount: number; collisions: number } {
  const inPlace = dtype === 'float32' && Number.isNaN(nodata);
  const stored: TypedArray = inPlace ? values : allocateArray(dtype, values.length);
  let missing = 0;
  if (inPlace) {
    for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i])) missing++;
    return { stored, validCount: values.length - missing, collisions: 0 };
  }
  let collisions = 0;
  const integer = !isFloat(dtype);
  // A float32 file holds fewer digits than the number that was given.
  const held = dtype === 'float32' ? Math.fround(nodata) : nodata;
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
      if (stored[i] === nodata) collisions++;
    } else {
      stored[i] = value;
      if (value === held) collisions++;
    }
  }
  return { stored, validCount: values.length - missing - collisions, collisions };
}

/** A nodata value that a type can hold: the wanted one, or NaN for floats, or the end of an integer's range. */
export function storableNodata(dtype: Dtype, wanted: number | null): number {
  if (isFloat(dtype)) return wanted ?? Number.NaN;
  const { min, max } = rangeOf(dtype);
  if (wanted !== null && Number.isInteger(wanted) && wanted >= min && wanted <= max) return wanted;
  return min < 0 ? min : max;
}
