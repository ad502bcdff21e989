import type { TypedArray } from '../../geo/index.js';
import type { CpuTensors, KernelParameters } from '../../gpu/index.js';
import { EXPONENT_RANGE, OPERATION, STACK_DEPTH } from '../expression/operations.js';
import { FLAT_PIECE } from '../grid.js';

export const module = import.meta.url;

/** Values that go through the program together: an instruction is a loop over them, and they stay in the cache. */
const TILE = 2048;

/** Results, by their height on the stack. */
const scratch = Array.from({ length: STACK_DEPTH }, () => new Float32Array(TILE));

const NOTHING = new Float32Array(TILE).fill(Number.NaN);

type Planes = 'plane_0' | 'plane_1' | 'plane_2' | 'plane_3' | 'plane_4' | 'plane_5';

/**
 * Infinities may flow through sums and products, which keep them apart from finite numbers; whatever could turn one
 * into a finite number adds `x − x`, which is 0, or NaN where x is not finite. So a loop needs no test, and results
 * are those of expression.wgsl, where infinities become NaN at once.
 */
export function run(
  tensors: CpuTensors<Planes | 'program' | 'destination'>,
  parameters: KernelParameters<'count' | 'instructions' | 'stride' | 'first' | 'stacked'>,
  start: number,
  end: number,
): void {
  const { plane_0, plane_1, plane_2, plane_3, plane_4, plane_5, program, destination } = tensors;
  const planes = [plane_0, plane_1, plane_2, plane_3, plane_4, plane_5];
  const { count, instructions, stride, first, stacked } = parameters;
  const numbers = new Map<number, Float32Array>();
  for (let k = 0; k < instructions; k++) {
    const argument = program[2 * k + 1];
    if (program[2 * k] === OPERATION.number && !numbers.has(argument))
      numbers.set(argument, new Float32Array(TILE).fill(floatOf(argument)));
  }
  const last = Math.min(count, end * FLAT_PIECE);
  /** Bands and numbers are read where they are; nothing is ever written into them. */
  const stack: TypedArray[] = [];
  for (let from = start * FLAT_PIECE; from < last; from += TILE) {
    const n = Math.min(TILE, last - from);
    stack.length = 0;
    for (let k = 0; k < instructions; k++) {
      const operation = program[2 * k];
      const argument = program[2 * k + 1];
      if (operation === OPERATION.band) {
        const at = from + (stacked === 1 ? argument * stride : 0);
        stack.push(planes[stacked === 1 ? 0 : argument].subarray(at, at + n));
        continue;
      }
      if (operation < OPERATION.negate) {
        // Zero as a number has the same argument as no data.
        stack.push((operation === OPERATION.number ? numbers.get(argument) : undefined) ?? NOTHING);
        continue;
      }
      const operands = stack.splice(operation < OPERATION.add ? -1 : operation < OPERATION.where ? -2 : -3);
      const result = scratch[stack.length];
      if (operands.length === 1) unary(operation, argument, operands[0], result, n);
      else if (operands.length === 2) binary(operation, operands[0], operands[1], result, n);
      else choose(operands[0], operands[1], operands[2], result, n);
      stack.push(result);
    }
    const [result] = stack;
    for (let i = 0, to = first + from; i < n; i++, to++)
      destination[to] = result[i] + (result[i] - result[i]);
  }
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
  result: Float32Array,
  n: number,
): void {
  for (let i = 0; i < n; i++) {
    const value = condition[i];
    result[i] = (value === 0 ? other[i] : chosen[i]) + (value - value);
  }
}

function unary(operation: number, argument: number, x: TypedArray, result: Float32Array, n: number): void {
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
      const [least, most] = EXPONENT_RANGE;
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
        let power = 1 + (value - value);
        for (let k = 0; k < argument; k++) power = Math.fround(power * value);
        result[i] = power;
      }
      return;
    case OPERATION.bits: {
      const shift = argument & 255;
      const mask = 2 ** (argument >> 8) - 1;
      for (let i = 0; i < n; i++) {
        const value = x[i];
        const whole = value >= 0 && value < 2 ** 24 && Number.isInteger(value);
        result[i] = whole ? (value >>> shift) & mask : Number.NaN;
      }
      return;
    }
    default: // valid
      for (let i = 0; i < n; i++) result[i] = Number.isFinite(x[i]) ? 1 : 0;
  }
}

function binary(operation: number, a: TypedArray, b: TypedArray, result: Float32Array, n: number): void {
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
