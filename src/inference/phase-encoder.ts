/**
 * Models in two graphs: an encoder that sees one phase of one chip, and a decoder that sees the features of all
 * phases. Phases of a chip that are equal, such as a scene that stands for two dates, are encoded once.
 */
import type { InferenceSession, Tensor } from 'onnxruntime-common';
import { internalError, invalidInput } from '../errors.js';
import { checkFeatures } from './graph-check.js';
import { type EmbeddingManifest, type ModelInput, type ModelManifest, timeSteps } from './manifest.js';
import type { OnnxRuntime } from './session.js';

/** The encoder's output and the decoder's input. */
export const FEATURES = 'features';

/** How often the encoder of phases ran. */
export interface PhaseCounters {
  /** Runs of the encoder: one phase of one chip each. */
  phasesEncoded: number;
  /** Phases that took the features of an equal one. */
  phasesReused: number;
}

/** What the encoder sees at a time: the bands of each input, by input name, as (band, y, x). */
type PhaseImage = ReadonlyMap<string, Float32Array>;

/** An image that was encoded, and the place of its features in the batch's. */
interface Encoded {
  readonly image: PhaseImage;
  readonly place: number;
}

/**
 * The encoder runs on one image at a time, so that its result depends on nothing else: whether equal images are
 * encoded once or each time changes no bit.
 */
export class PhaseEncoder {
  readonly counters: PhaseCounters = { phasesEncoded: 0, phasesReused: 0 };
  readonly #manifest: ModelManifest | EmbeddingManifest;
  readonly #runtime: OnnxRuntime;
  readonly #session: InferenceSession;
  readonly #reuse: boolean;

  /** @param reuse whether equal images are encoded once */
  constructor(
    manifest: ModelManifest | EmbeddingManifest,
    runtime: OnnxRuntime,
    session: InferenceSession,
    reuse: boolean,
  ) {
    this.#manifest = manifest;
    this.#runtime = runtime;
    this.#session = session;
    this.#reuse = reuse;
  }

  /**
   * Features of a batch, (chip, phase, …): zeros for the chips that only fill it up.
   * @param inputs normalised chips by input name, in the shapes of `inputShape`
   * @param chips how many of the batch are to be encoded, from its start
   * @throws {TerrachipError} INVALID_INPUT for an encoder that does not answer with one set of features an image
   */
  async encode(inputs: ReadonlyMap<string, Float32Array>, batch: number, chips: number): Promise<Tensor> {
    const phases = this.#manifest.phases.length;
    const known = new Map<number, Encoded[]>();
    let features = new Float32Array(0);
    let shape: readonly number[] = [];
    for (let place = 0; place < chips * phases; place++) {
      const image = this.#image(inputs, Math.floor(place / phases), place % phases);
      const hash = this.#reuse ? hashOf(image) : place;
      const alike = known.get(hash) ?? [];
      const equal = this.#reuse ? alike.find((candidate) => isEqual(candidate.image, image)) : undefined;
      const length = features.length / (batch * phases);
      if (equal !== undefined) {
        features.copyWithin(place * length, equal.place * length, (equal.place + 1) * length);
        this.counters.phasesReused++;
        continue;
      }
      const output = await this.#run(image);
      if (place === 0) {
        shape = output.dims.slice(1);
        features = new Float32Array(batch * phases * output.data.length);
      } else if (output.dims.slice(1).join() !== shape.join()) {
        throw invalidInput(
          this.#manifest.name,
          'has an encoder whose features change their shape',
          'check the encoder',
        );
      }
      features.set(output.data, place * output.data.length);
      known.set(hash, [...alike, { image, place }]);
      this.counters.phasesEncoded++;
    }
    return new this.#runtime.Tensor('float32', features, [batch, phases, ...shape]);
  }

  async dispose(): Promise<void> {
    await this.#session.release();
  }

  #image(inputs: ReadonlyMap<string, Float32Array>, chip: number, phase: number): PhaseImage {
    return new Map(
      this.#manifest.inputs.map((input) => {
        const values = inputs.get(input.name);
        if (values === undefined) throw internalError('PhaseEncoder', `no input ${input.name}`);
        return [input.name, bandsOf(this.#manifest, input, values, chip, phase)];
      }),
    );
  }

  async #run(image: PhaseImage): Promise<{ data: Float32Array; dims: readonly number[] }> {
    const { inputs, chip } = this.#manifest;
    const feeds: Record<string, Tensor> = {};
    for (const input of inputs) {
      const values = image.get(input.name);
      if (values === undefined) throw internalError('PhaseEncoder', `no input ${input.name}`);
      feeds[input.name] = new this.#runtime.Tensor('float32', values, [
        1,
        input.bands.length,
        chip.size,
        chip.size,
      ]);
    }
    const { [FEATURES]: output } = await this.#session.run(feeds, [FEATURES]);
    checkFeatures(this.#manifest, output);
    return { data: output.data as Float32Array, dims: output.dims };
  }
}

/** The bands of one chip in one phase, out of (chip, band, y, x) or (chip, band, phase, y, x). */
function bandsOf(
  manifest: ModelManifest | EmbeddingManifest,
  input: ModelInput,
  values: Float32Array,
  chip: number,
  phase: number,
): Float32Array {
  const plane = manifest.chip.size ** 2;
  const steps = timeSteps(manifest, input);
  const bands = input.bands.length;
  const first = chip * bands * steps * plane;
  if (steps === 1) return values.slice(first, first + bands * plane);
  const result = new Float32Array(bands * plane);
  for (let band = 0; band < bands; band++) {
    const start = first + (band * steps + phase) * plane;
    result.set(values.subarray(start, start + plane), band * plane);
  }
  return result;
}

function bitsOf(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}

/** FNV-1a over 32-bit words: finds what may be equal, which the bits themselves decide. */
function hashOf(image: PhaseImage): number {
  let hash = 0x811c9dc5;
  for (const values of image.values()) {
    for (const word of bitsOf(values)) hash = Math.imul(hash ^ word, 0x01000193);
  }
  return hash;
}

/** Whether two images are equal bit for bit. */
function isEqual(a: PhaseImage, b: PhaseImage): boolean {
  return [...a].every(([name, values]) => {
    const other = b.get(name);
    if (other === undefined || other.length !== values.length) return false;
    const [left, right] = [bitsOf(values), bitsOf(other)];
    return left.every((word, k) => word === right[k]);
  });
}
