import { internalError, invalidInput } from '../errors.js';
import type { Backend, DeviceTensor } from '../gpu/index.js';
import type { ChipModel } from './chip-model.js';
import type { DeviceGraph, GraphInput } from './device-graph.js';
import { batchFailure, checkFeatures, checkLogits, checkNames } from './graph-check.js';
import { inputShape, type ModelInput, type ModelManifest, timeSteps } from './manifest.js';
import { FEATURES, type PhaseCounters } from './phase-encoder.js';

/** The graphs of a model on a device: the whole model, or its encoder and its decoder. */
export type ResidentGraphs =
  | { readonly whole: DeviceGraph }
  | { readonly encoder: DeviceGraph; readonly decoder: DeviceGraph };

/** A model on the device of the backend: chips and logits never leave it. */
export class ResidentSession implements ChipModel {
  readonly manifest: ModelManifest;
  readonly provider = 'webgpu-resident';
  readonly #graphs: ResidentGraphs;
  readonly #phases: PhaseCounters | null;
  #readbackBytes = 0;

  /** @throws {TerrachipError} INVALID_INPUT when a graph does not fit its manifest */
  constructor(manifest: ModelManifest, graphs: ResidentGraphs) {
    this.manifest = manifest;
    this.#graphs = graphs;
    const inputs = manifest.inputs.map((input) => input.name);
    const output = manifest.output.name;
    if ('whole' in graphs) {
      this.#phases = null;
      checkNames(`${manifest.name}/model.onnx`, { inputs, output }, graphs.whole);
    } else {
      this.#phases = { phasesEncoded: 0, phasesReused: 0 };
      checkNames(`${manifest.name}/decoder`, { inputs: [FEATURES], output }, graphs.decoder);
      checkNames(`${manifest.name}/encoder`, { inputs, output: FEATURES }, graphs.encoder);
    }
  }

  get phases(): Readonly<PhaseCounters> | null {
    return this.#phases;
  }

  get readbackBytes(): number {
    return this.#readbackBytes;
  }

  async run(
    backend: Backend,
    inputs: ReadonlyMap<string, DeviceTensor>,
    batch: number,
    chips = batch,
  ): Promise<DeviceTensor> {
    const { manifest } = this;
    try {
      const logits =
        'whole' in this.#graphs
          ? await this.#answer(this.#graphs.whole, this.#feeds(inputs, batch), manifest.output.name)
          : await this.#runPhases(backend, this.#graphs, inputs, batch, chips);
      try {
        checkLogits(manifest, batch, { type: logits.dtype, dims: logits.shape });
      } catch (error) {
        logits.dispose();
        throw error;
      }
      return logits;
    } catch (cause) {
      throw batchFailure(manifest, batch, cause);
    }
  }

  async dispose(): Promise<void> {
    for (const graph of Object.values(this.#graphs)) await graph.dispose();
  }

  #feeds(inputs: ReadonlyMap<string, DeviceTensor>, batch: number): Map<string, GraphInput> {
    const { manifest } = this;
    return new Map(
      manifest.inputs.map((input) => {
        const tensor = tensorOf(inputs, input);
        return [input.name, { tensor, shape: inputShape(manifest, input, batch) }];
      }),
    );
  }

  async #answer(
    graph: DeviceGraph,
    feeds: ReadonlyMap<string, GraphInput>,
    output: string,
  ): Promise<DeviceTensor> {
    const { outputs, readbackBytes } = await graph.run(feeds, [output]);
    this.#readbackBytes += readbackBytes;
    const answer = outputs.get(output);
    if (answer === undefined) throw internalError('ResidentSession', `no output ${output}`);
    return answer;
  }

  /** Each phase of each chip through the encoder alone, as `PhaseEncoder` does, and all of them through the decoder. */
  async #runPhases(
    backend: Backend,
    { encoder, decoder }: { encoder: DeviceGraph; decoder: DeviceGraph },
    inputs: ReadonlyMap<string, DeviceTensor>,
    batch: number,
    chips: number,
  ): Promise<DeviceTensor> {
    const { manifest } = this;
    const phases = manifest.phases.length;
    let features: DeviceTensor | null = null;
    try {
      for (let place = 0; place < chips * phases; place++) {
        const answer = await this.#encode(
          backend,
          encoder,
          inputs,
          Math.floor(place / phases),
          place % phases,
        );
        try {
          checkFeatures(manifest, { type: answer.dtype, dims: answer.shape });
          const shape = [batch, phases, ...answer.shape.slice(1)];
          // What only fills up the batch has zeros for features.
          features ??= backend.upload(new Float32Array(batch * phases * answer.length), shape);
          if (features.length !== batch * phases * answer.length) {
            throw invalidInput(
              manifest.name,
              'has an encoder whose features change their shape',
              'check the encoder',
            );
          }
          backend.copy(answer, 0, features, place * answer.length, answer.length);
        } finally {
          answer.dispose();
        }
      }
      if (features === null) throw internalError('ResidentSession', 'got a batch without chips');
      const feeds = new Map([[FEATURES, { tensor: features, shape: features.shape }]]);
      return await this.#answer(decoder, feeds, manifest.output.name);
    } finally {
      features?.dispose();
    }
  }

  async #encode(
    backend: Backend,
    encoder: DeviceGraph,
    inputs: ReadonlyMap<string, DeviceTensor>,
    chip: number,
    phase: number,
  ): Promise<DeviceTensor> {
    const { manifest } = this;
    const { size } = manifest.chip;
    const plane = size ** 2;
    const feeds = new Map<string, GraphInput>();
    try {
      for (const input of manifest.inputs) {
        const chips = tensorOf(inputs, input);
        const bands = input.bands.length;
        const steps = timeSteps(manifest, input);
        const shape = [1, bands, size, size];
        const image = backend.allocate(shape, 'float32');
        feeds.set(input.name, { tensor: image, shape });
        for (let band = 0; band < bands; band++) {
          const channel = (chip * bands + band) * steps + (steps === 1 ? 0 : phase);
          backend.copy(chips, channel * plane, image, band * plane, plane);
        }
      }
      const features = await this.#answer(encoder, feeds, FEATURES);
      if (this.#phases !== null) this.#phases.phasesEncoded++;
      return features;
    } finally {
      for (const { tensor } of feeds.values()) tensor.dispose();
    }
  }
}

function tensorOf(inputs: ReadonlyMap<string, DeviceTensor>, { name }: ModelInput): DeviceTensor {
  const tensor = inputs.get(name);
  if (tensor === undefined) throw new TypeError(`no tensor for the input ${name}`);
  return tensor;
}
