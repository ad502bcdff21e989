/** Phases of models in two graphs, whose encoder takes one phase of one chip; equal phases are encoded once. */
import { internalError, invalidInput } from '../errors.js';
import type { Backend } from '../gpu/index.js';
import { mapConcurrently } from '../io/semaphore.js';
import { markDifferent } from '../kernels/equal-phases.js';
import { checkFeatures } from './graph-check.js';
import type { FloatTensor, GraphInput } from './model-graph.js';
import { type ModelInput, type ModelSpec, timeSteps } from './model-spec.js';

/** The encoder's output and the decoder's input. */
export const FEATURES = 'features';

/** Counters of the encoder's work, for reports. */
export interface PhaseCounters {
  /** Runs of the encoder, each on one phase of one chip. */
  phasesEncoded: number;
  /** Phases that reused the features of an equal phase. */
  phasesReused: number;
}

/** A batch of chips on a backend. */
export interface Batch {
  readonly backend: Backend;
  /** Normalised chips by input name, in the shapes of `inputShape`. */
  readonly inputs: ReadonlyMap<string, FloatTensor>;
  readonly size: number;
  /** The number of chips from the start; the rest is padding. */
  readonly chips: number;
}

/** The tensor of an input. */
export function tensorOf(inputs: Batch['inputs'], { name }: ModelInput): FloatTensor {
  const tensor = inputs.get(name);
  if (tensor === undefined) throw new TypeError(`no tensor for the input ${name}`);
  return tensor;
}

/** How phases are encoded. */
interface Encoding {
  /** Runs the encoder on the inputs of one phase of one chip. */
  encode(feeds: ReadonlyMap<string, GraphInput>): Promise<FloatTensor>;
  readonly callsAtOnce: number;
  readonly counters: PhaseCounters;
  /** Whether equal phases are encoded once. */
  readonly reuse: boolean;
}

/** Features of a batch, (chip, phase, …); zeros for padding. */
export async function encodePhases(spec: ModelSpec, batch: Batch, encoding: Encoding): Promise<FloatTensor> {
  const { backend, size, chips } = batch;
  const { callsAtOnce, counters, reuse } = encoding;
  const phases = spec.phases.length;
  const all = Array.from({ length: chips * phases }, (_, index) => index);
  const firstEqual = reuse && all.length > 1 ? await equalPhases(spec, batch) : all;
  // Its shape is that of the first answer.
  const result: { features?: FloatTensor } = {};
  const encode = async (index: number): Promise<void> => {
    const answer = await encodeOne(spec, batch, Math.floor(index / phases), index % phases, encoding);
    counters.phasesEncoded++;
    try {
      checkFeatures(spec, answer.shape);
      const shape = [size, phases, ...answer.shape.slice(1)];
      result.features ??= backend.upload(new Float32Array(size * phases * answer.length), shape);
      if (result.features.shape.join() !== shape.join()) {
        const problem = 'has an encoder that returns features of different shapes';
        throw invalidInput(spec.name, problem, 'check the encoder');
      }
      backend.copy(answer, 0, result.features, index * answer.length, answer.length);
    } finally {
      answer.dispose();
    }
  };
  try {
    const own = all.filter((index) => firstEqual[index] === index);
    await mapConcurrently(own, callsAtOnce, encode);
    const { features } = result;
    if (features === undefined) throw internalError('ModelSession', 'got a batch without chips');
    const length = features.length / (size * phases);
    for (const index of all) {
      const { [index]: first } = firstEqual;
      if (first === index) continue;
      // WebGPU refuses copies within one buffer.
      const copy = backend.allocate([length], 'float32');
      backend.copy(features, first * length, copy, 0, length);
      backend.copy(copy, 0, features, index * length, length);
      copy.dispose();
      counters.phasesReused++;
    }
    return features;
  } catch (error) {
    result.features?.dispose();
    throw error;
  }
}

/** One phase of one chip through the encoder. */
async function encodeOne(
  spec: ModelSpec,
  { backend, inputs }: Batch,
  chip: number,
  phase: number,
  { encode }: Pick<Encoding, 'encode'>,
): Promise<FloatTensor> {
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
    return await encode(feeds);
  } finally {
    for (const { tensor } of feeds.values()) tensor.dispose();
  }
}

/** (chip, phase, tap, token, channel) → (chip, token, phase · channel) of the last tap. */
export function lastTap({ backend, chips }: Batch, features: FloatTensor): FloatTensor {
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

/** Offsets of the bands of one chip in one phase, in a batch of shape `inputShape`; each has `chip.size`² values. */
function planeOffsets(spec: ModelSpec, input: ModelInput, chip: number, phase: number): number[] {
  const steps = timeSteps(spec, input);
  const step = steps === 1 ? 0 : phase;
  const bands = input.bands.length;
  return input.bands.map((_, band) => ((chip * bands + band) * steps + step) * spec.chip.size ** 2);
}

/**
 * The index of the first bitwise equal phase, for each phase of each chip (index = chip · phases + phase). A phase without
 * an equal one has its own index. The device compares; only one number per pair of phases is read back.
 */
async function equalPhases(spec: ModelSpec, { backend, inputs, chips }: Batch): Promise<number[]> {
  const phases = spec.phases.length;
  const pixels = spec.chip.size ** 2;
  const pairs: number[] = [];
  for (let second = 1; second < chips * phases; second++) {
    for (let first = 0; first < second; first++) pairs.push(first, second);
  }
  const compared = backend.upload(Int32Array.from(pairs));
  const different = backend.upload(new Uint32Array(pairs.length / 2));
  try {
    for (const input of spec.inputs) {
      const bands = input.bands.length;
      const steps = timeSteps(spec, input);
      const tensor = tensorOf(inputs, input);
      markDifferent(backend, { chips: tensor, pixels, bands, steps, phases, pairs: compared, different });
    }
    const differs = await backend.download(different);
    const firstEqual = Array.from({ length: chips * phases }, (_, index) => index);
    for (let k = differs.length - 1; k >= 0; k--) {
      if (differs[k] === 0) firstEqual[pairs[2 * k + 1]] = pairs[2 * k];
    }
    return firstEqual;
  } finally {
    compared.dispose();
    different.dispose();
  }
}
