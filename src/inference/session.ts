/** Running a model's graph. Typed against onnxruntime-common; the runtime itself is an argument. */
import type { InferenceSession, Tensor, TypedTensor } from 'onnxruntime-common';
import { internalError, invalidInput, messageOf } from '../errors.js';
import type { Backend, DeviceTensor } from '../gpu/index.js';
import type { ChipModel } from './chip-model.js';
import { batchFailure, checkLogits, checkNames } from './graph-check.js';
import { inputShape, type ModelManifest } from './manifest.js';
import { FEATURES, type PhaseCounters, PhaseEncoder } from './phase-encoder.js';

/** What terrachip needs of an ONNX runtime: `onnxruntime-node`, `onnxruntime-web` and others have it. */
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

/** How a session runs its graph. */
export interface SessionOptions {
  /** The execution provider, by onnxruntime's name: `cpu`, `cuda`, `webgpu`, … */
  provider: string;
  /** Threads inside an operator (default: onnxruntime's own choice). */
  threads?: number;
  /** Whether equal phases are encoded once, in models of two graphs; changes no bit. Default: true. */
  reusePhases?: boolean;
}

/** An ONNX file by its path, or its bytes. */
export type GraphSource = string | Uint8Array;

/** A model of two graphs, as the manifest's `phaseGraphs` describes them. */
export interface PhaseGraphSources {
  readonly encoder: GraphSource;
  readonly decoder: GraphSource;
}

/** A model on an ONNX runtime that has its own memory: chips are downloaded for it, and its logits uploaded. */
export class ModelSession implements ChipModel {
  readonly manifest: ModelManifest;
  /** The provider that the session was created with. */
  readonly provider: string;
  readonly readbackBytes = null;
  readonly #runtime: OnnxRuntime;
  /** The whole model, or what follows the encoder. */
  readonly #session: InferenceSession;
  readonly #encoder: PhaseEncoder | null;

  private constructor(
    manifest: ModelManifest,
    provider: string,
    runtime: OnnxRuntime,
    session: InferenceSession,
    encoder: PhaseEncoder | null,
  ) {
    this.manifest = manifest;
    this.provider = provider;
    this.#runtime = runtime;
    this.#session = session;
    this.#encoder = encoder;
  }

  get phases(): Readonly<PhaseCounters> | null {
    return this.#encoder?.counters ?? null;
  }

  /**
   * @param model one graph, or the encoder's and the decoder's
   * @throws {TerrachipError} INVALID_INPUT when a graph cannot be loaded or does not fit its manifest
   */
  static async create(
    runtime: OnnxRuntime,
    model: GraphSource | PhaseGraphSources,
    manifest: ModelManifest,
    options: SessionOptions,
  ): Promise<ModelSession> {
    const inputs = manifest.inputs.map((input) => input.name);
    const output = manifest.output.name;
    if (typeof model === 'string' || model instanceof Uint8Array) {
      const whole = { source: model, name: `${manifest.name}/model.onnx`, inputs, output };
      return new ModelSession(
        manifest,
        options.provider,
        runtime,
        await loadGraph(runtime, whole, options),
        null,
      );
    }
    const { reusePhases = true, provider } = options;
    const decoder = { source: model.decoder, name: `${manifest.name}/decoder`, inputs: [FEATURES], output };
    const encoder = { source: model.encoder, name: `${manifest.name}/encoder`, inputs, output: FEATURES };
    const session = await loadGraph(runtime, decoder, options);
    try {
      const encoding = await loadGraph(runtime, encoder, options);
      const phases = new PhaseEncoder(manifest, runtime, encoding, reusePhases);
      return new ModelSession(manifest, provider, runtime, session, phases);
    } catch (error) {
      await session.release();
      throw error;
    }
  }

  async run(
    backend: Backend,
    inputs: ReadonlyMap<string, DeviceTensor>,
    batch: number,
    chips = batch,
  ): Promise<DeviceTensor> {
    const { manifest } = this;
    const values = new Map<string, Float32Array>();
    for (const input of manifest.inputs) {
      const tensor = inputs.get(input.name);
      if (tensor === undefined) throw new TypeError(`no tensor for the input ${input.name}`);
      values.set(input.name, (await backend.download(tensor)) as Float32Array);
    }
    let outputs: InferenceSession.ReturnType;
    try {
      const feeds =
        this.#encoder === null
          ? this.#feeds(values, batch)
          : { [FEATURES]: await this.#encoder.encode(values, batch, chips) };
      outputs = await this.#session.run(feeds, [manifest.output.name]);
    } catch (cause) {
      throw batchFailure(manifest, batch, cause);
    }
    const logits = outputs[manifest.output.name];
    const shape = checkLogits(manifest, batch, logits);
    return backend.upload(logits.data as Float32Array, shape);
  }

  async dispose(): Promise<void> {
    await this.#session.release();
    await this.#encoder?.dispose();
  }

  #feeds(values: ReadonlyMap<string, Float32Array>, batch: number): Record<string, Tensor> {
    const { manifest } = this;
    const feeds: Record<string, Tensor> = {};
    for (const input of manifest.inputs) {
      const chips = values.get(input.name);
      if (chips === undefined) throw internalError('ModelSession', `no input ${input.name}`);
      feeds[input.name] = new this.#runtime.Tensor('float32', chips, inputShape(manifest, input, batch));
    }
    return feeds;
  }
}

export interface Graph {
  readonly source: GraphSource;
  /** For messages, where the source is no path. */
  readonly name: string;
  readonly inputs: readonly string[];
  readonly output: string;
}

/** Loads a graph and checks the names of its inputs and of its output. */
export async function loadGraph(
  runtime: OnnxRuntime,
  graph: Graph,
  { provider, threads }: SessionOptions,
): Promise<InferenceSession> {
  const { source } = graph;
  const name = typeof source === 'string' ? source : graph.name;
  const create = (model: GraphSource): Promise<InferenceSession> =>
    runtime.InferenceSession.create(model, {
      executionProviders: [provider],
      graphOptimizationLevel: 'all',
      ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    });
  const session = await create(source).catch((cause: unknown) => {
    throw invalidInput(
      name,
      `cannot be loaded with the provider ${provider} (${messageOf(cause).split('\n')[0]})`,
      'check the file, or choose another provider',
      cause,
    );
  });
  try {
    checkNames(name, graph, session);
  } catch (error) {
    await session.release();
    throw error;
  }
  return session;
}
