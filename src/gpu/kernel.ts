/**
 * A kernel is plain data that a backend executes: a composed shader with its bindings and parameters for WebGPU,
 * and a function over a range of rows for the CPU. Nothing here knows what a kernel computes.
 */
import type { TypedArray } from '../geo/index.js';

export type BindingAccess = 'read' | 'write' | 'read_write';
export type ParameterType = 'u32' | 'i32' | 'f32';

/** One storage buffer; its position in the table is its `@binding` number. */
export interface Binding<Name extends string = string> {
  readonly name: Name;
  readonly access: BindingAccess;
}

/** One field of the uniform struct, in order; the struct is the binding after the storage buffers. */
export interface Parameter<Name extends string = string> {
  readonly name: Name;
  readonly type: ParameterType;
}

/** Invocations along x, y and z. */
export type Grid = readonly [number, number, number];

export type CpuTensors<B extends string> = Readonly<Record<B, TypedArray>>;
export type KernelParameters<P extends string> = Readonly<Record<P, number>>;

/** The CPU implementation: a function, and where a worker thread can import it from under the name `run`. */
export interface CpuKernel<B extends string, P extends string> {
  /** `import.meta.url` of the file that exports `run`. */
  readonly module: string;
  /** Computes the rows from `start` (inclusive) to `end` (exclusive); rows must not depend on one another. */
  run(tensors: CpuTensors<B>, parameters: KernelParameters<P>, start: number, end: number): void;
  /** How many rows there are to share out. */
  rows(parameters: KernelParameters<P>): number;
  /** Rows are handed out in multiples of this (default 1), for kernels whose rows share words of their output. */
  readonly rowStep?: number;
}

/** The part of a kernel that a GPU needs: data alone, without functions. */
export interface KernelShader<B extends string = string, P extends string = string> {
  readonly name: string;
  /** The complete WGSL module, with an entry point `main`. */
  readonly code: string;
  readonly workgroupSize: Grid;
  readonly bindings: readonly Binding<B>[];
  readonly parameters: readonly Parameter<P>[];
  /** WGSL `override` constants that select a variant; CPU functions get them among the parameters. */
  readonly constants?: readonly P[];
}

export interface Kernel<B extends string = string, P extends string = string> extends KernelShader<B, P> {
  /** How many invocations the given parameters need. */
  grid(parameters: KernelParameters<P>): Grid;
  readonly cpu: CpuKernel<B, P>;
}

/** Declares a kernel, keeping the names of its bindings and parameters as types. */
export function defineKernel<const B extends string, const P extends string>(
  kernel: Kernel<B, P>,
): Kernel<B, P> {
  return kernel;
}

/** The bits of the NaN that kernels write where there is no data: quiet, positive, no payload. */
export const NAN_BITS = 0x7fc00000;
