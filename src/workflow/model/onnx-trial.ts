/** Runs an ONNX model once when it is imported, so that a card that does not fit it is noticed then. */
import { invalidInput, isTerrachipError } from '../../errors.js';
import { areProbabilities } from '../../inference/layout.js';
import type { ModelSpec } from '../../inference/node/index.js';
import { requireRuntime } from '../../inference/node/onnx-runtime.js';
import type { OperationOptions } from '../../progress.js';
import { runSample } from './agreement.js';
import { madeUpChips } from './sample.js';

/** Options of a trial. */
interface TrialOptions extends OperationOptions {
  /** The file, for messages. */
  file: string;
  /** Whether the activation of the card was assumed. */
  assumesActivation: boolean;
}

/**
 * Runs a graph on one synthetic chip on the CPU. Warns where `onnxruntime-node` is not installed.
 * @param path the graph, with its external data beside it
 * @returns what the values show: `probabilities` where the card takes them for logits of classes that exclude
 * each other; otherwise null
 * @throws {TerrachipError} INVALID_INPUT when it cannot run, gives another shape than the card says, gives no finite value,
 * or gives values from 0 to 1 that may be probabilities or logits
 */
export async function tryOnnx(
  path: string,
  card: ModelSpec,
  { file, assumesActivation, signal, onProgress }: TrialOptions,
): Promise<'probabilities' | null> {
  const warn = (message: string): void => onProgress?.({ type: 'warning', message });
  try {
    await requireRuntime('cpu');
  } catch (error) {
    if (!isTerrachipError(error, 'MISSING_DEPENDENCY')) throw error;
    warn(`${file} was not tried on a made-up chip: ${error.message}`);
    return null;
  }
  onProgress?.({ type: 'stage', stage: 'try on a made-up chip' });
  const values = await valuesOf(path, card, file, signal);
  const finite = values.filter(Number.isFinite);
  const missing = 1 - finite.length / values.length;
  if (finite.length === 0) throw refusal(file, 'gives NaN or infinite values for all of a made-up chip');
  if (missing > 0) {
    warn(`${file} gives NaN or infinite values for ${(100 * missing).toPrecision(2)} % of a made-up chip`);
  }
  const { output } = card;
  if (!('classes' in output)) return null;
  if (output.activation === 'none') {
    const outside = finite.find((value) => value < 0 || value > 1);
    if (outside !== undefined) {
      warn(`${file} gives ${outside.toPrecision(3)}, which is no probability, and \`activation\` is none`);
    }
    return null;
  }
  const isOne = output.activation === 'sigmoid';
  if (!areProbabilities(card, values, output.task === 'multilabel')) return null;
  if (!isOne && assumesActivation) return 'probabilities';
  const problem = `gives values from 0 to 1${isOne ? '' : ' that sum to 1 over the classes'} for a made-up chip`;
  if (!assumesActivation) {
    warn(
      `${file} ${problem}, which may be probabilities already: \`activation\` none leaves them as they are`,
    );
    return null;
  }
  throw invalidInput(
    file,
    `${problem}, which may be probabilities or logits`,
    'set `activation` to none for probabilities, to sigmoid for logits',
  );
}

/** The values of one chip before the activation, in the order of the card. @throws as `tryOnnx` */
async function valuesOf(
  path: string,
  card: ModelSpec,
  file: string,
  signal: AbortSignal | undefined,
): Promise<Float32Array> {
  const { output } = card;
  const spec = 'classes' in output ? { ...card, output: { ...output, activation: 'none' as const } } : card;
  try {
    const { results } = await runSample(path, spec, madeUpChips(spec, 1), 'cpu', signal);
    return results[0].data;
  } catch (error) {
    if (!isTerrachipError(error, 'INVALID_INPUT')) throw error;
    const problem = error.message.slice(0, -`; ${error.remedy}.`.length);
    const about = problem.startsWith(`${path} `) ? `it${problem.slice(path.length)}` : problem;
    throw refusal(file, `does not run as its card says: ${about}`, error);
  }
}

const refusal = (file: string, problem: string, cause?: unknown): Error =>
  invalidInput(file, problem, 'correct the options or the model, or set `skipTrial`', cause);
