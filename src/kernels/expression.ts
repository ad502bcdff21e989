/**
 * Band arithmetic: a text such as `(B08 - B04) / (B08 + B04)`, evaluated at every pixel.
 *
 * Definition: see `parseExpression`. Every step is rounded to float32. Values that are not finite are no data: NaN and
 * infinities in bands, division by 0, roots and logarithms that are not real, and overflow. An operand without data gives
 * a result without data, except in `valid` and in the unused branch of `where`. Numbers below 2⁻¹²⁶ may count as 0.
 *
 * The text is never executed as code: it is compiled to instructions, which a shader and a CPU loop interpret.
 *
 * Shapes: bands and destination float32 of as many values. Error: `+ − ×`, comparisons, `min`, `max`, `floor`, powers
 * and bits as in float32 arithmetic, exactly; division 2.5 ulp, `sqrt` 3 ulp; logarithms 3 ulp, or 5e-7 between 0.5
 * and 2; `exp` (3 + 2|x|) ulp. No data exactly where the CPU has none, unless a comparison of such inexact values
 * decides it. Bytes per value: 4 per band + 4; from seven bands on 12 per band + 4.
 */
import { invalidInput, TerrachipError } from '../errors.js';
import type { TypedArray } from '../geo/index.js';
import type { Backend, DeviceTensor, KernelTable } from '../gpu/index.js';
import { expressionShader } from '../shaders/index.js';
import { requireLength } from './check.js';
import * as cpu from './cpu/expression.js';
import { beyondFloat32, type Expression } from './expression/index.js';
import { perValue } from './grid.js';
import { forEachStack } from './stack.js';

/** Most bands with their own binding. */
const PLANES = 6;

/** As words: NaN and infinity are recognised by their bits, since WGSL arithmetic on them is undefined. */
const PLANE = { access: 'read', dtype: 'float32', words: true, optional: true } as const;

export const EXPRESSION = {
  bindings: {
    plane_0: PLANE,
    plane_1: PLANE,
    plane_2: PLANE,
    plane_3: PLANE,
    plane_4: PLANE,
    plane_5: PLANE,
    // Two words per instruction: operation, argument.
    program: { access: 'read', dtype: 'uint32' },
    destination: { access: 'write', dtype: 'float32', words: true },
  },
  // If plane_0 holds all bands, each has `stride` values. The first result goes to `first` in the destination.
  parameters: { count: 'u32', instructions: 'u32', stride: 'u32', first: 'u32' },
  constants: { stacked: 'u32' },
} as const satisfies KernelTable;

/** The kernel of `evaluateExpression`. */
export const expressionKernel = perValue('expression', EXPRESSION, expressionShader, [], cpu, 4);

/** An expression on a device. Dispose of `program` when done. */
export interface DeviceExpression {
  readonly expression: Expression;
  readonly program: DeviceTensor;
}

/** Uploads an expression, for any number of evaluations. The caller owns the result. */
export function uploadExpression(backend: Backend, expression: Expression): DeviceExpression {
  return { expression, program: backend.upload(expression.program) };
}

/** Arguments of `evaluateExpression`. */
export interface EvaluateOptions {
  expression: DeviceExpression;
  /** One plane per band, by name: float32 with NaN for no data, at least as long as the destination. */
  bands: Readonly<Record<string, DeviceTensor>>;
  /** float32 of any shape; not one of the bands. */
  destination: DeviceTensor;
}

/**
 * Evaluates an expression for every value of the destination.
 * @throws {TerrachipError} INVALID_INPUT for a band that is missing, too short, or the destination; UNSUPPORTED for an
 *   integer in the expression that float32 cannot hold
 */
export function evaluateExpression(backend: Backend, options: EvaluateOptions): void {
  const { bands, destination } = options;
  const { expression, program } = options.expression;
  const planes = expression.bands.map((name) => planeOf(bands, name, expression));
  const beyond = beyondFloat32(expression);
  if (beyond !== null) {
    throw new TerrachipError(
      'UNSUPPORTED',
      `the expression "${expression.text}" has ${beyond}, which float32 cannot hold`,
      'evaluate it with evaluateExpressionFloat64',
      { feature: 'whole numbers beyond 16777216' },
    );
  }
  for (const plane of planes) {
    requireLength('an expression', plane, destination.length);
    if (plane === destination) {
      const remedy = 'allocate a tensor for the result';
      throw invalidInput(`the expression "${expression.text}"`, 'writes into one of its bands', remedy);
    }
  }
  const instructions = expression.program.length / 2;
  if (planes.length > PLANES) {
    forEachStack(backend, 'an expression', planes, destination.length, (stack) => {
      const { stride, first, count } = stack;
      backend.run(expressionKernel, {
        tensors: { ...bindings([stack.planes]), program, destination },
        parameters: { count, instructions, stride, first, stacked: 1 },
      });
    });
    return;
  }
  backend.run(expressionKernel, {
    tensors: { ...bindings(planes), program, destination },
    parameters: { count: destination.length, instructions, stride: 0, first: 0, stacked: 0 },
  });
}

/**
 * Evaluates an expression in float64 on the calling thread, for values that float32 cannot hold, such as dates and large
 * ids. Error: that of float64 arithmetic.
 * @param bands values of each band by its name, NaN for no data, at least as many as the destination has
 * @throws {TerrachipError} INVALID_INPUT for a band that is missing or too short
 */
export function evaluateExpressionFloat64(
  expression: Expression,
  bands: Readonly<Record<string, TypedArray>>,
  destination: Float64Array,
): void {
  const planes = expression.bands.map((name) => planeOf(bands, name, expression));
  const short = planes.findIndex(({ length }) => length < destination.length);
  if (short >= 0) {
    throw invalidInput(
      `the band ${expression.bands[short]}`,
      `has ${planes[short].length} values, not ${destination.length}`,
      'give one for each value of the destination',
    );
  }
  cpu.evaluateFloat64(expression.program, expression.numbers, planes, destination);
}

function planeOf<Plane>(bands: Readonly<Record<string, Plane>>, name: string, { text }: Expression): Plane {
  if (Object.hasOwn(bands, name)) return bands[name];
  const there = Object.keys(bands);
  const remedy = there.length === 0 ? 'give it' : `give it, or use one of ${there.join(', ')}`;
  throw invalidInput(`the expression "${text}"`, `uses the band ${name}, which is not given`, remedy);
}

function bindings(planes: readonly DeviceTensor[]) {
  const at = (k: number): DeviceTensor | null => planes[k] ?? null;
  return { plane_0: at(0), plane_1: at(1), plane_2: at(2), plane_3: at(3), plane_4: at(4), plane_5: at(5) };
}
