/** Computed values to the type of a file. */
import { invalidOption } from '../errors.js';
import {
  allocateArray,
  canHold,
  type Dtype,
  dtypeOf,
  isFloat,
  rangeOf,
  type TypedArray,
} from '../geo/index.js';

/** Values in the type of a file. */
export interface Stored {
  /** The given array itself where nothing changes. */
  readonly stored: TypedArray;
  readonly validCount: number;
  /** Valid values that are equal to the nodata value, and so became gaps. */
  readonly collisions: number;
}

/**
 * Floats, NaN for no data, as a stored type. Integers are rounded half up and clamped, as GDAL does. A valid
 * value that rounding, clamping or interpolation made equal to the nodata value becomes its neighbour. A value that was
 * picked and is equal to it is kept, as GDAL keeps it: moved, one class would become another.
 * @param nodata what gaps become; null: NaN in floats and 0 in integers, where a mask says which pixels are gaps
 * @param resampled whether the values are interpolated (default), not picked from a source
 */
export function toStored(
  values: Float32Array | Float64Array,
  dtype: Dtype,
  nodata: number | null,
  resampled = true,
): Stored {
  const integer = !isFloat(dtype);
  const gap = nodata ?? (integer ? 0 : Number.NaN);
  const inPlace = dtype === dtypeOf(values) && Number.isNaN(gap);
  const stored: TypedArray = inPlace ? values : allocateArray(dtype, values.length);
  let missing = 0;
  if (inPlace) {
    for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i])) missing++;
    return { stored, validCount: values.length - missing, collisions: 0 };
  }
  let collisions = 0;
  const single = dtype === 'float32';
  // A float32 file holds fewer digits than the number that was given. Null and NaN are equal to nothing.
  const held = nodata === null ? Number.NaN : single ? Math.fround(nodata) : nodata;
  const { min, max } = rangeOf(dtype);
  const neighbour = integer ? (held > min ? held - 1 : held + 1) : neighbourOf(held);
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (Number.isNaN(value)) {
      stored[i] = gap;
      missing++;
      continue;
    }
    const result = integer
      ? Math.min(max, Math.max(min, Math.floor(value + 0.5)))
      : single
        ? Math.fround(value)
        : value;
    if (result !== held) stored[i] = result;
    else if (resampled || result !== value) stored[i] = neighbour;
    else {
      stored[i] = result;
      collisions++;
    }
  }
  return { stored, validCount: values.length - missing - collisions, collisions };
}

/** The nearest float32 towards 0 that readers do not take for a value: they compare as GDAL does, not exactly. */
function neighbourOf(value: number): number {
  const least = 2 ** -126;
  if (Math.abs(value) < 2 * least) return least;
  const words = new Int32Array(1);
  const floats = new Float32Array(words.buffer);
  floats[0] = value;
  words[0] -= 16;
  return floats[0];
}

/** Which values of an integer type occur, to find one for pixels without data. */
export class UsedValues {
  readonly #dtype: Dtype;
  /** For types of 8 and 16 bits; others know the least and the largest value alone. */
  readonly #seen: Uint8Array | null;
  readonly #least: number;
  readonly #most: number;
  #low = Infinity;
  #high = -Infinity;

  constructor(dtype: Dtype) {
    const { min, max } = rangeOf(dtype);
    this.#dtype = dtype;
    this.#least = min;
    this.#most = max;
    this.#seen = max - min < 2 ** 16 ? new Uint8Array(max - min + 1) : null;
  }

  add(value: number): void {
    if (this.#seen !== null) this.#seen[value - this.#least] = 1;
    if (value < this.#low) this.#low = value;
    if (value > this.#high) this.#high = value;
  }

  /**
   * A value that does not occur: the end of the range that no count or class reaches, or the next to it.
   * @throws {TerrachipError} INVALID_OPTION where all occur
   */
  free(): number {
    const [least, most] = [this.#least, this.#most];
    const order = least < 0 ? [least, most] : [most, least];
    const end = order.find((value) => value < this.#low || value > this.#high);
    if (end !== undefined) return end;
    const place = least < 0 ? this.#seen?.indexOf(0) : this.#seen?.lastIndexOf(0);
    if (place !== undefined && place >= 0) return place + least;
    throw invalidOption(
      'dtype',
      `cannot be ${this.#dtype}: its values occur, and none is left for pixels without data`,
      'choose a wider type, or say which value means no data (nodata)',
    );
  }
}

/**
 * Checks that a type can hold a nodata value.
 * @param option the option's name, for messages
 * @throws {TerrachipError} INVALID_OPTION for a nodata value that a type cannot hold
 */
export function requireNodata(dtype: Dtype, nodata: number | null, option = 'nodata'): void {
  if (nodata === null || canHold(dtype, nodata)) return;
  const { min, max } = rangeOf(dtype);
  const kind = isFloat(dtype) ? 'number' : 'whole number';
  throw invalidOption(
    option,
    `cannot be ${nodata} in ${dtype}`,
    `give a ${kind} from ${min} to ${max}, or another type`,
  );
}
