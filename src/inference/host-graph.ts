/** ONNX graphs on a runtime with its own memory. The runtime is an argument, typed by onnxruntime-common. */
import type { InferenceSession, Tensor, TypedTensor } from 'onnxruntime-common';
import { invalidInput, messageOf } from '../errors.js';
import { notFloat32 } from './graph-check.js';
import type { FloatTensor, GraphInput, GraphResult, ModelGraph } from './model-graph.js';

/** The part of an ONNX runtime that terrachip uses; `onnxruntime-node` and `onnxruntime-web` have it. */
export interface OnnxRuntime {
  readonly InferenceSession: {
    create(model: string | Uint8Array, options?: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
  readonly Tensor: new (
    type: 'float32',
    data: Float32Array,
    dims: readonly number[],
  ) => TypedTensor<'float32'>;
}

/** How a runtime runs a graph. */
export interface RuntimeOptions {
  /** The execution provider, by onnxruntime's name: `cpu`, `cuda`, `webgpu`, `wasm`, … */
  provider: string;
  /** Threads of one operator (default: onnxruntime's own choice). */
  threads?: number;
}

/** An ONNX file: its path, for a runtime that reads files, or its bytes. */
export type GraphSource = string | Uint8Array;

/** An ONNX graph on a runtime with its own memory: inputs are downloaded, outputs uploaded. Dispose of it when done. */
export class HostGraph implements ModelGraph {
  readonly sharesDevice = false;

  private constructor(
    readonly name: string,
    readonly provider: string,
    private readonly runtime: OnnxRuntime,
    private readonly session: InferenceSession,
  ) {}

  /**
   * @param name for messages about a graph without a path
   * @throws {TerrachipError} INVALID_INPUT when it cannot be loaded
   */
  static async load(
    runtime: OnnxRuntime,
    source: GraphSource,
    name: string,
    { provider, threads }: RuntimeOptions,
  ): Promise<HostGraph> {
    const label = typeof source === 'string' ? source : name;
    const session = await runtime.InferenceSession.create(source, {
      executionProviders: [provider],
      graphOptimizationLevel: 'all',
      ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    }).catch((cause: unknown) => {
      throw cannotLoad(label, provider, cause);
    });
    return new HostGraph(label, provider, runtime, session);
  }

  get inputNames(): readonly string[] {
    return this.session.inputNames;
  }

  get outputNames(): readonly string[] {
    return this.session.outputNames;
  }

  outputShape(name: string): readonly (number | string)[] {
    return declaredShape(this.session, name);
  }

  async run(inputs: ReadonlyMap<string, GraphInput>, outputs: readonly string[]): Promise<GraphResult> {
    const feeds: Record<string, Tensor> = {};
    const [backend] = [...inputs.values()].map(({ tensor }) => tensor.owner);
    for (const [name, { tensor, shape }] of inputs) {
      const values = await backend.download(tensor);
      feeds[name] = new this.runtime.Tensor('float32', values, shape);
    }
    const results = await this.session.run(feeds, [...outputs]);
    const tensors = new Map<string, FloatTensor>();
    for (const name of outputs) {
      const { [name]: result } = results;
      if (result.type !== 'float32') throw notFloat32(this.name, name, result.type);
      tensors.set(name, backend.upload(result.data as Float32Array, result.dims));
    }
    return { outputs: tensors, readbackBytes: 0 };
  }

  async dispose(): Promise<void> {
    await this.session.release();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}

/** Wraps an error that the runtime threw while it loaded a graph. */
export function cannotLoad(name: string, provider: string, cause: unknown): Error {
  return invalidInput(
    name,
    `cannot be loaded with the provider ${provider} (${messageOf(cause).split('\n')[0]})`,
    'check the file, or choose another provider',
    cause,
  );
}

/** The shape that a graph declares for an output; empty if it declares none. */
export function declaredShape(session: InferenceSession, name: string): readonly (number | string)[] {
  const output = session.outputMetadata.find((candidate) => candidate.name === name);
  return output?.isTensor === true ? output.shape : [];
}
