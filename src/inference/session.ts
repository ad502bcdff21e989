/** Sessions: loaded models that run on batches of chips. */
import { internalError, invalidInput, TerrachipError } from '../errors.js';
import type { Backend, DeviceTensor } from '../gpu/index.js';
import { batchFailure, checkInputShape, checkNames, requireFinite, wrongAnswer } from './graph-check.js';
import { HostGraph } from './host-graph.js';
import type { GraphSource, OnnxRuntime, RuntimeOptions } from './host-session.js';
import {
  adaptAnswer,
  adaptTokens,
  appliesSigmoid,
  arrangeChips,
  isOneChannel,
  isPlainAnswer,
  isPlainInput,
  refuseProbabilities,
  takesSoftmax,
} from './layout.js';
import {
  declaredIn,
  type FloatTensor,
  type GraphInput,
  type ModelGraph,
  type ModelGraphs,
} from './model-graph.js';
import { answerShape, isMapSpec, type ModelSpec, tensorName, tensorShape } from './model-spec.js';
import { type Batch, encodePhases, FEATURES, lastTap, type PhaseCounters, tensorOf } from './phases.js';

/** How a session runs its graphs. */
export interface SessionOptions extends RuntimeOptions {
  /**
   * Encode equal phases once (default true). Applies to models in two graphs. The results are identical.
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
  /** Whether softmax over the classes turns the answers into probabilities; else they are used as they are. */
  readonly takesSoftmax: boolean;
  /** The only batch size that the graph takes; null for any. */
  readonly fixedBatch: number | null;
  readonly #isWhole: boolean;
  readonly #graphs: ModelGraphs<ModelGraph>;
  readonly #main: ModelGraph;
  readonly #reuse: boolean;
  readonly #phases: PhaseCounters = { phasesEncoded: 0, phasesReused: 0 };
  #readbackBytes = 0;
  #isFirst = true;

  /** @throws {TerrachipError} INVALID_INPUT when a graph does not fit the specification */
  constructor(
    spec: Spec,
    graphs: ModelGraphs<ModelGraph>,
    options: Pick<SessionOptions, 'reusePhases'> = {},
  ) {
    this.spec = spec;
    this.#graphs = graphs;
    const inputs = spec.inputs.map(tensorName);
    const output = spec.output.name;
    if ('whole' in graphs) {
      this.#main = graphs.whole;
      checkNames(graphs.whole, { inputs, output });
      for (const input of spec.inputs) checkInputShape(graphs.whole, spec, input);
      this.answerShape = answerShape(spec);
    } else {
      const { encoder, decoder } = graphs;
      this.#main = decoder ?? encoder;
      if (decoder !== undefined) checkNames(decoder, { inputs: [FEATURES], output });
      checkNames(encoder, { inputs, output: FEATURES });
      this.answerShape = decoder === undefined ? featureShape(encoder, spec) : answerShape(spec);
    }
    this.provider = this.#main.provider;
    this.#isWhole = /^u?int|^bool$/.test(declaredIn(this.#main.outputs, output)?.type ?? '');
    this.takesSoftmax = takesSoftmax(spec, this.#isWhole);
    const [batch] = declaredIn(this.#main.inputs, inputs[0])?.shape ?? [];
    this.fixedBatch = 'whole' in graphs && typeof batch === 'number' && batch > 0 ? batch : null;
    this.#reuse = options.reusePhases ?? true;
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

  /** Chips that it runs at a time, each by itself; null for whole batches. */
  get chipsAtOnce(): number | null {
    return this.fixedBatch === null ? (this.#main.callsAtOnce ?? null) : null;
  }

  /** Phases encoded and reused so far; null for a model in one graph. */
  get phases(): Readonly<PhaseCounters> | null {
    return 'whole' in this.#graphs ? null : this.#phases;
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
   * @param options `finite` refuses a chip without any finite value (default false)
   * @returns the output (chip, …) on the backend; the caller disposes of it
   * @throws {TerrachipError} INVALID_INPUT when the model fails, or its output has another shape than the specification
   */
  async run(
    backend: Backend,
    inputs: ReadonlyMap<string, DeviceTensor<'float32'>>,
    batch: number,
    chips = batch,
    { finite = false }: { finite?: boolean } = {},
  ): Promise<DeviceTensor<'float32'>> {
    try {
      const [answer, values] = await this.#runGraphs({ backend, inputs, size: batch, chips });
      try {
        return await this.#adapted(answer, values, chips, finite);
      } catch (error) {
        answer.dispose();
        throw error;
      }
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

  /** Checks an answer, and brings it into the shape (chip, …) of `answerShape`. */
  async #adapted(
    answer: FloatTensor,
    values: Float32Array | undefined,
    chips: number,
    finite: boolean,
  ): Promise<FloatTensor> {
    const { shape, owner } = answer;
    const [batch] = shape;
    const spec: ModelSpec = this.spec;
    const expected = [batch, ...this.answerShape];
    if (!isMapSpec(spec) || expected.length !== 4) {
      if (shape.join() === expected.join()) return answer;
      const isEncoder = !isMapSpec(spec) && 'whole' in this.#graphs;
      const tokens = isEncoder && adaptTokens(spec, values ?? (await owner.download(answer)), shape);
      if (!tokens) throw wrongAnswer(spec, expected, shape);
      answer.dispose();
      return owner.upload(tokens, expected);
    }
    const whole = this.#isWhole;
    const isPlain = isPlainAnswer(spec, batch, { shape, whole });
    // On a shared device, nothing is read back.
    if (isPlain && values === undefined) return answer;
    const numbers = values ?? (await owner.download(answer));
    const planes = isPlain ? numbers : adaptAnswer(spec, batch, { values: numbers, shape, whole });
    const used = (all: Float32Array) => all.subarray(0, (all.length / batch) * chips);
    if (this.#isFirst && this.takesSoftmax) {
      refuseProbabilities(spec, used(planes), isOneChannel(spec, shape));
    } else if (this.#isFirst && appliesSigmoid(spec.output) && !whole) {
      refuseProbabilities(spec, used(numbers), true);
    }
    if (finite) requireFinite(this.#main.name, used(planes), chips);
    this.#isFirst = false;
    if (isPlain) return answer;
    answer.dispose();
    return owner.upload(planes, expected);
  }

  async #runGraphs(batch: Batch): Promise<[answer: FloatTensor, values?: Float32Array]> {
    const { spec } = this;
    const graphs = this.#graphs;
    if ('whole' in graphs) return this.#runWhole(graphs.whole, batch);
    const { encoder } = graphs;
    const encode = async (feeds: ReadonlyMap<string, GraphInput>): Promise<FloatTensor> =>
      (await this.#answer(encoder, feeds, FEATURES))[0];
    const features = await encodePhases(spec, batch, {
      encode,
      callsAtOnce: encoder.callsAtOnce ?? 1,
      counters: this.#phases,
      reuse: this.#reuse,
    });
    try {
      if (graphs.decoder === undefined) return [lastTap(batch, features)];
      const feeds = new Map([[FEATURES, { tensor: features, shape: features.shape }]]);
      return await this.#answer(graphs.decoder, feeds, spec.output.name, batch.chips);
    } finally {
      features.dispose();
    }
  }

  async #runWhole(
    graph: ModelGraph,
    { backend, inputs, size, chips }: Batch,
  ): Promise<[answer: FloatTensor, values?: Float32Array]> {
    const { spec } = this;
    const arranged: FloatTensor[] = [];
    const feeds = new Map<string, GraphInput>();
    try {
      for (const input of spec.inputs) {
        let tensor = tensorOf(inputs, input);
        const shape = tensorShape(spec, input, size);
        if (!isPlainInput(spec, input)) {
          tensor = backend.upload(arrangeChips(await backend.download(tensor), spec, input), shape);
          arranged.push(tensor);
        }
        feeds.set(tensorName(input), { tensor, shape });
      }
      return await this.#answer(graph, feeds, spec.output.name, chips);
    } finally {
      for (const tensor of arranged) tensor.dispose();
    }
  }

  async #answer(
    graph: ModelGraph,
    feeds: ReadonlyMap<string, GraphInput>,
    output: string,
    chips?: number,
  ): Promise<[answer: FloatTensor, values?: Float32Array]> {
    const { outputs, values, readbackBytes } = await graph.run(feeds, [output], chips);
    this.#readbackBytes += readbackBytes;
    const answer = outputs.get(output);
    if (answer === undefined) throw internalError('ModelSession', `no output ${output}`);
    return [answer, values?.get(output)];
  }
}

/** The shape (token, phase · channel) of an encoder's embeddings, from the declared shape of its features. */
function featureShape(encoder: ModelGraph, { phases }: ModelSpec): number[] {
  const shape = declaredIn(encoder.outputs, FEATURES)?.shape ?? [];
  const [, , tokens, width] = shape;
  if (shape.length === 4 && typeof tokens === 'number' && typeof width === 'number') {
    return [tokens, phases.length * width];
  }
  const problem = `declares ${FEATURES} as (${shape.join(', ')}), not (chip, tap, token, channel)`;
  throw invalidInput(encoder.name, problem, 'give a model that terrachip split');
}
