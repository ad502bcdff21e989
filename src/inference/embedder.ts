/** Models that say what chips are like: an encoder's graph, or the encoder of a model in two graphs. */
import type { InferenceSession, Tensor } from 'onnxruntime-common';
import { invalidInput, messageOf, TerrachipError } from '../errors.js';
import { type EmbeddingManifest, inputShape, type ModelManifest } from './manifest.js';
import { FEATURES, PhaseEncoder } from './phase-encoder.js';
import { type GraphSource, loadGraph, type OnnxRuntime, type SessionOptions } from './session.js';

/** Embeds chips: a vector for each token, tokens row by row from the chip's upper left corner. */
export class Embedder {
  readonly manifest: ModelManifest | EmbeddingManifest;
  /** The provider that the session was created with. */
  readonly provider: string;
  /** Tokens of a chip. */
  readonly tokens: number;
  /** Numbers of a token; of an encoder that sees one phase, those of the first phase come first. */
  readonly channels: number;
  readonly #runtime: OnnxRuntime;
  readonly #session: InferenceSession;
  readonly #phases: PhaseEncoder | null;

  private constructor(
    manifest: ModelManifest | EmbeddingManifest,
    provider: string,
    size: { tokens: number; channels: number },
    runtime: OnnxRuntime,
    session: InferenceSession,
    phases: PhaseEncoder | null,
  ) {
    this.manifest = manifest;
    this.provider = provider;
    this.tokens = size.tokens;
    this.channels = size.channels;
    this.#runtime = runtime;
    this.#session = session;
    this.#phases = phases;
  }

  /**
   * @param source the graph of an `EmbeddingManifest`; of a `ModelManifest` its encoder's, which takes one phase and
   * gives `features` (chip, tap, token, channel), of which the last tap is the embedding
   * @throws {TerrachipError} INVALID_INPUT when it cannot be loaded or does not fit its manifest
   */
  static async create(
    runtime: OnnxRuntime,
    source: GraphSource,
    manifest: ModelManifest | EmbeddingManifest,
    options: SessionOptions,
  ): Promise<Embedder> {
    const { provider } = options;
    const whole = 'tokens' in manifest.output;
    const output = whole ? manifest.output.name : FEATURES;
    const inputs = manifest.inputs.map(({ name }) => name);
    const name = `${manifest.name}/${whole ? 'model' : 'encoder'}.onnx`;
    const session = await loadGraph(runtime, { source, name, inputs, output }, options);
    if ('tokens' in manifest.output) {
      return new Embedder(manifest, provider, manifest.output, runtime, session, null);
    }
    try {
      const size = featureSize(session, name, manifest.phases.length);
      const phases = new PhaseEncoder(manifest, runtime, session, options.reusePhases ?? true);
      return new Embedder(manifest, provider, size, runtime, session, phases);
    } catch (error) {
      await session.release();
      throw error;
    }
  }

  /**
   * Embeds a batch.
   * @param inputs normalised chips by input name, in the shapes of `inputShape`
   * @param chips how many of the batch matter, from its start: the others only fill it up. Default: all
   * @returns (chip, token, channel), of those that matter
   */
  async run(inputs: ReadonlyMap<string, Float32Array>, batch: number, chips = batch): Promise<Float32Array> {
    try {
      if (this.#phases !== null) {
        return this.#lastTaps(await this.#phases.encode(inputs, batch, chips), chips);
      }
      const { manifest } = this;
      const feeds: Record<string, Tensor> = {};
      for (const input of manifest.inputs) {
        const values = inputs.get(input.name) ?? new Float32Array(0);
        feeds[input.name] = new this.#runtime.Tensor('float32', values, inputShape(manifest, input, batch));
      }
      const { [manifest.output.name]: output } = await this.#session.run(feeds, [manifest.output.name]);
      return this.#checkOutput(output, batch).slice(0, chips * this.tokens * this.channels);
    } catch (cause) {
      if (cause instanceof TerrachipError) throw cause;
      throw invalidInput(
        this.manifest.name,
        `failed on a batch of ${batch} chips (${messageOf(cause).split('\n')[0]})`,
        'check that model.json describes the graph',
        cause,
      );
    }
  }

  async dispose(): Promise<void> {
    await (this.#phases ?? { dispose: () => this.#session.release() }).dispose();
  }

  /** (chip, phase, tap, token, channel) → (chip, token, phase · channel) of the last tap. */
  #lastTaps({ data, dims }: Tensor, chips: number): Float32Array {
    const [, phases, taps, tokens, width] = dims;
    const values = data as Float32Array;
    const result = new Float32Array(chips * tokens * phases * width);
    for (let chip = 0; chip < chips; chip++) {
      for (let phase = 0; phase < phases; phase++) {
        for (let token = 0; token < tokens; token++) {
          const from = (((chip * phases + phase) * taps + taps - 1) * tokens + token) * width;
          const to = ((chip * tokens + token) * phases + phase) * width;
          result.set(values.subarray(from, from + width), to);
        }
      }
    }
    return result;
  }

  #checkOutput(output: Tensor, batch: number): Float32Array {
    const expected = [batch, this.tokens, this.channels];
    if (output.type === 'float32' && output.dims.join() === expected.join())
      return output.data as Float32Array;
    throw invalidInput(
      this.manifest.name,
      `answers with ${output.type} (${output.dims.join(', ')}), not float32 (${expected.join(', ')})`,
      'correct model.json or the model',
    );
  }
}

/** Tokens and channels of an encoder's features over all phases, as the graph declares them. */
function featureSize(
  session: InferenceSession,
  name: string,
  phases: number,
): { tokens: number; channels: number } {
  const features = session.outputMetadata.find((output) => output.name === FEATURES);
  const shape = features?.isTensor === true ? features.shape : [];
  const [tokens, width] = [shape[2], shape[3]];
  if (shape.length === 4 && typeof tokens === 'number' && typeof width === 'number') {
    return { tokens, channels: phases * width };
  }
  throw invalidInput(
    name,
    `declares ${FEATURES} as (${shape.join(', ')}), not (chip, tap, token, channel)`,
    'give a model that terrachip split',
  );
}
