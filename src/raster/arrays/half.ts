/** IEEE 754 half precision, which Node 20's typed arrays lack: 1 sign, 5 exponent and 10 fraction bits. */

/** Halves as float32, exactly; NaN bits are kept. */
export function halvesToFloat32(halves: Uint16Array): Float32Array {
  const values = new Float32Array(halves.length);
  const words = new Uint32Array(values.buffer);
  for (let i = 0; i < halves.length; i++) {
    const half = halves[i];
    const sign = (half & 0x8000) << 16;
    const exponent = (half >> 10) & 31;
    const fraction = half & 1023;
    if (exponent === 0) values[i] = (sign === 0 ? 1 : -1) * fraction * 2 ** -24;
    else words[i] = sign | ((exponent === 31 ? 255 : exponent + 112) << 23) | (fraction << 13);
  }
  return values;
}

/** Each float32 rounded to the nearest half, ties to even; overflow becomes infinite. */
export function float32ToHalves(values: Float32Array): Uint16Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < words.length; i++) {
    const sign = (words[i] >>> 16) & 0x8000;
    const size = words[i] & 0x7fffffff;
    if (size > FLOAT_INFINITY) halves[i] = sign | 0x7e00;
    else if (size >= HALF_OVERFLOW) halves[i] = sign | 0x7c00;
    else if (size >= HALF_NORMAL) {
      const rebiased = size - (112 << 23);
      // A fraction that rounds up to 1024 correctly carries into the exponent.
      halves[i] = sign | ((rebiased + 0xfff + ((rebiased >>> 13) & 1)) >>> 13);
    } else halves[i] = sign | roundToEven(Math.abs(values[i]) * 2 ** 24);
  }
  return halves;
}

/** float32 bits of infinity, of 65520, from which on halves are infinite, and of 2⁻¹⁴, the least normal half. */
const FLOAT_INFINITY = 0x7f800000;
const HALF_OVERFLOW = 0x477ff000;
const HALF_NORMAL = 0x38800000;

/** The nearest whole number, ties to the even one. */
export function roundToEven(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

/** The bits of a number, rounded to the nearest half. */
export function numberToHalf(value: number): number {
  return float32ToHalves(Float32Array.of(value))[0];
}
