/** Computed values converted to a file's type. */
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

/** Values in a file's type. */
export interface Stored {
  /** The input array itself if nothing changes. */
  readonly stored: TypedArray;
  readonly validCount: number;
  /** Valid values equal to nodata, which became gaps. */
  readonly collisions: number;
}

/**
 * Floats, NaN for no data, as a stored type. Integers are rounded half up and clamped, as GDAL does. A valid value that
 * rounding, clamping or interpolation made equal to nodata becomes the next value. A picked value equal to nodata is
 * kept, as in GDAL: the next value may be another class.
 * @param nodata the value of gaps; null: NaN in floats and 0 in integers, for files with a mask
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
  // Nodata as a float32 file holds it. NaN, also for null, equals nothing.
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

/** The nearest float32 towards 0 that readers do not take for nodata: like GDAL, they compare with a tolerance. */
function neighbourOf(value: number): number {
  const least = 2 ** -126;
  if (Math.abs(value) < 2 * least) return least;
  const words = new Int32Array(1);
  const floats = new Float32Array(words.buffer);
  floats[0] = value;
  words[0] -= 16;
  return floats[0];
}

/** Records the values of an integer type that occur, to find a free one for nodata. */
export class UsedValues {
  readonly #dtype: Dtype;
  /** For types of 8 and 16 bits; for others only the range is recorded. */
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
   * A value that does not occur: the least of a signed type, the largest of an unsigned one, or the next free one.
   * @throws {TerrachipError} INVALID_OPTION if all occur
   */
  free(): number {
    const [least, most] = [this.#least, this.#most];
    const order = least < 0 ? [least, most] : [most, least];
    const end = order.find((value) => value < this.#low || value > this.#high);
    if (end !== undefined) return end;
    const index = least < 0 ? this.#seen?.indexOf(0) : this.#seen?.lastIndexOf(0);
    if (index !== undefined && index >= 0) return index + least;
    throw invalidOption(
      'dtype',
      `cannot be ${this.#dtype}: its values occur, and none is left for pixels without data`,
      'choose a wider type, or say which value means no data (nodata)',
    );
  }
}

/**
 * Requires a nodata value that a type can hold.
 * @param option the option's name, for messages
 * @throws {TerrachipError} INVALID_OPTION for a nodata value that the type cannot hold
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
