/** Checks the arguments of a run, for all backends. */
import {
  type CheckedRun,
  type Grid,
  type KernelShader,
  type ParameterType,
  type RunValues,
  wrongKernel,
} from './kernel.js';
import type { DeviceTensor } from './tensor.js';

/**
 * Checks that exactly the bindings and parameters of a kernel are given, with the right types.
 * @param gridOf the kernel's invocations
 * @throws {TerrachipError} INVALID_INPUT for any other arguments, and for impossible invocations
 */
export function checkRun(
  kernel: KernelShader,
  gridOf: (parameters: RunValues['parameters']) => Grid,
  args: RunValues,
): CheckedRun {
  const { name, bindings, parameters, constants = {} } = kernel;
  requireKnown(name, 'binding', args.tensors, bindings);
  const types = { ...parameters, ...constants };
  requireKnown(name, 'parameter', args.parameters, types);
  const tensors: Record<string, DeviceTensor | null> = {};
  for (const [binding, { dtype, optional }] of Object.entries(bindings)) {
    const tensor = args.tensors[binding] ?? null;
    tensors[binding] = tensor;
    if (tensor === null) {
      if (optional === true) continue;
      throw wrongKernel(name, `was given no tensor ${binding}`, 'give one for each binding');
    }
    if (dtype !== 'any' && tensor.dtype !== dtype) {
      const problem = `was given a ${binding} of the wrong type, ${tensor.dtype}`;
      throw wrongKernel(name, problem, `give one of ${dtype}`);
    }
  }
  const values: Record<string, number> = {};
  for (const [parameter, type] of Object.entries(types)) {
    values[parameter] = checkedValue(name, parameter, type, args.parameters[parameter]);
  }
  const grid = gridOf(values);
  if (grid.length !== 3 || !grid.every((n) => Number.isInteger(n) && n > 0)) {
    const problem = `has a grid of ${grid.join(' × ')} invocations`;
    throw wrongKernel(name, problem, 'return three positive whole numbers');
  }
  return { tensors, parameters: values, grid };
}

function requireKnown(kernel: string, kind: string, args: object, known: object): void {
  for (const key of Object.keys(args)) {
    if (Object.hasOwn(known, key)) continue;
    const names = Object.keys(known).join(', ') || 'none';
    throw wrongKernel(kernel, `has no ${kind} ${key}`, `give ${names}`);
  }
}

const RANGES = {
  u32: { low: 0, high: 2 ** 32 - 1, words: 'a whole number from 0 to 4294967295' },
  i32: { low: -(2 ** 31), high: 2 ** 31 - 1, words: 'a whole number from −2147483648 to 2147483647' },
} as const;

function checkedValue(kernel: string, name: string, type: ParameterType, value: unknown): number {
  if (typeof value !== 'number') {
    const problem = `was given no number for the parameter ${name}`;
    throw wrongKernel(kernel, problem, `give one of the type ${type}`);
  }
  if (type === 'f32') {
    const rounded = Math.fround(value);
    if (Number.isFinite(rounded)) return rounded;
    throw wrongKernel(kernel, `cannot take ${value} for ${name}`, 'give a number that is finite in float32');
  }
  const { low, high, words } = RANGES[type];
  if (Number.isInteger(value) && value >= low && value <= high) return value;
  throw wrongKernel(kernel, `cannot take ${value} for ${name}, which is ${type}`, `give ${words}`);
}
