import { equalsNodata } from '../../geo/dtype.js';
import type { TypedArray } from '../../geo/index.js';
import type { KernelParameters } from '../../gpu/index.js';
import type { StoredParameter } from '../stored-values.js';

/**
 * GDAL's float comparison (see stored-values.wgsl) on bits: |a − b| < 2⁻²² · |a + b|, in integers. `bits` and `nodata`
 * differ.
 */
function nearlyEqual(bits: number, nodata: number): boolean {
  if (((bits | nodata) & 0x7fffffff) === 0) return true;
  const exponent = (bits >>> 23) & 255;
  const nodataExponent = (nodata >>> 23) & 255;
  if (exponent === 0 || nodataExponent === 0 || exponent === 255 || nodataExponent === 255) return false;
  const step = exponent - nodataExponent;
  if ((bits ^ nodata) < 0 || step < -1 || step > 1) return false;
  // The sum is infinite: −3.40282e38 equals the lowest float32.
  if (exponent === 254 && step === 0) return true;
  const a = ((bits & 0x7fffff) | 0x800000) << Math.max(step, 0);
  const b = ((nodata & 0x7fffff) | 0x800000) << Math.max(-step, 0);
  const difference = Math.abs(a - b);
  return difference < 16 && difference << 22 < a + b;
}

/**
 * Sets `valid` to 0 where values are no data, by the rule of `convertStored`.
 * @param components values per pixel: of complex numbers the real part is compared
 * @param valid one value per pixel
 */
export function markNodata(
  values: TypedArray,
  components: 1 | 2,
  nodata: number | null,
  valid: Uint8Array,
): void {
  const floats = values instanceof Float32Array;
  if (!floats && !(values instanceof Float64Array)) {
    if (nodata === null) return;
    for (let i = 0; i < valid.length; i++) if (values[i * components] === nodata) valid[i] = 0;
    return;
  }
  const word = new Int32Array(new Float32Array([nodata ?? Number.NaN]).buffer)[0];
  const bits = floats ? new Int32Array(values.buffer, values.byteOffset, values.length) : null;
  const compares = nodata !== null && !Number.isNaN(nodata);
  for (let i = 0; i < valid.length; i++) {
    const at = i * components;
    const value = values[at];
    const missing =
      Number.isNaN(value) ||
      Number.isNaN(values[at + components - 1]) ||
      (compares &&
        (bits === null ? equalsNodata(value, nodata) : bits[at] === word || nearlyEqual(bits[at], word)));
    if (missing) valid[i] = 0;
  }
}

const word = new Int32Array(1);
const number = new Float32Array(word.buffer);

/**
 * The lowest and highest float32 that equal a nodata value, which is finite. They are neighbours of it, or all numbers of
 * its sign from 2¹²⁷ on.
 */
function equalRange(nodata: number): readonly [low: number, high: number] {
  const floatOf = (bits: number): number => {
    word[0] = bits;
    return number[0];
  };
  const isEqual = (bits: number): boolean => bits === nodata || nearlyEqual(bits, nodata);
  if ((nodata & 0x7fffffff) === 0) return [0, 0];
  const sign = nodata & 0x80000000;
  const huge = sign | HUGE;
  // In the order of magnitudes.
  let first = isEqual(huge) ? huge : nodata;
  let last = isEqual(huge) ? sign | LARGEST : nodata;
  while (isEqual(first - 1)) first--;
  while (last !== (sign | LARGEST) && isEqual(last + 1)) last++;
  return sign === 0 ? [floatOf(first), floatOf(last)] : [floatOf(last), floatOf(first)];
}

/** The bits of 2¹²⁷ and of the largest float32. */
const HUGE = 0x7f000000;
const LARGEST = 0x7f7fffff;

let latest = { nodata: 0, range: equalRange(0) };

/** `equalRange`, computed once for values that are converted row by row. */
function rangeOf(nodata: number): readonly [low: number, high: number] {
  if (latest.nodata !== nodata) latest = { nodata, range: equalRange(nodata) };
  return latest.range;
}

/** Stored values from `start` to `end` as float32 with NaN for no data, written from `output` on. */
export function convertStored(
  source: TypedArray,
  start: number,
  end: number,
  destination: TypedArray,
  output: number,
  parameters: KernelParameters<StoredParameter>,
): void {
  const { nodata_kind, nodata_bits, stored_type, scale, offset } = parameters;
  const shift = output - start;
  if (nodata_kind === 0) {
    for (let i = start; i < end; i++) {
      const value = source[i];
      // One NaN for all, so that files of equal pixels are equal byte for byte.
      destination[i + shift] = Number.isNaN(value) ? Number.NaN : value * scale + offset;
    }
    return;
  }
  const signed = stored_type === 1 || stored_type === 3 || stored_type === 5;
  const nodata = signed ? nodata_bits | 0 : nodata_bits >>> 0;
  const [low, high] = stored_type === 6 ? rangeOf(nodata_bits | 0) : [nodata, nodata];
  for (let i = start; i < end; i++) {
    const value = source[i];
    // Neither is true of NaN.
    destination[i + shift] = value < low || value > high ? value * scale + offset : Number.NaN;
  }
}
