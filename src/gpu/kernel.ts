/**
 * A kernel is plain data: a WGSL shader for WebGPU, a function over a range of rows for the CPU, and one table of the
 * bindings and parameters of both.
 */
import { invalidInput } from '../errors.js';
import { isDtype } from '../geo/dtype.js';
import type { TypedArray, TypedArrayByDtype } from '../geo/index.js';
import { checkRun } from './run.js';
import { type DeviceTensor, isTensorDtype, type TensorDtype } from './tensor.js';

/** How a shader accesses a buffer; `atomic` buffers hold `uint32` or `int32` and are read and written. */
export type BindingAccess = 'read' | 'write' | 'read_write' | 'atomic';

/** One tensor argument of a kernel. */
export interface Binding {
  readonly access: BindingAccess;
  /**
   * The element type; `any` accepts every type. In WGSL it is `array<f32>` for float32, `array<i32>` for int32 and
   * `array<u32>` for all others: four 8-bit or two 16-bit values per word, the first in the lowest bits.
   */
  readonly dtype: TensorDtype | 'any';
  /** Whether float32 and int32 are `array<u32>` in WGSL too. */
  readonly words?: boolean;
  /** Whether a run may pass null: the shader then has an array of four unspecified bytes, the CPU an empty array. */
  readonly optional?: boolean;
}

/** The tensors of a kernel by their names in WGSL, in the order of their `@binding` numbers. */
export type Bindings = Readonly<Record<string, Binding>>;

/** The WGSL type of a kernel's parameter. */
export type ParameterType = 'u32' | 'i32' | 'f32';

/** The types of a kernel's parameters, by name. */
export type ParameterTable = Readonly<Record<string, ParameterType>>;

/** All arguments of a kernel. The WGSL declarations and the types of the CPU function come from it. */
export interface KernelTable {
  readonly bindings: Bindings;
  /** Fields of the uniform `parameters`: the shader reads `parameters.name`. */
  readonly parameters: ParameterTable;
  /** WGSL `override` constants, which select a variant of the shader; the CPU function gets them as parameters. */
  readonly constants?: ParameterTable;
}

/** Invocations along x, y and z. */
export type Grid = readonly [number, number, number];

/** The values of a kernel's tensors on the CPU. */
export type CpuTensors<B extends Bindings> = {
  readonly [Name in keyof B]: B[Name]['dtype'] extends TensorDtype
    ? TypedArrayByDtype[B[Name]['dtype']]
    : TypedArray;
};

/** The parameters of a kernel by name. */
export type KernelParameters<P extends string> = Readonly<Record<P, number>>;

/** The names in a kernel’s table. */
export type NameOf<T> = keyof T & string;

/** The type of the CPU function of a kernel with a table: `KernelRun<typeof TABLE>`. */
export type KernelRun<T extends KernelTable> = (
  tensors: CpuTensors<T['bindings']>,
  parameters: KernelParameters<NameOf<T['parameters']> | NameOf<NonNullable<T['constants']>>>,
  start: number,
  end: number,
) => void;

/** The CPU implementation of a kernel. */
export interface CpuKernel<B extends Bindings, P extends string> {
  /**
   * `import.meta.url` of a file that exports this `run`, for worker threads. Without it the kernel runs on the calling
   * thread.
   */
  readonly module?: string;
  /**
   * Computes the rows from `start` (inclusive) to `end` (exclusive); rows must be independent. f32 parameters are rounded
   * to float32, as in the shader.
   */
  run(tensors: CpuTensors<B>, parameters: KernelParameters<P>, start: number, end: number): void;
  /** Number of rows. */
  rows(parameters: KernelParameters<P>): number;
  /** Threads get rows in multiples of this (default 1). */
  readonly rowStep?: number;
}

/** The argument of `defineKernel`. */
export interface KernelDefinition<B extends Bindings, P extends ParameterTable, C extends ParameterTable> {
  /** For errors and debuggers. */
  readonly name: string;
  readonly bindings: B;
  readonly parameters: P;
  readonly constants?: C;
  /**
   * WGSL functions with an entry point `@compute @workgroup_size(…) fn main(…)`. `defineKernel` declares the bindings, the
   * struct of the parameters and the constants.
   */
  readonly shader: string;
  /** Number of invocations. Whole workgroups are run, so `main` must check its bounds. */
  grid(parameters: KernelParameters<NameOf<NoInfer<P>> | NameOf<NoInfer<C>>>): Grid;
  readonly cpu: CpuKernel<NoInfer<B>, NameOf<NoInfer<P>> | NameOf<NoInfer<C>>>;
}

/** The part of a kernel for a GPU: plain data without functions. */
export interface KernelShader extends KernelTable {
  readonly name: string;
  /** The complete WGSL module. */
  readonly code: string;
  readonly workgroupSize: Grid;
}

/** Tensors and parameters of a run; null for an omitted optional tensor. */
export interface RunValues {
  readonly tensors: Readonly<Record<string, DeviceTensor | null>>;
  readonly parameters: Readonly<Record<string, number>>;
}

/** Checked arguments of a run: tensors in the order of the bindings, f32 parameters rounded to float32. */
export interface CheckedRun extends RunValues {
  readonly grid: Grid;
}

/** A kernel from `defineKernel`, for `backend.run`. */
export interface Kernel<B extends Bindings = Bindings, P extends string = string> extends KernelShader {
  readonly bindings: B;
  grid(parameters: KernelParameters<P>): Grid;
  readonly cpu: CpuKernel<B, P>;
  /** @internal @throws {TerrachipError} INVALID_INPUT for arguments that do not match the table */
  check(args: RunValues): CheckedRun;
}

/**
 * Creates a kernel from a table, a shader and a CPU function. The generated WGSL declarations follow the shader, so that
 * line numbers in the compiler's messages are those of the shader.
 * @throws {TerrachipError} INVALID_INPUT for a definition whose parts do not match
 */
export function defineKernel<
  const B extends Bindings,
  const P extends ParameterTable,
  const C extends ParameterTable = Record<never, never>,
>(definition: KernelDefinition<B, P, C>): Kernel<B, NameOf<P> | NameOf<C>> {
  const { name, bindings, parameters, constants, shader, grid, cpu } = definition;
  const table: KernelTable = { bindings, parameters, ...(constants && { constants }) };
  const workgroupSize = checkDefinition(name, table, shader);
  for (const [part, value] of Object.entries({ grid, 'cpu.run': cpu?.run, 'cpu.rows': cpu?.rows })) {
    if (typeof value !== 'function') throw wrongKernel(name, `has no function ${part}`, 'define it');
  }
  const code = `${shader}\n${declarationsOf(table)}`;
  const kernel = { name, ...table, bindings, code, workgroupSize, grid, cpu };
  return { ...kernel, check: (args) => checkRun(kernel, grid, args) };
}

/** The bits of the NaN that kernels write for no data: quiet, positive, no payload. */
export const NAN_BITS = 0x7fc00000;

/** @internal */
export function wrongKernel(name: string, problem: string, remedy: string) {
  return invalidInput(`the kernel "${name}"`, problem, remedy);
}

/** WebGPU's default limits. */
const MAX_BINDINGS = 8;
/** Per workgroup. */
const MAX_INVOCATIONS = 256;

const ACCESSES: readonly string[] = ['read', 'write', 'read_write', 'atomic'] satisfies BindingAccess[];
const PARAMETER_TYPES: readonly string[] = ['u32', 'i32', 'f32'] satisfies ParameterType[];

/** Names in the generated declarations. */
const RESERVED: readonly string[] = ['parameters', 'Parameters', 'nan_bits', 'main'];

/** Checks a definition and returns the size of its workgroups. */
function checkDefinition(
  name: string,
  { bindings, parameters, constants = {} }: KernelTable,
  shader: string,
): Grid {
  const code = shader.replace(/\/\/.*$/gm, '').replace(/\/\*[\s\S]*?\*\//g, '');
  const tables = { bindings, parameters, constants };
  for (const [table, entries] of Object.entries(tables)) {
    for (const entry of Object.keys(entries)) {
      if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(entry) || entry.includes('__') || RESERVED.includes(entry)) {
        throw wrongKernel(name, `cannot have "${entry}" among its ${table}`, 'choose another name');
      }
    }
  }
  for (const constant of Object.keys(constants)) {
    if (constant in parameters || constant in bindings) {
      throw wrongKernel(name, `uses the name "${constant}" twice`, 'rename the constant');
    }
  }
  for (const [parameter, type] of Object.entries({ ...parameters, ...constants })) {
    if (!PARAMETER_TYPES.includes(type)) {
      throw wrongKernel(name, `has a parameter ${parameter} of the type "${type}"`, 'choose u32, i32 or f32');
    }
  }
  const count = Object.keys(bindings).length;
  if (count < 1 || count > MAX_BINDINGS) {
    throw wrongKernel(name, `has ${count} bindings`, `give 1 to ${MAX_BINDINGS}, WebGPU's default limit`);
  }
  for (const [binding, { access, dtype }] of Object.entries(bindings)) {
    if (!ACCESSES.includes(access) || !(dtype === 'any' || (isDtype(dtype) && isTensorDtype(dtype)))) {
      const problem = `has a binding ${binding} of access "${access}" and dtype "${dtype}"`;
      const remedy = `choose an access of ${ACCESSES.join(', ')} and a dtype of tensors or any`;
      throw wrongKernel(name, problem, remedy);
    }
    if (access === 'atomic' && dtype !== 'uint32' && dtype !== 'int32') {
      throw wrongKernel(name, `has an atomic binding ${binding} of ${dtype}`, 'choose uint32 or int32');
    }
    if (!new RegExp(`\\b${binding}\\b`).test(code)) {
      throw wrongKernel(name, `has a binding ${binding} that its shader never uses`, 'remove it, or use it');
    }
  }
  const declared = /\bvar\s*<\s*(?:storage|uniform)\b|@group\b|\boverride\s|\bstruct\s+Parameters\b/.exec(
    code,
  );
  if (declared !== null) {
    const problem = `has a shader that declares "${declared[0].trim()}" by itself`;
    throw wrongKernel(name, problem, 'remove it: the tables declare bindings, parameters and constants');
  }
  for (const [, field] of code.matchAll(/\bparameters\.(\w+)/g)) {
    if (field in parameters || field === 'nan_bits') continue;
    throw wrongKernel(name, `has a shader that reads parameters.${field}`, 'add it to the parameters');
  }
  const entry = [...code.matchAll(/@workgroup_size\(([^)]*)\)[^{;]*?\bfn\s+(\w+)/g)];
  const sizes =
    entry.length === 1 && entry[0][2] === 'main' ? entry[0][1].replace(/,\s*$/, '').split(',') : [];
  const [x, y = 1, z = 1] = sizes.map((size) => (/^\s*\d+u?\s*$/.test(size) ? Number.parseInt(size, 10) : 0));
  if (!(x * y * z >= 1) || x * y * z > MAX_INVOCATIONS) {
    const remedy = `write @compute @workgroup_size(…) fn main(…) once, of 1 to ${MAX_INVOCATIONS} invocations in numbers`;
    throw wrongKernel(name, 'has a shader without an entry point that can be run', remedy);
  }
  return [x, y, z];
}

/** The WGSL declarations of a kernel's bindings, parameters and constants. */
function declarationsOf({ bindings, parameters, constants = {} }: KernelTable): string {
  const names = Object.keys(bindings);
  return [
    // Every struct starts with the bits of NaN: WGSL has no NaN literal, and compilers may fold a constant one.
    'struct Parameters {',
    '  nan_bits: u32,',
    ...Object.entries(parameters).map(([name, type]) => `  ${name}: ${type},`),
    '}',
    ...names.map((name, k) => {
      const { access, dtype, words } = bindings[name];
      const plain = words === true ? 'u32' : dtype === 'float32' ? 'f32' : dtype === 'int32' ? 'i32' : 'u32';
      const element = access === 'atomic' ? `atomic<${plain}>` : plain;
      const mode = access === 'read' ? 'read' : 'read_write';
      return `@group(0) @binding(${k}) var<storage, ${mode}> ${name}: array<${element}>;`;
    }),
    `@group(0) @binding(${names.length}) var<uniform> parameters: Parameters;`,
    ...Object.entries(constants).map(([name, type]) => `override ${name}: ${type};`),
    '',
  ].join('\n');
}
