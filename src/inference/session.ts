/** Running a model's graph. Typed against onnxruntime-common; the runtime itself is an argument. */
import type { InferenceSession, Tensor, TypedTensor } from 'onnxruntime-common';
import { invalidInput, messageOf, TerrachipError } from '../errors.js';
import type { Backend, DeviceTensor } from '../gpu/index.js';
import { inputShape, type ModelManifest } from './manifest.js';

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

export interface SessionOptions {
  /** The execution provider, by onnxruntime's name: `cpu`, `cuda`, `webgpu`, … */
  provider: string;
  /** Threads inside an operator (default: onnxruntime's own choice). */
  threads?: number;
}

/** A model that is ready to run on batches of chips. */
export class ModelSession {
  readonly manifest: ModelManifest;
  /** The provider that the session was created with. */
  readonly provider: string;
  readonly #runtime: OnnxRuntime;
  readonly #session: InferenceSession;

  private constructor(
    manifest: ModelManifest,
    provider: string,
    runtime: OnnxRuntime,
    session: InferenceSession,
  ) {
    this.manifest = manifest;
    this.provider = provider;
    this.#runtime = runtime;
    this.#session = session;
  }

  /**
   * @param model the path of an ONNX file, or its bytes
   * @throws {TerrachipError} INVALID_INPUT when the graph cannot be loaded or does not fit its manifest
   */
  static async create(
    runtime: OnnxRuntime,
    model: string | Uint8Array,
    manifest: ModelManifest,
    options: SessionOptions,
  ): Promise<ModelSession> {
    const name = typeof model === 'string' ? model : `${manifest.name}/model.onnx`;
    let session: InferenceSession;
    try {
      session = await runtime.InferenceSession.create(model, {
        executionProviders: [options.provider],
        graphOptimizationLevel: 'all',
        ...(options.threads === undefined ? {} : { intraOpNumThreads: options.threads }),
      });
    } catch (cause) {
      throw invalidInput(
        name,
        `cannot be loaded with the provider ${options.provider} (${messageOf(cause).split('\n')[0]})`,
        'check the file, or choose another provider',
        cause,
      );
    }
    const created = new ModelSession(manifest, options.provider, runtime, session);
    created.#checkNames(name);
    return created;
  }

  /**
   * Runs one batch.
   * @param inputs normalised chips by input name, in the shapes of `inputShape`
   * @returns logits (chip, class, y, x)
   */
  async run(
    backend: Backend,
    inputs: ReadonlyMap<string, DeviceTensor>,
    batch: number,
  ): Promise<Float32Array> {
    const { manifest } = this;
    const feeds: Record<string, Tensor> = {};
    for (const input of manifest.inputs) {
      const tensor = inputs.get(input.name);
      if (tensor === undefined) throw new TypeError(`no tensor for the input ${input.name}`);
      const values = await backend.download(tensor);
      feeds[input.name] = new this.#runtime.Tensor(
        'float32',
        values as Float32Array,
        inputShape(manifest, input, batch),
      );
    }
    let outputs: InferenceSession.ReturnType;
    try {
      outputs = await this.#session.run(feeds, [manifest.output.name]);
    } catch (cause) {
      throw new TerrachipError(
        'INVALID_INPUT',
        `the model ${manifest.name} failed on a batch of ${batch} chips (${messageOf(cause).split('\n')[0]})`,
        'check that model.json describes model.onnx',
        { source: manifest.name },
        { cause },
      );
    }
    return this.#checkOutput(outputs[manifest.output.name], batch);
  }

  async dispose(): Promise<void> {
    await this.#session.release();
  }

  #checkNames(name: string): void {
    const { manifest } = this;
    const wanted = manifest.inputs.map((input) => input.name).sort();
    const has = [...this.#session.inputNames].sort();
    if (wanted.join() !== has.join()) {
      throw invalidInput(
        name,
        `has the inputs ${has.join(', ')}, its manifest ${wanted.join(', ')}`,
        'correct model.json',
      );
    }
    if (!this.#session.outputNames.includes(manifest.output.name)) {
      throw invalidInput(
        name,
        `has no output ${manifest.output.name}, but ${this.#session.outputNames.join(', ')}`,
        'correct model.json',
      );
    }
  }

  #checkOutput(output: Tensor, batch: number): Float32Array {
    const { manifest } = this;
    const { size } = manifest.chip;
    const expected = [batch, manifest.output.classes.length, size, size];
    if (output.type !== 'float32' || output.dims.join() !== expected.join()) {
      throw invalidInput(
        manifest.name,
        `answers with ${output.type} (${output.dims.join(', ')}), not float32 (${expected.join(', ')})`,
        'correct model.json or the model',
      );
    }
    return output.data as Float32Array;
  }
}
