/**
 * A kernel is plain data that a backend executes: a WGSL shader for WebGPU and a function over a range of rows for the
 * CPU, with one table of what both are given. Nothing here knows what a kernel computes.
 */
import { invalidInput } from '../errors.js';
import { isDtype } from '../geo/dtype.js';
import type { TypedArray, TypedArrayByDtype } from '../geo/index.js';
import { isTensorDtype, type TensorDtype } from './tensor.js';

/** What a shader does with a buffer; `atomic` buffers hold `uint32` or `int32` and are read and written. */
export type BindingAccess = 'read' | 'write' | 'read_write' | 'atomic';

/** One tensor that a kernel is given. */
export interface Binding {
  readonly access: BindingAccess;
  /**
   * The type of its values; `any` takes a tensor of any type. WGSL sees `array<f32>` for float32, `array<i32>` for
   * int32 and `array<u32>` for all others: four bytes or two 16-bit values a word, the first one in the lowest bits.
   */
  readonly dtype: TensorDtype | 'any';
  /** Whether WGSL sees float32 and int32 as `array<u32>` too. */
  readonly words?: boolean;
  /** Whether a run may give null: the shader then sees an array of four unspecified bytes, the CPU an empty array. */
  readonly optional?: boolean;
}

/** The tensors of a kernel by their names in WGSL, in the order of their `@binding` numbers. */
export type Bindings = Readonly<Record<string, Binding>>;

/** The type of a kernel's parameter, as WGSL names it. */
export type ParameterType = 'u32' | 'i32' | 'f32';

/** Numbers that a kernel is given, by name. */
export type ParameterTable = Readonly<Record<string, ParameterType>>;

/** All that a kernel is given: the source of the WGSL declarations and of the types of the CPU function. */
export interface KernelTable {
  readonly bindings: Bindings;
  /** Fields of the uniform `parameters`: the shader reads `parameters.name`. */
  readonly parameters: ParameterTable;
  /** WGSL `override` constants, which select a variant of the shader; the CPU function gets them among the parameters. */
  readonly constants?: ParameterTable;
}

/** Invocations along x, y and z. */
export type Grid = readonly [number, number, number];

/** The values of a kernel's tensors on the CPU, as many as each tensor has. */
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
   * `import.meta.url` of a file that exports this very `run`, so that worker threads can import it. Without it the
   * kernel runs on the calling thread.
   */
  readonly module?: string;
  /**
   * Computes the rows from `start` (inclusive) to `end` (exclusive); rows must not depend on one another. Parameters
   * of the type f32 are rounded to float32, as the shader sees them.
   */
  run(tensors: CpuTensors<B>, parameters: KernelParameters<P>, start: number, end: number): void;
  /** How many rows there are to share out. */
  rows(parameters: KernelParameters<P>): number;
  /** Rows are handed out in multiples of this (default 1). */
  readonly rowStep?: number;
}

/** What `defineKernel` takes. */
export interface KernelDefinition<B extends Bindings, P extends ParameterTable, C extends ParameterTable> {
  /** For errors and for debuggers. */
  readonly name: string;
  readonly bindings: B;
  readonly parameters: P;
  readonly constants?: C;
  /**
   * WGSL functions with an entry point `@compute @workgroup_size(…) fn main(…)`. Bindings, the struct of the
   * parameters and the constants are declared by `defineKernel`, from the tables.
   */
  readonly shader: string;
  /** How many invocations the given parameters need: whole workgroups are run, so `main` must check its bounds. */
  grid(parameters: KernelParameters<NameOf<NoInfer<P>> | NameOf<NoInfer<C>>>): Grid;
  readonly cpu: CpuKernel<NoInfer<B>, NameOf<NoInfer<P>> | NameOf<NoInfer<C>>>;
}

/** The part of a kernel that a GPU needs: data alone, without functions. */
export interface KernelShader extends KernelTable {
  readonly name: string;
  /** The complete WGSL module. */
  readonly code: string;
  readonly workgroupSize: Grid;
}

/** A kernel from `defineKernel`: what `backend.run` takes. */
export interface Kernel<B extends Bindings = Bindings, P extends string = string> extends KernelShader {
  readonly bindings: B;
  grid(parameters: KernelParameters<P>): Grid;
  readonly cpu: CpuKernel<B, P>;
}

/**
 * Makes a kernel of a table, a shader and a CPU function. The WGSL that declares bindings, parameters and constants
 * follows the shader, so that line numbers in the compiler's messages are those of the shader.
 * @throws {TerrachipError} INVALID_INPUT for a definition whose parts do not fit together
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
  return { name, ...table, bindings, code, workgroupSize, grid, cpu };
}

/** The bits of the NaN that kernels write where there is no data: quiet, positive, no payload. */
export const NAN_BITS = 0x7fc00000;

/** @internal */
export function wrongKernel(name: string, problem: string, remedy: string) {
  return invalidInput(`the kernel "${name}"`, problem, remedy);
}

/** The bindings that WebGPU's default limits allow. */
const MAX_BINDINGS = 8;
/** The invocations of a workgroup that WebGPU's default limits allow. */
const MAX_INVOCATIONS = 256;

const ACCESSES: readonly string[] = ['read', 'write', 'read_write', 'atomic'] satisfies BindingAccess[];
const PARAMETER_TYPES: readonly string[] = ['u32', 'i32', 'f32'] satisfies ParameterType[];

/** Names that the declarations use themselves. */
const RESERVED: readonly string[] = ['parameters', 'Parameters', 'nan_bits', 'main'];

/** Checks a definition and finds the size of its workgroups. */
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
      throw wrongKernel(name, `has two things of the name "${constant}"`, 'rename the constant');
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
      throw wrongKernel(
        name,
        problem,
        `choose an access of ${ACCESSES.join(', ')} and a dtype of tensors or any`,
      );
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

/** The WGSL that declares what a kernel is given. */
function declarationsOf({ bindings, parameters, constants = {} }: KernelTable): string {
  const names = Object.keys(bindings);
  return [
    // Every struct starts with the bits of NaN: WGSL has no NaN literal, and may fold one that it can foresee.
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
