/** Stored types converted to terrachip's element types. */
import { unsupported } from '../../errors.js';
import { type Dtype, type TypedArray, viewArray } from '../../geo/index.js';
import { swapBytes } from '../swap-bytes.js';
import { halvesToFloat32 } from './half.js';

/** Numeric types by their NumPy and Zarr names: bytes per value, and the type that reads return. */
export const NUMERIC_TYPES: Readonly<Record<string, { readonly bytes: number; readonly dtype: Dtype }>> = {
  bool: { bytes: 1, dtype: 'uint8' },
  int8: { bytes: 1, dtype: 'int8' },
  uint8: { bytes: 1, dtype: 'uint8' },
  int16: { bytes: 2, dtype: 'int16' },
  uint16: { bytes: 2, dtype: 'uint16' },
  int32: { bytes: 4, dtype: 'int32' },
  uint32: { bytes: 4, dtype: 'uint32' },
  int64: { bytes: 8, dtype: 'float64' },
  uint64: { bytes: 8, dtype: 'float64' },
  float16: { bytes: 2, dtype: 'float32' },
  float32: { bytes: 4, dtype: 'float32' },
  float64: { bytes: 8, dtype: 'float64' },
};

/** Numbers that JSON lacks, by the words of Zarr. */
export const NOT_FINITE: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity,
  '-Infinity': -Infinity,
};

/**
 * 64-bit integers as float64.
 * @param missing nodata values rounded to float64: often an end of the range, which float64 does not hold
 * @throws {TerrachipError} UNSUPPORTED for another integer that float64 cannot hold
 */
export function integersToFloat64(
  name: string,
  values: BigInt64Array | BigUint64Array,
  missing: readonly number[] = [],
): Float64Array {
  const result = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = Number(values[i]);
    if (!Number.isSafeInteger(value) && !missing.includes(value) && BigInt(value) !== values[i]) {
      throw unsupported(
        'integers beyond 2^53',
        `${name} holds the 64-bit integer ${values[i]}, which float64 cannot hold exactly`,
        'renumber the values, or store them as float64 (gdal_translate -ot Float64)',
      );
    }
    result[i] = value;
  }
  return result;
}

/**
 * A library's numeric array as one of terrachip's element types; null for anything else.
 * @throws {TerrachipError} as `integersToFloat64`
 */
export function numbersFrom(
  name: string,
  values: unknown,
  missing: readonly number[] = [],
): TypedArray | null {
  if (values instanceof BigInt64Array || values instanceof BigUint64Array)
    return integersToFloat64(name, values, missing);
  const isSupported =
    values instanceof Uint8Array ||
    values instanceof Int8Array ||
    values instanceof Uint16Array ||
    values instanceof Int16Array ||
    values instanceof Uint32Array ||
    values instanceof Int32Array ||
    values instanceof Float32Array ||
    values instanceof Float64Array;
  return isSupported ? values : null;
}

/**
 * Bytes as values.
 * @param type a key of `NUMERIC_TYPES`
 * @param bytes a whole number of values, at the start of their buffer
 */
export function bytesToValues(
  name: string,
  type: string,
  bytes: Uint8Array<ArrayBuffer>,
  littleEndian: boolean,
): TypedArray {
  const { bytes: bytesPerValue, dtype } = NUMERIC_TYPES[type];
  if (!littleEndian) swapBytes(bytes, bytesPerValue);
  const { buffer, byteOffset, byteLength } = bytes;
  const length = byteLength / bytesPerValue;
  switch (type) {
    case 'int64':
      return integersToFloat64(name, new BigInt64Array(buffer, byteOffset, length));
    case 'uint64':
      return integersToFloat64(name, new BigUint64Array(buffer, byteOffset, length));
    case 'float16':
      return halvesToFloat32(new Uint16Array(buffer, byteOffset, length));
    default:
      return viewArray(dtype, buffer, byteOffset, length);
  }
}
