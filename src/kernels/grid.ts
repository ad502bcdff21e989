import { defineKernel, type Grid, type Kernel, type KernelRun, type KernelTable } from '../gpu/index.js';
import type { NameOf } from '../gpu/kernel.js';
import { compose, type ShaderFunction } from '../shaders/index.js';

/** Invocations per row of a flat dispatch, since one axis is too short. */
const FLAT_ROW = 65536;

/** The grid of `count` invocations; the shader gets the index from `flat_index`. */
export function flatGrid(count: number): Grid {
  return [Math.min(count, FLAT_ROW), Math.ceil(count / FLAT_ROW), 1];
}

/** Values per piece of work of a CPU thread. */
const FLAT_PIECE = 16384;

/** The number of values of a run. */
const countOf = ({ count }: Readonly<Record<string, number>>): number => count;

/**
 * Defines a kernel over `count` values. An invocation handles `each` neighbouring values; the CPU function gets the first
 * value and the one after the last as its rows.
 * @param functions that the shader calls beside `flat_index`
 * @param each 4 for a shader that writes words of four bytes
 */
export function perValue<T extends KernelTable>(
  name: string,
  table: T,
  shader: string,
  functions: readonly ShaderFunction[],
  cpu: { readonly module: string; readonly run: KernelRun<T> },
  each: 1 | 4 = 1,
): Kernel<T['bindings'], NameOf<T['parameters']> | NameOf<NonNullable<T['constants']>>> {
  return defineKernel({
    name,
    ...table,
    shader: compose(shader, [...functions, 'flat-index']),
    grid: (parameters) => flatGrid(Math.ceil(countOf(parameters) / each)),
    cpu: { module: cpu.module, run: cpu.run, rows: countOf, rowStep: FLAT_PIECE },
  });
}
