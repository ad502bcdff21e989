/** Sessions: loaded models that run on batches of chips. */
import { internalError, invalidInput, TerrachipError } from '../errors.js';
import type { Backend, DeviceTensor } from '../gpu/index.js';
import { batchFailure, checkAnswer, checkFeatures, checkNames } from './graph-check.js';
import { type GraphSource, HostGraph, type OnnxRuntime, type RuntimeOptions } from './host-graph.js';
import type { GraphInput, ModelGraph, ModelGraphs } from './model-graph.js';
import { answerShape, inputShape, type ModelInput, type ModelSpec } from './model-spec.js';
import { FEATURES, firstEqualPhases, type PhaseCounters, planeOffsets } from './phases.js';

/** How a session runs its graphs. */
export interface SessionOptions extends RuntimeOptions {
  /**
   * Encode equal phases once (default true). Applies to models in two graphs on a runtime with its own memory. The
   * results are identical.
   */
  reusePhases?: boolean;
}

/**
 * A loaded model. It returns embeddings for an encoder's specification or for an encoder without its decoder, logits
 * otherwise. The encoder of a model in two graphs runs on one phase of one chip at a time, so that reuse of equal phases
 * changes no bit of the results.
 */
export class ModelSession<Spec extends ModelSpec = ModelSpec> {
  readonly spec: Spec;
  /** The execution provider, as options, plans and reports spell it. */
  readonly provider: string;
  /** The shape of the output for one chip: (class, y, x), or (token, channel) for embeddings. */
  readonly answerShape: readonly number[];
  readonly #graphs: ModelGraphs<ModelGraph>;
  readonly #main: ModelGraph;
  readonly #reuse: boolean;
  readonly #phases: PhaseCounters | null;
  #readbackBytes = 0;

  /** @throws {TerrachipError} INVALID_INPUT when a graph does not fit the specification */
  constructor(
    spec: Spec,
    graphs: ModelGraphs<ModelGraph>,
    options: Pick<SessionOptions, 'reusePhases'> = {},
  ) {
    this.spec = spec;
    this.#graphs = graphs;
    const inputs = spec.inputs.map(({ name }) => name);
    const output = spec.output.name;
    if ('whole' in graphs) {
      this.#main = graphs.whole;
      this.#phases = null;
      checkNames(graphs.whole, { inputs, output });
      this.answerShape = answerShape(spec);
    } else {
      const { encoder, decoder } = graphs;
      this.#main = decoder ?? encoder;
      this.#phases = { phasesEncoded: 0, phasesReused: 0 };
      if (decoder !== undefined) checkNames(decoder, { inputs: [FEATURES], output });
      checkNames(encoder, { inputs, output: FEATURES });
      this.answerShape = decoder === undefined ? featureShape(encoder, spec) : answerShape(spec);
    }
    this.provider = this.#main.provider;
    this.#reuse = (options.reusePhases ?? true) && !this.#main.sharesDevice;
  }

  /**
   * Loads a model on a runtime with its own memory, such as `onnxruntime-node` or `onnxruntime-web`.
   * @param model one graph, or an encoder with or without its decoder
   * @throws {TerrachipError} INVALID_INPUT when a graph cannot be loaded or does not fit the specification
   */
  static async create<Spec extends ModelSpec>(
    runtime: OnnxRuntime,
    model: GraphSource | ModelGraphs<GraphSource>,
    spec: Spec,
    options: SessionOptions,
  ): Promise<ModelSession<Spec>> {
    const sources = typeof model === 'string' || model instanceof Uint8Array ? { whole: model } : model;
    const load = (source: GraphSource, name: string): Promise<ModelGraph> =>
      HostGraph.load(runtime, source, `${spec.name}/${name}.onnx`, options);
    return ModelSession.load(spec, sources, load, options);
  }

  /**
   * Loads the graphs of a model with `load`. Disposes of all of them if one fails.
   * @param load is called with a source and `model`, `encoder` or `decoder`
   * @throws {TerrachipError} INVALID_INPUT when a graph does not fit the specification; any error of `load`
   */
  static async load<Spec extends ModelSpec, Source>(
    spec: Spec,
    sources: ModelGraphs<Source>,
    load: (source: Source, name: string) => Promise<ModelGraph>,
    options: Pick<SessionOptions, 'reusePhases'> = {},
  ): Promise<ModelSession<Spec>> {
    const loaded: ModelGraph[] = [];
    const keep = async (source: Source, name: string): Promise<ModelGraph> => {
      const graph = await load(source, name);
      loaded.push(graph);
      return graph;
    };
    try {
      if ('whole' in sources) {
        return new ModelSession(spec, { whole: await keep(sources.whole, 'model') }, options);
      }
      const encoder = await keep(sources.encoder, 'encoder');
      if (sources.decoder === undefined) return new ModelSession(spec, { encoder }, options);
      return new ModelSession(spec, { encoder, decoder: await keep(sources.decoder, 'decoder') }, options);
    } catch (error) {
      for (const graph of loaded) await graph.dispose();
      throw error;
    }
  }

  /** Phases encoded and reused so far; null for a model in one graph. */
  get phases(): Readonly<PhaseCounters> | null {
    return this.#phases;
  }

  /**
   * Bytes that the runtime read back from the device during runs; null for a runtime with its own memory, for which the
   * backend counts the transfers.
   */
  get readbackBytes(): number | null {
    return this.#main.sharesDevice ? this.#readbackBytes : null;
  }

  /**
   * Runs one batch.
   * @param inputs normalised chips by input name, (chip, channel, y, x) in the order of `inputShape`
   * @param chips the number of chips in the batch, the rest is padding (default: `batch`)
   * @returns the output (chip, …) on the backend; the caller disposes of it
   * @throws {TerrachipError} INVALID_INPUT when the model fails, or its output has another shape than the specification
   */
  async run(
    backend: Backend,
    inputs: ReadonlyMap<string, DeviceTensor<'float32'>>,
    batch: number,
    chips = batch,
  ): Promise<DeviceTensor<'float32'>> {
    const { spec } = this;
    try {
      const answer = await this.#runGraphs(backend, inputs, batch, chips);
      try {
        checkAnswer(spec, [batch, ...this.answerShape], answer.shape);
      } catch (error) {
        answer.dispose();
        throw error;
      }
      return answer;
    } catch (cause) {
      throw cause instanceof TerrachipError ? cause : batchFailure(this.#main.name, batch, cause);
    }
  }

  async dispose(): Promise<void> {
    for (const graph of Object.values(this.#graphs)) await graph?.dispose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  async #runGraphs(
    backend: Backend,
    inputs: ReadonlyMap<string, DeviceTensor<'float32'>>,
    batch: number,
    chips: number,
  ): Promise<DeviceTensor<'float32'>> {
    const { spec } = this;
    const graphs = this.#graphs;
    if ('whole' in graphs) {
      const feeds = spec.inputs.map((input): [string, GraphInput] => [
        input.name,
        { tensor: tensorOf(inputs, input), shape: inputShape(spec, input, batch) },
      ]);
      return this.#answer(graphs.whole, new Map(feeds), spec.output.name);
    }
    const features = await this.#encode(backend, graphs.encoder, inputs, batch, chips);
    try {
      if (graphs.decoder === undefined) return lastTap(backend, features, chips);
      const feeds = new Map([[FEATURES, { tensor: features, shape: features.shape }]]);
      return await this.#answer(graphs.decoder, feeds, spec.output.name);
    } finally {
      features.dispose();
    }
  }

  async #answer(
    graph: ModelGraph,
    feeds: ReadonlyMap<string, GraphInput>,
    output: string,
  ): Promise<DeviceTensor<'float32'>> {
    const { outputs, readbackBytes } = await graph.run(feeds, [output]);
    this.#readbackBytes += readbackBytes;
    const answer = outputs.get(output);
    if (answer === undefined) throw internalError('ModelSession', `no output ${output}`);
    return answer;
  }

  /** Features of a batch, (chip, phase, …); zeros for padding. */
  async #encode(
    backend: Backend,
    encoder: ModelGraph,
    inputs: ReadonlyMap<string, DeviceTensor<'float32'>>,
    batch: number,
    chips: number,
  ): Promise<DeviceTensor<'float32'>> {
    const { spec } = this;
    const phases = spec.phases.length;
    const firstEqual =
      this.#reuse && phases * chips > 1 ? await this.#equalPhases(backend, inputs, chips) : null;
    const counters = this.#phases ?? { phasesEncoded: 0, phasesReused: 0 };
    let features: DeviceTensor<'float32'> | null = null;
    try {
      for (let index = 0; index < chips * phases; index++) {
        const source = firstEqual?.[index] ?? index;
        if (features !== null && source < index) {
          const length = features.length / (batch * phases);
          // WebGPU refuses copies within one buffer.
          const copy = backend.allocate([length], 'float32');
          backend.copy(features, source * length, copy, 0, length);
          backend.copy(copy, 0, features, index * length, length);
          copy.dispose();
          counters.phasesReused++;
          continue;
        }
        const answer = await this.#encodeOne(
          backend,
          encoder,
          inputs,
          Math.floor(index / phases),
          index % phases,
        );
        counters.phasesEncoded++;
        try {
          checkFeatures(spec, answer.shape);
          const shape = [batch, phases, ...answer.shape.slice(1)];
          features ??= backend.upload(new Float32Array(batch * phases * answer.length), shape);
          if (features.shape.join() !== shape.join()) {
            const problem = 'has an encoder that returns features of different shapes';
            throw invalidInput(spec.name, problem, 'check the encoder');
          }
          backend.copy(answer, 0, features, index * answer.length, answer.length);
        } finally {
          answer.dispose();
        }
      }
    } catch (error) {
      features?.dispose();
      throw error;
    }
    if (features === null) throw internalError('ModelSession', 'got a batch without chips');
    return features;
  }

  async #equalPhases(
    backend: Backend,
    inputs: ReadonlyMap<string, DeviceTensor<'float32'>>,
    chips: number,
  ): Promise<number[]> {
    const values = new Map<string, Float32Array>();
    for (const input of this.spec.inputs) {
      values.set(input.name, await backend.download(tensorOf(inputs, input)));
    }
    return firstEqualPhases(this.spec, values, chips);
  }

  /** One phase of one chip through the encoder. */
  async #encodeOne(
    backend: Backend,
    encoder: ModelGraph,
    inputs: ReadonlyMap<string, DeviceTensor<'float32'>>,
    chip: number,
    phase: number,
  ): Promise<DeviceTensor<'float32'>> {
    const { spec } = this;
    const { size } = spec.chip;
    const feeds = new Map<string, GraphInput>();
    try {
      for (const input of spec.inputs) {
        const shape = [1, input.bands.length, size, size];
        const tensor = backend.allocate(shape, 'float32');
        feeds.set(input.name, { tensor, shape });
        for (const [band, offset] of planeOffsets(spec, input, chip, phase).entries()) {
          backend.copy(tensorOf(inputs, input), offset, tensor, band * size ** 2, size ** 2);
        }
      }
      return await this.#answer(encoder, feeds, FEATURES);
    } finally {
      for (const { tensor } of feeds.values()) tensor.dispose();
    }
  }
}

/** The tensor of an input. */
export function tensorOf(
  inputs: ReadonlyMap<string, DeviceTensor<'float32'>>,
  { name }: ModelInput,
): DeviceTensor<'float32'> {
  const tensor = inputs.get(name);
  if (tensor === undefined) throw new TypeError(`no tensor for the input ${name}`);
  return tensor;
}

/** The shape (token, phase · channel) of an encoder's embeddings, from the declared shape of its features. */
function featureShape(encoder: ModelGraph, { phases }: ModelSpec): number[] {
  const shape = encoder.outputShape(FEATURES);
  const [, , tokens, width] = shape;
  if (shape.length === 4 && typeof tokens === 'number' && typeof width === 'number') {
    return [tokens, phases.length * width];
  }
  throw invalidInput(
    encoder.name,
    `declares ${FEATURES} as (${shape.join(', ')}), not (chip, tap, token, channel)`,
    'give a model that terrachip split',
  );
}

/** (chip, phase, tap, token, channel) → (chip, token, phase · channel) of the last tap. */
function lastTap(
  backend: Backend,
  features: DeviceTensor<'float32'>,
  chips: number,
): DeviceTensor<'float32'> {
  const [batch, phases, taps, tokens, width] = features.shape;
  const zeros = new Float32Array(batch * tokens * phases * width);
  const result = backend.upload(zeros, [batch, tokens, phases * width]);
  // With one phase, the tokens of a chip are contiguous.
  const [pieces, length] = phases === 1 ? [1, tokens * width] : [tokens, width];
  for (let chip = 0; chip < chips; chip++) {
    for (let phase = 0; phase < phases; phase++) {
      for (let piece = 0; piece < pieces; piece++) {
        const from = ((chip * phases + phase) * taps + taps - 1) * tokens * width + piece * length;
        backend.copy(features, from, result, ((chip * pieces + piece) * phases + phase) * length, length);
      }
    }
  }
  return result;
}
