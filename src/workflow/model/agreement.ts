/** Comparison of a model in float16 with the same model in float32, on a sample. */
import { invalidInput, tooLarge } from '../../errors.js';
import { CpuBackend } from '../../gpu/index.js';
import { type HostProviderChoice, type ModelSpec, openSession } from '../../inference/node/index.js';
import type { SampleChip } from './sample.js';

/** Agreement of maps. */
export interface MapAgreement {
  /** Share of pixels with the same class. */
  readonly samePixels: number;
  /** Largest absolute difference of a probability. */
  readonly largestProbabilityDifference: number;
  /** Share of pixels by class in float32. If nearly all have one class, `samePixels` says little. */
  readonly shares: readonly number[];
}

/** Agreement of embeddings, whose tokens are vectors. */
export interface EmbeddingAgreement {
  /** Smallest cosine similarity of a token in float16 and in float32. */
  readonly leastCosine: number;
  /** Largest absolute difference of an element, relative to the largest absolute element. */
  readonly largestDifference: number;
}

/** Outputs of a graph, one per chip. */
export interface SampleRun {
  readonly provider: string;
  readonly results: readonly { data: Float32Array; dims: readonly number[] }[];
}

/** The most values of one input of a batch. */
const MAX_VALUES = 2 ** 28;

/**
 * Runs a graph on each chip of a sample. A graph with a fixed batch gets the chip as often as it takes.
 * @throws {TerrachipError} INVALID_INPUT when it cannot be loaded or fails; TOO_LARGE for a fixed batch of too many values
 */
export async function runSample(
  path: string,
  spec: ModelSpec,
  sample: readonly SampleChip[],
  provider: HostProviderChoice,
  signal?: AbortSignal,
): Promise<SampleRun> {
  await using session = await openSession({ spec, graphs: { whole: path } }, { provider });
  using backend = new CpuBackend();
  const results: { data: Float32Array; dims: readonly number[] }[] = [];
  const batch = session.fixedBatch ?? 1;
  const repeated = (values: Float32Array): Float32Array<ArrayBuffer> => {
    const size = batch * values.length;
    const remedy = 'export it with a smaller batch';
    if (size > MAX_VALUES) {
      throw tooLarge(`${path} takes batches of ${batch} chips`, remedy, { size, limit: MAX_VALUES });
    }
    const all = new Float32Array(size);
    for (let start = 0; start < size; start += values.length) all.set(values, start);
    return all;
  };
  for (const chip of sample) {
    signal?.throwIfAborted();
    const inputs = new Map([...chip].map(([name, values]) => [name, backend.upload(repeated(values))]));
    const result = await session.run(backend, inputs, batch, 1);
    const data = await backend.download(result);
    results.push({ data: data.subarray(0, data.length / batch), dims: [1, ...result.shape.slice(1)] });
    for (const tensor of [result, ...inputs.values()]) tensor.dispose();
  }
  return { provider: session.provider, results };
}

/** @param name the checkpoint, for messages @throws {TerrachipError} INVALID_INPUT if float16 overflows */
export function compareMaps(full: SampleRun, half: SampleRun, name: string): MapAgreement {
  const classes = full.results[0].dims[1];
  const counts = new Array<number>(classes).fill(0);
  let [same, pixels, largest] = [0, 0, 0];
  for (const [k, { data }] of full.results.entries()) {
    const other = requireFinite(half.results[k].data, name);
    const plane = data.length / classes;
    for (let pixel = 0; pixel < plane; pixel++) {
      const [a, b] = [probabilities(data, pixel, plane), probabilities(other, pixel, plane)];
      const chosen = a.indexOf(Math.max(...a));
      counts[chosen]++;
      if (chosen === b.indexOf(Math.max(...b))) same++;
      for (const [c, value] of a.entries()) largest = Math.max(largest, Math.abs(value - b[c]));
    }
    pixels += plane;
  }
  return {
    samePixels: same / pixels,
    largestProbabilityDifference: largest,
    shares: counts.map((count) => count / pixels),
  };
}

/** @param name the checkpoint, for messages @throws {TerrachipError} INVALID_INPUT if float16 overflows */
export function compareEmbeddings(full: SampleRun, half: SampleRun, name: string): EmbeddingAgreement {
  let [leastCosine, difference, largest] = [1, 0, 0];
  for (const [k, { data, dims }] of full.results.entries()) {
    const other = requireFinite(half.results[k].data, name);
    const channels = dims[dims.length - 1];
    for (let start = 0; start < data.length; start += channels) {
      let [product, a, b] = [0, 0, 0];
      for (let i = start; i < start + channels; i++) {
        product += data[i] * other[i];
        a += data[i] ** 2;
        b += other[i] ** 2;
        difference = Math.max(difference, Math.abs(data[i] - other[i]));
        largest = Math.max(largest, Math.abs(data[i]));
      }
      leastCosine = Math.min(leastCosine, product / Math.sqrt(a * b));
    }
  }
  return { leastCosine, largestDifference: difference / largest };
}

/** Softmax over the classes of one pixel. */
function probabilities(logits: Float32Array, pixel: number, plane: number): number[] {
  const values: number[] = [];
  for (let k = pixel; k < logits.length; k += plane) values.push(logits[k]);
  const top = Math.max(...values);
  const powers = values.map((value) => Math.exp(value - top));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

function requireFinite(values: Float32Array, name: string): Float32Array {
  if (values.every(Number.isFinite)) return values;
  const problem = 'overflows in float16: it gives values that are not finite';
  throw invalidInput(name, problem, 'import it in float32');
}
