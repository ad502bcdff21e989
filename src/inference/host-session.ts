/** Sessions of a runtime with its own memory, from arrays to arrays. The runtime is an argument, typed by onnxruntime-common. */
import type { InferenceSession, Tensor, TypedTensor } from 'onnxruntime-common';
import { invalidInput } from '../errors.js';
import { float32ToHalves, halvesToFloat32, roundToEven } from '../raster/arrays/half.js';
import { runtimeMessage } from './graph-check.js';
import { type DeclaredTensor, declaredIn } from './model-graph.js';

/** The part of an ONNX runtime that terrachip uses; `onnxruntime-node` and `onnxruntime-web` have it. */
export interface OnnxRuntime {
  readonly InferenceSession: {
    create(model: string | Uint8Array, options?: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
  readonly Tensor: {
    new <Type extends NumberType>(
      type: Type,
      data: Tensor.DataTypeMap[Type],
      dims: readonly number[],
    ): TypedTensor<Type>;
    new (type: 'int64', data: BigInt64Array, dims: readonly number[]): TypedTensor<'int64'>;
  };
}

/** Types of tensors whose elements are numbers in JavaScript. */
export type NumberType = Exclude<Tensor.Type, 'string' | 'bool' | 'int64' | 'uint64' | 'uint4' | 'int4'>;

/** How a runtime runs a graph. */
export interface RuntimeOptions {
  /** The execution provider, by onnxruntime's name: `cpu`, `cuda`, `webgpu`, `wasm`, … */
  provider: string;
  /** Threads of one operator (default: onnxruntime's own choice). */
  threads?: number;
}

/** An ONNX file: its path, for a runtime that reads files, or its bytes. */
export type GraphSource = string | Uint8Array;

/** Values of an input or output, and their shape. */
export interface HostArray {
  readonly values: Float32Array;
  readonly shape: readonly number[];
}

/** Runs a graph on arrays. */
export interface ArraySession {
  /** The file, or another name for messages. */
  readonly name: string;
  readonly provider: string;
  readonly inputs: readonly DeclaredTensor[];
  readonly outputs: readonly DeclaredTensor[];
  /** Threads that run it, each one call at a time; they take arrays in shared memory. 0 for the calling thread. */
  readonly workers: number;
  /** @returns the outputs, in the order of their names */
  run(inputs: ReadonlyMap<string, HostArray>, outputs: readonly string[]): Promise<HostArray[]>;
  dispose(): Promise<void>;
}

/** Threads that wait for the next layer sleep. By default they spin, on cores that read and warp the next chips. */
const WITHOUT_SPINNING = { session: { intra_op: { allow_spinning: '0' } } };

/** A session of a runtime in this thread. It converts values to the types of the graph and back. */
export class HostSession implements ArraySession {
  readonly workers = 0;
  readonly inputs: readonly DeclaredTensor[];
  readonly outputs: readonly DeclaredTensor[];
  /** The runtime takes no shared memory: copies of inputs in such memory, by input, which are used again. */
  readonly #copies = new Map<string, Float32Array<ArrayBuffer>>();

  private constructor(
    readonly name: string,
    readonly provider: string,
    private readonly runtime: OnnxRuntime,
    private readonly session: InferenceSession,
  ) {
    this.inputs = declared(session.inputMetadata);
    this.outputs = declared(session.outputMetadata);
  }

  /** @throws {TerrachipError} INVALID_INPUT when it cannot be loaded */
  static async load(
    runtime: OnnxRuntime,
    source: GraphSource,
    name: string,
    { provider, threads }: RuntimeOptions,
  ): Promise<HostSession> {
    const session = await runtime.InferenceSession.create(source, {
      executionProviders: [provider],
      graphOptimizationLevel: 'all',
      // A plan of the memory would be allocated in the second run, beside all memory of the first.
      enableMemPattern: false,
      extra: WITHOUT_SPINNING,
      ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    }).catch((cause: unknown) => {
      throw cannotLoad(name, provider, cause);
    });
    return new HostSession(name, provider, runtime, session);
  }

  async run(inputs: ReadonlyMap<string, HostArray>, outputs: readonly string[]): Promise<HostArray[]> {
    const feeds = Object.fromEntries(
      Array.from(inputs, ([name, { values, shape }]) => [name, this.#tensor(name, values, shape)]),
    );
    const results = await this.session.run(feeds, [...outputs]);
    return outputs.map((name) => {
      const { [name]: result } = results;
      return { values: numbersOf(this.name, name, result), shape: result.dims };
    });
  }

  async dispose(): Promise<void> {
    await this.session.release();
  }

  /** Values in the type of an input. Whole numbers are rounded, ties to even, and limited to the range of the type. */
  #tensor(name: string, values: Float32Array, shape: readonly number[]): Tensor {
    const type = declaredIn(this.inputs, name)?.type;
    const { Tensor } = this.runtime;
    switch (type) {
      case 'float32':
        return new Tensor(type, this.#unshared(name, values), shape);
      case 'float16':
        return new Tensor(type, float32ToHalves(values), shape);
      case 'float64':
        return new Tensor(type, Float64Array.from(values), shape);
      case 'uint8':
        return new Tensor(type, Uint8Array.from(values, rounded(0, 255)), shape);
      case 'int8':
        return new Tensor(type, Int8Array.from(values, rounded(-128, 127)), shape);
      case 'uint16':
        return new Tensor(type, Uint16Array.from(values, rounded(0, 65_535)), shape);
      case 'int16':
        return new Tensor(type, Int16Array.from(values, rounded(-32_768, 32_767)), shape);
      case 'int32':
        return new Tensor(type, Int32Array.from(values, rounded(-(2 ** 31), 2 ** 31 - 1)), shape);
      case 'int64':
        return new Tensor(type, BigInt64Array.from(values, roundedInt64), shape);
      default:
        throw invalidInput(
          this.name,
          `takes ${name} as ${type}, which is not supported`,
          'convert the model',
        );
    }
  }

  #unshared(name: string, values: Float32Array): Float32Array<ArrayBuffer> {
    if (values.buffer instanceof ArrayBuffer) return values as Float32Array<ArrayBuffer>;
    const known = this.#copies.get(name);
    const copy = known?.length === values.length ? known : new Float32Array(values.length);
    copy.set(values);
    this.#copies.set(name, copy);
    return copy;
  }
}

/** Wraps an error that the runtime threw while it loaded a graph. */
export function cannotLoad(name: string, provider: string, cause: unknown): Error {
  return invalidInput(
    name,
    `cannot be loaded with the provider ${provider}, for which ONNX Runtime says: ${runtimeMessage(cause)}`,
    'check the file, or choose another provider',
    cause,
  );
}

const rounded = (least: number, most: number) => (value: number) =>
  Math.min(most, Math.max(least, roundToEven(value)));

/** The largest float64 below 2⁶³ is 2⁶³ − 1024. */
const roundedInt64 = (value: number) => BigInt(rounded(-(2 ** 63), 2 ** 63 - 1024)(value));

/** The values of an output as float32. */
function numbersOf(graph: string, name: string, { type, data }: Tensor): Float32Array<ArrayBuffer> {
  if (data instanceof Float32Array) return data as Float32Array<ArrayBuffer>;
  // Newer versions of JavaScript have an array of halves, whose elements are numbers.
  if (type === 'float16' && data instanceof Uint16Array) return new Float32Array(halvesToFloat32(data));
  if (Array.isArray(data))
    throw invalidInput(graph, `returns ${name} as ${type}, not numbers`, 'correct the model');
  return Float32Array.from(data as ArrayLike<number | bigint>, Number);
}

/** What a session declares about its inputs or outputs. */
export function declared(values: InferenceSession['inputMetadata']): DeclaredTensor[] {
  return values.map((value) =>
    value.isTensor
      ? { name: value.name, type: value.type, shape: value.shape }
      : { name: value.name, type: 'none', shape: [] },
  );
}
