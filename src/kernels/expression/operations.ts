/**
 * Operations of a compiled expression. An instruction is an operation and an argument, one word each. The numbers are
 * those in `expression.wgsl`, grouped by the number of operands.
 */
export const OPERATION = {
  // Push a value.
  band: 0,
  number: 1,
  missing: 2,
  // Replace the top.
  negate: 8,
  not: 9,
  absolute: 10,
  squareRoot: 11,
  logarithm: 12,
  decimalLogarithm: 13,
  exponential: 14,
  floor: 15,
  power: 16,
  bits: 17,
  valid: 18,
  // Replace the two on top.
  add: 32,
  subtract: 33,
  multiply: 34,
  divide: 35,
  least: 36,
  greatest: 37,
  less: 38,
  lessOrEqual: 39,
  greater: 40,
  greaterOrEqual: 41,
  equal: 42,
  unequal: 43,
  and: 44,
  or: 45,
  // Replace the three on top.
  where: 64,
} as const;

/** The size of the shader's stack. */
export const STACK_DEPTH = 16;

/** Beyond these `exp` overflows float32, or is below the smallest normal one. */
export const EXPONENT_RANGE = [Math.fround(-87.33654), Math.fround(88.72283)] as const;

/** The same for float64. */
export const EXPONENT_RANGE_FLOAT64 = [-708.396, 709.782] as const;
