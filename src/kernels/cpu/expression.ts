import type { CpuTensors, KernelParameters } from '../../gpu/index.js';
import {
  EXPONENT_RANGE,
  LARGEST,
  OPERATION,
  SMALLEST_NORMAL,
  STACK_DEPTH,
} from '../expression/operations.js';
import { FLAT_PIECE } from '../grid.js';

export const module = import.meta.url;

/** Values that go through the program together: an instruction is a loop over them, and they stay in the cache. */
const TILE = 2048;

const stack = Array.from({ length: STACK_DEPTH }, () => new Float32Array(TILE));

/** A float32 result: no data where it is not finite, 0 where it is subnormal, as in expression.wgsl. */
function settle(result: number): number {
  const value = Math.fround(result);
  const size = Math.abs(value);
  if (size >= SMALLEST_NORMAL && size <= LARGEST) return value;
  return size < SMALLEST_NORMAL ? 0 : Number.NaN;
}

type Planes = 'plane_0' | 'plane_1' | 'plane_2' | 'plane_3' | 'plane_4' | 'plane_5';

export function run(
  tensors: CpuTensors<Planes | 'program' | 'destination'>,
  parameters: KernelParameters<'count' | 'instructions' | 'stride' | 'first' | 'stacked'>,
  start: number,
  end: number,
): void {
  const { plane_0, plane_1, plane_2, plane_3, plane_4, plane_5, program, destination } = tensors;
  const planes = [plane_0, plane_1, plane_2, plane_3, plane_4, plane_5];
  const { count, instructions, stride, first, stacked } = parameters;
  const last = Math.min(count, end * FLAT_PIECE);
  for (let from = start * FLAT_PIECE; from < last; from += TILE) {
    const n = Math.min(TILE, last - from);
    let height = 0;
    for (let k = 0; k < instructions; k++) {
      const operation = program[2 * k];
      const argument = program[2 * k + 1];
      if (operation === OPERATION.band) {
        const plane = stacked === 1 ? plane_0 : planes[argument];
        const at = from + (stacked === 1 ? argument * stride : 0);
        const top = stack[height++];
        for (let i = 0; i < n; i++) top[i] = settle(plane[at + i]);
      } else if (operation === OPERATION.number) {
        stack[height++].fill(settle(floatOf(argument)), 0, n);
      } else if (operation === OPERATION.missing) {
        stack[height++].fill(Number.NaN, 0, n);
      } else if (operation < OPERATION.add) {
        unary(operation, argument, stack[height - 1], n);
      } else if (operation < OPERATION.where) {
        height--;
        binary(operation, stack[height - 1], stack[height], n);
      } else {
        height -= 2;
        const [condition, chosen, other] = stack.slice(height - 1, height + 2);
        for (let i = 0; i < n; i++) {
          const value = condition[i];
          if (!Number.isNaN(value)) condition[i] = value === 0 ? other[i] : chosen[i];
        }
      }
    }
    const result = stack[0];
    for (let i = 0; i < n; i++) destination[first + from + i] = result[i];
  }
}

const word = new DataView(new ArrayBuffer(4));

function floatOf(bits: number): number {
  word.setUint32(0, bits);
  return word.getFloat32(0);
}

/** NaN passes through all of these by itself, but for `not` and `valid`. */
function unary(operation: number, argument: number, x: Float32Array, n: number): void {
  switch (operation) {
    case OPERATION.negate:
      for (let i = 0; i < n; i++) x[i] = settle(-x[i]);
      return;
    case OPERATION.not:
      for (let i = 0; i < n; i++) if (!Number.isNaN(x[i])) x[i] = x[i] === 0 ? 1 : 0;
      return;
    case OPERATION.absolute:
      for (let i = 0; i < n; i++) x[i] = Math.abs(x[i]);
      return;
    case OPERATION.squareRoot:
      for (let i = 0; i < n; i++) x[i] = settle(Math.sqrt(x[i]));
      return;
    case OPERATION.logarithm:
      for (let i = 0; i < n; i++) x[i] = settle(Math.log(x[i]));
      return;
    case OPERATION.decimalLogarithm:
      for (let i = 0; i < n; i++) x[i] = settle(Math.log10(x[i]));
      return;
    case OPERATION.exponential:
      for (let i = 0; i < n; i++) {
        const [least, most] = EXPONENT_RANGE;
        x[i] = x[i] < least ? 0 : x[i] > most ? Number.NaN : settle(Math.exp(x[i]));
      }
      return;
    case OPERATION.floor:
      for (let i = 0; i < n; i++) x[i] = settle(Math.floor(x[i]));
      return;
    case OPERATION.power:
      for (let i = 0; i < n; i++) {
        let power = 1;
        for (let k = 0; k < argument; k++) power = settle(power * x[i]);
        // Without a factor, NaN has not shown.
        x[i] = Number.isNaN(x[i]) ? Number.NaN : power;
      }
      return;
    case OPERATION.bits: {
      const shift = argument & 255;
      const mask = 2 ** (argument >> 8) - 1;
      for (let i = 0; i < n; i++) {
        const whole = x[i] >= 0 && x[i] < 2 ** 24 && Number.isInteger(x[i]);
        x[i] = whole ? (x[i] >>> shift) & mask : Number.NaN;
      }
      return;
    }
    default: // valid
      for (let i = 0; i < n; i++) x[i] = Number.isNaN(x[i]) ? 0 : 1;
  }
}

/** `a` becomes the result; NaN passes through arithmetic by itself, and is looked for in comparisons. */
function binary(operation: number, a: Float32Array, b: Float32Array, n: number): void {
  switch (operation) {
    case OPERATION.add:
      for (let i = 0; i < n; i++) a[i] = settle(a[i] + b[i]);
      return;
    case OPERATION.subtract:
      for (let i = 0; i < n; i++) a[i] = settle(a[i] - b[i]);
      return;
    case OPERATION.multiply:
      for (let i = 0; i < n; i++) a[i] = settle(a[i] * b[i]);
      return;
    case OPERATION.divide:
      for (let i = 0; i < n; i++) a[i] = settle(a[i] / b[i]);
      return;
    case OPERATION.least:
      for (let i = 0; i < n; i++) a[i] = Math.min(a[i], b[i]);
      return;
    case OPERATION.greatest:
      for (let i = 0; i < n; i++) a[i] = Math.max(a[i], b[i]);
      return;
    case OPERATION.less:
      for (let i = 0; i < n; i++) a[i] = truth(a[i] < b[i], a[i], b[i]);
      return;
    case OPERATION.lessOrEqual:
      for (let i = 0; i < n; i++) a[i] = truth(a[i] <= b[i], a[i], b[i]);
      return;
    case OPERATION.greater:
      for (let i = 0; i < n; i++) a[i] = truth(a[i] > b[i], a[i], b[i]);
      return;
    case OPERATION.greaterOrEqual:
      for (let i = 0; i < n; i++) a[i] = truth(a[i] >= b[i], a[i], b[i]);
      return;
    case OPERATION.equal:
      for (let i = 0; i < n; i++) a[i] = truth(a[i] === b[i], a[i], b[i]);
      return;
    case OPERATION.unequal:
      for (let i = 0; i < n; i++) a[i] = truth(a[i] !== b[i], a[i], b[i]);
      return;
    case OPERATION.and:
      for (let i = 0; i < n; i++) a[i] = truth(a[i] !== 0 && b[i] !== 0, a[i], b[i]);
      return;
    default: // or
      for (let i = 0; i < n; i++) a[i] = truth(a[i] !== 0 || b[i] !== 0, a[i], b[i]);
  }
}

function truth(condition: boolean, a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.NaN;
  return condition ? 1 : 0;
}
