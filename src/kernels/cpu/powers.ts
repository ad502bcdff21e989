/**
 * Logarithm and exponential for float32 results: tables and short polynomials in float64, with relative errors below
 * 1e-11, several times faster than `Math.log10`, `Math.exp` and `**`.
 */

/** The table of logarithms has one entry for each 128th part of an octave of float32 numbers. */
const LOG_BITS = 7;
/** The bits of 0.7, where octaves start, so that numbers around 1 are in one octave. */
const CUT = 0x3f330000;
const PART = 23 - LOG_BITS;
const DECIBEL_PER_OCTAVE = 10 * Math.log10(2);
const DECIBEL_PER_UNIT = 10 / Math.LN10;

/** The table has the exponents −1022 to 1023. */
const LOWEST_EXPONENT = -1022;
const POWERS_OF_TWO = Float64Array.from({ length: 2046 }, (_, k) => 2 ** (k + LOWEST_EXPONENT));

/** The reciprocal of a number in each part of an octave; exactly 1 near 1, where logarithms are small. */
const RECIPROCALS = Float64Array.from({ length: 1 << LOG_BITS }, (_, part) => {
  const middle = new Float32Array(Int32Array.of(CUT + (part << PART) + (1 << (PART - 1))).buffer)[0];
  return Math.abs(middle - 1) < 2 ** -LOG_BITS ? 1 : 1 / middle;
});
const DECIBELS = RECIPROCALS.map((reciprocal) => -10 * Math.log10(reciprocal));

/**
 * `10 · log10(value)` of a positive normal float32.
 * @param bits the value's bits
 */
export function decibelOf(value: number, bits: number): number {
  const fromCut = (bits - CUT) | 0;
  const octave = fromCut >> 23;
  const part = (fromCut >> PART) & ((1 << LOG_BITS) - 1);
  const r = value * POWERS_OF_TWO[-LOWEST_EXPONENT - octave] * RECIPROCALS[part] - 1;
  // ln(1 + r) for |r| ≤ 2⁻⁷.
  const logarithm = r * (1 + r * (-1 / 2 + r * (1 / 3 + r * (-1 / 4 + r * (1 / 5)))));
  return octave * DECIBEL_PER_OCTAVE + (DECIBELS[part] + DECIBEL_PER_UNIT * logarithm);
}

/** Entries of the table of roots of two. */
const ROOTS = 64;
const ROOTS_OF_TWO = Float64Array.from({ length: ROOTS }, (_, k) => 2 ** (k / ROOTS));
/** Beyond these, float32 results are 0 or infinity. */
const [LOWEST_POWER, HIGHEST_POWER] = [-200, 200];

/** `exp(x)`; 0 or infinity where float32 underflows or overflows. NaN stays NaN. */
export function exponential(x: number): number {
  if (x < LOWEST_POWER) return 0;
  if (x > HIGHEST_POWER) return Number.POSITIVE_INFINITY;
  const steps = Math.floor(x * (ROOTS / Math.LN2) + 0.5);
  const n = steps | 0;
  const r = x - steps * (Math.LN2 / ROOTS);
  // exp(r) for |r| ≤ 0.0055; of NaN too.
  const power = 1 + r * (1 + r * (1 / 2 + r * (1 / 6 + r * (1 / 24))));
  return POWERS_OF_TWO[(n >> 6) - LOWEST_EXPONENT] * ROOTS_OF_TWO[n & (ROOTS - 1)] * power;
}
