import type { TypedArray } from '../../geo/index.js';
import type { KernelRun } from '../../gpu/index.js';
import { EXPONENT_RANGE, EXPONENT_RANGE_FLOAT64, OPERATION, STACK_DEPTH } from '../expression/operations.js';
import type { EXPRESSION } from '../expression.js';

export const module = import.meta.url;

/** Values per tile: each instruction is a loop over a tile, which fits the cache. */
const TILE = 2048;

type Floats = Float32Array | Float64Array;

/** Result tiles by height on the stack; storing rounds to their type. */
const scratch = Array.from({ length: STACK_DEPTH }, () => new Float32Array(TILE));

const NOTHING = new Float32Array(TILE).fill(Number.NaN);

/**
 * Sums and products may carry infinities, since they never turn them into finite numbers. Operations that could do so add
 * `x − x`, which is 0, or NaN where x is not finite. So loops need no tests, and results equal those of expression.wgsl,
 * where infinities become NaN at once.
 */
export const run: KernelRun<typeof EXPRESSION> = (tensors, parameters, start, end) => {
  const { plane_0, plane_1, plane_2, plane_3, plane_4, plane_5, program, destination } = tensors;
  const planes = [plane_0, plane_1, plane_2, plane_3, plane_4, plane_5];
  const { instructions, stride, first, stacked } = parameters;
  const words = program.subarray(0, 2 * instructions);
  const literals = words.filter((_, k) => k % 2 === 1 && words[k - 1] === OPERATION.number);
  const numbers = Array.from(literals, (bits) => new Float32Array(TILE).fill(floatOf(bits)));
  for (let from = start; from < end; from += TILE) {
    const n = Math.min(TILE, end - from);
    const band = (k: number): TypedArray => {
      const at = from + (stacked === 1 ? k * stride : 0);
      return planes[stacked === 1 ? 0 : k].subarray(at, at + n);
    };
    const result = evaluate(words, band, numbers, scratch, n);
    for (let i = 0, to = first + from; i < n; i++, to++)
      destination[to] = result[i] + (result[i] - result[i]);
  }
};

/** The same in float64, with 53-bit integers. */
export function evaluateFloat64(
  program: Uint32Array,
  literals: Float64Array,
  bands: readonly TypedArray[],
  destination: Float64Array,
): void {
  const numbers = Array.from(literals, (value) => new Float64Array(TILE).fill(value));
  const results = Array.from({ length: STACK_DEPTH }, () => new Float64Array(TILE));
  for (let from = 0; from < destination.length; from += TILE) {
    const n = Math.min(TILE, destination.length - from);
    const result = evaluate(program, (k) => bands[k].subarray(from, from + n), numbers, results, n);
    for (let i = 0; i < n; i++) destination[from + i] = result[i] + (result[i] - result[i]);
  }
}

/**
 * Runs the instructions for `n` values. Bands and numbers are read in place and never written.
 * @param numbers a constant tile for each instruction that pushes a number, in their order
 */
function evaluate(
  program: TypedArray,
  band: (k: number) => TypedArray,
  numbers: readonly Floats[],
  results: readonly Floats[],
  n: number,
): TypedArray {
  const stack: TypedArray[] = [];
  let pushed = 0;
  for (let k = 0; k < program.length; k += 2) {
    const operation = program[k];
    const argument = program[k + 1];
    if (operation === OPERATION.band) {
      stack.push(band(argument));
      continue;
    }
    if (operation < OPERATION.negate) {
      stack.push(operation === OPERATION.number ? numbers[pushed++] : NOTHING);
      continue;
    }
    const operands = stack.splice(operation < OPERATION.add ? -1 : operation < OPERATION.where ? -2 : -3);
    const result = results[stack.length];
    if (operands.length === 1) unary(operation, argument, operands[0], result, n);
    else if (operands.length === 2) binary(operation, operands[0], operands[1], result, n);
    else choose(operands[0], operands[1], operands[2], result, n);
    stack.push(result);
  }
  return stack[0];
}

const word = new DataView(new ArrayBuffer(4));

function floatOf(bits: number): number {
  word.setUint32(0, bits);
  return word.getFloat32(0);
}

function choose(
  condition: TypedArray,
  chosen: TypedArray,
  other: TypedArray,
  result: Floats,
  n: number,
): void {
  for (let i = 0; i < n; i++) {
    const value = condition[i];
    result[i] = (value === 0 ? other[i] : chosen[i]) + (value - value);
  }
}

function unary(operation: number, argument: number, x: TypedArray, result: Floats, n: number): void {
  switch (operation) {
    case OPERATION.negate:
      for (let i = 0; i < n; i++) result[i] = -x[i];
      return;
    case OPERATION.not:
      for (let i = 0; i < n; i++) result[i] = (x[i] === 0 ? 1 : 0) + (x[i] - x[i]);
      return;
    case OPERATION.absolute:
      for (let i = 0; i < n; i++) result[i] = Math.abs(x[i]);
      return;
    case OPERATION.squareRoot:
      for (let i = 0; i < n; i++) result[i] = Math.sqrt(x[i]);
      return;
    case OPERATION.logarithm:
      for (let i = 0; i < n; i++) result[i] = Math.log(x[i]);
      return;
    case OPERATION.decimalLogarithm:
      for (let i = 0; i < n; i++) result[i] = Math.log10(x[i]);
      return;
    case OPERATION.exponential: {
      const [least, most] = result instanceof Float32Array ? EXPONENT_RANGE : EXPONENT_RANGE_FLOAT64;
      for (let i = 0; i < n; i++) {
        const value = x[i];
        result[i] = value > most ? Number.NaN : (value < least ? 0 : Math.exp(value)) + (value - value);
      }
      return;
    }
    case OPERATION.floor:
      for (let i = 0; i < n; i++) result[i] = Math.floor(x[i]);
      return;
    case OPERATION.power:
      for (let i = 0; i < n; i++) {
        const value = x[i];
        result[i] = 1 + (value - value);
        // Storing rounds each product to the type of the results.
        for (let k = 0; k < argument; k++) result[i] *= value;
      }
      return;
    case OPERATION.bits: {
      const shift = argument & 255;
      const width = argument >> 8;
      if (result instanceof Float32Array) {
        const mask = 2 ** width - 1;
        for (let i = 0; i < n; i++) {
          const value = x[i];
          const whole = value >= 0 && value < 2 ** 24 && Number.isInteger(value);
          result[i] = whole ? (value >>> shift) & mask : Number.NaN;
        }
        return;
      }
      for (let i = 0; i < n; i++) {
        const value = x[i];
        const whole = value >= 0 && value < 2 ** 53 && Number.isInteger(value);
        result[i] = whole ? Math.floor(value / 2 ** shift) % 2 ** width : Number.NaN;
      }
      return;
    }
    default: // valid
      for (let i = 0; i < n; i++) result[i] = Number.isFinite(x[i]) ? 1 : 0;
  }
}

function binary(operation: number, a: TypedArray, b: TypedArray, result: Floats, n: number): void {
  switch (operation) {
    case OPERATION.add:
      for (let i = 0; i < n; i++) result[i] = a[i] + b[i];
      return;
    case OPERATION.subtract:
      for (let i = 0; i < n; i++) result[i] = a[i] - b[i];
      return;
    case OPERATION.multiply:
      for (let i = 0; i < n; i++) result[i] = a[i] * b[i];
      return;
    case OPERATION.divide:
      for (let i = 0; i < n; i++) result[i] = a[i] / b[i] + (b[i] - b[i]);
      return;
    case OPERATION.least:
      for (let i = 0; i < n; i++) result[i] = (a[i] < b[i] ? a[i] : b[i]) + gap(a[i], b[i]);
      return;
    case OPERATION.greatest:
      for (let i = 0; i < n; i++) result[i] = (a[i] > b[i] ? a[i] : b[i]) + gap(a[i], b[i]);
      return;
    case OPERATION.less:
      for (let i = 0; i < n; i++) result[i] = (a[i] < b[i] ? 1 : 0) + gap(a[i], b[i]);
      return;
    case OPERATION.lessOrEqual:
      for (let i = 0; i < n; i++) result[i] = (a[i] <= b[i] ? 1 : 0) + gap(a[i], b[i]);
      return;
    case OPERATION.greater:
      for (let i = 0; i < n; i++) result[i] = (a[i] > b[i] ? 1 : 0) + gap(a[i], b[i]);
      return;
    case OPERATION.greaterOrEqual:
      for (let i = 0; i < n; i++) result[i] = (a[i] >= b[i] ? 1 : 0) + gap(a[i], b[i]);
      return;
    case OPERATION.equal:
      for (let i = 0; i < n; i++) result[i] = (a[i] === b[i] ? 1 : 0) + gap(a[i], b[i]);
      return;
    case OPERATION.unequal:
      for (let i = 0; i < n; i++) result[i] = (a[i] !== b[i] ? 1 : 0) + gap(a[i], b[i]);
      return;
    case OPERATION.and:
      for (let i = 0; i < n; i++) result[i] = (a[i] !== 0 && b[i] !== 0 ? 1 : 0) + gap(a[i], b[i]);
      return;
    default: // or
      for (let i = 0; i < n; i++) result[i] = (a[i] !== 0 || b[i] !== 0 ? 1 : 0) + gap(a[i], b[i]);
  }
}

/** 0, or NaN where one of two values is not finite. */
function gap(a: number, b: number): number {
  return a - a + (b - b);
}
