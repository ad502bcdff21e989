/**
 * Converts stored values to float32 inside a kernel, with NaN for no data.
 *
 * Definition: `NaN` where the stored value is the nodata value (or NaN), else `stored · scale + offset`. Integers
 * are compared exactly, float32 by GDAL's `ARE_REAL_EQUAL` (gdal_priv.h): `a = b` or `|a − b| < 2⁻²² · |a + b|`. By this
 * rule −9999.004 equals −9999, and values beyond 2¹²⁷ with an infinite sum are equal.
 */
import { invalidInput } from '../errors.js';
import { rangeOf } from '../geo/index.js';
import type { ParameterTable, TensorDtype } from '../gpu/index.js';
import { STORED_TYPES } from './stored-types.js';

/** float32 without a nodata test or scaling. */
export const PLAIN_FLOAT32 = 7;

/** The parameters of `stored-values.wgsl`; `stored_type` is its override constant. */
export const STORED_PARAMETERS = {
  nodata_kind: 'u32', // 0 none, 1 a value
  nodata_bits: 'u32', // that value, as stored: a sign-extended integer, or the bits of a float32
  scale: 'f32',
  offset: 'f32',
} as const satisfies ParameterTable;

export type StoredParameter = keyof typeof STORED_PARAMETERS | 'stored_type';

/** Value = stored · scale + offset, or NaN where stored is nodata. */
export interface NodataOptions {
  /** The nodata value in stored units; null or undefined for none. NaN is always no data. */
  nodata?: number | null;
  /** Physical value = stored · scale + offset (defaults 1 and 0). */
  scale?: number;
  offset?: number;
}

/** @throws {TerrachipError} INVALID_INPUT when scale or offset is not finite */
export function storedParameters(
  dtype: TensorDtype,
  { nodata = null, scale = 1, offset = 0 }: NodataOptions,
): Record<StoredParameter, number> {
  if (!Number.isFinite(scale) || !Number.isFinite(offset)) {
    const problem = 'are impossible';
    throw invalidInput(`a scale of ${scale} and an offset of ${offset}`, problem, 'give finite numbers');
  }
  const bits = nodataBits(nodata, dtype);
  const plain = dtype === 'float32' && bits === null && scale === 1 && offset === 0;
  return {
    nodata_kind: bits === null ? 0 : 1,
    nodata_bits: bits ?? 0,
    scale,
    offset,
    stored_type: plain ? PLAIN_FLOAT32 : STORED_TYPES.indexOf(dtype),
  };
}

/** The nodata value as a word for the shader; null if no stored value can equal it. */
function nodataBits(nodata: number | null, dtype: TensorDtype): number | null {
  if (nodata === null || Number.isNaN(nodata)) return null;
  if (dtype === 'float32') {
    const word = new DataView(new ArrayBuffer(4));
    word.setFloat32(0, nodata);
    return word.getUint32(0);
  }
  const { min, max } = rangeOf(dtype);
  if (!Number.isInteger(nodata) || nodata < min || nodata > max) return null;
  return nodata >>> 0;
}
