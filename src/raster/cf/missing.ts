/** Nodata of a variable: CF's fill values, missing values and valid ranges. */
import { allocateArray, type Dtype, isFloat, rangeOf, type TypedArray, viewArray } from '../../geo/index.js';
import type { Attributes, StoredArray } from '../arrays/index.js';
import { missingValuesOf, numberOf, numbersOf, textOf } from './attributes.js';

export interface MissingValues {
  /** The value that replaces all missing ones, as the type holds it; null for none. */
  readonly nodata: number | null;
  /** Further missing values. */
  readonly others: readonly number[];
  /** The valid range, in stored units; null for none. */
  readonly valid: readonly [least: number, most: number] | null;
  /** The problem with the declared range, as a predicate ("has …"); null for none. */
  readonly problem: string | null;
}

/** The netCDF library's default fill values; bytes have none. */
const DEFAULT_FILLS: Readonly<Record<string, number>> = {
  int16: -32_767,
  uint16: 65_535,
  int32: -2_147_483_647,
  uint32: 4_294_967_295,
  float32: 9.969209968386869e36,
  float64: 9.969209968386869e36,
  // Rounded to float64.
  int64: -(2 ** 63),
  uint64: 2 ** 64,
};

/** Missing values, declared and given, that float64 may have rounded from 64-bit integers. */
export function missingWideValues(attributes: Attributes, others: readonly number[]): number[] {
  const declared = ['_FillValue', 'missing_value'].flatMap((name) => missingValuesOf(attributes, name));
  return [...declared, ...others].filter((value) => Math.abs(value) > Number.MAX_SAFE_INTEGER);
}

/**
 * @param dtype the stored type after `_Unsigned`
 * @param isNetcdf whether netCDF's default fill values apply
 */
export function missingValuesFor(array: StoredArray, dtype: Dtype, isNetcdf: boolean): MissingValues {
  const { attributes } = array;
  const held = (values: readonly number[]): number[] =>
    values.flatMap((value) => {
      const viewed = viewOf(value, array.dtype, dtype);
      return viewed === null ? [] : [viewed];
    });
  const fills = held(missingValuesOf(attributes, '_FillValue'));
  const declared = [...fills, ...held(missingValuesOf(attributes, 'missing_value'))];
  const noFill = textOf(attributes, '_NoFill')?.toLowerCase() === 'true';
  const defaultFill = isNetcdf && fills.length === 0 && !noFill ? DEFAULT_FILLS[array.storedType] : undefined;
  if (array.nodata !== null && declared.length === 0) declared.push(...held([array.nodata]));
  if (defaultFill !== undefined) declared.push(...held([defaultFill]));
  const { valid, problem } = validRange(array, dtype);
  const [nodata = valid === null ? null : valueOutside(dtype, valid), ...others] = new Set(declared);
  return { nodata, others: others.filter((value) => !Number.isNaN(value)), valid, problem };
}

/** Replaces all missing values by nodata, in place. */
export function markMissing(values: TypedArray, { nodata, others, valid }: MissingValues): void {
  if (nodata === null || (others.length === 0 && valid === null)) return;
  const [least, most] = valid ?? [-Infinity, Infinity];
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value < least || value > most || others.includes(value)) values[i] = nodata;
  }
}

/**
 * `valid_range`, or `valid_min` and `valid_max`, in stored units. For packed integers, a range of floating-point type or
 * with a fraction is in unpacked units.
 */
function validRange(array: StoredArray, dtype: Dtype): Pick<MissingValues, 'valid' | 'problem'> {
  const { attributes } = array;
  const pair = numbersOf(attributes, 'valid_range');
  const [least, most] =
    pair?.length === 2 ? pair : [numberOf(attributes, 'valid_min'), numberOf(attributes, 'valid_max')];
  if (least === null && most === null) return { valid: null, problem: null };
  const [low, high] = [least ?? -Infinity, most ?? Infinity];
  const round = dtype === 'float32' ? Math.fround : Number;
  if (isFloat(dtype)) return checkedRange([round(low), round(high)]);
  const scale = numberOf(attributes, 'scale_factor') ?? 1;
  const offset = numberOf(attributes, 'add_offset') ?? 0;
  const names = ['valid_range', 'valid_min', 'valid_max'];
  const isPacked = scale !== 1 || offset !== 0;
  const isReal = names.some((name) => array.realAttributes?.has(name) === true);
  const isWhole = [least, most].every((end) => end === null || Number.isInteger(end));
  if (isPacked && (isReal || !isWhole)) {
    // Half a step more: limits in unpacked units are rounded.
    const [a, b] = [low, high].map((end) => (end - offset) / scale);
    return checkedRange(scale > 0 ? [a - 0.5, b + 0.5] : [b - 0.5, a + 0.5]);
  }
  const { min, max } = rangeOf(dtype);
  const ends = [low, high].map((end) =>
    end < 0 && min === 0 ? (viewOf(end, array.dtype, dtype) ?? end) : end,
  );
  if (ends[0] > max || ends[1] < min) {
    return { valid: null, problem: `has a valid range (${least} to ${most}) that its type cannot hold` };
  }
  return checkedRange([ends[0], ends[1]]);
}

function checkedRange([least, most]: [number, number]): Pick<MissingValues, 'valid' | 'problem'> {
  if (least <= most) return { valid: [least, most], problem: null };
  return { valid: null, problem: `has a valid range that ends before it begins (${least} to ${most})` };
}

/** A value of a type outside a range; null if the range is the type's. */
function valueOutside(dtype: Dtype, [least, most]: readonly [number, number]): number | null {
  if (isFloat(dtype)) return Number.NaN;
  const { min, max } = rangeOf(dtype);
  const below = Math.ceil(least) - 1;
  const above = Math.floor(most) + 1;
  if (below >= min) return below;
  return above <= max ? above : null;
}

/** A number as a type holds it, also by the bits of the stored type of the same size; null if it cannot. */
function viewOf(value: number, from: Dtype | null, to: Dtype): number | null {
  // JSON attributes may be decimals of a float32: 1e20.
  if (to === 'float32') return Math.fround(value);
  if (to === 'float64' || from === null) return value;
  const { min, max } = rangeOf(to);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  if (from === to || !Number.isInteger(value) || value < rangeOf(from).min || value > rangeOf(from).max)
    return null;
  const bits: TypedArray = allocateArray(from, 1);
  bits[0] = value;
  return viewArray(to, bits.buffer)[0];
}
